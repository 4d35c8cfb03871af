// Does the score come out as the formulas say, and is the next change found where it is?

#include "tests/support/unit.h"

#include <string.h>

#include "hub/fuse/decay.h"
#include "hub/fuse/due.h"
#include "hub/fuse/judge.h"
#include "lib/base/time.h"

#define MEMBERS 4
#define NOW INT64_C(1750000000000)

// --- decay ---------------------------------------------------------------------------------------------

static void decay_vectors(void **state)
{
    (void)state;
    // floor(1000 (1 - (i/1024)^(1/speed))), computed apart from the table's own script.
    static const struct {
        enum toc_kind kind;
        bool dynamic_dns;
        int64_t days, per_mille;
    } vectors[] = {
            {TOC_KIND_IPV4, false, 0, 1000}, {TOC_KIND_IPV4, false, 1, 999}, {TOC_KIND_IPV4, false, 10, 940},
            {TOC_KIND_IPV4, false, 23, 727}, {TOC_KIND_IPV4, false, 46, 38}, {TOC_KIND_IPV4, false, 47, 0},
            {TOC_KIND_DOMAIN, false, 100, 792}, {TOC_KIND_DOMAIN, false, 299, 5}, {TOC_KIND_DOMAIN, true, 10, 792},
            {TOC_KIND_DOMAIN, true, 30, 0}, {TOC_KIND_SHA256, false, 230, 900}, {TOC_KIND_EMAIL, false, 45, 750},
            {TOC_KIND_CVE, false, 10000, 1000},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const struct decay_curve *curve = decay_curve(vectors[i].kind, vectors[i].dynamic_dns);
        assert_int_equal(decay_at(curve, vectors[i].days * TOC_MS_DAY), vectors[i].per_mille);
    }
}

static void decay_inverse(void **state)
{
    (void)state;
    const struct decay_curve *curve = decay_curve(TOC_KIND_URL, false);
    for (int32_t pm = 1; pm <= 1000; pm++) {
        int64_t age = decay_age_below(curve, pm);
        assert_true(decay_at(curve, age) < pm);
        assert_true(age == 0 || decay_at(curve, age - 1) >= pm);
    }
    for (int64_t age = 0; age != INT64_MAX && age < curve->lifetime;) {
        int64_t next = decay_next_step(curve, age);
        if (next == INT64_MAX)
            break;
        assert_int_equal(decay_at(curve, next - 1), decay_at(curve, age)); // nothing happens in between
        age = next;
    }
}

// --- a small world ---------------------------------------------------------------------------------------

struct world {
    struct roll roll;
    struct roll_member members[MEMBERS];
    struct roll_source sources[MEMBERS];
    struct toc_body body;
    struct toc_contribution contributions[MEMBERS];
    struct toc_ruling ruling;
    struct toc_reference_verdict references;
    struct seen seen[MEMBERS];
    struct voice voices[MEMBERS];
    struct organisation organisations[MEMBERS];
    struct judge_terms terms;
    uint8_t key[16];
};

static const char *const names[MEMBERS] = {"a", "b", "c", "gov"};

static void world_init(struct world *w, enum toc_kind kind)
{
    memset(w, 0, sizeof *w);
    w->roll.sources = w->sources;
    w->roll.sources_count = MEMBERS;
    w->roll.policy[POLICY_BLOCK_SCORE] = 50;
    w->roll.policy[POLICY_ALERT_SCORE] = 20;
    w->roll.policy[POLICY_RETENTION_DAYS] = 90;
    w->body.kind = kind;
    w->body.value = TOC_S("bad.example.com");
    w->body.contributions = w->contributions;
    for (size_t i = 0; i < MEMBERS; i++) {
        w->members[i].record.id = w->members[i].record.organisation = toc_slice_of(names[i]);
        w->members[i].active = true;
        w->members[i].government = i == 3;
        w->sources[i] = (struct roll_source){.member = &w->members[i], .group = toc_slice_of(names[i]),
                .reliability = i == 3 ? 800 : 700, .may_block = i == 3};
    }
    w->terms = (struct judge_terms){.roll = &w->roll, .body = &w->body, .key = w->key, .audience = -1,
            .references = &w->references, .curve = decay_curve(kind, false), .seen = w->seen, .voices = w->voices,
            .organisations = w->organisations};
}

