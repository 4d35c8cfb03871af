#include "tests/support/unit.h"

#include <unistd.h>

#include "producers/runner/full_list.h"
#include "tests/unit/producers/planning.h"

struct lists {
    struct planning planning;
    char last[TOC_PATH_BYTES_MAX], next[TOC_PATH_BYTES_MAX];
};

static void setup(struct lists *l)
{
    struct toc_err err = {0};
    planning_init(&l->planning, 3);
    assert_ok(toc_path_join(l->last, l->planning.dir, "last", &err), err);
    assert_ok(toc_path_join(l->next, l->planning.dir, "next", &err), err);
}

// Publishes a whole list, given as words, and shows what is said. The new list becomes the last one.
static struct toc_full_list publish(
        struct lists *l, const char *words, bool accept, struct toc_buf *shown)
{
    struct toc_plan plan, joined;
    struct toc_full_list result;
    struct toc_err err = {0};
    char name[64];
    planning_start(&l->planning);
    for (const char *word = words; *word != '\0';
            word += strcspn(word, " ") + (strchr(word, ' ') != NULL)) {
        snprintf(name, sizeof name, "%.*s.com", (int)strcspn(word, " "), word);
        planning_say(&l->planning, name, TOC_ACTION_ASSERT);
    }
    planning_finish(&l->planning, &plan);
    assert_ok(toc_plan_init(&joined, l->planning.dir, &err), err);
    assert_ok(toc_full_list_join(&plan, l->last, l->next, accept, &joined, &result, &err), err);
    toc_buf_clear(shown);
    planning_show(&joined, shown);
    assert_int_equal(joined.observations, joined.totals.assert + joined.totals.withdraw);
    assert_int_equal(rename(l->next, l->last), 0);
    toc_plan_done(&joined);
    toc_plan_done(&plan);
    return result;
}

static bool says(const struct toc_buf *shown, const char *action, const char *word)
{
    char line[80];
    snprintf(line, sizeof line, "green %s %s.com n=1\n", action, word);
    return memmem(shown->ptr, shown->len, line, strlen(line)) != NULL;
}

static void test_withdraw(void **state)
{
    (void)state;
    struct lists l;
    struct toc_buf shown;
    setup(&l);
    toc_buf_init(&shown, 65536);
    struct toc_full_list r = publish(&l, "a b c d", false, &shown);
    assert_int_equal(r.before, 0);
    assert_int_equal(r.now, 4);
    assert_false(r.held);
    assert_true(says(&shown, "assert", "a") && says(&shown, "assert", "d"));
    r = publish(&l, "a c e f", false, &shown);
    assert_int_equal(r.missing, 2);
    assert_true(says(&shown, "withdraw", "b") && says(&shown, "withdraw", "d") &&
                says(&shown, "assert", "a"));
    assert_false(says(&shown, "withdraw", "a"));
    r = publish(&l, "a c e f", false, &shown);
    assert_int_equal(r.missing, 0); // said once, not again
    r = publish(&l, "a b c e f", false, &shown);
    assert_true(says(&shown, "assert", "b")); // and it may come back
    toc_buf_done(&shown);
    planning_done(&l.planning);
}

// The publisher empties its feed for an hour: nothing is withdrawn, and when the list is back nothing is
// missing.
static void test_shrink(void **state)
{
    (void)state;
    struct lists l;
    struct toc_buf shown;
    setup(&l);
    toc_buf_init(&shown, 65536);
    publish(&l, "a b c d", false, &shown);
    struct toc_full_list r = publish(&l, "x", false, &shown);
    assert_true(r.held);
    assert_int_equal(r.missing, 4);
    assert_false(says(&shown, "withdraw", "a"));
    assert_true(says(&shown, "assert", "x"));
    r = publish(&l, "", false, &shown);
    assert_true(r.held);
    assert_int_equal(r.before, 5); // what was held and what came meanwhile
    assert_int_equal(shown.len, 0);
    r = publish(&l, "a b c d", false, &shown);
    assert_false(r.held);
    assert_true(says(&shown, "withdraw", "x"));
    // Half is not more than half.
    r = publish(&l, "a b", false, &shown);
    assert_false(r.held);
    assert_true(says(&shown, "withdraw", "c"));
    // Accepted by name.
    r = publish(&l, "", true, &shown);
    assert_false(r.held);
    assert_true(says(&shown, "withdraw", "a") && says(&shown, "withdraw", "b"));
    toc_buf_done(&shown);
    planning_done(&l.planning);
}

// What the new list itself withdraws or refutes is not on it, and is said once.
static void test_own_withdrawals(void **state)
{
    (void)state;
    struct lists l;
    struct toc_buf shown;
    struct toc_plan plan, joined;
    struct toc_full_list r;
    struct toc_err err = {0};
    setup(&l);
    toc_buf_init(&shown, 65536);
    publish(&l, "a b", false, &shown);
    planning_start(&l.planning);
    planning_say(&l.planning, "a.com", TOC_ACTION_WITHDRAW);
    planning_say(&l.planning, "b.com", TOC_ACTION_ASSERT);
    planning_say(&l.planning, "b.com", TOC_ACTION_SIGHT);
    planning_finish(&l.planning, &plan);
    assert_ok(toc_plan_init(&joined, l.planning.dir, &err), err);
    assert_ok(toc_full_list_join(&plan, l.last, NULL, false, &joined, &r, &err), err);
    assert_int_equal(joined.totals.withdraw, 1);
    assert_int_equal(joined.totals.sight, 1);
    assert_int_equal(joined.observations, 3);
    assert_int_equal(access(l.next, F_OK), -1); // a dry run writes no list
    toc_plan_done(&joined);
    toc_plan_done(&plan);
    toc_buf_done(&shown);
    planning_done(&l.planning);
}

// Another marking is another statement: the old one is withdrawn.
static void test_marking(void **state)
{
    (void)state;
    struct lists l;
    struct toc_buf shown;
    struct toc_plan plan, joined;
    struct toc_full_list r;
    struct toc_err err = {0};
    setup(&l);
    toc_buf_init(&shown, 65536);
    publish(&l, "a", false, &shown);
    struct toc_observation amber = planning_domain("a.com", TOC_ACTION_ASSERT);
    planning_start(&l.planning);
    planning_add(&l.planning, TOC_MARKING_AMBER, &amber);
    planning_finish(&l.planning, &plan);
    assert_ok(toc_plan_init(&joined, l.planning.dir, &err), err);
    assert_ok(toc_full_list_join(&plan, l.last, l.next, false, &joined, &r, &err), err);
    toc_buf_clear(&shown);
    planning_show(&joined, &shown);
    assert_slice(toc_buf_slice(&shown), "green withdraw a.com n=1\namber assert a.com n=1\n");
    toc_plan_done(&joined);
    toc_plan_done(&plan);
    toc_buf_done(&shown);
    planning_done(&l.planning);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_withdraw),
            cmocka_unit_test(test_shrink),
            cmocka_unit_test(test_own_withdrawals),
            cmocka_unit_test(test_marking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
