// expression = all { "or" all }       all = factor { "and" factor }
// factor     = "not" factor | "(" expression ")" | test
// test       = field operator value | field "in" "(" value { "," value } ")" | flag
//
// Recursive descent over tokens; the first error ends it. A chain of "and" is one node with many
// children, so only brackets and nots make the tree deep.
#include "lib/indicator/expr.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/indicator/expr_tree.h"

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,   // letters, digits, _ . : + -
    TOKEN_STRING, // with its quotes
    TOKEN_SIGN,   // one of the operators, ( ) ,
    TOKEN_BAD,
};

struct token {
    enum token_kind kind;
    struct toc_slice text;
    size_t at; // byte position
};

struct parser {
    struct toc_expr *e;
    struct toc_slice text;
    size_t pos; // behind `token`
    struct token token;
    unsigned depth;
    size_t error_at; // byte position
    struct toc_err *err;
};

// ---- tokens ----

static bool is_word_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == ':' || c == '+' || c == '-';
}

static size_t word_len(struct toc_slice rest)
{
    size_t n = 0;
    while (n < rest.len && is_word_byte(rest.ptr[n]))
        n++;
    return n;
}

// Quotes included; 0 when the closing one is missing.
static size_t string_len(struct toc_slice rest)
{
    for (size_t i = 1; i < rest.len; i++) {
        if (rest.ptr[i] == '"')
            return i + 1;
        if (rest.ptr[i] == '\\')
            i++;
    }
    return 0;
}

static size_t sign_len(struct toc_slice rest)
{
    static const char *const signs[] = {"<=", ">=", "!=", "=", "<", ">", "(", ")", ","};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (toc_slice_starts(rest, toc_slice_of(signs[i])))
            return strlen(signs[i]);
    return 0;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void next(struct parser *p)
{
    while (p->pos < p->text.len && is_blank(p->text.ptr[p->pos]))
        p->pos++;
    struct toc_slice rest = toc_slice_sub(p->text, p->pos, SIZE_MAX);
    enum token_kind kind = TOKEN_END;
    size_t len = 0;
    if (rest.len != 0 && is_word_byte(rest.ptr[0])) {
        kind = TOKEN_WORD;
        len = word_len(rest);
    } else if (rest.len != 0) {
        kind = rest.ptr[0] == '"' ? TOKEN_STRING : TOKEN_SIGN;
        len = kind == TOKEN_STRING ? string_len(rest) : sign_len(rest);
        if (len == 0) {
            kind = TOKEN_BAD;
            len = rest.len;
        }
    }
    p->token = (struct token){kind, toc_slice_sub(rest, 0, len), p->pos};
    p->pos += len;
}

static bool is_word(const struct parser *p, const char *word)
{
    return p->token.kind == TOKEN_WORD && toc_slice_eq_nocase(p->token.text, toc_slice_of(word));
}

static bool is_sign(const struct parser *p, const char *sign)
{
    return p->token.kind == TOKEN_SIGN && toc_slice_is(p->token.text, sign);
}

static bool take_word(struct parser *p, const char *word)
{
    bool found = is_word(p, word);
    if (found)
        next(p);
    return found;
}

static bool take_sign(struct parser *p, const char *sign)
{
    bool found = is_sign(p, sign);
    if (found)
        next(p);
    return found;
}

// ---- errors ----

#define ERROR_BYTES sizeof((struct toc_err *)0)->text

// Fails at the token read last, saying what stands there.
#define BAD(p, code, ...) ((p)->error_at = (p)->token.at, toc_fail((p)->err, (code), __VA_ARGS__))

static toc_rc expected(struct parser *p, const char *what)
{
    struct toc_slice found = p->token.text;
    if (p->token.kind == TOKEN_BAD && found.ptr[0] == '"')
        return BAD(p, TOC_E_SYNTAX, "the string has no closing quote");
    if (p->token.kind == TOKEN_BAD) // the character itself, not the rest of the text
        found.len =
                found.ptr[0] < 0x80 ? 1 : (found.ptr[0] < 0xe0 ? 2 : 3 + (found.ptr[0] >= 0xf0));
    if (p->token.kind == TOKEN_END)
        return BAD(p, TOC_E_SYNTAX, "%s is missing", what);
    return BAD(p, TOC_E_SYNTAX, "%s is wanted, not %s", what, TOC_SHOW(found));
}

static toc_rc fail_field(struct parser *p)
{
    char names[ERROR_BYTES], shown[33];
    size_t len = 0;
    if (p->token.kind != TOKEN_WORD)
        return expected(p, "a field");
    for (size_t i = 0; i < EXPR_FIELDS && len < ERROR_BYTES; i++)
        len += (size_t)snprintf(names + len, ERROR_BYTES - len, " %s", expr_fields[i].name);
    return BAD(p, TOC_E_SYNTAX, "no field %s; there are%s",
            toc_text_show(shown, sizeof shown, p->token.text), names);
}

// ---- nodes and values ----

static toc_rc add_node(struct parser *p, struct expr_node node, uint16_t *out)
{
    if (p->e->node_count == EXPR_NODES_MAX)
        return BAD(p, TOC_E_LIMIT, "more than %d comparisons, ands, ors and nots", EXPR_NODES_MAX);
    *out = p->e->node_count++;
    p->e->nodes[*out] = node;
    return TOC_OK;
}

static toc_rc add_value(struct parser *p, union expr_value value)
{
    if (p->e->value_count == TOC_EXPR_VALUES_MAX)
        return BAD(p, TOC_E_LIMIT, "more than %d values", TOC_EXPR_VALUES_MAX);
    p->e->values[p->e->value_count++] = value;
    return TOC_OK;
}

// The string of the token without quotes, \" and \\ resolved, in the expression's own memory: it is
// never longer than the text it came from.
static toc_rc keep_string(struct parser *p, struct toc_slice *out)
{
    struct toc_slice in = toc_slice_sub(p->token.text, 1, p->token.text.len - 2);
    uint8_t *begin = p->e->text + p->e->text_len;
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
        if (in.ptr[i] == '\\' && (++i == in.len || (in.ptr[i] != '"' && in.ptr[i] != '\\')))
            return BAD(p, TOC_E_SYNTAX, "in a string only \\\" and \\\\ may follow a backslash");
        begin[len++] = in.ptr[i];
    }
    *out = toc_slice(begin, len);
    if (!toc_text_is_safe(*out))
        return BAD(p, TOC_E_SYNTAX, "the string holds a control or invisible character");
    p->e->text_len += len;
    return TOC_OK;
}

