// How many observations a core-second of the fuse steps takes: all new, and redelivered, without Kafka. Ratios of
// one run; not a test. Usage: bench_fuse [INDICATORS] [REDELIVERIES]

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hub/fuse/fuse.h"
#include "lib/base/key.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/indicator/audience.h"
#include "lib/indicator/segment.h"
#include "schemas/segment.h"

#define PER_SEGMENT 1000
#define FIRST_TIME INT64_C(1700000000000)

static void die(const struct toc_err *err)
{
    fprintf(stderr, "bench_fuse: %s\n", err->text);
    exit(1);
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct bench {
    struct toc_key *key;
    struct toc_genesis genesis;
    struct toc_audience audiences[4];
    struct toc_member member;
    struct toc_member_key member_key;
    struct toc_fuse *fuse;
    struct toc_state *state;
    struct toc_observation observations[PER_SEGMENT];
    char values[PER_SEGMENT][40];
    struct toc_buf payload;
    struct toc_buf *segments; // sealed, ready to step
    size_t count;
    uint64_t records, bytes; // out
};

// Domains no two of which share anything: what a feed of fresh names looks like to the table.
static void fill(struct bench *b, size_t segment)
{
    for (size_t i = 0; i < PER_SEGMENT; i++) {
        uint64_t n = (uint64_t)segment * PER_SEGMENT + i;
        uint64_t x = n * UINT64_C(0x9e3779b97f4a7c15);
        int len = snprintf(b->values[i], sizeof b->values[i], "h%08" PRIx64 ".x%05" PRIx64 ".com", x >> 32, x & 0xfffff);
        struct toc_observation *o = &b->observations[i];
        toc_observation_init(o);
        o->kind = TOC_KIND_DOMAIN;
        o->value = toc_slice(b->values[i], (size_t)len);
    }
}

static void seal(struct bench *b, size_t segment, int64_t seq, struct toc_buf *out)
{
    struct toc_segment s;
    struct toc_err err;
    toc_segment_init(&s);
    fill(b, segment);
    s.member = b->member.id;
    s.seq = seq;
    s.index = (int32_t)segment;
    s.count = (int32_t)b->count;
    s.partitions = 1;
    s.created = FIRST_TIME;
    s.feed = TOC_S("bench");
    s.marking = TOC_MARKING_GREEN;
    s.observations = b->observations;
    s.observations_count = PER_SEGMENT;
    toc_buf_clear(&b->payload);
    toc_buf_clear(out);
    toc_segment_put(&s, &b->payload);
    if (toc_failed(toc_segment_seal(b->genesis.deployment, b->key, toc_buf_slice(&b->payload), PER_SEGMENT, NULL, out, &err)))
        die(&err);
}

static toc_rc count_record(void *ctx, const struct toc_fuse_record *record, struct toc_err *err)
{
    (void)err;
    struct bench *b = ctx;
    b->records++;
    b->bytes += record->value.len;
    return TOC_OK;
}

static toc_rc count_block(void *ctx, struct toc_slice block, struct toc_err *err)
{
    (void)err;
    ((struct bench *)ctx)->bytes += block.len;
    return TOC_OK;
}

// One pass over all segments, a transaction every 10: the rate in observations per core-second.
static double pass(struct bench *b, int64_t *offset)
{
    struct toc_err err;
    double began = cpu_seconds();
    for (size_t i = 0; i < b->count; i++) {
        const struct toc_fuse_input input = {
                .offset = (*offset)++, .append_time = FIRST_TIME, .value = toc_buf_slice(&b->segments[i])};
        if (toc_failed(toc_fuse_step(b->fuse, &input, count_record, b, &err)))
            die(&err);
        if (i % 10 == 9 || i + 1 == b->count) {
            if (toc_failed(toc_state_blocks(b->state, *offset, count_block, b, &err)))
                die(&err);
            toc_state_commit(b->state);
        }
    }
    return (double)(b->count * PER_SEGMENT) / (cpu_seconds() - began);
}

static void seal_all(struct bench *b, int64_t seq)
{
    for (size_t i = 0; i < b->count; i++)
        seal(b, i, seq, &b->segments[i]);
}

static void open_fuse(struct bench *b)
{
    struct toc_err err;
    const uint8_t seed[32] = {7};
    if (toc_failed(toc_key_of_seed(seed, &b->key, &err)))
        die(&err);
    toc_genesis_init(&b->genesis);
    memcpy(b->audiences, toc_audience_defaults, sizeof b->audiences);
    b->genesis.audiences = b->audiences;
    b->genesis.audiences_count = 4;
    b->genesis.partitions = 1;
    b->genesis.first_stream_time = FIRST_TIME;
    toc_member_init(&b->member);
    toc_member_key_init(&b->member_key);
    memcpy(b->member_key.public_key, toc_key_public(b->key), sizeof b->member_key.public_key);
    b->member.id = b->member.organisation = TOC_S("bench");
    b->member.keys = &b->member_key;
    b->member.keys_count = 1;
    b->member.live_limit = b->member.hourly_limit = INT64_C(1) << 40;
    const struct toc_fuse_conf conf = {0};
    b->state = toc_state_new();
    if (b->state == NULL || toc_failed(toc_fuse_new(&conf, b->state, &b->fuse, &err)) ||
            toc_failed(toc_fuse_lab(b->fuse, &b->genesis, &b->member, 1, &err)) ||
            toc_failed(toc_state_blocks(b->state, 0, count_block, b, &err)))
        die(&err);
    toc_state_commit(b->state);
}

int main(int argc, char **argv)
{
    uint64_t indicators = 1000000, again = 3;
    static struct bench b;
    if ((argc > 1 && !toc_parse_u64(toc_slice_of(argv[1]), 100000000, &indicators)) ||
            (argc > 2 && !toc_parse_u64(toc_slice_of(argv[2]), 100, &again))) {
        fprintf(stderr, "usage: bench_fuse [INDICATORS] [REDELIVERIES]\n");
        return 2;
    }
    b.count = (size_t)(indicators / PER_SEGMENT);
    b.segments = toc_mem_alloc(b.count, sizeof *b.segments);
    toc_buf_init(&b.payload, 1 << 20);
    for (size_t i = 0; b.segments != NULL && i < b.count; i++)
        toc_buf_init(&b.segments[i], 1 << 20);
    open_fuse(&b);
    int64_t offset = 0;
    seal_all(&b, 1);
    double fresh = pass(&b, &offset);
    printf("all new, two views   %10.0f observations per core-second (%.1f records out an observation, %.0f bytes)\n", fresh,
            (double)b.records / (double)(b.count * PER_SEGMENT), (double)b.bytes / (double)(b.count * PER_SEGMENT));
    for (uint64_t r = 0; r < again; r++) {
        seal_all(&b, (int64_t)r + 2);
        printf("redelivered          %10.0f observations per core-second\n", pass(&b, &offset));
    }
    printf("state                %10.0f bytes an indicator\n",
            (double)toc_state_bytes(b.state) / (double)toc_state_count(b.state));
    for (size_t i = 0; i < b.count; i++)
        toc_buf_done(&b.segments[i]);
    toc_mem_free(b.segments);
    toc_buf_done(&b.payload);
    toc_fuse_free(b.fuse);
    toc_state_free(b.state);
    toc_key_free(b.key);
    return 0;
}
