// JSON texts from outside, with limits, over jansson: duplicate keys are refused, depth and size
// are bounded before jansson sees the text, NUL inside strings is refused. And a small writer.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

// One JSON value (RFC 8259), strict: no BOM, no duplicate names, no NUL, no lone surrogates. New
// reference in *out. SYNTAX with line and column; LENGTH (bytes), LIMIT (depth), RANGE (a number
// beyond int64, or beyond double: it never becomes infinity).
TOC_NODISCARD toc_rc toc_json_parse(struct toc_slice text, json_t **out, struct toc_err *err);
void toc_json_drop(json_t **value); // for TOC_CLEANUP

// The text of a string; .ptr is NULL when the value is absent (NULL) or of another type.
struct toc_slice toc_json_string(const json_t *value);

// Member of an object: the slice of a string (empty .ptr when absent or of another type), an
// integer (fallback when absent or of another type). Borrowed from the value.
struct toc_slice toc_json_text(const json_t *object, const char *name);
int64_t toc_json_int(const json_t *object, const char *name, int64_t fallback);
bool toc_json_true(const json_t *object, const char *name);

// Writer: appends to a buf; commas are its business. Depth up to TOC_JSON_DEPTH_MAX.
struct toc_jw {
    struct toc_buf *out;
    uint64_t filled; // bit per depth: something stands there already
    unsigned depth;
    bool after_key;
};
void toc_jw_init(struct toc_jw *w, struct toc_buf *out);
void toc_jw_open(struct toc_jw *w, char bracket);  // '{' or '['
void toc_jw_close(struct toc_jw *w, char bracket); // '}' or ']'
void toc_jw_key(struct toc_jw *w, const char *name);
// Escapes; so are bidi controls and whatever else is not safe as text. Malformed UTF-8 becomes U+FFFD.
void toc_jw_text(struct toc_jw *w, struct toc_slice s);
void toc_jw_int(struct toc_jw *w, int64_t value);
void toc_jw_bool(struct toc_jw *w, bool value);
void toc_jw_raw(struct toc_jw *w, struct toc_slice json); // a value that is JSON already
void toc_jw_hex(struct toc_jw *w, const void *bytes, size_t len);
void toc_jw_time(struct toc_jw *w, int64_t ms);
