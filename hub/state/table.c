#include "hub/state/table.h"

#include "lib/base/mem.h"

// Probes go group by group and end at a group with an empty slot. So a slot is emptied only in a
// group that has an empty one already (no probe ever went past it), else it is marked as erased.

#define LINE_BYTES 64

static uint64_t hash_of(const struct table *table, uint64_t low)
{
    __extension__ unsigned __int128 wide = (low ^ table->seed[0]);
    wide *= table->seed[1];
    return (uint64_t)wide ^ (uint64_t)(wide >> 64);
}

static uint8_t tag_of(uint64_t hash)
{
    return hash & 0x7f;
}

// Any number of groups, not only powers of two: then slices can grow by little.
static uint32_t first_group(const struct table_slice *slice, uint64_t hash)
{
    return (uint32_t)((hash >> 32) * slice->groups >> 32);
}

static uint32_t next_group(const struct table_slice *slice, uint32_t group)
{
    return group + 1 == slice->groups ? 0 : group + 1;
}

static const uint8_t *group_tags(const struct table_slice *slice, uint32_t group)
{
    return table_tags(slice) + (size_t)group * GROUP_SLOTS;
}

static uint32_t lowest(uint32_t mask)
{
    return (uint32_t)__builtin_ctz(mask);
}

static unsigned index_of(const uint8_t key[16])
{
    return table_slice_of(table_key(key));
}

void table_init(struct table *table, const uint64_t seed[2])
{
    memset(table, 0, sizeof *table);
    table->seed[0] = seed[0];
    table->seed[1] = seed[1] | 1; // a factor of zero would hash everything alike
}

void table_done(struct table *table)
{
    for (unsigned i = 0; i < TOC_STATE_SLICES; i++)
        toc_mem_free(table->slices[i].memory);
    memset(table, 0, sizeof *table);
}

struct toc_entry *table_find(const struct table *table, const uint8_t key[16])
{
    const struct table_slice *slice = &table->slices[index_of(key)];
    if (slice->groups == 0)
        return NULL;
    uint64_t hash = hash_of(table, table_be64(key + 8));
    for (uint32_t group = first_group(slice, hash);; group = next_group(slice, group)) {
        const uint8_t *tags = group_tags(slice, group);
        for (uint32_t mask = group_match(tags, tag_of(hash)); mask != 0; mask &= mask - 1) {
            struct toc_entry *entry = &slice->entries[group * GROUP_SLOTS + lowest(mask)];
            if (memcmp(entry->key, key, sizeof entry->key) == 0)
                return entry;
        }
        if (group_match(tags, TAG_EMPTY) != 0)
            return NULL;
    }
}

struct toc_entry *table_find_low(const struct table *table, uint64_t low, uint64_t from)
{
    const struct table_slice *slice = &table->slices[low >> 54];
    struct toc_entry *best = NULL;
    uint64_t best_high = 0;
    if (slice->groups == 0)
        return NULL;
    uint64_t hash = hash_of(table, low);
    for (uint32_t group = first_group(slice, hash);; group = next_group(slice, group)) {
        const uint8_t *tags = group_tags(slice, group);
        for (uint32_t mask = group_match(tags, tag_of(hash)); mask != 0; mask &= mask - 1) {
            struct toc_entry *entry = &slice->entries[group * GROUP_SLOTS + lowest(mask)];
            struct table_key key = table_key(entry->key);
            if (key.low == low && key.high >= from && (best == NULL || key.high < best_high)) {
                best = entry;
                best_high = key.high;
            }
        }
        if (group_match(tags, TAG_EMPTY) != 0)
            return best;
    }
}

void table_prefetch(const struct table *table, const uint8_t key[16])
{
    const struct table_slice *slice = &table->slices[index_of(key)];
    if (slice->groups == 0)
        return;
    uint64_t hash = hash_of(table, table_be64(key + 8));
    uint32_t group = first_group(slice, hash);
    uint32_t mask = group_match(group_tags(slice, group), tag_of(hash));
    if (mask != 0)
        __builtin_prefetch(&slice->entries[group * GROUP_SLOTS + lowest(mask)]);
}

