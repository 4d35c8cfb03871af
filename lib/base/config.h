// Configuration files (libconfig syntax), read through a table: one row per key. The row parses,
// checks, fills in the default, prints the reference and the manual section. An unknown key is an
// error that names the nearest known one; every error names file and line.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

enum toc_conf_type {
    TOC_CONF_TEXT,     // const char *
    TOC_CONF_PATH,     // const char *; relative paths are taken from the file's own folder
    TOC_CONF_INT,      // int64_t, in [min, max]
    TOC_CONF_BOOL,     // bool
    TOC_CONF_DURATION, // int64_t ms; written "50ms", "30s", "7d"
    TOC_CONF_LIST,     // struct toc_conf_list of texts
    TOC_CONF_GROUPS,   // struct toc_conf_groups: a list of groups, each read by `rows`
};

struct toc_conf_list {
    const char **items;
    size_t count;
};

struct toc_conf_groups {
    void *items; // count structs of item_size bytes each
    size_t count;
};

struct toc_conf_row {
    const char *name; // dotted path: "kafka.brokers"
    enum toc_conf_type type;
    size_t offset;        // offsetof(struct my_conf, field)
    bool required;        // must stand in the file; a text or path must not be empty either
    const char *fallback; // as written in a file; NULL = zero. Of a required row: its example
    const char *example;  // as written in a file: what the printed reference shows where there is no fallback
    int64_t min, max;     // INT and DURATION (ms); both 0 = from 0 on, without end
    const char *doc;      // one or two sentences, with the unit
    const struct toc_conf_row *rows; // GROUPS: table of the group, ended by a row without name
    size_t item_size;                // GROUPS: sizeof the group's struct
    // Optional extra check of the value just set; `value` points at the field.
    toc_rc (*check)(const void *value, struct toc_err *err);
};

struct toc_conf; // owns the texts that the filled struct points at

// Fills *into (caller's struct, zeroed before) from the file; on failure the fields are zero again.
// rows ends with a row without name. At most 4 MiB of values and 10,000 groups in a list.
TOC_NODISCARD toc_rc toc_conf_load(const char *path, const struct toc_conf_row *rows, void *into,
        struct toc_conf **out, struct toc_err *err);
// The same from memory; `path` names the text in errors, and its folder is where paths start.
TOC_NODISCARD toc_rc toc_conf_parse(struct toc_slice text, const char *path,
        const struct toc_conf_row *rows, void *into, struct toc_conf **out, struct toc_err *err);
void toc_conf_free(struct toc_conf *conf);

// The reference of all rows, as a commented example file that loads as it is.
void toc_conf_print(const struct toc_conf_row *rows, struct toc_buf *out);
// The same onto a stream, which is flushed: IO when it does not take all of it.
TOC_NODISCARD toc_rc toc_conf_show(
        const struct toc_conf_row *rows, FILE *to, struct toc_err *err);
