// Recursive descent over the grammar of the OASIS pattern validator (STIX 2.1). The whole pattern is
// parsed whatever it says; what goes beyond "one of these values" only sets `unsupported`, so that a
// syntax error behind it is still found.
//
// Values are collected per AND group: a group of one comparison may be a value, a group of several
// only one of the network-traffic forms of the header.
#include "lib/stix/pattern.h"

#include <stdlib.h>

#include "lib/indicator/kind.h"
#include "lib/stix/object.h"
#include "lib/stix/pattern_lex.h"

#define STEPS_MAX 4 // of a path that can be a value; longer ones are counted, not kept
#define GROUP_MAX 3 // dst_ref.type, dst_ref.value, dst_port

struct path {
    struct toc_slice type;
    struct toc_slice steps[STEPS_MAX]; // "*" and numbers of [..] stand as steps of their own
    size_t count;                      // may be above STEPS_MAX
};

struct comparison {
    struct path path;
    enum pattern_token op, literal;
    bool negated;
    struct toc_slice value; // unescaped
};

struct group {
    struct comparison items[GROUP_MAX];
    size_t count;  // may be above GROUP_MAX
    bool brackets; // one of them is a parenthesis
};

struct parser {
    struct pattern_lexer lexer;
    struct toc_arena *arena;
    struct toc_pattern_term *terms;
    size_t count, cap;
    unsigned depth;
    bool invalid, unsupported;
    size_t at; // of the first of these
};

static bool fail(struct parser *p)
{
    if (!p->invalid)
        p->at = p->lexer.at;
    p->invalid = true;
    return false;
}

static void unsupported(struct parser *p)
{
    if (!p->unsupported && !p->invalid)
        p->at = p->lexer.at;
    p->unsupported = true;
}

static bool accept(struct parser *p, enum pattern_token token)
{
    if (p->lexer.token != token)
        return false;
    toc_pattern_next(&p->lexer);
    return true;
}

static bool expect(struct parser *p, enum pattern_token token)
{
    return accept(p, token) || fail(p);
}

static void add_term(struct parser *p, enum toc_kind kind, struct toc_slice value)
{
    if (p->count == TOC_PATTERN_TERMS_MAX) {
        unsupported(p);
        return;
    }
    if (p->count == p->cap) {
        size_t cap = p->cap == 0 ? 4 : p->cap * 2;
        struct toc_pattern_term *terms = toc_arena_alloc(p->arena, cap, sizeof *terms);
        if (terms == NULL) {
            unsupported(p);
            return;
        }
        if (p->count > 0)
            memcpy(terms, p->terms, p->count * sizeof *terms);
        p->terms = terms;
        p->cap = cap;
    }
    p->terms[p->count++] = (struct toc_pattern_term){kind, value};
}

// ---- what a comparison means ----------------------------------------------------------------

static bool is_hex(struct toc_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
    }
    return true;
}

/*= STIX 2.1 section 10.4 hash-algorithm-ov; the OASIS validator refuses a pattern whose hash has the
 *  wrong length, whatever object the path begins with. */
static bool hash_fits(const struct comparison *c)
{
    if (c->literal != PT_STRING || c->path.count < 2 || c->path.count > STEPS_MAX ||
            !toc_slice_is(c->path.steps[c->path.count - 2], "hashes"))
        return true;
    enum toc_kind kind = toc_stix_hash_kind(c->path.steps[c->path.count - 1]);
    return kind == TOC_KIND_UNKNOWN ||
           (c->value.len == toc_kind_row(kind)->value_max && is_hex(c->value));
}

static bool path_is(
        const struct path *path, const char *type, const char *first, const char *second)
{
    return toc_slice_is(path->type, type) && path->count == (second == NULL ? 1u : 2u) &&
           toc_slice_is(path->steps[0], first) &&
           (second == NULL || toc_slice_is(path->steps[1], second));
}

// No name has a colon or ends in a digits-only label, so the form of a host decides.
static enum toc_kind host_kind(struct toc_slice host)
{
    if (toc_slice_has(host, '/'))
        return TOC_KIND_CIDR;
    if (toc_slice_has(host, ':'))
        return TOC_KIND_IPV6;
    for (size_t i = 0; i < host.len; i++)
        if (host.ptr[i] != '.' && (host.ptr[i] < '0' || host.ptr[i] > '9'))
            return TOC_KIND_DOMAIN;
    return TOC_KIND_IPV4;
}

