#include "tests/support/unit.h"

#include "lib/bus/guard.h"
#include "lib/bus/record.h"

// One delivered offset and what the guard must say of it; next = what it expects afterwards.
struct step {
    int64_t offset;
    enum toc_guard_says says;
    int64_t next;
};

static void walk(int64_t start, bool check_gaps, const struct step *steps, size_t count)
{
    struct toc_guard guard = toc_guard_at(start);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(toc_guard_see(&guard, steps[i].offset, check_gaps), steps[i].says);
        assert_int_equal(guard.next, steps[i].next);
    }
}

#define WALK(start, check_gaps, ...)                                                               \
    walk((start), (check_gaps), (const struct step[]){__VA_ARGS__},                                \
            sizeof((const struct step[]){__VA_ARGS__}) / sizeof(struct step))

static void records_in_order_pass(void **state)
{
    (void)state;
    WALK(5, true, {5, TOC_GUARD_PASS, 6}, {6, TOC_GUARD_PASS, 7});
    WALK(0, false, {0, TOC_GUARD_PASS, 1}, {1, TOC_GUARD_PASS, 2});
}

static void what_was_delivered_before_is_dropped(void **state)
{
    (void)state;
    WALK(5, true, {5, TOC_GUARD_PASS, 6}, {2, TOC_GUARD_DROP, 6}, {5, TOC_GUARD_DROP, 6},
            {6, TOC_GUARD_PASS, 7});
}

static void without_a_start_the_first_record_decides(void **state)
{
    (void)state;
    WALK(TOC_OFFSET_BEGINNING, true, {40, TOC_GUARD_PASS, 41}, {39, TOC_GUARD_DROP, 41});
}

static void a_gap_is_asked_for_once_and_then_believed(void **state)
{
    (void)state;
    // genuine: the same first offset comes again
    WALK(5, true, {8, TOC_GUARD_AGAIN, 5}, {8, TOC_GUARD_PASS, 9}, {9, TOC_GUARD_PASS, 10});
    // lost by the client: asking again brings it
    WALK(5, true, {8, TOC_GUARD_AGAIN, 5}, {5, TOC_GUARD_PASS, 6}, {6, TOC_GUARD_PASS, 7},
            {7, TOC_GUARD_PASS, 8}, {8, TOC_GUARD_PASS, 9});
    // the second answer is another gap: asked again too
    WALK(5, true, {8, TOC_GUARD_AGAIN, 5}, {6, TOC_GUARD_AGAIN, 5}, {6, TOC_GUARD_PASS, 7},
            {8, TOC_GUARD_AGAIN, 7}, {8, TOC_GUARD_PASS, 9});
    // not checked: believed at once
    WALK(5, false, {8, TOC_GUARD_PASS, 9}, {5, TOC_GUARD_DROP, 9});
}

static void an_end_moves_it_forward_only(void **state)
{
    (void)state;
    struct toc_guard guard = toc_guard_at(TOC_OFFSET_BEGINNING);
    toc_guard_past(&guard, 7);
    assert_int_equal(guard.next, 7);
    toc_guard_past(&guard, 3);
    assert_int_equal(guard.next, 7);
    assert_int_equal(toc_guard_see(&guard, 9, true), TOC_GUARD_AGAIN);
    toc_guard_past(&guard, 9);
    assert_int_equal(toc_guard_see(&guard, 9, true), TOC_GUARD_PASS);
}

// Plays the broker: the bad batch covers [base, behind), the log ends at `end`. Returns how many probes it
// took.
static int search(int64_t base, int64_t behind, int64_t end)
{
    struct toc_skip skip;
    int probes = 0;
    int64_t at = toc_skip_begin(&skip, base, end);
    while (at >= 0) {
        assert_true(skip.active);
        assert_true(at > base && at < end);
        assert_true(++probes < 200);
        at = toc_skip_learn(&skip, at < behind);
    }
    assert_false(skip.active);
    assert_int_equal(skip.high, behind);
    return probes;
}

static void the_end_of_a_bad_batch_is_found_exactly(void **state)
{
    (void)state;
    for (int64_t size = 1; size <= 70; size++)
        for (int64_t more = 0; more <= 70; more++)
            search(1000, 1000 + size, 1000 + size + more);
    assert_int_equal(search(5, 6, 6), 0);          // the last record of the log
    assert_int_equal(search(5, 6, 1000000000), 1); // one record: the next one is good
    assert_true(search(0, 1000000, INT64_MAX) <= 60);
    assert_true(search(INT64_C(1) << 60, (INT64_C(1) << 60) + 3, INT64_MAX) <= 5);
    struct toc_skip skip; // an end that lags behind what was delivered
    assert_int_equal(toc_skip_begin(&skip, 9, 4), -1);
    assert_int_equal(skip.high, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(records_in_order_pass),
            cmocka_unit_test(what_was_delivered_before_is_dropped),
            cmocka_unit_test(without_a_start_the_first_record_decides),
            cmocka_unit_test(a_gap_is_asked_for_once_and_then_believed),
            cmocka_unit_test(an_end_moves_it_forward_only),
            cmocka_unit_test(the_end_of_a_bad_batch_is_found_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
