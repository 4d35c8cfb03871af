// The checked tree between expr_parse.c, which makes it, and expr.c, which asks it. Nobody else
// includes this.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/avro/rt.h"
#include "lib/base/slice.h"
#include "lib/indicator/expr.h"

enum expr_type {
    EXPR_NUMBER, // = != < <= > >= in
    EXPR_TIME,   // likewise; 0 in a record is "not stated"
    EXPR_RANK,   // word of an enum whose order means something: likewise
    EXPR_WORD,   // word of an enum without order: = != in
    EXPR_FLAG,   // alone, or = true, = false
    EXPR_TEXT,   // = != in starts ends contains under; empty in a record is "not stated"
    EXPR_TEXTS,  // several texts: true if one of them is; != if none is
};

// In the order of the table in expr.c.
enum expr_field {
    EXPR_KIND,
    EXPR_VALUE,
    EXPR_STATUS,
    EXPR_ADVICE,
    EXPR_SCORE,
    EXPR_CONFIDENCE,
    EXPR_SEVERITY,
    EXPR_FIRST_SEEN,
    EXPR_LAST_SEEN,
    EXPR_VALID_UNTIL,
    EXPR_ORGANISATIONS,
    EXPR_CORROBORATED,
    EXPR_SIGHTINGS,
    EXPR_HITS,
    EXPR_PAP,
    EXPR_TAG,
    EXPR_LIST,
    EXPR_REGISTRABLE,
    EXPR_FIELDS,
};

struct expr_field_row {
    const char *name;
    enum expr_type type;
    int64_t first, last; // NUMBER: its range; RANK, WORD: the symbols that may be named
    const struct toc_avro_enumeration *words; // RANK, WORD
};
extern const struct expr_field_row expr_fields[EXPR_FIELDS];

enum expr_op {
    EXPR_EQ,
    EXPR_NE,
    EXPR_LT,
    EXPR_LE,
    EXPR_GT,
    EXPR_GE,
    EXPR_IN,
    EXPR_STARTS,
    EXPR_ENDS,
    EXPR_CONTAINS,
    EXPR_UNDER,
};

union expr_value {
    int64_t number;        // NUMBER, TIME (ms), RANK, WORD, FLAG
    struct toc_slice text; // TEXT, TEXTS; in the expression's own memory
};

enum expr_node_kind {
    EXPR_AND,
    EXPR_OR,
    EXPR_NOT,
    EXPR_TEST,
};

#define EXPR_NONE UINT16_MAX

struct expr_node {
    enum expr_node_kind kind;
    uint16_t child;        // first of AND, OR, NOT
    uint16_t next;         // sibling under the same parent
    enum expr_field field; // TEST
    enum expr_op op;
    uint16_t first, count; // TEST: its values
};

// One node for each test (which has a value at least), at most one more for each "and", "or" or "not" around it.
#define EXPR_NODES_MAX (TOC_EXPR_VALUES_MAX * 3)

struct toc_expr {
    uint16_t root;
    uint16_t node_count, value_count;
    size_t text_len;
    struct expr_node nodes[EXPR_NODES_MAX];
    union expr_value values[TOC_EXPR_VALUES_MAX];
    uint8_t text[TOC_EXPR_BYTES_MAX]; // the strings, without quotes and escapes
};
