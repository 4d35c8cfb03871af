// Avro object container files (Avro 1.11, "Object Container Files"), for captures: rows of one record,
// each file with its schema in front. Read and written in constant memory by own code: Avro C 1.11
// takes lengths from the file as they come (negative ones reach malloc, a null array fills memory) and
// knows no fingerprints or defaults. What is written here, Avro C and the Python package read.
//
// The codec is "null": rows of a capture carry payloads that are compressed already. Files with
// another codec are refused by name.
#pragma once

#include <stdbool.h>

#include "lib/avro/rt.h"

// Most bytes of one block when read, and of one row when written.
#define TOC_CONTAINER_BLOCK_MAX ((size_t)64 << 20)

// A writer. Rows are gathered into blocks of some 256 KiB; a block is whole or not there at all for a
// reader, so after a crash the file holds a prefix of the rows and perhaps a torn block, which
// toc_container_next refuses (TRUNCATED).
struct toc_container_writer;

// A new file, 0600; EXISTS when there is one.
TOC_NODISCARD toc_rc toc_container_create(const char *path, const struct toc_avro_record *row,
        struct toc_container_writer **out, struct toc_err *err);
// `value` is the struct of `row`.
TOC_NODISCARD toc_rc toc_container_put(
        struct toc_container_writer *writer, const void *value, struct toc_err *err);
// Writes what is still held, syncs the file and frees the writer, on failure too. NULL is fine.
TOC_NODISCARD toc_rc toc_container_finish(struct toc_container_writer *writer, struct toc_err *err);
// Frees without writing what is still held. NULL is fine.
void toc_container_abandon(struct toc_container_writer *writer);

struct toc_container_reader;

// SYNTAX when it is no container, SCHEMA when its rows are not `row` in a version that is known.
TOC_NODISCARD toc_rc toc_container_open(const char *path, const struct toc_avro_record *row,
        struct toc_container_reader **out, struct toc_err *err);
// The next row into `value`, or *end. Its text and bytes are borrowed until the next call, its arrays
// lie in the arena. After a failure the reader can only be closed.
TOC_NODISCARD toc_rc toc_container_next(struct toc_container_reader *reader,
        struct toc_arena *arena, void *value, bool *end, struct toc_err *err);
void toc_container_close(struct toc_container_reader *reader); // NULL is fine
