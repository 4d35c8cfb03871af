// What the hub says of this member, in roster.<member>: its own record (which audience it may read) and
// its interests. Who may write that topic is decided by the broker's rights; what it decides here is
// only what this machine asks for, so the decisions' signatures are left to the hub.
#pragma once

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/bus/conf.h"
#include "schemas/control.h"

struct toc_roster {
    const struct toc_member *member; // NULL: not (or no longer) admitted
    struct toc_slice expression;     // of the interest asked for
    struct toc_arena arena;          // what both borrow from
};

// Reads the whole topic. interest: its id, or empty. NOTFOUND: no such interest of this member; AUTH,
// KAFKA, TIMEOUT as lib/bus. *out is for toc_roster_done.
TOC_NODISCARD toc_rc toc_roster_read(const struct toc_bus_conf *conf, struct toc_bus_log log,
        struct toc_slice member, struct toc_slice interest, struct toc_roster *out,
        struct toc_err *err);
void toc_roster_done(struct toc_roster *roster);
