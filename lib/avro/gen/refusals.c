#include "lib/avro/gen/refusals.h"

#include <string.h>

#include "lib/avro/gen/model.h"

#define TABLE_BYTES_MAX ((size_t)256 * 1024)
#define COLUMNS 3

struct row {
    struct toc_slice column[COLUMNS]; // code, what it means, what to do
};

// "code TAB meaning TAB todo"; false for an empty line or a comment.
static bool split(struct toc_slice line, size_t number, struct row *out)
{
    if (line.len == 0 || line.ptr[0] == '#')
        return false;
    for (size_t i = 0; i < COLUMNS; i++) {
        size_t tab = toc_slice_find(line, '\t');
        out->column[i] = toc_slice_sub(line, 0, tab);
        if (tab == 0 || (i + 1 < COLUMNS) != (tab < line.len))
            gen_die("refusal codes, line %zu: not code TAB meaning TAB what to do", number);
        line = toc_slice_sub(line, tab + 1, line.len);
    }
    return true;
}

// "    TOC_REFUSAL_CODE,\n", once for each code.
static void put_constant(struct toc_slice code, size_t number, struct toc_buf *out)
{
    size_t start = out->len;
    toc_buf_put_text(out, "    TOC_REFUSAL_");
    for (size_t i = 0; i < code.len; i++) {
        uint8_t c = code.ptr[i];
        bool letter = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
        if (!letter && !digit && c != '.' && c != '-')
            gen_die("refusal codes, line %zu: a code is of a-z, 0-9, '.' and '-'", number);
        toc_buf_put_byte(out, letter ? (uint8_t)(c - ('a' - 'A')) : digit ? c : '_');
    }
    toc_buf_put_text(out, ",\n");
    if (!out->failed && memmem(out->ptr, start, out->ptr + start, out->len - start) != NULL)
        gen_die("refusal codes, line %zu: its constant is another code's too", number);
}

static void put_quoted(struct toc_slice text, struct toc_buf *out)
{
    toc_buf_put_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            toc_buf_put_byte(out, '\\');
        toc_buf_put_byte(out, text.ptr[i]);
    }
    toc_buf_put_byte(out, '"');
}

static const char header_head[] =
        "// Made from refusals.tsv by toc-avro-gen: why something from outside was refused.\n"
        "#pragma once\n\n"
        "#include <stdbool.h>\n\n"
        "#include \"lib/base/slice.h\"\n\n"
        "enum toc_refusal {\n"
        "    TOC_REFUSAL_NONE = 0,\n";
static const char header_tail[] =
        "const char *toc_refusal_code(enum toc_refusal refusal);    // \"canon.url.port\"; \"\" "
        "for none\n"
        "const char *toc_refusal_meaning(enum toc_refusal refusal); // a sentence for people\n"
        "const char *toc_refusal_todo(enum toc_refusal refusal);    // what they can do\n"
        "bool toc_refusal_parse(struct toc_slice code, enum toc_refusal *out);\n";
static const char source_tail[] =
        "};\n\n"
        "static const char *column(enum toc_refusal refusal, unsigned i)\n{\n"
        "    return rows[(unsigned)refusal < TOC_REFUSAL_COUNT ? (unsigned)refusal : 0][i];\n}\n\n"
        "const char *toc_refusal_code(enum toc_refusal refusal)\n{\n    return column(refusal, "
        "0);\n}\n\n"
        "const char *toc_refusal_meaning(enum toc_refusal refusal)\n{\n    return column(refusal, "
        "1);\n}\n\n"
        "const char *toc_refusal_todo(enum toc_refusal refusal)\n{\n    return column(refusal, "
        "2);\n}\n\n"
        "bool toc_refusal_parse(struct toc_slice code, enum toc_refusal *out)\n{\n"
        "    for (unsigned i = 1; i < TOC_REFUSAL_COUNT; i++)\n"
        "        if (toc_slice_is(code, rows[i][0])) {\n"
        "            *out = (enum toc_refusal)i;\n"
        "            return true;\n"
        "        }\n"
        "    return false;\n}\n";

void gen_refusals(const char *table, const char *header, const char *source, const char *include)
{
    struct toc_buf text, h, c;
    toc_buf_init(&text, TABLE_BYTES_MAX);
    toc_buf_init(&h, TABLE_BYTES_MAX);
    toc_buf_init(&c, TABLE_BYTES_MAX);
    gen_read_file(table, &text);
    toc_buf_put_text(&h, header_head);
    toc_buf_printf(&c,
            "#include \"%s\"\n\nstatic const char *const rows[TOC_REFUSAL_COUNT][%d] = {\n"
            "        {\"\", \"\", \"\"},\n",
            include, COLUMNS);
    struct toc_slice rest = toc_buf_slice(&text);
    size_t count = 1;
    for (size_t number = 1; rest.len > 0; number++) {
        size_t end = toc_slice_find(rest, '\n');
        struct row row;
        bool holds = split(toc_slice_sub(rest, 0, end), number, &row);
        rest = toc_slice_sub(rest, end + 1, rest.len);
        if (!holds)
            continue;
        put_constant(row.column[0], number, &h);
        for (size_t i = 0; i < COLUMNS; i++) {
            toc_buf_put_text(&c, i == 0 ? "        {" : ",\n                ");
            put_quoted(row.column[i], &c);
        }
        toc_buf_put_text(&c, "},\n");
        count++;
    }
    toc_buf_printf(&h, "};\n#define TOC_REFUSAL_COUNT %zu\n\n%s", count, header_tail);
    toc_buf_put_text(&c, source_tail);
    gen_write_file(header, &h);
    gen_write_file(source, &c);
    toc_buf_done(&text);
    toc_buf_done(&h);
    toc_buf_done(&c);
}
