// The deployment of gen.h: who takes part, and what is never blocked.
#include "tests/replay/gen.h"

#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/indicator/audience.h"

#define TEXTS(...) ((struct toc_slice[]){__VA_ARGS__})

static const struct {
    const char *name;
    enum toc_reference_type type;
    enum toc_reference_effect effect;
    const char *text;
} sets[GEN_SETS] = {
        {"dynamic", TOC_REFERENCE_TYPE_DYNAMIC_DNS, TOC_REFERENCE_EFFECT_ANNOTATE,
                "{\"type\": \"hostname\", \"list\": [\"dyn-host.com\"]}"},
        {"never", TOC_REFERENCE_TYPE_NEVER_BLOCK, TOC_REFERENCE_EFFECT_NEVER_BLOCK,
                "{\"value\": \"ehr.vendor-big.com\", \"kind\": \"domain\", \"match\": [\"equal\", "
                "\"over\", \"under\"], \"why\": \"EHR\"}\n"
                "{\"value\": \"signin.identity.com\", \"kind\": \"domain\", \"match\": [\"equal\", "
                "\"over\", \"under\"], \"why\": \"identity\"}\n"
                "{\"value\": \"bigcdn.net\", \"kind\": \"domain\", \"match\": [\"equal\", "
                "\"over\"], \"why\": \"CDN\"}\n"
                "{\"value\": \"8.8.8.8\", \"kind\": \"ipv4\", \"match\": [\"equal\", \"over\", "
                "\"under\"], \"why\": \"resolver\"}\n"},
        {"popular", TOC_REFERENCE_TYPE_WARNINGLIST, TOC_REFERENCE_EFFECT_CAP,
                "{\"type\": \"hostname\", \"list\": [\"popular.com\"]}"},
        {"suffixes", TOC_REFERENCE_TYPE_PUBLIC_SUFFIXES, TOC_REFERENCE_EFFECT_NEVER_BLOCK,
                "com\nnet\norg\nuk\nco.uk\n"},
        // Comes into force in the middle of a log, if at all.
        {"late", TOC_REFERENCE_TYPE_WARNINGLIST, TOC_REFERENCE_EFFECT_CAP,
                "{\"type\": \"hostname\", \"list\": [\"evil-one.com\", \"late-listed.com\"]}"},
};

static struct toc_key *key_of(uint8_t number)
{
    uint8_t seed[32] = {0x70, number};
    struct toc_err err;
    struct toc_key *key;
    assert_ok(toc_key_of_seed(seed, &key, &err), err);
    return key;
}

