// What the tests of correlate share: random words about who has which pivot, and running them through
// hub/correlate in any order, with repeats, batches, aborts and restarts.
#pragma once

#include "tests/support/unit.h"

#include "hub/correlate/correlate.h"
#include "lib/base/mem.h"
#include "lib/indicator/limits.h"
#include "tests/unit/hub/plain_correlation.h"

#define PIVOTS_MAX 64
#define INDICATORS_MAX 4096
#define RECORDS_MAX 40000

struct fact { // what one record says of one (pivot, indicator)
    int pivot, indicator;
    bool present;
    int64_t tick, offset;
    int32_t organisations;
};

struct world {
    uint64_t random;
    int pivot_count, indicator_count;
    uint8_t indicators[INDICATORS_MAX][16];
    struct fact *log; // in order of offset
    size_t count;
};

static inline uint64_t random_below(struct world *w, uint64_t below)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (w->random >> 24) % below;
}

static inline struct toc_slice audience_of(int pivot)
{
    return pivot % 2 == 0 ? TOC_S("amber") : TOC_S("green");
}

// Neighbours share a value and differ in the audience: they must not meet.
static inline struct toc_slice value_of(int pivot, char out[64])
{
    snprintf(out, 64, "example-%d.test", pivot / 2);
    return toc_slice_of(out);
}

static inline void pivot_keys(int pivot, uint8_t link[16], uint8_t key[16])
{
    char value[64];
    toc_link_id(TOC_PIVOT_KIND_REGISTRABLE_DOMAIN, value_of(pivot, value), link);
    toc_pivot_key(audience_of(pivot), link, key);
}

// --- what is expected: a plain count -----------------------------------------------------------------

static inline size_t who_has(const struct world *w, int pivot, struct having *out)
{
    static const struct fact *latest[INDICATORS_MAX];
    size_t n = 0;
    memset(latest, 0, sizeof latest);
    for (size_t i = 0; i < w->count; i++)
        if (w->log[i].pivot == pivot)
            latest[w->log[i].indicator] = &w->log[i];
    for (int i = 0; i < w->indicator_count; i++)
        if (latest[i] != NULL && latest[i]->present) {
            out[n] = (struct having){.tick = latest[i]->tick, .organisations = latest[i]->organisations};
            memcpy(out[n++].id, w->indicators[i], 16);
        }
    return n;
}

// Empty when there is none to publish.
static inline void expect(const struct world *w, int pivot, struct toc_buf *out)
{
    static struct having having[INDICATORS_MAX];
    char value[64];
    size_t n = who_has(w, pivot, having);
    plain_correlation(having, n, TOC_PIVOT_KIND_REGISTRABLE_DOMAIN, value_of(pivot, value), out);
}

// --- running -----------------------------------------------------------------------------------------

struct published {
    char audience[16];
    uint8_t id[16];
    struct toc_buf value; // empty: a tombstone
};

struct way {
    unsigned batch, abort, restart; // as struct toc_replay_way
    bool shuffle, reverse;
    unsigned repeat; // every n-th record comes again, anywhere later
};

struct run {
    struct toc_state *state;
    struct toc_correlate *correlate;
    struct published kept[PIVOTS_MAX], pending[512];
    size_t kept_count, pending_count;
    struct toc_buf log; // blocks behind their lengths
    int64_t next;
    uint64_t published;
    int64_t remembered;
};

static inline struct published *find_kept(struct run *run, const struct published *p)
{
    for (size_t i = 0; i < run->kept_count; i++)
        if (memcmp(run->kept[i].id, p->id, 16) == 0 && strcmp(run->kept[i].audience, p->audience) == 0)
            return &run->kept[i];
    return NULL;
}

static inline toc_rc keep(void *ctx, const struct toc_correlate_record *record, struct toc_err *err)
{
    struct run *run = ctx;
    char hex[33];
    toc_key_hex(record->id, hex);
    assert_slice(record->key, hex);
    assert_true(run->pending_count < sizeof run->pending / sizeof *run->pending);
    struct published *p = &run->pending[run->pending_count++];
    *p = (struct published){0};
    snprintf(p->audience, sizeof p->audience, "%.*s", TOC_SLICE_ARG(record->audience));
    memcpy(p->id, record->id, 16);
    toc_buf_init(&p->value, 65536);
    toc_buf_put_slice(&p->value, record->value);
    run->published++;
    if (p->value.failed)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory in the test");
    return TOC_OK;
}

static inline void drop_pending(struct run *run)
{
    for (size_t i = 0; i < run->pending_count; i++)
        toc_buf_done(&run->pending[i].value);
    run->pending_count = 0;
}

static inline void keep_pending(struct run *run)
{
    for (size_t i = 0; i < run->pending_count; i++) {
        struct published *known = find_kept(run, &run->pending[i]);
        if (known == NULL) {
            assert_true(run->kept_count < PIVOTS_MAX);
            known = &run->kept[run->kept_count++];
        } else {
            toc_buf_done(&known->value);
        }
        *known = run->pending[i];
    }
    run->pending_count = 0;
}

static inline void open_run(struct run *run)
{
    struct toc_err err = {0};
    run->state = toc_state_new();
    assert_non_null(run->state);
    assert_ok(toc_correlate_new(run->state, run->remembered, &run->correlate, &err), err);
}

static inline void close_run(struct run *run)
{
    toc_correlate_free(run->correlate);
    toc_state_free(run->state);
}

