// The life of a thread of the hub: it runs, and when it fails it is built anew after a pause that grows; until it
// is told to stop or another process lives under its name (BUSY).
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/metrics.h"
#include "lib/base/time.h"

enum toc_worker_life {
    TOC_WORKER_STARTING,
    TOC_WORKER_RUNNING, // assigned and restored, commits advance
    TOC_WORKER_TROUBLED, // being built anew after a failure, or a partition is stopped
    TOC_WORKER_ENDED,    // for good: another process has its name
};

struct life {
    const char *name; // outlives it
    const struct toc_clock *clock;
    struct toc_metric *rebuilds;
    // Builds and runs until life_stopping (then OK) or a failure; beats at least once a second.
    toc_rc (*run)(void *ctx, struct toc_err *err);
    void (*tear_down)(void *ctx, bool clean); // after each run; clean: it did not fail
    void *ctx;
    int ended_fd; // an eventfd that learns of the end for good; 0: nobody does

    int64_t without_ms; // monotonic, since when it has no work; 0: it has
    pthread_t thread;
    pthread_mutex_t lock; // guards wake
    pthread_cond_t wake;  // ends a pause early
    atomic_bool stopping;
    atomic_int state;
    atomic_llong beat;
};

// The fields above the gap are filled in by the caller. FATAL when there is no thread.
TOC_NODISCARD toc_rc life_start(struct life *life, struct toc_err *err);
void life_tell(struct life *life); // to stop; returns at once
void life_join(struct life *life); // tells, and waits for the end

// For the thread itself:
bool life_stopping(const struct life *life);
void life_is(struct life *life, enum toc_worker_life state);
void life_beat(struct life *life);
// Every turn. Whoever has had no work for a while runs: more threads than partitions is no trouble.
void life_without_work(struct life *life, bool without);