static void *keep(struct gen_world *world, const void *bytes, size_t size)
{
    void *copy = toc_arena_alloc(&world->arena, 1, size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    return copy;
}

static struct gen_member *add_member(struct gen_world *world, enum gen_member_id id,
        const char *name, const char *organisation, enum toc_member_role role,
        enum toc_marking clearance)
{
    struct gen_member *m = &world->members[id];
    toc_member_init(&m->record);
    m->key = key_of((uint8_t)(10 + id));
    struct toc_member_key key = {.role = TOC_KEY_ROLE_MEMBER};
    memcpy(key.public_key, toc_key_public(m->key), sizeof key.public_key);
    m->record.id = toc_slice_of(name);
    m->record.organisation = toc_slice_of(organisation);
    m->record.role = role;
    m->record.clearance = clearance;
    m->record.status = TOC_MEMBER_STATUS_ACTIVE;
    m->record.admitted = GEN_START - 400 * TOC_MS_DAY;
    m->record.keys = keep(world, &key, sizeof key);
    m->record.keys_count = 1;
    return m;
}

static void give_feeds(
        struct gen_world *world, struct gen_member *m, const struct toc_feed *feeds, size_t count)
{
    m->record.feeds = keep(world, feeds, count * sizeof *feeds);
    m->record.feeds_count = count;
    for (size_t i = 0; i < count; i++)
        m->may_block = m->may_block || feeds[i].may_block;
}

static void open_members(struct gen_world *w)
{
    struct gen_member *m =
            add_member(w, GEN_CISA, "cisa", "cisa", TOC_MEMBER_ROLE_GOVERNMENT, TOC_MARKING_AMBER);
    give_feeds(w, m, &(struct toc_feed){.reliability = 800, .may_block = true}, 1);
    m = add_member(w, GEN_HHS, "hhs", "hhs", TOC_MEMBER_ROLE_GOVERNMENT, TOC_MARKING_AMBER);
    give_feeds(w, m, &(struct toc_feed){.reliability = 800}, 1);

    m = add_member(
            w, GEN_HOSPITAL, "hospital-1", "hospital", TOC_MEMBER_ROLE_HOSPITAL, TOC_MARKING_AMBER);
    m->record.default_release =
            keep(w, &(struct toc_release){.federal = TOC_FEDERAL_YES}, sizeof(struct toc_release));
    m->record.own_names = keep(w, TEXTS(TOC_S("own-hospital.org"), TOC_S("45.200.1.0/24")),
            2 * sizeof(struct toc_slice));
    m->record.own_names_count = 2;
    add_member(w, GEN_HOSPITAL2, "hospital-2", "hospital", TOC_MEMBER_ROLE_HOSPITAL,
            TOC_MARKING_GREEN);

    m = add_member(w, GEN_CLINIC, "clinic", "clinic", TOC_MEMBER_ROLE_CLINIC, TOC_MARKING_CLEAR);
    give_feeds(w, m,
            (struct toc_feed[]){
                    {.id = TOC_S("agg"), .group = TOC_S("aggregator"), .reliability = 700},
                    {.id = TOC_S("alt"), .group = TOC_S("alternative"), .reliability = 500}},
            2);
    m = add_member(w, GEN_PAYER, "payer", "payer", TOC_MEMBER_ROLE_PAYER, TOC_MARKING_AMBER);
    give_feeds(w, m,
            (struct toc_feed[]){
                    {.id = TOC_S("agg"), .group = TOC_S("aggregator"), .reliability = 900},
                    {.reliability = 1000}},
            2);

    m = add_member(w, GEN_LAB, "lab", "lab", TOC_MEMBER_ROLE_LABORATORY, TOC_MARKING_GREEN);
    m->record.admitted = GEN_START - 10 * TOC_MS_DAY;
    m = add_member(
            w, GEN_PHARMACY, "pharmacy", "pharmacy", TOC_MEMBER_ROLE_PHARMACY, TOC_MARKING_AMBER);
    m->record.default_attribution = TOC_ATTRIBUTION_NAMED;
    m->record.has_default_attribution = true;
    m->record.communities = keep(w, TEXTS(TOC_S("ring")), sizeof(struct toc_slice));
    m->record.communities_count = 1;
    m = add_member(w, GEN_VENDOR, "vendor", "vendor", TOC_MEMBER_ROLE_HEALTH_IT, TOC_MARKING_GREEN);
    m->record.default_attribution = TOC_ATTRIBUTION_ROLE;
    m->record.has_default_attribution = true;
    give_feeds(w, m,
            &(struct toc_feed){.reliability = 700, .attacker_mail = true, .descriptions = true}, 1);
    add_member(w, GEN_LATE, "late", "late", TOC_MEMBER_ROLE_HOSPITAL, TOC_MARKING_AMBER);
}

static void open_sets(struct gen_world *world)
{
    struct toc_err err;
    for (size_t i = 0; i < GEN_SETS; i++) {
        struct toc_slice text = toc_slice_of(sets[i].text);
        struct toc_reference_use use = {.name = toc_slice_of(sets[i].name),
                .type = sets[i].type,
                .effect = sets[i].effect,
                .version = TOC_S("1"),
                .length = (int64_t)text.len};
        toc_sha256(text.ptr, text.len, use.digest);
        assert_ok(toc_reference_compile(&use, text, &world->sets[i], &err), err);
    }
}

struct toc_reference_set *gen_find_set(void *ctx, const struct toc_reference_use *use)
{
    struct gen_world *world = ctx;
    for (size_t i = 0; i < GEN_SETS; i++)
        if (memcmp(toc_reference_facts(world->sets[i])->digest, use->digest, sizeof use->digest) ==
                0)
            return toc_reference_ref(world->sets[i]);
    return NULL;
}

static void open_genesis(struct gen_world *w)
{
    memcpy(w->audiences, toc_audience_defaults, sizeof toc_audience_defaults);
    w->audiences[4] = (struct toc_audience){.name = TOC_S("ring"),
            .type = TOC_AUDIENCE_TYPE_COMMUNITY,
            .highest = TOC_MARKING_AMBER};
    memset(w->deployment_key, 0x5a, sizeof w->deployment_key);
    toc_genesis_init(&w->genesis);
    memset(w->genesis.deployment, 0xd1, sizeof w->genesis.deployment);
    w->genesis.name = TOC_S("test");
    w->genesis.root_keys = keep(w, toc_key_public(w->root), 32);
    w->genesis.root_keys_count = 1;
    w->genesis.partitions = GEN_PARTITIONS;
    w->genesis.audiences = w->audiences;
    w->genesis.audiences_count = GEN_AUDIENCES;
    w->genesis.first_stream_time = GEN_START;
    toc_sha256(w->deployment_key, sizeof w->deployment_key, w->genesis.deployment_key_digest);
}

void gen_world_open(struct gen_world *world)
{
    memset(world, 0, sizeof *world);
    toc_arena_init(&world->arena, (size_t)1 << 30);
    world->root = key_of(1);
    world->hub = key_of(2);
    world->operator= key_of(3);
    open_genesis(world);
    open_members(world);
    open_sets(world);
}

struct gen_world gen_world;

int gen_open(void **state)
{
    (void)state;
    gen_world_open(&gen_world);
    return 0;
}

int gen_close(void **state)
{
    (void)state;
    gen_world_close(&gen_world);
    return 0;
}

void gen_world_close(struct gen_world *world)
{
    for (size_t i = 0; i < GEN_SETS; i++)
        toc_reference_unref(world->sets[i]);
    for (size_t i = 0; i < GEN_MEMBERS; i++)
        toc_key_free(world->members[i].key);
    toc_key_free(world->root);
    toc_key_free(world->hub);
    toc_key_free(world->operator);
    toc_arena_done(&world->arena);
}
