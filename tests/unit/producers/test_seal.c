#include "tests/support/unit.h"

#include "lib/base/mem.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/segment.h"
#include "producers/runner/seal.h"
#include "tests/unit/producers/planning.h"

#define PARTITIONS 3
#define SEALED_MAX 64

// Everything sealed, opened again.
struct sealed_list {
    struct toc_buf values[SEALED_MAX];
    struct toc_segment segments[SEALED_MAX];
    struct toc_arena arena;
    size_t count;
    struct toc_verifier *verifier;
    size_t fail_at; // the sink fails at this segment; SIZE_MAX = never
};

static toc_rc collect(void *ctx, const struct toc_sealed *sealed, struct toc_err *err)
{
    struct sealed_list *list = ctx;
    struct toc_signed_segment s;
    struct toc_slice payload;
    if (list->count == list->fail_at)
        return toc_fail(err, TOC_E_IO, "as asked");
    struct toc_buf *value = &list->values[list->count];
    toc_buf_init(value, TOC_SEGMENT_VALUE_BYTES_MAX);
    toc_buf_put_slice(value, sealed->value);
    assert_int_equal(toc_signed_open(toc_buf_slice(value), &list->arena, &s), TOC_REFUSAL_NONE);
    assert_int_equal(toc_signed_verify(toc_buf_slice(value), list->verifier), TOC_REFUSAL_NONE);
    assert_int_equal(toc_signed_payload(&s, NULL, NULL, &payload), TOC_REFUSAL_NONE);
    struct toc_segment *segment = &list->segments[list->count++];
    assert_ok(toc_segment_get(payload, &list->arena, segment, err), *err);
    assert_int_equal(segment->observations_count, s.observations);
    assert_int_equal(sealed->observations, s.observations);
    assert_int_equal(sealed->partition, segment->partition);
    assert_int_equal(sealed->index, segment->index);
    return TOC_OK;
}

static struct toc_key *test_key(void)
{
    static const uint8_t seed[32] = {9};
    struct toc_key *key = NULL;
    struct toc_err err = {0};
    assert_ok(toc_key_of_seed(seed, &key, &err), err);
    return key;
}

static void list_init(struct sealed_list *list, const struct toc_key *key)
{
    struct toc_err err = {0};
    *list = (struct sealed_list){.fail_at = SIZE_MAX};
    toc_arena_init(&list->arena, (size_t)64 * 1024 * 1024);
    assert_ok(toc_verifier_new(toc_key_public(key), &list->verifier, &err), err);
}

static void list_done(struct sealed_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        toc_buf_done(&list->values[i]);
    toc_arena_done(&list->arena);
    toc_verifier_free(list->verifier);
}

static struct toc_seal_head head_of(int64_t seq)
{
    return (struct toc_seal_head){.deployment = {1},
            .writer = {2},
            .member = TOC_S("m"),
            .feed = TOC_S("f"),
            .agreement = TOC_S(""),
            .seq = seq,
            .created = 1000,
            .partitions = PARTITIONS};
}

static void add_many(struct planning *p, size_t count, const char *prefix)
{
    char name[64];
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s%zu.example.com", prefix, i);
        planning_say(p, name, TOC_ACTION_ASSERT);
    }
}

// Segments hold what was planned, each once, in its partition; they are numbered, chained and counted.
static void check_list(const struct sealed_list *list, size_t observations, int64_t seq,
        const struct toc_position *before)
{
    struct toc_position last[PARTITIONS];
    size_t sum = 0;
    memcpy(last, before, sizeof last);
    for (size_t i = 0; i < list->count; i++) {
        const struct toc_segment *s = &list->segments[i];
        struct toc_position *previous = &last[s->partition];
        assert_int_equal(s->index, i);
        assert_int_equal(s->count, list->count);
        assert_int_equal(s->seq, seq);
        assert_int_equal(s->totals.assert, observations);
        assert_int_equal(s->previous == NULL, previous->seq == 0);
        if (s->previous != NULL) {
            assert_int_equal(s->previous->seq, previous->seq);
            assert_int_equal(s->previous->index, previous->index);
        }
        *previous = (struct toc_position){.seq = seq, .index = s->index};
        for (size_t k = 0; k < s->observations_count; k++) {
            uint8_t key[TOC_KEY_BYTES];
            toc_indicator_key(s->observations[k].kind, s->observations[k].value, key);
            assert_int_equal(toc_key_partition(key, PARTITIONS), s->partition);
        }
        sum += s->observations_count;
    }
    assert_int_equal(sum, observations);
}

static void test_seal(void **state)
{
    (void)state;
    struct planning p;
    struct toc_plan plan;
    struct sealed_list list;
    struct toc_key *key = test_key();
    struct toc_position positions[PARTITIONS] = {{0}}, none[PARTITIONS] = {{0}}, first[PARTITIONS];
    struct toc_err err = {0};
    planning_init(&p, PARTITIONS);
    for (int64_t seq = 1; seq <= 2; seq++) {
        struct toc_seal_head head = head_of(seq);
        struct toc_seal_sink sink = {collect, &list};
        list_init(&list, key);
        planning_start(&p);
        add_many(&p, 7000, "host");
        planning_finish(&p, &plan);
        memcpy(first, positions, sizeof first);
        assert_ok(toc_seal_plan(&plan, &head, key, NULL, positions, &sink, &err), err);
        assert_int_equal(list.count, plan.segments);
        assert_in_range(list.count, 8, 10);
        check_list(&list, 7000, seq, seq == 1 ? none : first);
        toc_plan_done(&plan);
        list_done(&list);
    }
    toc_key_free(key);
    planning_done(&p);
}

