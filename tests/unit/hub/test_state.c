// The state of a partition against a naive model: entries, rows, timers, transactions.
#include "tests/unit/hub/state_model.h"

static void same_as_the_model(void **state)
{
    (void)state;
    static struct model_run run;
    for (unsigned seed = 1; seed <= 40; seed++) {
        if (!model_seed_wanted(seed))
            continue;
        print_message("seed %u\n", seed);
        model_begin(&run, seed);
        for (unsigned txn = 0; txn < 60; txn++) {
            for (uint64_t n = model_random(&run, 60); n > 0; n--)
                assert_true(model_change(&run));
            if (txn % 5 == 0)
                model_same(&run, &run.now);
            if (model_random(&run, 3) == 0)
                model_rollback(&run);
            else
                model_commit(&run);
            assert_false(toc_state_changed(run.state));
            model_same(&run, &run.committed);
        }
        model_end(&run);
    }
}

// Whichever allocation of a transaction fails: the change it belongs to did not happen, the rest
// stands, and rollback and commit work.
static void without_memory(void **state)
{
    (void)state;
    static struct model_run run;
    unsigned failures = 0;
    for (uint64_t at = 1; at <= 400; at++) {
        model_begin(&run, at);
        for (unsigned i = 0; i < 150; i++)
            assert_true(model_change(&run));
        model_commit(&run);
        toc_mem_fail_at(at);
        for (unsigned i = 0; i < 400; i++)
            if (!model_change(&run)) {
                failures++;
                model_same(&run, &run.now);
            }
        toc_mem_fail_at(0);
        if (at % 2 == 0)
            model_rollback(&run);
        else
            model_commit(&run);
        model_same(&run, &run.committed);
        model_end(&run);
    }
    print_message("%u allocations failed\n", failures);
    assert_true(failures > 100);
}

static void no_state_without_memory(void **state)
{
    (void)state;
    toc_mem_fail_at(1);
    assert_null(toc_state_new());
    toc_state_free(NULL);
}

static void key_order(void **state)
{
    (void)state;
    static const uint8_t sorted[][16] = {
            {0},
            {1},
            {0xff, [7] = 0xff},
            {[15] = 1},
            {[14] = 1, [15] = 0},
            {9, [8] = 1},
            {1, [8] = 0x80},
            {[8] = 0xff, [15] = 1},
    };
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j++) {
            int c = toc_state_key_cmp(sorted[i], sorted[j]);
            assert_int_equal((c > 0) - (c < 0), (i > j) - (i < j));
        }
}

// --- one slice with very many entries ------------------------------------------------------------

#define CROWD 5000

static void crowd_key(uint8_t key[16], uint32_t i)
{
    memset(key, 0, 16);
    key[8] = 0x12; // one slice
    key[10] = (uint8_t)(i >> 8);
    key[11] = (uint8_t)i;
}

static void crowd_put(struct toc_state *s, uint32_t i)
{
    static const uint64_t said[TOC_ENTRY_SAID];
    uint8_t key[16];
    struct toc_err err = {0};
    crowd_key(key, i);
    assert_ok(toc_state_put(s, key, toc_slice(&i, sizeof i), i, said, &err), err);
}

static void crowd_drop(struct toc_state *s, uint32_t i)
{
    uint8_t key[16];
    struct toc_err err = {0};
    crowd_key(key, i);
    assert_ok(toc_state_drop(s, key, &err), err);
}

static void crowd_same(struct toc_state *s, const bool *there)
{
    uint8_t key[16];
    const struct toc_entry *at = toc_state_next(s, NULL);
    for (uint32_t i = 0; i < CROWD; i++) {
        crowd_key(key, i);
        const struct toc_entry *entry = toc_state_find(s, key);
        assert_int_equal(entry != NULL, there[i]);
        if (entry == NULL)
            continue;
        assert_memory_equal(entry->body, &i, sizeof i);
        assert_ptr_equal(entry, at);
        at = toc_state_next(s, key);
    }
    assert_null(at);
}

