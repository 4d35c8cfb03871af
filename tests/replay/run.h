// A log through hub/replay/replay.h, with everything that came out kept in order.
#pragma once

#include "tests/replay/gen.h"

#include "hub/replay/replay.h"
#include "schemas/indicator.h"
#include "schemas/receipt.h"

struct run_out {
    int32_t partition;
    enum toc_fuse_out where;
    int audience;
    int64_t time;
    struct toc_slice key, value;
};

struct run {
    struct toc_replay *replay;
    struct toc_arena arena;
    struct run_out *outs; // in order within each partition
    size_t count, cap;
};

// way: NULL is one record a transaction.
void run_log(struct run *run, struct gen_log *log, const struct toc_replay_way *way);
void run_close(struct run *run);

// One record more, beyond the log's end.
void run_more(struct run *run, struct gen_log *log, size_t from_event);

// The view of an indicator as last published to an audience; false: there is none.
bool run_view(struct run *run, int audience, enum toc_kind kind, struct toc_slice value, struct toc_indicator *out);

// Next output at or after *at that has `where` and, for indicators, the audience, in the partition; NULL: no more.
const struct run_out *run_next(const struct run *run, size_t *at, int32_t partition, enum toc_fuse_out where, int audience);

void run_same_out(const struct run_out *a, const struct run_out *b, const char *what, uint64_t seed);
