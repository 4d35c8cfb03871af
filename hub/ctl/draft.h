// A genesis before it is anybody's: made in memory, so that what it would be can be shown and checked against the
// broker before a file says so.
#pragma once

#include "hub/ctl/ctl.h"
#include "lib/indicator/audience.h"

#define DRAFT_AUDIENCES 4 // toc_audience_defaults

struct draft {
    struct toc_genesis facts; // borrows from what is below, and the name from the caller
    struct toc_audience audiences[DRAFT_AUDIENCES];
    uint8_t root_keys[1][TOC_KEY_PUBLIC_BYTES];
    struct toc_buf value; // signed: what genesis.toc will hold
};

// Needs root.signing.key and deployment.key. *out stays where it is (it borrows from itself); draft_done in any case.
TOC_NODISCARD toc_rc draft_make(struct ctl *ctl, const char *name, int32_t partitions, struct draft *out, struct toc_err *err);
// EXISTS when there is a genesis.toc already.
TOC_NODISCARD toc_rc draft_save(const struct draft *draft, const char *path, struct toc_err *err);
void draft_done(struct draft *draft);
