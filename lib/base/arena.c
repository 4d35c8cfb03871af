#include "lib/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/mem.h"

#define BLOCK_BYTES ((size_t)64 * 1024)
#define ALIGN alignof(max_align_t)

struct toc_arena_block {
    struct toc_arena_block *next;
    size_t cap, len;
    alignas(max_align_t) uint8_t bytes[];
};

void toc_arena_init(struct toc_arena *arena, size_t max_bytes)
{
    *arena = (struct toc_arena){.max = max_bytes};
}

void toc_arena_done(struct toc_arena *arena)
{
    struct toc_arena_block *block = arena == NULL ? NULL : arena->head;
    while (block != NULL) {
        struct toc_arena_block *next = block->next;
        toc_mem_free(block);
        block = next;
    }
    if (arena != NULL)
        arena->head = NULL;
}

void toc_arena_reset(struct toc_arena *arena)
{
    struct toc_arena_block *keep = arena->head;
    if (keep != NULL) {
        struct toc_arena rest = {.head = keep->next};
        toc_arena_done(&rest);
        keep->next = NULL;
        keep->len = 0;
    }
    arena->used = 0;
}

static struct toc_arena_block *block_with_room(struct toc_arena *arena, size_t bytes)
{
    struct toc_arena_block *block = arena->head;
    if (block != NULL && bytes <= block->cap - block->len)
        return block;
    size_t cap = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    if (cap > SIZE_MAX - sizeof *block)
        return NULL;
    block = toc_mem_resize(NULL, 1, sizeof *block + cap);
    if (block == NULL)
        return NULL;
    block->next = arena->head;
    block->cap = cap;
    block->len = 0;
    arena->head = block;
    return block;
}

void *toc_arena_alloc(struct toc_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - ALIGN)
        return NULL;
    bytes = bytes == 0 ? ALIGN : (bytes + ALIGN - 1) / ALIGN * ALIGN;
    if (bytes > arena->max - arena->used)
        return NULL;
    struct toc_arena_block *block = block_with_room(arena, bytes);
    if (block == NULL)
        return NULL;
    void *at = block->bytes + block->len;
    block->len += bytes;
    arena->used += bytes;
    return memset(at, 0, bytes);
}

struct toc_slice toc_arena_copy(struct toc_arena *arena, struct toc_slice s)
{
    uint8_t *at = s.len == SIZE_MAX ? NULL : toc_arena_alloc(arena, s.len + 1, 1);
    if (at == NULL)
        return (struct toc_slice){NULL, 0};
    if (s.len != 0)
        memcpy(at, s.ptr, s.len);
    return (struct toc_slice){at, s.len};
}
