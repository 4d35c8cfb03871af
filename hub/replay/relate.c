#include "hub/replay/relate.h"

#include <string.h>

#include "hub/correlate/correlate.h"
#include "hub/route/pivots.h"
#include "lib/base/mem.h"
#include "lib/indicator/limits.h"

#define ARENA_MAX ((size_t)64 << 20)
#define PIVOT_BYTES_MAX 8192

// All of it as one partition of `pivots`: what is published does not depend on how many there are. Offsets
// are counted: all that matters of them is their order.
struct relate {
    struct toc_state *state, *correlations[TOC_STATE_LANES];
    struct toc_correlate *correlate;
    struct toc_arena arena;
    struct toc_buf pivot;
    int64_t views, pivots; // so far: offsets
    int audience;          // of the view in hand
};

static toc_rc no_memory(struct toc_err *err)
{
    return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for a replay");
}

toc_rc relate_new(struct relate **out, struct toc_err *err)
{
    struct relate *r = toc_mem_alloc(1, sizeof *r);
    if (r == NULL)
        return no_memory(err);
    toc_arena_init(&r->arena, ARENA_MAX);
    toc_buf_init(&r->pivot, PIVOT_BYTES_MAX);
    r->state = toc_state_new();
    toc_rc rc = r->state == NULL ? no_memory(err)
                                 : toc_correlate_new(r->state, TOC_PIVOTS_REMEMBERED, &r->correlate, err);
    if (toc_failed(rc)) {
        relate_free(r);
        return rc;
    }
    *out = r;
    return TOC_OK;
}

void relate_free(struct relate *r)
{
    if (r == NULL)
        return;
    toc_correlate_free(r->correlate);
    toc_state_free(r->state);
    for (size_t i = 0; i < TOC_STATE_LANES; i++)
        toc_state_free(r->correlations[i]);
    toc_arena_done(&r->arena);
    toc_buf_done(&r->pivot);
    toc_mem_free(r);
}

static toc_rc keep_correlation(void *ctx, const struct toc_correlate_record *record, struct toc_err *err)
{
    struct relate *r = ctx;
    static const uint64_t none[TOC_ENTRY_SAID];
    struct toc_state **map = &r->correlations[r->audience];
    if (*map == NULL && (*map = toc_state_new()) == NULL)
        return no_memory(err);
    TOC_TRY(record->value.ptr == NULL ? toc_state_drop(*map, record->id, err)
                                      : toc_state_put(*map, record->id, record->value, 0, none, err));
    toc_state_commit(*map);
    return TOC_OK;
}

static toc_rc take_pivot(void *ctx, const struct toc_route_record *record, struct toc_err *err)
{
    struct relate *r = ctx;
    const struct toc_correlate_input input = {
            .offset = r->pivots++, .time = record->time, .key = record->key, .value = record->value};
    return toc_correlate_step(r->correlate, &input, err);
}

toc_rc relate_view(struct relate *r, int audience, struct toc_slice name, int32_t partition, struct toc_slice value,
        int64_t time, struct toc_err *err)
{
    struct toc_indicator indicator;
    const struct toc_pivot_source source = {
            .audience = name, .partition = partition, .offset = r->views++, .time = time, .partitions = 1};
    toc_arena_reset(&r->arena);
    r->audience = audience;
    TOC_TRY(toc_indicator_get(value, &r->arena, &indicator, err));
    TOC_TRY(toc_route_pivots(&indicator, &source, &r->arena, &r->pivot, take_pivot, r, err));
    TOC_TRY(toc_correlate_publish(r->correlate, keep_correlation, r, err));
    toc_state_commit(r->state);
    return TOC_OK;
}

struct toc_state *relate_correlations(const struct relate *r, int audience)
{
    return r->correlations[audience];
}
