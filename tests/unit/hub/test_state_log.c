// The state log: written with each transaction, trimmed, read back; and what is not believed.
#include "tests/unit/hub/state_log.h"

static toc_rc derive(
        void *ctx, struct toc_slice body, struct toc_state_derived *out, struct toc_err *err)
{
    const struct model *model = ctx;
    (void)err;
    assert_true(body.len >= 2);
    const struct model_entry *e = &model->entries[body.ptr[0] << 8 | body.ptr[1]];
    assert_true(e->there);
    *out = (struct toc_state_derived){.rules = e->rules, .said = {e->said, 0, 0, e->said}};
    memcpy(out->due, e->due, sizeof e->due);
    return TOC_OK;
}

// The log so far gives the committed content again; half the time the run goes on with what was restored.
static void restart(struct model_run *run, const struct log_copy *log, int64_t input_next)
{
    struct toc_state *old = run->state, *fresh = toc_state_new();
    struct toc_err err = {0};
    int64_t got = -1;
    assert_ok(log_restore(log, fresh, derive, &run->committed, &got, &err), err);
    assert_int_equal(got, log->count == 0 ? 0 : input_next);
    assert_int_equal(toc_state_trim_below(fresh), toc_state_trim_below(old));
    run->state = fresh;
    model_same(run, &run->committed);
    bool keep = model_random(run, 2) == 0;
    run->state = keep ? fresh : old;
    toc_state_free(keep ? old : fresh);
}

static void every_commit_can_be_restored(void **state)
{
    (void)state;
    static struct model_run run;
    static struct log_copy log;
    for (unsigned seed = 1; seed <= 25; seed++) {
        if (!model_seed_wanted(seed))
            continue;
        print_message("seed %u\n", seed);
        int64_t input_next = 0, logged = 0;
        model_begin(&run, seed);
        for (int64_t txn = 1; txn <= 60; txn++) {
            for (uint64_t n = model_random(&run, 50); n > 0; n--)
                assert_true(model_change(&run));
            if (model_random(&run, 4) == 0) { // written, but the transaction is aborted
                struct toc_err err = {0};
                assert_ok(toc_state_blocks(run.state, txn, log_take, &log, &err), err);
                log_abort(&log);
                model_rollback(&run);
                continue;
            }
            input_next = txn;
            if (toc_state_changed(run.state))
                logged = input_next;
            log_commit(&log, run.state, input_next);
            run.committed = run.now;
            restart(&run, &log, logged);
            model_take(&run); // the timers came back, too
        }
        model_end(&run);
        log_done(&log);
    }
}

// --- many entries: a log of several blocks a transaction -----------------------------------------

#define MANY 20000

static void many_key(uint8_t key[16], uint32_t i)
{
    for (uint64_t half = 0; half < 2; half++) {
        uint64_t word = toc_mix64(toc_slice(&i, sizeof i), half);
        memcpy(key + 8 * half, &word, sizeof word);
    }
}

static void many_put(struct toc_state *state, uint32_t i, uint32_t made_of)
{
    uint8_t key[16], body[130];
    struct toc_err err = {0};
    const uint64_t said[TOC_ENTRY_SAID] = {0};
    many_key(key, i);
    model_bytes(body, sizeof body, made_of);
    assert_ok(toc_state_put(state, key, toc_slice(body, sizeof body), 1, said, &err), err);
}

static toc_rc derive_nothing(
        void *ctx, struct toc_slice body, struct toc_state_derived *out, struct toc_err *err)
{
    (void)body;
    (void)err;
    *out = (struct toc_state_derived){0};
    (*(uint64_t *)ctx)++;
    return TOC_OK;
}

static void many(struct toc_state *state, struct log_copy *log)
{
    for (uint32_t i = 0; i < MANY; i++)
        many_put(state, i, i);
    log_commit(log, state, 1);
}

// The log stays near twice the live state however long it goes on.
static void the_log_does_not_grow(void **state)
{
    (void)state;
    static struct log_copy log;
    struct toc_state *s = toc_state_new();
    many(s, &log);
    assert_true(log.count > 3);
    size_t live = MANY * (16 + 2 + 130), most = 0;
    for (uint32_t txn = 2; txn < 1500; txn++) {
        for (uint32_t i = 0; i < 100; i++)
            many_put(s, (txn * 7919 + i * 31) % MANY, txn);
        log_commit(&log, s, txn);
        if (txn > 300)
            most = log.bytes > most ? log.bytes : most;
    }
    print_message("log %zu bytes, live %zu\n", most, live);
    assert_true(most < live * 22 / 10);
    assert_true(log.blocks[0].transaction > 1000);
    struct toc_state *fresh = toc_state_new();
    struct toc_err err = {0};
    uint64_t derived = 0;
    int64_t input_next;
    assert_ok(log_restore(&log, fresh, derive_nothing, &derived, &input_next, &err), err);
    assert_int_equal(derived, MANY);
    assert_int_equal(input_next, 1499);
    toc_state_free(fresh);
    toc_state_free(s);
    log_done(&log);
}