// Slots are erased and taken again for ever: the slice is rebuilt, but does not grow without need.
static void a_slice_that_churns(void **state)
{
    (void)state;
    static bool there[CROWD];
    struct toc_state *s = toc_state_new();
    uint64_t empty = toc_state_bytes(s);
    memset(there, 0, sizeof there);
    for (uint32_t n = 0; n < 60000; n++) {
        uint32_t add = n * 7 % CROWD, gone = (add + CROWD / 2) % CROWD;
        crowd_put(s, add);
        crowd_drop(s, gone);
        there[add] = true;
        there[gone] = false;
        if (n % 50 == 0)
            toc_state_commit(s);
        if (n % 7000 == 0)
            crowd_same(s, there);
    }
    toc_state_commit(s);
    uint64_t slots = CROWD / 2 * 4 / 3 * 5 / 4 + 64; // three quarters full, and a quarter more
    assert_true(toc_state_count(s) <= CROWD / 2 + 1);
    assert_true(toc_state_bytes(s) - empty < slots * 65 + (CROWD / 2 + 1024) * 16 + 128 * 64);
    for (uint32_t i = 0; i < CROWD; i++)
        crowd_drop(s, i);
    toc_state_commit(s);
    assert_int_equal(toc_state_count(s), 0);
    assert_null(toc_state_next(s, NULL));
    toc_state_free(s);
}

static void what_is_dropped_gives_its_memory_back(void **state)
{
    (void)state;
    static const uint64_t said[TOC_ENTRY_SAID];
    static const uint8_t body[300];
    struct toc_state *s = toc_state_new();
    struct toc_err err = {0};
    uint8_t key[16];
    uint64_t empty = toc_state_bytes(s);
    for (uint32_t i = 0; i < CROWD; i++) {
        crowd_key(key, i);
        assert_ok(toc_state_put(s, key, toc_slice(body, sizeof body), 0, said, &err), err);
    }
    toc_state_commit(s);
    uint64_t full = toc_state_bytes(s);
    assert_true(full - empty > CROWD * (uint64_t)(sizeof body + 64));
    for (uint32_t i = 0; i < CROWD; i++)
        crowd_drop(s, i);
    toc_state_commit(s);
    assert_true(full - toc_state_bytes(s) > CROWD * (uint64_t)sizeof body);
    toc_state_free(s);
}

// A walk goes on where it was, whatever is put or dropped on the way, and also without memory.
static void a_walk_with_changes(void **state)
{
    (void)state;
    struct toc_state *s = toc_state_new();
    uint32_t seen = 0;
    uint8_t key[16];
    for (uint32_t i = 0; i < 1000; i += 2)
        crowd_put(s, i);
    toc_state_commit(s);
    const struct toc_entry *at = toc_state_next(s, NULL);
    while (at != NULL) {
        uint32_t i;
        memcpy(&i, at->body, sizeof i);
        assert_int_equal(i, seen);
        memcpy(key, at->key, sizeof key);
        crowd_drop(s, i);
        if (i % 4 == 2 && i > 100)
            crowd_put(s, i - 101); // behind: never seen
        if (i % 100 == 98 && i + 3 < 1000)
            crowd_put(s, i + 1); // before: seen next
        seen += i % 100 == 98 && i + 3 < 1000 ? 1 : i % 2 == 1 ? 1 : 2;
        if (i % 3 == 0)
            toc_state_commit(s);
        toc_mem_fail_at(i % 5 == 0);
        at = toc_state_next(s, key);
        toc_mem_fail_at(0);
    }
    assert_int_equal(seen, 1000);
    toc_state_free(s);
}

// The sorted keys are known to be out of date however many entries came.
static void a_walk_after_insertions(void **state)
{
    (void)state;
    for (uint32_t first = 1; first < 20; first++)
        for (uint32_t more = 1; more < 60; more++) {
            struct toc_state *s = toc_state_new();
            uint32_t count = 0;
            for (uint32_t i = 0; i < first; i++)
                crowd_put(s, i);
            assert_non_null(toc_state_next(s, NULL));
            for (uint32_t i = 0; i < more; i++)
                crowd_put(s, first + i);
            const struct toc_entry *at = toc_state_next(s, NULL);
            for (; at != NULL; at = toc_state_next(s, at->key))
                count++;
            assert_int_equal(count, first + more);
            toc_state_free(s);
        }
}

// --- timers --------------------------------------------------------------------------------------

static void set_timer(struct toc_state *s, int64_t due, uint32_t i)
{
    uint8_t key[16];
    struct toc_err err = {0};
    crowd_key(key, i);
    assert_ok(toc_state_timer(s, 0, due, key, &err), err);
}

