#include "hub/correlate/sum.h"

#include <stdlib.h>
#include <string.h>

#include "lib/indicator/limits.h"

toc_rc sum_no_memory(struct toc_err *err)
{
    return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for correlations");
}

static int compare_first(const void *a, const void *b)
{
    const struct toc_posting_first *x = a, *y = b;
    if (x->tick != y->tick)
        return x->tick < y->tick ? -1 : 1;
    return memcmp(x->indicator, y->indicator, sizeof x->indicator);
}

static struct toc_posting_first first_of(const struct toc_posting *posting)
{
    struct toc_posting_first first = {.tick = posting->tick};
    memcpy(first.indicator, posting->indicator, sizeof first.indicator);
    return first;
}

// --- shares: ascending by organisations, never with a count of 0 -----------------------------------

static toc_rc share_add(struct toc_posting_sum *sum, int32_t organisations, int64_t n, struct toc_arena *arena,
        struct toc_err *err)
{
    size_t at = 0;
    while (at < sum->shares_count && sum->shares[at].organisations < organisations)
        at++;
    if (at == sum->shares_count || sum->shares[at].organisations != organisations) {
        struct toc_posting_share *grown = toc_arena_alloc(arena, sum->shares_count + 1, sizeof *grown);
        if (grown == NULL)
            return sum_no_memory(err);
        for (size_t i = 0; i < sum->shares_count; i++)
            grown[i < at ? i : i + 1] = sum->shares[i];
        grown[at] = (struct toc_posting_share){.organisations = organisations};
        sum->shares = grown;
        sum->shares_count++;
    }
    sum->shares[at].count += n;
    if (sum->shares[at].count == 0) {
        memmove(&sum->shares[at], &sum->shares[at + 1], (sum->shares_count - at - 1) * sizeof *sum->shares);
        sum->shares_count--;
    }
    return TOC_OK;
}

// --- the whole at once -----------------------------------------------------------------------------

toc_rc sum_of(const struct toc_posting *postings, size_t count, struct toc_arena *arena, struct toc_posting_sum *out,
        struct toc_err *err)
{
    *out = (struct toc_posting_sum){.held = (int64_t)count};
    struct toc_posting_first *first = toc_arena_alloc(arena, count, sizeof *first);
    if (first == NULL)
        return sum_no_memory(err);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct toc_posting *p = &postings[i];
        if (!posting_present(p))
            continue;
        first[n++] = first_of(p);
        out->last_tick = p->tick > out->last_tick ? p->tick : out->last_tick;
        TOC_TRY(share_add(out, p->organisations, 1, arena, err));
    }
    if (n > 1)
        qsort(first, n, sizeof *first, compare_first);
    out->present = (int64_t)n;
    out->first = first;
    out->first_count = n < TOC_CORRELATION_LISTED_MAX ? n : TOC_CORRELATION_LISTED_MAX;
    return TOC_OK;
}

toc_rc sum_join(struct toc_posting_sum *sum, const struct toc_posting_sum *other, struct toc_arena *arena,
        struct toc_err *err)
{
    struct toc_posting_first *first = toc_arena_alloc(arena, TOC_CORRELATION_LISTED_MAX, sizeof *first);
    if (first == NULL)
        return sum_no_memory(err);
    size_t n = 0;
    for (size_t a = 0, b = 0; n < TOC_CORRELATION_LISTED_MAX && (a < sum->first_count || b < other->first_count);) {
        bool mine = b == other->first_count ||
                (a < sum->first_count && compare_first(&sum->first[a], &other->first[b]) < 0);
        first[n++] = mine ? sum->first[a++] : other->first[b++];
    }
    for (size_t i = 0; i < other->shares_count; i++)
        TOC_TRY(share_add(sum, other->shares[i].organisations, other->shares[i].count, arena, err));
    sum->held += other->held;
    sum->present += other->present;
    sum->last_tick = other->last_tick > sum->last_tick ? other->last_tick : sum->last_tick;
    sum->first = first;
    sum->first_count = n;
    return TOC_OK;
}

// --- one change --------------------------------------------------------------------------------------

// False: somebody unknown follows the one that went.
static bool first_remove(struct toc_posting_sum *sum, const struct toc_posting *posting)
{
    struct toc_posting_first gone = first_of(posting);
    for (size_t i = 0; i < sum->first_count; i++) {
        if (compare_first(&sum->first[i], &gone) != 0)
            continue;
        memmove(&sum->first[i], &sum->first[i + 1], (sum->first_count - i - 1) * sizeof *sum->first);
        sum->first_count--;
        return (int64_t)sum->first_count == sum->present;
    }
    return true;
}

static toc_rc first_add(struct toc_posting_sum *sum, const struct toc_posting *posting, struct toc_arena *arena,
        struct toc_err *err)
{
    struct toc_posting_first one = first_of(posting);
    struct toc_posting_sum single = {.first = &one, .first_count = 1};
    bool full = sum->first_count == TOC_CORRELATION_LISTED_MAX;
    if (full && compare_first(&sum->first[sum->first_count - 1], &one) < 0)
        return TOC_OK;
    return sum_join(sum, &single, arena, err);
}

toc_rc sum_change(struct toc_posting_sum *sum, const struct toc_posting *before, const struct toc_posting *after,
        struct toc_arena *arena, bool *out_exact, struct toc_err *err)
{
    bool was = posting_present(before), is = posting_present(after);
    *out_exact = true;
    if (was)
        TOC_TRY(share_add(sum, before->organisations, -1, arena, err));
    if (is)
        TOC_TRY(share_add(sum, after->organisations, 1, arena, err));
    if (was && is && before->tick == after->tick)
        return TOC_OK;
    if (was) {
        sum->present--;
        *out_exact = first_remove(sum, before) && before->tick < sum->last_tick;
    }
    if (!is)
        return TOC_OK;
    sum->present++;
    sum->last_tick = after->tick > sum->last_tick ? after->tick : sum->last_tick;
    return first_add(sum, after, arena, err);
}
