#include "lib/stix/pattern_lex.h"

#include "lib/base/text.h"

static const struct {
    const char *word;
    enum pattern_token token;
} keywords[] = {
        {"AND", PT_AND},
        {"OR", PT_OR},
        {"NOT", PT_NOT},
        {"FOLLOWEDBY", PT_FOLLOWEDBY},
        {"LIKE", PT_LIKE},
        {"MATCHES", PT_MATCHES},
        {"ISSUPERSET", PT_ISSUPERSET},
        {"ISSUBSET", PT_ISSUBSET},
        {"EXISTS", PT_EXISTS},
        {"LAST", PT_LAST},
        {"IN", PT_IN},
        {"START", PT_START},
        {"STOP", PT_STOP},
        {"SECONDS", PT_SECONDS},
        {"WITHIN", PT_WITHIN},
        {"REPEATS", PT_REPEATS},
        {"TIMES", PT_TIMES},
        {"true", PT_BOOL},
        {"false", PT_BOOL},
};

// Longest first where one begins with another.
static const struct {
    const char *word;
    enum pattern_token token;
} marks[] = {
        {"==", PT_EQ},
        {"=", PT_EQ},
        {"!=", PT_NEQ},
        {"<>", PT_NEQ},
        {"<=", PT_LESS_EQ},
        {"<", PT_LESS},
        {">=", PT_MORE_EQ},
        {">", PT_MORE},
        {":", PT_COLON},
        {",", PT_COMMA},
        {"(", PT_OPEN},
        {")", PT_CLOSE},
        {"[", PT_OPEN_BRACKET},
        {"]", PT_CLOSE_BRACKET},
        {"*", PT_STAR},
};

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_name_start(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_base64(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/';
}

static bool is_blank(int32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

// Byte at a position, or -1 behind the end.
static int at(const struct pattern_lexer *lexer, size_t pos)
{
    return pos < lexer->text.len ? lexer->text.ptr[pos] : -1;
}

static bool begins(const struct pattern_lexer *lexer, size_t pos, const char *word)
{
    return toc_slice_starts(toc_slice_sub(lexer->text, pos, lexer->text.len), toc_slice_of(word));
}

// Position behind a comment that begins at `pos`, or `pos`. One that never ends is none.
static size_t comment(const struct pattern_lexer *lexer, size_t pos)
{
    size_t end = pos;
    if (begins(lexer, pos, "//")) {
        while (end < lexer->text.len && at(lexer, end) != '\n' && at(lexer, end) != '\r')
            end++;
        return end;
    }
    if (!begins(lexer, pos, "/*"))
        return pos;
    for (end = pos + 2; end < lexer->text.len; end++)
        if (begins(lexer, end, "*/"))
            return end + 2;
    return pos;
}

static void skip_blanks(struct pattern_lexer *lexer)
{
    size_t pos = lexer->pos, next;
    while (pos < lexer->text.len) {
        next = pos;
        if (!is_blank(toc_utf8_next(lexer->text, &next)))
            next = comment(lexer, pos);
        if (next == pos)
            break;
        pos = next;
    }
    lexer->pos = pos;
}

static void take(struct pattern_lexer *lexer, enum pattern_token token, size_t from, size_t to)
{
    lexer->token = token;
    lexer->word = toc_slice_sub(lexer->text, from, to - from);
    lexer->pos = to;
}

/* [a-zA-Z_] [a-zA-Z0-9_]*, or with hyphens; a keyword is a name of just these letters. */
static void take_name(struct pattern_lexer *lexer)
{
    size_t end = lexer->at;
    bool hyphen = false;
    for (int c = at(lexer, end); is_name_start(c) || is_digit(c) || c == '-'; c = at(lexer, ++end))
        hyphen = hyphen || c == '-';
    take(lexer, hyphen ? PT_HYPHEN_NAME : PT_NAME, lexer->at, end);
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (toc_slice_is(lexer->word, keywords[i].word))
            lexer->token = keywords[i].token;
}

/* Int: [+-]? ('0' | [1-9] [0-9]*)   Float: [+-]? [0-9]* '.' [0-9]+
 * A dot that no digit follows, or no sign or digit stands before, is the dot of a path. */
static bool take_number(struct pattern_lexer *lexer)
{
    bool negative = at(lexer, lexer->at) == '-';
    size_t start = lexer->at + (negative || at(lexer, lexer->at) == '+'), end = start;
    while (is_digit(at(lexer, end)))
        end++;
    if (at(lexer, end) == '.' && is_digit(at(lexer, end + 1))) {
        for (end++; is_digit(at(lexer, end)); end++)
            ;
        take(lexer, negative ? PT_NEGATIVE_FLOAT : PT_FLOAT, lexer->at, end);
        return true;
    }
    if (end == start)
        return false;
    if (at(lexer, start) == '0')
        end = start + 1;
    take(lexer, negative ? PT_NEGATIVE_INT : PT_INT, lexer->at, end);
    return true;
}

/* QUOTE ( ~['\\] | '\\\'' | '\\\\' )* QUOTE */
static bool take_string(struct pattern_lexer *lexer)
{
    size_t start = lexer->at + 1, pos = start;
    lexer->escaped = false;
    for (int c = at(lexer, pos); c != '\''; c = at(lexer, ++pos)) {
        if (c == -1)
            return false;
        if (c != '\\')
            continue;
        lexer->escaped = true;
        c = at(lexer, ++pos);
        if (c != '\'' && c != '\\')
            return false;
    }
    take(lexer, PT_STRING, start, pos);
    lexer->pos = pos + 1;
    return true;
}

static bool take_double(struct pattern_lexer *lexer)
{
    size_t end = lexer->at + 1;
    while (at(lexer, end) != '"')
        if (at(lexer, end++) == -1)
            return false;
    take(lexer, PT_DOUBLE, lexer->at + 1, end);
    lexer->pos = end + 1;
    return true;
}

static bool two_digits(struct toc_slice s, size_t pos, int low, int high)
{
    if (!is_digit(s.ptr[pos]) || !is_digit(s.ptr[pos + 1]))
        return false;
    int value = (s.ptr[pos] - '0') * 10 + (s.ptr[pos + 1] - '0');
    return value >= low && value <= high;
}

/* YYYY-MM-DDThh:mm:ss(.d+)?Z, capitals only */
static bool is_time(struct toc_slice s)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    size_t n = sizeof shape - 1;
    if (s.len < n + 1 || s.ptr[s.len - 1] != 'Z')
        return false;
    for (size_t i = 0; i < n; i++)
        if (shape[i] == 'd' ? !is_digit(s.ptr[i]) : s.ptr[i] != (uint8_t)shape[i])
            return false;
    if (!two_digits(s, 5, 1, 12) || !two_digits(s, 8, 1, 31) || !two_digits(s, 11, 0, 23) ||
            !two_digits(s, 14, 0, 59) || !two_digits(s, 17, 0, 60))
        return false;
    if (s.len == n + 1)
        return true;
    for (size_t i = n + 1; i + 1 < s.len; i++)
        if (!is_digit(s.ptr[i]))
            return false;
    return s.ptr[n] == '.' && s.len > n + 2;
}

static bool is_hex_text(struct toc_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_hex(s.ptr[i]))
            return false;
    return s.len % 2 == 0;
}

