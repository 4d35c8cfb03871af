// The expression language of interests (schemas/EXPRESSIONS.md):
//     kind in (domain, url) and score >= 50 and advice = block and tag = "ransomware"
// A text is parsed once into a checked tree; asking it about an indicator then allocates nothing, reads
// no clock and no table of the system, and takes bounded time. The same evaluator runs in the hub's
// route step and in a subscriber, so both always agree. A tree is immutable: share it between threads.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/indicator/limits.h"
#include "schemas/types.h"

struct toc_expr;

// SYNTAX (LENGTH, LIMIT for the maxima of limits.h) with "column N: " in the text and N, counted in
// characters from 1, in *out_column. Free with toc_expr_free; NULL is fine.
TOC_NODISCARD toc_rc toc_expr_parse(
        struct toc_slice text, struct toc_expr **out, size_t *out_column, struct toc_err *err);
void toc_expr_free(struct toc_expr *expr);

// Whether a live indicator is of interest. Withdrawn, expired and gone ones never are, whatever the
// expression; NULL as expression stands for "every live indicator". `value` is canonical.
bool toc_expr_matches(const struct toc_expr *expr, enum toc_kind kind, struct toc_slice value,
        const struct toc_facts *facts);
