// Putting records into a producing handle, for producer.c and txn.c. Inside lib/bus only.
#pragma once

#include <librdkafka/rdkafka.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/bus/link.h"
#include "lib/bus/record.h"

#define TOC_SENDER_TOPICS_MAX                                                                      \
    4096 // topics one handle writes to: one per member and interest, at most

struct toc_sender {
    rd_kafka_t *rk;
    rd_kafka_queue_t *events; // delivery reports
    struct toc_sender_topic { // sorted by name: a topic handle costs a look-up by name otherwise
        char *name;
        rd_kafka_topic_t *handle;
    } * topics;
    size_t count, cap;
    size_t last; // index of the record before
};

// What both kinds of producer set: idempotence, acks from all, queue limits (0 = those of the caller's header).
toc_rc toc_sender_settings(struct toc_link *link, const char *compression, int64_t linger_ms,
        int64_t queue_records, int64_t queue_kbytes, struct toc_err *err);

void toc_sender_init(struct toc_sender *sender, rd_kafka_t *rk); // of a handle just made
void toc_sender_done(struct toc_sender *sender);                 // before the handle is destroyed

// Copies the record into the queue. BUSY (fate RETRY) = full.
toc_rc toc_sender_put(struct toc_sender *sender, const struct toc_send *record, void *opaque,
        struct toc_err *err);
