// Sorting more than fits in memory: entries of a fixed-size key and some bytes, by the key, in runs on
// disk that are merged. Entries with equal keys become one by the caller's merge, in the order in
// which they were added. The files have no name: when the process dies they are gone.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "producers/runner/rows.h"

struct toc_sorter_options {
    const char *dir;     // where the runs lie; must be on a disk with room for the input
    size_t memory_bytes; // of one run while it is collected
    // Appends to out what becomes of two entries with equal keys; `newer` was added later. Must be
    // associative, for it is applied in any grouping.
    toc_rc (*merge)(void *ctx, struct toc_slice older, struct toc_slice newer, struct toc_buf *out,
            struct toc_err *err);
    void *ctx;
};

struct toc_sorter; // one thread

TOC_NODISCARD toc_rc toc_sorter_new(
        const struct toc_sorter_options *options, struct toc_sorter **out, struct toc_err *err);
void toc_sorter_free(struct toc_sorter *sorter);

TOC_NODISCARD toc_rc toc_sorter_add(struct toc_sorter *sorter,
        const uint8_t key[TOC_SORT_KEY_BYTES], struct toc_slice bytes, struct toc_err *err);

// After the last add: entries in ascending order of keys, each key once. *out_more = false at the end.
// What it points at is borrowed until the next call.
struct toc_sorted {
    const uint8_t *key;
    struct toc_slice bytes;
};
TOC_NODISCARD toc_rc toc_sorter_next(
        struct toc_sorter *sorter, struct toc_sorted *out, bool *out_more, struct toc_err *err);
