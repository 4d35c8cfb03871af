// Who may cause and who may prevent a block (ARCHITECTURE.md 2.8), and what nobody may have blocked.
#include "tests/replay/run.h"

struct attacker {
    const char *organisation;
    enum gen_member_id ids[2];
    size_t count;
};

static const struct attacker attackers[] = {
        {"hhs", {GEN_HHS}, 1},
        {"hospital", {GEN_HOSPITAL, GEN_HOSPITAL2}, 2},
        {"clinic", {GEN_CLINIC}, 1},
        {"payer", {GEN_PAYER}, 1},
        {"lab", {GEN_LAB}, 1},
        {"pharmacy", {GEN_PHARMACY}, 1},
        {"vendor", {GEN_VENDOR}, 1},
};

static bool is_of(const struct attacker *m, enum gen_member_id id)
{
    return id == m->ids[0] || (m->count == 2 && id == m->ids[1]);
}

static bool not_of(void *ctx, const struct gen_event *e)
{
    return e->what != GEN_SEGMENT || !is_of(ctx, e->member);
}

// All it can: every id, several feeds, confidence 100, seen in 2099; asserts what it likes and refutes and
// hits the rest.
static void attack(struct gen_log *log, const struct attacker *m)
{
    static const struct toc_slice feeds[] = {
            TOC_S_INIT(""), TOC_S_INIT("agg"), TOC_S_INIT("alt"), TOC_S_INIT("more")};
    static const enum toc_action actions[] = {
            TOC_ACTION_ASSERT, TOC_ACTION_ASSERT, TOC_ACTION_REFUTE, TOC_ACTION_HIT};
    for (size_t i = 0; i < gen_values(); i++)
        for (size_t id = 0; id < m->count; id++)
            for (size_t f = 0; f < 4; f++) {
                struct toc_observation o =
                        gen_observation(TOC_KIND_DOMAIN, "", actions[gen_random(log, 4)], 100);
                o.kind = gen_value(i, &o.value);
                o.last_seen = INT64_C(4070908800000); // 2099
                struct gen_event e =
                        gen_say(log, m->ids[id], 50, (enum toc_marking)gen_random(log, 3), &o);
                e.segment.feed = feeds[f];
                e.segment.has_pap = true;
                e.segment.pap = (enum toc_pap)gen_random(log, 4);
                gen_insert(log, log->count, &e);
            }
    for (int tick = 0; tick < 2; tick++)
        gen_tick(log, 5000);
}

static bool blocked(struct run *run, int audience, enum toc_kind kind, struct toc_slice value)
{
    struct toc_indicator i;
    return run_view(run, audience, kind, value, &i) && i.now.advice == TOC_ADVICE_BLOCK;
}

static const char *text(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s == NULL ? "" : s;
}

struct others {    // organisations beside the attacker, of what the audience sees and what counts
    int asserting; // the operator's word is another's too
    int refuting, hitting;
};

static bool seen_by(const json_t *contribution, const char *audience)
{
    const json_t *list = json_object_get(contribution, "seen_by");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), audience) == 0)
            return true;
    return false;
}

static struct others ask_others(struct run *run, const struct attacker *m, int audience,
        enum toc_kind kind, struct toc_slice value)
{
    struct others o = {0};
    TOC_CLEANUP(toc_json_drop) json_t *explained = run_explain(run, kind, value);
    const json_t *list = json_object_get(explained, "contributions");
    const char *hitters[64];
    o.asserting += strcmp(text(json_object_get(explained, "overruled"), "advice"), "block") == 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *c = json_array_get(list, i);
        if (strcmp(text(c, "organisation"), m->organisation) == 0 ||
                !json_is_true(json_object_get(c, "counts")) ||
                !seen_by(c, (const char *)gen_world.audiences[audience].name.ptr))
            continue;
        o.asserting += strcmp(text(c, "says"), "asserted") == 0;
        o.refuting += strcmp(text(c, "says"), "refuting") == 0;
        bool known = json_integer_value(json_object_get(c, "hits")) == 0;
        for (int k = 0; k < o.hitting; k++)
            known = known || strcmp(hitters[k], text(c, "organisation")) == 0;
        if (!known)
            hitters[o.hitting++] = text(c, "organisation");
    }
    return o;
}

// Blocks that need no help stay; blocks that are new had help.
static void compare(
        struct run *without, struct run *with, const struct attacker *m, int *kept, uint64_t seed)
{
    for (size_t i = 0; i < gen_values(); i++) {
        struct toc_slice value;
        enum toc_kind kind = gen_value(i, &value);
        for (int a = 0; a < GEN_AUDIENCES; a++) {
            bool was = blocked(without, a, kind, value), is = blocked(with, a, kind, value);
            *kept += was && is;
            if (was == is)
                continue;
            struct others o = ask_others(with, m, a, kind, value);
            // It may be the second who refutes, or the third who hits.
            if (was ? o.refuting == 0 && o.hitting < 2 : o.asserting == 0)
                fail_msg("%s %s %.*s for audience %d alone, TOC_SEED=%llu", m->organisation,
                        was ? "unblocked" : "blocked", TOC_SLICE_ARG(value), a,
                        (unsigned long long)seed);
        }
    }
}

