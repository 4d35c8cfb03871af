// Non-interference (ARCHITECTURE.md 2.3): whatever is said above or outside an audience moves no byte of
// its records, keys, times and order, nor of the receipts of what was said to it.
#include "tests/replay/run.h"

#define HIDDEN_WRITER 40 // inserted segments count on their own
#define INSERTED 60

// Written from the words of lib/indicator/audience.h, not with the code that decides it.
static bool visible(const struct gen_event *e, int audience)
{
    const struct toc_segment *s = &e->segment;
    const struct toc_release *release =
            s->release != NULL ? s->release : gen_world.members[e->member].record.default_release;
    if (s->marking > TOC_MARKING_AMBER)
        return false;
    switch (audience) {
    case 0:
    case 1:
    case 2:
        return (int)s->marking <= audience;
    case 3:
        return s->marking == TOC_MARKING_CLEAR || e->member == GEN_CISA || e->member == GEN_HHS ||
               (release != NULL && release->federal == TOC_FEDERAL_YES);
    default:
        return release != NULL && release->communities_count == 1;
    }
}

static struct gen_event hidden_segment(struct gen_log *log, int audience)
{
    struct gen_event e;
    do {
        enum gen_member_id id = (enum gen_member_id)gen_random(log, GEN_MEMBERS);
        e = gen_segment(log, id, HIDDEN_WRITER + (unsigned)gen_random(log, 3));
    } while (visible(&e, audience));
    // The newer statement's release counts for a contribution: on a feed that the audience sees it would take
    // something away, which is to be seen.
    if (e.segment.marking <= gen_world.audiences[audience].highest)
        e.segment.feed = TOC_S("unreleased");
    e.spoiled = gen_random(log, 20) == 0;
    return e;
}

static size_t first_segment(const struct gen_log *log)
{
    size_t at = 0;
    while (log->events[at].what != GEN_SEGMENT)
        at++;
    return at;
}

// Before everything that is said, between, and behind it.
static void insert_hidden(struct gen_log *log, int audience)
{
    size_t from = first_segment(log);
    int64_t end = log->now;
    for (int i = 0; i < INSERTED; i++) {
        size_t at = i < 5    ? from
                    : i < 10 ? log->count - 2
                             : from + gen_random(log, log->count - from);
        log->now = log->events[at - 1].time;
        struct gen_event e = hidden_segment(log, audience);
        gen_insert(log, at, &e);
        if (gen_random(log, 10) == 0)
            gen_insert(log, at + 1, &e); // a resend
    }
    log->now = end;
}

static bool said_to(const struct gen_log *log, int audience, const struct toc_receipt *receipt)
{
    for (size_t i = 0; i < log->count; i++)
        if (log->events[i].what == GEN_SEGMENT && log->events[i].segment.seq == receipt->seq &&
                memcmp(log->events[i].segment.writer, receipt->writer, sizeof receipt->writer) == 0)
            return visible(&log->events[i], audience);
    return false;
}

// log: without what was inserted.
static const struct run_out *next_receipt(const struct run *run, size_t *at, int32_t partition,
        const struct gen_log *log, int audience)
{
    const struct run_out *o;
    struct toc_receipt receipt;
    struct toc_err err;
    struct toc_arena arena;
    toc_arena_init(&arena, (size_t)1 << 20);
    bool said = false;
    while (!said && (o = run_next(run, at, partition, TOC_OUT_RECEIPTS, -1)) != NULL) {
        assert_ok(toc_receipt_get(o->value, &arena, &receipt, &err), err);
        said = said_to(log, audience, &receipt);
    }
    toc_arena_done(&arena);
    return said ? o : NULL;
}

static void same_for(const struct run *plain, const struct run *other, const struct gen_log *log,
        int audience, uint64_t seed)
{
    for (int32_t p = 0; p < GEN_PARTITIONS; p++) {
        size_t x = 0, y = 0;
        const struct run_out *one, *two;
        do {
            one = run_next(plain, &x, p, TOC_OUT_INDICATORS, audience);
            two = run_next(other, &y, p, TOC_OUT_INDICATORS, audience);
            run_same_out(one, two, (const char *)gen_world.audiences[audience].name.ptr, seed);
        } while (one != NULL || two != NULL);
        x = y = 0;
        do {
            one = next_receipt(plain, &x, p, log, audience);
            two = next_receipt(other, &y, p, log, audience);
            run_same_out(one, two, "a receipt", seed);
        } while (one != NULL || two != NULL);
    }
}

