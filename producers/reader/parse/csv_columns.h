// Inside producers/reader: what the columns of a table are, told by its header line.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "producers/reader/parse/csv_row.h"
#include "producers/reader/reader.h"

enum toc_csv_role {
    TOC_CSV_IGNORED = 0,
    TOC_CSV_VALUE, // an indicator of the kind the column's name says
    TOC_CSV_TYPED, // an indicator of the kind the row's type column says, or its form
    TOC_CSV_TYPE,
    TOC_CSV_TAGS,
    TOC_CSV_MALWARE, // a tag malware:...
    TOC_CSV_CONFIDENCE,
    TOC_CSV_SEVERITY,
    TOC_CSV_FIRST_SEEN,
    TOC_CSV_LAST_SEEN,
    TOC_CSV_VALID_UNTIL,
    TOC_CSV_COUNT,
    TOC_CSV_ACTION,
    TOC_CSV_DESCRIPTION,
    TOC_CSV_REFERENCE,
};

struct toc_csv_columns {
    enum toc_csv_role roles[TOC_CSV_CELLS_MAX];
    uint32_t claims[TOC_CSV_CELLS_MAX];
    size_t count;
    size_t known; // columns whose name is known
    bool has_value;
    char delimiter;
    bool quotes;
};

// Finds the delimiter (of , ; tab |) that gives the most known columns. False when the line names no
// column with an indicator; *out is then unchanged. Where there is a general column (value,
// indicator, ioc), the others hold what belongs to it: a link, a hash of the report. They are ignored.
bool toc_csv_header(struct toc_slice line, struct toc_csv_columns *out);

// Zeek's intel framework: "#fields", tab, names.
#define TOC_ZEEK_FIELDS "#fields\t"

// A single column of values, for a file without a header.
void toc_csv_single(struct toc_csv_columns *out);
