// The reference of a table of rows as a file that loads: values are the defaults, what has none is
// commented out, what is required shows its example.
#include "lib/base/config.h"

#include <errno.h>
#include <string.h>

#include "lib/base/limits.h"
#include "lib/base/time.h"

#define COLUMNS 92

struct page {
    struct toc_buf *out;
    unsigned indent; // levels of four blanks
    bool commented;  // every line begins with "# "
};

static void begin_line(const struct page *page, const char *mark)
{
    toc_buf_put_text(page->out, page->commented ? "# " : "");
    for (unsigned i = 0; i < page->indent; i++)
        toc_buf_put_text(page->out, "    ");
    toc_buf_put_text(page->out, mark);
}

// A comment, broken at blanks.
static void print_doc(const struct page *page, const char *text)
{
    size_t width = COLUMNS - 4 * page->indent;
    while (*text != '\0') {
        size_t len = strlen(text);
        if (len > width) {
            for (len = width; len > 0 && text[len] != ' ';)
                len--;
            if (len == 0)
                len = strcspn(text, " "); // one long word
        }
        begin_line(page, "# ");
        toc_buf_put(page->out, text, len);
        toc_buf_put_byte(page->out, '\n');
        text += len;
        text += strspn(text, " ");
    }
}

static void put_duration(struct toc_buf *out, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *suffix;
    } units[] = {{TOC_MS_DAY, "d"}, {TOC_MS_HOUR, "h"}, {TOC_MS_MINUTE, "m"}, {TOC_MS_SECOND, "s"},
            {1, "ms"}};
    size_t i = 0;
    while (ms % units[i].ms != 0 || (ms == 0 && units[i].ms != 1))
        i++;
    toc_buf_printf(out, "%lld%s", (long long)(ms / units[i].ms), units[i].suffix);
}

static const struct {
    const char *words, *example;
} types[] = {
        [TOC_CONF_TEXT] = {"text", "\"change-me\""},
        [TOC_CONF_PATH] = {"path; a relative one starts at the folder of this file",
                "\"change-me\""},
        [TOC_CONF_INT] = {"whole number", NULL},
        [TOC_CONF_BOOL] = {"true or false", "false"},
        [TOC_CONF_DURATION] = {"duration, as 50ms, 30s, 5m, 24h, 7d", NULL},
        [TOC_CONF_LIST] = {"list of texts", "[]"},
        [TOC_CONF_GROUPS] = {"list of groups", NULL},
};

static void print_kind(const struct page *page, const struct toc_conf_row *row)
{
    begin_line(page, "# (");
    toc_buf_put_text(page->out, types[row->type].words);
    bool bounded = row->min != 0 || row->max != 0;
    if (bounded && row->type == TOC_CONF_INT)
        toc_buf_printf(page->out, ", %lld to %lld", (long long)row->min, (long long)row->max);
    if (bounded && row->type == TOC_CONF_DURATION) {
        toc_buf_put_text(page->out, ", ");
        put_duration(page->out, row->min);
        toc_buf_put_text(page->out, " to ");
        put_duration(page->out, row->max);
    }
    toc_buf_put_text(page->out, row->required ? "; required)\n" : ")\n");
}

static void print_rows(
        const struct page *page, const struct toc_conf_row *rows, const char *prefix);

static void print_value(const struct page *page, const struct toc_conf_row *row, const char *name, bool off)
{
    begin_line(page, off ? "# " : "");
    toc_buf_put_text(page->out, name);
    if (row->type == TOC_CONF_GROUPS && row->fallback == NULL) {
        toc_buf_put_text(page->out, " = ( {\n");
        const struct page inner = {page->out, page->indent + 1, page->commented};
        print_rows(&inner, row->rows, "");
        begin_line(page, "} );\n");
        return;
    }
    toc_buf_put_text(page->out, " = ");
    if (row->fallback != NULL || row->example != NULL) {
        toc_buf_put_text(page->out, row->fallback != NULL ? row->fallback : row->example);
    } else if (types[row->type].example != NULL) {
        toc_buf_put_text(page->out, types[row->type].example);
    } else if (row->type == TOC_CONF_INT) {
        toc_buf_printf(page->out, "%lld", (long long)row->min);
    } else {
        toc_buf_put_byte(page->out, '"');
        put_duration(page->out, row->min);
        toc_buf_put_byte(page->out, '"');
    }
    toc_buf_put_text(page->out, ";\n");
}

static void print_row(const struct page *page, const struct toc_conf_row *row, const char *name)
{
    print_doc(page, row->doc);
    print_kind(page, row);
    // What is not set by default stands there commented: a value behind the indent, a list of groups line by line.
    bool off = !page->commented && !row->required && row->fallback == NULL;
    const struct page whole = {page->out, page->indent, page->commented || (off && row->type == TOC_CONF_GROUPS)};
    print_value(&whole, row, name, off && !whole.commented);
}

// Did an earlier row open the group in which this one stands? `len` = length of its dotted path.
static bool seen_before(const struct toc_conf_row *rows, const struct toc_conf_row *row, size_t len)
{
    for (; rows < row; rows++)
        if (strncmp(rows->name, row->name, len) == 0 && rows->name[len] == '.')
            return true;
    return false;
}

// The rows below `prefix` ("" or "kafka."), the groups among them as blocks of their own.
static void print_rows(const struct page *page, const struct toc_conf_row *rows, const char *prefix)
{
    size_t skip = strlen(prefix);
    const char *gap = "";
    for (const struct toc_conf_row *row = rows; row->name != NULL; row++) {
        if (strncmp(row->name, prefix, skip) != 0)
            continue;
        const char *rest = row->name + skip, *dot = strchr(rest, '.');
        size_t path = dot == NULL ? 0 : (size_t)(dot - row->name);
        if (dot != NULL && seen_before(rows, row, path))
            continue;
        toc_buf_put_text(page->out, gap);
        gap = page->commented ? "#\n" : "\n";
        if (dot == NULL) {
            print_row(page, row, rest);
            continue;
        }
        begin_line(page, "");
        toc_buf_printf(page->out, "%.*s:\n", (int)(dot - rest), rest);
        begin_line(page, "{\n");
        char inner_prefix[256];
        struct toc_slice below = toc_slice_sub(toc_slice_of(row->name), 0, path + 1);
        if (below.len < sizeof inner_prefix) {
            memcpy(inner_prefix, below.ptr, below.len);
            inner_prefix[below.len] = '\0';
            const struct page inner = {page->out, page->indent + 1, page->commented};
            print_rows(&inner, rows, inner_prefix);
        }
        begin_line(page, "};\n");
    }
}

void toc_conf_print(const struct toc_conf_row *rows, struct toc_buf *out)
{
    const struct page page = {out, 0, false};
    print_rows(&page, rows, "");
}

toc_rc toc_conf_show(const struct toc_conf_row *rows, FILE *to, struct toc_err *err)
{
    struct toc_buf page;
    toc_buf_init(&page, TOC_CONFIG_BYTES_MAX);
    toc_conf_print(rows, &page);
    toc_rc rc = toc_buf_check(&page, "the reference", err);
    if (!toc_failed(rc) && (fwrite(page.ptr, 1, page.len, to) != page.len || fflush(to) != 0))
        rc = toc_fail(err, TOC_E_IO, "writing the reference: %s", strerror(errno));
    toc_buf_done(&page);
    return rc;
}