// Small changes to large slots: what one transaction cannot pay for, several can.
static void small_changes_sweep_large_slots(void **state)
{
    (void)state;
    static struct log_copy log;
    static const uint64_t said[TOC_ENTRY_SAID];
    struct toc_state *s = toc_state_new();
    struct toc_err err = {0};
    uint8_t key[16], body[130] = {1};
    size_t live = 2000 * (16 + 2 + sizeof body), most = 0;
    for (uint32_t txn = 1; txn <= 800; txn++) {
        for (uint32_t i = 0; i < (txn == 1 ? 2000 : 20); i++) {
            many_key(key, (txn * 20 + i) % 2000);
            key[8] = 0x77; // four slices have it all
            assert_ok(toc_state_put(s, key, toc_slice(body, sizeof body), txn, said, &err), err);
        }
        log_commit(&log, s, txn);
        if (txn > 200) // the first transaction is whole until the first round is done: three times
            most = log.bytes > most ? log.bytes : most;
    }
    assert_int_equal(toc_state_count(s), 2000);
    print_message("log %zu bytes, live %zu\n", most, live);
    assert_true(most < live * 23 / 10); // a slot is a quarter of all
    toc_state_free(s);
    log_done(&log);
}

static void refused(const struct log_copy *log, const char *shows)
{
    struct toc_state *fresh = toc_state_new();
    struct toc_err err = {0};
    uint64_t derived = 0;
    int64_t input_next = -1;
    assert_code(
            log_restore(log, fresh, derive_nothing, &derived, &input_next, &err), TOC_E_STATE, err);
    assert_int_equal(err.fate, TOC_FATE_FATAL);
    assert_shows(err.text, shows);
    assert_int_equal(derived, 0); // nothing of it is given out
    assert_int_equal(input_next, -1);
    toc_state_free(fresh);
}

// A log of a few transactions, the first and the last of several blocks.
static void make_log(struct log_copy *log)
{
    struct toc_state *s = toc_state_new();
    struct toc_err err = {0};
    many(s, log);
    assert_ok(toc_state_row_put(s, "clock", TOC_S("12"), &err), err);
    log_commit(log, s, 2);
    for (uint32_t i = 0; i < MANY / 4 * 3; i++) // not all: the first one is still needed
        many_put(s, i, i + 5);
    log_commit(log, s, 3);
    toc_state_free(s);
}

static void what_is_cut_is_refused(void **state)
{
    (void)state;
    static struct log_copy log;
    make_log(&log);
    struct log_copy *part = toc_mem_dup(&log, sizeof log);
    size_t last = log.count;
    while (log.blocks[last - 1].transaction == log.transaction)
        last--;
    assert_true(log.count - last > 2 && last > 3);
    for (part->count = last + 1; part->count < log.count; part->count++)
        refused(part, "not whole");
    for (size_t gone = 0; gone < log.count; gone++) {
        memmove(part->blocks, log.blocks, sizeof log.blocks);
        memmove(part->blocks + gone, log.blocks + gone + 1,
                (log.count - gone - 1) * sizeof *log.blocks);
        part->count = log.count - 1;
        refused(part, gone + 1 == log.count ? "not whole" : "missing");
    }
    for (size_t twice = 0; twice < log.count; twice++) {
        memmove(part->blocks, log.blocks, sizeof log.blocks);
        memmove(part->blocks + twice + 1, log.blocks + twice,
                (log.count - twice) * sizeof *log.blocks);
        part->count = log.count + 1;
        refused(part, "missing");
    }
    toc_mem_free(part);
    log_done(&log);
}

