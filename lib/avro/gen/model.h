// The schemas as the generator sees them. The subset of Avro 1.11 that Tocsin's records use: record,
// enum, fixed, array, ["null", T], boolean, int, long, string, bytes, timestamp-millis; no recursion.
// Everything that could grow has a limit in the schema (`max`, `maxBytes`), or the schema is refused.
//
// The generator is a build tool: it ends the process at the first error, naming file and place. All
// memory lives as long as the model.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

enum gen_kind {
    GEN_BOOLEAN,
    GEN_INT,
    GEN_LONG,
    GEN_TIME, // long with logicalType timestamp-millis
    GEN_STRING,
    GEN_BYTES,
    GEN_FIXED,
    GEN_ENUM,
    GEN_RECORD,
};

enum gen_form {
    GEN_PLAIN,
    GEN_NULLABLE,
    GEN_ARRAY,
};

struct gen_type;

struct gen_field {
    const char *name;      // in the schema
    const char *c_name;    // in C: the same, with '_' behind a reserved word
    const char *doc;       // or NULL
    struct gen_type *type; // of the value, or of the items of an array
    enum gen_form form;
    const json_t *fallback; // the default; NULL: none
    uint32_t max;           // items
    uint32_t max_bytes;
};

struct gen_type {
    enum gen_kind kind;
    const char *name;   // "SignedSegment"; "long" for what has no name
    const char *full;   // "tocsin.SignedSegment"
    const char *space;  // its own, in which references inside it are read
    const char *snake;  // "signed_segment"
    const char *upper;  // "SIGNED_SEGMENT"
    const json_t *json; // the definition
    const struct gen_file *file;
    bool alone;    // a record at the top of its file, or that says "alone": can be a message
    bool building; // for the detection of recursion
    bool built;
    bool emitted;   // for whoever writes each type once
    uint32_t least; // fewest bytes of its binary form
    uint32_t size;  // fixed

    struct gen_field *fields; // record
    size_t field_count;

    const char **symbols; // enum
    const char **spellings;
    size_t symbol_count, symbol_default;
};

struct gen_file {
    const char *path; // as given
    const char *stem; // relative to the root, without .avsc: "schemas/segment"
    json_t *json;
    bool emit; // false: only to look names up in
};

struct gen_model {
    struct toc_arena arena;
    struct gen_file *files;
    size_t file_count, file_room;
    struct gen_type **types; // every named type, each behind those it uses
    size_t type_count;
    struct gen_type **declared; // in the order of the files
    size_t declared_count, declared_room;
};

_Noreturn void gen_die(const char *fmt, ...) TOC_PRINTF(1, 2);

void gen_model_init(struct gen_model *m);
void gen_model_done(struct gen_model *m);
// Reads one .avsc; `root` is cut off the front of the path to make the stem.
void gen_model_add(struct gen_model *m, const char *path, const char *root, bool emit);
// Looks up all names, checks everything. Afterwards the model is complete.
void gen_model_build(struct gen_model *m);

// The definition a name stands for inside `space`; NULL for primitive and unknown names.
struct gen_type *gen_find(const struct gen_model *m, const char *name, const char *space);

// The type of a file that holds one record of that name, or NULL.
struct gen_type *gen_find_alone(const struct gen_model *m, const char *snake);

// Without a default, and of a kind that the JSON form never leaves out.
bool gen_is_required(const struct gen_field *field);

// Memory of the model; formatted text in it.
void *gen_alloc(struct gen_model *m, size_t count, size_t size);
const char *gen_format(struct gen_model *m, const char *fmt, ...) TOC_PRINTF(2, 3);

// A string member of a JSON object, or NULL.
const char *gen_text(const json_t *object, const char *key);
// What jansson made; without memory the process ends.
json_t *gen_must(json_t *json);

// The field of a record by its name in the schema, or NULL.
const struct gen_field *gen_field_of(const struct gen_type *t, const char *name);

// Namespace and name of a definition or reference: a dotted name carries its own.
const char *gen_full_name(struct gen_model *m, const char *name, const char *space);

void gen_read_file(const char *path, struct toc_buf *out);
// Writes only when the content differs, so that nothing is rebuilt for nothing.
void gen_write_file(const char *path, const struct toc_buf *content);
