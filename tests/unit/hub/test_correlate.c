// Correlations are a function of the set of indicators that have a pivot: the same bytes for any order, any
// repetition, any batch, abort or restart; and they are what a plain count over the whole set gives.
#include "tests/unit/hub/correlate_run.h"

#include <limits.h>

#include "lib/base/digest.h"
#include "lib/indicator/step.h"

// --- the worlds --------------------------------------------------------------------------------------

static void new_world(struct world *w, uint64_t seed, int pivots, int indicators, bool crowded)
{
    *w = (struct world){.random = seed * 0x9e3779b97f4a7c15u + 1, .pivot_count = pivots, .indicator_count = indicators};
    w->log = toc_mem_alloc(RECORDS_MAX, sizeof *w->log);
    assert_non_null(w->log);
    for (int i = 0; i < indicators; i++) {
        uint8_t digest[32];
        toc_sha256(&i, sizeof i, digest);
        memcpy(w->indicators[i], digest, 16);
        if (crowded) // many leading digits in common: deep trees
            memset(w->indicators[i], 0x77, 3);
    }
}

static void say(struct world *w, struct fact fact)
{
    assert_true(w->count < RECORDS_MAX);
    fact.offset = (int64_t)w->count;
    w->log[w->count++] = fact;
}

static struct fact random_fact(struct world *w)
{
    // A crowd gathers at pivot 0; the rest is thin.
    int pivot = random_below(w, 3) != 0 ? 0 : (int)random_below(w, (uint64_t)w->pivot_count);
    return (struct fact){
            .pivot = pivot,
            .indicator = (int)random_below(w, pivot == 0 ? (uint64_t)w->indicator_count : 40),
            .present = random_below(w, 4) != 0,
            .tick = 1700000000000 + (int64_t)random_below(w, 400) * TOC_MS_HOUR,
            .organisations = plain_step((size_t)random_below(w, 20)),
    };
}

static const struct way ways[] = {
        {.batch = 1},
        {.batch = 7, .repeat = 3},
        {.batch = 20, .restart = 3},
        {.batch = 1, .reverse = true},
        {.batch = 5, .shuffle = true, .repeat = 1},
        {.batch = 16, .shuffle = true, .abort = 2, .repeat = 2},
        {.batch = 3, .shuffle = true, .restart = 50, .abort = 5},
        {.batch = 64, .restart = 1, .abort = 1, .reverse = true},
};

static void any_way_gives_what_a_plain_count_gives(void **state)
{
    (void)state;
    static struct world w;
    static struct run run;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        new_world(&w, seed, 20, seed % 2 == 0 ? 60 : 900, seed % 4 == 0);
        for (int i = 0; i < 3000; i++)
            say(&w, random_fact(&w));
        UNIT_EACH(const struct way, way, ways)
        {
            begin(&run, TOC_PIVOTS_REMEMBERED);
            run_all(&run, &w, way);
            compare(&run, &w);
            end(&run);
        }
        toc_mem_free(w.log);
    }
}

// A prefix of the log is a set, too: each moment's picture is right, not only the last.
static void every_moment_is_right(void **state)
{
    (void)state;
    static struct world w;
    static struct run run;
    const struct way way = {.batch = 1};
    new_world(&w, 99, 3, 200, true);
    begin(&run, TOC_PIVOTS_REMEMBERED);
    for (int i = 0; i < 1500; i++) {
        say(&w, random_fact(&w));
        const struct fact *fact = &w.log[w.count - 1];
        transaction(&run, &w, &fact, 1, &way, 1);
        if (i % 10 == 0)
            compare(&run, &w);
    }
    end(&run);
    toc_mem_free(w.log);
}

// Written at two, then as long as one of the first 64 changes, then at steps only.
static void a_long_list_is_written_at_its_steps(void **state)
{
    (void)state;
    static struct world w;
    static struct run run;
    const struct way way = {.batch = 1};
    new_world(&w, 1, 1, 2000, false);
    for (int i = 0; i < 2000; i++)
        say(&w, (struct fact){.indicator = i, .present = true, .tick = 1700000000000 + i, .organisations = 1});
    begin(&run, TOC_PIVOTS_REMEMBERED);
    run_all(&run, &w, &way);
    compare(&run, &w);
    // 2 to 64 one by one; then 128, 256, 512, 1024; at most one day's end lies in these two seconds.
    assert_in_range(run.published, 63 + 4, 63 + 4 + 1);
    end(&run);
    toc_mem_free(w.log);
}