static void one_organisation_alone(void **state)
{
    (void)state;
    GEN_EACH_SEED(seed, 7)
    {
        const struct attacker *m = &attackers[seed % (sizeof attackers / sizeof *attackers)];
        struct gen_log log, quiet;
        struct run with, without;
        int kept = 0;
        gen_log_open(&log, &gen_world, seed, &(struct gen_way){.events = 180});
        attack(&log, m);
        gen_log_copy(&quiet, &log, not_of, (void *)(uintptr_t)m);
        run_log(&with, &log, NULL);
        run_log(&without, &quiet, NULL);
        compare(&without, &with, m, &kept, seed);
        assert_true(kept > 3);
        run_close(&with);
        run_close(&without);
        gen_log_close(&log);
        gen_log_close(&quiet);
    }
}

// --- groups of one organisation are one hand -------------------------------------------------------------

static void say_on(struct gen_log *log, struct run *run, enum gen_member_id id, const char *feed,
        enum toc_action action, int confidence)
{
    const struct toc_observation o =
            gen_observation(TOC_KIND_DOMAIN, "evil-one.com", action, confidence);
    struct gen_event e = gen_say(log, id, 0, TOC_MARKING_CLEAR, &o);
    e.segment.feed = toc_slice_of(feed);
    gen_insert(log, log->count, &e);
    run_feed(run, log, log->count - 1, log->count);
}

static bool evil_blocked(struct run *run)
{
    return blocked(run, 0, TOC_KIND_DOMAIN, TOC_S("evil-one.com"));
}

// The clinic's feeds are of three groups; that makes it no second organisation, neither for nor against.
static void one_hand(void **state)
{
    (void)state;
    struct gen_log log;
    struct run run;
    for (int against = 0; against < 2; against++) {
        enum toc_action action = against ? TOC_ACTION_REFUTE : TOC_ACTION_ASSERT;
        gen_log_open(&log, &gen_world, 1, &(struct gen_way){.events = 0});
        run_log(&run, &log, NULL);
        if (against)
            say_on(&log, &run, GEN_CISA, "", TOC_ACTION_ASSERT, 70);
        say_on(&log, &run, GEN_CLINIC, "", action, 100);
        say_on(&log, &run, GEN_CLINIC, "agg", action, 100);
        say_on(&log, &run, GEN_CLINIC, "alt", action, 100);
        assert_int_equal(evil_blocked(&run), against);
        say_on(&log, &run, GEN_PAYER, "", action, 100);
        assert_int_equal(evil_blocked(&run), !against);
        run_close(&run);
        gen_log_close(&log);
    }
}

// --- what nobody may have blocked ------------------------------------------------------------------------

static bool reason_given(const struct toc_indicator *i, const char *code)
{
    for (size_t k = 0; k < i->reasons_count; k++)
        if (toc_slice_is(i->reasons[k], code))
            return true;
    return false;
}

static void say(struct gen_log *log, enum gen_member_id id, enum toc_marking marking,
        enum toc_kind kind, const char *value)
{
    struct toc_observation o = gen_observation(kind, value, TOC_ACTION_ASSERT, 100);
    o.last_seen = INT64_C(4070908800000); // 2099
    struct gen_event e = gen_say(log, id, 0, marking, &o);
    gen_insert(log, log->count, &e);
}

