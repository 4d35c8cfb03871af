// --full-list: the input is the whole list. What was on the last one under the same marking and is missing
// now is withdrawn. Publishers do empty their feeds for an hour and bring them back: a list that shrinks
// by more than half is held (nothing is withdrawn, the missing stay on the list) until a run accepts it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "producers/runner/plan.h"

struct toc_full_list {
    uint64_t before, now; // asserted by the last list and by this one
    uint64_t missing;     // on the last one and not on this
    bool held;            // the missing were not withdrawn
};

// Reads the entries of `plan` and adds them to `out` together with the withdrawals; writes the list that is
// the last one from then on to new_path (made or overwritten, synced; NULL: not at all). A last_path that is not there is
// an empty list.
TOC_NODISCARD toc_rc toc_full_list_join(struct toc_plan *plan, const char *last_path,
        const char *new_path, bool accept_shrink, struct toc_plan *out,
        struct toc_full_list *result, struct toc_err *err);