void table_prefetch_early(const struct table *table, const uint8_t key[16])
{
    const struct table_slice *slice = &table->slices[index_of(key)];
    if (slice->groups == 0)
        return;
    uint64_t hash = hash_of(table, table_be64(key + 8));
    __builtin_prefetch(group_tags(slice, first_group(slice, hash)));
}

// --- rebuilding a slice --------------------------------------------------------------------------

static size_t memory_bytes(uint32_t groups)
{
    return LINE_BYTES + (size_t)groups * GROUP_SLOTS * (sizeof(struct toc_entry) + 1);
}

static bool slice_make(struct table_slice *slice, uint32_t groups)
{
    uint8_t *memory = toc_mem_resize(NULL, memory_bytes(groups), 1);
    if (memory == NULL)
        return false;
    uint32_t slots = groups * GROUP_SLOTS;
    uint8_t *line = memory + (LINE_BYTES - (uintptr_t)memory % LINE_BYTES) % LINE_BYTES;
    *slice = (struct table_slice){
            .entries = (struct toc_entry *)(void *)line,
            .groups = groups,
            .left = slots - slots / 8,
            .memory = memory,
    };
    memset(table_tags(slice), TAG_EMPTY, slots);
    return true;
}

static uint32_t take_slot(struct table_slice *slice, uint64_t hash)
{
    uint32_t group = first_group(slice, hash), mask;
    while ((mask = group_not_full(group_tags(slice, group))) == 0)
        group = next_group(slice, group);
    uint32_t slot = group * GROUP_SLOTS + lowest(mask);
    uint8_t *tag = table_tags(slice) + slot;
    slice->left -= *tag == TAG_EMPTY;
    *tag = tag_of(hash);
    slice->full++;
    return slot;
}

// Larger by a quarter, or only cleared of erased slots when these are many.
static bool rebuild(struct table *table, struct table_slice *slice)
{
    struct table_slice fresh;
    uint32_t groups = slice->groups, slots = table_slots(slice);
    if (groups == 0 || slice->full > slots / 4 * 3)
        groups += groups / 4 + 1;
    if (!slice_make(&fresh, groups))
        return false;
    for (uint32_t i = 0; i < slots; i++) {
        const struct toc_entry *entry = table_at(slice, i);
        if (entry == NULL)
            continue;
        uint32_t slot = take_slot(&fresh, hash_of(table, table_be64(entry->key + 8)));
        fresh.entries[slot] = *entry;
    }
    fresh.inserted = slice->inserted;
    table->bytes += memory_bytes(groups) - (slots == 0 ? 0 : memory_bytes(slice->groups));
    toc_mem_free(slice->memory);
    *slice = fresh;
    return true;
}

struct toc_entry *table_insert(struct table *table, const uint8_t key[16])
{
    struct table_slice *slice = &table->slices[index_of(key)];
    if (slice->left == 0 && !rebuild(table, slice))
        return NULL;
    uint32_t slot = take_slot(slice, hash_of(table, table_be64(key + 8)));
    struct toc_entry *entry = &slice->entries[slot];
    *entry = (struct toc_entry){0};
    memcpy(entry->key, key, sizeof entry->key);
    slice->inserted++;
    return entry;
}

void table_erase(struct table *table, struct toc_entry *entry)
{
    struct table_slice *slice = &table->slices[index_of(entry->key)];
    uint32_t slot = (uint32_t)(entry - slice->entries);
    bool empty = group_match(group_tags(slice, slot / GROUP_SLOTS), TAG_EMPTY) != 0;
    table_tags(slice)[slot] = empty ? TAG_EMPTY : TAG_ERASED;
    slice->left += empty;
    slice->full--;
}
