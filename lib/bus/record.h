// One Kafka record, read or to be sent.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/header.h"
#include "lib/base/slice.h"

// A record as read. All it points at is borrowed from `message` until toc_record_done, which must
// come before the consumer it was polled from is closed. @locality one thread at a time.
struct toc_record {
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;    // 0 when the record carries none
    bool append_time;        // the broker's clock (LogAppendTime), not the writer's
    bool has_key, has_value; // !has_value = tombstone
    struct toc_slice key, value;
    void *message; // NULL = nothing held
};

void toc_record_done(struct toc_record *record); // frees the message; twice is fine

// A record to be sent: everything is copied by the call that takes it.
struct toc_send {
    const char *topic;    // full name, with prefix
    int32_t partition;    // always chosen by us
    int64_t timestamp_ms; // 0 = now
    bool no_key, tombstone;
    struct toc_slice key, value;
    const struct toc_header *headers;
    size_t header_count;
};

// A place in a partition. `metadata` travels with committed offsets (NULL = none).
struct toc_offset {
    const char *topic;
    int32_t partition;
    int64_t offset;
    const char *metadata;
};

#define TOC_OFFSET_NONE INT64_C(-1001)   // not known, never committed
#define TOC_OFFSET_BEGINNING INT64_C(-2) // the first record still there
