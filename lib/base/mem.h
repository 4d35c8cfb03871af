// All heap memory of the project comes through here, so that tests can make the n-th allocation
// fail and count what is left at the end. Sizes are checked products; the caller frees with
// toc_mem_free.
#pragma once

#include <stddef.h>
#include <stdint.h>

void *toc_mem_alloc(size_t count, size_t size);             // zeroed; NULL when out of memory
void *toc_mem_resize(void *old, size_t count, size_t size); // not zeroed; NULL leaves old alive
void *toc_mem_dup(const void *bytes, size_t len);           // len + 1 bytes, the last one NUL
char *toc_mem_strdup(const char *text);
void toc_mem_free(void *ptr);

// Makes *items hold at least `need` elements by doubling; returns 0, or -1 with *items untouched.
int toc_mem_grow(void **items, size_t *cap, size_t need, size_t size);

// Test hook, per thread: the n-th allocation from now (1 = the next) fails, once; 0 = never.
void toc_mem_fail_at(uint64_t n);
