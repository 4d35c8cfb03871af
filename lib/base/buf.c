#include "lib/base/buf.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

void toc_buf_init(struct toc_buf *buf, size_t max_bytes)
{
    *buf = (struct toc_buf){.max = max_bytes};
}

void toc_buf_done(struct toc_buf *buf)
{
    if (buf == NULL)
        return;
    toc_mem_free(buf->ptr);
    *buf = (struct toc_buf){.max = buf->max};
}

void toc_buf_clear(struct toc_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
}

void toc_buf_truncate(struct toc_buf *buf, size_t len)
{
    if (len < buf->len)
        buf->len = len;
}

uint8_t *toc_buf_reserve(struct toc_buf *buf, size_t len)
{
    if (buf->failed || len > buf->max - buf->len) {
        buf->failed = true;
        return NULL;
    }
    size_t need = buf->len + len;
    if (need > buf->cap || buf->ptr == NULL) {
        size_t cap = buf->cap < 64 ? 64 : buf->cap;
        while (cap < need)
            cap = cap > buf->max / 2 ? need : cap * 2;
        if (cap > buf->max)
            cap = buf->max; // writers may fill cap without asking again
        uint8_t *grown = toc_mem_resize(buf->ptr, cap, 1);
        if (grown == NULL) {
            buf->failed = true;
            return NULL;
        }
        buf->ptr = grown;
        buf->cap = cap;
    }
    return buf->ptr + buf->len;
}

void toc_buf_put(struct toc_buf *buf, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    uint8_t *at = toc_buf_reserve(buf, len);
    if (at != NULL) {
        memcpy(at, bytes, len);
        buf->len += len;
    }
}

void toc_buf_put_byte(struct toc_buf *buf, uint8_t byte)
{
    toc_buf_put(buf, &byte, 1);
}

void toc_buf_put_slice(struct toc_buf *buf, struct toc_slice s)
{
    toc_buf_put(buf, s.ptr, s.len);
}

void toc_buf_put_text(struct toc_buf *buf, const char *text)
{
    toc_buf_put(buf, text, strlen(text));
}

static void put_digits(uint8_t *at, const uint8_t *from, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        at[2 * i] = (uint8_t)digits[from[i] >> 4];
        at[2 * i + 1] = (uint8_t)digits[from[i] & 15];
    }
}

void toc_hex(char *out, const void *bytes, size_t len)
{
    put_digits((uint8_t *)out, bytes, len);
    out[2 * len] = '\0';
}

void toc_buf_put_hex(struct toc_buf *buf, const void *bytes, size_t len)
{
    uint8_t *at = len > SIZE_MAX / 2 ? NULL : toc_buf_reserve(buf, len * 2);
    if (at == NULL)
        return;
    put_digits(at, bytes, len);
    buf->len += len * 2;
}

void toc_buf_printf(struct toc_buf *buf, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    uint8_t *at = n < 0 ? NULL : toc_buf_reserve(buf, (size_t)n + 1);
    if (at != NULL) {
        vsnprintf((char *)at, (size_t)n + 1, fmt, again);
        buf->len += (size_t)n;
    } else {
        buf->failed = true;
    }
    va_end(again);
}

toc_rc toc_buf_check(const struct toc_buf *buf, const char *what, struct toc_err *err)
{
    TOC_ENSURE(!buf->failed, err, TOC_E_LIMIT, "%s does not fit into %zu bytes", what, buf->max);
    return TOC_OK;
}

const char *toc_buf_cstr(struct toc_buf *buf)
{
    uint8_t *at = toc_buf_reserve(buf, 1);
    if (at == NULL)
        return NULL;
    *at = '\0';
    return (const char *)buf->ptr;
}
