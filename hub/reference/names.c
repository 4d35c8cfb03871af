#include "hub/reference/names.h"

#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/mem.h"

#define SLOTS_LEAST 16

uint64_t names_hash(struct toc_slice name)
{
    return toc_mix64(name, 0);
}

toc_rc names_add(struct names *names, struct toc_slice name, uint32_t entry, struct toc_err *err)
{
    TOC_ENSURE(toc_mem_grow((void **)&names->items, &names->cap, names->count + 1,
                       sizeof *names->items) == 0,
            err, TOC_E_MEMORY, "no memory for %zu names", names->count);
    names->items[names->count++] = (struct names_item){name.ptr, entry, (uint16_t)name.len};
    return TOC_OK;
}

static struct toc_slice name_at(const struct names *names, size_t item)
{
    return toc_slice(names->items[item].name, names->items[item].len);
}

// The slot that holds the name, or the empty one where it belongs.
static size_t slot_of(const struct names *names, struct toc_slice name, uint64_t hash)
{
    size_t at = hash & names->slot_mask;
    for (; names->slots[at] != 0; at = (at + 1) & names->slot_mask)
        if (names->slots[at] >> 32 == hash >> 32 &&
                toc_slice_eq(name_at(names, (uint32_t)names->slots[at] - 1), name))
            break;
    return at;
}

toc_rc names_close(struct names *names, struct toc_err *err)
{
    if (names->count == 0)
        return TOC_OK;
    size_t slots = SLOTS_LEAST;
    while (slots < names->count * 2)
        slots *= 2;
    names->slots = toc_mem_alloc(slots, sizeof *names->slots);
    TOC_ENSURE(names->slots != NULL, err, TOC_E_MEMORY, "no memory for %zu names", names->count);
    names->slot_mask = slots - 1;
    for (size_t i = 0; i < names->count; i++) {
        uint64_t hash = names_hash(name_at(names, i));
        size_t at = slot_of(names, name_at(names, i), hash);
        if (names->slots[at] == 0)
            names->slots[at] = (hash >> 32 << 32) | (uint32_t)(i + 1);
        else
            names->dropped++;
    }
    return TOC_OK;
}

void names_done(struct names *names)
{
    toc_mem_free(names->items);
    toc_mem_free(names->slots);
    memset(names, 0, sizeof *names);
}

uint32_t names_find(const struct names *names, struct toc_slice name, uint64_t hash)
{
    if (names->count == 0)
        return NAMES_NONE;
    size_t at = slot_of(names, name, hash);
    return names->slots[at] == 0 ? NAMES_NONE : names->items[(uint32_t)names->slots[at] - 1].entry;
}
