#include "hub/reference/substrings.h"

#include <string.h>

#include "lib/base/mem.h"

#define HEAD_BYTES 4 // an entry is found by at most so many of its first bytes

toc_rc substrings_add(
        struct substrings *s, struct toc_slice text, uint32_t entry, struct toc_err *err)
{
    TOC_ENSURE(s->count < SUBSTRINGS_MAX, err, TOC_E_LIMIT, "more than %d substrings in one set",
            SUBSTRINGS_MAX);
    TOC_ENSURE(toc_mem_grow((void **)&s->items, &s->cap, s->count + 1, sizeof *s->items) == 0, err,
            TOC_E_MEMORY, "no memory for %zu substrings", s->count);
    s->items[s->count++] = (struct substring){text, entry, SUBSTRINGS_NONE};
    return TOC_OK;
}

static size_t head_len(struct toc_slice text)
{
    return text.len < HEAD_BYTES ? text.len : HEAD_BYTES;
}

static size_t bucket(const struct substrings *s, const uint8_t *bytes, size_t len)
{
    uint32_t word = (uint32_t)len;
    for (size_t i = 0; i < len; i++)
        word = (word ^ bytes[i]) * 0x01000193u; // FNV-1a
    return (word ^ word >> 15) & s->head_mask;
}

toc_rc substrings_close(struct substrings *s, struct toc_err *err)
{
    if (s->count == 0)
        return TOC_OK;
    size_t heads = 16;
    while (heads < s->count * 2)
        heads *= 2;
    s->heads = toc_mem_alloc(heads, sizeof *s->heads);
    TOC_ENSURE(s->heads != NULL, err, TOC_E_MEMORY, "no memory for %zu substrings", s->count);
    s->head_mask = heads - 1;
    memset(s->heads, 0xff, heads * sizeof *s->heads);
    for (size_t i = s->count; i > 0; i--) { // from the last, so that a chain begins with the lowest
        struct substring *item = &s->items[i - 1];
        size_t len = head_len(item->text);
        uint32_t *head = &s->heads[bucket(s, item->text.ptr, len)];
        item->next = *head;
        *head = (uint32_t)(i - 1);
        s->lengths |= 1u << len;
        s->begins[item->text.ptr[0]] = 1;
    }
    return TOC_OK;
}

void substrings_done(struct substrings *s)
{
    toc_mem_free(s->items);
    toc_mem_free(s->heads);
    memset(s, 0, sizeof *s);
}

static uint32_t find_here(const struct substrings *s, struct toc_slice rest, size_t len)
{
    for (uint32_t at = s->heads[bucket(s, rest.ptr, len)]; at != SUBSTRINGS_NONE;
            at = s->items[at].next)
        if (toc_slice_starts(rest, s->items[at].text))
            return s->items[at].entry;
    return SUBSTRINGS_NONE;
}

uint32_t substrings_find(const struct substrings *s, struct toc_slice text)
{
    uint32_t lowest = SUBSTRINGS_NONE;
    if (s->count == 0)
        return lowest;
    for (size_t i = 0; i < text.len; i++) {
        if (!s->begins[text.ptr[i]])
            continue;
        struct toc_slice rest = toc_slice_sub(text, i, SIZE_MAX);
        for (size_t len = 1; len <= HEAD_BYTES && len <= rest.len; len++) {
            uint32_t entry =
                    (s->lengths & 1u << len) != 0 ? find_here(s, rest, len) : SUBSTRINGS_NONE;
            lowest = entry < lowest ? entry : lowest;
        }
    }
    return lowest;
}
