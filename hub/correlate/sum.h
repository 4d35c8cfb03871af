// What a set of postings amounts to: how many, the first 64, the newest, how many organisations stand
// behind them. Each field is a function of the set alone. Inside hub/correlate only.
#pragma once

#include <stdbool.h>

#include "hub/correlate/posting.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"

static inline bool posting_present(const struct toc_posting *posting)
{
    return posting != NULL && posting->until == 0;
}

// Memory of the arrays: the arena. MEMORY only.
TOC_NODISCARD toc_rc sum_of(const struct toc_posting *postings, size_t count, struct toc_arena *arena,
        struct toc_posting_sum *out, struct toc_err *err);
// *sum becomes that of both sets, which share no indicator. A zeroed sum is that of the empty set.
TOC_NODISCARD toc_rc sum_join(struct toc_posting_sum *sum, const struct toc_posting_sum *other, struct toc_arena *arena,
        struct toc_err *err);
// One posting of the set becomes another (NULL: it comes, it goes); `held` is left alone. *out_exact = false: one of
// the first or the newest went and only the postings themselves can tell who follows; join the sum anew.
TOC_NODISCARD toc_rc sum_change(struct toc_posting_sum *sum, const struct toc_posting *before,
        const struct toc_posting *after, struct toc_arena *arena, bool *out_exact, struct toc_err *err);

toc_rc sum_no_memory(struct toc_err *err);
