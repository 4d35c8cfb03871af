// zstd frames with a known raw size. The raw length is checked before anything is allocated, so a
// bomb costs its length field only.
#pragma once

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct toc_zstd; // contexts kept between calls; one thread
struct toc_zstd *toc_zstd_new(void);
void toc_zstd_free(struct toc_zstd *z);

// Appends a frame to out.
TOC_NODISCARD toc_rc toc_zstd_pack(
        struct toc_zstd *z, struct toc_slice raw, struct toc_buf *out, struct toc_err *err);
// Appends exactly raw_len bytes to out, or fails (LENGTH when the frame holds more, less, or a
// window beyond 8 MiB; SYNTAX when it is no frame; trailing bytes are refused).
TOC_NODISCARD toc_rc toc_zstd_unpack(struct toc_zstd *z, struct toc_slice frame, size_t raw_len,
        struct toc_buf *out, struct toc_err *err);
