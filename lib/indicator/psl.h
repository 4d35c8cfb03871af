// Public suffixes (publicsuffix.org): the longest part of a name under which strangers register. Built
// from the text of a list of ASCII rules, so that every machine with the same bytes answers alike; the
// list is a reference set. Read-only after opening: share freely.
#pragma once

#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct toc_psl;

enum toc_psl_section {
    TOC_PSL_DEFAULT = 0, // no rule: the last label counts as suffix
    TOC_PSL_ICANN,       // delegated by a registry: com, co.uk
    TOC_PSL_PRIVATE,     // offered by a company: github.io, duckdns.org
};

// Parses rules (one a line, `//` comments, the section markers of the published list; `*.` and `!`
// rules). SYNTAX for a rule that is no ASCII name: pass the published list through toc_psl_import
// first. LIMIT above TOC_PSL_RULES_MAX rules. The text is copied; free with toc_psl_free (NULL is fine).
TOC_NODISCARD toc_rc toc_psl_open(
        struct toc_slice rules, struct toc_psl **out, struct toc_err *err);
void toc_psl_free(struct toc_psl *psl);

// The public suffix of a canonical domain, borrowed from it; never empty. The name below which a wildcard
// rule stands counts as a suffix too, as libpsl and browsers have it. `section` may be NULL.
struct toc_slice toc_psl_suffix(
        const struct toc_psl *psl, struct toc_slice domain, enum toc_psl_section *section);

// Suffix and one label more; empty when the domain is itself a public suffix.
struct toc_slice toc_psl_registrable(const struct toc_psl *psl, struct toc_slice domain);

// Appends the published list's rules with every label in ASCII, comments left out, markers kept. Uses
// libidn2: a step of connectors and tocsinctl, never of the hub.
TOC_NODISCARD toc_rc toc_psl_import(
        struct toc_slice published, struct toc_buf *out, struct toc_err *err);
