// Fuse as a stage of the worker loop: topic names, ticks and questions around hub/fuse.
#pragma once

#include "hub/worker/library.h"
#include "hub/worker/stage.h"
#include "lib/base/key.h"
#include "lib/base/metrics.h"

struct toc_fuse_stage; // what all partitions share

struct toc_fuse_stage_conf {
    const char *prefix;
    const char *hub_id;
    uint8_t genesis_digest[32];
    uint8_t deployment_key[32];
    const struct toc_key *key; // signs ticks
    struct toc_library *library;
    struct toc_metrics *metrics;
};

TOC_NODISCARD toc_rc toc_fuse_stage_new(const struct toc_fuse_stage_conf *conf, struct toc_fuse_stage **out, struct toc_err *err);
void toc_fuse_stage_free(struct toc_fuse_stage *stage);
const struct toc_stage *toc_fuse_stage(const struct toc_fuse_stage *stage);
