// The naive model of a partition's state, and a random driver that does the same to both and compares.
// A body is known by its length and a number its bytes are made of, so that a copy of the model is a
// plain assignment.
#pragma once

#include "tests/support/unit.h"

#include "hub/state/state.h"
#include "lib/base/mem.h"

#define MODEL_KEYS 400
#define MODEL_ROWS 48
#define MODEL_LANES 3
#define MODEL_BODY_MAX 720

struct model_entry {
    bool there;
    uint32_t made_of, len, rules;
    uint64_t said;
    int64_t due[MODEL_LANES]; // 0: none
};

struct model_row {
    bool there;
    uint32_t made_of, len;
};

struct model {
    struct model_entry entries[MODEL_KEYS];
    struct model_row rows[MODEL_ROWS];
};

struct model_run {
    struct toc_state *state;
    uint8_t keys[MODEL_KEYS][16]; // in key order
    struct model now, committed;
    uint64_t random;
    int64_t clock;
};

static inline uint64_t model_random(struct model_run *run, uint64_t below)
{
    run->random = run->random * 6364136223846793005u + 1442695040888963407u;
    return (run->random >> 20) % below;
}

static inline void model_bytes(uint8_t *out, uint32_t len, uint32_t made_of)
{
    for (uint32_t i = 0; i < len; i++)
        out[i] = (uint8_t)((made_of += 0x9e3779b9) >> 24);
}

// A body begins with the number of its key: so that derived things can be found again.
static inline void model_body(uint8_t *out, unsigned key, uint32_t len, uint32_t made_of)
{
    model_bytes(out, len, made_of);
    out[0] = (uint8_t)(key >> 8);
    out[1] = (uint8_t)key;
}

static inline int model_key_cmp(const void *a, const void *b)
{
    const uint8_t *x = a, *y = b;
    int c = memcmp(x + 8, y + 8, 8);
    return c != 0 ? c : memcmp(x, y, 8);
}

// Scattered keys; some crowd one slice, some share the low half and only differ in the high one.
static inline void model_begin(struct model_run *run, uint64_t seed)
{
    *run = (struct model_run){
            .state = toc_state_new(), .random = seed * 0x9e3779b97f4a7c15u + 1, .clock = 1000};
    assert_non_null(run->state);
    for (unsigned k = 0; k < MODEL_KEYS; k++) {
        for (unsigned i = 0; i < 16; i++)
            run->keys[k][i] = (uint8_t)model_random(run, 256);
        if (k % 4 == 1)
            memset(run->keys[k] + 8, 0x40, 2);
        if (k % 16 == 2 && k > 16)
            memcpy(run->keys[k] + 8, run->keys[k - 16] + 8, 8);
    }
    memset(run->keys[3], 0, 16);
    memset(run->keys[7], 0xff, 16);
    qsort(run->keys, MODEL_KEYS, 16, model_key_cmp);
}

static inline void model_end(struct model_run *run)
{
    toc_state_free(run->state);
}

static inline const char *model_row_name(unsigned row)
{
    static const char *const kinds[] = {"count/", "writer/m1/", "writer/m2/", "quota/"};
    static char name[64];
    snprintf(name, sizeof name, "%s%u", kinds[row % 4], row / 4);
    return name;
}

// --- one random change to both -------------------------------------------------------------------
// Each gives false when the state failed for want of memory; then the model is as before, too.

static inline bool model_out_of_memory(toc_rc rc, const struct toc_err *err)
{
    if (!toc_failed(rc))
        return false;
    assert_int_equal(rc.code, TOC_E_MEMORY);
    assert_int_equal(err->fate, TOC_FATE_FATAL);
    return true;
}

