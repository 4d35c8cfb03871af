// Entries that count anywhere inside a text: found by their first bytes, at each position of it.
#pragma once

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

#define SUBSTRINGS_MAX                                                                             \
    16384 // MISP's longest list of this type has 8,201; all could share their beginning
#define SUBSTRINGS_NONE UINT32_MAX

struct substring {
    struct toc_slice text; // borrowed
    uint32_t entry;
    uint32_t next; // with the same beginning
};

struct substrings {
    struct substring *items;
    size_t count, cap;
    uint32_t *heads; // by hash of the beginning; chains in order of entry
    size_t head_mask;
    unsigned lengths;    // bit n: some beginning has n bytes
    uint8_t begins[256]; // 1: some entry begins with this byte
};

TOC_NODISCARD toc_rc substrings_add(
        struct substrings *s, struct toc_slice text, uint32_t entry, struct toc_err *err);
TOC_NODISCARD toc_rc substrings_close(struct substrings *s, struct toc_err *err);
void substrings_done(struct substrings *s);
// The lowest entry that the text contains, or SUBSTRINGS_NONE.
uint32_t substrings_find(const struct substrings *s, struct toc_slice text);
