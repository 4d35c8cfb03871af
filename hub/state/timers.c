#include "hub/state/timers.h"

#include <stdlib.h>

#include "lib/base/mem.h"

static bool before(struct timer a, struct timer b)
{
    return a.due != b.due ? a.due < b.due : a.low < b.low;
}

void timers_done(struct timers *timers)
{
    toc_mem_free(timers->items);
    *timers = (struct timers){0};
}

static void sift_up(struct timer *items, size_t at, struct timer timer)
{
    for (; at > 0 && before(timer, items[(at - 1) / 2]); at = (at - 1) / 2)
        items[at] = items[(at - 1) / 2];
    items[at] = timer;
}

static void sift_down(struct timer *items, size_t count, size_t at, struct timer timer)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && before(items[child + 1], items[child]))
            child++;
        if (!before(items[child], timer))
            break;
        items[at] = items[child];
    }
    items[at] = timer;
}

bool timers_append(struct timers *timers, struct timer timer)
{
    if (toc_mem_grow((void **)&timers->items, &timers->cap, timers->count + timers->taken + 1,
                sizeof timer) != 0)
        return false;
    if (timers->taken > 0)
        timers->items[timers->count + timers->taken] = timers->items[timers->count];
    timers->items[timers->count++] = timer;
    return true;
}

bool timers_push(struct timers *timers, struct timer timer)
{
    if (!timers_append(timers, timer))
        return false;
    sift_up(timers->items, timers->count - 1, timer);
    return true;
}

void timers_settle(struct timers *timers)
{
    for (size_t at = timers->count / 2; at-- > 0;)
        sift_down(timers->items, timers->count, at, timers->items[at]);
}

static struct timer pop(struct timers *timers)
{
    struct timer first = timers->items[0], last = timers->items[--timers->count];
    if (timers->count > 0)
        sift_down(timers->items, timers->count, 0, last);
    timers->items[timers->count] = first;
    timers->taken++;
    return first;
}

const struct toc_entry *timers_take(
        struct timers *timers, const struct table *table, int64_t now, int64_t *out_due)
{
    struct timer_open *open = &timers->open;
    for (;;) {
        if (!open->on) {
            if (timers->count == 0 || timers->items[0].due > now)
                return NULL;
            *open = (struct timer_open){.timer = pop(timers), .on = true};
        }
        const struct toc_entry *entry = table_find_low(table, open->timer.low, open->from);
        uint64_t high = entry == NULL ? UINT64_MAX : table_key(entry->key).high;
        open->on = high != UINT64_MAX;
        open->from = high + 1;
        if (entry != NULL && entry->body != NULL) {
            *out_due = open->timer.due;
            return entry;
        }
    }
}

static int by_due(const void *a, const void *b)
{
    struct timer x = *(const struct timer *)a, y = *(const struct timer *)b;
    return before(x, y) ? -1 : before(y, x);
}

// In order the array is a heap, too.
static void sweep(struct timers *timers, const struct table *table)
{
    size_t kept = 0;
    for (size_t i = 0; i < timers->count; i++)
        if (table_find_low(table, timers->items[i].low, 0) != NULL)
            timers->items[kept++] = timers->items[i];
    if (kept != 0)
        qsort(timers->items, kept, sizeof *timers->items, by_due);
    timers->count = 0;
    for (size_t i = 0; i < kept; i++)
        if (timers->count == 0 || before(timers->items[timers->count - 1], timers->items[i]))
            timers->items[timers->count++] = timers->items[i];
    timers->settled = timers->count;
}

void timers_commit(struct timers *timers, const struct table *table, uint64_t entries)
{
    timers->taken = 0;
    timers->committed = timers->open;
    if (timers_overgrown(timers, entries) && timers->count > 2 * timers->settled)
        sweep(timers, table);
}

void timers_rollback(struct timers *timers)
{
    timers->open = timers->committed;
    for (; timers->taken > 0; timers->taken--, timers->count++)
        sift_up(timers->items, timers->count, timers->items[timers->count]);
}
