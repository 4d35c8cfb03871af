// A log through hub/replay/replay.h, with everything that came out kept in order.
#pragma once

#include "tests/replay/gen.h"

#include "hub/replay/replay.h"
#include "lib/base/json.h"
#include "schemas/indicator.h"
#include "schemas/receipt.h"

struct run_out {
    int32_t partition;
    enum toc_fuse_out where;
    int audience;
    int64_t time;
    struct toc_slice key, value;
    struct toc_slice headers; // "name=value\n" each
};

struct run {
    struct toc_replay *replay;
    struct toc_arena arena;
    struct run_out *outs; // in order within each partition
    size_t count, cap;
};

// The whole log. way: NULL is one record a transaction.
void run_log(struct run *run, struct gen_log *log, const struct toc_replay_way *way);
// The same in parts: events [from, to), and what is in hand is committed.
void run_open(struct run *run, struct gen_log *log, const struct toc_replay_way *way);
void run_feed(struct run *run, struct gen_log *log, size_t from, size_t to);
void run_close(struct run *run);

// The view of an indicator as last published to an audience; false: there is none.
bool run_view(struct run *run, int audience, enum toc_kind kind, struct toc_slice value,
        struct toc_indicator *out);

// What explain says of an indicator at the end of the log; the caller drops it.
json_t *run_explain(struct run *run, enum toc_kind kind, struct toc_slice value);

// Next output at or after *at that has `where` and, for indicators, the audience, in the partition; NULL: no more.
const struct run_out *run_next(const struct run *run, size_t *at, int32_t partition,
        enum toc_fuse_out where, int audience);

// What explain says, as text in which neither the order of arrival nor the revision shows.
void run_flatten(json_t *explained, struct toc_buf *out);
// Do two runs explain an indicator alike?
void run_same_explained(
        struct run *a, struct run *b, enum toc_kind kind, struct toc_slice value, uint64_t seed);
// What a reader acts on; the rest may have moved within what is not worth a record.
bool run_same_view(const struct toc_indicator *a, const struct toc_indicator *b);

void run_same_out(
        const struct run_out *a, const struct run_out *b, const char *what, uint64_t seed);
