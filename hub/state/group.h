// Sixteen tag bytes at once: what a probe of the table looks at before it touches an entry. A bit of
// the mask stands for a slot of the group.
#pragma once

#include <stdint.h>

#define GROUP_SLOTS 16

// A full slot's tag is 7 bits of the hash; these two have the high bit.
#define TAG_EMPTY 0x80
#define TAG_ERASED 0xfe // was full, and a probe must go on past it

#if defined(__SSE2__)
#include <emmintrin.h>

static inline uint32_t group_match(const uint8_t *tags, uint8_t tag)
{
    __m128i group = _mm_loadu_si128((const __m128i *)(const void *)tags);
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(group, _mm_set1_epi8((char)tag)));
}

static inline uint32_t group_not_full(const uint8_t *tags)
{
    return (uint32_t)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)tags));
}

#else

static inline uint32_t group_match(const uint8_t *tags, uint8_t tag)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < GROUP_SLOTS; i++)
        mask |= (uint32_t)(tags[i] == tag) << i;
    return mask;
}

static inline uint32_t group_not_full(const uint8_t *tags)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < GROUP_SLOTS; i++)
        mask |= (uint32_t)(tags[i] >> 7) << i;
    return mask;
}

#endif
