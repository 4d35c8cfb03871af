#include "tests/support/unit.h"

#include "lib/indicator/limits.h"
#include "tests/unit/producers/planning.h"

static struct toc_buf encoded(const struct toc_observation *obs)
{
    struct toc_buf bytes;
    toc_buf_init(&bytes, TOC_SORT_ENTRY_BYTES_MAX);
    toc_entry_put(obs, &bytes);
    assert_false(bytes.failed);
    return bytes;
}

static struct toc_buf merged(const struct toc_buf *older, const struct toc_buf *newer)
{
    struct toc_arena arena;
    struct toc_buf out;
    struct toc_err err = {0};
    toc_arena_init(&arena, TOC_ENTRY_ARENA_BYTES);
    toc_buf_init(&out, TOC_SORT_ENTRY_BYTES_MAX);
    assert_ok(toc_entry_merge(&arena, toc_buf_slice(older), toc_buf_slice(newer), &out, &err), err);
    toc_arena_done(&arena);
    return out;
}

static void test_merge(void **state)
{
    (void)state;
    struct toc_slice old_tags[] = {TOC_S("a"), TOC_S("b")}, new_tags[] = {TOC_S("b"), TOC_S("c")};
    struct toc_observation a = planning_domain("x.com", TOC_ACTION_ASSERT), b = a, got;
    a.confidence = 90;
    a.first_seen = 200;
    a.last_seen = 900;
    a.count = 5;
    a.severity = TOC_SEVERITY_HIGH;
    a.tags = old_tags;
    a.tags_count = 2;
    a.description = TOC_S("old");
    b.confidence = 40;
    b.first_seen = 100;
    b.last_seen = 300;
    b.valid_until = 777;
    b.count = 2;
    b.tags = new_tags;
    b.tags_count = 2;
    struct toc_buf x = encoded(&a), y = encoded(&b), m = merged(&x, &y);
    struct toc_arena arena;
    struct toc_err err = {0};
    toc_arena_init(&arena, TOC_ENTRY_ARENA_BYTES);
    assert_ok(toc_entry_get(toc_buf_slice(&m), &arena, &got, &err), err);
    assert_int_equal(got.confidence, 40);
    assert_int_equal(got.first_seen, 100);
    assert_int_equal(got.last_seen, 900);
    assert_int_equal(got.count, 5);
    assert_int_equal(got.severity, TOC_SEVERITY_HIGH);
    assert_int_equal(got.valid_until, 777);
    assert_slice(got.description, "old");
    assert_int_equal(got.tags_count, 3);
    assert_slice(got.tags[0], "a");
    assert_slice(got.tags[2], "c");
    toc_arena_done(&arena);
    toc_buf_done(&x);
    toc_buf_done(&y);
    toc_buf_done(&m);
}

// A statement of pseudo-random fields.
static struct toc_observation any(uint32_t *seed, struct toc_slice *tags, char (*names)[8])
{
    struct toc_observation obs = planning_domain("x.com", TOC_ACTION_ASSERT);
#define NEXT(n) ((*seed = *seed * 1103515245u + 12345u) >> 16) % (n)
    obs.action = NEXT(2) == 0 ? TOC_ACTION_ASSERT : TOC_ACTION_WITHDRAW;
    obs.confidence = (int32_t)(NEXT(101));
    obs.first_seen = NEXT(4);
    obs.last_seen = NEXT(4);
    obs.valid_until = NEXT(3);
    obs.count = (int32_t)(1 + NEXT(5));
    obs.severity = (enum toc_severity)(NEXT(TOC_SEVERITY_COUNT));
    obs.tags_count = NEXT(TOC_OBSERVATION_TAGS_MAX + 1);
    for (size_t i = 0; i < obs.tags_count; i++) {
        snprintf(names[i], 8, "t%u", (unsigned)(NEXT(90)));
        tags[i] = toc_slice_of(names[i]);
    }
#undef NEXT
    obs.tags = tags;
    return obs;
}

