// Memory that lives until the next reset: one a batch, a file, a request. Nothing in it is freed
// alone. Bounded by the maximum given at init.
#pragma once

#include <stddef.h>

#include "lib/base/slice.h"

struct toc_arena_block;

struct toc_arena {
    struct toc_arena_block *head; // newest block first
    size_t used, max;             // bytes handed out since the reset; most that may be
};

void toc_arena_init(struct toc_arena *arena, size_t max_bytes);
void toc_arena_done(struct toc_arena *arena);
void toc_arena_reset(struct toc_arena *arena); // keeps one block for the next round

// Zeroed and aligned for any type; NULL over the maximum, on overflow or when out of memory.
void *toc_arena_alloc(struct toc_arena *arena, size_t count, size_t size);

// A copy with a NUL behind it (not counted); .ptr is NULL on failure.
struct toc_slice toc_arena_copy(struct toc_arena *arena, struct toc_slice s);
