// A plain list: one value a line. Blank lines and comments (# ; // at the start, or behind a blank)
// are nobody's statement. A line with two words is refused, not guessed at.
#include "producers/reader/list.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/indicator/identity.h"

bool toc_list_looks(struct toc_slice head)
{
    (void)head;
    return true;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

// Length of the comment mark the text begins with; 0 when it is no comment.
static size_t comment_mark(struct toc_slice text)
{
    if (text.len > 0 && (text.ptr[0] == '#' || text.ptr[0] == ';'))
        return 1;
    return toc_slice_starts(text, TOC_S("//")) ? 2 : 0;
}

// Without a comment behind a blank: "192.0.2.1 ; SBL256894".
static struct toc_slice cut_comment(struct toc_slice text)
{
    for (size_t i = 1; i < text.len; i++)
        if (is_blank(text.ptr[i - 1]) && comment_mark(toc_slice_sub(text, i, text.len)) > 0)
            return toc_slice_trim(toc_slice_sub(text, 0, i));
    return text;
}

static bool holds_blank(struct toc_slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_blank(text.ptr[i]))
            return true;
    return false;
}

static bool each_line(
        struct toc_reader *reader, const struct toc_reader_sink *sink, const struct toc_line *line)
{
    struct toc_slice text = toc_slice_trim(line->text);
    size_t mark = comment_mark(text);
    if (text.len == 0)
        return true;
    if (mark > 0) {
        reader->echo = reader->echo || toc_identity_marks(toc_slice_sub(text, mark, text.len));
        return true;
    }
    struct toc_found found = {.obs = reader->options.base, .line = line->number, .text = text};
    found.obs.value = cut_comment(text);
    if (holds_blank(found.obs.value))
        return toc_reader_refuse(sink, TOC_REFUSAL_READ_VALUES, line->number, 0, text);
    return toc_reader_emit(reader, sink, &found);
}

struct toc_reader *toc_list_open(void)
{
    return toc_mem_alloc(1, sizeof(struct toc_reader));
}

toc_rc toc_list_read(struct toc_reader *reader, FILE *stream, const struct toc_reader_sink *sink,
        struct toc_err *err)
{
    return toc_reader_lines(reader, stream, sink, each_line, err);
}

void toc_list_close(struct toc_reader *reader)
{
    toc_mem_free(reader);
}
