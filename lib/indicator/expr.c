// The table of fields, and asking a tree. The parser is in expr_parse.c.
#include "lib/indicator/expr.h"

#include "lib/base/mem.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/expr_tree.h"

#define WORDS(name, type, first, last)                                                             \
    {                                                                                              \
#name, type, first, last, &toc_##name##_avro                                               \
    }
#define NUMBER(name, last)                                                                         \
    {                                                                                              \
#name, EXPR_NUMBER, 0, last, NULL                                                          \
    }
#define PLAIN(name, type)                                                                          \
    {                                                                                              \
#name, type, 0, 0, NULL                                                                    \
    }

const struct expr_field_row expr_fields[EXPR_FIELDS] = {
        [EXPR_KIND] = WORDS(kind, EXPR_WORD, TOC_KIND_IPV4, TOC_KIND_CVE),
        [EXPR_VALUE] = PLAIN(value, EXPR_TEXT),
        // The rest of the enum never matches (see toc_expr_matches), so naming it would be a mistake.
        [EXPR_STATUS] = WORDS(status, EXPR_WORD, TOC_STATUS_ACTIVE, TOC_STATUS_DISPUTED),
        [EXPR_ADVICE] = WORDS(advice, EXPR_RANK, TOC_ADVICE_NONE, TOC_ADVICE_BLOCK),
        [EXPR_SCORE] = NUMBER(score, 100),
        [EXPR_CONFIDENCE] = NUMBER(confidence, 100),
        [EXPR_SEVERITY] = WORDS(severity, EXPR_RANK, TOC_SEVERITY_UNKNOWN, TOC_SEVERITY_CRITICAL),
        [EXPR_FIRST_SEEN] = PLAIN(first_seen, EXPR_TIME),
        [EXPR_LAST_SEEN] = PLAIN(last_seen, EXPR_TIME),
        [EXPR_VALID_UNTIL] = PLAIN(valid_until, EXPR_TIME),
        [EXPR_ORGANISATIONS] = NUMBER(organisations, INT32_MAX),
        [EXPR_CORROBORATED] = PLAIN(corroborated, EXPR_FLAG),
        [EXPR_SIGHTINGS] = NUMBER(sightings, INT32_MAX),
        [EXPR_HITS] = NUMBER(hits, INT32_MAX),
        [EXPR_PAP] = WORDS(pap, EXPR_RANK, TOC_PAP_CLEAR, TOC_PAP_RED),
        [EXPR_TAG] = PLAIN(tag, EXPR_TEXTS),
        [EXPR_LIST] = PLAIN(list, EXPR_TEXTS),
        [EXPR_REGISTRABLE] = PLAIN(registrable, EXPR_TEXT),
};

struct subject {
    enum toc_kind kind;
    struct toc_slice value;
    const struct toc_facts *facts;
};

// ---- what a record says of a field ----

// False when the record does not state it.
static bool number_of(enum expr_field field, const struct subject *s, int64_t *out)
{
    const struct toc_facts *f = s->facts;
    bool stated = true;
    switch (field) {
    case EXPR_KIND:
        *out = (int64_t)s->kind;
        break;
    case EXPR_STATUS:
        *out = (int64_t)f->status;
        break;
    case EXPR_ADVICE:
        *out = (int64_t)f->advice;
        break;
    case EXPR_SCORE:
        stated = f->has_score;
        *out = f->score;
        break;
    case EXPR_CONFIDENCE:
        *out = f->confidence;
        break;
    case EXPR_SEVERITY:
        *out = (int64_t)f->severity;
        break;
    case EXPR_FIRST_SEEN:
        *out = f->first_seen;
        stated = f->first_seen != 0;
        break;
    case EXPR_LAST_SEEN:
        *out = f->last_seen;
        stated = f->last_seen != 0;
        break;
    case EXPR_VALID_UNTIL:
        *out = f->valid_until;
        stated = f->valid_until != 0;
        break;
    case EXPR_ORGANISATIONS:
        *out = f->organisations;
        break;
    case EXPR_CORROBORATED:
        *out = f->corroborated;
        break;
    case EXPR_SIGHTINGS:
        *out = f->sightings;
        break;
    case EXPR_HITS:
        *out = f->hits;
        break;
    case EXPR_PAP:
        *out = (int64_t)f->pap;
        break;
    case EXPR_VALUE:
    case EXPR_TAG:
    case EXPR_LIST:
    case EXPR_REGISTRABLE:
    case EXPR_FIELDS:
    default:
        return false;
    }
    return stated;
}

struct texts {
    const struct toc_slice *items;
    size_t count;
};

