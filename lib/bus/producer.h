// Sending records outside transactions: idempotent, acks from all replicas, one delivery report per
// record. For members' submissions, ticks, route and operator tools.
// @locality one thread, callbacks included.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/bus/conf.h"
#include "lib/bus/record.h"

struct toc_producer; // opaque

struct toc_delivery {
    void *opaque; // as given to toc_producer_send
    const char *topic;
    int32_t partition;
    int64_t offset; // -1 when it failed
    // NULL = stored by all replicas in sync. Fate RECORD = the broker refuses this record for good
    // (too large...); RETRY = not known to be stored, it may be: send it again, readers tell repeats apart by
    // their own sequence. Code AUTH = no right to write the topic.
    const struct toc_err *error;
    // It failed because another record was refused and took the handle along, or because the producer was
    // closed: nothing is known against this record or its topic. Code and text are those of the other one.
    bool fell;
};

struct toc_producer_opts {
    void (*delivered)(void *ctx, const struct toc_delivery *delivery); // from serve, flush, close
    void *ctx;
    const char *compression; // NULL = "none" ("lz4", "zstd"); submit takes none
    int64_t linger_ms;       // how long a record may wait for company, 0..1,000
    int64_t delivery_ms;     // 0 = 30,000: a record not stored by then is reported as failed
    int64_t queue_records;   // 0 = 100,000
    int64_t queue_kbytes;    // 0 = 65,536
};

TOC_NODISCARD toc_rc toc_producer_open(const struct toc_bus_conf *conf, struct toc_bus_log log,
        const struct toc_producer_opts *opts, struct toc_producer **out, struct toc_err *err);

// Code BUSY (fate RETRY) = the queue is full, or the handle is about to be built anew after a refusal
// that killed it (a missing right does): serve with a time-out, then try again. Other codes with fate RETRY: a
// right or the topic is missing. Fate RECORD: this record cannot be sent.
TOC_NODISCARD toc_rc toc_producer_send(struct toc_producer *producer, const struct toc_send *record,
        void *opaque, struct toc_err *err);

// Runs delivery callbacks until none is due, waiting for the first at most timeout_ms; returns how
// many ran. Rebuilds the handle when it died: every record in it is reported first. At most one
// rebuild per second, slower up to 30 s while they keep dying.
size_t toc_producer_serve(struct toc_producer *producer, int timeout_ms);

// Serves until nothing waits; TIMEOUT otherwise, with how many still do and why.
TOC_NODISCARD toc_rc toc_producer_flush(
        struct toc_producer *producer, int timeout_ms, struct toc_err *err);

// Reports what still waits as failed, then frees. NULL is fine.
void toc_producer_close(struct toc_producer *producer);
