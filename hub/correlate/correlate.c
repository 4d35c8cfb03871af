#include "hub/correlate/correlate.h"

#include <stdlib.h>
#include <string.h>

#include "hub/correlate/list.h"
#include "hub/correlate/sum.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/indicator/key.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/pivot.h"
#include "lib/indicator/step.h"
#include "schemas/correlation.h"

#define ARENA_MAX ((size_t)64 << 20)
#define NODE_BYTES_MAX 65536
#define CORRELATION_BYTES_MAX 65536
#define UNIVERSE_LOG2 20    // weight is told against 2^20 indicators
#define FORGET_STEP_MAX 4   // entries looked at by one record: more than one record can add
#define DIGEST_SEED 1

struct touched { // a pivot whose list has changed since it was last published
    uint8_t key[16];
    int64_t time;
};

struct toc_correlate {
    int64_t remembered;
    struct touched *touched; // in the order of the steps
    size_t touched_count, touched_cap;
    uint64_t rollbacks; // of the state when the first of them was noted
    struct toc_arena arena; // for one record
    struct toc_buf encoded, value;
    struct list list;
    struct toc_correlate_totals totals;
};

static toc_rc derive(void *ctx, struct toc_slice body, struct toc_state_derived *out, struct toc_err *err)
{
    struct toc_arena arena;
    struct toc_posting_node node;
    (void)ctx;
    *out = (struct toc_state_derived){0};
    toc_arena_init(&arena, ARENA_MAX);
    toc_rc rc = toc_posting_node_decode(body, toc_posting_node_fingerprint, &arena, &node, err);
    if (toc_failed(rc))
        rc = toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_STATE, "an entry of the state cannot be read");
    else
        out->due[LIST_LANE] = list_due(&node);
    toc_arena_done(&arena);
    return rc;
}

toc_rc toc_correlate_new(struct toc_state *state, int64_t remembered, struct toc_correlate **out, struct toc_err *err)
{
    struct toc_correlate *c = toc_mem_alloc(1, sizeof *c);
    if (c == NULL)
        return sum_no_memory(err);
    c->remembered = remembered;
    toc_arena_init(&c->arena, ARENA_MAX);
    toc_buf_init(&c->encoded, NODE_BYTES_MAX);
    toc_buf_init(&c->value, CORRELATION_BYTES_MAX);
    c->list = (struct list){.state = state, .arena = &c->arena, .encoded = &c->encoded};
    toc_state_derive_with(state, derive, c);
    *out = c;
    return TOC_OK;
}

void toc_correlate_free(struct toc_correlate *c)
{
    if (c == NULL)
        return;
    toc_arena_done(&c->arena);
    toc_buf_done(&c->encoded);
    toc_buf_done(&c->value);
    toc_mem_free(c->touched);
    toc_mem_free(c);
}

const struct toc_correlate_totals *toc_correlate_totals(const struct toc_correlate *c)
{
    return &c->totals;
}

// --- publishing --------------------------------------------------------------------------------------

// The day-step the newest came in. Each correlation's day begins at its own time, so that not all are
// written anew at midnight.
static int64_t day_step(const uint8_t id[16], int64_t first, int64_t last)
{
    uint64_t head = 0;
    for (int i = 0; i < 8; i++)
        head = head << 8 | id[i];
    int64_t shift = (int64_t)(head % (uint64_t)TOC_MS_DAY);
    int64_t begin = (last + shift) / TOC_MS_DAY * TOC_MS_DAY - shift;
    return begin > first ? begin : first;
}

static toc_rc compose(struct toc_correlate *c, const struct toc_posting_title *title, const struct toc_posting_sum *sum,
        const uint8_t id[16], struct toc_slice key, struct toc_err *err)
{
    struct toc_correlation x;
    toc_correlation_init(&x);
    x.id = key;
    x.what = title->what;
    x.value = title->value;
    x.indicators = toc_step(sum->present);
    x.organisations = sum->shares[sum->shares_count - 1].organisations;
    int32_t weight = 16 * UNIVERSE_LOG2 - toc_log2_16(x.indicators);
    x.weight = weight > 0 ? weight : 0;
    x.first_tick = sum->first[0].tick;
    x.last_tick = day_step(id, x.first_tick, sum->last_tick);
    x.first = toc_arena_alloc(&c->arena, sum->first_count, sizeof *x.first);
    if (x.first == NULL)
        return sum_no_memory(err);
    for (size_t i = 0; i < sum->first_count; i++) {
        char hex[TOC_KEY_HEX];
        toc_key_hex(sum->first[i].indicator, hex);
        x.first[i] = toc_arena_copy(&c->arena, toc_slice(hex, TOC_KEY_HEX - 1));
        if (x.first[i].ptr == NULL)
            return sum_no_memory(err);
    }
    x.first_count = sum->first_count;
    toc_buf_clear(&c->value);
    toc_correlation_put(&x, &c->value);
    return toc_buf_check(&c->value, "a correlation", err);
}

