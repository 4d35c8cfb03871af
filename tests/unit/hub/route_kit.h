// What the tests of route share: decisions of operators, signed or forged; views with this or that in them; and what
// comes out, as lines of text. One program includes it once.
#pragma once

#include "tests/support/unit.h"

#include "hub/route/route.h"
#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/key.h"
#include "lib/indicator/audience.h"
#include "lib/indicator/key.h"
#include "lib/indicator/pivot.h"
#include "lib/indicator/segment.h"
#include "schemas/indicator.h"
#include "schemas/interest_change.h"
#include "schemas/pivot.h"

#define PARTITIONS 4
#define CLEAR 0
#define GREEN 1
#define AMBER 2
#define FEDERAL 3

// --- decisions ---------------------------------------------------------------------------------------

enum signer { ROOT, OPERATOR, OPERATOR_2, STRANGER, SIGNERS };
static struct toc_key *keys[SIGNERS];
static const uint8_t deployment[16] = {1}, elsewhere[16] = {2};

static inline int make_keys(void **state)
{
    (void)state;
    struct toc_err err = {0};
    for (int i = 0; i < SIGNERS; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        assert_ok(toc_key_of_seed(seed, &keys[i], &err), err);
    }
    return 0;
}

static inline int free_keys(void **state)
{
    (void)state;
    for (int i = 0; i < SIGNERS; i++)
        toc_key_free(keys[i]);
    return 0;
}

struct said { // what was complained of
    char text[4096];
    size_t len;
};

static inline void complain(void *ctx, const char *text)
{
    struct said *said = ctx;
    int n = snprintf(said->text + said->len, sizeof said->text - said->len, "%s\n", text);
    said->len += n > 0 ? (size_t)n : 0;
    assert_true(said->len < sizeof said->text);
}

static inline struct toc_buf seal(const struct toc_control *control, enum signer signer, const uint8_t where[16])
{
    struct toc_buf payload, value;
    struct toc_err err = {0};
    toc_buf_init(&payload, 65536);
    toc_buf_init(&value, 65536);
    toc_control_put(control, &payload);
    assert_ok(toc_segment_seal(where, keys[signer], toc_buf_slice(&payload), 0, NULL, &value, &err), err);
    toc_buf_done(&payload);
    return value;
}

static inline struct toc_buf genesis_value(void)
{
    struct toc_genesis genesis;
    struct toc_control control;
    struct toc_audience audiences[4];
    uint8_t root[1][32];
    toc_genesis_init(&genesis);
    toc_control_init(&control);
    memcpy(audiences, toc_audience_defaults, sizeof audiences);
    memcpy(root[0], toc_key_public(keys[ROOT]), 32);
    memcpy(genesis.deployment, deployment, 16);
    genesis.root_keys = root;
    genesis.root_keys_count = 1;
    genesis.partitions = PARTITIONS;
    genesis.audiences = audiences;
    genesis.audiences_count = 4;
    control.sequence = 1;
    control.genesis = &genesis;
    return seal(&control, ROOT, deployment);
}

// A row says one decision.
struct decision {
    int64_t sequence;
    enum signer signer;
    const char *member; // member record, or with `interest` whose it is
    enum toc_marking clearance;
    enum toc_member_role role;
    enum toc_member_status status;
    const char *interest, *expression;
    bool removed, foreign;
    int grants, revokes; // a signer, 0: none
};

static inline void decide(struct toc_route *route, const struct decision *d)
{
    struct toc_err err = {0};
    struct toc_control control;
    struct toc_member member;
    struct toc_interest interest;
    struct toc_key_grant grant;
    toc_control_init(&control);
    toc_member_init(&member);
    toc_interest_init(&interest);
    toc_key_grant_init(&grant);
    control.sequence = d->sequence;
    if (d->grants != 0 || d->revokes != 0) {
        memcpy(grant.public_key, toc_key_public(keys[d->grants + d->revokes]), 32);
        grant.role = TOC_KEY_ROLE_OPERATOR;
        grant.holder = TOC_S("operator");
        grant.revoked = d->revokes != 0;
        control.key = &grant;
    } else if (d->interest != NULL) {
        interest = (struct toc_interest){.id = toc_slice_of(d->interest), .member = toc_slice_of(d->member),
                .expression = toc_slice_of(d->expression), .removed = d->removed};
        control.interest = &interest;
    } else {
        member.id = toc_slice_of(d->member);
        member.organisation = member.id;
        member.clearance = d->clearance;
        member.role = d->role;
        member.status = d->status;
        control.member = &member;
    }
    struct toc_buf value = seal(&control, d->signer, d->foreign ? elsewhere : deployment);
    assert_ok(toc_route_decision(route, toc_buf_slice(&value), &err), err);
    toc_buf_done(&value);
}

static inline struct toc_route *new_route(struct said *said)
{
    struct toc_err err = {0};
    struct toc_route *route = NULL;
    struct toc_buf genesis = genesis_value();
    struct toc_route_conf conf = {.complain = complain, .ctx = said};
    toc_sha256(genesis.ptr, genesis.len, conf.genesis_digest);
    assert_ok(toc_route_new(&conf, &route, &err), err);
    assert_null(toc_route_genesis(route));
    assert_ok(toc_route_decision(route, toc_buf_slice(&genesis), &err), err);
    assert_non_null(toc_route_genesis(route));
    assert_int_equal(toc_route_genesis(route)->partitions, PARTITIONS);
    toc_buf_done(&genesis);
    return route;
}

// --- what comes out ------------------------------------------------------------------------------------

