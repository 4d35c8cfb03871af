// The table of entries: 1,024 slices of key space, each a small Swiss-style hash table that grows
// alone, so that no insertion pauses longer than the move of one slice. Knows nothing of bodies and
// transactions.
//
// An entry's place depends on a random seed, so that nobody can prepare keys that collide;
// whatever is visible outside goes by key order.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "hub/state/group.h"
#include "hub/state/state.h"
#include "lib/indicator/limits.h"

struct table_slice {           // half a cache line
    struct toc_entry *entries; // on a cache line, `groups` x GROUP_SLOTS; behind them a tag each
    void *memory;
    uint32_t groups;
    uint32_t full;     // slots with an entry
    uint32_t left;     // empty slots that may still be taken before the slice must be rebuilt
    uint32_t inserted; // rises with every insertion: a sorted list of the keys is out of date
};

struct table {
    struct table_slice slices[TOC_STATE_SLICES];
    uint64_t seed[2];
    uint64_t bytes; // of all slices
};

// A key as two numbers; key order is by low, then high.
struct table_key {
    uint64_t low, high;
};

static inline uint64_t table_be64(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return __builtin_bswap64(word);
}

static inline struct table_key table_key(const uint8_t key[16])
{
    return (struct table_key){table_be64(key + 8), table_be64(key)};
}

static inline int table_key_cmp(struct table_key a, struct table_key b)
{
    return a.low != b.low ? (a.low > b.low) - (a.low < b.low)
                          : (a.high > b.high) - (a.high < b.high);
}

static inline unsigned table_slice_of(struct table_key key)
{
    return (unsigned)(key.low >> 54);
}
_Static_assert(TOC_STATE_SLICES == 1 << 10, "a slice is ten bits of the key");

void table_init(struct table *table, const uint64_t seed[2]);
void table_done(struct table *table); // not the bodies

// NULL when the key has no slot.
struct toc_entry *table_find(const struct table *table, const uint8_t key[16]);
// The entry with just this low half whose high half is the smallest one not below `from`.
struct toc_entry *table_find_low(const struct table *table, uint64_t low, uint64_t from);
// Fetches the entry, or what is likely to be it; early: what that needs to know itself.
void table_prefetch(const struct table *table, const uint8_t key[16]);
void table_prefetch_early(const struct table *table, const uint8_t key[16]);

// A slot for a key that has none: zero but for the key. Moves the entries of its slice. NULL when
// out of memory, nothing changed.
struct toc_entry *table_insert(struct table *table, const uint8_t key[16]);
void table_erase(struct table *table, struct toc_entry *entry); // moves nothing

static inline uint32_t table_slots(const struct table_slice *slice)
{
    return slice->groups * GROUP_SLOTS;
}

static inline uint8_t *table_tags(const struct table_slice *slice)
{
    return (uint8_t *)(slice->entries + table_slots(slice));
}

// For a walk over the slots of a slice, in no order: NULL when slot i has no entry.
static inline struct toc_entry *table_at(const struct table_slice *slice, uint32_t i)
{
    return table_tags(slice)[i] & 0x80 ? NULL : &slice->entries[i];
}
