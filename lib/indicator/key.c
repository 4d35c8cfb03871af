#include "lib/indicator/key.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/digest.h"

void toc_indicator_key(enum toc_kind kind, struct toc_slice value, uint8_t out[TOC_KEY_BYTES])
{
    uint8_t digest[TOC_SHA256_BYTES];
    const struct toc_slice parts[] = {
            toc_slice_of(toc_kind_row(kind)->name),
            TOC_S_INIT("\0"),
            value,
    };
    toc_sha256_parts(parts, sizeof parts / sizeof *parts, digest);
    memcpy(out, digest, TOC_KEY_BYTES);
}

uint32_t toc_key_partition(const uint8_t key[TOC_KEY_BYTES], uint32_t partitions)
{
    uint64_t head = 0;
    for (size_t i = 0; i < 8; i++)
        head = head << 8 | key[i];
    return (uint32_t)(head % partitions);
}

void toc_key_hex(const uint8_t key[TOC_KEY_BYTES], char out[TOC_KEY_HEX])
{
    toc_hex(out, key, TOC_KEY_BYTES);
}
