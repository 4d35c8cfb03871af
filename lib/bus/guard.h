// What to do with an offset that was delivered. Two small machines without Kafka, so that tests can
// drive them. Inside lib/bus only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// ---- the next-offset guard
// Below 2.4.0 librdkafka delivers old records again after a rebalance, and its batch calls skipped some: so
// each partition knows what it expects.
struct toc_guard {
    int64_t next; // the offset expected; TOC_OFFSET_NONE = the first one delivered decides
    int64_t gap;  // first offset beyond the hole that was asked for again; TOC_OFFSET_NONE = none
};

enum toc_guard_says {
    TOC_GUARD_PASS,  // take it; next moved behind it
    TOC_GUARD_DROP,  // delivered before
    TOC_GUARD_AGAIN, // something is missing: seek to `next`, once
};

struct toc_guard toc_guard_at(int64_t next);
// check_gaps false: a hole is always genuine (markers, compaction). True: it is when asking again gives the
// same first offset.
enum toc_guard_says toc_guard_see(struct toc_guard *guard, int64_t offset, bool check_gaps);
// Everything below `offset` is known to hold nothing for us.
void toc_guard_past(struct toc_guard *guard, int64_t offset);

// ---- stepping over a batch that cannot be decoded
// The client says where the batch begins, not where it ends. A fetch from inside it fails again with the
// same beginning, a fetch from behind it does not: so its end is found by seeking ahead in growing, then
// halving steps. A batch of one record at the end of the log needs no probe at all.
struct toc_skip {
    bool active;
    int64_t base; // first offset of the batch
    int64_t low;  // known to be inside
    int64_t high; // known to be behind it
    int64_t step; // how far the next probe reaches; 0 once an upper bound was met
    int64_t probe;
};

// `end`: the high watermark, so certainly behind the batch. Returns the offset to seek to, or -1 when the
// search is over: skip->high is the first offset behind the batch.
int64_t toc_skip_begin(struct toc_skip *skip, int64_t base, int64_t end);
// What the probe met: the same error (inside) or anything else. Returns like begin.
int64_t toc_skip_learn(struct toc_skip *skip, bool inside);
