// The inside of a consumer, shared by consumer.c (polling), group.c (rebalances) and reader.c (given
// partitions); and what txn.c needs of it. Inside lib/bus only.
#pragma once

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bus/consumer.h"
#include "lib/bus/guard.h"
#include "lib/bus/link.h"

#define TOC_BUS_CALL_MS 10000  // one question to a broker
#define TOC_BUS_FENCED                                                                             \
    "another process runs under this instance id: two must never share one; this one ends"
#define TOC_BUS_DROPS_MAX 1000 // events without a record handled in one poll

struct toc_held { // a partition being read
    char *topic;
    int32_t partition;
    rd_kafka_topic_t *handle;
    struct toc_guard guard;
    struct toc_skip skip;
    int64_t end; // -1 = none, or told already
    bool stopped;
};

struct toc_consumer {
    struct toc_link link;
    struct toc_consumer_opts opts;
    struct toc_held *held;
    size_t held_count, held_cap;
    size_t last;      // index of the record before: the next one mostly comes from the same
    size_t ends_left; // held partitions whose end is still to come
    // reader
    rd_kafka_queue_t *queue;
    // group
    struct toc_consumer_events events;
    bool was_assigned, closing;
    bool denied;            // a right to group or topic is missing
    bool broken;            // a callback failed: every poll says so
    struct toc_err failure; // of that callback
};

// NULL when it is not held.
struct toc_held *toc_held_find(
        const struct toc_consumer *consumer, const char *topic, int32_t partition);
toc_rc toc_held_add(struct toc_consumer *consumer, const char *topic, int32_t partition,
        int64_t start, int64_t end, struct toc_err *err);
void toc_held_remove(struct toc_consumer *consumer, const char *topic, int32_t partition);

// Link with the settings both ways share; *out is safe to close whatever happens after.
toc_rc toc_consumer_prepare(const struct toc_bus_conf *conf, struct toc_bus_log log,
        const struct toc_consumer_opts *opts, struct toc_consumer **out, struct toc_err *err);
void toc_consumer_free(struct toc_consumer *consumer);

// What a message that carries an error means for the caller.
toc_rc toc_consumer_complain(
        struct toc_consumer *consumer, const rd_kafka_message_t *message, struct toc_err *err);

// Offsets as librdkafka takes them; freed by the caller.
rd_kafka_topic_partition_list_t *toc_offset_list(const struct toc_offset *offsets, size_t count);
// The member's place in its group, to commit with; NULL when there is none. Freed by the caller.
rd_kafka_consumer_group_metadata_t *toc_group_metadata(struct toc_consumer *consumer);
void toc_group_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t what,
        rd_kafka_topic_partition_list_t *parts, void *opaque);
void toc_group_leave(struct toc_consumer *consumer);
