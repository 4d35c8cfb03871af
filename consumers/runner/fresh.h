// How fresh the picture is. Each partition of an audience topic brings its own heads; a partition whose
// heads stop is cut off from the hub, and what came from it ages by this machine's clock: a list that
// nobody keeps must not block for ever. Pure: the clock's time comes in.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/indicator/limits.h"
#include "schemas/types.h"

// Heads come every 5 s. Silence this long is more than a restart of the hub or a broker's failover.
#define TOC_FRESH_CUT_OFF_MS (INT64_C(15) * 60 * 1000)

struct toc_fresh {
    int64_t stale_ms; // after this much silence addresses and URLs go: they change hands
    size_t partitions;
    int64_t heads[TOC_PARTITIONS_MAX]; // newest stream time of each; 0 = none seen yet
};

void toc_fresh_head(struct toc_fresh *fresh, int32_t partition, int64_t stream_time_ms);
// Stream time up to which the whole picture is known: of the partition that lags most; 0 = not known.
int64_t toc_fresh_as_of(const struct toc_fresh *fresh);
bool toc_fresh_is_cut_off(const struct toc_fresh *fresh, int32_t partition, int64_t now_ms);
// Some partition is silent for over stale_ms.
bool toc_fresh_is_stale(const struct toc_fresh *fresh, int64_t now_ms);
// Whether an entry must leave. drop_after_ms: 0 = never by itself.
bool toc_fresh_has_aged(const struct toc_fresh *fresh, int32_t partition, enum toc_kind kind,
        int64_t drop_after_ms, int64_t now_ms);
