// Route: what a record causes is decided from the record and the decisions in force, whatever order those came in;
// a decision that is forged, foreign or old changes nothing.
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
#include "schemas/receipt.h"

#define PARTITIONS 4
#define CLEAR 0
#define GREEN 1
#define AMBER 2
#define FEDERAL 3

// --- decisions ---------------------------------------------------------------------------------------

enum signer { ROOT, OPERATOR, OPERATOR_2, STRANGER, SIGNERS };
static struct toc_key *keys[SIGNERS];
static const uint8_t deployment[16] = {1}, elsewhere[16] = {2};

static int make_keys(void **state)
{
    (void)state;
    struct toc_err err = {0};
    for (int i = 0; i < SIGNERS; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        assert_ok(toc_key_of_seed(seed, &keys[i], &err), err);
    }
    return 0;
}

static int free_keys(void **state)
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

static void complain(void *ctx, const char *text)
{
    struct said *said = ctx;
    int n = snprintf(said->text + said->len, sizeof said->text - said->len, "%s\n", text);
    said->len += n > 0 ? (size_t)n : 0;
    assert_true(said->len < sizeof said->text);
}

static struct toc_buf seal(const struct toc_control *control, enum signer signer, const uint8_t where[16])
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

static struct toc_buf genesis_value(void)
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

static void decide(struct toc_route *route, const struct decision *d)
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

static struct toc_route *new_route(struct said *said)
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

static void say(struct out *out, const char *fmt, ...) TOC_PRINTF(2, 3);

static void say(struct out *out, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(out->text + out->len, sizeof out->text - out->len, fmt, args);
    va_end(args);
    out->len += n > 0 ? (size_t)n : 0;
    assert_true(out->len < sizeof out->text);
}

static void say_change(struct out *out, const struct toc_route_record *r)
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

static void say_pivot(struct out *out, const struct toc_route_record *r)
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

static toc_rc take(void *ctx, const struct toc_route_record *r, struct toc_err *err)
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

static void begin(struct out *out, bool pivots)
{
    *out = (struct out){.pivots = pivots};
    toc_buf_init(&out->last, 1 << 20);
}

struct shape { // of an indicator's facts
    enum toc_status status;
    int score; // -1: no facts at all
    const char *registrable, *tag;
};

static struct toc_facts facts_of(const struct shape *shape, struct toc_slice tag[1])
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

static void view(struct toc_route *route, int audience, const struct toc_indicator *i, struct out *out)
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

static void name(struct toc_indicator *i, enum toc_kind kind, const char *value, char id[TOC_KEY_HEX])
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

// --- interests -----------------------------------------------------------------------------------------

static const struct decision grant_operator = {.sequence = 2, .signer = ROOT, .grants = OPERATOR};
static const struct shape none = {.score = -1}, high = {.status = TOC_STATUS_ACTIVE, .score = 80},
        low = {.status = TOC_STATUS_ACTIVE, .score = 20}, high_withdrawn = {.status = TOC_STATUS_WITHDRAWN, .score = 80},
        high_disputed = {.status = TOC_STATUS_DISPUTED, .score = 80}, gone = {.status = TOC_STATUS_GONE};

static void the_record_alone_says_what_changed(void **state)
{
    (void)state;
    static const struct {
        const struct shape *prior, *now;
        const char *change;
    } rows[] = {
            {&none, &high, "enter"}, {&none, &low, NULL}, {&low, &high, "enter"}, {&high, &high, "update"},
            {&high, &high_disputed, "update"}, {&high, &low, "leave"}, {&high, &high_withdrawn, "leave"},
            {&high, &gone, "leave"}, {&low, &gone, NULL}, {&high_withdrawn, &gone, NULL},
            {&high_withdrawn, &high, "enter"}, {&low, &low, NULL},
    };
    struct said said = {0};
    struct out out;
    struct toc_route *route = new_route(&said);
    begin(&out, false);
    decide(route, &grant_operator);
    decide(route, &(struct decision){.sequence = 3, .signer = OPERATOR, .member = "st-marys", .clearance = TOC_MARKING_AMBER});
    decide(route, &(struct decision){.sequence = 4, .signer = OPERATOR, .member = "st-marys", .interest = "mine",
            .expression = "score >= 50"});
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char want[64] = "";
        if (rows[i].change != NULL)
            snprintf(want, sizeof want, "mine %s amber 3/77\n", rows[i].change);
        assert_string_equal(send(route, AMBER, rows[i].prior, rows[i].now, &out), want);
        assert_string_equal(send(route, GREEN, rows[i].prior, rows[i].now, &out), ""); // not what it reads
    }
    assert_string_equal(said.text, "");
    toc_buf_done(&out.last);
    toc_route_free(route);
}

