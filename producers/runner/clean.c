#include "producers/runner/clean.h"

#include <stdlib.h>
#include <uninorm.h>

#include "lib/base/buf.h"
#include "lib/base/limits.h"
#include "lib/base/text.h"

// At most max bytes, without half a character at the end.
static struct toc_slice cut(struct toc_slice text, size_t max)
{
    if (text.len <= max)
        return text;
    while (max > 0 && (text.ptr[max] & 0xc0) == 0x80)
        max--;
    return toc_slice_sub(text, 0, max);
}

struct toc_slice toc_clean_text(struct toc_slice raw, size_t max, struct toc_arena *arena)
{
    struct toc_buf TOC_CLEANUP(toc_buf_done) safe;
    toc_buf_init(&safe, 2 * TOC_TEXT_BYTES_MAX);
    toc_text_safe(&safe, cut(raw, TOC_TEXT_BYTES_MAX)); // NFC wants valid UTF-8
    size_t len = 0;
    uint8_t *normal = u8_normalize(UNINORM_NFC, safe.ptr, safe.len, NULL, &len);
    struct toc_slice text = normal == NULL ? (struct toc_slice){NULL, 0} : toc_slice(normal, len);
    text = toc_arena_copy(arena, cut(toc_slice_trim(text), max));
    free(normal);
    return text.ptr == NULL ? (struct toc_slice){NULL, 0} : text;
}