static void hidden_moves_nothing(void **state)
{
    (void)state;
    GEN_EACH_SEED(seed, 6)
    {
        struct gen_log log;
        struct run plain;
        gen_log_open(&log, &gen_world, seed, &(struct gen_way){.events = 150});
        run_log(&plain, &log, NULL);
        for (int audience = 0; audience < GEN_AUDIENCES; audience++) {
            struct gen_log more;
            struct run other;
            gen_log_copy(&more, &log, NULL, NULL);
            insert_hidden(&more, audience);
            run_log(&other, &more, NULL);
            assert_true(other.count > plain.count);
            same_for(&plain, &other, &log, audience, seed);
            run_close(&other);
            gen_log_close(&more);
        }
        run_close(&plain);
        gen_log_close(&log);
    }
}

// --- limits ---------------------------------------------------------------------------------------------

#define GREEN 1

static void begin(struct gen_log *log)
{
    gen_log_open(log, &gen_world, 1, &(struct gen_way){.events = 0});
}

static void say_on(struct gen_log *log, enum gen_member_id id, unsigned writer, const char *feed,
        enum toc_marking marking, const char *value)
{
    const struct toc_observation o = gen_observation(TOC_KIND_DOMAIN, value, TOC_ACTION_ASSERT, 80);
    struct gen_event e = gen_say(log, id, writer, marking, &o);
    e.segment.feed = toc_slice_of(feed);
    gen_insert(log, log->count, &e);
}

static void same_with(struct gen_log *plain, struct gen_log *more)
{
    struct run one, other;
    run_log(&one, plain, NULL);
    run_log(&other, more, NULL);
    same_for(&one, &other, plain, GREEN, 0);
    run_close(&one);
    run_close(&other);
    gen_log_close(plain);
    gen_log_close(more);
}

// One indicator: as many contributions as an organisation may have, of many feeds, in AMBER; and then GREEN.
static void crowded_above(void **state)
{
    (void)state;
    static const char *const feeds[] = {"f00", "f01", "f02", "f03", "f04", "f05", "f06", "f07",
            "f08", "f09", "f10", "f11", "f12", "f13", "f14", "f15", "f16", "f17", "f18", "f19",
            "f20", "f21", "f22", "f23", "f24", "f25", "f26", "f27", "f28", "f29", "f30", "f31",
            "f32", "f33", "f34"};
    struct gen_log plain, more;
    begin(&plain);
    gen_log_copy(&more, &plain, NULL, NULL);
    for (size_t i = 0; i < sizeof feeds / sizeof *feeds; i++)
        say_on(&more, GEN_PAYER, HIDDEN_WRITER, feeds[i], TOC_MARKING_AMBER, "evil-one.com");
    say_on(&plain, GEN_PAYER, 0, "fresh", TOC_MARKING_GREEN, "evil-one.com");
    gen_insert(&more, more.count, &plain.events[plain.count - 1]);
    same_with(&plain, &more);
}

// A job moves each audience at its own pace, also when a second decision comes while it runs.
static void jobs_at_their_own_pace(void **state)
{
    (void)state;
    struct gen_log plain, more;
    begin(&plain);
    say_on(&plain, GEN_CISA, 0, "", TOC_MARKING_GREEN, "evil-one.com");
    gen_log_copy(&more, &plain, NULL, NULL);
    for (unsigned segment = 0; segment < 24; segment++) {
        const struct toc_observation first =
                gen_observation(TOC_KIND_DOMAIN, "evil-one.com", TOC_ACTION_ASSERT, 80);
        struct gen_event e = gen_say(&more, GEN_PAYER, HIDDEN_WRITER, TOC_MARKING_AMBER, &first);
        struct toc_observation *o = toc_arena_alloc(&gen_world.arena, 1000, sizeof *o);
        size_t n = 0;
        for (unsigned i = 0; n < 1000; i++) {
            char value[40];
            snprintf(value, sizeof value, "s%u-n%u.com", segment, i);
            if (gen_partition(TOC_KIND_DOMAIN, toc_slice_of(value)) != e.partition)
                continue;
            o[n] = first;
            o[n++].value = toc_arena_copy(&gen_world.arena, toc_slice_of(value));
        }
        e.segment.observations = o;
        e.segment.observations_count = n;
        gen_insert(&more, more.count, &e);
    }
    struct gen_log *logs[] = {&plain, &more};
    for (int i = 0; i < 2; i++) {
        gen_use_late(logs[i], false); // caps evil-one.com
        gen_tick(logs[i], 5000);
        gen_use_late(logs[i], true);
        for (int tick = 0; tick < 8; tick++)
            gen_tick(logs[i], 5000);
    }
    same_with(&plain, &more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(hidden_moves_nothing),
            cmocka_unit_test(crowded_above),
            cmocka_unit_test(jobs_at_their_own_pace),
    };
    return cmocka_run_group_tests(tests, gen_open, gen_close);
}
