// When a view must be looked at again, and when its advice would end: ageing costs one timer event per
// change, not a scan.
#pragma once

#include <stdint.h>

#include "hub/fuse/judge.h"

// The first moment after t at which score bucket, status or advice differ from those at t, or something is
// forgotten; 0: never.
int64_t due_next(const struct judge_terms *terms, int64_t t);

// The first moment from t on at which advice is none if nothing more is heard; 0: it is none at t already,
// or never becomes none.
int64_t due_advice_ends(const struct judge_terms *terms, int64_t t);

#define SCORE_BUCKET 5
