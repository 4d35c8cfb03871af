// Reading all that stands in partitions, from given offsets to given ends, and no further. It takes as long as
// it takes: what ends it is a broker that says nothing.
// @locality any thread; the callback runs in it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/time.h"
#include "lib/bus/conf.h"
#include "lib/bus/consumer.h"
#include "lib/bus/record.h"

struct toc_walk {
    // For each committed record, borrowed for the call; a failure ends the walk.
    toc_rc (*take)(void *ctx, const struct toc_record *record, struct toc_err *err);
    void *ctx;
    uint64_t *skipped;  // counts offsets that nobody can decode; NULL: they are a failure, STATE
    int64_t silence_ms; // 0 = 30,000
    const struct toc_clock *clock; // NULL = system
};

// Every start has an `end`. Failures are FATAL: what toc_consumer_read says, a right that is missing (AUTH),
// TIMEOUT or what the broker said last when nothing came for silence_ms.
TOC_NODISCARD toc_rc toc_walk(const struct toc_bus_conf *conf, struct toc_bus_log log,
        const struct toc_walk *walk, const struct toc_consumer_start *starts, size_t count,
        struct toc_err *err);