static struct toc_contribution *says(struct world *w, int member, enum toc_says what, int32_t confidence, int64_t seen)
{
    struct toc_contribution *c = &w->contributions[w->body.contributions_count++];
    *c = (struct toc_contribution){.source = member, .says = what, .confidence = confidence, .changed = NOW,
            .last_step = judge_step(w->key, seen), .pap = TOC_PAP_GREEN};
    return c;
}

// What judge_collect does, for everything there is.
static void look(struct world *w)
{
    w->terms.seen_count = w->body.contributions_count;
    for (size_t i = 0; i < w->terms.seen_count; i++) {
        const struct toc_contribution *c = &w->contributions[i];
        int64_t dead = judge_dead_since(w->terms.curve, w->key, c);
        w->seen[i] = (struct seen){.c = c, .last_seen = judge_last_seen(w->key, c->last_step), .dead_since = dead,
                .forgotten = dead == INT64_MAX ? dead : dead + 90 * TOC_MS_DAY};
    }
}

static void scores(void **state)
{
    (void)state;
    struct world w;
    struct judgement j;
    int64_t fresh = judge_last_seen((uint8_t[16]){0}, judge_step((uint8_t[16]){0}, NOW));
    world_init(&w, TOC_KIND_DOMAIN);
    says(&w, 0, TOC_SAYS_ASSERTED, 70, fresh); // 700 x 70 = 490 per mille
    look(&w);
    judge_at(&w.terms, fresh, &j);
    assert_int_equal(j.confidence_pm, 490);
    assert_int_equal(j.score, 49);
    assert_int_equal(j.advice, TOC_ADVICE_ALERT);
    assert_true(j.reasons & 1u << REASON_SCORE_LOW);
    says(&w, 1, TOC_SAYS_ASSERTED, 70, fresh); // 1 - 0.51 x 0.51
    look(&w);
    judge_at(&w.terms, fresh, &j);
    assert_int_equal(j.confidence_pm, 739);
    assert_int_equal(j.advice, TOC_ADVICE_BLOCK);
    says(&w, 2, TOC_SAYS_REFUTING, 100, fresh); // 700 of 1680: 208 of 500 off
    look(&w);
    judge_at(&w.terms, fresh, &j);
    assert_int_equal(j.score, 739 * (1000 - 500 * 700 / 1680) / 10000);
    assert_int_equal(j.status, TOC_STATUS_ACTIVE);
    assert_int_equal(j.advice, TOC_ADVICE_BLOCK); // one refutation lifts nothing
    assert_true(j.reasons & 1u << REASON_NEEDS_REVIEW);
}

static void pap_lifts_nothing(void **state)
{
    (void)state;
    struct world w;
    struct judgement j;
    world_init(&w, TOC_KIND_DOMAIN);
    says(&w, 3, TOC_SAYS_ASSERTED, 90, NOW);
    says(&w, 0, TOC_SAYS_ASSERTED, 100, NOW)->pap = TOC_PAP_RED;
    look(&w);
    judge_at(&w.terms, NOW, &j);
    assert_int_equal(j.advice, TOC_ADVICE_BLOCK);
    assert_int_equal(j.pap, TOC_PAP_GREEN);
}

static void organisations_of_one_group(void **state)
{
    (void)state;
    struct world w;
    struct judgement j;
    world_init(&w, TOC_KIND_DOMAIN);
    w.members[1].record.organisation = TOC_S("a"); // two members, one organisation, two groups by feed rows
    says(&w, 0, TOC_SAYS_ASSERTED, 100, NOW);
    says(&w, 1, TOC_SAYS_ASSERTED, 100, NOW);
    look(&w);
    judge_at(&w.terms, NOW, &j);
    assert_int_equal(j.advice, TOC_ADVICE_ALERT);
}

// --- the next change ---------------------------------------------------------------------------------------

static uint64_t rng;

static uint64_t roll_dice(uint64_t n)
{
    rng = rng * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (rng >> 33) % n;
}