static inline bool model_put(struct model_run *run)
{
    unsigned k = (unsigned)model_random(run, MODEL_KEYS);
    uint8_t body[MODEL_BODY_MAX];
    struct toc_err err = {0};
    struct model_entry e = run->now.entries[k];
    e.there = true;
    e.made_of = (uint32_t)model_random(run, UINT32_MAX);
    e.len = 2 + (uint32_t)model_random(run, model_random(run, 8) == 0 ? 700 : 150);
    e.rules = (uint32_t)model_random(run, 5);
    e.said = model_random(run, UINT32_MAX);
    model_body(body, k, e.len, e.made_of);
    uint64_t said[TOC_ENTRY_SAID] = {e.said, 0, 0, e.said};
    if (model_out_of_memory(toc_state_put(run->state, run->keys[k], toc_slice(body, e.len), e.rules,
                                    said, &err),
                &err))
        return false;
    run->now.entries[k] = e;
    return true;
}

static inline bool model_drop(struct model_run *run)
{
    unsigned k = (unsigned)model_random(run, MODEL_KEYS);
    struct toc_err err = {0};
    if (model_out_of_memory(toc_state_drop(run->state, run->keys[k], &err), &err))
        return false;
    run->now.entries[k] = (struct model_entry){0};
    return true;
}

static inline bool model_row_put(struct model_run *run)
{
    unsigned r = (unsigned)model_random(run, MODEL_ROWS);
    uint8_t value[MODEL_BODY_MAX];
    struct toc_err err = {0};
    struct model_row row = {
            true, (uint32_t)model_random(run, UINT32_MAX), 1 + (uint32_t)model_random(run, 90)};
    model_bytes(value, row.len, row.made_of);
    if (model_out_of_memory(
                toc_state_row_put(run->state, model_row_name(r), toc_slice(value, row.len), &err),
                &err))
        return false;
    run->now.rows[r] = row;
    return true;
}

static inline bool model_row_drop(struct model_run *run)
{
    unsigned r = (unsigned)model_random(run, MODEL_ROWS);
    struct toc_err err = {0};
    if (model_out_of_memory(toc_state_row_drop(run->state, model_row_name(r), &err), &err))
        return false;
    run->now.rows[r] = (struct model_row){0};
    return true;
}

static inline bool model_timer(struct model_run *run)
{
    unsigned k = (unsigned)model_random(run, MODEL_KEYS),
             lane = (unsigned)model_random(run, MODEL_LANES);
    struct toc_err err = {0};
    if (!run->now.entries[k].there)
        return true;
    int64_t due = run->clock + (int64_t)model_random(run, 60) - 5;
    if (model_out_of_memory(toc_state_timer(run->state, lane, due, run->keys[k], &err), &err))
        return false;
    run->now.entries[k].due[lane] = due;
    return true;
}

static inline unsigned model_index(const struct model_run *run, const uint8_t key[16])
{
    const uint8_t(*at)[16] = bsearch(key, run->keys, MODEL_KEYS, 16, model_key_cmp);
    assert_non_null(at);
    return (unsigned)(at - run->keys);
}

// Takes all that is due in one lane: every timer that is meant comes, in order; none comes too early.
static inline void model_take(struct model_run *run)
{
    unsigned lane = (unsigned)model_random(run, MODEL_LANES), last_key = 0;
    int64_t due, last_due = INT64_MIN;
    uint8_t key[16];
    run->clock += (int64_t)model_random(run, 12);
    while (toc_state_timer_take(run->state, lane, run->clock, &due, key)) {
        unsigned k = model_index(run, key);
        assert_true(due <= run->clock);
        assert_true(run->now.entries[k].there);
        if (run->now.entries[k].due[lane] != due)
            continue;
        assert_true(due > last_due || (due == last_due && k > last_key));
        last_due = due;
        last_key = k;
        run->now.entries[k].due[lane] = 0;
    }
    for (unsigned k = 0; k < MODEL_KEYS; k++)
        assert_true(
                run->now.entries[k].due[lane] == 0 || run->now.entries[k].due[lane] > run->clock);
}

static inline bool model_change(struct model_run *run)
{
    switch (model_random(run, 10)) {
    case 0:
    case 1:
    case 2:
    case 3:
        return model_put(run);
    case 4:
        return model_drop(run);
    case 5:
        return model_row_put(run);
    case 6:
        return model_row_drop(run);
    case 7:
    case 8:
        return model_timer(run);
    default:
        model_take(run);
        return true;
    }
}

