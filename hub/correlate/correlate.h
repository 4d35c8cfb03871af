// Correlate: pivots in, correlations out. What is published of a pivot is a function of the set of indicators
// that have it: the same bytes for any order of arrival, any repetition, any batch, abort or restart
// (README.md here says how each field comes to be one). No Kafka, no file, no clock: the same code runs in the
// hub, in tocsin-replay and in tests.
//
// @locality: one thread per instance.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "hub/state/state.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct toc_correlate;

struct toc_correlate_input { // a record of `pivots`
    int64_t offset;
    int64_t time;
    struct toc_slice key, value;
};

struct toc_correlate_record { // for correlations.<audience>
    struct toc_slice audience;
    uint8_t id[16];         // decides the partition
    struct toc_slice key;   // the id as 32 hex digits
    struct toc_slice value; // .ptr NULL: a tombstone, fewer than two are left
    int64_t time;           // of the last input that touched it
};
typedef toc_rc toc_correlate_emit_fn(void *ctx, const struct toc_correlate_record *record, struct toc_err *err);

// state: empty or restored, owned by the caller, changed by steps. remembered: how many further records of the
// partition a pivot taken back is remembered for (TOC_PIVOTS_REMEMBERED; tests use less).
TOC_NODISCARD toc_rc toc_correlate_new(struct toc_state *state, int64_t remembered, struct toc_correlate **out,
        struct toc_err *err);
void toc_correlate_free(struct toc_correlate *correlate); // NULL is fine

// Takes a record into the lists. One that cannot be read is counted and left out: only route writes them.
// Failures are FATAL.
TOC_NODISCARD toc_rc toc_correlate_step(struct toc_correlate *correlate, const struct toc_correlate_input *input,
        struct toc_err *err);
// Publishes what the steps since the last call (or rollback of the state) have changed, each pivot once. To be
// called before the state is written and committed: what came meanwhile and went again is said nothing of.
TOC_NODISCARD toc_rc toc_correlate_publish(struct toc_correlate *correlate, toc_correlate_emit_fn *emit, void *ctx,
        struct toc_err *err);

struct toc_correlate_totals { // of this instance since it began, rolled back steps included
    uint64_t records, repeated, unreadable, published, ended, forgotten;
};
const struct toc_correlate_totals *toc_correlate_totals(const struct toc_correlate *correlate);
