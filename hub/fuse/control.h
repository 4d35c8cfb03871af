// Operators' decisions: signed, numbered without gaps, written to every partition. Each becomes rows of the
// state; what can move a view raises the generation of the rules and opens a job.
#pragma once

#include "hub/fuse/admit.h"
#include "hub/fuse/step.h"

// The first record that counts: its Kafka value has the pinned digest and is signed by a root key it names
// itself. NONE when taken; CONTROL_SEQUENCE otherwise (nothing before genesis counts).
TOC_NODISCARD toc_rc control_genesis(struct toc_fuse *fuse, const struct toc_fuse_input *input, enum toc_refusal *out,
        struct toc_err *err);

// A later one, already authenticated. CONTROL_SEQUENCE, CONTROL_DECISION, or NONE and the roll is to be
// built anew (fuse->rolled is false).
TOC_NODISCARD toc_rc control_take(struct toc_fuse *fuse, const struct admitted *a, enum toc_refusal *out, struct toc_err *err);

// Writes genesis and members as rows, for a laboratory without an operator.
TOC_NODISCARD toc_rc control_lay_genesis(struct toc_fuse *fuse, const struct toc_genesis *genesis, struct toc_err *err);
TOC_NODISCARD toc_rc control_lay_member(struct toc_fuse *fuse, const struct toc_member *member, struct toc_err *err);
