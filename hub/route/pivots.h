// The pivots that a published record gives and takes, as records of the topic `pivots`: present for what an active
// or disputed indicator has; absent for what it has while withdrawn, expired or gone, and for what it had as last
// published and has not now. All of it is told by the record itself. Inside hub only.
#pragma once

#include "hub/route/route.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "schemas/indicator.h"

struct toc_pivot_source { // of the record
    struct toc_slice audience;
    int32_t partition; // of indicators.<audience>
    int64_t offset, time;
    uint32_t partitions; // of `pivots`
};

// Emits each once, in an order the record decides. scratch: cleared for each. MEMORY, or what emit returns.
TOC_NODISCARD toc_rc toc_route_pivots(const struct toc_indicator *indicator, const struct toc_pivot_source *source,
        struct toc_arena *arena, struct toc_buf *scratch, toc_route_emit_fn *emit, void *ctx, struct toc_err *err);
