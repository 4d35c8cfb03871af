#include "hub/route/pivots.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/indicator/key.h"
#include "lib/indicator/pivot.h"

struct giving {
    const struct toc_pivot_source *source;
    struct toc_pivot pivot; // what all of the record's have in common
    struct toc_buf *scratch;
    toc_route_emit_fn *emit;
    void *ctx;
};

// `shared` NULL: only the link is known.
static toc_rc give(struct giving *g, const struct toc_shared *shared, const uint8_t link[TOC_LINK_BYTES], bool present,
        struct toc_err *err)
{
    uint8_t key[TOC_KEY_BYTES];
    g->pivot.what = shared == NULL ? TOC_PIVOT_KIND_UNKNOWN : shared->what;
    g->pivot.value = shared == NULL ? TOC_S("") : shared->value;
    g->pivot.present = present;
    toc_pivot_key(g->source->audience, link, key);
    toc_buf_clear(g->scratch);
    toc_pivot_put(&g->pivot, g->scratch);
    TOC_TRY(toc_buf_check(g->scratch, "a pivot", err));
    const struct toc_route_record record = {
            .where = TOC_ROUTE_PIVOT,
            .partition = (int32_t)toc_key_partition(key, g->source->partitions),
            .key = toc_slice(key, sizeof key),
            .value = toc_buf_slice(g->scratch),
            .time = g->source->time,
    };
    return g->emit(g->ctx, &record, err);
}

toc_rc toc_route_pivots(const struct toc_indicator *i, const struct toc_pivot_source *source, struct toc_arena *arena,
        struct toc_buf *scratch, toc_route_emit_fn *emit, void *ctx, struct toc_err *err)
{
    bool alive = i->now.status == TOC_STATUS_ACTIVE || i->now.status == TOC_STATUS_DISPUTED;
    struct giving g = {.source = source, .scratch = scratch, .emit = emit, .ctx = ctx};
    struct toc_shared_list now, lost;
    toc_pivot_init(&g.pivot);
    if (!toc_parse_hex(i->id, g.pivot.indicator, sizeof g.pivot.indicator))
        return TOC_OK; // no record of ours
    g.pivot.audience = source->audience;
    g.pivot.tick = i->born;
    g.pivot.organisations = i->now.organisations;
    g.pivot.partition = source->partition;
    g.pivot.offset = source->offset;
    TOC_TRY(toc_pivots_now(i, arena, &now, err));
    TOC_TRY(toc_pivots_lost(i, &now, arena, &lost, err));
    for (size_t k = 0; k < now.count; k++)
        TOC_TRY(give(&g, &now.items[k], now.items[k].link, alive, err));
    for (size_t k = 0; k < lost.count; k++)
        TOC_TRY(give(&g, &lost.items[k], lost.items[k].link, false, err));
    for (size_t k = 0; k < i->unlinked_count; k++)
        if (!toc_shared_has(&now, i->unlinked[k]) && !toc_shared_has(&lost, i->unlinked[k]))
            TOC_TRY(give(&g, NULL, i->unlinked[k], false, err));
    return TOC_OK;
}
