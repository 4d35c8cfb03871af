// tocsinctl doctor: what its parts share.
#pragma once

#include "hub/ctl/ctl.h"
#include "lib/base/err.h"

struct visit {
    struct ctl *ctl;
    int wrong;
};

// One line each; what is wrong is counted and has a next step.
void doctor_good(const char *fmt, ...) TOC_PRINTF(1, 2);
void doctor_wrong(struct visit *visit, const char *next, const char *fmt, ...) TOC_PRINTF(3, 4);

// What the hubs, their partitions and the members' counters say. last: the number of decisions there are.
void doctor_look_at_hubs(struct visit *visit, int64_t last);
