// Route: what the hub has published goes on to whom it concerns. Three things come of its input, each decided
// from the record in hand (and the interests in force) alone:
//   interest.<id>       enter, update or leave, for each interest that the indicator matches now or matched as
//                       last published; only of the audience that the interest's member reads
//   receipts.<member>   a copy of each receipt
//   pivots              what an indicator shares with others (pivots.h), for correlate
// Route keeps nothing but what `control` says. Records carry their source (partition, offset), so that they may be
// repeated. A changed interest counts from when it is read: its subscriber starts from indicators.<audience>
// with the new expression, then follows; so it does when `audience` in a change is another than before (its
// member's clearance was changed). No Kafka, no file, no clock.
//
// @locality: one thread per instance.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "schemas/control.h"

struct toc_route;

enum toc_route_out {
    TOC_ROUTE_INTEREST,
    TOC_ROUTE_RECEIPT,
    TOC_ROUTE_PIVOT,
};

struct toc_route_record {
    enum toc_route_out where;
    struct toc_slice whose;      // id of the interest or member; empty for pivots
    int32_t partition;           // 0 for topics of one member
    struct toc_slice key, value; // borrowed for the call
    int64_t time;                // of the record it comes from
};
typedef toc_rc toc_route_emit_fn(void *ctx, const struct toc_route_record *record, struct toc_err *err);

struct toc_route_conf {
    uint8_t genesis_digest[32]; // SHA-256 of the Kafka value of the genesis record, pinned
    // Told of decisions and interests that are left out, in words; may be NULL.
    void (*complain)(void *ctx, const char *text);
    void *ctx;
};

struct toc_route_input { // a record of indicators.<audience> or receipts
    int32_t partition;
    int64_t offset, time;
    bool has_value;
    struct toc_slice key, value;
};

TOC_NODISCARD toc_rc toc_route_new(const struct toc_route_conf *conf, struct toc_route **out, struct toc_err *err);
void toc_route_free(struct toc_route *route); // NULL is fine

// A value of `control`, in the topic's order. MEMORY only.
TOC_NODISCARD toc_rc toc_route_decision(struct toc_route *route, struct toc_slice value, struct toc_err *err);
const struct toc_genesis *toc_route_genesis(const struct toc_route *route); // NULL before it

// audience: index into genesis' audiences. Heads and tombstones cause nothing: a gone record came before.
// What cannot be read is counted and left out: only the hub writes here. Failures: MEMORY, or what emit returns.
TOC_NODISCARD toc_rc toc_route_view(struct toc_route *route, int audience, const struct toc_route_input *input,
        toc_route_emit_fn *emit, void *ctx, struct toc_err *err);
TOC_NODISCARD toc_rc toc_route_receipt(struct toc_route *route, const struct toc_route_input *input, toc_route_emit_fn *emit,
        void *ctx, struct toc_err *err);

struct toc_route_totals {
    uint64_t views, receipts, unreadable;
    size_t interests; // in force now
};
TOC_NODISCARD toc_rc toc_route_totals(struct toc_route *route, struct toc_route_totals *out, struct toc_err *err);
