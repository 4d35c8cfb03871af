// Kafka transactions: outputs, state, receipts and input offsets become visible together or not at
// all.
//
//   open -> { begin -> put... -> offsets -> commit | abort }... -> close
//
// What the caller does is decided by err->fate alone:
//   ABORT_TXN  call abort, roll back, replay the records still held
//   FATAL      close, then open anew: open settles whatever this one left behind, and only the
//              committed offsets tell what became of it; never guess. toc_txn_fenced tells why.
// A late or repeated EndTxn request could end a LATER transaction (KAFKA-17754; no librdkafka
// release speaks the protocol that prevents it). So requests are counted, and after any that
// was repeated, failed or lost its connection the handle is built anew before the next begin: the
// new epoch makes the broker refuse the late one.
// @locality one thread, the consumer's whose offsets it commits.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/bus/conf.h"
#include "lib/bus/consumer.h"
#include "lib/bus/record.h"

struct toc_txn; // opaque

struct toc_txn_opts {
    const char *id;          // transactional.id: one per worker, the same after a restart
    int64_t timeout_ms;      // 0 = 10,000: the broker aborts what is open longer
    int64_t linger_ms;       // 0..1,000
    const char *compression; // NULL = "lz4"
    int64_t queue_records, queue_kbytes; // 0 = 500,000 and 262,144
};

struct toc_txn_counts {
    uint64_t commits, aborts, rebuilds; // rebuilds: handles replaced by the rule above
};

// Fences every older process with this id, aborts or completes what it left. AUTH = no right to the
// transactional id (which none below librdkafka 2.2 can grant: use Kafka's own tool).
TOC_NODISCARD toc_rc toc_txn_open(const struct toc_bus_conf *conf, struct toc_bus_log log,
        const struct toc_txn_opts *opts, struct toc_txn **out, struct toc_err *err);

TOC_NODISCARD toc_rc toc_txn_begin(struct toc_txn *txn, struct toc_err *err);

// Copies the record. Waits for room when the queue is full, at most timeout_ms of the options.
TOC_NODISCARD toc_rc toc_txn_put(
        struct toc_txn *txn, const struct toc_send *record, struct toc_err *err);

// Adds the group's positions (next offsets) and metadata strings. Refuses (ABORT_TXN) when the member
// has no generation: the broker would take such a commit from anybody. Once per transaction, after the
// last put.
TOC_NODISCARD toc_rc toc_txn_offsets(struct toc_txn *txn, struct toc_consumer *consumer,
        const struct toc_offset *offsets, size_t count, struct toc_err *err);

// Waits until all is stored, then commits. A time-out of the commit itself is resumed inside; what stays
// undecided is FATAL.
TOC_NODISCARD toc_rc toc_txn_commit(struct toc_txn *txn, struct toc_err *err);
TOC_NODISCARD toc_rc toc_txn_abort(struct toc_txn *txn, struct toc_err *err); // only FATAL failures

bool toc_txn_is_open(const struct toc_txn *txn);
// A newer process opened the same id, or the broker gave up on this one: the epoch is not ours.
bool toc_txn_fenced(const struct toc_txn *txn);
struct toc_txn_counts toc_txn_counts(const struct toc_txn *txn);

// An open transaction stays open until the next toc_txn_open or its time-out: abort before. NULL is fine.
void toc_txn_close(struct toc_txn *txn);
