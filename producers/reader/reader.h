// Readers: what a member's files look like, turned into observations. One file a format, one row of
// toc_readers registers it. A reader is a pure function over a stream: it opens nothing, knows no
// clock, no configuration and no hub, and decides nothing about what may leave. It says what stands
// there: values as found (not refanged, not canonical), what they claim to be, and which lines say
// nothing, with the reason. What comes after is the runner's work; a gateway uses readers alike.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/slice.h"
#include "schemas/observation.h"
#include "schemas/refusal.h"
#include "schemas/types.h"

// What a value claims to be: a set of kinds, by bits. 0 = nothing is claimed, its form decides.
#define TOC_CLAIM(kind) (1u << (kind))
#define TOC_CLAIM_ADDRESS                                                                          \
    (TOC_CLAIM(TOC_KIND_IPV4) | TOC_CLAIM(TOC_KIND_IPV6) | TOC_CLAIM(TOC_KIND_CIDR))
#define TOC_CLAIM_HASH                                                                             \
    (TOC_CLAIM(TOC_KIND_MD5) | TOC_CLAIM(TOC_KIND_SHA1) | TOC_CLAIM(TOC_KIND_SHA256) |             \
            TOC_CLAIM(TOC_KIND_SHA512))

// One statement found. Everything is borrowed until the callback returns. obs.kind is not set (see
// claims); relations carry values as found too, with their kind unknown where the form must tell.
struct toc_found {
    struct toc_observation obs;
    uint32_t claims;
    bool has_marking; // the object states its own
    enum toc_marking marking;
    uint64_t line;         // where it begins, from 1
    struct toc_slice text; // the line or cell it was found in, for a refusal later on
};

// A line (cell, object) that gives nothing.
struct toc_refused {
    enum toc_refusal code;
    uint64_t line;
    uint32_t column;       // of a table, from 1; 0 = the line as a whole
    struct toc_slice text; // as found: must be made safe before it is shown
};

// Both callbacks return false to end the read (the caller knows why).
struct toc_reader_sink {
    void *ctx;
    bool (*found)(void *ctx, const struct toc_found *found);
    bool (*refused)(void *ctx, const struct toc_refused *refused);
};

struct toc_reader_options {
    struct toc_observation base; // what every observation starts from; its texts are borrowed
    // Of objects that carry markings (STIX): what counts for those that state none, and the strictest
    // that is taken.
    bool has_marking;
    enum toc_marking marking, limit;
    bool assume_scheme; // host/path counts as http://host/path
};

struct toc_reader; // one input; one thread

struct toc_reader_row {
    const char *name; // as --format takes it
    bool whole; // the stream must be seekable: it is read twice (STIX), so no endless pipe
    // Does an input that begins so look like this format? `head` may be cut anywhere.
    bool (*looks)(struct toc_slice head);
    struct toc_reader *(*open)(void); // NULL: out of memory
    toc_rc (*read)(struct toc_reader *reader, FILE *stream, const struct toc_reader_sink *sink,
            struct toc_err *err);
    void (*close)(struct toc_reader *reader);
};

extern const struct toc_reader_row toc_readers[]; // ends with a row without name

const struct toc_reader_row *toc_reader_by_name(const char *name); // NULL when there is none

// By the first bytes (TOC_READER_HEAD_BYTES are enough); a plain list when nothing else fits. NULL when
// it is no text at all (NUL bytes: an archive, a program, UTF-16).
#define TOC_READER_HEAD_BYTES 16384
const struct toc_reader_row *toc_reader_detect(struct toc_slice head);

// What every reader starts with; the rows' functions see their own struct behind it.
struct toc_reader {
    const struct toc_reader_row *row;
    struct toc_reader_options options;
    uint64_t lines; // read before, of the same input
    bool echo;      // the input carries Tocsin's mark: nothing in it is evidence
};

TOC_NODISCARD toc_rc toc_reader_open(const struct toc_reader_row *row,
        const struct toc_reader_options *options, struct toc_reader **out, struct toc_err *err);
// Reads the stream to its end. May be called again with the continuation of the same input, cut at
// the end of a line: line numbers and the header of a table go on. IO and MEMORY only; what stands
// in the input never makes it fail.
TOC_NODISCARD toc_rc toc_reader_read(struct toc_reader *reader, FILE *stream,
        const struct toc_reader_sink *sink, struct toc_err *err);
void toc_reader_close(struct toc_reader *reader); // NULL is fine

// ---- what readers share

// Hands a statement on, or refuses it when the input is an output of Tocsin. False: end the read.
bool toc_reader_emit(const struct toc_reader *reader, const struct toc_reader_sink *sink,
        const struct toc_found *found);
bool toc_reader_refuse(const struct toc_reader_sink *sink, enum toc_refusal code, uint64_t line,
        uint32_t column, struct toc_slice text);

// Calls each with every line of the stream, numbered from reader->lines on, which it moves. Lines over
// TOC_LINE_BYTES_MAX are refused here. `each` returns false to end the read.
TOC_NODISCARD toc_rc toc_reader_lines(struct toc_reader *reader, FILE *stream,
        const struct toc_reader_sink *sink,
        bool (*each)(struct toc_reader *reader, const struct toc_reader_sink *sink,
                const struct toc_line *line),
        struct toc_err *err);
