// The words of STIX patterning, as the OASIS grammar has them: longest match, keywords in capitals,
// Unicode white space and comments between them. Only lib/stix/pattern.c uses it.
#pragma once

#include <stddef.h>

#include "lib/base/slice.h"

enum pattern_token {
    PT_END,
    PT_BAD, // no word begins here
    PT_NAME,
    PT_HYPHEN_NAME, // a name with a hyphen: an object type only
    PT_INT,
    PT_NEGATIVE_INT,
    PT_FLOAT,
    PT_NEGATIVE_FLOAT,
    PT_STRING, // text is what stands between the quotes, escapes in place
    PT_DOUBLE, // "...": no word of the grammar; publishers write hash names so
    PT_HEX,
    PT_BINARY,
    PT_TIME,
    PT_BOOL,
    PT_EQ,
    PT_NEQ,
    PT_LESS,
    PT_LESS_EQ,
    PT_MORE,
    PT_MORE_EQ,
    PT_AND,
    PT_OR,
    PT_NOT,
    PT_FOLLOWEDBY,
    PT_LIKE,
    PT_MATCHES,
    PT_ISSUPERSET,
    PT_ISSUBSET,
    PT_EXISTS,
    PT_LAST, // reserved, without use
    PT_IN,
    PT_START,
    PT_STOP,
    PT_SECONDS,
    PT_WITHIN,
    PT_REPEATS,
    PT_TIMES,
    PT_COLON,
    PT_DOT,
    PT_COMMA,
    PT_OPEN,
    PT_CLOSE,
    PT_OPEN_BRACKET,
    PT_CLOSE_BRACKET,
    PT_STAR,
};

struct pattern_lexer {
    struct toc_slice text;
    size_t pos; // behind the current word
    enum pattern_token token;
    size_t at; // where the current word begins
    struct toc_slice word;
    bool escaped; // PT_STRING: it holds a backslash
};

// Before the first word; call toc_pattern_next to stand on it.
void toc_pattern_lexer_init(struct pattern_lexer *lexer, struct toc_slice text);
void toc_pattern_next(struct pattern_lexer *lexer);
