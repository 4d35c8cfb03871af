// Memory for bodies: many, small, replaced often. Size classes eight bytes apart in pages of 16 KiB,
// no header per body; an empty page serves any class again. What is large goes to toc_mem. The
// length of a body is its owner's to remember.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLAB_LEAST 16 // bytes of the smallest class
#define SLAB_STEP 8
#define SLAB_CLASSES 127
#define SLAB_BYTES_MAX (SLAB_LEAST + SLAB_STEP * (SLAB_CLASSES - 1)) // more is not for slabs

struct slab_page;
struct slab_chunk;

struct slab {
    struct slab_page *partial[SLAB_CLASSES]; // with at least one free place
    struct slab_page *empty;                 // pages of no class
    struct slab_chunk *chunks;
    uint64_t bytes; // resident: pages in use, and what went to toc_mem
};

// Room for a body, not zeroed; NULL when out of memory.
uint8_t *slab_take(struct slab *slab, uint32_t len);
// Room for another body instead of this one (NULL: none yet), often in the same place; what it holds
// is lost. NULL when out of memory, and the old one is untouched.
uint8_t *slab_exchange(struct slab *slab, uint8_t *body, uint32_t len, uint32_t new_len);
void slab_free(struct slab *slab, uint8_t *body, uint32_t len); // NULL is fine
// Frees all pages, but not what toc_mem gave for bodies of more than SLAB_BYTES_MAX.
void slab_done(struct slab *slab);
