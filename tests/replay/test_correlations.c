// From statements to correlations, through fuse, route and correlate as tocsin-replay runs them: what is published in
// the end is what a plain look over the views gives, although route sees each record alone. So relations, reports
// and tags that change, statements withdrawn, aged and forgotten leave nothing behind.
#include "tests/replay/run.h"

#include "lib/base/arena.h"
#include "lib/base/key.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/indicator/audience.h"
#include "lib/indicator/segment.h"
#include "schemas/indicator.h"
#include "schemas/segment.h"
#include "tests/unit/hub/plain_correlation.h"

#define MEMBERS 3
#define ADDRESSES 24
#define SHARED_MAX 100000
#define HAVING_MAX 4096
#define START INT64_C(1767225600000) // 2026-01-01

struct world {
    struct toc_genesis genesis;
    struct toc_audience audiences[4];
    struct toc_member members[MEMBERS];
    struct toc_member_key member_keys[MEMBERS];
    struct toc_key *keys[MEMBERS];
    struct toc_replay *replay;
    uint64_t random;
    int64_t time, offset, seq[MEMBERS];
};

static size_t random_below(struct world *w, size_t below)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(w->random >> 33) % below;
}

static void begin(struct world *w, uint64_t seed)
{
    static const char *const ids[MEMBERS] = {"alpha", "beta", "gov"};
    struct toc_err err = {0};
    *w = (struct world){.random = seed, .time = START};
    memcpy(w->audiences, toc_audience_defaults, sizeof w->audiences);
    toc_genesis_init(&w->genesis);
    w->genesis.partitions = 1;
    w->genesis.audiences = w->audiences;
    w->genesis.audiences_count = 4;
    w->genesis.first_stream_time = START;
    for (int i = 0; i < MEMBERS; i++) {
        const uint8_t key_seed[32] = {(uint8_t)(i + 1)};
        struct toc_member *m = &w->members[i];
        assert_ok(toc_key_of_seed(key_seed, &w->keys[i], &err), err);
        toc_member_init(m);
        toc_member_key_init(&w->member_keys[i]);
        memcpy(w->member_keys[i].public_key, toc_key_public(w->keys[i]), 32);
        m->id = m->organisation = toc_slice_of(ids[i]);
        m->role = i == 2 ? TOC_MEMBER_ROLE_GOVERNMENT : TOC_MEMBER_ROLE_HOSPITAL;
        m->clearance = TOC_MARKING_AMBER;
        m->keys = &w->member_keys[i];
        m->keys_count = 1;
        // Only who is named gives references.
        m->has_default_attribution = true;
        m->default_attribution = i == 0 ? TOC_ATTRIBUTION_ANONYMOUS : TOC_ATTRIBUTION_NAMED;
    }
    const struct toc_replay_conf conf = {.lab = &w->genesis, .members = w->members, .member_count = MEMBERS,
            .way = {.batch = 3, .abort = 4, .restart = 25}, .correlations = true};
    assert_ok(toc_replay_new(&conf, &w->replay, &err), err);
}

static void end(struct world *w)
{
    toc_replay_free(w->replay);
    for (int i = 0; i < MEMBERS; i++)
        toc_key_free(w->keys[i]);
}

// --- statements ----------------------------------------------------------------------------------------

struct statement {
    struct toc_observation o;
    char value[64], tag[32], relation[2][64], reference[2][64];
    struct toc_slice tags[1];
    struct toc_relation relations[2];
    struct toc_reference references[2];
};

static void state(struct world *w, struct statement *s)
{
    // A few networks, each with a few addresses.
    size_t n = random_below(w, ADDRESSES);
    toc_observation_init(&s->o);
    snprintf(s->value, sizeof s->value, "45.155.%zu.%zu", 200 + n % 4, 1 + n / 4);
    s->o.kind = TOC_KIND_IPV4;
    s->o.value = toc_slice_of(s->value);
    s->o.action = random_below(w, 4) == 0 ? TOC_ACTION_WITHDRAW : TOC_ACTION_ASSERT;
    snprintf(s->tag, sizeof s->tag, "report:r%zu", random_below(w, 3));
    s->tags[0] = toc_slice_of(s->tag);
    s->o.tags = s->tags;
    s->o.tags_count = random_below(w, 2);
    s->o.relations = s->relations;
    s->o.relations_count = random_below(w, 3);
    s->o.references = s->references;
    s->o.references_count = random_below(w, 3);
    for (size_t i = 0; i < 2; i++) {
        snprintf(s->relation[i], sizeof s->relation[i], "c%zu.example.com", random_below(w, 4));
        s->relations[i] = (struct toc_relation){.type = i == 0 ? TOC_RELATION_TYPE_RESOLVES_TO : TOC_RELATION_TYPE_PART_OF,
                .kind = TOC_KIND_DOMAIN, .value = toc_slice_of(s->relation[i])};
        snprintf(s->reference[i], sizeof s->reference[i], "r%zu", random_below(w, 4)); // some as in a tag
        s->references[i] = (struct toc_reference){.source = TOC_S("report"), .id = toc_slice_of(s->reference[i])};
    }
}

