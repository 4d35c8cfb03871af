#include "hub/reference/nets.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

static uint64_t number(const uint8_t *bytes)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | bytes[i];
    return v;
}

static struct nets_item item_of(const struct toc_network *network, uint32_t entry, bool guards)
{
    return (struct nets_item){
            .high = number(network->address),
            .low = number(network->address + 8),
            .entry = entry,
            .wider = NETS_NONE,
            .guarding = NETS_NONE,
            .prefix = network->prefix,
            .guards = guards,
    };
}

static int compare_place(const struct nets_item *a, const struct nets_item *b)
{
    if (a->high != b->high)
        return a->high < b->high ? -1 : 1;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    return (a->prefix > b->prefix) - (a->prefix < b->prefix);
}

static int compare_item(const void *x, const void *y)
{
    const struct nets_item *a = x, *b = y;
    int c = compare_place(a, b);
    return c != 0 ? c : (a->entry > b->entry) - (a->entry < b->entry);
}

static uint64_t mask(unsigned bits)
{
    return bits == 0 ? 0 : bits >= 64 ? UINT64_MAX : UINT64_MAX << (64 - bits);
}

static bool covers(const struct nets_item *wide, const struct nets_item *narrow)
{
    unsigned low_bits = wide->prefix > 64 ? wide->prefix - 64u : 0;
    return wide->prefix <= narrow->prefix &&
           ((wide->high ^ narrow->high) & mask(wide->prefix)) == 0 &&
           ((wide->low ^ narrow->low) & mask(low_bits)) == 0;
}

toc_rc nets_add(struct nets *nets, const struct toc_network *network, uint32_t entry, bool guards,
        struct toc_err *err)
{
    TOC_ENSURE(toc_mem_grow((void **)&nets->items, &nets->cap, nets->count + 1,
                       sizeof *nets->items) == 0,
            err, TOC_E_MEMORY, "no memory for %zu networks", nets->count);
    nets->items[nets->count++] = item_of(network, entry, guards);
    return TOC_OK;
}

static unsigned first_byte(const struct nets_item *item)
{
    return (unsigned)(item->high >> 56);
}

// Networks nest or are apart, so what covers an item is its predecessor or covers that one.
static uint32_t find_wider(const struct nets *nets, uint32_t at)
{
    uint32_t wider = at == 0 ? NETS_NONE : at - 1;
    while (wider != NETS_NONE && !covers(&nets->items[wider], &nets->items[at]))
        wider = nets->items[wider].wider;
    return wider;
}

void nets_close(struct nets *nets)
{
    if (nets->count == 0)
        return;
    qsort(nets->items, nets->count, sizeof *nets->items, compare_item);
    uint32_t kept = 1;
    for (size_t i = 1; i < nets->count; i++)
        if (compare_place(&nets->items[i], &nets->items[kept - 1]) != 0)
            nets->items[kept++] = nets->items[i];
    nets->dropped = nets->count - kept;
    nets->count = kept;
    for (uint32_t i = 0; i < kept; i++) {
        nets->items[i].wider = find_wider(nets, i);
        nets->first[first_byte(&nets->items[i]) + 1] = i + 1;
    }
    for (unsigned byte = 1; byte <= 256; byte++)
        if (nets->first[byte] < nets->first[byte - 1])
            nets->first[byte] = nets->first[byte - 1];
    uint32_t guarding = NETS_NONE;
    for (uint32_t i = kept; i > 0; i--) {
        guarding = nets->items[i - 1].guards ? i - 1 : guarding;
        nets->items[i - 1].guarding = guarding;
    }
}

void nets_done(struct nets *nets)
{
    toc_mem_free(nets->items);
    memset(nets, 0, sizeof *nets);
}

// How many items stand at or before the place of `item`.
static uint32_t rank(const struct nets *nets, const struct nets_item *item)
{
    uint32_t low = nets->first[first_byte(item)], high = nets->first[first_byte(item) + 1];
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (compare_place(&nets->items[mid], item) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void nets_find(const struct nets *nets, const struct toc_network *network, uint32_t *cover,
        uint32_t *inside)
{
    struct nets_item item = item_of(network, 0, false);
    *cover = *inside = NETS_NONE;
    if (nets->count == 0)
        return;
    uint32_t before = rank(nets, &item), at = before == 0 ? NETS_NONE : before - 1;
    while (at != NETS_NONE && !covers(&nets->items[at], &item))
        at = nets->items[at].wider;
    *cover = at;
    uint32_t guarding = before < nets->count ? nets->items[before].guarding : NETS_NONE;
    if (guarding != NETS_NONE && covers(&item, &nets->items[guarding]))
        *inside = guarding;
}
