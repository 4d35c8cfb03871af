#include "tests/replay/run.h"

#include "lib/base/mem.h"
#include "lib/indicator/key.h"
#include "schemas/capture.h"

static void keep(void *ctx, const struct toc_fuse_record *record, int32_t partition)
{
    struct run *run = ctx;
    assert_int_equal(toc_mem_grow((void **)&run->outs, &run->cap, run->count + 1, sizeof *run->outs), 0);
    struct run_out *out = &run->outs[run->count++];
    *out = (struct run_out){
            .partition = partition, .where = record->where, .audience = record->audience, .time = record->time};
    out->key = toc_arena_copy(&run->arena, record->key);
    if (record->value.ptr != NULL)
        out->value = toc_arena_copy(&run->arena, record->value);
}

static void take(struct run *run, struct gen_log *log, size_t at, int32_t partition)
{
    struct toc_err err;
    struct gen_event *e = &log->events[at];
    // Offsets have gaps on a broker too: transaction markers.
    const struct toc_capture record = {.partition = partition, .offset = (int64_t)at * 3, .append_time = e->time,
            .value = gen_seal(log->world, e, partition)};
    assert_ok(toc_replay_take(run->replay, &record, &err), err);
}

void run_more(struct run *run, struct gen_log *log, size_t from)
{
    struct toc_err err;
    for (size_t i = from; i < log->count; i++)
        for (int32_t p = 0; p < GEN_PARTITIONS; p++)
            if (log->events[i].what != GEN_SEGMENT || log->events[i].partition == p)
                take(run, log, i, p);
    assert_ok(toc_replay_end(run->replay, &err), err);
}

void run_log(struct run *run, struct gen_log *log, const struct toc_replay_way *way)
{
    struct toc_err err;
    *run = (struct run){0};
    toc_arena_init(&run->arena, (size_t)1 << 30);
    struct toc_replay_conf conf = {.reference = gen_find_set, .ctx = log->world, .observe = keep, .observe_ctx = run};
    memcpy(conf.genesis_digest, log->world->genesis_digest, sizeof conf.genesis_digest);
    memcpy(conf.deployment_key, log->world->deployment_key, sizeof conf.deployment_key);
    conf.way = way == NULL ? (struct toc_replay_way){.batch = 1} : *way;
    assert_ok(toc_replay_new(&conf, &run->replay, &err), err);
    run_more(run, log, 0);
}

void run_close(struct run *run)
{
    toc_replay_free(run->replay);
    toc_mem_free(run->outs);
    toc_arena_done(&run->arena);
}

bool run_view(struct run *run, int audience, enum toc_kind kind, struct toc_slice value, struct toc_indicator *out)
{
    uint8_t key[TOC_KEY_BYTES];
    char id[TOC_KEY_HEX];
    toc_indicator_key(kind, value, key);
    toc_key_hex(key, id);
    int32_t partition = gen_partition(kind, value);
    for (size_t i = run->count; i > 0; i--) {
        const struct run_out *o = &run->outs[i - 1];
        if (o->where != TOC_OUT_INDICATORS || o->audience != audience || o->partition != partition ||
                !toc_slice_is(o->key, id))
            continue;
        struct toc_err err;
        if (o->value.ptr == NULL)
            return false;
        assert_ok(toc_indicator_get(o->value, &run->arena, out, &err), err);
        return true;
    }
    return false;
}

const struct run_out *run_next(const struct run *run, size_t *at, int32_t partition, enum toc_fuse_out where, int audience)
{
    while (*at < run->count) {
        const struct run_out *o = &run->outs[(*at)++];
        if (o->partition == partition && o->where == where && (where != TOC_OUT_INDICATORS || o->audience == audience))
            return o;
    }
    return NULL;
}

static void show(const char *name, const struct run_out *o)
{
    struct toc_buf text;
    struct toc_jw w;
    struct toc_arena arena;
    struct toc_indicator i;
    struct toc_receipt r;
    toc_buf_init(&text, (size_t)1 << 20);
    toc_arena_init(&arena, (size_t)1 << 24);
    toc_jw_init(&w, &text);
    if (o != NULL && o->value.ptr != NULL && o->where == TOC_OUT_INDICATORS && !toc_failed(toc_indicator_get(o->value, &arena, &i, NULL)))
        toc_indicator_json(&i, &w);
    if (o != NULL && o->where == TOC_OUT_RECEIPTS && !toc_failed(toc_receipt_get(o->value, &arena, &r, NULL)))
        toc_receipt_json(&r, &w);
    print_error("%s: %s time %lld key %.*s %.*s\n", name, o == NULL ? "nothing" : "", o == NULL ? 0LL : (long long)o->time,
            o == NULL ? 0 : (int)o->key.len, o == NULL ? "" : (const char *)o->key.ptr, (int)text.len,
            text.ptr == NULL ? "" : (const char *)text.ptr);
    toc_buf_done(&text);
    toc_arena_done(&arena);
}

void run_same_out(const struct run_out *a, const struct run_out *b, const char *what, uint64_t seed)
{
    if (a == NULL && b == NULL)
        return;
    if (a != NULL && b != NULL && a->where == b->where && a->audience == b->audience && a->time == b->time &&
            toc_slice_eq(a->key, b->key) && toc_slice_eq(a->value, b->value) && (a->value.ptr == NULL) == (b->value.ptr == NULL))
        return;
    show("one", a);
    show("other", b);
    fail_msg("%s, TOC_SEED=%llu", what, (unsigned long long)seed);
}
