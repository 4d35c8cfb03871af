// Inside producers/reader only: the functions of each format, for its row in reader.c.
#pragma once

#include "producers/reader/reader.h"

#define TOC_READER_FORMAT(name)                                                                    \
    bool toc_##name##_looks(struct toc_slice head);                                                \
    struct toc_reader *toc_##name##_open(const struct toc_reader_options *options);                \
    toc_rc toc_##name##_read(struct toc_reader *reader, FILE *stream,                              \
            const struct toc_reader_sink *sink, struct toc_err *err);                              \
    void toc_##name##_close(struct toc_reader *reader);

TOC_READER_FORMAT(list)
TOC_READER_FORMAT(csv)
TOC_READER_FORMAT(jsonl)
TOC_READER_FORMAT(stix_file)

// Hands a statement on, or refuses it when the input is an output of Tocsin. False: end the read.
bool toc_reader_emit(
        const struct toc_reader *reader, const struct toc_reader_sink *sink, const struct toc_found *found);
bool toc_reader_refuse(const struct toc_reader_sink *sink, enum toc_refusal code, uint64_t line,
        uint32_t column, struct toc_slice text);

// Calls each with every line of the stream, numbered from reader->lines on, which it moves. Lines over
// TOC_LINE_BYTES_MAX are refused here. `each` returns false to end the read.
struct toc_line;
TOC_NODISCARD toc_rc toc_reader_lines(struct toc_reader *reader, FILE *stream,
        const struct toc_reader_sink *sink,
        bool (*each)(struct toc_reader *reader, const struct toc_reader_sink *sink, const struct toc_line *line),
        struct toc_err *err);
