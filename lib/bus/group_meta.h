// What a group member's metadata says, read out of its serialised form: librdkafka 2.0.2 has no getters.
// Pure; inside lib/bus only.
#pragma once

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

struct toc_group_meta {
    int32_t generation;                       // -1 before the first join and after losing it
    struct toc_slice group, member, instance; // borrowed; instance.ptr NULL = no static membership
};

// As rd_kafka_consumer_group_metadata_write makes it: "CGMDv2:", int32 generation in host order, group
// NUL, member NUL, 0 and instance NUL | 1.
TOC_NODISCARD toc_rc toc_group_meta_parse(
        struct toc_slice bytes, struct toc_group_meta *out, struct toc_err *err);

// Kafka takes a transactional commit with generation -1 and no member from anybody, even when the group is
// alive: such a one must never be sent.
TOC_NODISCARD toc_rc toc_group_meta_check(const struct toc_group_meta *meta, struct toc_err *err);