struct out { // everything, as lines of text, but for pivots unless wanted
    bool pivots;
    char text[8192];
    size_t len;
    struct toc_buf last; // value of the last line
    int fail_after;      // emit fails once so many came; 0: never
};

static inline void say(struct out *out, const char *fmt, ...) TOC_PRINTF(2, 3);

static inline void say(struct out *out, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(out->text + out->len, sizeof out->text - out->len, fmt, args);
    va_end(args);
    out->len += n > 0 ? (size_t)n : 0;
    assert_true(out->len < sizeof out->text);
}

static inline void say_change(struct out *out, const struct toc_route_record *r)
{
    struct toc_arena arena;
    struct toc_err err = {0};
    struct toc_interest_change c;
    toc_arena_init(&arena, 1 << 20);
    assert_ok(toc_interest_change_get(r->value, &arena, &c, &err), err);
    assert_slices_equal(r->key, c.indicator.id);
    say(out, "%.*s %s %.*s %d/%lld\n", TOC_SLICE_ARG(r->whose), toc_change_symbol(c.change), TOC_SLICE_ARG(c.audience),
            c.partition, (long long)c.offset);
    toc_arena_done(&arena);
}

static inline void say_pivot(struct out *out, const struct toc_route_record *r)
{
    struct toc_arena arena;
    struct toc_err err = {0};
    struct toc_pivot p;
    uint8_t link[16], key[16];
    toc_arena_init(&arena, 1 << 20);
    assert_ok(toc_pivot_get(r->value, &arena, &p, &err), err);
    assert_int_equal(r->partition, toc_key_partition(r->key.ptr, PARTITIONS));
    if (p.value.len != 0) {
        toc_link_id(p.what, p.value, link);
        toc_pivot_key(p.audience, link, key);
        assert_slices_equal(r->key, toc_slice(key, 16));
    }
    assert_int_equal(p.offset, 77);
    say(out, "%c%s:%.*s\n", p.present ? '+' : '-', toc_pivot_kind_symbol(p.what), TOC_SLICE_ARG(p.value));
    toc_arena_done(&arena);
}

static inline toc_rc take(void *ctx, const struct toc_route_record *r, struct toc_err *err)
{
    struct out *out = ctx;
    assert_int_equal(r->time, 1234);
    if (out->fail_after != 0 && --out->fail_after == 0)
        return toc_fail_fate(err, TOC_FATE_RETRY, TOC_E_BUSY, "full");
    if (r->where == TOC_ROUTE_INTEREST)
        say_change(out, r);
    else if (r->where == TOC_ROUTE_PIVOT && out->pivots)
        say_pivot(out, r);
    else if (r->where == TOC_ROUTE_RECEIPT)
        say(out, "receipts.%.*s %.*s\n", TOC_SLICE_ARG(r->whose), TOC_SLICE_ARG(r->key));
    toc_buf_clear(&out->last);
    toc_buf_put_slice(&out->last, r->value);
    return TOC_OK;
}

static inline void begin(struct out *out, bool pivots)
{
    *out = (struct out){.pivots = pivots};
    toc_buf_init(&out->last, 1 << 20);
}

struct shape { // of an indicator's facts
    enum toc_status status;
    int score; // -1: no facts at all
    const char *registrable, *tag;
};

static inline struct toc_facts facts_of(const struct shape *shape, struct toc_slice tag[1])
{
    struct toc_facts facts;
    toc_facts_init(&facts);
    facts.status = shape->status;
    facts.has_score = true;
    facts.score = shape->score;
    facts.registrable = toc_slice_of(shape->registrable == NULL ? "" : shape->registrable);
    if (shape->tag != NULL) {
        tag[0] = toc_slice_of(shape->tag);
        facts.tags = tag;
        facts.tags_count = 1;
    }
    return facts;
}

static inline void view(struct toc_route *route, int audience, const struct toc_indicator *i, struct out *out)
{
    struct toc_err err = {0};
    struct toc_buf value;
    toc_buf_init(&value, 1 << 20);
    toc_indicator_put(i, &value);
    const struct toc_route_input input = {.partition = 3, .offset = 77, .time = 1234, .has_value = true, .key = i->id,
            .value = toc_buf_slice(&value)};
    toc_rc rc = toc_route_view(route, audience, &input, take, out, &err);
    if (out->fail_after == 0 && toc_failed(rc))
        assert_code(rc, TOC_E_BUSY, err);
    toc_buf_done(&value);
}

static inline void name(struct toc_indicator *i, enum toc_kind kind, const char *value, char id[TOC_KEY_HEX])
{
    uint8_t key[16];
    toc_indicator_init(i);
    toc_indicator_key(kind, toc_slice_of(value), key);
    toc_key_hex(key, id);
    i->kind = kind;
    i->value = toc_slice_of(value);
    i->id = toc_slice(id, 32);
    i->born = 5;
}

// Sends one view with these facts and gives the lines that came of it.
static const char *send(struct toc_route *route, int audience, const struct shape *prior, const struct shape *now,
        struct out *out)
{
    struct toc_indicator i;
    struct toc_facts was;
    struct toc_slice tags[2][1];
    char id[TOC_KEY_HEX];
    name(&i, TOC_KIND_DOMAIN, "bad.example.test", id);
    i.now = facts_of(now, tags[0]);
    if (prior->score >= 0) {
        was = facts_of(prior, tags[1]);
        i.prior = &was;
    }
    out->len = 0;
    out->text[0] = '\0';
    view(route, audience, &i, out);
    return out->text;
}

static const struct shape none = {.score = -1}; // as prior: there is none