static void trimmed_too_far(void **state)
{
    (void)state;
    static struct log_copy log;
    struct toc_state *s = toc_state_new();
    struct toc_err err = {0};
    many(s, &log);
    for (uint32_t txn = 2; txn < 200; txn++) {
        for (uint32_t i = 0; i < 200; i++)
            many_put(s, (txn * 200 + i) % MANY, txn);
        log_commit(&log, s, txn);
    }
    assert_true(log.blocks[0].transaction > 1);
    int64_t needed = toc_state_trim_below(s);
    assert_int_equal(log.blocks[0].transaction, needed);
    uint64_t derived = 0;
    int64_t input_next;
    struct toc_state *fresh = toc_state_new();
    assert_ok(log_restore(&log, fresh, derive_nothing, &derived, &input_next, &err), err);
    log_trim(&log, needed + 1);
    refused(&log, "beginning is missing");
    toc_state_free(fresh);
    toc_state_free(s);
    log_done(&log);
}

static void no_bit_may_flip(void **state)
{
    (void)state;
    static struct log_copy log;
    static struct model_run run;
    struct toc_err err = {0};
    model_begin(&run, 99);
    for (int64_t txn = 1; txn <= 3; txn++) {
        for (int i = 0; i < 4; i++)
            assert_true(model_put(&run) && model_row_put(&run));
        log_commit(&log, run.state, txn);
    }
    for (size_t b = 0; b < log.count; b++)
        for (size_t i = 0; i < log.blocks[b].len; i++) {
            uint8_t *byte = &log.blocks[b].bytes[i];
            *byte = (uint8_t)(*byte ^ 1u << (i + b) % 8);
            refused(&log, "state log");
            *byte = (uint8_t)(*byte ^ 1u << (i + b) % 8);
        }
    struct toc_state *fresh = toc_state_new();
    uint64_t derived = 0;
    int64_t input_next;
    assert_ok(log_restore(&log, fresh, derive_nothing, &derived, &input_next, &err), err);
    toc_state_free(fresh);
    model_end(&run);
    log_done(&log);
}

// --- well formed and well signed, but wrong ------------------------------------------------------

// One-block transactions as the writer would make them.
static void forge(struct log_copy *log, struct toc_block block, struct toc_trailer trailer)
{
    struct toc_buf buf;
    toc_buf_init(&buf, TOC_STATE_BLOCK_BYTES_MAX);
    block.trailer = &trailer;
    toc_block_encode(&block, &buf);
    assert_false(buf.failed);
    uint64_t sum = toc_mix64(toc_slice(buf.ptr, buf.len - 8), 0);
    for (unsigned i = 0; i < 8; i++)
        buf.ptr[buf.len - 8 + i] = (uint8_t)(sum >> 8 * i);
    struct log_block *into = &log->blocks[log->count++];
    *into = (struct log_block){toc_mem_dup(buf.ptr, buf.len), buf.len, block.transaction};
    log->bytes += buf.len;
    toc_buf_done(&buf);
}

