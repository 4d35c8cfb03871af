#include "hub/fuse/step.h"

toc_rc step_no_memory(struct toc_err *err)
{
    return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory in a step");
}

toc_rc step_emit(struct toc_fuse *fuse, enum toc_fuse_out where, int audience, struct toc_slice key,
        struct toc_slice value, int64_t time, struct toc_err *err)
{
    struct toc_fuse_record record = {.where = where, .audience = audience, .key = key, .value = value, .time = time};
    return fuse->emit(fuse->emit_ctx, &record, err);
}

toc_rc step_row_put(struct toc_fuse *fuse, const char *name, struct toc_err *err)
{
    TOC_TRY(toc_buf_check(&fuse->encoded, "a row", err));
    return toc_state_row_put(fuse->state, name, toc_buf_slice(&fuse->encoded), err);
}
