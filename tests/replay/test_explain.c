// The terms that explain prints recompute what was published: score, status and advice, exactly
// (ARCHITECTURE.md 2.7). The sums here are written from ARCHITECTURE.md, section 5, and schemas/ADVICE.md, not
// with the hub's code.
#include "tests/replay/run.h"

#include "lib/base/text.h"
#include "lib/indicator/canon.h"

#define GROUPS_MAX 64

struct group {
    const char *name;
    json_int_t strength, actionable, refuting;
    bool proven, may_block;
};

struct organisation {
    const char *name;
    bool asserts, refutes, proven, hits;
};

struct sums {
    struct group groups[GROUPS_MAX];
    struct organisation organisations[GROUPS_MAX];
    size_t groups_count, organisations_count;
    bool fresh;
};

static const char *text(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s == NULL ? "" : s;
}

static json_int_t number(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

static bool yes(const json_t *o, const char *name)
{
    return json_is_true(json_object_get(o, name));
}

static int64_t moment(const json_t *o, const char *name)
{
    int64_t ms = 0;
    const char *s = text(o, name);
    if (*s != '\0')
        assert_true(toc_time_parse(toc_slice_of(s), &ms));
    return ms;
}

static bool holds(const json_t *list, const char *word)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), word) == 0)
            return true;
    return false;
}

static struct group *group_of(struct sums *sums, const char *name)
{
    size_t at = 0;
    while (at < sums->groups_count && strcmp(sums->groups[at].name, name) < 0)
        at++;
    if (at == sums->groups_count || strcmp(sums->groups[at].name, name) != 0) {
        memmove(&sums->groups[at + 1], &sums->groups[at],
                (sums->groups_count - at) * sizeof *sums->groups);
        sums->groups[at] = (struct group){.name = name};
        assert_true(++sums->groups_count < GROUPS_MAX);
    }
    return &sums->groups[at];
}

static struct organisation *organisation_of(struct sums *sums, const char *name)
{
    for (size_t i = 0; i < sums->organisations_count; i++)
        if (strcmp(sums->organisations[i].name, name) == 0)
            return &sums->organisations[i];
    sums->organisations[sums->organisations_count] = (struct organisation){.name = name};
    assert_true(sums->organisations_count + 1 < GROUPS_MAX);
    return &sums->organisations[sums->organisations_count++];
}

static void add(struct sums *sums, const json_t *c, int64_t now)
{
    struct group *g = group_of(sums, text(c, "group"));
    struct organisation *o = organisation_of(sums, text(c, "organisation"));
    json_int_t strength =
            number(c, "reliability_pm") * number(c, "confidence") * number(c, "decay_pm") / 100000;
    assert_int_equal(strength, number(c, "strength_pm"));
    o->hits = o->hits || number(c, "hits") > 0;
    if (strcmp(text(c, "says"), "refuting") == 0) {
        g->refuting = strength > g->refuting ? strength : g->refuting;
        o->refutes = o->refutes || strength > 0;
    }
    int64_t valid_until = moment(c, "valid_until");
    if (strcmp(text(c, "says"), "asserted") != 0 || (valid_until != 0 && now >= valid_until))
        return;
    o->asserts = true;
    g->strength = strength > g->strength ? strength : g->strength;
    sums->fresh = sums->fresh || number(c, "decay_pm") >= 200;
    if ((strcmp(text(c, "pap"), "clear") != 0 && strcmp(text(c, "pap"), "green") != 0) ||
            strength == 0)
        return;
    g->actionable = strength > g->actionable ? strength : g->actionable;
    g->may_block = g->may_block || yes(c, "may_block");
    g->proven = g->proven || yes(c, "past_probation");
    o->proven = o->proven || yes(c, "past_probation");
}

static void add_up(const json_t *explained, const char *audience, struct sums *sums)
{
    int64_t now = moment(explained, "as_of");
    int64_t kept = number(json_object_get(explained, "policy"), "retention-days") * TOC_MS_DAY;
    const json_t *list = json_object_get(explained, "contributions");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *c = json_array_get(list, i);
        int64_t dead = moment(c, "lives_until");
        if (yes(c, "counts") && holds(json_object_get(c, "seen_by"), audience) &&
                (dead == 0 || now < dead + kept))
            add(sums, c, now);
    }
}

static json_int_t combine(const struct sums *sums, bool actionable)
{
    json_int_t remainder = 1000000;
    int voices = 0;
    for (size_t i = 0; i < sums->groups_count; i++) {
        json_int_t s = actionable ? sums->groups[i].actionable : sums->groups[i].strength;
        remainder = remainder * (1000 - s) / 1000;
        voices += s > 0;
    }
    json_int_t confidence = 1000 - (remainder + 999) / 1000;
    return voices == 1 && confidence > 900 ? 900 : confidence > 990 ? 990 : confidence;
}