static bool is_domain_like(struct toc_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_word_byte(s.ptr[i]) || strchr(":+", s.ptr[i]) != NULL ||
                (s.ptr[i] >= 'A' && s.ptr[i] <= 'Z'))
            return false;
    return s.len != 0 && s.ptr[0] != '.' && s.ptr[s.len - 1] != '.';
}

static toc_rc text_value(struct parser *p, const struct expr_node *test, union expr_value *out)
{
    if (p->token.kind != TOKEN_STRING)
        return expected(p, "a text in double quotes");
    TOC_TRY(keep_string(p, &out->text));
    if (test->op == EXPR_UNDER && !is_domain_like(out->text))
        return BAD(p, TOC_E_SYNTAX, "under wants a domain in lower case, without * or final dot");
    if (out->text.len == 0)
        return BAD(p, TOC_E_SYNTAX, "an empty text matches nothing or everything");
    return TOC_OK;
}

static toc_rc number_value(struct parser *p, const struct expr_field_row *row, int64_t *out)
{
    uint64_t n;
    if (p->token.kind != TOKEN_WORD || !toc_parse_u64(p->token.text, (uint64_t)row->last, &n)) {
        char what[ERROR_BYTES];
        snprintf(what, sizeof what, "a number from 0 to %" PRId64, row->last);
        return expected(p, what);
    }
    *out = (int64_t)n;
    return TOC_OK;
}

static toc_rc time_value(struct parser *p, int64_t *out)
{
    struct toc_slice text = p->token.text;
    if (p->token.kind == TOKEN_STRING)
        text = toc_slice_sub(text, 1, text.len - 2);
    if ((p->token.kind != TOKEN_WORD && p->token.kind != TOKEN_STRING) ||
            !toc_time_parse(text, out))
        return expected(p, "a time like 2026-01-31 or 2026-01-31T12:00:00Z");
    return TOC_OK;
}

// The words that may stand here, for the error.
static const char *words_of(const struct expr_field_row *row, char out[ERROR_BYTES])
{
    size_t len = (size_t)snprintf(out, ERROR_BYTES, "one of");
    for (int64_t i = row->first; i <= row->last && len < ERROR_BYTES; i++)
        len += (size_t)snprintf(out + len, ERROR_BYTES - len, " %s", row->words->symbols[i]);
    return out;
}

