// The kinds of indicator. One row of the table in kind.c registers a kind: its name, the largest
// value, how a value is made canonical and checked, what its host is and how it ages. Nothing else in
// the tree switches over kinds to learn one of these. schemas/CANONICAL.md says each form in words.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/slice.h"
#include "schemas/refusal.h" // generated: enum toc_refusal
#include "schemas/types.h"   // generated: enum toc_kind

// Which curve ages a contribution of this kind; lifetimes and speeds are the hub's policy.
enum toc_curve {
    TOC_CURVE_NONE = 0, // never ages, has no score and no advice, cannot be refuted: vulnerabilities
    TOC_CURVE_NETWORK,  // addresses, networks, endpoints, URLs
    TOC_CURVE_DOMAIN,
    TOC_CURVE_FILE, // hashes
    TOC_CURVE_EMAIL,
};

struct toc_form; // lib/indicator/form.h: a canonical value under construction

struct toc_kind_row {
    enum toc_kind kind;
    const char *name; // the Avro symbol: goes into the key, expressions and JSON
    size_t value_max; // bytes of a canonical value
    enum toc_curve curve;
    bool has_host; // judged by its host (endpoint, url, email): see toc_value_host

    // Makes `raw` canonical. *kind_out arrives as this row's kind and may become a narrower one (a
    // network of one address). `form` is empty on entry; what it holds after a refusal is undefined.
    enum toc_refusal (*canon)(
            struct toc_slice raw, enum toc_kind *kind_out, struct toc_form *form, unsigned *notes);
    // TOC_REFUSAL_NONE exactly if `canon` would return `value` unchanged and keep the kind.
    enum toc_refusal (*check)(struct toc_slice value);
};

// The row of a kind; NULL for unknown and for numbers that are no kind.
const struct toc_kind_row *toc_kind_row(enum toc_kind kind);

// By its name, exactly; TOC_KIND_UNKNOWN when there is none.
enum toc_kind toc_kind_by_name(struct toc_slice name);