static void send(struct world *w)
{
    static const enum toc_marking markings[] = {TOC_MARKING_CLEAR, TOC_MARKING_GREEN, TOC_MARKING_AMBER};
    struct toc_err err = {0};
    struct statement statements[4];
    struct toc_observation observations[4];
    struct toc_segment segment;
    struct toc_buf payload, value;
    size_t who = random_below(w, MEMBERS), count = 1 + random_below(w, 4);
    toc_segment_init(&segment);
    for (size_t i = 0; i < count; i++) {
        state(w, &statements[i]);
        observations[i] = statements[i].o;
    }
    segment.member = w->members[who].id;
    segment.writer[0] = (uint8_t)who;
    segment.seq = ++w->seq[who];
    segment.partitions = 1;
    segment.created = w->time;
    segment.marking = markings[random_below(w, 3)];
    segment.observations = observations;
    segment.observations_count = count;
    toc_buf_init(&payload, 1 << 20);
    toc_buf_init(&value, 1 << 20);
    toc_segment_put(&segment, &payload);
    assert_ok(toc_segment_seal(w->genesis.deployment, w->keys[who], toc_buf_slice(&payload), (int32_t)count, NULL, &value,
                      &err),
            err);
    const struct toc_capture record = {.offset = w->offset++, .append_time = w->time, .value = toc_buf_slice(&value)};
    assert_ok(toc_replay_take(w->replay, &record, &err), err);
    toc_buf_done(&payload);
    toc_buf_done(&value);
}

// --- a plain look over the views -----------------------------------------------------------------------

struct owned { // one indicator has one pivot
    struct toc_slice audience;
    struct toc_shared shared;
    struct having having;
};

struct look {
    struct toc_arena arena;
    struct owned *all;
    size_t count;
    size_t seen[TOC_PIVOT_KIND_COUNT]; // correlations of each kind
};

static toc_rc look_at(void *ctx, struct toc_slice audience, struct toc_slice id, struct toc_slice value, struct toc_err *err)
{
    struct look *look = ctx;
    struct toc_indicator i;
    struct toc_shared_list pivots;
    TOC_TRY(toc_indicator_get(toc_arena_copy(&look->arena, value), &look->arena, &i, err));
    if (i.now.status != TOC_STATUS_ACTIVE && i.now.status != TOC_STATUS_DISPUTED)
        return TOC_OK;
    TOC_TRY(toc_pivots_now(&i, &look->arena, &pivots, err));
    for (size_t k = 0; k < pivots.count; k++) {
        assert_true(look->count < SHARED_MAX);
        struct owned *o = &look->all[look->count++];
        *o = (struct owned){.audience = toc_arena_copy(&look->arena, audience), .shared = pivots.items[k],
                .having = {.tick = i.born, .organisations = i.now.organisations}};
        assert_true(toc_parse_hex(id, o->having.id, 16));
    }
    return TOC_OK;
}

static int by_pivot(const void *a, const void *b)
{
    const struct owned *x = a, *y = b;
    int c = toc_slice_cmp(x->audience, y->audience);
    return c != 0 ? c : memcmp(x->shared.link, y->shared.link, TOC_LINK_BYTES);
}

struct published {
    struct toc_slice audience, id, value;
};

struct found {
    struct toc_arena arena;
    struct published *all;
    size_t count;
};

static toc_rc find_correlation(
        void *ctx, struct toc_slice audience, struct toc_slice id, struct toc_slice value, struct toc_err *err)
{
    struct found *found = ctx;
    (void)err;
    assert_true(found->count < SHARED_MAX);
    found->all[found->count++] = (struct published){toc_arena_copy(&found->arena, audience),
            toc_arena_copy(&found->arena, id), toc_arena_copy(&found->arena, value)};
    return TOC_OK;
}

static const struct published *published(const struct found *found, struct toc_slice audience, const uint8_t link[16])
{
    char hex[TOC_KEY_HEX];
    toc_key_hex(link, hex);
    for (size_t i = 0; i < found->count; i++)
        if (toc_slice_eq(found->all[i].audience, audience) && toc_slice_is(found->all[i].id, hex))
            return &found->all[i];
    return NULL;
}

