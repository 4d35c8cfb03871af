// A state log in memory, as Kafka would keep it: blocks of committed transactions, trimmed at the front.
#pragma once

#include "tests/unit/hub/state_model.h"

#include "hub/state/block.h"
#include "lib/base/digest.h"

#define LOG_BLOCKS_MAX 4096

struct log_block {
    uint8_t *bytes;
    size_t len;
    int64_t transaction;
};

struct log_copy {
    struct log_block blocks[LOG_BLOCKS_MAX];
    size_t count;   // committed
    size_t pending; // of the open transaction, behind them
    size_t bytes;   // of the committed ones
    int64_t transaction;
};

static inline toc_rc log_take(void *ctx, struct toc_slice block, struct toc_err *err)
{
    struct log_copy *log = ctx;
    (void)err;
    assert_true(block.len <= TOC_STATE_BLOCK_BYTES_MAX);
    assert_true(log->count + log->pending < LOG_BLOCKS_MAX);
    struct log_block *into = &log->blocks[log->count + log->pending++];
    *into = (struct log_block){toc_mem_dup(block.ptr, block.len), block.len, log->transaction + 1};
    assert_non_null(into->bytes);
    return TOC_OK;
}

static inline void log_abort(struct log_copy *log)
{
    for (; log->pending > 0; log->pending--)
        toc_mem_free(log->blocks[log->count + log->pending - 1].bytes);
}

static inline void log_trim(struct log_copy *log, int64_t below)
{
    size_t gone = 0;
    for (; gone < log->count && log->blocks[gone].transaction < below; gone++) {
        log->bytes -= log->blocks[gone].len;
        toc_mem_free(log->blocks[gone].bytes);
    }
    log->count -= gone;
    memmove(log->blocks, log->blocks + gone, log->count * sizeof *log->blocks);
}

static inline void log_done(struct log_copy *log)
{
    log_abort(log);
    log_trim(log, INT64_MAX);
    *log = (struct log_copy){0};
}

// The transaction is written, committed, and the log trimmed to what is needed.
static inline void log_commit(struct log_copy *log, struct toc_state *state, int64_t input_next)
{
    struct toc_err err = {0};
    assert_ok(toc_state_blocks(state, input_next, log_take, log, &err), err);
    toc_state_commit(state);
    if (log->pending > 0)
        log->transaction++;
    for (; log->pending > 0; log->pending--)
        log->bytes += log->blocks[log->count++].len;
    log_trim(log, toc_state_trim_below(state));
}

static inline toc_rc log_restore(const struct log_copy *log, struct toc_state *into,
        toc_state_derive_fn *derive, void *ctx, int64_t *out_input_next, struct toc_err *err)
{
    for (size_t i = 0; i < log->count; i++)
        TOC_TRY(toc_state_restore(into, toc_slice(log->blocks[i].bytes, log->blocks[i].len), err));
    toc_state_derive_with(into, derive, ctx);
    toc_rc rc = toc_state_restored(into, out_input_next, err);
    toc_state_derive_with(into, NULL, NULL); // ctx counts what a restore derives
    return rc;
}
