// Route's pivots and correlate over the views as they are published, in memory: the same steps as the hub's.
// Inside hub/replay only.
#pragma once

#include <stdint.h>

#include "hub/state/state.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct relate;

TOC_NODISCARD toc_rc relate_new(struct relate **out, struct toc_err *err);
void relate_free(struct relate *relate); // NULL is fine

// An Indicator record of indicators.<name>; audience: its index, below TOC_STATE_LANES.
TOC_NODISCARD toc_rc relate_view(struct relate *relate, int audience, struct toc_slice name, int32_t partition,
        struct toc_slice value, int64_t time, struct toc_err *err);

// A map from id to Correlation record; NULL when there never was one.
struct toc_state *relate_correlations(const struct relate *relate, int audience);
