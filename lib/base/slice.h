// Borrowed bytes: pointer and length, by value, not NUL-terminated, never freed by the holder.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct toc_slice {
    const uint8_t *ptr;
    size_t len;
};

// For "%.*s", after the text went through toc_text_safe if it came from outside.
#define TOC_SLICE_ARG(s) (int)(s).len, (const char *)(s).ptr

// A slice over a string literal.
#define TOC_S(literal) ((struct toc_slice){(const uint8_t *)("" literal), sizeof(literal) - 1})

// The same as an initialiser, for static tables: a compound literal is no constant in C17.
#define TOC_S_INIT(literal)                                                                        \
    {                                                                                              \
        (const uint8_t *)("" literal), sizeof(literal) - 1                                         \
    }

static inline struct toc_slice toc_slice(const void *ptr, size_t len)
{
    return (struct toc_slice){ptr, len};
}

static inline struct toc_slice toc_slice_of(const char *text)
{
    return (struct toc_slice){(const uint8_t *)text, text == NULL ? 0 : strlen(text)};
}

static inline bool toc_slice_eq(struct toc_slice a, struct toc_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool toc_slice_is(struct toc_slice a, const char *text)
{
    return toc_slice_eq(a, toc_slice_of(text));
}

// Bytewise order, a prefix before what it begins.
static inline int toc_slice_cmp(struct toc_slice a, struct toc_slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);
    return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

static inline bool toc_slice_starts(struct toc_slice s, struct toc_slice prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool toc_slice_ends(struct toc_slice s, struct toc_slice suffix)
{
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.ptr + (s.len - suffix.len), suffix.ptr, suffix.len) == 0);
}

// The part from `from` on, of at most `len` bytes; positions beyond the end give an empty slice.
static inline struct toc_slice toc_slice_sub(struct toc_slice s, size_t from, size_t len)
{
    if (s.ptr == NULL) // then s.len is 0, which the static analyser does not know
        return (struct toc_slice){NULL, 0};
    if (from > s.len)
        from = s.len;
    if (len > s.len - from)
        len = s.len - from;
    return (struct toc_slice){s.ptr + from, len};
}

// Position of the first `byte`, or s.len.
static inline size_t toc_slice_find(struct toc_slice s, uint8_t byte)
{
    const uint8_t *p = s.len == 0 ? NULL : memchr(s.ptr, byte, s.len);
    return p == NULL ? s.len : (size_t)(p - s.ptr);
}

static inline bool toc_slice_has(struct toc_slice s, uint8_t byte)
{
    return toc_slice_find(s, byte) < s.len;
}

// Without ASCII white space at both ends.
struct toc_slice toc_slice_trim(struct toc_slice s);

bool toc_slice_eq_nocase(struct toc_slice a, struct toc_slice b); // ASCII only
