// A plan becomes segments: grouped, numbered, chained, signed. The bytes depend on what is given here
// and on nothing else.
#pragma once

#include <stdint.h>

#include "lib/base/compress.h"
#include "lib/base/err.h"
#include "lib/base/key.h"
#include "lib/base/slice.h"
#include "producers/runner/plan.h"
#include "schemas/segment.h"

// What one submission says beside its observations. Texts are borrowed.
struct toc_seal_head {
    uint8_t deployment[16];
    uint8_t writer[8];
    struct toc_slice member, feed, agreement;
    int64_t seq, created;
    int32_t partitions;
    bool has_pap, has_attribution;
    enum toc_pap pap;
    enum toc_attribution attribution;
    struct toc_release *release; // NULL: the member record's default
};

struct toc_sealed {
    int32_t partition, index, observations;
    struct toc_slice value; // the Kafka value
};

struct toc_seal_sink {
    toc_rc (*emit)(void *ctx, const struct toc_sealed *sealed, struct toc_err *err);
    void *ctx;
};

// previous: one position per partition, seq 0 = none yet; moved on as segments are sealed. zstd may be
// NULL: no compression.
TOC_NODISCARD toc_rc toc_seal_plan(struct toc_plan *plan, const struct toc_seal_head *head,
        const struct toc_key *key, struct toc_zstd *zstd, struct toc_position *previous,
        const struct toc_seal_sink *sink, struct toc_err *err);