static inline void model_commit(struct model_run *run)
{
    toc_state_commit(run->state);
    run->committed = run->now;
}

static inline void model_rollback(struct model_run *run)
{
    toc_state_rollback(run->state);
    run->now = run->committed;
}

// --- comparison ----------------------------------------------------------------------------------

static inline void model_same_entry(
        const struct model_entry *want, unsigned key, const struct toc_entry *entry)
{
    uint8_t body[MODEL_BODY_MAX];
    model_body(body, key, want->len, want->made_of);
    assert_true(want->there);
    assert_int_equal(entry->body_len, want->len);
    assert_memory_equal(entry->body, body, want->len);
    assert_int_equal(entry->rules, want->rules);
    assert_int_equal(entry->said[0], want->said);
    assert_int_equal(entry->said[1], 0);
    assert_int_equal(entry->said[3], want->said);
}

static inline void model_same_entries(struct model_run *run, const struct model *want)
{
    const struct toc_entry *at = toc_state_next(run->state, NULL);
    uint64_t count = 0;
    for (unsigned k = 0; k < MODEL_KEYS; k++) {
        const struct toc_entry *entry = toc_state_find(run->state, run->keys[k]);
        assert_int_equal(entry != NULL, want->entries[k].there);
        if (entry == NULL)
            continue;
        model_same_entry(&want->entries[k], k, entry);
        assert_ptr_equal(entry, at);
        at = toc_state_next(run->state, at->key);
        count++;
    }
    assert_null(at);
    assert_int_equal(toc_state_count(run->state), count);
}

struct model_rows_seen {
    const struct model *want;
    char last[64];
    unsigned count;
};

static inline toc_rc model_see_row(
        void *ctx, const char *name, struct toc_slice value, struct toc_err *err)
{
    struct model_rows_seen *seen = ctx;
    uint8_t bytes[MODEL_BODY_MAX];
    (void)err;
    assert_true(strcmp(seen->last, name) < 0);
    snprintf(seen->last, sizeof seen->last, "%s", name);
    seen->count++;
    for (unsigned r = 0; r < MODEL_ROWS; r++)
        if (strcmp(model_row_name(r), name) == 0) {
            model_bytes(bytes, seen->want->rows[r].len, seen->want->rows[r].made_of);
            assert_slices_equal(value, toc_slice(bytes, seen->want->rows[r].len));
            return TOC_OK;
        }
    fail_msg("row %s", name);
    return TOC_OK;
}

static inline void model_same_rows(struct model_run *run, const struct model *want)
{
    static const char *const prefixes[] = {"", "writer/", "writer/m2/", "quota/", "nothing/"};
    for (unsigned r = 0; r < MODEL_ROWS; r++) {
        struct toc_slice value = toc_state_row(run->state, model_row_name(r));
        assert_int_equal(value.ptr != NULL, want->rows[r].there);
        assert_int_equal(value.len, want->rows[r].len);
    }
    UNIT_EACH(const char *const, prefix, prefixes)
    {
        struct model_rows_seen seen = {.want = want};
        struct toc_err err = {0};
        unsigned count = 0;
        assert_ok(toc_state_rows(run->state, *prefix, model_see_row, &seen, &err), err);
        for (unsigned r = 0; r < MODEL_ROWS; r++)
            count += want->rows[r].there &&
                     strncmp(model_row_name(r), *prefix, strlen(*prefix)) == 0;
        assert_int_equal(seen.count, count);
    }
}

static inline void model_same(struct model_run *run, const struct model *want)
{
    model_same_entries(run, want);
    model_same_rows(run, want);
}

// TOC_TEST_SEED=n runs that one alone.
static inline bool model_seed_wanted(unsigned seed)
{
    const char *wanted = getenv("TOC_TEST_SEED");
    char text[16];
    snprintf(text, sizeof text, "%u", seed);
    return wanted == NULL || strcmp(wanted, text) == 0;
}
