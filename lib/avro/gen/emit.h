// What the generator writes.
#pragma once

#include "lib/avro/gen/model.h"

// `<stem>.h` and `<stem>.c` of one schema file; `history`: folder of released versions, or NULL.
void gen_emit_header(struct gen_model *m, const struct gen_file *file, struct toc_buf *out);
void gen_emit_source(
        struct gen_model *m, const struct gen_file *file, const char *history, struct toc_buf *out);

// Of the source: toc_<record>_read, and the readers of released versions with their table
// <record>_versions; the number of rows is returned, without any there is no table.
void gen_emit_read(struct gen_model *m, const struct gen_type *t, struct toc_buf *out);
size_t gen_emit_old_reads(struct gen_model *m, const char *dir, const struct gen_type *t,
        uint64_t current, struct toc_buf *out);

// Appends a template: $s is the type's name in snake case, $U in capitals, $N as the schema has it.
void gen_fill(struct toc_buf *out, const struct gen_type *t, const char *template);

// JSON Schema (draft 2020-12) of a record's JSON form.
void gen_emit_json_schema(struct gen_model *m, const struct gen_type *type, struct toc_buf *out);