// Published from the second indicator on, and whenever a reader would see another record.
static toc_rc publish(struct toc_correlate *c, int64_t time, toc_correlate_emit_fn *emit, void *ctx, struct toc_err *err)
{
    struct toc_posting_title *title = list_title(&c->list);
    struct toc_posting_sum sum;
    char hex[TOC_KEY_HEX];
    struct toc_correlate_record record = {.audience = title->audience, .time = time};
    int64_t digest = 0;
    TOC_TRY(list_sum(&c->list, &sum, err));
    toc_link_id(title->what, title->value, record.id);
    toc_key_hex(record.id, hex);
    record.key = toc_slice(hex, TOC_KEY_HEX - 1);
    if (sum.present >= 2) {
        TOC_TRY(compose(c, title, &sum, record.id, record.key, err));
        record.value = toc_buf_slice(&c->value);
        digest = (int64_t)toc_mix64(record.value, DIGEST_SEED);
        digest = digest == 0 ? 1 : digest;
    }
    if (digest == title->published)
        return TOC_OK;
    title->published = digest;
    c->totals.published += digest != 0;
    c->totals.ended += digest == 0;
    TOC_TRY(emit(ctx, &record, err));
    return list_close(&c->list, err);
}

static int by_key(const void *a, const void *b)
{
    const struct touched *x = a, *y = b;
    int c = memcmp(x->key, y->key, sizeof x->key);
    return c != 0 ? c : (x->time > y->time) - (x->time < y->time);
}

// What was touched before a rollback was not touched at all.
static void heed_rollback(struct toc_correlate *c)
{
    if (c->rollbacks != toc_state_rollbacks(c->list.state))
        c->touched_count = 0;
    c->rollbacks = toc_state_rollbacks(c->list.state);
}

toc_rc toc_correlate_publish(struct toc_correlate *c, toc_correlate_emit_fn *emit, void *ctx, struct toc_err *err)
{
    heed_rollback(c);
    if (c->touched_count > 1)
        qsort(c->touched, c->touched_count, sizeof *c->touched, by_key);
    for (size_t i = 0; i < c->touched_count; i++) {
        const struct touched *t = &c->touched[i];
        if (i + 1 < c->touched_count && memcmp(t->key, t[1].key, sizeof t->key) == 0)
            continue;
        toc_arena_reset(&c->arena);
        TOC_TRY(list_root(&c->list, t->key, err));
        if (list_title(&c->list) != NULL)
            TOC_TRY(publish(c, t->time, emit, ctx, err));
    }
    c->touched_count = 0;
    return TOC_OK;
}

// --- one record --------------------------------------------------------------------------------------

static toc_rc forget_due(struct toc_correlate *c, int64_t now, struct toc_err *err)
{
    int64_t due;
    uint8_t key[16];
    for (int i = 0; i < FORGET_STEP_MAX && toc_state_timer_take(c->list.state, LIST_LANE, now, &due, key); i++) {
        TOC_TRY(list_forget(&c->list, key, now, &c->totals.forgotten, err));
        toc_arena_reset(&c->arena);
    }
    return TOC_OK;
}

// A record that takes a pivot back may not tell its value; one that gives it does.
static void name(struct toc_posting_title *title, const struct toc_pivot *pivot)
{
    title->audience = pivot->audience;
    if (pivot->value.len == 0)
        return;
    title->what = pivot->what;
    title->value = pivot->value;
}

static bool readable(const struct toc_pivot *pivot, struct toc_slice key)
{
    uint8_t link[TOC_LINK_BYTES], wanted[16];
    if (key.len != sizeof wanted || pivot->audience.len == 0 || pivot->offset < 0)
        return false;
    if (pivot->value.len == 0)
        return !pivot->present;
    toc_link_id(pivot->what, pivot->value, link);
    toc_pivot_key(pivot->audience, link, wanted);
    return memcmp(key.ptr, wanted, sizeof wanted) == 0;
}

static toc_rc note(struct toc_correlate *c, const struct toc_correlate_input *input, struct toc_err *err)
{
    if (toc_mem_grow((void **)&c->touched, &c->touched_cap, c->touched_count + 1, sizeof *c->touched) != 0)
        return sum_no_memory(err);
    struct touched *t = &c->touched[c->touched_count++];
    memcpy(t->key, input->key.ptr, sizeof t->key);
    t->time = input->time;
    return TOC_OK;
}

static toc_rc take(struct toc_correlate *c, const struct toc_correlate_input *input, struct toc_err *err)
{
    struct toc_pivot pivot;
    if (toc_failed(toc_pivot_get(input->value, &c->arena, &pivot, NULL)) || !readable(&pivot, input->key)) {
        c->totals.unreadable++;
        return TOC_OK;
    }
    TOC_TRY(list_open(&c->list, input->key.ptr, pivot.indicator, err));
    const struct toc_posting *known = list_find(&c->list, pivot.indicator);
    if (known != NULL && known->offset >= pivot.offset) {
        c->totals.repeated++;
        return TOC_OK;
    }
    struct toc_posting posting = {
            .tick = pivot.tick,
            .organisations = pivot.organisations,
            .offset = pivot.offset,
            .until = pivot.present ? 0 : input->offset + c->remembered,
    };
    memcpy(posting.indicator, pivot.indicator, sizeof posting.indicator);
    TOC_TRY(list_put(&c->list, &posting, err));
    name(list_title(&c->list), &pivot);
    TOC_TRY(list_close(&c->list, err));
    return note(c, input, err);
}

toc_rc toc_correlate_step(struct toc_correlate *c, const struct toc_correlate_input *input, struct toc_err *err)
{
    c->totals.records++;
    heed_rollback(c);
    toc_arena_reset(&c->arena);
    TOC_TRY(forget_due(c, input->offset, err));
    return take(c, input, err);
}