// Everybody says so, whoever has the right to block too.
static void never_blocked(void **state)
{
    (void)state;
    static const struct {
        enum toc_kind kind;
        const char *value, *list;
    } rows[] = {
            {TOC_KIND_DOMAIN, "signin.identity.com", "never"},
            {TOC_KIND_DOMAIN, "identity.com", "never"},
            {TOC_KIND_URL, "https://signin.identity.com/oauth", "never"},
            {TOC_KIND_DOMAIN, "ehr.vendor-big.com", "never"},
            {TOC_KIND_DOMAIN, "vendor-big.com", "never"},
            {TOC_KIND_DOMAIN, "portal.ehr.vendor-big.com", "never"},
            {TOC_KIND_DOMAIN, "bigcdn.net", "never"},
            {TOC_KIND_CIDR, "8.0.0.0/8", "never"},
            {TOC_KIND_CIDR, "8.8.8.0/24", "never"},
            {TOC_KIND_ENDPOINT, "8.8.8.8:53", "never"},
            {TOC_KIND_CIDR, "0.0.0.0/0", TOC_REFERENCE_SPECIAL},
            {TOC_KIND_CIDR, "::/0", TOC_REFERENCE_SPECIAL},
            {TOC_KIND_DOMAIN, "co.uk", "suffixes"},
            {TOC_KIND_DOMAIN, "own-hospital.org", "own-names"},
            {TOC_KIND_DOMAIN, "www.own-hospital.org", "own-names"},
            {TOC_KIND_IPV4, "45.200.1.77", "own-names"},
            {TOC_KIND_CIDR, "45.200.0.0/16", "own-names"},
    };
    struct gen_log log;
    struct run run;
    gen_log_open(&log, &gen_world, 1, &(struct gen_way){.events = 0});
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (enum gen_member_id id = 0; id < GEN_MEMBERS; id++)
            say(&log, id, TOC_MARKING_CLEAR, rows[i].kind, rows[i].value);
    say(&log, GEN_CISA, TOC_MARKING_CLEAR, TOC_KIND_DOMAIN, "evil-two.net");
    gen_tick(&log, 5000);
    run_log(&run, &log, NULL);
    for (int a = 0; a < GEN_AUDIENCES - 1; a++) {
        struct toc_indicator view;
        assert_true(blocked(&run, a, TOC_KIND_DOMAIN, TOC_S("evil-two.net")));
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            assert_true(run_view(&run, a, rows[i].kind, toc_slice_of(rows[i].value), &view));
            assert_int_equal(view.now.advice, TOC_ADVICE_NONE);
            assert_true(reason_given(&view, "never-block"));
            bool named = false;
            for (size_t k = 0; k < view.annotations_count; k++)
                named = named || (toc_slice_is(view.annotations[k].set, rows[i].list) &&
                                         toc_slice_is(view.annotations[k].effect, "never-block"));
            if (!named)
                fail_msg("%s is not said to be on %s", rows[i].value, rows[i].list);
        }
    }
    run_close(&run);
    gen_log_close(&log);
}

static void member_is(struct gen_log *log, struct toc_member *member, enum toc_member_status status,
        size_t own_names)
{
    struct toc_control control;
    toc_control_init(&control);
    struct toc_member *copy = toc_arena_alloc(&log->world->arena, 1, sizeof *copy);
    *copy = *member;
    copy->status = status;
    copy->own_names_count = own_names;
    control.member = copy;
    gen_decide(log, &control);
    gen_tick(log, 5000);
    gen_tick(log, 5000);
}

// A member's own names hold from the decision that enrols them until it leaves, and through a restart.
static void own_names_come_and_go(void **state)
{
    (void)state;
    static const struct {
        enum toc_member_status status;
        size_t own_names;
        bool blocked;
    } steps[] = {
            {TOC_MEMBER_STATUS_ACTIVE, 2, false},
            {TOC_MEMBER_STATUS_SUSPENDED, 2, true},
            {TOC_MEMBER_STATUS_ACTIVE, 2, false},
            {TOC_MEMBER_STATUS_ACTIVE, 0, true},
            {TOC_MEMBER_STATUS_ACTIVE, 1, false},
            {TOC_MEMBER_STATUS_REVOKED, 1, true},
    };
    struct gen_log log;
    struct run run;
    gen_log_open(&log, &gen_world, 1, &(struct gen_way){.events = 0});
    say(&log, GEN_CISA, TOC_MARKING_CLEAR, TOC_KIND_DOMAIN, "own-hospital.org");
    run_open(&run, &log, &(struct toc_replay_way){.batch = 2, .restart = 1, .abort = 2});
    run_feed(&run, &log, 0, log.count);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        size_t from = log.count;
        member_is(
                &log, &gen_world.members[GEN_HOSPITAL].record, steps[i].status, steps[i].own_names);
        run_feed(&run, &log, from, log.count);
        assert_int_equal(
                blocked(&run, 0, TOC_KIND_DOMAIN, TOC_S("own-hospital.org")), steps[i].blocked);
    }
    run_close(&run);
    gen_log_close(&log);
}

// Nobody but this hub makes sets of these names.
static void reserved_names(void **state)
{
    (void)state;
    struct gen_log log;
    struct run run;
    gen_log_open(&log, &gen_world, 1, &(struct gen_way){.events = 0});
    say(&log, GEN_CISA, TOC_MARKING_CLEAR, TOC_KIND_DOMAIN, "own-hospital.org");
    struct toc_reference_use use = *toc_reference_facts(gen_world.sets[0]);
    struct toc_control control;
    toc_control_init(&control);
    use.name = TOC_S(TOC_REFERENCE_OWN_NAMES);
    control.reference_use = &use;
    gen_decide(&log, &control);
    gen_tick(&log, 5000);
    run_log(&run, &log, NULL);
    assert_false(blocked(&run, 0, TOC_KIND_DOMAIN, TOC_S("own-hospital.org")));
    size_t refused = 0;
    for (size_t i = 0; i < run.count; i++)
        refused += run.outs[i].where == TOC_OUT_QUARANTINE;
    assert_int_equal(refused, GEN_PARTITIONS);
    run_close(&run);
    gen_log_close(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(one_organisation_alone),
            cmocka_unit_test(one_hand),
            cmocka_unit_test(never_blocked),
            cmocka_unit_test(own_names_come_and_go),
            cmocka_unit_test(reserved_names),
    };
    return cmocka_run_group_tests(tests, gen_open, gen_close);
}
