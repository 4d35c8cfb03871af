// A bounded reader over borrowed bytes. Errors are sticky: after the first failure every read is a
// no-op that zeroes its target, so a parser checks once, at the end, with toc_rd_finished (which
// also refuses trailing bytes) or toc_rd_ok.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

struct toc_rd {
    const uint8_t *pos, *end;
    bool failed;
};

static inline struct toc_rd toc_rd_over(struct toc_slice s)
{
    static const uint8_t nothing[1];
    const uint8_t *p = s.ptr == NULL ? nothing : s.ptr;
    return (struct toc_rd){p, p + s.len, false};
}

static inline size_t toc_rd_left(const struct toc_rd *rd)
{
    return (size_t)(rd->end - rd->pos);
}

static inline bool toc_rd_ok(const struct toc_rd *rd)
{
    return !rd->failed;
}

static inline bool toc_rd_finished(const struct toc_rd *rd)
{
    return !rd->failed && rd->pos == rd->end;
}

// The next `len` bytes, borrowed; empty on failure.
static inline struct toc_slice toc_rd_bytes(struct toc_rd *rd, size_t len)
{
    if (rd->failed || len > toc_rd_left(rd)) {
        rd->failed = true;
        return (struct toc_slice){NULL, 0};
    }
    struct toc_slice s = {rd->pos, len};
    rd->pos += len;
    return s;
}

static inline uint8_t toc_rd_byte(struct toc_rd *rd)
{
    if (rd->failed || rd->pos == rd->end) {
        rd->failed = true;
        return 0;
    }
    return *rd->pos++;
}

// Fixed-width integers, little- and big-endian.
static inline uint64_t toc_rd_le(struct toc_rd *rd, unsigned bytes)
{
    struct toc_slice s = toc_rd_bytes(rd, bytes);
    uint64_t v = 0;
    for (size_t i = s.len; i > 0; i--)
        v = v << 8 | s.ptr[i - 1];
    return v;
}

static inline uint64_t toc_rd_be(struct toc_rd *rd, unsigned bytes)
{
    struct toc_slice s = toc_rd_bytes(rd, bytes);
    uint64_t v = 0;
    for (size_t i = 0; i < s.len; i++)
        v = v << 8 | s.ptr[i];
    return v;
}
