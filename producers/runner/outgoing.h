// One whole submission on its way out: which segments the broker has not stored yet, and where they lie.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct toc_outgoing_segment {
    int32_t partition, index, observations;
    struct toc_slice value;
};

// Segments of one partition lie one behind the other.
struct toc_outgoing_run {
    int32_t partition;
    int64_t next, end; // byte positions: the next segment, behind the last
};

struct toc_outgoing {
    FILE *segments, *acks;
    struct toc_outgoing_run *runs;
    size_t run_count, run_cap;
    uint8_t *stored; // a bit per index
    int32_t count;   // segments
    int32_t stored_count;
};

// Reads what is in the two files of a submission; `acks` may be missing. STATE when they contradict
// themselves.
TOC_NODISCARD toc_rc toc_outgoing_open(const char *segments_path, const char *acks_path,
        struct toc_outgoing *out, struct toc_err *err);
void toc_outgoing_close(struct toc_outgoing *outgoing);

// The next segment of a run that is not stored, into value (cleared first); false when there is none left.
TOC_NODISCARD toc_rc toc_outgoing_next(struct toc_outgoing *outgoing, struct toc_outgoing_run *run,
        struct toc_buf *value, struct toc_outgoing_segment *out, bool *out_more,
        struct toc_err *err);
// The broker has it: noted on disk, so that a later start does not send it again.
TOC_NODISCARD toc_rc toc_outgoing_store(
        struct toc_outgoing *outgoing, int32_t index, struct toc_err *err);
bool toc_outgoing_done(const struct toc_outgoing *outgoing);
