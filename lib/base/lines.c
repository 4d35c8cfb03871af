// Byte by byte through stdio (about 2 ns each): that delivers a line of a pipe as soon as its end
// is there, and leaves whatever was peeked before in the stream where it belongs.
#include "lib/base/file.h"
#include "lib/base/mem.h"

#define AROUND_LINE 4 // a BOM before and a CR behind are not counted in the limit

struct toc_lines {
    FILE *stream;
    uint8_t *bytes; // line_max + AROUND_LINE
    size_t line_max;
    uint64_t number;
};

struct toc_lines *toc_lines_new(FILE *stream, size_t line_max)
{
    struct toc_lines *lines = toc_mem_alloc(1, sizeof *lines);
    if (lines == NULL || line_max > SIZE_MAX - AROUND_LINE)
        goto out;
    *lines = (struct toc_lines){.stream = stream, .line_max = line_max};
    lines->bytes = toc_mem_resize(NULL, line_max + AROUND_LINE, 1);
    if (lines->bytes != NULL)
        return lines;
out:
    toc_mem_free(lines);
    return NULL;
}

void toc_lines_free(struct toc_lines *lines)
{
    if (lines == NULL)
        return;
    toc_mem_free(lines->bytes);
    toc_mem_free(lines);
}

int toc_lines_next(struct toc_lines *lines, struct toc_line *out)
{
    size_t cap = lines->line_max + AROUND_LINE, len = 0;
    bool overflowed = false;
    int c;

    flockfile(lines->stream);
    while ((c = getc_unlocked(lines->stream)) != EOF && c != '\n') {
        if (len < cap)
            lines->bytes[len++] = (uint8_t)c;
        else
            overflowed = true;
    }
    funlockfile(lines->stream);
    if (c == EOF && ferror(lines->stream))
        return -1;
    if (c == EOF && len == 0)
        return 0;

    struct toc_slice text = {lines->bytes, len};
    if (++lines->number == 1 && toc_slice_starts(text, TOC_S("\xef\xbb\xbf")))
        text = toc_slice_sub(text, 3, len);
    if (!overflowed && c == '\n' && toc_slice_ends(text, TOC_S("\r")))
        text.len--;
    bool too_long = overflowed || text.len > lines->line_max;
    *out = (struct toc_line){toc_slice_sub(text, 0, lines->line_max), lines->number, too_long};
    return 1;
}