// Exactly 1,000 make one segment, one more makes two.
static void test_cut_by_count(void **state)
{
    (void)state;
    struct planning p;
    struct toc_plan plan;
    planning_init(&p, 1);
    for (size_t more = 0; more < 2; more++) {
        planning_start(&p);
        add_many(&p, TOC_SEGMENT_OBSERVATIONS_MAX + more, "h");
        planning_finish(&p, &plan);
        assert_int_equal(plan.segments, 1 + more);
        toc_plan_done(&plan);
    }
    planning_done(&p);
}

// Large statements: every payload stays below 512 KiB.
static void test_cut_by_bytes(void **state)
{
    (void)state;
    struct planning p;
    struct toc_plan plan;
    struct sealed_list list;
    struct toc_key *key = test_key();
    struct toc_position positions[PARTITIONS] = {{0}}, none[PARTITIONS] = {{0}};
    struct toc_seal_head head = head_of(1);
    struct toc_seal_sink sink = {collect, &list};
    struct toc_err err = {0};
    char description[TOC_DESCRIPTION_BYTES_MAX], name[64];
    memset(description, 'd', sizeof description);
    planning_init(&p, PARTITIONS);
    planning_start(&p);
    for (size_t i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "h%zu.example.com", i);
        struct toc_observation obs = planning_domain(name, TOC_ACTION_ASSERT);
        obs.description = toc_slice(description, sizeof description);
        planning_add(&p, TOC_MARKING_GREEN, &obs);
    }
    planning_finish(&p, &plan);
    list_init(&list, key);
    assert_ok(toc_seal_plan(&plan, &head, key, NULL, positions, &sink, &err), err);
    check_list(&list, 5000, 1, none);
    assert_true(list.count >= 5000 * sizeof description / TOC_SEGMENT_BYTES_MAX);
    for (size_t i = 0; i < list.count; i++)
        assert_true(list.values[i].len <= TOC_SEGMENT_VALUE_BYTES_MAX);
    list_done(&list);
    toc_plan_done(&plan);
    toc_key_free(key);
    planning_done(&p);
}

// The same plan twice gives the same bytes, compressed or not.
static void test_same_bytes(void **state)
{
    (void)state;
    struct planning p;
    struct toc_plan plan;
    struct sealed_list lists[2];
    struct toc_key *key = test_key();
    struct toc_seal_head head = head_of(5);
    struct toc_err err = {0};
    planning_init(&p, PARTITIONS);
    for (size_t i = 0; i < 2; i++) {
        struct toc_position positions[PARTITIONS] = {{.seq = 4, .index = 1}};
        struct toc_seal_sink sink = {collect, &lists[i]};
        list_init(&lists[i], key);
        planning_start(&p);
        add_many(&p, 100, "h");
        planning_finish(&p, &plan);
        assert_ok(toc_seal_plan(&plan, &head, key, NULL, positions, &sink, &err), err);
        toc_plan_done(&plan);
    }
    assert_int_equal(lists[0].count, lists[1].count);
    for (size_t i = 0; i < lists[0].count; i++)
        assert_slices_equal(toc_buf_slice(&lists[0].values[i]), toc_buf_slice(&lists[1].values[i]));
    list_done(&lists[0]);
    list_done(&lists[1]);
    toc_key_free(key);
    planning_done(&p);
}

// Markings never share a segment, and what the feed states goes with each.
static void test_markings(void **state)
{
    (void)state;
    struct planning p;
    struct toc_plan plan;
    struct sealed_list list;
    struct toc_key *key = test_key();
    struct toc_position positions[PARTITIONS] = {{0}};
    struct toc_slice community = TOC_S("rural");
    struct toc_release release = {
            .federal = TOC_FEDERAL_VIA_AIS, .communities = &community, .communities_count = 1};
    struct toc_seal_head head = head_of(1);
    struct toc_seal_sink sink = {collect, &list};
    struct toc_err err = {0};
    head.release = &release;
    head.has_pap = true;
    head.pap = TOC_PAP_AMBER;
    planning_init(&p, PARTITIONS);
    planning_start(&p);
    for (int i = 0; i < 300; i++) {
        char name[64];
        snprintf(name, sizeof name, "h%d.example.com", i);
        struct toc_observation obs = planning_domain(name, TOC_ACTION_ASSERT);
        planning_add(&p, i % 2 == 0 ? TOC_MARKING_GREEN : TOC_MARKING_AMBER, &obs);
    }
    planning_finish(&p, &plan);
    list_init(&list, key);
    assert_ok(toc_seal_plan(&plan, &head, key, NULL, positions, &sink, &err), err);
    assert_int_equal(list.count, 2 * PARTITIONS);
    for (size_t i = 0; i < list.count; i++) {
        const struct toc_segment *s = &list.segments[i];
        assert_int_equal(s->marking, i % 2 == 0 ? TOC_MARKING_GREEN : TOC_MARKING_AMBER);
        assert_true(s->has_pap && s->pap == TOC_PAP_AMBER && !s->has_attribution);
        assert_int_equal(s->release->federal, TOC_FEDERAL_VIA_AIS);
        assert_slice(s->release->communities[0], "rural");
    }
    list_done(&list);
    // A sink that fails ends it.
    list_init(&list, key);
    list.fail_at = 2;
    assert_code(toc_seal_plan(&plan, &head, key, NULL, positions, &sink, &err), TOC_E_IO, err);
    list_done(&list);
    toc_plan_done(&plan);
    toc_key_free(key);
    planning_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_seal),
            cmocka_unit_test(test_cut_by_count),
            cmocka_unit_test(test_cut_by_bytes),
            cmocka_unit_test(test_same_bytes),
            cmocka_unit_test(test_markings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
