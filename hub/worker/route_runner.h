// Route around hub/route: a group of its own over all indicators.<audience> and receipts, and all of `control` for
// itself. At least once: records go out by the plain idempotent producer, offsets are committed only below what
// the brokers have confirmed. Nothing may be lost, nor overtake what must come before it: a record is retried
// until it is stored, and when one has to be sent again, so is everything behind it.
//
// A member's own topic (receipts.<member>, interest.<id>) that is missing or may not be written stops nobody
// else: what was for it is dropped, counted and reported, and it is left alone for a minute.
#pragma once

#include "hub/worker/life.h"
#include "lib/base/metrics.h"
#include "lib/bus/conf.h"

struct toc_route_runner_conf {
    const struct toc_bus_conf *bus;
    struct toc_bus_log log;
    const char *hub_id; // group.instance.id is <prefix><hub>-route-0
    uint8_t genesis_digest[32];
    int64_t fetch_kbytes;
    int64_t session_ms; // how long a dead one keeps its partitions
    const struct toc_clock *clock;
    struct toc_metrics *metrics;
    int ended_fd; // an eventfd, written to when another process took the name (ENDED); 0: none
};

struct toc_route_runner; // one thread of its own

TOC_NODISCARD toc_rc toc_route_runner_start(const struct toc_route_runner_conf *conf, struct toc_route_runner **out,
        struct toc_err *err);
void toc_route_runner_tell_stop(struct toc_route_runner *runner); // begins to stop; returns at once
// Waits a moment for what is on its way, commits, ends the thread. NULL is fine.
void toc_route_runner_stop(struct toc_route_runner *runner);

// STARTING until genesis was read and partitions came; TROUBLED while it is built anew or sends again.
enum toc_worker_life toc_route_runner_life(const struct toc_route_runner *runner);
int64_t toc_route_runner_beat_ms(const struct toc_route_runner *runner); // as toc_worker_beat_ms
