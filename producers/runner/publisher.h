// publisher.json: what a state directory remembers of its publisher. Written whole, atomically.
#pragma once

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/indicator/limits.h"
#include "schemas/types.h"

struct toc_publisher {
    char member[TOC_ID_BYTES_MAX + 1];
    uint8_t deployment[16];
    uint8_t writer[8];
    int64_t next; // seq of the next submission, from 1
    int32_t partitions;
    struct toc_position *previous; // one per partition, seq 0 = none; owned
};

void toc_publisher_done(struct toc_publisher *publisher);

// NOTFOUND when there is none yet; STATE when it contradicts itself.
TOC_NODISCARD toc_rc toc_publisher_load(
        const char *path, struct toc_publisher *out, struct toc_err *err);
TOC_NODISCARD toc_rc toc_publisher_save(
        const char *path, const struct toc_publisher *publisher, struct toc_err *err);

// "previous": [{"partition": 0, "seq": 1, "index": 2}, ...], as meta.json has it too.
void toc_positions_put(struct toc_jw *w, const struct toc_position *positions, int32_t partitions);
TOC_NODISCARD toc_rc toc_positions_get(const json_t *object, struct toc_position *positions,
        int32_t partitions, struct toc_err *err);