static json_int_t score(json_int_t confidence, json_int_t refuting, json_int_t asserting)
{
    return confidence * (1000 - (refuting == 0 ? 0 : 500 * refuting / (refuting + asserting))) /
           10000;
}

static bool wide(const json_t *explained, int v4, int v6)
{
    const char *value = text(explained, "value"), *slash = strchr(value, '/');
    if (strcmp(text(explained, "kind"), "cidr") != 0)
        return false;
    uint64_t bits = 0;
    assert_true(toc_parse_u64(toc_slice_of(slash + 1), 128, &bits));
    return bits < (uint64_t)(strchr(value, ':') != NULL ? v6 : v4);
}

static bool listed(const json_t *explained, const char *effect)
{
    const json_t *lists = json_object_get(explained, "lists");
    for (size_t i = 0; i < json_array_size(lists); i++)
        if (strcmp(text(json_array_get(lists, i), "effect"), effect) == 0)
            return true;
    return false;
}

static bool backed(const struct sums *sums)
{
    int proven = 0, organisations = 0;
    for (size_t i = 0; i < sums->groups_count; i++) {
        if (sums->groups[i].may_block)
            return true;
        proven += sums->groups[i].proven;
    }
    for (size_t i = 0; i < sums->organisations_count; i++)
        organisations += sums->organisations[i].proven;
    return proven >= 2 && organisations >= 2;
}

static bool false_positive(const struct sums *sums, json_int_t hitters)
{
    int asserting = 0, hitting = 0;
    for (size_t i = 0; i < sums->organisations_count; i++) {
        asserting += sums->organisations[i].asserts;
        hitting += sums->organisations[i].hits;
    }
    return asserting == 1 && hitting >= 3 && hitting * 100 >= hitters * 30;
}

static const char *advise(const json_t *explained, const json_t *view, const struct sums *sums,
        const char *status, json_int_t plain, json_int_t for_block)
{
    const json_t *policy = json_object_get(explained, "policy"),
                 *ruling = json_object_get(explained, "overruled");
    if (strcmp(text(explained, "kind"), "cve") == 0 ||
            (strcmp(status, "active") != 0 && strcmp(status, "disputed") != 0) ||
            listed(explained, "never-block"))
        return "none";
    if (ruling != NULL && moment(explained, "as_of") < moment(ruling, "until"))
        return strcmp(text(ruling, "advice"), "block") == 0 && wide(explained, 16, 32)
                       ? "alert"
                       : text(ruling, "advice");
    if (!wide(explained, 24, 48) &&
            !false_positive(sums, number(view, "organisations_reporting_hits")) &&
            !listed(explained, "cap") && for_block >= number(policy, "block-score") && backed(sums))
        return "block";
    return plain >= number(policy, "alert-score") ? "alert" : "none";
}

static void recompute(const json_t *explained, const json_t *view, uint64_t seed)
{
    struct sums sums = {0};
    add_up(explained, text(view, "audience"), &sums);
    json_int_t asserting = 0, refuting = 0, actionable = 0;
    int groups_refuting = 0, organisations_refuting = 0;
    for (size_t i = 0; i < sums.groups_count; i++) {
        asserting += sums.groups[i].strength;
        refuting += sums.groups[i].refuting;
        actionable += sums.groups[i].actionable;
        groups_refuting += sums.groups[i].refuting > 0;
    }
    for (size_t i = 0; i < sums.organisations_count; i++)
        organisations_refuting += sums.organisations[i].refutes;
    const json_t *ruling = json_object_get(explained, "overruled");
    bool overruled = ruling != NULL && strcmp(text(ruling, "advice"), "none") == 0 &&
                     moment(explained, "as_of") < moment(ruling, "until");
    bool disputed = overruled || (groups_refuting >= 2 && organisations_refuting >= 2);
    const char *status = !sums.fresh ? text(view, "status") : disputed ? "disputed" : "active";
    json_int_t confidence = combine(&sums, false), plain = score(confidence, refuting, asserting);
    json_int_t for_block =
            score(combine(&sums, true), disputed && sums.fresh ? refuting : 0, actionable);
    const char *advice = advise(explained, view, &sums, status, plain, for_block);
    bool scored = strcmp(text(explained, "kind"), "cve") != 0;
    if (number(view, "confidence_pm") != confidence || number(view, "asserting_pm") != asserting ||
            number(view, "refuting_pm") != refuting || strcmp(text(view, "status"), status) != 0 ||
            strcmp(text(view, "advice"), advice) != 0 ||
            (scored &&
                    (number(view, "score") != plain || number(view, "block_score") != for_block))) {
        json_dumpf(explained, stderr, JSON_INDENT(1)); // longer than cmocka prints
        fail_msg("audience %s: confidence %lld asserting %lld refuting %lld score %lld for block "
                 "%lld %s %s, TOC_SEED=%llu",
                text(view, "audience"), (long long)confidence, (long long)asserting,
                (long long)refuting, (long long)plain, (long long)for_block, status, advice,
                (unsigned long long)seed);
    }
}

