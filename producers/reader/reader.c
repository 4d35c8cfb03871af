#include "producers/reader/reader.h"

#include <errno.h>
#include <string.h>

#include "lib/base/limits.h"
#include "producers/reader/csv.h"
#include "producers/reader/jsonl.h"
#include "producers/reader/list.h"
#include "producers/reader/stix.h"

// In the order in which detection asks; the list takes whatever is left.
const struct toc_reader_row toc_readers[] = {
        {"stix", true, toc_stix_file_looks, toc_stix_file_open, toc_stix_file_read,
                toc_stix_file_close},
        {"jsonl", false, toc_jsonl_looks, toc_jsonl_open, toc_jsonl_read, toc_jsonl_close},
        {"csv", false, toc_csv_looks, toc_csv_open, toc_csv_read, toc_csv_close},
        {"list", false, toc_list_looks, toc_list_open, toc_list_read, toc_list_close},
        {0},
};

const struct toc_reader_row *toc_reader_by_name(const char *name)
{
    for (const struct toc_reader_row *row = toc_readers; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

const struct toc_reader_row *toc_reader_detect(struct toc_slice head)
{
    if (toc_slice_has(head, '\0'))
        return NULL;
    if (toc_slice_starts(head, TOC_S("\xef\xbb\xbf")))
        head = toc_slice_sub(head, 3, head.len);
    const struct toc_reader_row *row = toc_readers;
    while (!row->looks(head))
        row++; // toc_list_looks ends it
    return row;
}

toc_rc toc_reader_open(const struct toc_reader_row *row, const struct toc_reader_options *options,
        struct toc_reader **out, struct toc_err *err)
{
    struct toc_reader *reader = row->open();
    TOC_ENSURE(reader != NULL, err, TOC_E_MEMORY, "no memory for a reader");
    reader->row = row;
    reader->options = *options;
    *out = reader;
    return TOC_OK;
}

toc_rc toc_reader_read(struct toc_reader *reader, FILE *stream, const struct toc_reader_sink *sink,
        struct toc_err *err)
{
    return reader->row->read(reader, stream, sink, err);
}

void toc_reader_close(struct toc_reader *reader)
{
    if (reader != NULL)
        reader->row->close(reader);
}

bool toc_reader_refuse(const struct toc_reader_sink *sink, enum toc_refusal code, uint64_t line,
        uint32_t column, struct toc_slice text)
{
    struct toc_refused refused = {.code = code, .line = line, .column = column, .text = text};
    return sink->refused(sink->ctx, &refused);
}

bool toc_reader_emit(const struct toc_reader *reader, const struct toc_reader_sink *sink,
        const struct toc_found *found)
{
    if (reader->echo)
        return toc_reader_refuse(sink, TOC_REFUSAL_READ_ECHO, found->line, 0, found->text);
    return sink->found(sink->ctx, found);
}

toc_rc toc_reader_lines(struct toc_reader *reader, FILE *stream, const struct toc_reader_sink *sink,
        bool (*each)(struct toc_reader *reader, const struct toc_reader_sink *sink,
                const struct toc_line *line),
        struct toc_err *err)
{
    struct toc_lines *lines = toc_lines_new(stream, TOC_LINE_BYTES_MAX);
    TOC_ENSURE(lines != NULL, err, TOC_E_MEMORY, "no memory for a line");
    struct toc_line line;
    uint64_t before = reader->lines;
    bool more = true;
    int got = 0;
    while (more && (got = toc_lines_next(lines, &line)) == 1) {
        line.number += before;
        reader->lines = line.number;
        more = line.too_long ? toc_reader_refuse(
                                       sink, TOC_REFUSAL_READ_LINE_LONG, line.number, 0, line.text)
                             : each(reader, sink, &line);
    }
    int reason = errno;
    toc_lines_free(lines);
    TOC_ENSURE(got >= 0, err, TOC_E_IO, "reading: %s", strerror(reason));
    return TOC_OK;
}
