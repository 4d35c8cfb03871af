// The digest of a statement tells apart all that differs, and nobody without the deployment's secret can foresee it.
#include "tests/support/unit.h"

#include "hub/fuse/merge.h"
#include "lib/base/time.h"

#define NOW INT64_C(1767225600000)

static uint8_t secret[32] = {1};
static const uint8_t key[16] = {7};

static struct toc_segment segment_of(void)
{
    struct toc_segment segment;
    toc_segment_init(&segment);
    segment.marking = TOC_MARKING_GREEN;
    segment.created = NOW;
    return segment;
}

static struct merge_terms terms_of(const struct toc_segment *segment, const uint8_t deployment_key[32])
{
    struct merge_terms terms = {.segment = segment, .source = 3, .stream_time = NOW, .latest = NOW};
    merge_terms_seed(&terms, deployment_key);
    return terms;
}

static void the_secret_counts(void **state)
{
    (void)state;
    struct toc_segment segment = segment_of();
    struct toc_observation o;
    toc_observation_init(&o);
    uint8_t other[32] = {1};
    struct merge_terms mine = terms_of(&segment, secret);
    for (size_t i = 0; i < sizeof other; i++) {
        other[i] ^= 0x80;
        struct merge_terms theirs = terms_of(&segment, other);
        assert_true(merge_said(&mine, key, &o) != merge_said(&theirs, key, &o));
        other[i] ^= 0x80;
    }
    struct merge_terms again = terms_of(&segment, other);
    assert_true(merge_said(&mine, key, &o) == merge_said(&again, key, &o));
}

// Each changes one thing of the statement.
static void turn(int what, struct toc_observation *o)
{
    static struct toc_slice tags[] = {TOC_S_INIT("one"), TOC_S_INIT("two")};
    static struct toc_relation relation = {TOC_RELATION_TYPE_PART_OF, TOC_KIND_DOMAIN, TOC_S_INIT("a.com")};
    static struct toc_reference reference = {TOC_S_INIT("a"), TOC_S_INIT("b"), TOC_S_INIT("c")};
    switch (what) {
    case 0:
        o->confidence++;
        break;
    case 1:
        o->severity = TOC_SEVERITY_HIGH;
        break;
    case 2:
        o->first_seen = 1;
        break;
    case 3:
        o->last_seen = NOW - 3 * TOC_MS_DAY;
        break;
    case 4:
        o->valid_until = NOW;
        break;
    case 5:
    case 6:
        o->tags = tags;
        o->tags_count = (size_t)(what - 4);
        break;
    case 7:
        o->relations = &relation;
        o->relations_count = 1;
        break;
    case 8:
        o->references = &reference;
        o->references_count = 1;
        break;
    case 9:
        o->description = TOC_S("x");
        break;
    default:
        o->origin = TOC_S("x");
        break;
    }
}

static void every_part_counts(void **state)
{
    (void)state;
    enum { TURNS = 11 };
    uint64_t said[TURNS + 1];
    struct toc_segment segment = segment_of();
    struct merge_terms terms = terms_of(&segment, secret);
    for (int i = 0; i <= TURNS; i++) {
        struct toc_observation o;
        toc_observation_init(&o);
        if (i < TURNS)
            turn(i, &o);
        said[i] = merge_said(&terms, key, &o);
        for (int k = 0; k < i; k++)
            assert_true(said[k] != said[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_secret_counts),
            cmocka_unit_test(every_part_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
