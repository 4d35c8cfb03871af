#include "lib/base/compress.h"

#include <zstd.h>

#include "lib/base/mem.h"
#include "lib/base/rd.h"

#define LEVEL 3
#define WINDOW_BYTES_MAX                                                                           \
    (UINT64_C(8) << 20) // RFC 8878 section 3.1.1.1.2 recommends to support so much

struct toc_zstd {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
};

struct toc_zstd *toc_zstd_new(void)
{
    struct toc_zstd *z = toc_mem_alloc(1, sizeof *z);
    if (z == NULL)
        return NULL;
    z->pack = ZSTD_createCCtx();
    z->unpack = ZSTD_createDCtx();
    if (z->pack != NULL && z->unpack != NULL)
        return z;
    toc_zstd_free(z);
    return NULL;
}

void toc_zstd_free(struct toc_zstd *z)
{
    if (z == NULL)
        return;
    ZSTD_freeCCtx(z->pack);
    ZSTD_freeDCtx(z->unpack);
    toc_mem_free(z);
}

toc_rc toc_zstd_pack(
        struct toc_zstd *z, struct toc_slice raw, struct toc_buf *out, struct toc_err *err)
{
    size_t room = out->max - out->len, bound = ZSTD_compressBound(raw.len);
    if (bound < room)
        room = bound; // else it may fit all the same
    uint8_t *at = toc_buf_reserve(out, room);
    TOC_ENSURE(at != NULL, err, TOC_E_MEMORY, "no memory to pack %zu bytes", raw.len);
    size_t n = ZSTD_compressCCtx(z->pack, at, room, raw.ptr, raw.len, LEVEL);
    TOC_ENSURE(!ZSTD_isError(n), err, TOC_E_LENGTH, "%zu bytes do not pack into %zu: %s", raw.len,
            room, ZSTD_getErrorName(n));
    out->len += n;
    return TOC_OK;
}

/*= https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1.2
 *# windowLog = 10 + Exponent; windowBase = 1 << windowLog;
 *# windowAdd = (windowBase / 8) * Mantissa; Window_Size = windowBase + windowAdd;
 * With the single segment flag there is no descriptor and the content is the window. */
static toc_rc check_header(struct toc_slice frame, struct toc_err *err)
{
    struct toc_rd rd = toc_rd_over(frame);
    uint64_t magic = toc_rd_le(&rd, 4);
    uint8_t flags = toc_rd_byte(&rd), window = toc_rd_byte(&rd);
    TOC_ENSURE(toc_rd_ok(&rd), err, TOC_E_TRUNCATED, "%zu bytes are no zstd frame", frame.len);
    TOC_ENSURE(magic == ZSTD_MAGICNUMBER, err, TOC_E_SYNTAX, "not a zstd frame");
    if ((flags & 0x20) != 0)
        return TOC_OK;
    uint64_t base = UINT64_C(1) << (10 + (window >> 3));
    uint64_t bytes = base + base / 8 * (window & 7);
    TOC_ENSURE(bytes <= WINDOW_BYTES_MAX, err, TOC_E_LENGTH, "zstd window of %llu bytes",
            (unsigned long long)bytes);
    return TOC_OK;
}

toc_rc toc_zstd_unpack(struct toc_zstd *z, struct toc_slice frame, size_t raw_len,
        struct toc_buf *out, struct toc_err *err)
{
    TOC_TRY(check_header(frame, err));
    unsigned long long stated = ZSTD_getFrameContentSize(frame.ptr, frame.len);
    TOC_ENSURE(
            stated != ZSTD_CONTENTSIZE_ERROR, err, TOC_E_SYNTAX, "zstd frame header is malformed");
    TOC_ENSURE(stated == raw_len, err, TOC_E_LENGTH, "zstd frame of %llu bytes, %zu were stated",
            stated, raw_len);
    TOC_ENSURE(raw_len <= out->max - out->len, err, TOC_E_LENGTH,
            "zstd frame of %zu bytes, at most %zu may be", raw_len, out->max - out->len);
    size_t used = ZSTD_findFrameCompressedSize(frame.ptr, frame.len);
    TOC_ENSURE(used == frame.len, err, TOC_E_TRUNCATED, "zstd frame is cut or followed by more");
    uint8_t *at = toc_buf_reserve(out, raw_len);
    TOC_ENSURE(at != NULL, err, TOC_E_MEMORY, "no memory for %zu bytes", raw_len);
    size_t n = ZSTD_decompressDCtx(z->unpack, at, raw_len, frame.ptr, frame.len);
    TOC_ENSURE(!ZSTD_isError(n), err, TOC_E_SYNTAX, "zstd frame: %s", ZSTD_getErrorName(n));
    TOC_ENSURE(n == raw_len, err, TOC_E_LENGTH, "zstd frame held %zu bytes, %zu were stated", n,
            raw_len);
    out->len += n;
    return TOC_OK;
}