// The ends of a long list go one by one: who follows is found each time.
static void the_first_and_the_newest_are_followed_by_the_next(void **state)
{
    (void)state;
    enum { MANY = 200 };
    static struct world w;
    static struct run run;
    const struct way way = {.batch = 1};
    new_world(&w, 4, 1, MANY, false);
    begin(&run, TOC_PIVOTS_REMEMBERED);
    for (int i = 0; i < MANY; i++)
        say(&w, (struct fact){.indicator = i, .present = true, .tick = 1700000000000 + i * TOC_MS_DAY, .organisations = 1});
    run_all(&run, &w, &way);
    for (int i = 0; i < MANY - 1; i++) {
        const struct fact *fact = &w.log[w.count];
        say(&w, (struct fact){.indicator = i % 2 == 0 ? i / 2 : MANY - 1 - i / 2});
        transaction(&run, &w, &fact, 1, &way, 1);
        compare(&run, &w);
    }
    end(&run);
    toc_mem_free(w.log);
}

// One more posting on a list of tens of thousands costs what it costs on a short one.
static void one_change_is_bounded_work(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    static struct world w;
    static struct run run;
    struct toc_err err = {0};
    const struct way way = {.batch = 1, .restart = UINT_MAX};
    new_world(&w, 1, 1, 1, false);
    begin(&run, TOC_PIVOTS_REMEMBERED);
    for (int i = 0; i < MANY; i++) {
        uint8_t digest[32];
        struct fact fact = {.present = true, .tick = 1700000000000 + i % 100, .organisations = 1, .offset = i};
        const struct fact *one = &fact;
        toc_sha256(&i, sizeof i, digest);
        memcpy(w.indicators[0], digest, 16);
        transaction(&run, &w, &one, 1, &way, 1);
        toc_buf_clear(&run.log);
    }
    for (int i = 0; i < 2; i++) { // one that is not listed changes, then one that is goes
        struct fact fact = {.present = i == 0, .tick = 1700000000000 + 99, .organisations = 3, .offset = MANY + i};
        step_at(&run, &w, &fact, run.next++);
        publish_now(&run);
        toc_buf_clear(&run.log);
        assert_ok(toc_state_blocks(run.state, run.next, keep_block, &run, &err), err);
        // The sweep doubles what changed.
        assert_in_range(run.log.len, 1, 2 * 5 * 4000);
        toc_state_commit(run.state);
        keep_pending(&run);
    }
    end(&run);
    toc_mem_free(w.log);
}

// What was taken back is forgotten after so many records, trees shrink, and in the end nothing is left.
static void what_is_gone_leaves_nothing(void **state)
{
    (void)state;
    enum { MANY = 700, REMEMBERED = 50 };
    static struct world w;
    static struct run run;
    UNIT_EACH(const struct way, way, ways)
    {
        if (way->shuffle || way->reverse)
            continue; // what comes later than it is remembered is not promised anything
        new_world(&w, 5, 2, MANY, true);
        begin(&run, REMEMBERED);
        for (int i = 0; i < MANY; i++)
            say(&w, (struct fact){.indicator = i, .present = true, .tick = 5, .organisations = 1});
        for (int i = 0; i < MANY; i++)
            say(&w, (struct fact){.indicator = (i * 37) % MANY, .tick = 5, .organisations = 1});
        for (int i = 0; i < 3 * REMEMBERED; i++) // time goes on elsewhere
            say(&w, (struct fact){.pivot = 1, .indicator = 0, .present = true, .tick = 5, .organisations = 1});
        run_all(&run, &w, way);
        compare(&run, &w);
        assert_int_equal(run.kept_count, 1);
        assert_int_equal(run.kept[0].value.len, 0);
        assert_int_equal(toc_state_count(run.state), 1);
        end(&run);
        toc_mem_free(w.log);
    }
}

static void what_comes_again_changes_nothing(void **state)
{
    (void)state;
    static struct world w;
    static struct run run;
    new_world(&w, 1, 1, 1, false);
    begin(&run, 10);
    const struct fact facts[] = {{.present = true, .tick = 1, .offset = 5}, {.present = true, .tick = 2, .offset = 5},
            {.present = false, .offset = 4}};
    step_at(&run, &w, &facts[0], 0);
    toc_state_commit(run.state);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        step_at(&run, &w, &facts[i], 1);
    assert_false(toc_state_changed(run.state));
    assert_int_equal(toc_correlate_totals(run.correlate)->repeated, 3);
    end(&run);
    toc_mem_free(w.log);
}

