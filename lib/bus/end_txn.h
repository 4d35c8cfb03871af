// Counts what ends a transaction on the wire (the rule at the head of txn.h). Inside lib/bus only.
#pragma once

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdbool.h>

struct toc_end_txn {
    atomic_uint sent;     // EndTxn requests of the transaction in progress
    atomic_bool troubled; // a transactional request failed or lost its connection
};

// For toc_link_start: ctx is the struct.
void toc_end_txn_watch(rd_kafka_conf_t *settings, void *ctx);

void toc_end_txn_begin(struct toc_end_txn *watch); // a new transaction
// True: a request of the ended transaction may still arrive, so this handle must not begin another.
bool toc_end_txn_doubtful(const struct toc_end_txn *watch);
