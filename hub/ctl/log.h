// The log of decisions: the topic `control` and every partition of `submit`, written in one transaction, each
// decision numbered one above the last.
#pragma once

#include "hub/ctl/ctl.h"
#include "lib/base/arena.h"

// Everything decided so far, latest of each thing.
struct decisions {
    struct toc_arena arena;
    struct toc_control *items; // in the order of `control`
    struct toc_slice *values;  // the same as they stand there
    size_t count, cap, values_cap;
    int64_t last; // sequence; 0: not even genesis
};

TOC_NODISCARD toc_rc decisions_read(struct ctl *ctl, struct decisions *out, struct toc_err *err);
void decisions_done(struct decisions *decisions);

const struct toc_member *decisions_member(const struct decisions *decisions, struct toc_slice id);
// The set of that name that counts; NULL: none does.
const struct toc_reference_use *decisions_reference(const struct decisions *decisions, struct toc_slice name);

// Signs the decision (sequence, time and operator are filled in; the role says with which key) and writes it.
// also_roster: the member whose roster gets a copy; empty: none. With a member's record its roster also gets what
// proves it: genesis and the keys that may decide. A decision on a key goes to every roster.
TOC_NODISCARD toc_rc decide(struct ctl *ctl, struct decisions *so_far, struct toc_control *control, enum toc_key_role role,
        struct toc_slice also_roster, struct toc_err *err);
// Writes the genesis value as it lies in the file: the first record of all.
TOC_NODISCARD toc_rc decide_genesis(struct ctl *ctl, const struct toc_genesis_file *genesis, struct toc_err *err);