static toc_rc word_value(struct parser *p, const struct expr_field_row *row, int64_t *out)
{
    unsigned v;
    char what[ERROR_BYTES];
    if (p->token.kind != TOKEN_WORD || !toc_avro_enum_parse(row->words, p->token.text, &v) ||
            v < row->first || v > row->last)
        return expected(p, words_of(row, what));
    *out = v;
    return TOC_OK;
}

static toc_rc flag_value(struct parser *p, int64_t *out)
{
    if (!is_word(p, "true") && !is_word(p, "false"))
        return expected(p, "true or false");
    *out = is_word(p, "true");
    return TOC_OK;
}

static toc_rc value(struct parser *p, struct expr_node *test)
{
    const struct expr_field_row *row = &expr_fields[test->field];
    union expr_value v = {0};
    switch (row->type) {
    case EXPR_NUMBER:
        TOC_TRY(number_value(p, row, &v.number));
        break;
    case EXPR_TIME:
        TOC_TRY(time_value(p, &v.number));
        break;
    case EXPR_RANK:
    case EXPR_WORD:
        TOC_TRY(word_value(p, row, &v.number));
        break;
    case EXPR_FLAG:
        TOC_TRY(flag_value(p, &v.number));
        break;
    case EXPR_TEXT:
    case EXPR_TEXTS:
    default:
        TOC_TRY(text_value(p, test, &v));
        break;
    }
    TOC_TRY(add_value(p, v));
    next(p);
    test->count++;
    return TOC_OK;
}

// ---- one comparison ----

#define ORDERED (1 << EXPR_LT | 1 << EXPR_LE | 1 << EXPR_GT | 1 << EXPR_GE)
#define EQUAL (1 << EXPR_EQ | 1 << EXPR_NE)
#define PARTS (1 << EXPR_STARTS | 1 << EXPR_ENDS | 1 << EXPR_CONTAINS)

static const struct {
    const char *spelling;
    enum expr_op op;
} operators[] = {
        {"=", EXPR_EQ},
        {"!=", EXPR_NE},
        {"<", EXPR_LT},
        {"<=", EXPR_LE},
        {">", EXPR_GT},
        {">=", EXPR_GE},
        {"in", EXPR_IN},
        {"starts", EXPR_STARTS},
        {"ends", EXPR_ENDS},
        {"contains", EXPR_CONTAINS},
        {"under", EXPR_UNDER},
};

// Which operators a type has, and how to name them in an error.
static const struct {
    unsigned ops;
    const char *names;
} type_ops[] = {
        [EXPR_NUMBER] = {EQUAL | ORDERED | 1 << EXPR_IN, "one of = != < <= > >= in"},
        [EXPR_TIME] = {EQUAL | ORDERED | 1 << EXPR_IN, "one of = != < <= > >= in"},
        [EXPR_RANK] = {EQUAL | ORDERED | 1 << EXPR_IN, "one of = != < <= > >= in"},
        [EXPR_WORD] = {EQUAL | 1 << EXPR_IN, "one of = != in"},
        [EXPR_FLAG] = {EQUAL, "= or !="},
        [EXPR_TEXT] = {EQUAL | PARTS | 1 << EXPR_IN | 1 << EXPR_UNDER,
                "one of = != in starts ends contains under"},
        [EXPR_TEXTS] = {EQUAL | PARTS | 1 << EXPR_IN, "one of = != in starts ends contains"},
};

static toc_rc operator(struct parser *p, struct expr_node *test)
{
    enum expr_type type = expr_fields[test->field].type;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        const char *spelling = operators[i].spelling;
        if ((is_word(p, spelling) || is_sign(p, spelling)) &&
                (type_ops[type].ops & 1u << operators[i].op) != 0) {
            test->op = operators[i].op;
            next(p);
            return TOC_OK;
        }
    }
    char what[ERROR_BYTES];
    snprintf(
            what, sizeof what, "%s behind %s", type_ops[type].names, expr_fields[test->field].name);
    return expected(p, what);
}

static toc_rc values(struct parser *p, struct expr_node *test)
{
    if (test->op != EXPR_IN)
        return value(p, test);
    if (!take_sign(p, "("))
        return expected(p, "( behind in");
    do {
        TOC_TRY(value(p, test));
    } while (take_sign(p, ","));
    return take_sign(p, ")") ? TOC_OK : expected(p, ", or )");
}

