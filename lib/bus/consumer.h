// Reading records, one by one, two ways with one face:
//   toc_consumer_join  a static member of a group: partitions come and go by rebalance; positions
//                      are committed inside transactions (lib/bus/txn.h) or, by who may repeat what
//                      it sends, with toc_consumer_commit; never by the client on its own
//   toc_consumer_read  given partitions from given positions, without a group and without a right
//                      to one: restore a state log, follow an audience, read a roster
// Records are polled singly and partitions never paused: batch calls and pause/resume of
// librdkafka 2.0.2 lose and repeat records at rebalances. Each partition has a guard of its own that
// drops what was delivered before.
// @locality one consumer belongs to one thread; all calls and callbacks run there.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/bus/conf.h"
#include "lib/bus/record.h"

struct toc_consumer; // opaque

enum toc_isolation {
    TOC_READ_COMMITTED,   // nothing of open or aborted transactions
    TOC_READ_UNCOMMITTED, // everything, also what will be aborted
};

// One partition handed to a group member.
struct toc_assigned {
    const char *topic;
    int32_t partition;
    int64_t committed;    // next offset the group committed, TOC_OFFSET_NONE if it never did
    const char *metadata; // what was committed with it; "" if nothing
    int64_t start;        // in: committed, or TOC_OFFSET_BEGINNING; out: where to start reading
};

struct toc_consumer_events {
    // Partitions arrive. The committed offsets are stable: the transaction of a former owner is
    // decided. Restore their state now (heartbeats go on meanwhile; max_poll_ms is the limit) and
    // set `start`. A failure is returned by the poll in progress; the partitions are not read then
    // and the consumer can only be closed.
    toc_rc (*assigned)(void *ctx, struct toc_assigned *parts, size_t count, struct toc_err *err);
    // Partitions leave. Not lost: finish (commit or abort) what holds records of them before
    // returning. Lost: somebody else may own them already: abort, drop their state. A failure is
    // returned by the poll or close in progress.
    toc_rc (*revoked)(void *ctx, const struct toc_offset *parts, size_t count, bool lost,
            struct toc_err *err);
    void *ctx;
};

struct toc_consumer_opts {
    enum toc_isolation isolation;
    // Memory for records fetched ahead, KiB; 0 = 65,536. When it is full librdkafka below 2.3 stops
    // that partition's fetching for a whole second, so hold at least a second of input: 262,144 for a hub
    // at full speed.
    int64_t queue_kbytes;
    // Restore: ask again within 10 ms instead of waiting up to 500 ms for more to arrive.
    bool small_waits;
    // An offset that is not the expected one is asked for once more before it is taken for a
    // genuine gap. For logs written without transactions (submit, pivots); where every transaction
    // leaves a marker, as in audience topics, leave it off: each would cost a fetch.
    bool check_gaps;
};

struct toc_consumer_group {
    const char *group;
    const char *instance; // group.instance.id, required: static membership
    const char *const *topics;
    size_t topic_count;
    int64_t session_ms;  // 0 = 30,000: how long a dead member keeps its partitions
    int64_t max_poll_ms; // 0 = 60,000: longest time between polls, restores included
};

TOC_NODISCARD toc_rc toc_consumer_join(const struct toc_bus_conf *conf, struct toc_bus_log log,
        const struct toc_consumer_opts *opts, const struct toc_consumer_group *group,
        const struct toc_consumer_events *events, struct toc_consumer **out, struct toc_err *err);

// Where to read a partition and the end that matters. For a state log written by transactions `end`
// must be the high watermark asked READ_UNCOMMITTED after the committed offset was read
// (toc_admin_offsets): markers arrive late and the last stable offset may lag behind a decided
// transaction.
struct toc_consumer_start {
    const char *topic;
    int32_t partition;
    int64_t offset; // or TOC_OFFSET_BEGINNING
    int64_t end;    // TOC_POLL_END is told once when every offset below was passed; -1 = never
};

// Asks for each topic first: AUTH (which right is missing) or NOTFOUND. A broker that does not answer is
// no failure: reading starts when it is back.
TOC_NODISCARD toc_rc toc_consumer_read(const struct toc_bus_conf *conf, struct toc_bus_log log,
        const struct toc_consumer_opts *opts, const struct toc_consumer_start *starts, size_t count,
        struct toc_consumer **out, struct toc_err *err);

enum toc_poll_kind {
    TOC_POLL_NOTHING, // no record within the time
    TOC_POLL_RECORD,
    TOC_POLL_END, // this partition of a toc_consumer_read has reached its `end`; reading goes on
    TOC_POLL_SKIPPED, // [offset, next) hold a batch that cannot be decoded; it was stepped over
};

struct toc_poll {
    enum toc_poll_kind kind;
    struct toc_record record; // RECORD: caller calls toc_record_done, whenever it wants until close
    const char *topic;        // END, SKIPPED: borrowed until the next poll
    int32_t partition;
    int64_t offset, next;
};

// At most one event. Runs the group callbacks. Failures, by fate:
//   RETRY  poll again, librdkafka recovers by itself; code AUTH = a right is missing (and which),
//          TIMEOUT = max_poll_ms was exceeded and the group took the partitions away (`revoked` with lost
//          follows). A broker that does not answer is no failure: nothing comes, and the log says why
//   FATAL  close it. Code BUSY = fenced: another process lives under the same instance, end the
//          program; NOTFOUND = the wanted offset is no longer (or not yet) in the log; any other
//          code = build a new one
TOC_NODISCARD toc_rc toc_consumer_poll(
        struct toc_consumer *consumer, int timeout_ms, struct toc_poll *out, struct toc_err *err);

// Next offset expected of a partition it holds: behind the last record polled, a skipped batch or
// the markers before an end. TOC_OFFSET_NONE before anything is known.
int64_t toc_consumer_next(
        const struct toc_consumer *consumer, const char *topic, int32_t partition);
// toc_consumer_read: every `end` was reached.
bool toc_consumer_ended(const struct toc_consumer *consumer);
// True: the group has given this member its part once, be it none.
bool toc_consumer_joined(const struct toc_consumer *consumer);

// Commits the group's positions (next offsets), waiting for the broker's word at most timeout_ms. Only for
// consumers whose outputs may be repeated: first everything that came of the records below is known to
// be stored, then this. So nothing is lost, and after an unclean end what was not committed comes again.
// Failures, by fate:
//   RETRY  not known to be committed; a later commit covers it. Also when the group has given the partitions
//          to somebody else meanwhile: `revoked` with lost follows
//   FATAL  code BUSY: another process lives under the same instance
TOC_NODISCARD toc_rc toc_consumer_commit(struct toc_consumer *consumer,
        const struct toc_offset *offsets, size_t count, int timeout_ms, struct toc_err *err);

// Reads a held partition from `offset` again (or further on).
TOC_NODISCARD toc_rc toc_consumer_seek(struct toc_consumer *consumer, const char *topic,
        int32_t partition, int64_t offset, struct toc_err *err);
// No more records of this partition until it is assigned anew; the others go on.
TOC_NODISCARD toc_rc toc_consumer_stop(
        struct toc_consumer *consumer, const char *topic, int32_t partition, struct toc_err *err);

// Ends: `revoked` runs for what is held. A static member sends no farewell, so its partitions wait
// session_ms for its return. Frees the consumer whatever it returns; NULL is fine.
toc_rc toc_consumer_close(struct toc_consumer *consumer, struct toc_err *err);
