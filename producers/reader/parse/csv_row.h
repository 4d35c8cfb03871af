// Inside producers/reader: one record of a table split into cells (RFC 4180 section 2).
#pragma once

#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/slice.h"

#define TOC_CSV_CELLS_MAX 256

enum toc_csv_split {
    TOC_CSV_WHOLE,
    TOC_CSV_OPEN,  // a quoted cell goes on in the next line
    TOC_CSV_WRONG, // text behind a closing quote, or too many cells
};

struct toc_csv_row {
    struct toc_slice cells[TOC_CSV_CELLS_MAX]; // trimmed; borrowed from the record or from `text`
    size_t count;
    struct toc_buf text; // unquoted cells
};

// quotes = false: a quote is a character like any other (Zeek). `row->text` was set up by the caller.
enum toc_csv_split toc_csv_split(
        struct toc_slice record, char delimiter, bool quotes, struct toc_csv_row *row);