static toc_rc test(struct parser *p, uint16_t *out)
{
    struct expr_node node = {
            .kind = EXPR_TEST, .child = EXPR_NONE, .next = EXPR_NONE, .first = p->e->value_count};
    while (node.field < EXPR_FIELDS && !is_word(p, expr_fields[node.field].name))
        node.field++;
    if (node.field == EXPR_FIELDS)
        return fail_field(p);
    next(p);
    bool bare = expr_fields[node.field].type == EXPR_FLAG && !is_sign(p, "=") && !is_sign(p, "!=");
    if (bare) { // a flag alone: "corroborated"
        node.op = EXPR_EQ;
        node.count = 1;
        TOC_TRY(add_value(p, (union expr_value){.number = 1}));
        return add_node(p, node, out);
    }
    TOC_TRY(operator(p, &node));
    TOC_TRY(values(p, &node));
    return add_node(p, node, out);
}

// ---- and, or, not, brackets ----

static toc_rc any(struct parser *p, uint16_t *out);

static toc_rc deeper(struct parser *p)
{
    if (p->depth == TOC_EXPR_DEPTH_MAX)
        return BAD(p, TOC_E_LIMIT, "more than %d brackets and nots inside each other",
                TOC_EXPR_DEPTH_MAX);
    p->depth++;
    return TOC_OK;
}

static toc_rc factor(struct parser *p, uint16_t *out)
{
    if (is_word(p, "not")) {
        struct expr_node node = {.kind = EXPR_NOT, .next = EXPR_NONE};
        TOC_TRY(deeper(p));
        next(p);
        TOC_TRY(factor(p, &node.child));
        p->depth--;
        return add_node(p, node, out);
    }
    if (is_sign(p, "(")) {
        TOC_TRY(deeper(p));
        next(p);
        TOC_TRY(any(p, out));
        p->depth--;
        return take_sign(p, ")") ? TOC_OK : expected(p, "and, or, or )");
    }
    return test(p, out);
}

// One or more of `part` with `joint` between them; a node of `kind` above them if there are more.
static toc_rc chain(struct parser *p, enum expr_node_kind kind, const char *joint,
        toc_rc (*part)(struct parser *p, uint16_t *out), uint16_t *out)
{
    uint16_t last;
    TOC_TRY(part(p, out));
    if (!is_word(p, joint))
        return TOC_OK;
    struct expr_node node = {.kind = kind, .child = *out, .next = EXPR_NONE};
    last = *out;
    while (take_word(p, joint)) {
        uint16_t more;
        TOC_TRY(part(p, &more));
        p->e->nodes[last].next = more;
        last = more;
    }
    return add_node(p, node, out);
}

static toc_rc all(struct parser *p, uint16_t *out)
{
    return chain(p, EXPR_AND, "and", factor, out);
}

static toc_rc any(struct parser *p, uint16_t *out)
{
    return chain(p, EXPR_OR, "or", all, out);
}

static toc_rc whole(struct parser *p)
{
    if (p->text.len > TOC_EXPR_BYTES_MAX)
        return BAD(p, TOC_E_LENGTH, "longer than %d bytes", TOC_EXPR_BYTES_MAX);
    if (!toc_utf8_valid(p->text))
        return BAD(p, TOC_E_SYNTAX, "not valid UTF-8");
    next(p);
    TOC_TRY(any(p, &p->e->root));
    return p->token.kind == TOKEN_END ? TOC_OK : expected(p, "and, or, or the end");
}

// Characters, as a person counts them in an editor.
static size_t column(struct toc_slice text, size_t at)
{
    size_t count = 1, pos = 0;
    while (pos < at && pos < text.len) {
        toc_utf8_next(text, &pos);
        count++;
    }
    return count;
}

toc_rc toc_expr_parse(
        struct toc_slice text, struct toc_expr **out, size_t *out_column, struct toc_err *err)
{
    struct parser p = {.text = text, .err = err, .e = toc_mem_alloc(1, sizeof *p.e)};
    TOC_ENSURE(p.e != NULL, err, TOC_E_MEMORY, "no memory for the expression");
    toc_rc rc = whole(&p);
    if (toc_failed(rc)) {
        *out_column = column(text, p.error_at);
        toc_expr_free(p.e);
        return toc_err_context(rc, err, "column %zu", *out_column);
    }
    *out = p.e;
    return TOC_OK;
}
