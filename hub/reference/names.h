// Names of a set by hash: probed with a hash that the caller computed once for all sets. Filled, then
// closed, then only read.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

#define NAMES_NONE UINT32_MAX

struct names_item {
    const uint8_t *name; // borrowed
    uint32_t entry;      // what the name leads to
    uint16_t len;
};

struct names {
    struct names_item *items;
    size_t count, cap;
    size_t dropped;  // names that were there already
    uint64_t *slots; // hash in the upper half, item + 1 in the lower; 0: empty
    size_t slot_mask;
};

TOC_NODISCARD toc_rc names_add(
        struct names *names, struct toc_slice name, uint32_t entry, struct toc_err *err);
// Builds the index; of equal names the first one added counts.
TOC_NODISCARD toc_rc names_close(struct names *names, struct toc_err *err);
void names_done(struct names *names);

uint64_t names_hash(struct toc_slice name);
uint32_t names_find(
        const struct names *names, struct toc_slice name, uint64_t hash); // entry or NAMES_NONE