static enum toc_kind simple_kind(const struct comparison *c)
{
    static const struct {
        const char *type, *first, *second;
        enum toc_kind kind;
    } rows[] = {
            {"ipv4-addr", "value", NULL, TOC_KIND_IPV4},
            {"ipv6-addr", "value", NULL, TOC_KIND_IPV6},
            {"domain-name", "value", NULL, TOC_KIND_DOMAIN},
            {"url", "value", NULL, TOC_KIND_URL},
            {"email-addr", "value", NULL, TOC_KIND_EMAIL},
            {"email-message", "from_ref", "value", TOC_KIND_EMAIL},
            {"email-message", "sender_ref", "value", TOC_KIND_EMAIL},
    };
    bool address =
            toc_slice_is(c->path.type, "ipv4-addr") || toc_slice_is(c->path.type, "ipv6-addr");
    if (c->negated || c->literal != PT_STRING ||
            (c->op != PT_EQ && !(c->op == PT_ISSUBSET && address)))
        return TOC_KIND_UNKNOWN;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (path_is(&c->path, rows[i].type, rows[i].first, rows[i].second))
            return address && toc_slice_has(c->value, '/') ? TOC_KIND_CIDR : rows[i].kind;
    if (toc_slice_is(c->path.type, "file") && c->path.count == 2 &&
            toc_slice_is(c->path.steps[0], "hashes"))
        return toc_stix_hash_kind(c->path.steps[1]);
    return TOC_KIND_UNKNOWN;
}

// One end of network traffic: [dst_ref.type] dst_ref.value [dst_port]. False: not of this form.
static bool add_traffic(struct parser *p, const struct group *g, const char *ref, const char *port)
{
    const struct comparison *type = NULL, *value = NULL, *number = NULL;
    for (size_t i = 0; i < g->count; i++) {
        const struct comparison *c = &g->items[i];
        const struct comparison **slot =
                path_is(&c->path, "network-traffic", ref, "type")    ? &type
                : path_is(&c->path, "network-traffic", ref, "value") ? &value
                : path_is(&c->path, "network-traffic", port, NULL)   ? &number
                                                                     : NULL;
        if (slot == NULL || *slot != NULL || c->op != PT_EQ || c->negated ||
                c->literal != (slot == &number ? PT_INT : PT_STRING))
            return false;
        *slot = c;
    }
    if (value == NULL)
        return false;
    enum toc_kind kind = host_kind(value->value);
    if (type != NULL) {
        bool v6 = toc_slice_is(type->value, "ipv6-addr"),
             v4 = toc_slice_is(type->value, "ipv4-addr");
        if (!v4 && !v6 && !toc_slice_is(type->value, "domain-name"))
            return false;
        if (!((v4 || v6) && kind == TOC_KIND_CIDR))
            kind = v4 ? TOC_KIND_IPV4 : v6 ? TOC_KIND_IPV6 : TOC_KIND_DOMAIN;
    }
    if (number == NULL) {
        add_term(p, kind, value->value);
        return true;
    }
    if (kind != TOC_KIND_IPV4 && kind != TOC_KIND_IPV6)
        return false;
    // IPv6 goes on as [v6]:port, which the canonical forms refuse with their own code.
    struct toc_slice open = kind == TOC_KIND_IPV6 ? TOC_S("[") : TOC_S("");
    struct toc_slice close = kind == TOC_KIND_IPV6 ? TOC_S("]:") : TOC_S(":");
    const struct toc_slice parts[] = {open, value->value, close, number->value};
    uint8_t *text = toc_arena_alloc(p->arena, value->value.len + number->value.len + 3, 1);
    if (text == NULL)
        return false;
    size_t len = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].len > 0)
            memcpy(text + len, parts[i].ptr, parts[i].len);
        len += parts[i].len;
    }
    add_term(p, TOC_KIND_ENDPOINT, toc_slice(text, len));
    return true;
}

static void group_finish(struct parser *p, const struct group *g)
{
    if (g->brackets && g->count == 1)
        return; // its values are in already
    enum toc_kind kind = g->count == 1 ? simple_kind(&g->items[0]) : TOC_KIND_UNKNOWN;
    if (kind != TOC_KIND_UNKNOWN)
        add_term(p, kind, g->items[0].value);
    else if (g->brackets || g->count > GROUP_MAX ||
             (!add_traffic(p, g, "dst_ref", "dst_port") &&
                     !add_traffic(p, g, "src_ref", "src_port")))
        unsupported(p);
}

