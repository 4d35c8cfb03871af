#include "hub/fuse/fuse.h"

#include <stdio.h>
#include <string.h>

#include "hub/fuse/admit.h"
#include "hub/fuse/control.h"
#include "hub/fuse/job.h"
#include "hub/fuse/merge.h"
#include "hub/fuse/publish.h"
#include "hub/fuse/quota.h"
#include "hub/fuse/step.h"
#include "hub/fuse/writer.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/topics.h"
#include "schemas/head.h"
#include "schemas/quarantine.h"
#include "schemas/receipt.h"
#include "schemas/segment.h"
#include "schemas/tick.h"

// The way of one record: open -> admit -> (place among its writer's) -> merge -> judge -> publish, and a
// receipt at the end. Whatever is refused goes to quarantine with its code; nothing is ever lost.

#define ARENA_MAX ((size_t)256 << 20)
#define VALUE_MAX ((size_t)900 * 1024)

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

toc_rc toc_fuse_new(const struct toc_fuse_conf *conf, struct toc_state *state, struct toc_fuse **out, struct toc_err *err)
{
    struct toc_fuse *fuse = toc_mem_alloc(1, sizeof *fuse);
    if (fuse == NULL)
        return step_no_memory(err);
    fuse->conf = *conf;
    fuse->state = state;
    toc_arena_init(&fuse->arena, ARENA_MAX);
    toc_arena_init(&fuse->scratch, ARENA_MAX);
    toc_buf_init(&fuse->payload, TOC_SEGMENT_BYTES_MAX);
    toc_buf_init(&fuse->encoded, (size_t)8 << 20);
    toc_buf_init(&fuse->value, VALUE_MAX);
    fuse->zstd = toc_zstd_new();
    if (fuse->zstd == NULL) {
        toc_fuse_free(fuse);
        return step_no_memory(err);
    }
    *out = fuse;
    return TOC_OK;
}

void toc_fuse_free(struct toc_fuse *fuse)
{
    if (fuse == NULL)
        return;
    if (fuse->rolled)
        roll_done(&fuse->roll);
    toc_arena_done(&fuse->arena);
    toc_arena_done(&fuse->scratch);
    toc_buf_done(&fuse->payload);
    toc_buf_done(&fuse->encoded);
    toc_buf_done(&fuse->value);
    toc_zstd_free(fuse->zstd);
    toc_mem_free(fuse);
}

// The roll follows the rows: built anew after a decision or a rollback.
static toc_rc ensure_roll(struct toc_fuse *fuse, struct toc_err *err)
{
    if (fuse->rolled && fuse->roll.rollbacks == toc_state_rollbacks(fuse->state))
        return TOC_OK;
    roll_done(&fuse->roll);
    fuse->rolled = false;
    TOC_TRY(roll_build(&fuse->roll, fuse->state, &fuse->conf, err));
    fuse->rolled = true;
    return TOC_OK;
}

// --- what is said about a segment ---------------------------------------------------------------

struct account {
    struct toc_fuse *fuse;
    const struct toc_fuse_input *input;
    const struct toc_segment *segment;
    struct toc_receipt receipt;
    bool fed_by_hits;
};

static toc_rc quarantine(struct toc_fuse *fuse, const struct toc_fuse_input *input, struct toc_slice member,
        enum toc_refusal code, struct toc_refusal_row *unused, struct toc_err *err);

static toc_rc put_quarantine(struct toc_fuse *fuse, const struct toc_fuse_input *input, const struct toc_quarantine *q,
        struct toc_err *err)
{
    char key[48];
    int n = snprintf(key, sizeof key, "%d/%lld", q->partition, (long long)q->offset);
    toc_buf_clear(&fuse->value);
    toc_quarantine_put(q, &fuse->value);
    TOC_TRY(toc_buf_check(&fuse->value, "a quarantine record", err));
    (void)input;
    return step_emit(fuse, TOC_OUT_QUARANTINE, -1, toc_slice(key, (size_t)n), toc_buf_slice(&fuse->value),
            fuse->roll.clock.stream_time, err);
}
