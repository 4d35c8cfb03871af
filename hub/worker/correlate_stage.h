// Correlate as a stage of the worker loop: topic names around hub/correlate. Its input is written by route
// alone, so it has no ticks and no questions.
#pragma once

#include "hub/worker/stage.h"
#include "lib/base/metrics.h"

struct toc_correlate_stage; // what all partitions share

struct toc_correlate_stage_conf {
    const char *prefix;
    int32_t partitions; // of correlations.<audience>
    struct toc_metrics *metrics;
};

TOC_NODISCARD toc_rc toc_correlate_stage_new(const struct toc_correlate_stage_conf *conf, struct toc_correlate_stage **out,
        struct toc_err *err);
void toc_correlate_stage_free(struct toc_correlate_stage *stage); // after the workers; NULL is fine
const struct toc_stage *toc_correlate_stage(const struct toc_correlate_stage *stage);
