// Owned, growing bytes with a maximum given at init. Writing is sticky: after the first failure
// (limit or memory) every write is a no-op, so a formatter checks once, at the end.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

struct toc_buf {
    uint8_t *ptr;
    size_t len, cap, max;
    bool failed; // set once a write did not fit; cleared by toc_buf_clear
};

void toc_buf_init(struct toc_buf *buf, size_t max_bytes); // allocates nothing yet
void toc_buf_done(struct toc_buf *buf);                   // frees; NULL and twice are fine
void toc_buf_clear(struct toc_buf *buf);                  // empty again, keeps the memory
void toc_buf_truncate(struct toc_buf *buf, size_t len);   // len beyond the end changes nothing

void toc_buf_put(struct toc_buf *buf, const void *bytes, size_t len);
void toc_buf_put_byte(struct toc_buf *buf, uint8_t byte);
void toc_buf_put_slice(struct toc_buf *buf, struct toc_slice s);
void toc_buf_put_text(struct toc_buf *buf, const char *text);
void toc_buf_put_hex(struct toc_buf *buf, const void *bytes, size_t len); // lower case
void toc_hex(char *out, const void *bytes, size_t len); // likewise, and a NUL: 2 * len + 1 bytes
void toc_buf_printf(struct toc_buf *buf, const char *fmt, ...) TOC_PRINTF(2, 3);

// Room for `len` more bytes, which the caller fills and then adds to buf->len; NULL if it cannot
// be.
uint8_t *toc_buf_reserve(struct toc_buf *buf, size_t len);

// OK, or LIMIT/MEMORY with `what` in the text when a write failed since the last clear.
TOC_NODISCARD toc_rc toc_buf_check(
        const struct toc_buf *buf, const char *what, struct toc_err *err);

// NUL after the content (not counted in len); NULL if that failed. Borrowed until the next write.
const char *toc_buf_cstr(struct toc_buf *buf);

static inline struct toc_slice toc_buf_slice(const struct toc_buf *buf)
{
    return (struct toc_slice){buf->ptr, buf->len};
}
