// What the stages of one step share. Inside hub/fuse only.
#pragma once

#include "hub/fuse/fuse.h"
#include "hub/fuse/roll.h"
#include "hub/state/body.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/compress.h"

struct quota;

struct toc_fuse {
    struct toc_fuse_conf conf;
    struct toc_state *state;
    struct roll roll;
    bool rolled; // roll is built and in force
    struct toc_fuse_totals totals;

    // For the record in hand; reset at its end.
    struct toc_arena arena;
    struct toc_arena scratch; // for one indicator of it
    struct toc_buf payload, encoded, value;
    struct toc_zstd *zstd;
    struct quota *quota; // of the segment in hand: quota_forget must not pass it by
    toc_fuse_emit_fn *emit;
    void *emit_ctx;
};

// A record out; key and value are borrowed for the call. value.ptr NULL: a tombstone.
TOC_NODISCARD toc_rc step_emit(struct toc_fuse *fuse, enum toc_fuse_out where, int audience, struct toc_slice key,
        struct toc_slice value, int64_t time, struct toc_err *err);

// Puts fuse->encoded into the row.
#define ROW_NAME_MAX 160
TOC_NODISCARD toc_rc step_row_put(struct toc_fuse *fuse, const char *name, struct toc_err *err);

toc_rc step_no_memory(struct toc_err *err);
