// The header of a schema file: enums, structs and the functions on them.
#include "lib/avro/gen/emit.h"

#include <string.h>

void gen_fill(struct toc_buf *out, const struct gen_type *t, const char *template)
{
    for (const char *c = template; *c != '\0'; c++) {
        if (*c != '$') {
            toc_buf_put_byte(out, (uint8_t)*c);
            continue;
        }
        c++;
        toc_buf_put_text(out, *c == 's' ? t->snake : *c == 'U' ? t->upper : t->name);
    }
}

static const char *c_type(struct gen_model *m, const struct gen_type *t)
{
    switch (t->kind) {
    case GEN_BOOLEAN:
        return "bool ";
    case GEN_INT:
        return "int32_t ";
    case GEN_LONG:
    case GEN_TIME:
        return "int64_t ";
    case GEN_STRING:
    case GEN_BYTES:
        return "struct toc_slice ";
    case GEN_FIXED:
        return "uint8_t ";
    case GEN_ENUM:
        return gen_format(m, "enum toc_%s ", t->snake);
    case GEN_RECORD:
        return gen_format(m, "struct toc_%s ", t->snake);
    }
    gen_die("a type of no kind");
}

static void put_includes(struct gen_model *m, const struct gen_file *file, struct toc_buf *out)
{
    for (size_t f = 0; f < m->file_count; f++) {
        const struct gen_file *other = &m->files[f];
        bool used = false;
        for (size_t i = 0; i < m->type_count && other != file; i++)
            for (size_t j = 0; m->types[i]->file == file && j < m->types[i]->field_count; j++)
                used = used || m->types[i]->fields[j].type->file == other;
        if (used)
            toc_buf_printf(out, "#include \"%s.h\"\n", other->stem);
    }
}

static void put_enum(const struct gen_type *t, const char *doc, struct toc_buf *out)
{
    if (doc != NULL)
        toc_buf_printf(out, "// %s\n", doc);
    toc_buf_printf(out, "enum toc_%s {\n", t->snake);
    for (size_t i = 0; i < t->symbol_count; i++) {
        toc_buf_printf(out, "    TOC_%s_", t->upper);
        for (const char *c = t->symbols[i]; *c != '\0'; c++)
            toc_buf_put_byte(out, (uint8_t)(*c >= 'a' && *c <= 'z' ? *c - ('a' - 'A') : *c));
        toc_buf_put_text(out, ",\n");
    }
    toc_buf_printf(out, "};\n#define TOC_%s_COUNT %zu\n", t->upper, t->symbol_count);
    gen_fill(out, t,
            "const char *toc_$s_symbol(enum toc_$s value);\n"
            "const char *toc_$s_spelling(enum toc_$s value);\n"
            "bool toc_$s_parse(struct toc_slice text, enum toc_$s *out);\n"
            "extern const struct toc_avro_enumeration toc_$s_avro;\n\n");
}

static void put_member(struct gen_model *m, const struct gen_field *f, struct toc_buf *out)
{
    const char *type = c_type(m, f->type);
    bool text = f->type->kind == GEN_STRING || f->type->kind == GEN_BYTES;
    bool record = f->type->kind == GEN_RECORD;
    toc_buf_put_text(out, "    ");
    if (f->form == GEN_ARRAY && f->type->kind == GEN_FIXED)
        toc_buf_printf(out, "uint8_t (*%s)[%u];", f->c_name, f->type->size);
    else if (f->form == GEN_ARRAY || (f->form == GEN_NULLABLE && record))
        toc_buf_printf(out, "%s*%s;", type, f->c_name);
    else if (f->type->kind == GEN_FIXED)
        toc_buf_printf(out, "%s%s[%u];", type, f->c_name, f->type->size);
    else
        toc_buf_printf(out, "%s%s;", type, f->c_name);
    if (f->form == GEN_NULLABLE && (record || text))
        toc_buf_put_text(out, " // NULL: none");
    if (f->form == GEN_ARRAY)
        toc_buf_printf(out, " // at most %u", f->max);
    if (f->doc != NULL)
        toc_buf_printf(out, "%s%s",
                f->form == GEN_ARRAY || (f->form == GEN_NULLABLE && (record || text)) ? "; "
                                                                                      : " // ",
                f->doc);
    toc_buf_put_byte(out, '\n');
    if (f->form == GEN_ARRAY)
        toc_buf_printf(out, "    size_t %s_count;\n", f->name);
    else if (f->form == GEN_NULLABLE && !record && !text)
        toc_buf_printf(out, "    bool has_%s;\n", f->name);
}

static void put_struct(
        struct gen_model *m, const struct gen_type *t, const char *doc, struct toc_buf *out)
{
    if (doc != NULL)
        toc_buf_printf(out, "// %s\n", doc);
    gen_fill(out, t, "struct toc_$s {\n");
    for (size_t i = 0; i < t->field_count; i++)
        put_member(m, &t->fields[i], out);
    gen_fill(out, t,
            "};\n"
            "void toc_$s_init(struct toc_$s *value); // every field at its default\n"
            "void toc_$s_encode(const struct toc_$s *value, struct toc_buf *out);\n"
            "void toc_$s_read(struct toc_avro_in *in, struct toc_$s *out);\n"
            "void toc_$s_json(const struct toc_$s *value, struct toc_jw *w); // lib/avro/json.h\n"
            "TOC_NODISCARD toc_rc toc_$s_from_json(const json_t *json, struct toc_arena *arena,\n"
            "        struct toc_$s *out, struct toc_err *err);\n"
            "extern const struct toc_avro_record toc_$s_avro;\n");
    if (t->alone)
        gen_fill(out, t,
                "// The whole of `body`, written with the schema of that fingerprint: this one or "
                "an older one.\n"
                "TOC_NODISCARD toc_rc toc_$s_decode(struct toc_slice body, uint64_t fingerprint,\n"
                "        struct toc_arena *arena, struct toc_$s *out, struct toc_err *err);\n"
                "// Single-object framed (lib/avro/frame.h).\n"
                "TOC_NODISCARD toc_rc toc_$s_get(struct toc_slice framed, struct toc_arena "
                "*arena,\n"
                "        struct toc_$s *out, struct toc_err *err);\n"
                "void toc_$s_put(const struct toc_$s *value, struct toc_buf *out);\n"
                "extern const uint64_t toc_$s_fingerprint;\n"
                "bool toc_$s_knows(uint64_t fingerprint);\n");
    toc_buf_put_byte(out, '\n');
}

void gen_emit_header(struct gen_model *m, const struct gen_file *file, struct toc_buf *out)
{
    toc_buf_printf(out,
            "// Made from %s.avsc by toc-avro-gen; lib/avro/gen/README.md says what the functions "
            "do.\n"
            "#pragma once\n\n"
            "#include \"lib/avro/rt.h\"\n",
            file->stem);
    put_includes(m, file, out);
    toc_buf_put_byte(out, '\n');
    for (size_t i = 0; i < m->type_count; i++) {
        const struct gen_type *t = m->types[i];
        const char *doc = json_string_value(json_object_get(t->json, "doc"));
        if (t->file != file)
            continue;
        if (t->kind == GEN_ENUM)
            put_enum(t, doc, out);
        else if (t->kind == GEN_RECORD)
            put_struct(m, t, doc, out);
        else
            toc_buf_printf(out, "#define TOC_%s_BYTES %u\n\n", t->upper, t->size);
    }
}
