#include "lib/bus/guard.h"

#include "lib/bus/record.h"

struct toc_guard toc_guard_at(int64_t next)
{
    return (struct toc_guard){.next = next < 0 ? TOC_OFFSET_NONE : next, .gap = TOC_OFFSET_NONE};
}

enum toc_guard_says toc_guard_see(struct toc_guard *guard, int64_t offset, bool check_gaps)
{
    if (guard->next != TOC_OFFSET_NONE) {
        if (offset < guard->next)
            return TOC_GUARD_DROP;
        if (offset > guard->next && check_gaps && offset != guard->gap) {
            guard->gap = offset;
            return TOC_GUARD_AGAIN;
        }
    }
    guard->next = offset + 1;
    guard->gap = TOC_OFFSET_NONE;
    return TOC_GUARD_PASS;
}

void toc_guard_past(struct toc_guard *guard, int64_t offset)
{
    if (guard->next == TOC_OFFSET_NONE || offset > guard->next)
        *guard = toc_guard_at(offset);
}

static int64_t aim(struct toc_skip *skip)
{
    if (skip->high - skip->low <= 1) {
        skip->active = false;
        return -1;
    }
    if (skip->step > 0 && skip->step < skip->high - skip->low) {
        skip->probe = skip->low + skip->step;
        skip->step *= 2;
    } else {
        skip->step = 0;
        skip->probe = skip->low + (skip->high - skip->low) / 2;
    }
    return skip->probe;
}

int64_t toc_skip_begin(struct toc_skip *skip, int64_t base, int64_t end)
{
    *skip = (struct toc_skip){.active = true,
            .base = base,
            .low = base,
            .high = end > base ? end : base + 1,
            .step = 1};
    return aim(skip);
}

int64_t toc_skip_learn(struct toc_skip *skip, bool inside)
{
    if (inside) {
        skip->low = skip->probe;
    } else {
        skip->high = skip->probe;
        skip->step = 0;
    }
    return aim(skip);
}
