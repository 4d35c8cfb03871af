// Counters kept in rows of the state: conservation per member, limits per member and marking, who reports
// hits. Limits hold per partition as ceil(1.25 x limit / P); a contribution is tested against those of its
// own marking only, so that no marking tells of another.
#pragma once

#include "hub/fuse/merge.h"
#include "hub/fuse/step.h"
#include "schemas/refusal.h"

struct quota {
    const struct roll_member *member;
    enum toc_marking marking;
    struct toc_quota_row row;
};

// Conservation (ARCHITECTURE.md 2.6): sent = changed + unchanged + quarantined + repeated.
TOC_NODISCARD toc_rc count_load(struct toc_fuse *fuse, struct toc_slice member, struct toc_count_row *out, struct toc_err *err);
TOC_NODISCARD toc_rc count_save(struct toc_fuse *fuse, struct toc_slice member, const struct toc_count_row *row, struct toc_err *err);

TOC_NODISCARD toc_rc quota_load(struct toc_fuse *fuse, const struct roll_member *member, enum toc_marking marking,
        struct quota *out, struct toc_err *err);
TOC_NODISCARD toc_rc quota_save(struct toc_fuse *fuse, const struct quota *quota, struct toc_err *err);

// May a contribution become this? Then it is counted.
enum toc_refusal quota_admits(const struct toc_fuse *fuse, const struct quota *quota, const struct merge_effect *effect);
void quota_count(struct quota *quota, const struct merge_effect *effect);

// A contribution left the state.
TOC_NODISCARD toc_rc quota_forget(struct toc_fuse *fuse, const struct toc_contribution *c, struct toc_err *err);

// A member reported a hit now; and how many organisations did in the 24 hours before the one t lies in, as far as
// the audience may know. The hour under way does not count: within it the number stands still, so that a view
// is the same whatever order the hits of an hour come in. A view is judged by a new number when it is next
// touched or due: one that is hit, within the hour.
TOC_NODISCARD toc_rc quota_hit(struct toc_fuse *fuse, const struct roll_member *member, enum toc_marking marking, struct toc_err *err);
TOC_NODISCARD toc_rc quota_hitters(struct toc_fuse *fuse, int audience, int64_t t, int64_t *out, struct toc_err *err);