struct case_of_decisions {
    const char *name;
    struct decision decisions[8];
    const char *amber, *green; // what a high indicator causes, new in that audience
    const char *complaint;     // a part of what is said; NULL: nothing is
    const char *federal;
};

static const struct case_of_decisions cases[] = {
        {"in order",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 4, .signer = OPERATOR, .member = "b", .clearance = TOC_MARKING_GREEN},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"},
                        {.sequence = 6, .signer = OPERATOR, .member = "b", .interest = "ib", .expression = "score > 1"}},
                "ia enter amber 3/77\n", "ib enter green 3/77\n", NULL, ""},
        {"compaction moved the key behind what it signed",
                {{.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"},
                        {.sequence = 9, .signer = ROOT, .revokes = OPERATOR}},
                "ia enter amber 3/77\n", "", NULL, ""},
        {"a key revoked before it signed",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 4, .signer = ROOT, .revokes = OPERATOR},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"}},
                "", "", "decision on ia: it is signed by nobody", ""},
        {"nobody's key",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 4, .signer = STRANGER, .member = "a", .interest = "ia", .expression = "score > 1"}},
                "", "", "decision on ia: it is signed by nobody", ""},
        {"an operator makes no operators",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 4, .signer = OPERATOR, .grants = OPERATOR_2},
                        {.sequence = 5, .signer = OPERATOR_2, .member = "a", .interest = "ia", .expression = "score > 1"}},
                "", "", "decision on ia: it is signed by nobody", ""},
        {"another deployment's",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 4, .signer = OPERATOR, .foreign = true, .member = "a", .interest = "ia",
                                .expression = "score > 1"}},
                "", "", "another deployment's", ""},
        {"an old one played again",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1",
                                .removed = true},
                        {.sequence = 4, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"}},
                "", "", NULL, ""},
        {"changed",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 4, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 90"},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"}},
                "ia enter amber 3/77\n", "", NULL, ""},
        {"another clearance, another audience",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 4, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_GREEN}},
                "", "ia enter green 3/77\n", NULL, ""},
        {"suspended: goes on, it must miss nothing",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 4, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_GREEN,
                                .status = TOC_MEMBER_STATUS_SUSPENDED}},
                "", "ia enter green 3/77\n", NULL, ""},
        {"revoked: ends",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 4, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_GREEN,
                                .status = TOC_MEMBER_STATUS_REVOKED}},
                "", "", NULL, ""},
        {"of nobody known",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 4, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"}},
                "", "", NULL, ""},
        {"an expression that is none does not stop the others",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 4, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score >> 1"},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .interest = "ib", .expression = "score > 1"}},
                "ib enter amber 3/77\n", "", "interest ia: column", ""},
        {"government reads federal",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "gov", .clearance = TOC_MARKING_AMBER,
                                .role = TOC_MEMBER_ROLE_GOVERNMENT},
                        {.sequence = 4, .signer = OPERATOR, .member = "gov", .interest = "ig", .expression = "score > 1"}},
                "", "", NULL, "ig enter federal 3/77\n"},
};

static void only_decisions_in_force_count(void **state)
{
    (void)state;
    UNIT_EACH(const struct case_of_decisions, row, cases)
    {
        struct said said = {0};
        struct out out;
        struct toc_route *route = new_route(&said);
        begin(&out, false);
        for (size_t i = 0; i < 8 && row->decisions[i].sequence != 0; i++)
            decide(route, &row->decisions[i]);
        print_message("%s\n", row->name);
        assert_string_equal(send(route, AMBER, &none, &high, &out), row->amber);
        assert_string_equal(send(route, GREEN, &none, &high, &out), row->green);
        assert_string_equal(send(route, CLEAR, &none, &high, &out), "");
        assert_string_equal(send(route, FEDERAL, &none, &high, &out), row->federal);
        if (row->complaint == NULL)
            assert_string_equal(said.text, "");
        else
            assert_shows(said.text, row->complaint);
        toc_buf_done(&out.last);
        toc_route_free(route);
    }
}

