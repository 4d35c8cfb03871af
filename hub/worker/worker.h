// The exactly-once loop: one thread, one group member, one transactional producer, the state of its
// partitions. Outputs, state log, receipts, quarantine and input offsets commit in one Kafka transaction;
// whatever goes wrong before that is rolled back and done again from the records still held.
#pragma once

#include <stdbool.h>

#include "hub/worker/life.h"
#include "hub/worker/stage.h"
#include "lib/base/metrics.h"
#include "lib/base/time.h"
#include "lib/bus/conf.h"

struct toc_worker_conf {
    const struct toc_stage *stage;
    const struct toc_bus_conf *bus;
    struct toc_bus_log log;
    const char *hub_id; // group.instance.id and transactional.id are <hub>-<stage>-<number>
    int number;
    int64_t commit_ms;     // 50: longest time a record waits for its transaction
    int64_t session_ms;    // how long a dead worker keeps its partitions
    int64_t fetch_kbytes;  // memory for records fetched ahead
    const struct toc_clock *clock;
    struct toc_metrics *metrics;
    int ended_fd; // an eventfd, written to when another process took the name (ENDED); 0: none
};

struct toc_worker; // one thread of its own

TOC_NODISCARD toc_rc toc_worker_start(const struct toc_worker_conf *conf, struct toc_worker **out, struct toc_err *err);

// Finishes the transaction in hand, hands over, ends the thread. Waits for it.
void toc_worker_stop(struct toc_worker *worker); // NULL is fine
// Begins that and returns at once: so that many end side by side.
void toc_worker_tell_stop(struct toc_worker *worker);

enum toc_worker_life toc_worker_life(const struct toc_worker *worker);
int64_t toc_worker_beat_ms(const struct toc_worker *worker); // monotonic time of the last turn of the loop

// Asks the instance that owns the partition (-1: each owned one, answers joined as a JSON array). Waits for the
// next commit boundary, at most timeout_ms. NOTFOUND when this worker does not own it.
TOC_NODISCARD toc_rc toc_worker_ask(struct toc_worker *worker, int32_t partition, struct toc_slice question,
        int timeout_ms, struct toc_buf *answer, struct toc_err *err);
