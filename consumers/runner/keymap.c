// Open addressing with linear probing, at most three quarters full; removal moves the followers back,
// so there are no marks of what was removed.
#include "consumers/runner/keymap.h"

#include <string.h>

#include "lib/base/mem.h"

#define FIRST_SLOTS 1024

static size_t home_of(const struct toc_keymap *map, const uint8_t *key)
{
    uint64_t hash;
    memcpy(&hash, key + TOC_KEY_BYTES - sizeof hash,
            sizeof hash); // the first 8 chose the partition
    return (size_t)hash & map->mask;
}

// The slot of the key, or the empty one where it would go.
static size_t find(const struct toc_keymap *map, const uint8_t *key)
{
    size_t i = home_of(map, key);
    while (map->slots[i] != NULL && memcmp(map->slots[i], key, TOC_KEY_BYTES) != 0)
        i = (i + 1) & map->mask;
    return i;
}

void toc_keymap_done(struct toc_keymap *map)
{
    toc_mem_free(map->slots);
    *map = (struct toc_keymap){0};
}

void *toc_keymap_get(const struct toc_keymap *map, const uint8_t key[TOC_KEY_BYTES])
{
    return map->slots == NULL ? NULL : map->slots[find(map, key)];
}

static toc_rc grow(struct toc_keymap *map, struct toc_err *err)
{
    size_t slots = map->slots == NULL ? FIRST_SLOTS : (map->mask + 1) * 2;
    struct toc_keymap bigger = {.count = map->count, .mask = slots - 1};
    bigger.slots = toc_mem_alloc(slots, sizeof *bigger.slots);
    TOC_ENSURE(bigger.slots != NULL, err, TOC_E_MEMORY, "no memory for %zu indicators", slots);
    size_t at = 0;
    for (uint8_t *item; (item = toc_keymap_next(map, &at)) != NULL;)
        bigger.slots[find(&bigger, item)] = item;
    toc_keymap_done(map);
    *map = bigger;
    return TOC_OK;
}

toc_rc toc_keymap_add(struct toc_keymap *map, void *item, struct toc_err *err)
{
    if (map->slots == NULL || map->count >= map->mask / 4 * 3)
        TOC_TRY(grow(map, err));
    map->slots[find(map, item)] = item;
    map->count++;
    return TOC_OK;
}

void toc_keymap_remove(struct toc_keymap *map, const uint8_t key[TOC_KEY_BYTES])
{
    if (toc_keymap_get(map, key) == NULL)
        return;
    size_t hole = find(map, key);
    map->count--;
    for (size_t i = (hole + 1) & map->mask; map->slots[i] != NULL; i = (i + 1) & map->mask) {
        // An item may move into the hole unless its home lies cyclically in (hole, i].
        size_t home = home_of(map, map->slots[i]);
        if (((i - home) & map->mask) >= ((i - hole) & map->mask)) {
            map->slots[hole] = map->slots[i];
            hole = i;
        }
    }
    map->slots[hole] = NULL;
}

void *toc_keymap_next(const struct toc_keymap *map, size_t *at)
{
    while (map->slots != NULL && *at <= map->mask) {
        uint8_t *item = map->slots[(*at)++];
        if (item != NULL)
            return item;
    }
    return NULL;
}