// The same when every decision is judged before the next one comes.
static void one_by_one_is_the_same(void **state)
{
    (void)state;
    UNIT_EACH(const struct case_of_decisions, row, cases)
    {
        struct said said = {0};
        struct out out;
        struct toc_route *route = new_route(&said);
        begin(&out, false);
        print_message("%s\n", row->name);
        for (size_t i = 0; i < 8 && row->decisions[i].sequence != 0; i++) {
            decide(route, &row->decisions[i]);
            send(route, FEDERAL, &none, &low, &out);
        }
        assert_string_equal(send(route, AMBER, &none, &high, &out), row->amber);
        assert_string_equal(send(route, GREEN, &none, &high, &out), row->green);
        toc_buf_done(&out.last);
        toc_route_free(route);
    }
}

static void a_back_dated_decision_comes_too_late(void **state)
{
    (void)state;
    struct said said = {0};
    struct out out;
    struct toc_route *route = new_route(&said);
    begin(&out, false);
    decide(route, &grant_operator);
    decide(route, &(struct decision){.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER});
    decide(route, &(struct decision){.sequence = 10, .signer = ROOT, .revokes = OPERATOR});
    assert_string_equal(send(route, AMBER, &none, &high, &out), "");
    decide(route, &(struct decision){.sequence = 4, .signer = OPERATOR, .member = "a", .interest = "ia",
            .expression = "score > 1"}); // as if it had been signed before
    assert_string_equal(send(route, AMBER, &none, &high, &out), "");
    assert_shows(said.text, "played again");
    toc_buf_done(&out.last);
    toc_route_free(route);
}

static void what_cannot_be_read_is_left_out(void **state)
{
    (void)state;
    struct said said = {0};
    struct out out;
    struct toc_err err = {0};
    struct toc_route *route = new_route(&said);
    struct toc_route_totals totals;
    begin(&out, true);
    assert_ok(toc_route_decision(route, TOC_S("no segment"), &err), err);
    assert_shows(said.text, "cannot be read");
    const struct toc_route_input inputs[] = {
            {.has_value = true, .key = TOC_S("head"), .value = TOC_S("x")}, // no view: nothing wrong
            {.has_value = false, .key = TOC_S("00")},                      // a tombstone: nothing wrong
            {.has_value = true, .key = TOC_S("00"), .value = TOC_S("x")},
    };
    UNIT_EACH(const struct toc_route_input, input, inputs)
        assert_ok(toc_route_view(route, AMBER, input, take, &out, &err), err);
    assert_ok(toc_route_receipt(route, &inputs[2], take, &out, &err), err);
    assert_ok(toc_route_totals(route, &totals, &err), err);
    assert_int_equal(totals.unreadable, 2);
    assert_int_equal(out.len, 0);
    toc_buf_done(&out.last);
    toc_route_free(route);
}

static void a_receipt_goes_to_its_member_as_it_is(void **state)
{
    (void)state;
    struct said said = {0};
    struct out out;
    struct toc_err err = {0};
    struct toc_buf value;
    struct toc_receipt receipt;
    struct toc_route *route = new_route(&said);
    begin(&out, true);
    toc_buf_init(&value, 4096);
    toc_receipt_init(&receipt);
    receipt.member = TOC_S("st-marys");
    toc_receipt_put(&receipt, &value);
    const struct toc_route_input input = {
            .time = 1234, .has_value = true, .key = TOC_S("00ff/1/0"), .value = toc_buf_slice(&value)};
    assert_ok(toc_route_receipt(route, &input, take, &out, &err), err);
    assert_string_equal(out.text, "receipts.st-marys 00ff/1/0\n");
    assert_slices_equal(toc_buf_slice(&out.last), input.value);

    receipt.member = TOC_S("St Marys/../x"); // no id: it would name somebody else's topic
    toc_buf_clear(&value);
    toc_receipt_put(&receipt, &value);
    const struct toc_route_input odd = {.time = 1234, .has_value = true, .key = TOC_S("k"), .value = toc_buf_slice(&value)};
    out.len = 0;
    assert_ok(toc_route_receipt(route, &odd, take, &out, &err), err);
    assert_int_equal(out.len, 0);
    toc_buf_done(&value);
    toc_buf_done(&out.last);
    toc_route_free(route);
}

// --- pivots ----------------------------------------------------------------------------------------------

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// The lines of out->text in order: pivots come in the order of their digests.
static void sort_lines(struct out *out)
{
    static char sorted[8192];
    char *lines[64];
    size_t n = 0, len = 0;
    for (char *at = out->text; *at != '\0';) {
        char *end = strchr(at, '\n');
        *end = '\0';
        lines[n++] = at;
        at = end + 1;
    }
    qsort(lines, n, sizeof *lines, by_text);
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(sorted + len, sizeof sorted - len, "%s\n", lines[i]);
    sorted[len] = '\0';
    memcpy(out->text, sorted, len + 1);
}

