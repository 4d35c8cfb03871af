// The rows of a state: named bytes. A row keeps two buffers, the value now and the value at the last
// commit, and they change places: a row that changes with every segment costs no allocation.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hub/state/state.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct row_value {
    uint8_t *ptr;
    uint32_t len, cap;
    bool there;
};

struct row {
    struct row_value now;
    struct row_value before; // at the last commit while `touched`; else only spare memory
    uint64_t hash;
    bool touched;
    uint8_t name_len;
    char name[]; // NUL-terminated
};

struct rows {
    struct row **slots; // open addressing, a power of two, at most half full
    size_t slot_count, count;
    struct row **touched; // since the last commit
    size_t touched_count, touched_cap;
    struct row **sorted; // all rows by name, while `in_order`
    size_t sorted_cap;
    bool in_order;
    uint64_t seed;
    uint64_t value_bytes; // of the rows that are there, as the log counts them
    uint64_t bytes;       // resident
};

#define ROW_SET_BYTES (2 + 3) // the lengths of name and value in the log, at most

// What a row takes in a sweep.
static inline uint64_t row_logged_bytes(const struct row *row)
{
    return row->now.there ? ROW_SET_BYTES + (uint64_t)row->name_len + row->now.len : 0;
}

void rows_init(struct rows *rows, uint64_t seed);
void rows_done(struct rows *rows);

struct toc_slice rows_get(const struct rows *rows, struct toc_slice name);
// A value without .ptr: the row goes. MEMORY leaves all as it was.
TOC_NODISCARD toc_rc rows_set(
        struct rows *rows, struct toc_slice name, struct toc_slice value, struct toc_err *err);

// Brings the rows in order; then they are rows->sorted[0 .. rows->count), those not `there` among them.
TOC_NODISCARD toc_rc rows_sort(struct rows *rows, struct toc_err *err);
// The first one in that order not below `name`.
size_t rows_from(const struct rows *rows, struct toc_slice name);

void rows_commit(struct rows *rows);
void rows_rollback(struct rows *rows);