// What was published now is what explain says now; what was published before may have aged within its bucket.
static void same_as_published(struct run *run, const json_t *explained, const json_t *view,
        int audience, enum toc_kind kind, struct toc_slice value, size_t since, uint64_t seed)
{
    struct toc_indicator i;
    bool there = run_view(run, audience, kind, value, &i);
    assert_int_equal(there, yes(view, "published"));
    if (!there)
        return;
    const char *status = toc_status_symbol(i.now.status), *advice = toc_advice_symbol(i.now.advice);
    bool same = strcmp(status, text(view, "status")) == 0 &&
                strcmp(advice, text(view, "advice")) == 0 &&
                (!i.now.has_score || i.now.score / 5 == number(view, "score") / 5);
    for (size_t at = since; same && i.now.has_score && at < run->count; at++)
        if (run->outs[at].where == TOC_OUT_INDICATORS && run->outs[at].audience == audience &&
                toc_slice_is(run->outs[at].key, text(explained, "id")) &&
                run->outs[at].time == moment(explained, "as_of"))
            same = i.now.score == number(view, "score");
    if (!same) {
        json_dumpf(explained, stderr, JSON_INDENT(1)); // longer than cmocka prints
        fail_msg("%.*s, audience %d: published %s %s %d, TOC_SEED=%llu", TOC_SLICE_ARG(value),
                audience, status, advice, i.now.score, (unsigned long long)seed);
    }
}

// since: outputs from there on are of the event in hand.
static void explain_one(struct run *run, enum toc_kind kind, struct toc_slice value, bool published,
        size_t since, uint64_t seed)
{
    TOC_CLEANUP(toc_json_drop) json_t *explained = run_explain(run, kind, value);
    const json_t *views = json_object_get(explained, "audiences");
    assert_int_equal(json_array_size(views), GEN_AUDIENCES);
    for (size_t i = 0; i < GEN_AUDIENCES; i++) {
        recompute(explained, json_array_get(views, i), seed);
        if (published)
            same_as_published(
                    run, explained, json_array_get(views, i), (int)i, kind, value, since, seed);
    }
}

// Said twice in one segment, it may move once more without being worth a record.
static bool said_once(const struct toc_segment *s, size_t at)
{
    for (size_t i = 0; i < s->observations_count; i++)
        if (i != at && toc_slice_eq(s->observations[i].value, s->observations[at].value))
            return false;
    return true;
}

// After each event: what it was about. After a decision a job comes first, at the next tick.
static void terms_add_up(void **state)
{
    (void)state;
    GEN_EACH_SEED(seed, 6)
    {
        struct gen_log log;
        struct run run;
        bool settled = true;
        gen_log_open(&log, &gen_world, seed, &(struct gen_way){.events = 160});
        run_open(&run, &log, NULL);
        for (size_t i = 0; i < log.count; i++) {
            const struct gen_event *e = &log.events[i];
            size_t since = run.count;
            run_feed(&run, &log, i, i + 1);
            settled = e->what == GEN_TICK || (settled && e->what == GEN_SEGMENT);
            for (size_t k = 0; e->what == GEN_SEGMENT && k < e->segment.observations_count; k++)
                if (said_once(&e->segment, k) &&
                        toc_canon_check(e->segment.observations[k].kind,
                                e->segment.observations[k].value) == TOC_REFUSAL_NONE)
                    explain_one(&run, e->segment.observations[k].kind,
                            e->segment.observations[k].value, settled, since, seed);
            for (size_t k = 0; e->what == GEN_TICK && i > 30 && k < gen_values(); k++) {
                struct toc_slice value;
                enum toc_kind kind = gen_value(k, &value);
                explain_one(&run, kind, value, settled, since, seed);
            }
        }
        run_close(&run);
        gen_log_close(&log);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(terms_add_up),
    };
    return cmocka_run_group_tests(tests, gen_open, gen_close);
}
