// The member's allow file: values that no output of this machine may hold, whatever the hub advises.
// One a line, four fields with a tab between: value, until (RFC 3339; empty: no end), since, why.
// `tocsin-subscribe allow` edits it under a lock, a person may with an editor; '#' begins a comment. A
// running subscriber takes changes up by itself.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "consumers/sink/sink.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/base/time.h"

#define TOC_ALLOW_BYTES_MAX (1024 * 1024)
#define TOC_ALLOW_ROWS_MAX 1000 // each is compared with every entry of every output
#define TOC_ALLOW_WHY_BYTES_MAX 200
#define TOC_ALLOW_FOR_MAX                                                                          \
    (366 * TOC_MS_DAY) // what must stand longer belongs into privacy.own_names

struct toc_allow_row {
    struct toc_guard guard;
    int64_t until_ms, since_ms; // 0: not stated
    struct toc_slice why;
};

struct toc_allow {              // all zero: empty
    struct toc_allow_row *rows; // those in force first
    size_t count, in_force;
    struct toc_guard *guards; // of those in force
    int64_t next_end_ms;      // when the first of them ends; INT64_MAX: never
    size_t bad_line;          // number of the first line that could not be read; 0: none
    struct toc_arena arena;   // what all of this lies in
};

// A missing file is an empty one. A line that cannot be read is left out and noted in bad_line: the
// others must hold all the same. LIMIT: too many rows; IO. *out is for toc_allow_done.
TOC_NODISCARD toc_rc toc_allow_load(
        const char *path, int64_t now_ms, struct toc_allow *out, struct toc_err *err);
void toc_allow_done(struct toc_allow *allow);

// Adds the value, or replaces its row; lines that ended go. `value` in any spelling that
// tocsin-publish takes. USAGE when it is none, or the time or reason is not fit; BUSY when another edits.
TOC_NODISCARD toc_rc toc_allow_add(const char *path, struct toc_slice value, int64_t for_ms,
        struct toc_slice why, int64_t now_ms, struct toc_err *err);
// NOTFOUND when it is not in the file.
TOC_NODISCARD toc_rc toc_allow_remove(
        const char *path, struct toc_slice value, int64_t now_ms, struct toc_err *err);
