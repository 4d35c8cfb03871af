// Text from outside: UTF-8 checks and the one function all foreign text passes before it reaches a
// terminal, a log, a header or a file.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/slice.h"

// Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. NUL is
// allowed.
bool toc_utf8_valid(struct toc_slice s);

// Decodes one code point at *pos and moves *pos behind it; -1 (and *pos + 1) when malformed.
int32_t toc_utf8_next(struct toc_slice s, size_t *pos);
void toc_utf8_put(struct toc_buf *out, uint32_t code_point);

// At most `max` bytes of valid UTF-8, without half a character at the end.
struct toc_slice toc_utf8_cut(struct toc_slice s, size_t max);

// True if s is what toc_text_safe would leave as it is: valid UTF-8, one line, no control (C0,
// C1, DEL), no bidi control, no zero-width or other invisible format character, no BOM, no
// noncharacter, no private-use or tag character, at most TOC_TEXT_BYTES_MAX bytes.
bool toc_text_is_safe(struct toc_slice s);
bool toc_code_point_is_safe(uint32_t code_point); // one of them, by the same rules

// Appends s made safe: a tab or line end (CR LF is one) becomes one space, forbidden characters
// vanish, malformed bytes become \xHH, and what is longer than the limit is cut at a character
// with "..." behind it.
void toc_text_safe(struct toc_buf *out, struct toc_slice s);

// Into a caller's array, NUL-terminated, cut to fit: for log and error texts. Returns out.
const char *toc_text_show(char *out, size_t size, struct toc_slice s);
#define TOC_SHOW(s) toc_text_show((char[160]){0}, 160, (s))

// An id of a member, feed or interest: [a-z0-9][a-z0-9._-]{0,62}. A tag allows ':' and '=' too.
bool toc_id_valid(struct toc_slice s);
bool toc_tag_valid(struct toc_slice s);

// Unsigned decimal without sign, blank or leading zero (but "0"); false when not, or above max.
bool toc_parse_u64(struct toc_slice s, uint64_t max, uint64_t *out);

// Hex of exactly `size` bytes, either case; false otherwise.
bool toc_parse_hex(struct toc_slice s, uint8_t *out, size_t size);
