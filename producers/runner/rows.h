// Files of entries: sort key and bytes, one behind the other. Runs of the sorter, plans and the full lists
// in the state directory have this form. It is this machine's own: lengths are in its byte order.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

#define TOC_SORT_KEY_BYTES 22 // entry.h says what stands in it
#define TOC_SORT_ENTRY_BYTES_MAX (256 * 1024)

// One entry read back. The bytes are borrowed until the next read.
struct toc_entry_row {
    uint8_t key[TOC_SORT_KEY_BYTES];
    struct toc_buf bytes;
};
void toc_entry_row_init(struct toc_entry_row *row);
void toc_entry_row_done(struct toc_entry_row *row);
TOC_NODISCARD toc_rc toc_entry_read(
        FILE *file, struct toc_entry_row *row, bool *out_more, struct toc_err *err);
TOC_NODISCARD toc_rc toc_entry_write(
        FILE *file, const uint8_t *sort_key, struct toc_slice bytes, struct toc_err *err);

// A file without a name in `dir`: gone when the process is. It has one, beginning so, for an instant.
#define TOC_NAMELESS ".nameless-"
TOC_NODISCARD toc_rc toc_nameless_open(const char *dir, FILE **out, struct toc_err *err);
