// Work that touches every entry once (a reference change, a suspension, a policy change), moved on by ticks
// in bounded steps, each audience at its own pace; and the timers that ticks fire.
#pragma once

#include "hub/fuse/step.h"

// Opens a job, or asks the one that runs for one more pass.
TOC_NODISCARD toc_rc job_open(struct toc_fuse *fuse, const char *what, struct toc_err *err);

// At a counted tick: at most TOC_TICK_ENTRIES_MAX entries of each audience.
TOC_NODISCARD toc_rc job_move(struct toc_fuse *fuse, struct toc_err *err);

// At a counted tick: at most TOC_TICK_TIMERS_MAX due timers of each audience, judged as of the time they
// were due; then forgets what no audience sees any more.
TOC_NODISCARD toc_rc timers_fire(struct toc_fuse *fuse, struct toc_err *err);
