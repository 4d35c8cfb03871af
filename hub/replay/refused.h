// What a replay quarantines, as JSON Lines: {"quarantine": the record, "headers": [[name, value], ...]}, partition by
// partition in the order of the log. Inside hub/replay only.
#pragma once

#include "hub/fuse/fuse.h"
#include "lib/base/buf.h"
#include "lib/indicator/limits.h"

struct refused {
    struct toc_buf lines[TOC_PARTITIONS_MAX]; // a buffer that failed: out of memory
    size_t counts[TOC_PARTITIONS_MAX];
};

void refused_init(struct refused *refused);
void refused_done(struct refused *refused);
// For toc_replay_conf.observe; ctx is the struct.
void refused_observe(void *ctx, const struct toc_fuse_record *record, int32_t partition);