// ---- the grammar ----------------------------------------------------------------------------

// The text of a string literal, without its escapes.
static struct toc_slice unescape(struct parser *p)
{
    struct toc_slice raw = p->lexer.word;
    if (p->lexer.token != PT_STRING || !p->lexer.escaped)
        return raw;
    uint8_t *text = toc_arena_alloc(p->arena, raw.len, 1);
    if (text == NULL) {
        unsupported(p);
        return raw;
    }
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++)
        text[len++] = raw.ptr[raw.ptr[i] == '\\' ? ++i : i];
    return toc_slice(text, len);
}

static void add_step(struct path *path, struct toc_slice step)
{
    if (path->count < STEPS_MAX)
        path->steps[path->count] = step;
    path->count++;
}

static bool parse_key(struct parser *p, struct path *path)
{
    enum pattern_token token = p->lexer.token;
    bool after_hashes = path->count > 0 && path->count <= STEPS_MAX &&
                        toc_slice_is(path->steps[path->count - 1], "hashes");
    if (token != PT_NAME && token != PT_STRING && !(token == PT_DOUBLE && after_hashes))
        return fail(p);
    add_step(path, unescape(p));
    toc_pattern_next(&p->lexer);
    return true;
}

static bool parse_path(struct parser *p, struct path *path)
{
    *path = (struct path){.type = p->lexer.word};
    if (!accept(p, PT_NAME) && !expect(p, PT_HYPHEN_NAME))
        return false;
    if (!expect(p, PT_COLON) || !parse_key(p, path))
        return false;
    for (;;) {
        if (accept(p, PT_DOT)) {
            if (!parse_key(p, path))
                return false;
        } else if (accept(p, PT_OPEN_BRACKET)) {
            add_step(path, p->lexer.word);
            if (!accept(p, PT_STAR) && !accept(p, PT_INT) && !expect(p, PT_NEGATIVE_INT))
                return false;
            if (!expect(p, PT_CLOSE_BRACKET))
                return false;
        } else {
            return true;
        }
    }
}

static bool is_literal(enum pattern_token token, bool ordered)
{
    return (token >= PT_INT && token <= PT_STRING) || (token >= PT_HEX && token <= PT_TIME) ||
           (token == PT_BOOL && !ordered);
}

static bool parse_set(struct parser *p)
{
    if (!expect(p, PT_OPEN))
        return false;
    if (accept(p, PT_CLOSE))
        return true;
    do {
        if (!is_literal(p->lexer.token, false))
            return fail(p);
        toc_pattern_next(&p->lexer);
    } while (accept(p, PT_COMMA));
    return expect(p, PT_CLOSE);
}

static bool parse_operand(struct parser *p, struct comparison *c)
{
    enum pattern_token token = p->lexer.token;
    bool good = false;
    switch ((int)c->op) {
    case PT_EQ:
    case PT_NEQ:
        good = is_literal(token, false);
        break;
    case PT_LESS:
    case PT_LESS_EQ:
    case PT_MORE:
    case PT_MORE_EQ:
        good = is_literal(token, true);
        break;
    case PT_LIKE:
    case PT_MATCHES:
    case PT_ISSUBSET:
    case PT_ISSUPERSET:
        good = token == PT_STRING;
        break;
    case PT_IN:
        return parse_set(p);
    default:
        break;
    }
    if (!good)
        return fail(p);
    c->literal = token;
    c->value = unescape(p);
    toc_pattern_next(&p->lexer);
    return true;
}

static bool parse_or(struct parser *p);

// NOT? EXISTS path | ( ... ) | path NOT? operator literal
static bool parse_test(struct parser *p, struct group *g)
{
    struct comparison c = {.op = PT_BAD, .literal = PT_BAD};
    struct path ignored;
    if (accept(p, PT_OPEN)) {
        g->brackets = true;
        g->count++;
        return parse_or(p) && expect(p, PT_CLOSE);
    }
    if (p->lexer.token == PT_NOT || p->lexer.token == PT_EXISTS) {
        accept(p, PT_NOT);
        unsupported(p);
        return expect(p, PT_EXISTS) && parse_path(p, &ignored);
    }
    size_t at = p->lexer.at;
    if (!parse_path(p, &c.path))
        return false;
    c.negated = accept(p, PT_NOT);
    c.op = p->lexer.token;
    toc_pattern_next(&p->lexer);
    if (!parse_operand(p, &c))
        return false;
    if ((c.op == PT_EQ || c.op == PT_NEQ) && !hash_fits(&c)) {
        p->lexer.at = at;
        return fail(p);
    }
    if (g->count < GROUP_MAX)
        g->items[g->count] = c;
    g->count++;
    return true;
}

