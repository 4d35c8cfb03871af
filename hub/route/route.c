#include "hub/route/route.h"

#include <string.h>

#include "hub/route/pivots.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/indicator/book.h"
#include "lib/indicator/topics.h"
#include "schemas/interest_change.h"
#include "schemas/receipt.h"

#define ARENA_MAX ((size_t)64 << 20)
#define VALUE_BYTES_MAX ((size_t)1024 * 1024)
#define CHANGES (TOC_CHANGE_LEAVE + 1)

struct toc_route {
    struct toc_book *book;
    bool settled; // the book, since the last decision
    struct toc_arena arena; // for one record
    struct toc_buf changes[CHANGES]; // the record in hand as each kind of change, encoded when first needed
    struct toc_buf pivot;
    struct toc_route_totals totals;
};

toc_rc toc_route_new(const struct toc_route_conf *conf, struct toc_route **out, struct toc_err *err)
{
    struct toc_route *route = toc_mem_alloc(1, sizeof *route);
    if (route == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for route");
    toc_arena_init(&route->arena, ARENA_MAX);
    for (size_t i = 0; i < CHANGES; i++)
        toc_buf_init(&route->changes[i], VALUE_BYTES_MAX);
    toc_buf_init(&route->pivot, VALUE_BYTES_MAX);
    toc_rc rc = toc_book_new(conf->genesis_digest, conf->complain, conf->ctx, &route->book, err);
    if (toc_failed(rc)) {
        toc_route_free(route);
        return rc;
    }
    *out = route;
    return TOC_OK;
}

void toc_route_free(struct toc_route *route)
{
    if (route == NULL)
        return;
    toc_book_free(route->book);
    toc_arena_done(&route->arena);
    for (size_t i = 0; i < CHANGES; i++)
        toc_buf_done(&route->changes[i]);
    toc_buf_done(&route->pivot);
    toc_mem_free(route);
}

toc_rc toc_route_decision(struct toc_route *route, struct toc_slice value, struct toc_err *err)
{
    route->settled = false;
    return toc_book_take(route->book, value, err);
}

const struct toc_genesis *toc_route_genesis(const struct toc_route *route)
{
    return toc_book_genesis(route->book);
}

static toc_rc settle(struct toc_route *route, struct toc_err *err)
{
    if (!route->settled)
        TOC_TRY(toc_book_settle(route->book, err));
    route->settled = true;
    return TOC_OK;
}

toc_rc toc_route_totals(struct toc_route *route, struct toc_route_totals *out, struct toc_err *err)
{
    TOC_TRY(settle(route, err));
    (void)toc_book_interests(route->book, &route->totals.interests);
    *out = route->totals;
    return TOC_OK;
}

// --- interests -----------------------------------------------------------------------------------------

// False: the interest is not concerned.
static bool change_of(const struct toc_book_interest *interest, const struct toc_indicator *i, enum toc_change *out)
{
    bool now = toc_expr_matches(interest->expr, i->kind, i->value, &i->now);
    bool was = i->prior != NULL && toc_expr_matches(interest->expr, i->kind, i->value, i->prior);
    *out = !now ? TOC_CHANGE_LEAVE : was ? TOC_CHANGE_UPDATE : TOC_CHANGE_ENTER;
    return now || was;
}

static toc_rc encode(struct toc_buf *out, enum toc_change change, struct toc_slice audience,
        const struct toc_route_input *input, const struct toc_indicator *i, struct toc_err *err)
{
    struct toc_interest_change record;
    if (out->len != 0)
        return TOC_OK;
    toc_interest_change_init(&record);
    record.change = change;
    record.audience = audience;
    record.partition = input->partition;
    record.offset = input->offset;
    record.indicator = *i;
    toc_interest_change_put(&record, out);
    return toc_buf_check(out, "a change", err);
}

static toc_rc tell_interests(struct toc_route *route, int audience, const struct toc_route_input *input,
        const struct toc_indicator *i, toc_route_emit_fn *emit, void *ctx, struct toc_err *err)
{
    size_t count;
    const struct toc_book_interest *interests = toc_book_interests(route->book, &count);
    for (size_t c = 0; c < CHANGES; c++)
        toc_buf_clear(&route->changes[c]);
    for (size_t k = 0; k < count; k++) {
        enum toc_change change;
        if (interests[k].audience != audience || !change_of(&interests[k], i, &change))
            continue;
        struct toc_buf *value = &route->changes[change];
        TOC_TRY(encode(value, change, toc_book_genesis(route->book)->audiences[audience].name, input, i, err));
        const struct toc_route_record record = {.where = TOC_ROUTE_INTEREST, .whose = interests[k].id, .key = input->key,
                .value = toc_buf_slice(value), .time = input->time};
        TOC_TRY(emit(ctx, &record, err));
    }
    return TOC_OK;
}

// --- the input -----------------------------------------------------------------------------------------

toc_rc toc_route_view(struct toc_route *route, int audience, const struct toc_route_input *input, toc_route_emit_fn *emit,
        void *ctx, struct toc_err *err)
{
    struct toc_indicator i;
    if (!input->has_value || toc_slice_is(input->key, TOC_HEAD_KEY))
        return TOC_OK;
    TOC_TRY(settle(route, err));
    const struct toc_genesis *genesis = toc_book_genesis(route->book);
    toc_arena_reset(&route->arena);
    route->totals.views++;
    if (toc_failed(toc_indicator_get(input->value, &route->arena, &i, NULL)) || !toc_slice_eq(input->key, i.id)) {
        route->totals.unreadable++;
        return TOC_OK;
    }
    TOC_TRY(tell_interests(route, audience, input, &i, emit, ctx, err));
    const struct toc_pivot_source source = {
            .audience = genesis->audiences[audience].name,
            .partition = input->partition,
            .offset = input->offset,
            .time = input->time,
            .partitions = (uint32_t)genesis->partitions,
    };
    return toc_route_pivots(&i, &source, &route->arena, &route->pivot, emit, ctx, err);
}

toc_rc toc_route_receipt(struct toc_route *route, const struct toc_route_input *input, toc_route_emit_fn *emit, void *ctx,
        struct toc_err *err)
{
    struct toc_receipt receipt;
    toc_arena_reset(&route->arena);
    route->totals.receipts++;
    if (!input->has_value || toc_failed(toc_receipt_get(input->value, &route->arena, &receipt, NULL)) ||
            !toc_id_valid(receipt.member)) {
        route->totals.unreadable++;
        return TOC_OK;
    }
    const struct toc_route_record record = {.where = TOC_ROUTE_RECEIPT, .whose = receipt.member, .key = input->key,
            .value = input->value, .time = input->time};
    return emit(ctx, &record, err);
}
