// What is said about a record: quarantine, the counters of its sender, and the receipt that tells it.
#pragma once

#include "hub/fuse/admit.h"
#include "hub/fuse/step.h"
#include "lib/indicator/limits.h"
#include "schemas/receipt.h"
#include "schemas/refusal.h"
#include "schemas/segment.h"

// A segment in hand.
struct account {
    const struct toc_fuse_input *input;
    const struct toc_segment *segment;
    const struct roll_member *member;
    struct toc_receipt receipt;
    struct toc_refused_observation refusals[TOC_SEGMENT_OBSERVATIONS_MAX];
};

void account_open(struct toc_fuse *fuse, const struct toc_fuse_input *input, const struct admitted *a,
        const struct toc_segment *segment, struct account *out);

// A record that counts for no member, refused as a whole; holder: whose key signed it, "" while that is not proven.
// Never a foreign byte.
TOC_NODISCARD toc_rc account_quarantine(struct toc_fuse *fuse, const struct toc_fuse_input *input, struct toc_slice holder,
        enum toc_refusal code, struct toc_err *err);
// What a member's segment lost, as its receipt says it: all (code), or single observations (NONE).
TOC_NODISCARD toc_rc account_quarantine_segment(struct toc_fuse *fuse, const struct account *account, enum toc_refusal code,
        struct toc_err *err);

// Conservation: what the receipt says is added to the member's counters.
TOC_NODISCARD toc_rc account_book(struct toc_fuse *fuse, const struct account *account, struct toc_err *err);
TOC_NODISCARD toc_rc account_receipt(struct toc_fuse *fuse, struct account *account, struct toc_err *err);

// The whole segment is refused: all it holds is quarantined, or was taken before.
TOC_NODISCARD toc_rc account_refuse(struct toc_fuse *fuse, struct account *account, enum toc_refusal code, struct toc_err *err);