static uint32_t take_timer(struct toc_state *s, int64_t now, int64_t *due)
{
    uint8_t key[16];
    return toc_state_timer_take(s, 0, now, due, key) ? (uint32_t)key[10] << 8 | key[11]
                                                     : UINT32_MAX;
}

// What is set again and again, and what belongs to nobody, does not fill the memory.
static void timers_do_not_pile_up(void **state)
{
    (void)state;
    struct toc_state *s = toc_state_new();
    int64_t due;
    for (uint32_t i = 0; i < 10; i++)
        crowd_put(s, i);
    toc_state_commit(s);
    uint64_t before = toc_state_bytes(s);
    for (uint32_t round = 0; round < 50; round++) {
        for (uint32_t n = 0; n < 2000; n++) {
            set_timer(s, 100 + n % 5, n % 10);
            set_timer(s, round, 20 + n);
        }
        toc_state_commit(s);
        assert_true(toc_state_bytes(s) - before < (1024 + 40 + 4000) * 16);
    }
    uint32_t taken = 0, last = UINT32_MAX, i;
    while ((i = take_timer(s, INT64_MAX, &due)) != UINT32_MAX) {
        if (i == last)
            continue; // twice is allowed
        assert_int_equal(i, taken / 2 + taken % 2 * 5);
        assert_int_equal(due, 100 + taken / 2);
        last = i;
        taken++;
    }
    assert_int_equal(taken, 10);
    toc_state_free(s);
}

// What bodies of this test say of themselves: due at the time that the test keeps for all.
static toc_rc due_as_said(void *ctx, struct toc_slice body, struct toc_state_derived *out, struct toc_err *err)
{
    (void)body;
    (void)err;
    out->due[0] = *(const int64_t *)ctx;
    return TOC_OK;
}

// Who changes the time of an entry again and again, to another one each time, does not fill the memory either.
static void hints_nobody_means_go(void **state)
{
    (void)state;
    struct toc_state *s = toc_state_new();
    int64_t due, meant = 0;
    toc_state_derive_with(s, due_as_said, &meant);
    for (uint32_t i = 0; i < 10; i++)
        crowd_put(s, i);
    toc_state_commit(s);
    uint64_t before = toc_state_bytes(s);
    for (uint32_t round = 0; round < 200; round++) {
        for (uint32_t n = 0; n < 500; n++) {
            meant = 1000000 - (int64_t)round * 500 - n;
            for (uint32_t i = 0; i < 10; i++)
                set_timer(s, meant, i);
        }
        if (round % 3 == 2)
            toc_state_rollback(s); // hints are not undone
        else
            toc_state_commit(s);
        assert_true(toc_state_bytes(s) - before < (1024 + 40 + 2 * 5000) * 16);
    }
    toc_state_commit(s);
    assert_true(toc_state_bytes(s) - before < (1024 + 40) * 16);
    uint32_t seen = 0;
    for (uint32_t i; (i = take_timer(s, INT64_MAX, &due)) != UINT32_MAX;)
        if (due == meant)
            seen |= 1u << i;
    assert_int_equal(seen, (1u << 10) - 1);
    toc_state_free(s);
}

static void timers_in_order(void **state)
{
    (void)state;
    struct toc_state *s = toc_state_new();
    int64_t due = 0;
    for (uint32_t i = 0; i < 100; i++)
        crowd_put(s, i);
    for (uint32_t i = 100; i-- > 0;)
        set_timer(s, 1000 + i / 10, i);
    toc_state_commit(s);
    assert_int_equal(take_timer(s, 999, &due), UINT32_MAX);
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(take_timer(s, 1004, &due), i);
        assert_int_equal(due, 1000 + i / 10);
    }
    assert_int_equal(take_timer(s, 1004, &due), UINT32_MAX);
    crowd_drop(s, 50); // its timer goes with it
    assert_int_equal(take_timer(s, 1005, &due), 51);
    toc_state_rollback(s);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(take_timer(s, 1009, &due), i);
    toc_state_commit(s);
    toc_state_rollback(s);
    assert_int_equal(take_timer(s, INT64_MAX, &due), UINT32_MAX);
    toc_state_free(s);
}

