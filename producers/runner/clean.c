#include "producers/runner/clean.h"

#include <stdlib.h>
#include <uninorm.h>

#include "lib/base/buf.h"
#include "lib/base/limits.h"
#include "lib/base/text.h"

struct toc_slice toc_clean_text(struct toc_slice raw, size_t max, struct toc_arena *arena)
{
    struct toc_buf TOC_CLEANUP(toc_buf_done) safe;
    toc_buf_init(&safe, 2 * TOC_TEXT_BYTES_MAX);
    toc_text_safe(&safe, toc_utf8_cut(raw, TOC_TEXT_BYTES_MAX)); // NFC wants valid UTF-8
    size_t len = 0;
    uint8_t *normal = u8_normalize(UNINORM_NFC, safe.ptr, safe.len, NULL, &len);
    struct toc_slice text = normal == NULL ? (struct toc_slice){NULL, 0} : toc_slice(normal, len);
    text = toc_arena_copy(arena, toc_utf8_cut(toc_slice_trim(text), max));
    free(normal);
    return text.ptr == NULL ? (struct toc_slice){NULL, 0} : text;
}
