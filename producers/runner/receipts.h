// --wait: follows receipts.<member> until every segment sent has one, and sums up what became of it.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/err.h"
#include "lib/base/time.h"
#include "lib/bus/conf.h"
#include "schemas/refusal.h"

struct toc_receipts; // one thread

struct toc_receipts_options {
    const struct toc_bus_conf *kafka;
    struct toc_bus_log log;
    const char *member;
    const uint8_t *writer;         // 8 bytes; receipts of other writers are not ours
    const struct toc_clock *clock; // NULL = the system's
};

// Before anything is sent: remembers where the topic ends now.
TOC_NODISCARD toc_rc toc_receipts_open(
        const struct toc_receipts_options *options, struct toc_receipts **out, struct toc_err *err);
void toc_receipts_close(struct toc_receipts *receipts); // NULL is fine

// A segment was sent: its receipt is expected from now on.
TOC_NODISCARD toc_rc toc_receipts_expect(struct toc_receipts *receipts, int64_t seq, int32_t index,
        int32_t observations, struct toc_err *err);

struct toc_receipts_sums {
    uint64_t sent, changed, unchanged, quarantined, repeated; // observations
    uint64_t segments, segments_missing; // expected, and without a receipt when time was up
    uint64_t refused[TOC_REFUSAL_COUNT];
    uint64_t refused_unknown; // by a code this version does not know
    bool gap;                 // a receipt says that earlier segments of this writer are missing
    bool alarm;               // key-in-use-twice
};

// Until all are there or timeout_ms is over; `stop` as in sender.h. Failures of Kafka only.
TOC_NODISCARD toc_rc toc_receipts_wait(struct toc_receipts *receipts, int64_t timeout_ms,
        bool (*stop)(void *ctx), void *ctx, struct toc_err *err);
const struct toc_receipts_sums *toc_receipts_sums(const struct toc_receipts *receipts);

// One receipt's value, as from Kafka; what is not expected changes nothing.
// SCHEMA and the like when it is no receipt.
TOC_NODISCARD toc_rc toc_receipts_take(
        struct toc_receipts *receipts, struct toc_slice value, struct toc_err *err);

// sent / accepted / changed / quarantined / repeated, and the reasons.
void toc_receipts_print(const struct toc_receipts_sums *sums, FILE *out);
// Everything sent was accepted, now or before.
bool toc_receipts_all_accepted(const struct toc_receipts_sums *sums);
