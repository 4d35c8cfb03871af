// A stage: what a worker does with the records of one input partition. Fuse and correlate are stages of
// the same exactly-once loop. A stage sees records and state: no Kafka, no file, no clock.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hub/state/state.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/header.h"
#include "lib/base/slice.h"

struct toc_stage_input {
    int64_t offset;
    int64_t append_time; // ms, the broker's; for a stage with ticks 0 when the broker gave none
    struct toc_slice key, value;
};

struct toc_stage_output {
    const char *topic;        // full name
    int32_t partition;        // -1: the input's own
    struct toc_slice key, value; // value.ptr NULL: a tombstone
    int64_t time;
    const struct toc_header *headers; // borrowed for the call, as key and value
    size_t header_count;
};
typedef toc_rc toc_stage_emit(void *ctx, const struct toc_stage_output *output, struct toc_err *err);

struct toc_stage {
    const char *name;        // "fuse": group and transactional ids carry it
    const char *input;       // full topic names
    const char *state_topic;
    bool ticks; // the owner of a partition writes ticks to its input
    void *ctx;  // of the stage, shared by all workers; immutable or locked

    // One instance per owned partition, before its state is read back: sets what derives it (toc_state_derive_with).
    toc_rc (*open)(void *ctx, int32_t partition, struct toc_state *state, void **out, struct toc_err *err);
    toc_rc (*ready)(void *instance, struct toc_err *err); // the state is whole, steps may come; NULL: nothing to do
    void (*close)(void *instance);
    toc_rc (*step)(void *instance, const struct toc_stage_input *input, toc_stage_emit *emit, void *emit_ctx,
            struct toc_err *err);
    // Offsets [from, next) hold a batch that nobody can decode; NULL: the stage has nothing to say of it.
    toc_rc (*skipped)(void *instance, int64_t from, int64_t next, toc_stage_emit *emit, void *emit_ctx, struct toc_err *err);
    // Before the state of a transaction is written: what is to be said of all its steps together. NULL: nothing.
    toc_rc (*finish)(void *instance, toc_stage_emit *emit, void *emit_ctx, struct toc_err *err);
    // A question at a commit boundary; the answer is JSON. NOTFOUND when the stage has no such question; NULL: none.
    toc_rc (*ask)(void *instance, struct toc_slice question, struct toc_buf *answer, struct toc_err *err);
    // Signs a tick for the partition with the time given; empty out: not yet (no genesis).
    toc_rc (*tick)(void *instance, int64_t time, struct toc_buf *out, struct toc_err *err);
};
