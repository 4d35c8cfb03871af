// The timers of one lane: a binary heap of (due, low half of the key). The high half is found in the
// table when the timer is taken; a timer whose entry is gone means nothing any more. What was taken
// since the last commit stays behind the heap in the same array, so taking needs no memory and
// rollback only takes it in again.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hub/state/table.h"

struct timer {
    int64_t due;
    uint64_t low;
};

// A timer that is being handed out: several entries may have its low half.
struct timer_open {
    struct timer timer;
    uint64_t from; // entries with a lower high half had their turn
    bool on;
};

struct timers {
    struct timer *items; // `count` in the heap, then `taken` ones in no order
    size_t count, taken, cap;
    size_t settled; // count after the last sweep
    struct timer_open open, committed;
};

void timers_done(struct timers *timers);
bool timers_push(struct timers *timers, struct timer timer); // false: out of memory
bool timers_append(struct timers *timers,
        struct timer timer); // likewise, but the order waits for timers_settle
void timers_settle(struct timers *timers);
// So many that most of them must be leftovers.
static inline bool timers_overgrown(const struct timers *timers, uint64_t entries)
{
    return timers->count > 4 * entries + 1024;
}

// The entry of the earliest timer with due <= now, NULL when there is none.
const struct toc_entry *timers_take(
        struct timers *timers, const struct table *table, int64_t now, int64_t *out_due);

// Without an open transaction. Drops timers without entry and those that are there twice, when
// `entries` says that there are too many.
void timers_commit(struct timers *timers, const struct table *table, uint64_t entries);
void timers_rollback(struct timers *timers);