struct pivot_row {
    enum toc_kind kind;
    const char *value;
    struct shape prior, now;
    struct toc_relation relation;
    struct toc_reference reference;
    const char *pivots; // sorted
};

#define NO_RELATION {.type = TOC_RELATION_TYPE_UNKNOWN}
#define NO_REFERENCE {.id = TOC_S_INIT("")}

static const struct pivot_row pivot_rows[] = {
        {TOC_KIND_DOMAIN, "a.bad.test", {.score = -1}, {.status = TOC_STATUS_ACTIVE, .registrable = "bad.test"}, NO_RELATION, NO_REFERENCE,
                "+registrable_domain:bad.test\n"},
        {TOC_KIND_URL, "http://203.0.113.9/x", {.score = -1}, {.status = TOC_STATUS_DISPUTED}, NO_RELATION, NO_REFERENCE,
                "+network:203.0.113.0/24\n"},
        {TOC_KIND_IPV4, "203.0.113.9", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION, NO_REFERENCE, "+network:203.0.113.0/24\n"},
        {TOC_KIND_ENDPOINT, "203.0.113.9:53", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION, NO_REFERENCE,
                "+network:203.0.113.0/24\n"},
        {TOC_KIND_IPV6, "2001:db8:1:2::3", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION, NO_REFERENCE,
                "+network:2001:db8:1::/48\n"},
        {TOC_KIND_CIDR, "203.0.113.128/25", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION, NO_REFERENCE,
                "+network:203.0.113.0/24\n"},
        {TOC_KIND_CIDR, "203.0.112.0/23", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION, NO_REFERENCE, ""},
        {TOC_KIND_MD5, "d41d8cd98f00b204e9800998ecf8427e", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION, NO_REFERENCE, ""},
        {TOC_KIND_DOMAIN, "a.bad.test", {.status = TOC_STATUS_ACTIVE, .registrable = "bad.test"},
                {.status = TOC_STATUS_WITHDRAWN, .registrable = "bad.test"}, NO_RELATION, NO_REFERENCE, "-registrable_domain:bad.test\n"},
        {TOC_KIND_DOMAIN, "a.bad.test", {.status = TOC_STATUS_ACTIVE, .registrable = "bad.test"},
                {.status = TOC_STATUS_EXPIRED, .registrable = "bad.test"}, NO_RELATION, NO_REFERENCE, "-registrable_domain:bad.test\n"},
        {TOC_KIND_DOMAIN, "a.bad.test", {.status = TOC_STATUS_ACTIVE, .registrable = "bad.test"},
                {.status = TOC_STATUS_GONE}, NO_RELATION, NO_REFERENCE, "-registrable_domain:bad.test\n"},
        {TOC_KIND_IPV4, "203.0.113.9", {.status = TOC_STATUS_ACTIVE}, {.status = TOC_STATUS_GONE}, NO_RELATION, NO_REFERENCE,
                "-network:203.0.113.0/24\n"},
        // The public suffixes changed.
        {TOC_KIND_DOMAIN, "a.bad.test", {.status = TOC_STATUS_ACTIVE, .registrable = "bad.test"},
                {.status = TOC_STATUS_ACTIVE, .registrable = "a.bad.test"}, NO_RELATION, NO_REFERENCE,
                "+registrable_domain:a.bad.test\n-registrable_domain:bad.test\n"},
        {TOC_KIND_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709", {.score = -1}, {.status = TOC_STATUS_ACTIVE},
                {.type = TOC_RELATION_TYPE_DOWNLOADED_FROM, .kind = TOC_KIND_DOMAIN, .value = TOC_S_INIT("bad.test")}, NO_REFERENCE,
                "+relation:domain:bad.test\n"},
        {TOC_KIND_CVE, "CVE-2026-1", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION,
                {.source = TOC_S_INIT("report"), .id = TOC_S_INIT("report--1"), .url = TOC_S_INIT("https://r.test/1")},
                "+report:report--1\n"},
        {TOC_KIND_CVE, "CVE-2026-1", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION,
                {.source = TOC_S_INIT("report"), .url = TOC_S_INIT("https://r.test/1")}, "+report:https://r.test/1\n"},
        {TOC_KIND_CVE, "CVE-2026-1", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION,
                {.url = TOC_S_INIT("https://r.test/1")}, "+report:https://r.test/1\n"},
        // A vocabulary is no report.
        {TOC_KIND_CVE, "CVE-2026-1", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION,
                {.source = TOC_S_INIT("mitre-attack"), .id = TOC_S_INIT("T1566"), .url = TOC_S_INIT("https://a.test")}, ""},
        // Tag and reference name the same report: once.
        {TOC_KIND_CVE, "CVE-2026-1", {.score = -1}, {.status = TOC_STATUS_ACTIVE, .tag = "report:report--1"}, NO_RELATION,
                {.source = TOC_S_INIT("report"), .id = TOC_S_INIT("report--1")}, "+report:report--1\n"},
        {TOC_KIND_CVE, "CVE-2026-1", {.status = TOC_STATUS_ACTIVE, .tag = "report:one"},
                {.status = TOC_STATUS_ACTIVE, .tag = "report:two"}, NO_RELATION, NO_REFERENCE, "+report:two\n-report:one\n"},
        {TOC_KIND_CVE, "CVE-2026-1", {.score = -1}, {.status = TOC_STATUS_ACTIVE, .tag = "report:"}, NO_RELATION, NO_REFERENCE, ""},
};

