// The kinds of indicator. One row of the table in kind.c registers a kind: its name, the largest
// value, how a value is made canonical and checked, what its host is and how it ages. Nothing else in
// the tree switches over kinds to learn one of these. schemas/CANONICAL.md says each form in words.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/slice.h"
#include "lib/base/time.h"
#include "schemas/refusal.h" // generated: enum toc_refusal
#include "schemas/types.h"   // generated: enum toc_kind

// Which curve ages a contribution of this kind. Its lifetime: a claim of that age counts nothing any more; how
// fast it fades until then is the hub's policy.
enum toc_curve {
    TOC_CURVE_NONE =
            0,         // never ages, has no score and no advice, cannot be refuted: vulnerabilities
    TOC_CURVE_NETWORK, // addresses, networks, endpoints, URLs
    TOC_CURVE_DOMAIN,
    TOC_CURVE_FILE, // hashes
    TOC_CURVE_EMAIL,
};

#define TOC_LIFETIME_NETWORK_MS (47 * TOC_MS_DAY)
#define TOC_LIFETIME_DOMAIN_MS (300 * TOC_MS_DAY)
#define TOC_LIFETIME_DYNAMIC_DOMAIN_MS                                                             \
    (30 * TOC_MS_DAY) // under a name that gives names to everybody
#define TOC_LIFETIME_FILE_MS (460 * TOC_MS_DAY)
#define TOC_LIFETIME_EMAIL_MS (90 * TOC_MS_DAY)

struct toc_form; // lib/indicator/form.h: a canonical value under construction

struct toc_kind_row {
    enum toc_kind kind;
    const char *name; // the Avro symbol: goes into the key, expressions and JSON
    size_t value_max; // bytes of a canonical value
    enum toc_curve curve;
    bool has_host; // judged by its host (endpoint, url, email): see toc_value_host

    // Makes `raw` (trimmed, valid UTF-8, not empty) canonical. *kind arrives as this row's kind and may
    // become a narrower one (a network of one address). `form` is empty on entry; what it and *notes
    // hold after a refusal is of no meaning.
    enum toc_refusal (*canon)(
            enum toc_kind *kind, struct toc_slice raw, struct toc_form *form, unsigned *notes);
    // TOC_REFUSAL_NONE exactly if `canon` would leave `value` and the kind as they are.
    enum toc_refusal (*check)(enum toc_kind kind, struct toc_slice value);
};

// The row of a kind (toc_kind_parse of schemas/types.h finds a kind by name); NULL for unknown and for numbers that are no kind.
const struct toc_kind_row *toc_kind_row(enum toc_kind kind);

// Its lifetime in ms (of a domain: one that is not under a dynamic-DNS name); INT64_MAX when it never ages.
int64_t toc_kind_lifetime(enum toc_kind kind);
