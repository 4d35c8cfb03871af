// A submission before it is sealed: its entries in order, in a file without a name, with what must be
// known before the first segment can be written (how many there will be, and the totals).
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "producers/runner/sorter.h"
#include "schemas/segment.h"

// Where one segment ends and the next begins: the same rule while counting and while sealing.
struct toc_cutter {
    uint8_t group[5]; // partition and marking
    size_t count, bytes;
};
// True if an entry of so many bytes begins a new segment; the cutter then stands in it.
bool toc_cutter_cuts(struct toc_cutter *cutter, const uint8_t *sort_key, size_t bytes);

struct toc_plan {
    FILE *entries;
    uint64_t observations;
    int32_t segments;
    struct toc_totals totals;
    struct toc_cutter cutter;
    struct toc_arena arena;
};

// An empty plan with a file in `dir`. Free with toc_plan_done, also after a failure.
TOC_NODISCARD toc_rc toc_plan_init(struct toc_plan *plan, const char *dir, struct toc_err *err);
void toc_plan_done(struct toc_plan *plan);

// Entries must come in order.
TOC_NODISCARD toc_rc toc_plan_add(struct toc_plan *plan, const uint8_t *sort_key,
        struct toc_slice bytes, struct toc_err *err);
// Everything the sorter holds.
TOC_NODISCARD toc_rc toc_plan_take(
        struct toc_plan *plan, struct toc_sorter *sorter, struct toc_err *err);

// Back to the first entry, to be read with toc_entry_read.
TOC_NODISCARD toc_rc toc_plan_rewind(struct toc_plan *plan, struct toc_err *err);
