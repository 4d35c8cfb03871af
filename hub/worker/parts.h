// The partitions a worker owns, each with its state and stage instance. Inside hub/worker only.
#pragma once

#include "hub/worker/worker.h"
#include "lib/bus/consumer.h"

struct part {
    int32_t partition;
    struct toc_state *state;
    void *instance;
    int64_t next;  // offset of the next input record to step
    int64_t saved; // next as last committed
    bool touched;  // stepped since the last commit
};

struct parts {
    const struct toc_worker_conf *conf;
    struct part *items;
    size_t count, cap;
    struct toc_metric *restored;
};

struct part *parts_find(struct parts *parts, int32_t partition);

// Restores the state of newly assigned partitions from the state log and says where to read on.
TOC_NODISCARD toc_rc parts_assigned(struct parts *parts, struct toc_assigned *assigned, size_t count, struct toc_err *err);
void parts_drop(struct parts *parts, int32_t partition);
void parts_drop_all(struct parts *parts);