// Two entries with one low half: a rollback between them loses neither.
static void timers_of_twins(void **state)
{
    (void)state;
    static const uint64_t said[TOC_ENTRY_SAID];
    static const uint8_t twins[2][16] = {{1, [8] = 5}, {2, [8] = 5}};
    struct toc_state *s = toc_state_new();
    struct toc_err err = {0};
    uint8_t key[16];
    int64_t due;
    for (int i = 1; i >= 0; i--)
        assert_ok(toc_state_put(s, twins[i], TOC_S("body"), 0, said, &err), err);
    assert_ok(toc_state_timer(s, 1, 10, twins[1], &err), err);
    toc_state_commit(s);
    assert_true(toc_state_timer_take(s, 1, 10, &due, key));
    assert_memory_equal(key, twins[0], 16); // a hint that means nothing
    toc_state_commit(s);
    for (int i = 0; i < 2; i++) {
        assert_true(toc_state_timer_take(s, 1, 10, &due, key));
        assert_memory_equal(key, twins[1], 16);
        toc_state_rollback(s);
    }
    assert_true(toc_state_timer_take(s, 1, 10, &due, key));
    toc_state_commit(s);
    assert_false(toc_state_timer_take(s, 1, 10, &due, key));
    toc_state_free(s);
}

// --- rows ----------------------------------------------------------------------------------------

static toc_rc stop_at_second(
        void *ctx, const char *name, struct toc_slice value, struct toc_err *err)
{
    unsigned *count = ctx;
    (void)name;
    (void)value;
    return ++*count == 2 ? toc_fail(err, TOC_E_RANGE, "enough") : TOC_OK;
}

static void rows(void **state)
{
    (void)state;
    struct toc_state *s = toc_state_new();
    struct toc_err err = {0};
    unsigned count = 0;
    assert_null(toc_state_row(s, "a").ptr);
    assert_ok(toc_state_row_drop(s, "a", &err), err);
    assert_false(toc_state_changed(s));
    assert_ok(toc_state_row_put(s, "a", TOC_S("one"), &err), err);
    assert_true(toc_state_changed(s));
    struct toc_slice first = toc_state_row(s, "a");
    assert_ok(toc_state_row_put(s, "b", TOC_S("two"), &err), err);
    assert_ok(toc_state_row_put(s, "c", TOC_S("three"), &err), err);
    assert_slice(first, "one"); // only a change of the row itself moves it
    toc_state_commit(s);
    assert_ok(toc_state_row_put(s, "a", TOC_S("a longer one"), &err), err);
    assert_ok(toc_state_row_drop(s, "a", &err), err);
    assert_ok(toc_state_row_put(s, "a", TOC_S("x"), &err), err);
    assert_ok(toc_state_row_drop(s, "b", &err), err);
    assert_ok(toc_state_row_put(s, "d", TOC_S("new"), &err), err);
    assert_slice(toc_state_row(s, "a"), "x");
    assert_null(toc_state_row(s, "b").ptr);
    uint64_t rollbacks = toc_state_rollbacks(s);
    toc_state_rollback(s);
    assert_int_equal(toc_state_rollbacks(s), rollbacks + 1);
    assert_slice(toc_state_row(s, "a"), "one");
    assert_slice(toc_state_row(s, "b"), "two");
    assert_null(toc_state_row(s, "d").ptr);
    uint64_t bytes = toc_state_bytes(s);
    for (uint64_t at = 1; at <= 2; at++) { // of the row, of its value
        toc_mem_fail_at(at);
        assert_code(toc_state_row_put(s, "e", TOC_S("new"), &err), TOC_E_MEMORY, err);
        assert_int_equal(toc_state_bytes(s), bytes);
    }
    assert_code(toc_state_rows(s, "", stop_at_second, &count, &err), TOC_E_RANGE, err);
    assert_int_equal(count, 2);
    toc_state_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(same_as_the_model),
            cmocka_unit_test(without_memory),
            cmocka_unit_test(no_state_without_memory),
            cmocka_unit_test(key_order),
            cmocka_unit_test(a_slice_that_churns),
            cmocka_unit_test(what_is_dropped_gives_its_memory_back),
            cmocka_unit_test(a_walk_with_changes),
            cmocka_unit_test(a_walk_after_insertions),
            cmocka_unit_test(timers_do_not_pile_up),
            cmocka_unit_test(hints_nobody_means_go),
            cmocka_unit_test(timers_of_twins),
            cmocka_unit_test(timers_in_order),
            cmocka_unit_test(rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