static bool parse_and(struct parser *p)
{
    struct group g = {.count = 0};
    do {
        if (!parse_test(p, &g))
            return false;
    } while (accept(p, PT_AND));
    if (!p->unsupported)
        group_finish(p, &g);
    return true;
}

static bool enter(struct parser *p)
{
    if (++p->depth <= TOC_PATTERN_DEPTH_MAX)
        return true;
    unsupported(p); // perhaps valid: said to be neither
    return false;
}

static bool parse_or(struct parser *p)
{
    if (!enter(p))
        return false;
    do {
        if (!parse_and(p))
            return false;
    } while (accept(p, PT_OR));
    p->depth--;
    return true;
}

// WITHIN n SECONDS | REPEATS n TIMES | START t STOP t; *kind is its token, PT_END when there is none.
static bool parse_qualifier(struct parser *p, enum pattern_token *kind)
{
    *kind = PT_END;
    enum pattern_token token = p->lexer.token;
    if (token != PT_WITHIN && token != PT_REPEATS && token != PT_START)
        return true;
    *kind = token;
    unsupported(p);
    toc_pattern_next(&p->lexer);
    if (token == PT_START)
        return expect(p, PT_TIME) && expect(p, PT_STOP) && expect(p, PT_TIME);
    if (token == PT_REPEATS)
        return expect(p, PT_INT) && expect(p, PT_TIMES);
    return (accept(p, PT_FLOAT) || expect(p, PT_INT)) && expect(p, PT_SECONDS);
}

static bool parse_observations(struct parser *p);

// [ ... ] or ( ... ), with qualifiers; on an observation each kind of them stands once at most.
static bool parse_observation(struct parser *p)
{
    bool single = accept(p, PT_OPEN_BRACKET);
    if (single ? !parse_or(p) || !expect(p, PT_CLOSE_BRACKET)
               : !expect(p, PT_OPEN) || !parse_observations(p) || !expect(p, PT_CLOSE))
        return false;
    unsigned seen = 0;
    for (;;) {
        enum pattern_token kind;
        if (!parse_qualifier(p, &kind))
            return false;
        if (kind == PT_END)
            return true;
        unsigned bit = kind == PT_WITHIN ? 1 : kind == PT_REPEATS ? 2 : 4;
        if (single && (seen & bit) != 0)
            return fail(p);
        seen |= bit;
    }
}

// Precedence does not matter for what is taken: only OR is, and it mixes with nothing else.
static bool parse_observations(struct parser *p)
{
    if (!enter(p))
        return false;
    for (;;) {
        if (!parse_observation(p))
            return false;
        if (accept(p, PT_AND) || accept(p, PT_FOLLOWEDBY))
            unsupported(p);
        else if (!accept(p, PT_OR))
            break;
    }
    p->depth--;
    return true;
}

static int compare_terms(const void *a, const void *b)
{
    const struct toc_pattern_term *x = a, *y = b;
    return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind)
                              : toc_slice_cmp(x->value, y->value);
}

enum toc_refusal toc_pattern_parse(
        struct toc_slice text, struct toc_arena *arena, struct toc_pattern *out, size_t *out_at)
{
    struct parser p = {.arena = arena};
    size_t ignored;
    out_at = out_at == NULL ? &ignored : out_at;
    *out_at = 0;
    if (text.len > TOC_PATTERN_BYTES_MAX)
        return TOC_REFUSAL_STIX_PATTERN_UNSUPPORTED;
    toc_pattern_lexer_init(&p.lexer, text);
    toc_pattern_next(&p.lexer);
    if (parse_observations(&p) && p.lexer.token != PT_END)
        fail(&p);
    *out_at = p.at;
    if (p.invalid)
        return TOC_REFUSAL_STIX_PATTERN;
    if (p.unsupported)
        return TOC_REFUSAL_STIX_PATTERN_UNSUPPORTED;
    qsort(p.terms, p.count, sizeof *p.terms, compare_terms);
    size_t count = 0;
    for (size_t i = 0; i < p.count; i++)
        if (count == 0 || compare_terms(&p.terms[count - 1], &p.terms[i]) != 0)
            p.terms[count++] = p.terms[i];
    *out = (struct toc_pattern){p.terms, count};
    return TOC_REFUSAL_NONE;
}
