// Walking a topic from its beginning to the end that was there when asked.
#pragma once

#include "hub/ctl/ctl.h"
#include "lib/bus/walk.h"

typedef toc_rc scan_fn(void *ctx, const struct toc_record *record, struct toc_err *err);
// from: first offset of every partition, or TOC_OFFSET_BEGINNING; partition -1: all of them. Offsets that nobody can
// decode are counted into *skipped (may be NULL).
TOC_NODISCARD toc_rc scan_topic(struct ctl *ctl, const char *topic, int32_t partition, int64_t from, scan_fn *fn, void *ctx,
        uint64_t *skipped, struct toc_err *err);