static inline void begin(struct run *run, int64_t remembered)
{
    *run = (struct run){.remembered = remembered};
    toc_buf_init(&run->log, SIZE_MAX / 4);
    open_run(run);
}

static inline void end(struct run *run)
{
    drop_pending(run);
    for (size_t i = 0; i < run->kept_count; i++)
        toc_buf_done(&run->kept[i].value);
    toc_buf_done(&run->log);
    close_run(run);
}

static inline void put_record(const struct world *w, const struct fact *fact, uint8_t key[16], struct toc_buf *out)
{
    char value[64];
    uint8_t link[16];
    struct toc_pivot pivot;
    toc_pivot_init(&pivot);
    pivot_keys(fact->pivot, link, key);
    pivot.audience = audience_of(fact->pivot);
    memcpy(pivot.indicator, w->indicators[fact->indicator], 16);
    pivot.present = fact->present;
    pivot.tick = fact->tick;
    pivot.organisations = fact->organisations;
    pivot.offset = fact->offset;
    if (fact->present || fact->offset % 2 == 0) { // of what goes, the value need not be known
        pivot.what = TOC_PIVOT_KIND_REGISTRABLE_DOMAIN;
        pivot.value = value_of(fact->pivot, value);
    }
    toc_buf_clear(out);
    toc_pivot_put(&pivot, out);
}

static inline void step_at(struct run *run, const struct world *w, const struct fact *fact, int64_t offset)
{
    struct toc_err err = {0};
    struct toc_buf value;
    uint8_t key[16];
    toc_buf_init(&value, 4096);
    put_record(w, fact, key, &value);
    const struct toc_correlate_input input = {.offset = offset, .key = toc_slice(key, 16), .value = toc_buf_slice(&value)};
    assert_ok(toc_correlate_step(run->correlate, &input, &err), err);
    toc_buf_done(&value);
}

static inline void publish_now(struct run *run)
{
    struct toc_err err = {0};
    assert_ok(toc_correlate_publish(run->correlate, keep, run, &err), err);
}

static inline toc_rc keep_block(void *ctx, struct toc_slice block, struct toc_err *err)
{
    struct run *run = ctx;
    uint64_t len = block.len;
    toc_buf_put(&run->log, &len, sizeof len);
    toc_buf_put_slice(&run->log, block);
    return toc_buf_check(&run->log, "the log", err);
}

static inline void read_back(struct run *run)
{
    struct toc_err err = {0};
    int64_t next;
    close_run(run);
    open_run(run);
    for (size_t at = 0; at < run->log.len;) {
        uint64_t len;
        memcpy(&len, run->log.ptr + at, sizeof len);
        at += sizeof len;
        assert_ok(toc_state_restore(run->state, toc_slice(run->log.ptr + at, (size_t)len), &err), err);
        at += (size_t)len;
    }
    assert_ok(toc_state_restored(run->state, &next, &err), err);
    assert_true(next <= run->next);
}

static inline void transaction(struct run *run, const struct world *w, const struct fact *const *facts, size_t count,
        const struct way *way, unsigned number)
{
    struct toc_err err = {0};
    bool again = way->abort != 0 && number % way->abort == 0;
    for (int tries = again ? 2 : 1; tries > 0; tries--) {
        for (size_t i = 0; i < count; i++)
            step_at(run, w, facts[i], run->next + (int64_t)i);
        if (tries == 1 || number % 3 == 0) // an abort may come before or after
            publish_now(run);
        if (tries == 2) {
            toc_state_rollback(run->state);
            drop_pending(run);
        }
    }
    run->next += (int64_t)count;
    if (way->restart != 0)
        assert_ok(toc_state_blocks(run->state, run->next, keep_block, run, &err), err);
    toc_state_commit(run->state);
    keep_pending(run);
    if (way->restart != 0 && number % way->restart == 0)
        read_back(run);
}

// The log as it arrives: in order, reversed, shuffled, with repeats.
static inline size_t arrange(struct world *w, const struct way *way, const struct fact **out)
{
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        const struct fact *fact = &w->log[way->reverse ? w->count - 1 - i : i];
        out[n++] = fact;
        if (way->repeat != 0 && i % way->repeat == 0)
            out[n++] = fact;
    }
    for (size_t i = n; way->shuffle && i > 1; i--) {
        size_t k = (size_t)random_below(w, i);
        const struct fact *t = out[k];
        out[k] = out[i - 1];
        out[i - 1] = t;
    }
    return n;
}

static inline void run_all(struct run *run, struct world *w, const struct way *way)
{
    const struct fact **order = toc_mem_alloc(2 * w->count, sizeof *order);
    assert_non_null(order);
    size_t n = arrange(w, way, order);
    unsigned number = 0;
    for (size_t i = 0; i < n; i += way->batch)
        transaction(run, w, &order[i], n - i < way->batch ? n - i : way->batch, way, ++number);
    toc_mem_free(order);
}

static inline void compare(struct run *run, const struct world *w)
{
    struct toc_buf want;
    toc_buf_init(&want, 65536);
    for (int p = 0; p < w->pivot_count; p++) {
        struct published key = {0};
        uint8_t pivot_key[16];
        snprintf(key.audience, sizeof key.audience, "%.*s", TOC_SLICE_ARG(audience_of(p)));
        pivot_keys(p, key.id, pivot_key);
        expect(w, p, &want);
        const struct published *got = find_kept(run, &key);
        if (got == NULL)
            assert_int_equal(want.len, 0);
        else
            assert_slices_equal(toc_buf_slice(&got->value), toc_buf_slice(&want));
    }
    toc_buf_done(&want);
}
