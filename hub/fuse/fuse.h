// Fuse: one partition's log in, the merged picture out. What a record causes depends on the state before
// it and on nothing else: no Kafka, no file, no clock, no table of the system. The same code runs in the
// hub, in tocsin-replay and in tests.
//
// @locality: one worker thread per instance; reference sets are shared and immutable.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hub/reference/reference.h"
#include "hub/state/state.h"
#include "lib/base/err.h"
#include "lib/base/header.h"
#include "lib/base/json.h"
#include "lib/base/slice.h"
#include "schemas/control.h"
#include "schemas/refusal.h"

struct toc_fuse;

struct toc_fuse_conf {
    int32_t partition;
    uint8_t genesis_digest[32];  // SHA-256 of the Kafka value of the genesis record, pinned
    uint8_t deployment_key[32];  // keys the provenance HMAC; its digest stands in genesis
    // Gives the set for a digest, with a reference the callee keeps; NULL: not there (the step fails with
    // NOTFOUND and fate RETRY, nothing changed: the worker stops this partition and tries again).
    struct toc_reference_set *(*reference)(void *ctx, const struct toc_reference_use *use);
    void *ctx;
};

// Where an output goes; the emitter turns it into a topic name.
enum toc_fuse_out {
    TOC_OUT_INDICATORS, // audience index says which
    TOC_OUT_RECEIPTS,
    TOC_OUT_QUARANTINE,
};

struct toc_fuse_record {
    enum toc_fuse_out where;
    int audience;           // index into genesis audiences, for TOC_OUT_INDICATORS; else -1
    struct toc_slice key;   // borrowed for the call
    struct toc_slice value; // .ptr NULL: a tombstone
    int64_t time;           // Kafka timestamp: stream time, or when the timer was due
    const struct toc_header *headers; // of quarantine alone; borrowed likewise
    size_t header_count;
};
typedef toc_rc toc_fuse_emit_fn(void *ctx, const struct toc_fuse_record *record, struct toc_err *err);

struct toc_fuse_input {
    int64_t offset;
    int64_t append_time; // LogAppendTime; 0: the broker gave none, so that no tick counts
    struct toc_slice value;
};

// state: empty or restored; owned by the caller, changed by steps.
TOC_NODISCARD toc_rc toc_fuse_new(const struct toc_fuse_conf *conf, struct toc_state *state, struct toc_fuse **out,
        struct toc_err *err);
void toc_fuse_free(struct toc_fuse *fuse);

// Decodes what a restored state says of members and rules, so that questions and ticks have their answers
// before the first step. RETRY as for a step.
TOC_NODISCARD toc_rc toc_fuse_prepare(struct toc_fuse *fuse, struct toc_err *err);

// One record of submit. Failures carry the fate: RETRY and ABORT_TXN leave the state as it was after
// toc_state_rollback; a bad record is no failure (it is quarantined).
TOC_NODISCARD toc_rc toc_fuse_step(struct toc_fuse *fuse, const struct toc_fuse_input *input, toc_fuse_emit_fn *emit,
        void *ctx, struct toc_err *err);

// Offsets [from, next) were stepped over because no client can unpack them: leaves a quarantine record.
TOC_NODISCARD toc_rc toc_fuse_skipped(struct toc_fuse *fuse, int64_t from, int64_t next, toc_fuse_emit_fn *emit, void *ctx,
        struct toc_err *err);

// Lab mode: a deployment without genesis. Every key given is a member of its own organisation.
TOC_NODISCARD toc_rc toc_fuse_lab(struct toc_fuse *fuse, const struct toc_genesis *genesis, const struct toc_member *members,
        size_t count, struct toc_err *err);

// Time in a laboratory: moves it to `time` as a counted tick would; earlier times change nothing.
TOC_NODISCARD toc_rc toc_fuse_lab_tick(struct toc_fuse *fuse, int64_t time, toc_fuse_emit_fn *emit, void *ctx,
        struct toc_err *err);

// --- questions (answered at a commit boundary) ---------------------------------------------------
const struct toc_genesis *toc_fuse_genesis(const struct toc_fuse *fuse); // NULL before genesis
// Who says it, since when, until when, score and advice term by term for each audience; as JSON.
TOC_NODISCARD toc_rc toc_fuse_explain(struct toc_fuse *fuse, enum toc_kind kind, struct toc_slice value, struct toc_jw *w,
        struct toc_err *err);
// Counters per member, stream time, entries, jobs, sets in force; as JSON.
TOC_NODISCARD toc_rc toc_fuse_status(struct toc_fuse *fuse, struct toc_jw *w, struct toc_err *err);
// Running totals of this process since it began, for metrics.
struct toc_fuse_totals {
    uint64_t segments, observations, changed, unchanged, quarantined, repeated, published, ticks, ticks_refused,
            controls, timers, unauthenticated, published_bytes;
    uint64_t refusals[TOC_REFUSAL_COUNT]; // by code: whole records and single observations
};
const struct toc_fuse_totals *toc_fuse_totals(const struct toc_fuse *fuse);