static void what_is_no_pivot_is_left_out(void **state)
{
    (void)state;
    static struct world w;
    static struct run run;
    struct toc_err err = {0};
    struct toc_buf value;
    uint8_t key[16];
    toc_buf_init(&value, 4096);
    new_world(&w, 1, 1, 1, false);
    const struct fact fact = {.present = true, .tick = 1};
    put_record(&w, &fact, key, &value);
    begin(&run, 10);
    const struct toc_slice whole = toc_buf_slice(&value);
    const struct toc_correlate_input bad[] = {
            {.key = toc_slice(key, 16), .value = toc_slice_sub(whole, 0, whole.len - 1)},
            {.key = toc_slice(key, 15), .value = whole},
            {.key = TOC_S("0123456789abcdef"), .value = whole}, // not this pivot's key
            {.key = toc_slice(key, 16)},
    };
    UNIT_EACH(const struct toc_correlate_input, input, bad)
        assert_ok(toc_correlate_step(run.correlate, input, &err), err);
    publish_now(&run);
    assert_int_equal(toc_correlate_totals(run.correlate)->unreadable, sizeof bad / sizeof *bad);
    assert_int_equal(toc_state_count(run.state), 0);
    end(&run);
    toc_buf_done(&value);
    toc_mem_free(w.log);
}

// A step that runs out of memory says so, and after the rollback all is as before.
static void without_memory_nothing_half_done_stays(void **state)
{
    (void)state;
    static struct world w;
    static struct run run;
    const struct way way = {.batch = 1};
    new_world(&w, 3, 1, 65, true);
    for (int i = 0; i < 65; i++)
        say(&w, (struct fact){.indicator = i, .present = true, .tick = 7, .organisations = 1});
    begin(&run, 10);
    w.count = 64; // the next one splits the list
    run_all(&run, &w, &way);
    w.count = 65;
    bool failed = true;
    for (uint64_t nth = 1; failed; nth++) {
        struct toc_err err = {0};
        struct toc_buf value;
        uint8_t key[16];
        toc_buf_init(&value, 4096);
        put_record(&w, &w.log[64], key, &value);
        const struct toc_correlate_input input = {
                .offset = run.next, .key = toc_slice(key, 16), .value = toc_buf_slice(&value)};
        toc_mem_fail_at(nth);
        toc_rc rc = toc_correlate_step(run.correlate, &input, &err);
        if (!toc_failed(rc))
            rc = toc_correlate_publish(run.correlate, keep, &run, &err);
        toc_mem_fail_at(0);
        failed = toc_failed(rc);
        if (failed) {
            assert_code(rc, TOC_E_MEMORY, err);
            assert_int_equal(err.fate, TOC_FATE_FATAL);
            toc_state_rollback(run.state);
            drop_pending(&run);
        }
        toc_buf_done(&value);
        assert_true(nth < 10000);
    }
    toc_state_commit(run.state);
    keep_pending(&run);
    compare(&run, &w);
    end(&run);
    toc_mem_free(w.log);
}

static void logarithms_and_steps(void **state)
{
    (void)state;
    assert_int_equal(toc_log2_16(0), 0);
    for (int64_t n = 1; n < 100000; n += 1 + n / 50)
        assert_int_equal(toc_log2_16(n), (int)floor(16 * log2((double)n) + 1e-12));
    for (int k = 0; k < 62; k++)
        assert_int_equal(toc_log2_16(INT64_C(1) << k), 16 * k);
    for (int32_t n = 0; n < 5000; n++)
        assert_int_equal(toc_step(n), plain_step((size_t)n));
    assert_int_equal(toc_step(-5), 0);
    assert_int_equal(toc_step(INT64_MAX), 1 << 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(logarithms_and_steps),
            cmocka_unit_test(any_way_gives_what_a_plain_count_gives),
            cmocka_unit_test(every_moment_is_right),
            cmocka_unit_test(a_long_list_is_written_at_its_steps),
            cmocka_unit_test(the_first_and_the_newest_are_followed_by_the_next),
            cmocka_unit_test(one_change_is_bounded_work),
            cmocka_unit_test(what_is_gone_leaves_nothing),
            cmocka_unit_test(what_comes_again_changes_nothing),
            cmocka_unit_test(what_is_no_pivot_is_left_out),
            cmocka_unit_test(without_memory_nothing_half_done_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