// Every pivot that two or more have is published, byte for byte, and nothing else is.
static void compare_all(struct look *look, const struct found *found)
{
    static struct having having[HAVING_MAX];
    struct toc_buf want;
    size_t expected = 0;
    toc_buf_init(&want, 65536);
    qsort(look->all, look->count, sizeof *look->all, by_pivot);
    for (size_t i = 0, n; i < look->count; i += n) {
        for (n = 0; i + n < look->count && by_pivot(&look->all[i], &look->all[i + n]) == 0; n++) {
            assert_true(n < HAVING_MAX);
            having[n] = look->all[i + n].having;
        }
        const struct owned *one = &look->all[i];
        plain_correlation(having, n, one->shared.what, one->shared.value, &want);
        const struct published *got = published(found, one->audience, one->shared.link);
        assert_int_equal(got != NULL, want.len != 0);
        if (got == NULL)
            continue;
        assert_slices_equal(got->value, toc_buf_slice(&want));
        expected++;
        look->seen[one->shared.what]++;
    }
    assert_int_equal(found->count, expected);
    toc_buf_done(&want);
}

static void compare(struct toc_replay *replay, size_t seen[TOC_PIVOT_KIND_COUNT], size_t *fewest)
{
    struct toc_err err = {0};
    struct look look = {.all = toc_mem_alloc(SHARED_MAX, sizeof *look.all)};
    struct found found = {.all = toc_mem_alloc(SHARED_MAX, sizeof *found.all)};
    assert_non_null(look.all);
    assert_non_null(found.all);
    toc_arena_init(&look.arena, (size_t)64 << 20);
    toc_arena_init(&found.arena, (size_t)64 << 20);
    assert_ok(toc_replay_end(replay, &err), err);
    assert_ok(toc_replay_views(replay, look_at, &look, &err), err);
    assert_ok(toc_replay_correlations(replay, find_correlation, &found, &err), err);
    compare_all(&look, &found);
    for (size_t k = 0; k < TOC_PIVOT_KIND_COUNT; k++)
        seen[k] += look.seen[k];
    *fewest = found.count < *fewest ? found.count : *fewest;
    toc_arena_done(&look.arena);
    toc_arena_done(&found.arena);
    toc_mem_free(look.all);
    toc_mem_free(found.all);
}

static void correlations_are_what_the_views_share(void **unused)
{
    (void)unused;
    static struct world w;
    size_t seen[TOC_PIVOT_KIND_COUNT] = {0}, fewest = SIZE_MAX;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        begin(&w, seed);
        for (int i = 0; i < 300; i++) {
            // Mostly minutes; now and then so long that all has aged, and once that all is forgotten.
            w.time += (int64_t)random_below(&w, 20) * TOC_MS_MINUTE;
            if (i % 60 == 59)
                w.time += (i == 179 ? 160 : 40) * TOC_MS_DAY;
            send(&w);
            if (i % 20 == 0 || i % 60 == 59)
                compare(w.replay, seen, &fewest);
        }
        end(&w);
    }
    assert_true(seen[TOC_PIVOT_KIND_NETWORK] > 100);
    assert_true(seen[TOC_PIVOT_KIND_RELATION] > 100);
    assert_true(seen[TOC_PIVOT_KIND_REPORT] > 100);
    assert_in_range(fewest, 0, 3); // everything had gone at times
}

// The same over whole deployments: decisions, suspensions, reference sets that come and go, forgeries, ten members.
static void so_they_are_in_a_whole_deployment(void **unused)
{
    (void)unused;
    size_t seen[TOC_PIVOT_KIND_COUNT] = {0}, fewest = SIZE_MAX;
    GEN_EACH_SEED(seed, 3)
    {
        const struct gen_way way = {.events = 600};
        struct gen_log log;
        struct run run = {0};
        struct toc_err err = {0};
        struct toc_replay_conf conf = {.reference = gen_find_set, .ctx = &gen_world, .way = {.batch = 4, .restart = 40},
                .correlations = true};
        gen_log_open(&log, &gen_world, seed, &way);
        memcpy(conf.genesis_digest, gen_world.genesis_digest, sizeof conf.genesis_digest);
        memcpy(conf.deployment_key, gen_world.deployment_key, sizeof conf.deployment_key);
        assert_ok(toc_replay_new(&conf, &run.replay, &err), err);
        for (size_t at = 0; at < log.count; at += 50) {
            run_feed(&run, &log, at, at + 50 < log.count ? at + 50 : log.count);
            compare(run.replay, seen, &fewest);
        }
        toc_replay_free(run.replay);
        gen_log_close(&log);
    }
    print_message("registrable domain %zu, network %zu, relation %zu, report %zu\n", seen[TOC_PIVOT_KIND_REGISTRABLE_DOMAIN],
            seen[TOC_PIVOT_KIND_NETWORK], seen[TOC_PIVOT_KIND_RELATION], seen[TOC_PIVOT_KIND_REPORT]);
    assert_true(seen[TOC_PIVOT_KIND_REGISTRABLE_DOMAIN] > 20);
    assert_true(seen[TOC_PIVOT_KIND_RELATION] + seen[TOC_PIVOT_KIND_REPORT] > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(correlations_are_what_the_views_share),
            cmocka_unit_test(so_they_are_in_a_whole_deployment),
    };
    return cmocka_run_group_tests(tests, gen_open, gen_close);
}