// (a, b), c and a, (b, c) are the same bytes: the sorter groups as it happens to.
static void test_associative(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int round = 0; round < 500; round++) {
        struct toc_buf bytes[3];
        for (size_t i = 0; i < 3; i++) {
            struct toc_slice tags[TOC_OBSERVATION_TAGS_MAX];
            char names[TOC_OBSERVATION_TAGS_MAX][8];
            struct toc_observation obs = any(&seed, tags, names);
            bytes[i] = encoded(&obs);
        }
        struct toc_buf ab = merged(&bytes[0], &bytes[1]), bc = merged(&bytes[1], &bytes[2]);
        struct toc_buf left = merged(&ab, &bytes[2]), right = merged(&bytes[0], &bc);
        assert_slices_equal(toc_buf_slice(&left), toc_buf_slice(&right));
        struct toc_buf *all[] = {&bytes[0], &bytes[1], &bytes[2], &ab, &bc, &left, &right};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            toc_buf_done(all[i]);
    }
}

// What is said twice becomes one; the last stance counts; sightings and hits add up beside it.
static void test_duplicates(void **state)
{
    (void)state;
    struct planning p;
    struct toc_plan plan;
    struct toc_buf shown;
    planning_init(&p, 1);
    planning_start(&p);
    planning_say(&p, "x.com", TOC_ACTION_ASSERT);
    planning_say(&p, "x.com", TOC_ACTION_SIGHT);
    planning_say(&p, "x.com", TOC_ACTION_ASSERT);
    planning_say(&p, "x.com", TOC_ACTION_HIT);
    planning_say(&p, "x.com", TOC_ACTION_SIGHT);
    planning_say(&p, "x.com", TOC_ACTION_WITHDRAW);
    struct toc_observation amber = planning_domain("x.com", TOC_ACTION_ASSERT);
    planning_add(&p, TOC_MARKING_AMBER, &amber);
    planning_finish(&p, &plan);
    toc_buf_init(&shown, 4096);
    planning_show(&plan, &shown);
    assert_slice(toc_buf_slice(&shown), "green withdraw x.com n=1\ngreen sight x.com n=2\ngreen "
                                        "hit x.com n=1\namber assert x.com n=1\n");
    assert_int_equal(plan.observations, 4);
    assert_int_equal(plan.segments, 2);
    assert_int_equal(plan.totals.withdraw, 1);
    assert_int_equal(plan.totals.sight, 1);
    assert_int_equal(plan.totals.hit, 1);
    assert_int_equal(plan.totals.assert, 1);
    toc_buf_done(&shown);
    toc_plan_done(&plan);
    planning_done(&p);
}

static void test_key(void **state)
{
    (void)state;
    uint8_t indicator[TOC_KEY_BYTES], key[TOC_SORT_KEY_BYTES], other[TOC_SORT_KEY_BYTES];
    memset(indicator, 7, sizeof indicator);
    toc_entry_key(0x01020304, TOC_MARKING_AMBER, indicator, TOC_ACTION_HIT, key);
    assert_int_equal(toc_entry_partition(key), 0x01020304);
    assert_int_equal(toc_entry_marking(key), TOC_MARKING_AMBER);
    assert_memory_equal(key + 5, indicator, sizeof indicator);
    // Assert and refute are one stance; a hit is none.
    toc_entry_key(0x01020304, TOC_MARKING_AMBER, indicator, TOC_ACTION_REFUTE, other);
    assert_memory_equal(key, other, TOC_ENTRY_SAME_BYTES);
    assert_memory_not_equal(key, other, sizeof key);
    toc_entry_key(0x01020304, TOC_MARKING_AMBER, indicator, TOC_ACTION_ASSERT, key);
    assert_memory_equal(key, other, sizeof key);
}

static void test_broken(void **state)
{
    (void)state;
    struct toc_arena arena;
    struct toc_observation obs;
    struct toc_err err = {0};
    toc_arena_init(&arena, TOC_ENTRY_ARENA_BYTES);
    assert_code(toc_entry_get(TOC_S("\xff\xff\xff"), &arena, &obs, &err), TOC_E_STATE, err);
    toc_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_merge),
            cmocka_unit_test(test_associative),
            cmocka_unit_test(test_duplicates),
            cmocka_unit_test(test_key),
            cmocka_unit_test(test_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
