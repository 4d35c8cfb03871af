// The place of a segment among its writer's: taken before, used twice, or something missing before it.
#pragma once

#include "hub/fuse/step.h"
#include "schemas/refusal.h"
#include "schemas/segment.h"

struct writer_place {
    bool has_missing; // a gap: the writer sent something to this partition that never came
    struct toc_position missing_after;
};

// NONE and the row advanced; SEGMENT_REPEATED (not above the highest), SEGMENT_REUSED (the highest again
// with another payload: the key is in use twice), SEGMENT_WRITERS. Writers silent for 32 days are forgotten
// at ticks (writer_forget).
TOC_NODISCARD toc_rc writer_place(struct toc_fuse *fuse, const struct toc_segment *segment, struct toc_slice payload,
        struct writer_place *out, enum toc_refusal *out_refusal, struct toc_err *err);

// Drops the rows of writers not heard of for TOC_WRITER_FORGET_MS; called once an hour of stream time.
TOC_NODISCARD toc_rc writer_forget(struct toc_fuse *fuse, struct toc_err *err);