static bool is_base64_text(struct toc_slice s)
{
    size_t padding = 0;
    while (padding < 2 && padding < s.len && s.ptr[s.len - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < s.len - padding; i++)
        if (!is_base64(s.ptr[i]))
            return false;
    return s.len > 0 && s.len % 4 == 0;
}

// t'...', h'...', b'...': no blank between the letter and the quote.
static bool take_typed(struct pattern_lexer *lexer)
{
    int letter = at(lexer, lexer->at);
    if ((letter != 't' && letter != 'h' && letter != 'b') || at(lexer, lexer->at + 1) != '\'')
        return false;
    struct toc_slice rest = toc_slice_sub(lexer->text, lexer->at + 2, lexer->text.len);
    size_t len = toc_slice_find(rest, '\'');
    struct toc_slice inside = toc_slice_sub(rest, 0, len);
    bool good = len < rest.len && (letter == 't'          ? is_time(inside)
                                          : letter == 'h' ? is_hex_text(inside)
                                                          : is_base64_text(inside));
    if (!good)
        return false;
    take(lexer,
            letter == 't'   ? PT_TIME
            : letter == 'h' ? PT_HEX
                            : PT_BINARY,
            lexer->at + 2, lexer->at + 2 + len);
    lexer->pos++; // the closing quote
    return true;
}

static bool take_mark(struct pattern_lexer *lexer)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (begins(lexer, lexer->at, marks[i].word)) {
            take(lexer, marks[i].token, lexer->at, lexer->at + strlen(marks[i].word));
            return true;
        }
    }
    return false;
}

void toc_pattern_lexer_init(struct pattern_lexer *lexer, struct toc_slice text)
{
    *lexer = (struct pattern_lexer){.text = text, .token = PT_BAD};
}

void toc_pattern_next(struct pattern_lexer *lexer)
{
    skip_blanks(lexer);
    lexer->at = lexer->pos;
    int c = at(lexer, lexer->at);
    if (c == -1) {
        take(lexer, PT_END, lexer->at, lexer->at);
        return;
    }
    bool taken = c == '\''           ? take_string(lexer)
                 : c == '"'          ? take_double(lexer)
                 : take_typed(lexer) ? true
                 : is_name_start(c)  ? (take_name(lexer), true)
                                     : take_number(lexer) || take_mark(lexer);
    if (!taken && c == '.')
        take(lexer, PT_DOT, lexer->at, lexer->at + 1);
    else if (!taken)
        take(lexer, PT_BAD, lexer->at, lexer->at + 1);
}