static void a_record_gives_and_takes_pivots(void **state)
{
    (void)state;
    struct said said = {0};
    struct out out;
    struct toc_route *route = new_route(&said);
    begin(&out, true);
    UNIT_EACH(const struct pivot_row, row, pivot_rows)
    {
        struct toc_indicator i;
        struct toc_facts was;
        struct toc_slice tags[2][1];
        char id[TOC_KEY_HEX];
        name(&i, row->kind, row->value, id);
        i.now = facts_of(&row->now, tags[0]);
        if (row->prior.score >= 0) {
            was = facts_of(&row->prior, tags[1]);
            i.prior = &was;
        }
        struct toc_relation relation = row->relation;
        struct toc_reference reference = row->reference;
        i.relations = &relation;
        i.relations_count = relation.value.len != 0;
        i.references = &reference;
        i.references_count = reference.id.len + reference.url.len != 0;
        out.len = 0;
        out.text[0] = '\0';
        view(route, AMBER, &i, &out);
        sort_lines(&out);
        assert_string_equal(out.text, row->pivots);
    }
    toc_buf_done(&out.last);
    toc_route_free(route);
}

// Of what a record no longer has by a relation or reference only the link is known; what it has again anyway stays.
static void what_was_unlinked_is_taken_back(void **state)
{
    (void)state;
    struct said said = {0};
    struct out out;
    struct toc_indicator i;
    char id[TOC_KEY_HEX];
    uint8_t unlinked[2][16];
    struct toc_slice tag[1];
    const struct shape now = {.status = TOC_STATUS_ACTIVE, .tag = "report:one"};
    struct toc_route *route = new_route(&said);
    begin(&out, true);
    name(&i, TOC_KIND_CVE, "CVE-2026-1", id);
    i.now = facts_of(&now, tag);
    toc_link_id(TOC_PIVOT_KIND_REPORT, TOC_S("one"), unlinked[0]);
    toc_link_id(TOC_PIVOT_KIND_REPORT, TOC_S("two"), unlinked[1]);
    i.unlinked = unlinked;
    i.unlinked_count = 2;
    view(route, AMBER, &i, &out);
    sort_lines(&out);
    assert_string_equal(out.text, "+report:one\n-unknown:\n");
    toc_buf_done(&out.last);
    toc_route_free(route);
}

static void a_failed_emit_ends_the_record(void **state)
{
    (void)state;
    struct said said = {0};
    struct out out;
    struct toc_route *route = new_route(&said);
    begin(&out, true);
    out.fail_after = 1;
    const struct shape now = {.status = TOC_STATUS_ACTIVE, .registrable = "bad.test"};
    assert_string_equal(send(route, AMBER, &none, &now, &out), "");
    assert_string_equal(send(route, AMBER, &none, &now, &out), "+registrable_domain:bad.test\n");
    toc_buf_done(&out.last);
    toc_route_free(route);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_record_alone_says_what_changed),
            cmocka_unit_test(only_decisions_in_force_count),
            cmocka_unit_test(one_by_one_is_the_same),
            cmocka_unit_test(a_back_dated_decision_comes_too_late),
            cmocka_unit_test(what_cannot_be_read_is_left_out),
            cmocka_unit_test(a_receipt_goes_to_its_member_as_it_is),
            cmocka_unit_test(a_record_gives_and_takes_pivots),
            cmocka_unit_test(what_was_unlinked_is_taken_back),
            cmocka_unit_test(a_failed_emit_ends_the_record),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
