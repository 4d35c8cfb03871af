#include "tests/replay/gen.h"

#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/indicator/audience.h"
#include "lib/indicator/key.h"
#include "lib/indicator/segment.h"

static const struct {
    enum toc_kind kind;
    const char *value;
} values[] = {
        {TOC_KIND_DOMAIN, "evil-one.com"},
        {TOC_KIND_DOMAIN, "a.evil-one.com"},
        {TOC_KIND_DOMAIN, "evil-two.net"},
        {TOC_KIND_DOMAIN, "evil-three.co.uk"},
        {TOC_KIND_DOMAIN, "late-listed.com"},
        {TOC_KIND_DOMAIN, "x.dyn-host.com"},
        {TOC_KIND_DOMAIN, "shop.popular.com"},
        {TOC_KIND_DOMAIN, "signin.identity.com"},
        {TOC_KIND_DOMAIN, "ehr.vendor-big.com"},
        {TOC_KIND_DOMAIN, "vendor-big.com"},
        {TOC_KIND_DOMAIN, "bigcdn.net"},
        {TOC_KIND_DOMAIN, "tenant.bigcdn.net"},
        {TOC_KIND_DOMAIN, "co.uk"},
        {TOC_KIND_DOMAIN, "own-hospital.org"},
        {TOC_KIND_IPV4, "45.155.1.2"},
        {TOC_KIND_IPV4, "45.155.1.3"},
        {TOC_KIND_IPV4, "45.200.1.9"},
        {TOC_KIND_IPV4, "8.8.8.8"},
        {TOC_KIND_IPV6, "2a01:4f8::5"},
        {TOC_KIND_CIDR, "45.155.1.0/24"},
        {TOC_KIND_CIDR, "45.155.0.0/17"},
        {TOC_KIND_CIDR, "8.0.0.0/8"},
        {TOC_KIND_ENDPOINT, "45.155.1.2:8443"},
        {TOC_KIND_URL, "https://evil-one.com/a"},
        {TOC_KIND_URL, "http://shop.popular.com/phish"},
        {TOC_KIND_EMAIL, "billing@evil-two.net"},
        {TOC_KIND_MD5, "0123456789abcdef0123456789abcdef"},
        {TOC_KIND_SHA256, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
        {TOC_KIND_CVE, "CVE-2026-1234"},
};
#define VALUES (sizeof values / sizeof *values)

size_t gen_values(void)
{
    return VALUES;
}

enum toc_kind gen_value(size_t at, struct toc_slice *out)
{
    *out = toc_slice_of(values[at].value);
    return values[at].kind;
}

int32_t gen_partition(enum toc_kind kind, struct toc_slice value)
{
    uint8_t key[TOC_KEY_BYTES];
    toc_indicator_key(kind, value, key);
    return (int32_t)toc_key_partition(key, GEN_PARTITIONS);
}

struct gen_seeds gen_seeds(uint64_t usual)
{
    const char *one = getenv("TOC_SEED"), *many = getenv("TOC_SEEDS");
    uint64_t n;
    if (one != NULL && toc_parse_u64(toc_slice_of(one), UINT32_MAX, &n))
        return (struct gen_seeds){n, n};
    if (many != NULL && toc_parse_u64(toc_slice_of(many), UINT32_MAX, &n))
        return (struct gen_seeds){1, n};
    return (struct gen_seeds){1, usual};
}

uint64_t gen_random(struct gen_log *log, uint64_t below)
{
    uint64_t z = log->state += 0x9e3779b97f4a7c15u; // splitmix64
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % below;
}

static bool chance(struct gen_log *log, unsigned percent)
{
    return gen_random(log, 100) < percent;
}

static void *room(struct gen_log *log, size_t count, size_t size)
{
    void *at = toc_arena_alloc(&log->world->arena, count, size);
    assert_non_null(at);
    return at;
}

// --- the list ---------------------------------------------------------------------------------------

void gen_insert(struct gen_log *log, size_t at, const struct gen_event *event)
{
    struct gen_event copy = *event; // may stand in the list itself
    assert_int_equal(
            toc_mem_grow((void **)&log->events, &log->cap, log->count + 1, sizeof *log->events), 0);
    memmove(&log->events[at + 1], &log->events[at], (log->count - at) * sizeof *log->events);
    log->events[at] = copy;
    log->count++;
}

void gen_log_copy(struct gen_log *log, const struct gen_log *from,
        bool (*keep)(void *ctx, const struct gen_event *e), void *ctx)
{
    *log = *from;
    log->events = NULL;
    log->count = log->cap = 0;
    for (size_t i = 0; i < from->count; i++)
        if (keep == NULL || keep(ctx, &from->events[i]))
            gen_insert(log, log->count, &from->events[i]);
}

void gen_log_close(struct gen_log *log)
{
    toc_mem_free(log->events);
    *log = (struct gen_log){0};
}

void gen_tick(struct gen_log *log, int64_t ms)
{
    log->now += ms;
    gen_insert(log, log->count,
            &(struct gen_event){.what = GEN_TICK, .time = log->now, .key = log->world->hub});
}

static void decide_with(
        struct gen_log *log, const struct toc_control *control, const struct toc_key *key)
{
    struct gen_event e = {.what = GEN_CONTROL, .time = log->now, .control = *control, .key = key};
    e.control.sequence = ++log->decisions;
    e.control.time = log->now;
    e.control.operator= TOC_S("op");
    gen_insert(log, log->count, &e);
}

void gen_decide(struct gen_log *log, const struct toc_control *control)
{
    decide_with(log, control, log->world->operator);
}

static struct toc_control blank(void)
{
    struct toc_control control;
    toc_control_init(&control);
    return control;
}

static void grant(struct gen_log *log, const struct toc_key *key, enum toc_key_role role,
        struct toc_slice holder)
{
    struct toc_key_grant *g = room(log, 1, sizeof *g);
    struct toc_control control = blank();
    memcpy(g->public_key, toc_key_public(key), sizeof g->public_key);
    g->role = role;
    g->holder = holder;
    control.key = g;
    decide_with(log, &control, log->world->root);
}

static void use_set(struct gen_log *log, size_t which, bool removed)
{
    struct toc_reference_use *use = room(log, 1, sizeof *use);
    struct toc_control control = blank();
    *use = *toc_reference_facts(log->world->sets[which]);
    use->removed = removed;
    control.reference_use = use;
    gen_decide(log, &control);
}

void gen_use_late(struct gen_log *log, bool removed)
{
    use_set(log, GEN_SETS - 1, removed);
}

static void put_member(struct gen_log *log, enum gen_member_id id, enum toc_member_status status)
{
    struct toc_member *member = room(log, 1, sizeof *member);
    struct toc_control control = blank();
    *member = log->world->members[id].record;
    member->status = status;
    control.member = member;
    gen_decide(log, &control);
}

static void begin(struct gen_log *log)
{
    struct toc_control control = blank();
    control.genesis = &log->world->genesis;
    decide_with(log, &control, log->world->root);
    struct toc_slice genesis = gen_seal(log->world, &log->events[0], 0);
    toc_sha256(genesis.ptr, genesis.len, log->world->genesis_digest);
    grant(log, log->world->operator, TOC_KEY_ROLE_OPERATOR, TOC_S("op"));
    grant(log, log->world->hub, TOC_KEY_ROLE_HUB, TOC_S("hub1"));
    for (size_t i = 0; i + 1 < GEN_SETS; i++)
        use_set(log, i, false);
    for (enum gen_member_id id = 0; id < GEN_MEMBERS; id++)
        put_member(log, id, TOC_MEMBER_STATUS_ACTIVE);
    gen_tick(log, 5000);
}

// --- observations -------------------------------------------------------------------------------------

struct toc_observation gen_observation(
        enum toc_kind kind, const char *value, enum toc_action action, int confidence)
{
    struct toc_observation o;
    toc_observation_init(&o);
    o.kind = kind;
    o.value = toc_slice_of(value);
    o.action = action;
    o.confidence = confidence;
    return o;
}

static int64_t some_time(struct gen_log *log)
{
    switch (gen_random(log, 8)) {
    case 0:
    case 1:
    case 2:
        return 0;
    case 3:
        return INT64_C(4070908800000); // 2099
    case 4:
        return log->now - (int64_t)gen_random(log, 200) * TOC_MS_DAY;
    default:
        return log->now - (int64_t)gen_random(log, 5 * 24) * TOC_MS_HOUR;
    }
}

static enum toc_action some_action(struct gen_log *log)
{
    static const enum toc_action actions[] = {TOC_ACTION_SIGHT, TOC_ACTION_SIGHT, TOC_ACTION_HIT,
            TOC_ACTION_HIT, TOC_ACTION_WITHDRAW, TOC_ACTION_REFUTE, TOC_ACTION_REFUTE};
    return chance(log, 65) ? TOC_ACTION_ASSERT
                           : actions[gen_random(log, sizeof actions / sizeof *actions)];
}

static void add_tags(struct gen_log *log, struct toc_observation *o)
{
    static const struct toc_slice tags[] = {
            TOC_S_INIT("ransomware"), TOC_S_INIT("malware:akira"), TOC_S_INIT("c2")};
    o->tags_count = gen_random(log, 3);
    o->tags = room(log, o->tags_count, sizeof *o->tags);
    for (size_t i = 0; i < o->tags_count; i++)
        o->tags[i] = tags[gen_random(log, 3)];
}

static void add_links(struct gen_log *log, struct toc_observation *o)
{
    if (chance(log, 20)) {
        o->relations = room(log, 1, sizeof *o->relations);
        *o->relations = (struct toc_relation){.type = TOC_RELATION_TYPE_RESOLVES_TO,
                .kind = TOC_KIND_IPV4,
                .value = TOC_S("45.155.1.2")};
        o->relations_count = 1;
    }
    if (chance(log, 10)) {
        o->references = room(log, 1, sizeof *o->references);
        *o->references = (struct toc_reference){.source = TOC_S("report"), .id = TOC_S("R-1")};
        o->references_count = 1;
    }
    if (chance(log, 1))
        o->description = TOC_S("seen beaconing");
}

static struct toc_observation some_observation(struct gen_log *log, int32_t partition)
{
    struct toc_observation o;
    toc_observation_init(&o);
    // Half of all is about the first few, so that they meet.
    do {
        size_t at = gen_random(log, chance(log, 50) ? 6 : VALUES);
        o.kind = gen_value(at, &o.value);
    } while (gen_partition(o.kind, o.value) != partition);
    o.action = some_action(log);
    o.confidence = chance(log, 20) ? 100 : (int32_t)gen_random(log, 101);
    o.severity = (enum toc_severity)gen_random(log, 5);
    o.first_seen = some_time(log);
    o.last_seen = some_time(log);
    o.valid_until =
            chance(log, 25) ? log->now + (int64_t)gen_random(log, 90 * 24) * TOC_MS_HOUR : 0;
    add_tags(log, &o);
    add_links(log, &o);
    if (chance(log, 2))
        o.action = TOC_ACTION_PURGE;
    if (chance(log, 2))
        o.value = TOC_S("Not.Canonical");
    return o;
}

// --- segments -----------------------------------------------------------------------------------------

static struct toc_segment open_segment(
        struct gen_log *log, enum gen_member_id id, unsigned writer, int32_t partition)
{
    struct gen_member *m = &log->world->members[id];
    struct toc_segment s;
    toc_segment_init(&s);
    s.member = m->record.id;
    s.writer[0] = (uint8_t)id;
    s.writer[7] = (uint8_t)writer;
    s.seq = ++m->seq[writer];
    s.partition = partition;
    s.partitions = GEN_PARTITIONS;
    s.created = log->now;
    struct toc_position *last = &m->last[writer][partition];
    if (last->seq != 0) {
        s.previous = room(log, 1, sizeof *s.previous);
        *s.previous = *last;
    }
    last->seq = s.seq;
    return s;
}

static struct gen_event event_of(
        struct gen_log *log, enum gen_member_id id, const struct toc_segment *segment)
{
    return (struct gen_event){.what = GEN_SEGMENT,
            .time = log->now + (int64_t)gen_random(log, 4000),
            .partition = segment->partition,
            .member = id,
            .segment = *segment,
            .key = log->world->members[id].key};
}

static const struct toc_release *some_release(struct gen_log *log)
{
    struct toc_release *release = room(log, 1, sizeof *release);
    release->federal = (enum toc_federal)gen_random(log, 3);
    if (chance(log, 50)) {
        release->communities = room(log, 1, sizeof *release->communities);
        *release->communities = TOC_S("ring");
        release->communities_count = 1;
    }
    return release;
}

struct gen_event gen_segment(struct gen_log *log, enum gen_member_id id, unsigned writer)
{
    static const struct toc_slice feeds[] = {TOC_S_INIT(""), TOC_S_INIT(""), TOC_S_INIT("agg"),
            TOC_S_INIT("alt"), TOC_S_INIT("feed1")};
    static const enum toc_marking markings[] = {TOC_MARKING_CLEAR, TOC_MARKING_CLEAR,
            TOC_MARKING_GREEN, TOC_MARKING_GREEN, TOC_MARKING_AMBER, TOC_MARKING_AMBER,
            TOC_MARKING_AMBER_STRICT};
    struct toc_segment s = open_segment(log, id, writer, (int32_t)gen_random(log, GEN_PARTITIONS));
    s.created -= (int64_t)gen_random(log, 48) * TOC_MS_HOUR;
    s.feed = feeds[gen_random(log, 5)];
    s.marking = markings[gen_random(log, 7)];
    s.has_pap = chance(log, 20);
    s.pap = (enum toc_pap)gen_random(log, 4);
    s.has_attribution = chance(log, 30);
    s.attribution = (enum toc_attribution)gen_random(log, 3);
    s.release = chance(log, 40) ? (struct toc_release *)(uintptr_t)some_release(log) : NULL;
    s.observations_count = 1 + gen_random(log, 5);
    s.observations = room(log, s.observations_count, sizeof *s.observations);
    for (size_t i = 0; i < s.observations_count; i++)
        s.observations[i] = some_observation(log, s.partition);
    return event_of(log, id, &s);
}

struct gen_event gen_say(struct gen_log *log, enum gen_member_id id, unsigned writer,
        enum toc_marking marking, const struct toc_observation *observation)
{
    struct toc_segment s =
            open_segment(log, id, writer, gen_partition(observation->kind, observation->value));
    s.marking = marking;
    s.observations = room(log, 1, sizeof *s.observations);
    *s.observations = *observation;
    s.observations_count = 1;
    return event_of(log, id, &s);
}

// --- at random ----------------------------------------------------------------------------------------

static void decide_something(struct gen_log *log)
{
    struct toc_control control = blank();
    enum gen_member_id id = (enum gen_member_id)gen_random(log, GEN_LATE);
    switch (gen_random(log, 5)) {
    case 0:
        put_member(
                log, id, chance(log, 50) ? TOC_MEMBER_STATUS_SUSPENDED : TOC_MEMBER_STATUS_ACTIVE);
        break;
    case 1:
        put_member(log, id, TOC_MEMBER_STATUS_ACTIVE);
        break;
    case 2:
        gen_use_late(log, chance(log, 30));
        break;
    case 3: {
        struct toc_overrule *o = room(log, 1, sizeof *o);
        o->kind = gen_value(gen_random(log, VALUES), &o->value);
        o->advice = (enum toc_advice)gen_random(log, 3);
        o->why = TOC_S("looked at it");
        o->until = log->now + (int64_t)gen_random(log, 29) * TOC_MS_DAY;
        control.overrule = o;
        gen_decide(log, &control);
        break;
    }
    default: {
        struct toc_policy *p = room(log, 1, sizeof *p);
        p->settings = room(log, 1, sizeof *p->settings);
        *p->settings = (struct toc_policy_setting){
                .name = TOC_S("block-score"), .value = 40 + (int64_t)gen_random(log, 30)};
        p->settings_count = 1;
        control.policy = p;
        gen_decide(log, &control);
        break;
    }
    }
}

static int64_t some_wait(struct gen_log *log, const struct gen_way *way)
{
    if (way->slow || chance(log, 60))
        return 5000;
    switch (gen_random(log, 4)) {
    case 0:
        return TOC_MS_HOUR;
    case 1:
        return TOC_MS_DAY;
    case 2:
        return 12 * TOC_MS_DAY;
    default:
        return 6 * TOC_MS_HOUR;
    }
}

// The same again: as it was (a resend), or said anew.
static void repeat_something(struct gen_log *log)
{
    const struct gen_event *old = &log->events[gen_random(log, log->count)];
    if (old->what != GEN_SEGMENT)
        return;
    struct gen_event e = *old;
    e.time = log->now;
    if (chance(log, 50)) {
        struct toc_segment fresh = open_segment(log, e.member, e.segment.writer[7], e.partition);
        e.segment.seq = fresh.seq;
        e.segment.previous = fresh.previous;
        e.segment.created = log->now;
        memset(e.sealed, 0, sizeof e.sealed);
    }
    gen_insert(log, log->count, &e);
}

static void something(struct gen_log *log, const struct gen_way *way)
{
    uint64_t which = gen_random(log, 100);
    if (which < 20) {
        gen_tick(log, some_wait(log, way));
    } else if (which < 23 && !way->calm) {
        decide_something(log);
    } else if (which < 33) {
        repeat_something(log);
    } else {
        struct gen_event e = gen_segment(log, (enum gen_member_id)gen_random(log, GEN_LATE),
                (unsigned)gen_random(log, GEN_WRITERS));
        e.spoiled = chance(log, 2);
        if (e.segment.previous != NULL && chance(log, 3))
            e.segment.previous->seq += 7; // a gap
        gen_insert(log, log->count, &e);
    }
}

void gen_log_open(
        struct gen_log *log, struct gen_world *world, uint64_t seed, const struct gen_way *way)
{
    *log = (struct gen_log){.world = world, .state = seed, .now = GEN_START};
    for (size_t i = 0; i < GEN_MEMBERS; i++) {
        memset(world->members[i].seq, 0, sizeof world->members[i].seq);
        memset(world->members[i].last, 0, sizeof world->members[i].last);
    }
    begin(log);
    for (size_t i = 0; i < way->events; i++)
        something(log, way);
    gen_tick(log, 5000);
    gen_tick(log, 5000);
}

// --- bytes --------------------------------------------------------------------------------------------

static void payload_of(const struct gen_event *e, int32_t partition, struct toc_buf *out)
{
    switch (e->what) {
    case GEN_SEGMENT:
        toc_segment_put(&e->segment, out);
        break;
    case GEN_TICK:
        toc_tick_put(
                &(struct toc_tick){.hub = TOC_S("hub1"), .partition = partition, .time = e->time},
                out);
        break;
    case GEN_CONTROL:
        toc_control_put(&e->control, out);
        break;
    }
}

struct toc_slice gen_seal(struct gen_world *world, struct gen_event *e, int32_t partition)
{
    struct toc_slice *kept = &e->sealed[partition];
    if (kept->ptr != NULL)
        return *kept;
    struct toc_buf payload, value;
    struct toc_err err;
    toc_buf_init(&payload, TOC_SEGMENT_BYTES_MAX);
    toc_buf_init(&value, TOC_SEGMENT_VALUE_BYTES_MAX);
    payload_of(e, partition, &payload);
    assert_ok(toc_buf_check(&payload, "payload", &err), err);
    int32_t observations = e->what == GEN_SEGMENT ? (int32_t)e->segment.observations_count : 0;
    assert_ok(toc_segment_seal(world->genesis.deployment, e->key, toc_buf_slice(&payload),
                      observations, NULL, &value, &err),
            err);
    if (e->spoiled)
        value.ptr[value.len - 1] ^= 1;
    *kept = toc_arena_copy(&world->arena, toc_buf_slice(&value));
    assert_non_null(kept->ptr);
    toc_buf_done(&payload);
    toc_buf_done(&value);
    return *kept;
}