static void random_world(struct world *w)
{
    static const enum toc_kind kinds[] = {TOC_KIND_DOMAIN, TOC_KIND_IPV4, TOC_KIND_SHA256, TOC_KIND_CVE};
    world_init(w, kinds[roll_dice(4)]);
    for (size_t i = 0; i < 16; i++)
        w->key[i] = (uint8_t)roll_dice(256);
    size_t count = 1 + (size_t)roll_dice(MEMBERS);
    for (size_t i = 0; i < count; i++) {
        static const enum toc_says all[] = {TOC_SAYS_ASSERTED, TOC_SAYS_ASSERTED, TOC_SAYS_WITHDRAWN, TOC_SAYS_REFUTING};
        struct toc_contribution *c = says(w, (int)i, all[roll_dice(4)], (int32_t)roll_dice(101),
                NOW - (int64_t)roll_dice(60) * TOC_MS_DAY);
        if (roll_dice(3) == 0)
            c->valid_until = NOW + (int64_t)roll_dice(40) * TOC_MS_DAY;
    }
    if (roll_dice(3) == 0)
        w->members[0].probation_end = NOW + (int64_t)roll_dice(30) * TOC_MS_DAY;
    if (roll_dice(4) == 0) {
        w->ruling = (struct toc_ruling){.advice = TOC_ADVICE_NONE, .until = NOW + (int64_t)roll_dice(30) * TOC_MS_DAY};
        w->body.ruling = &w->ruling;
    }
    look(w);
}

static bool alike(const struct judgement *a, const struct judgement *b)
{
    return a->exists == b->exists && a->status == b->status && a->advice == b->advice &&
            a->score / SCORE_BUCKET == b->score / SCORE_BUCKET;
}

// Brute force: nothing changes at any of many moments before, something does at the moment named.
static void next_change(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        struct world w;
        struct judgement first, j;
        rng = seed;
        random_world(&w);
        judge_at(&w.terms, NOW, &first);
        int64_t due = due_next(&w.terms, NOW);
        int64_t until = due == 0 ? NOW + 2000 * TOC_MS_DAY : due;
        for (int i = 0; i < 200; i++) {
            int64_t t = NOW + (int64_t)(roll_dice(1000000) * (uint64_t)(until - 1 - NOW) / 1000000);
            judge_at(&w.terms, t, &j);
            if (!alike(&first, &j))
                fail_msg("seed %llu: it changes at %lld, before %lld", (unsigned long long)seed, (long long)t, (long long)due);
        }
        if (due == 0)
            continue;
        judge_at(&w.terms, due - 1, &j);
        bool before = alike(&first, &j);
        judge_at(&w.terms, due, &j);
        if (!before || alike(&first, &j))
            fail_msg("seed %llu: %lld is not the moment", (unsigned long long)seed, (long long)due);
    }
}

static void ageing_never_raises(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 500; seed++) {
        struct world w;
        struct judgement before, after;
        rng = seed * 7919;
        random_world(&w);
        for (int day = 0; day < 500; day++) {
            judge_at(&w.terms, NOW + day * TOC_MS_DAY, &before);
            judge_at(&w.terms, NOW + (day + 1) * TOC_MS_DAY, &after);
            if (after.score > before.score)
                fail_msg("seed %llu: the score rises on day %d", (unsigned long long)seed, day);
        }
    }
}

static void advice_ends(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        struct world w;
        struct judgement j;
        rng = seed * 104729;
        random_world(&w);
        int64_t ends = due_advice_ends(&w.terms, NOW);
        judge_at(&w.terms, NOW, &j);
        if (j.advice == TOC_ADVICE_NONE) {
            assert_int_equal(ends, 0);
            continue;
        }
        if (ends == 0)
            continue;
        judge_at(&w.terms, ends, &j);
        assert_int_equal(j.advice, TOC_ADVICE_NONE);
        judge_at(&w.terms, ends - 1, &j);
        assert_int_not_equal(j.advice, TOC_ADVICE_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(decay_vectors), cmocka_unit_test(decay_inverse),
            cmocka_unit_test(scores), cmocka_unit_test(pap_lifts_nothing), cmocka_unit_test(organisations_of_one_group),
            cmocka_unit_test(next_change), cmocka_unit_test(ageing_never_raises), cmocka_unit_test(advice_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
