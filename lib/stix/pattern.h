// STIX 2.1 patterning (STIX 2.1 section 9; the grammar of the OASIS pattern validator). The whole
// grammar is read, so that "not valid" and "not taken yet" are told apart; taken is what says "this
// value": `=` on a value or a hash, joined by OR inside or between observations, and the two forms
// that say the same in more words:
//   [network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '192.0.2.1']
//   [network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:dst_port = 443]   (endpoint)
//   [ipv4-addr:value ISSUBSET '192.0.2.0/24']                                          (cidr)
// Spellings of hash names that real publishers use (SHA256, 'SHA-256', "SHA-256", sha256) are one.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/slice.h"
#include "schemas/refusal.h"
#include "schemas/types.h"

#define TOC_PATTERN_BYTES_MAX (64 * 1024) // real ones stay below 2 KiB
#define TOC_PATTERN_DEPTH_MAX 32          // nested parentheses
#define TOC_PATTERN_TERMS_MAX 1000        // as many observations as a segment holds

// "The value is this": unescaped, as the author wrote it, not yet canonical.
struct toc_pattern_term {
    enum toc_kind kind;
    struct toc_slice value;
};

// A set: sorted by (kind, value), each once. Two patterns that differ in quoting, blanks, order or
// parentheses give the same set; with canonical values it is the key of what they mean.
struct toc_pattern {
    struct toc_pattern_term *terms; // in the arena
    size_t count;                   // at least 1
};

// TOC_REFUSAL_NONE and *out; TOC_REFUSAL_STIX_PATTERN when it is not valid patterning;
// TOC_REFUSAL_STIX_PATTERN_UNSUPPORTED when it is, but says more than "one of these values", is over
// a limit above, or the arena is full. *out_at (may be NULL) is then the byte where that became
// clear. The terms borrow from `text` or live in `arena`.
enum toc_refusal toc_pattern_parse(
        struct toc_slice text, struct toc_arena *arena, struct toc_pattern *out, size_t *out_at);

// Appends `kind = value` as a pattern, escaped; value canonical. False for kinds without a pattern
// (cve: a vulnerability object says it).
bool toc_pattern_put(struct toc_buf *out, enum toc_kind kind, struct toc_slice value);
