#include <stdlib.h>

#include "hub/state/inner.h"
#include "lib/base/mem.h"

// Walking in key order: slices are in order, and the keys of the one the walk is in are kept sorted.

void walk_done(struct walk *walk)
{
    toc_mem_free(walk->keys);
    *walk = (struct walk){0};
}

int toc_state_key_cmp(const uint8_t a[16], const uint8_t b[16])
{
    return table_key_cmp(table_key(a), table_key(b));
}

static int by_key(const void *a, const void *b)
{
    return table_key_cmp(*(const struct table_key *)a, *(const struct table_key *)b);
}

// The sorted keys of a slice. Keys that went since are no harm; false when out of memory.
static bool walk_enter(struct toc_state *state, unsigned s)
{
    struct walk *walk = &state->walk;
    const struct table_slice *slice = &state->table.slices[s];
    if (walk->valid && walk->slice == s && walk->inserted == slice->inserted)
        return true;
    walk->valid = false;
    if (toc_mem_grow((void **)&walk->keys, &walk->cap, slice->full, sizeof *walk->keys) != 0)
        return false;
    walk->count = 0;
    for (uint32_t i = 0; i < table_slots(slice); i++)
        if (table_at(slice, i) != NULL)
            walk->keys[walk->count++] = table_key(slice->entries[i].key);
    if (walk->count != 0)
        qsort(walk->keys, walk->count, sizeof *walk->keys, by_key);
    walk->slice = s;
    walk->inserted = slice->inserted;
    walk->valid = true;
    return true;
}

// Without the sorted keys: slow, but sure.
static const struct toc_entry *scan_above(
        const struct table_slice *slice, const struct table_key *after)
{
    const struct toc_entry *best = NULL;
    for (uint32_t i = 0; i < table_slots(slice); i++) {
        const struct toc_entry *entry = table_at(slice, i);
        if (entry == NULL || entry->body == NULL)
            continue;
        struct table_key key = table_key(entry->key);
        if ((after == NULL || table_key_cmp(key, *after) > 0) &&
                (best == NULL || table_key_cmp(key, table_key(best->key)) < 0))
            best = entry;
    }
    return best;
}

static size_t walk_from(const struct walk *walk, const struct table_key *after)
{
    size_t low = 0, high = after == NULL ? 0 : walk->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (table_key_cmp(walk->keys[mid], *after) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static const struct toc_entry *next_in_slice(
        struct toc_state *state, unsigned s, const struct table_key *after)
{
    if (state->table.slices[s].full == 0)
        return NULL;
    if (!walk_enter(state, s))
        return scan_above(&state->table.slices[s], after);
    for (size_t i = walk_from(&state->walk, after); i < state->walk.count; i++) {
        const struct toc_entry *entry =
                table_find_low(&state->table, state->walk.keys[i].low, state->walk.keys[i].high);
        if (entry != NULL && entry->body != NULL &&
                table_key(entry->key).high == state->walk.keys[i].high)
            return entry;
    }
    return NULL;
}

const struct toc_entry *toc_state_next(struct toc_state *state, const uint8_t *after)
{
    struct table_key key = after == NULL ? (struct table_key){0} : table_key(after);
    unsigned first = after == NULL ? 0 : table_slice_of(key);
    for (unsigned s = first; s < TOC_STATE_SLICES; s++) {
        const struct toc_entry *entry =
                next_in_slice(state, s, after != NULL && s == first ? &key : NULL);
        if (entry != NULL)
            return entry;
    }
    return NULL;
}
