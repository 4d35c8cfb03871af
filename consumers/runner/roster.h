// What the hub says of this member, in roster.<member>: its own record (which audience it may read) and
// its interests. Only decisions that genesis' root, or an operator key that root granted, has signed
// count (lib/indicator/book.h): whoever can write that topic decides nothing by it.
#pragma once

#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/bus/conf.h"
#include "lib/indicator/book.h"
#include "lib/member/genesis.h"

struct toc_roster {
    const struct toc_member *member; // NULL: not (or no longer) admitted
    struct toc_slice expression;     // of the interest asked for
    size_t refused;                  // decisions that change nothing
    char first_refused[200];         // which of them came first, and why
    struct toc_book *book;           // what member and expression borrow from
};

// Reads the whole topic. interest: its id, or empty. NOTFOUND: no such interest of this member; AUTH,
// KAFKA, TIMEOUT as lib/bus. *out is for toc_roster_done, also after a failure: what was refused may
// explain it.
TOC_NODISCARD toc_rc toc_roster_read(const struct toc_bus_conf *conf, struct toc_bus_log log,
        const struct toc_genesis_file *genesis, struct toc_slice member, struct toc_slice interest,
        struct toc_roster *out, struct toc_err *err);
void toc_roster_done(struct toc_roster *roster); // zeroed ones are fine
