// One reading of one input, from its stream to a plan.
#pragma once

#include "lib/base/err.h"
#include "producers/reader/reader.h"
#include "producers/runner/plan.h"
#include "producers/runner/report.h"
#include "producers/runner/setup.h"

// Memory of one run of the sorter; with what is around it, a publisher stays far below 32 MiB.
#define TOC_SORT_MEMORY_BYTES ((size_t)6 * 1024 * 1024)

// Reads the stream to its end and makes `plan` (initialised here, for toc_plan_done, also after a
// failure) of what may leave. `dir` is where it is sorted.
TOC_NODISCARD toc_rc toc_submission_read(struct toc_setup *setup, struct toc_reader *reader,
        FILE *stream, const char *dir, struct toc_report *report, struct toc_plan *plan,
        struct toc_err *err);
