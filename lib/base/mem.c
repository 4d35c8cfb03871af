#include "lib/base/mem.h"

#include <stdlib.h>
#include <string.h>

static _Thread_local uint64_t fail_countdown;

static int fails_now(void)
{
    return fail_countdown != 0 && --fail_countdown == 0;
}

void toc_mem_fail_at(uint64_t n)
{
    fail_countdown = n;
}

void *toc_mem_alloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || fails_now())
        return NULL;
    return calloc(bytes != 0 ? bytes : 1, 1);
}

void *toc_mem_resize(void *old, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || fails_now())
        return NULL;
    return realloc(old, bytes != 0 ? bytes : 1);
}

void *toc_mem_dup(const void *bytes, size_t len)
{
    char *copy = len == SIZE_MAX ? NULL : toc_mem_resize(NULL, len + 1, 1);
    if (copy == NULL)
        return NULL;
    if (len != 0)
        memcpy(copy, bytes, len);
    copy[len] = '\0';
    return copy;
}

char *toc_mem_strdup(const char *text)
{
    return toc_mem_dup(text, strlen(text));
}

void toc_mem_free(void *ptr)
{
    free(ptr);
}

int toc_mem_grow(void **items, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return 0;
    size_t wanted = *cap < 8 ? 8 : *cap;
    while (wanted < need) {
        if (wanted > SIZE_MAX / 2)
            return -1;
        wanted *= 2;
    }
    void *grown = toc_mem_resize(*items, wanted, size);
    if (grown == NULL)
        return -1;
    *items = grown;
    *cap = wanted;
    return 0;
}