// The texts of a field; a TEXT has one, or none when the record does not state it.
static struct texts texts_of(enum expr_field field, const struct subject *s)
{
    const struct toc_slice *one = field == EXPR_VALUE ? &s->value : &s->facts->registrable;
    if (field == EXPR_TAG)
        return (struct texts){s->facts->tags, s->facts->tags_count};
    if (field == EXPR_LIST)
        return (struct texts){s->facts->lists, s->facts->lists_count};
    return (struct texts){one, one->len != 0};
}

// ---- one comparison ----

static bool compare(enum expr_op op, int64_t a, int64_t b)
{
    switch (op) {
    case EXPR_EQ:
    case EXPR_IN:
        return a == b;
    case EXPR_NE:
        return a != b;
    case EXPR_LT:
        return a < b;
    case EXPR_LE:
        return a <= b;
    case EXPR_GT:
        return a > b;
    case EXPR_GE:
        return a >= b;
    case EXPR_STARTS:
    case EXPR_ENDS:
    case EXPR_CONTAINS:
    case EXPR_UNDER:
    default:
        return false;
    }
}

static bool contains(struct toc_slice text, struct toc_slice part)
{
    return part.len == 0 ||
           (text.len != 0 && memmem(text.ptr, text.len, part.ptr, part.len) != NULL);
}

static bool text_is(enum expr_op op, struct toc_slice text, struct toc_slice wanted)
{
    switch (op) {
    case EXPR_EQ:
    case EXPR_NE: // turned around by the caller
    case EXPR_IN:
        return toc_slice_eq(text, wanted);
    case EXPR_STARTS:
        return toc_slice_starts(text, wanted);
    case EXPR_ENDS:
        return toc_slice_ends(text, wanted);
    case EXPR_CONTAINS:
        return contains(text, wanted);
    case EXPR_UNDER:
        return toc_domain_covers(wanted, text);
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE:
    default:
        return false;
    }
}

static bool any_text_is(const struct toc_expr *e, const struct expr_node *n, struct texts texts)
{
    for (size_t i = 0; i < texts.count; i++)
        for (size_t k = 0; k < n->count; k++)
            if (text_is(n->op, texts.items[i], e->values[n->first + k].text))
                return true;
    return false;
}

static bool test_texts(const struct toc_expr *e, const struct expr_node *n, const struct subject *s)
{
    struct texts texts = texts_of(n->field, s);
    struct toc_slice host;
    if (n->op == EXPR_UNDER &&
            n->field == EXPR_VALUE) { // a name lies under a domain, an address never
        host = toc_value_host(s->kind, s->value);
        texts = (struct texts){&host, toc_host_kind(host) == TOC_KIND_DOMAIN};
    }
    if (n->op != EXPR_NE)
        return any_text_is(e, n, texts);
    bool stated = texts.count != 0 || expr_fields[n->field].type == EXPR_TEXTS;
    return stated && !any_text_is(e, n, texts);
}

static bool test(const struct toc_expr *e, const struct expr_node *n, const struct subject *s)
{
    enum expr_type type = expr_fields[n->field].type;
    if (type == EXPR_TEXT || type == EXPR_TEXTS)
        return test_texts(e, n, s);
    int64_t stated;
    if (!number_of(n->field, s, &stated))
        return false;
    for (size_t k = 0; k < n->count; k++)
        if (compare(n->op, stated, e->values[n->first + k].number))
            return true;
    return false;
}

// ---- the tree ----

// Recursion is as deep as the brackets are, TOC_EXPR_DEPTH_MAX at most.
static bool ask(const struct toc_expr *e, uint16_t at, const struct subject *s)
{
    const struct expr_node *n = &e->nodes[at];
    if (n->kind == EXPR_TEST)
        return test(e, n, s);
    if (n->kind == EXPR_NOT)
        return !ask(e, n->child, s);
    bool decides = n->kind == EXPR_OR; // the first child with this answer settles it
    for (uint16_t child = n->child; child != EXPR_NONE; child = e->nodes[child].next)
        if (ask(e, child, s) == decides)
            return decides;
    return !decides;
}

bool toc_expr_matches(const struct toc_expr *expr, enum toc_kind kind, struct toc_slice value,
        const struct toc_facts *facts)
{
    if (facts->status != TOC_STATUS_ACTIVE && facts->status != TOC_STATUS_DISPUTED)
        return false;
    return expr == NULL || ask(expr, expr->root, &(struct subject){kind, value, facts});
}

void toc_expr_free(struct toc_expr *expr)
{
    toc_mem_free(expr);
}