static void contradictions(void **state)
{
    (void)state;
    static struct toc_row_bytes unprintable = {
            .name = TOC_S_INIT("a\nb"), .value = TOC_S_INIT("v")};
    static struct toc_row_bytes nameless = {.name = TOC_S_INIT(""), .value = TOC_S_INIT("v")};
    static struct {
        const char *what;
        struct toc_block block;
        struct toc_trailer trailer;
        const char *shows;
    } rows[] = {
            {"fine", {1, 3, 0, 12, NULL, 0, NULL, 0, NULL}, {1, 1023, 3, 2, {0}}, NULL},
            {"version", {2, 3, 0, 12, NULL, 0, NULL, 0, NULL}, {1, 1023, 3, 2, {0}}, "version"},
            {"transaction again", {1, 2, 0, 12, NULL, 0, NULL, 0, NULL}, {1, 1023, 3, 2, {0}},
                    "missing"},
            {"transaction left out", {1, 4, 0, 12, NULL, 0, NULL, 0, NULL}, {1, 1023, 3, 2, {0}},
                    "missing"},
            {"number", {1, 3, 1, 12, NULL, 0, NULL, 0, NULL}, {1, 1023, 3, 2, {0}}, "missing"},
            {"input goes back", {1, 3, 0, 10, NULL, 0, NULL, 0, NULL}, {1, 1023, 3, 2, {0}},
                    "back"},
            {"blocks", {1, 3, 0, 12, NULL, 0, NULL, 0, NULL}, {2, 1023, 3, 2, {0}},
                    "number of blocks"},
            {"sweep left out", {1, 3, 0, 12, NULL, 0, NULL, 0, NULL}, {1, 1024, 3, 2, {0}},
                    "sweep"},
            {"sweep below", {1, 3, 0, 12, NULL, 0, NULL, 0, NULL}, {1, -1, 3, 2, {0}}, "sweep"},
            {"sweep above", {1, 3, 0, 12, NULL, 0, NULL, 0, NULL}, {1, 1025, 3, 2, {0}}, "sweep"},
            {"swept below", {1, 3, 0, 12, NULL, 0, NULL, 0, NULL}, {1, 1023, -1, 2, {0}}, "sweep"},
            {"swept above", {1, 3, 0, 12, NULL, 0, NULL, 0, NULL}, {1, 1023, 1026, 2, {0}},
                    "sweep"},
            {"keep", {1, 3, 0, 12, NULL, 0, NULL, 0, NULL}, {1, 1023, 3, 1, {0}}, "beginning"},
            {"keep", {1, 3, 0, 12, NULL, 0, NULL, 0, NULL}, {1, 1023, 3, 3, {0}}, "beginning"},
            {"row name", {1, 3, 0, 12, NULL, 0, &unprintable, 1, NULL}, {1, 1023, 3, 2, {0}},
                    "name"},
            {"row name", {1, 3, 0, 12, NULL, 0, &nameless, 1, NULL}, {1, 1023, 3, 2, {0}}, "name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct log_copy log;
        print_message("%s\n", rows[i].what);
        forge(&log, (struct toc_block){.version = 1, .transaction = 1, .input_next = 5},
                (struct toc_trailer){.blocks = 1, .sweep = 0, .swept = 1, .keep = 0});
        forge(&log, (struct toc_block){.version = 1, .transaction = 2, .input_next = 11},
                (struct toc_trailer){.blocks = 1, .sweep = 1, .swept = 1022, .keep = 0});
        forge(&log, rows[i].block, rows[i].trailer);
        if (rows[i].shows != NULL)
            refused(&log, rows[i].shows);
        else {
            struct toc_state *fresh = toc_state_new();
            struct toc_err err = {0};
            uint64_t derived = 0;
            int64_t input_next;
            assert_ok(log_restore(&log, fresh, derive_nothing, &derived, &input_next, &err), err);
            assert_int_equal(input_next, 12);
            toc_state_free(fresh);
        }
        log_done(&log);
    }
}

// --- limits, misuse, want of memory --------------------------------------------------------------

static void the_largest_values(void **state)
{
    (void)state;
    static struct log_copy log;
    struct toc_err err = {0};
    uint8_t *bytes = toc_mem_alloc(TOC_STATE_VALUE_BYTES_MAX + 1, 1), key[16] = {1};
    const uint64_t said[TOC_ENTRY_SAID] = {0};
    char name[TOC_STATE_NAME_BYTES_MAX + 2];
    struct toc_slice largest = toc_slice(bytes, TOC_STATE_VALUE_BYTES_MAX);
    struct toc_slice larger = toc_slice(bytes, TOC_STATE_VALUE_BYTES_MAX + 1);
    struct toc_state *s = toc_state_new(), *fresh = toc_state_new();
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_code(toc_state_put(s, key, larger, 0, said, &err), TOC_E_LIMIT, err);
    assert_shows(err.text, "TOC_STATE_VALUE_BYTES_MAX");
    assert_code(toc_state_put(s, key, TOC_S(""), 0, said, &err), TOC_E_RANGE, err);
    assert_code(toc_state_row_put(s, "a", larger, &err), TOC_E_LIMIT, err);
    assert_code(toc_state_row_put(s, "a", TOC_S(""), &err), TOC_E_RANGE, err);
    assert_code(toc_state_row_put(s, "", largest, &err), TOC_E_RANGE, err);
    assert_code(toc_state_row_put(s, "a\x7f", largest, &err), TOC_E_RANGE, err);
    assert_code(toc_state_row_put(s, name, largest, &err), TOC_E_RANGE, err);
    assert_false(toc_state_changed(s));
    name[TOC_STATE_NAME_BYTES_MAX] = '\0';
    assert_ok(toc_state_put(s, key, largest, 0, said, &err), err);
    assert_ok(toc_state_row_put(s, name, largest, &err), err);
    log_commit(&log, s, 1);
    uint64_t derived = 0;
    int64_t input_next;
    assert_ok(log_restore(&log, fresh, derive_nothing, &derived, &input_next, &err), err);
    assert_int_equal(toc_state_find(fresh, key)->body_len, TOC_STATE_VALUE_BYTES_MAX);
    assert_slices_equal(toc_state_row(fresh, name), largest);
    toc_state_free(s);
    toc_state_free(fresh);
    toc_mem_free(bytes);
    log_done(&log);
}

static toc_rc refuse_block(void *ctx, struct toc_slice block, struct toc_err *err)
{
    (void)block;
    int *left = ctx;
    return (*left)-- > 0 ? TOC_OK : toc_fail(err, TOC_E_KAFKA, "queue full");
}

static void misuse(void **state)
{
    (void)state;
    static struct log_copy log;
    struct toc_err err = {0};
    struct toc_state *s = toc_state_new();
    int64_t input_next = -1;
    int blocks = 1;
    // No log at all: an empty state.
    assert_ok(toc_state_restored(s, &input_next, &err), err);
    assert_int_equal(input_next, 0);
    // Nothing changed: nothing is written.
    assert_ok(toc_state_blocks(s, 1, refuse_block, &blocks, &err), err);
    assert_int_equal(blocks, 1);
    // A block that does not get through: the transaction can still be written whole.
    for (uint32_t i = 0; i < MANY; i++)
        many_put(s, i, i);
    assert_code(toc_state_blocks(s, 1, refuse_block, &blocks, &err), TOC_E_KAFKA, err);
    log_commit(&log, s, 1);
    assert_int_equal(log.transaction, 1);
    // Only an empty state is restored.
    struct toc_slice first = toc_slice(log.blocks[0].bytes, log.blocks[0].len);
    assert_code(toc_state_restore(s, first, &err), TOC_E_STATE, err);
    // After a failure nothing goes on.
    struct toc_state *fresh = toc_state_new();
    assert_code(toc_state_restore(fresh, TOC_S("x"), &err), TOC_E_STATE, err);
    assert_code(toc_state_restore(fresh, first, &err), TOC_E_STATE, err);
    assert_code(toc_state_restored(fresh, &input_next, &err), TOC_E_STATE, err);
    toc_state_free(fresh);
    // A change that went past the log ends it.
    many_put(s, 1, 1);
    assert_ok(toc_state_blocks(s, 2, log_take, &log, &err), err);
    log_abort(&log);
    many_put(s, 2, 1); // after the blocks
    toc_state_commit(s);
    many_put(s, 3, 1);
    assert_code(toc_state_blocks(s, 3, log_take, &log, &err), TOC_E_STATE, err);
    toc_state_free(s);
    log_done(&log);
}

static void writing_without_memory(void **state)
{
    (void)state;
    static struct log_copy log;
    struct toc_state *s = toc_state_new();
    struct toc_err err = {0};
    int blocks = INT32_MAX;
    uint64_t failures = 0;
    for (uint32_t i = 0; i < MANY; i++)
        many_put(s, i, i);
    assert_ok(toc_state_row_put(s, "clock", TOC_S("12"), &err), err);
    for (;; failures++) {
        toc_mem_fail_at(failures + 1);
        toc_rc rc = toc_state_blocks(s, 1, refuse_block, &blocks, &err);
        toc_mem_fail_at(0);
        if (!toc_failed(rc))
            break;
        assert_code(rc, TOC_E_MEMORY, err);
        assert_int_equal(err.fate, TOC_FATE_FATAL);
    }
    assert_true(failures > 10);
    log_commit(&log, s, 1);
    for (failures = 0;; failures++) {
        struct toc_state *fresh = toc_state_new();
        uint64_t derived = 0;
        int64_t input_next;
        toc_mem_fail_at(failures * 37 + 1);
        toc_rc rc = log_restore(&log, fresh, derive_nothing, &derived, &input_next, &err);
        toc_mem_fail_at(0);
        toc_state_free(fresh);
        if (!toc_failed(rc))
            break;
        assert_code(rc, TOC_E_MEMORY, err);
        assert_int_equal(err.fate, TOC_FATE_FATAL);
    }
    assert_true(failures > 10);
    toc_state_free(s);
    log_done(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_commit_can_be_restored),
            cmocka_unit_test(the_log_does_not_grow),
            cmocka_unit_test(small_changes_sweep_large_slots),
            cmocka_unit_test(what_is_cut_is_refused),
            cmocka_unit_test(trimmed_too_far),
            cmocka_unit_test(no_bit_may_flip),
            cmocka_unit_test(contradictions),
            cmocka_unit_test(the_largest_values),
            cmocka_unit_test(misuse),
            cmocka_unit_test(writing_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
