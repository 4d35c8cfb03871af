// The code of a schema file: tables, defaults, reading, writing. Straight assignments and calls of the
// inline functions of lib/avro/rt.h.
#include "lib/avro/gen/emit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/avro/gen/history.h"

static bool is_text(const struct gen_field *f)
{
    return f->type->kind == GEN_STRING || f->type->kind == GEN_BYTES;
}

// Enumerations -----------------------------------------------------------------------------------

static void put_strings(const char *what, const char *snake, const char *const *texts, size_t count,
        struct toc_buf *out)
{
    toc_buf_printf(out, "static const char *const %s_%s[] = {", snake, what);
    for (size_t i = 0; i < count; i++)
        toc_buf_printf(out, "%s\"%s\"", i == 0 ? "" : ", ", texts[i]);
    toc_buf_put_text(out, "};\n");
}

static void put_enum(const struct gen_type *t, struct toc_buf *out)
{
    bool spelt = false;
    for (size_t i = 0; i < t->symbol_count; i++)
        spelt = spelt || t->spellings[i] != t->symbols[i];
    put_strings("symbols", t->snake, t->symbols, t->symbol_count, out);
    if (spelt)
        put_strings("spellings", t->snake, t->spellings, t->symbol_count, out);
    gen_fill(out, t,
            "_Static_assert(sizeof(enum toc_$s) == sizeof(unsigned), \"tables read enums so\");\n"
            "const struct toc_avro_enumeration toc_$s_avro = {\"$N\", $s_symbols, ");
    gen_fill(out, t, spelt ? "$s_spellings" : "$s_symbols");
    toc_buf_printf(out, ", %zu, %zu};\n\n", t->symbol_count, t->symbol_default);
    gen_fill(out, t,
            "const char *toc_$s_symbol(enum toc_$s value)\n"
            "{\n"
            "    return toc_avro_symbol(&toc_$s_avro, (unsigned)value);\n"
            "}\n\n"
            "const char *toc_$s_spelling(enum toc_$s value)\n"
            "{\n"
            "    return toc_avro_spelling(&toc_$s_avro, (unsigned)value);\n"
            "}\n\n"
            "bool toc_$s_parse(struct toc_slice text, enum toc_$s *out)\n"
            "{\n"
            "    unsigned value;\n"
            "    if (!toc_avro_enum_parse(&toc_$s_avro, text, &value))\n"
            "        return false;\n"
            "    *out = (enum toc_$s)value;\n"
            "    return true;\n"
            "}\n\n");
}

// Writing ----------------------------------------------------------------------------------------

static void put_write_value(
        const struct gen_field *f, const char *source, const char *indent, struct toc_buf *out)
{
    const struct gen_type *t = f->type;
    toc_buf_put_text(out, indent);
    switch (t->kind) {
    case GEN_BOOLEAN:
        toc_buf_printf(out, "toc_avro_put_boolean(out, %s);\n", source);
        break;
    case GEN_INT:
    case GEN_LONG:
    case GEN_TIME:
        toc_buf_printf(out, "toc_avro_put_%s(out, %s);\n", t->name, source);
        break;
    case GEN_STRING:
    case GEN_BYTES:
        toc_buf_printf(out, "toc_avro_put_bytes(out, %s, %u);\n", source, f->max_bytes);
        break;
    case GEN_FIXED:
        toc_buf_printf(out, "toc_avro_put_fixed(out, %s, %u);\n", source, t->size);
        break;
    case GEN_ENUM:
        toc_buf_printf(
                out, "toc_avro_put_enum(out, (unsigned)%s, TOC_%s_COUNT);\n", source, t->upper);
        break;
    case GEN_RECORD:
        toc_buf_printf(out, "toc_%s_encode(%s%s, out);\n", t->snake,
                f->form == GEN_NULLABLE ? "" : "&", source);
        break;
    }
}

static void put_write(struct gen_model *m, const struct gen_type *t, struct toc_buf *out)
{
    toc_buf_printf(out, "void toc_%s_encode(const struct toc_%s *value, struct toc_buf *out)\n{\n",
            t->snake, t->snake);
    for (size_t i = 0; i < t->field_count; i++) {
        const struct gen_field *f = &t->fields[i];
        const char *source = gen_format(m, "value->%s", f->c_name);
        if (f->form == GEN_ARRAY) {
            toc_buf_printf(
                    out, "    toc_avro_put_count(out, value->%s_count, %u);\n", f->name, f->max);
            toc_buf_printf(out, "    for (size_t i = 0; i < value->%s_count; i++)\n", f->name);
            put_write_value(f, gen_format(m, "%s[i]", source), "        ", out);
            toc_buf_put_text(out, "    toc_avro_put_end(out);\n");
        } else if (f->form == GEN_NULLABLE) {
            const char *has = f->type->kind == GEN_RECORD ? gen_format(m, "%s != NULL", source)
                              : is_text(f)                ? gen_format(m, "%s.ptr != NULL", source)
                                                          : gen_format(m, "value->has_%s", f->name);
            toc_buf_printf(out, "    toc_avro_put_present(out, %s);\n    if (%s)\n", has, has);
            put_write_value(f, source, "        ", out);
        } else {
            put_write_value(f, source, "    ", out);
        }
    }
    toc_buf_put_text(out, "}\n\n");
}

// Defaults and tables ----------------------------------------------------------------------------

// Initialisers of all fields that are not zero by default, as "{.a = 1, .b = {...}}".
static void put_initialiser(const struct gen_type *t, struct toc_buf *out)
{
    const char *comma = "";
    toc_buf_put_byte(out, '{');
    for (size_t i = 0; i < t->field_count; i++) {
        const struct gen_field *f = &t->fields[i];
        if (f->form != GEN_PLAIN || is_text(f) || f->type->kind == GEN_FIXED)
            continue;
        toc_buf_printf(out, "%s.%s = ", comma, f->c_name);
        comma = ", ";
        const char *symbol = json_string_value(f->fallback);
        if (f->type->kind == GEN_RECORD) {
            put_initialiser(f->type, out);
        } else if (f->type->kind == GEN_ENUM) {
            size_t at = f->type->symbol_default;
            for (size_t j = 0; symbol != NULL && j < f->type->symbol_count; j++)
                at = strcmp(f->type->symbols[j], symbol) == 0 ? j : at;
            toc_buf_printf(out, "(enum toc_%s)%zu", f->type->snake, at);
        } else if (f->type->kind == GEN_BOOLEAN) {
            toc_buf_put_text(out, json_is_true(f->fallback) ? "true" : "false");
        } else {
            toc_buf_printf(out, "INT64_C(%lld)", (long long)json_integer_value(f->fallback));
        }
    }
    toc_buf_put_text(out, comma[0] == '\0' ? "0}" : "}");
}

static void put_table_row(const struct gen_type *t, const struct gen_field *f, struct toc_buf *out)
{
    static const char *const kinds[] = {
            "BOOLEAN", "INT", "LONG", "TIME", "STRING", "BYTES", "FIXED", "ENUM", "RECORD"};
    static const char *const forms[] = {"PLAIN", "NULLABLE", "ARRAY"};
    toc_buf_printf(out, "        {\"%s\", TOC_AVRO_%s, TOC_AVRO_%s, offsetof(struct toc_%s, %s), ",
            f->name, kinds[f->type->kind], forms[f->form], t->snake, f->c_name);
    if (f->form == GEN_ARRAY)
        toc_buf_printf(out, "offsetof(struct toc_%s, %s_count), ", t->snake, f->name);
    else if (f->form == GEN_NULLABLE && !is_text(f) && f->type->kind != GEN_RECORD)
        toc_buf_printf(out, "offsetof(struct toc_%s, has_%s), ", t->snake, f->name);
    else
        toc_buf_put_text(out, "0, ");
    toc_buf_printf(out, "%u, %u, %s, ", f->max,
            f->type->kind == GEN_FIXED ? f->type->size : f->max_bytes,
            gen_is_required(f) ? "true" : "false");
    if (f->type->kind == GEN_ENUM)
        toc_buf_printf(out, "&toc_%s_avro, NULL},\n", f->type->snake);
    else if (f->type->kind == GEN_RECORD)
        toc_buf_printf(out, "NULL, &toc_%s_avro},\n", f->type->snake);
    else
        toc_buf_put_text(out, "NULL, NULL},\n");
}

// The schema in pieces: C17 promises string literals of 4,095 bytes only.
static uint64_t put_schema_text(struct gen_model *m, const struct gen_type *t, struct toc_buf *out)
{
    json_t *closed = gen_close(m, t);
    char *text = json_dumps(closed, JSON_COMPACT);
    if (text == NULL)
        gen_die("out of memory");
    toc_buf_printf(out, "static const char *const %s_schema[] = {\n        \"", t->snake);
    size_t column = 0;
    for (const char *c = text; *c != '\0'; c++, column++) {
        if (column >= 90 && *c == '{') {
            toc_buf_put_text(out, "\",\n        \"");
            column = 0;
        }
        if (*c == '"' || *c == '\\' || *c == '?') // "??" begins a trigraph
            toc_buf_put_byte(out, '\\');
        toc_buf_put_byte(out, (uint8_t)*c);
    }
    toc_buf_put_text(out, "\",\n        NULL};\n");
    uint64_t print = gen_fingerprint(closed);
    toc_buf_printf(out, "const uint64_t toc_%s_fingerprint = UINT64_C(0x%016" PRIx64 ");\n",
            t->snake, print);
    free(text);
    json_decref(closed);
    return print;
}

static void put_table(
        struct gen_model *m, const struct gen_type *t, const char *history, struct toc_buf *out)
{
    uint64_t print = 0;
    size_t versions = 0;
    gen_fill(out, t, "static const struct toc_$s $s_default = ");
    put_initialiser(t, out);
    gen_fill(out, t, ";\n\nstatic const struct toc_avro_field $s_fields[] = {\n");
    for (size_t i = 0; i < t->field_count; i++)
        put_table_row(t, &t->fields[i], out);
    toc_buf_put_text(out, "};\n\n");
    if (t->alone) {
        print = put_schema_text(m, t, out);
        gen_fill(out, t,
                "\nstatic void $s_read_any(struct toc_avro_in *in, void *out)\n"
                "{\n"
                "    toc_$s_read(in, out);\n"
                "}\n\n"
                "static void $s_write_any(const void *value, struct toc_buf *out)\n"
                "{\n"
                "    toc_$s_encode(value, out);\n"
                "}\n\n");
        versions = history == NULL ? 0 : gen_emit_old_reads(m, history, t, print, out);
    }
    gen_fill(out, t,
            "const struct toc_avro_record toc_$s_avro = {.name = \"$N\", .size = sizeof(struct "
            "toc_$s),\n"
            "        .fields = $s_fields, .init = &$s_default");
    toc_buf_printf(out, ", .field_count = %zu", t->field_count);
    if (t->alone)
        gen_fill(out, t,
                ",\n        .schema = $s_schema, .read = $s_read_any, .write = $s_write_any");
    if (t->alone)
        toc_buf_printf(out, ", .fingerprint = UINT64_C(0x%016" PRIx64 ")", print);
    if (versions != 0)
        gen_fill(out, t, ",\n        .versions = $s_versions");
    if (versions != 0)
        toc_buf_printf(out, ", .version_count = %zu", versions);
    toc_buf_put_text(out, "};\n\n");
}

static const char of_every_record[] =
        "void toc_$s_init(struct toc_$s *value)\n"
        "{\n"
        "    *value = $s_default;\n"
        "}\n\n"
        "void toc_$s_json(const struct toc_$s *value, struct toc_jw *w)\n"
        "{\n"
        "    toc_avro_json_put(&toc_$s_avro, value, w);\n"
        "}\n\n"
        "toc_rc toc_$s_from_json(const json_t *json, struct toc_arena *arena, struct toc_$s *out,\n"
        "        struct toc_err *err)\n"
        "{\n"
        "    struct toc_$s got;\n"
        "    TOC_TRY(toc_avro_json_get(&toc_$s_avro, json, arena, &got, err));\n"
        "    *out = got;\n"
        "    return TOC_OK;\n"
        "}\n\n";

static const char of_messages[] =
        "toc_rc toc_$s_decode(struct toc_slice body, uint64_t fingerprint, struct toc_arena "
        "*arena,\n"
        "        struct toc_$s *out, struct toc_err *err)\n"
        "{\n"
        "    struct toc_$s got;\n"
        "    TOC_TRY(toc_avro_decode(&toc_$s_avro, body, fingerprint, arena, &got, err));\n"
        "    *out = got;\n"
        "    return TOC_OK;\n"
        "}\n\n"
        "toc_rc toc_$s_get(struct toc_slice framed, struct toc_arena *arena, struct toc_$s *out,\n"
        "        struct toc_err *err)\n"
        "{\n"
        "    struct toc_$s got;\n"
        "    TOC_TRY(toc_avro_get(&toc_$s_avro, framed, arena, &got, err));\n"
        "    *out = got;\n"
        "    return TOC_OK;\n"
        "}\n\n"
        "void toc_$s_put(const struct toc_$s *value, struct toc_buf *out)\n"
        "{\n"
        "    toc_avro_put(&toc_$s_avro, value, out);\n"
        "}\n\n"
        "bool toc_$s_knows(uint64_t fingerprint)\n"
        "{\n"
        "    return toc_avro_knows(&toc_$s_avro, fingerprint);\n"
        "}\n\n";

void gen_emit_source(
        struct gen_model *m, const struct gen_file *file, const char *history, struct toc_buf *out)
{
    toc_buf_printf(out,
            "// Made from %s.avsc by toc-avro-gen.\n#include \"%s.h\"\n\n#include "
            "\"lib/avro/json.h\"\n\n",
            file->stem, file->stem);
    for (size_t i = 0; i < m->type_count; i++) {
        const struct gen_type *t = m->types[i];
        if (t->file != file || t->kind == GEN_FIXED)
            continue;
        if (t->kind == GEN_ENUM) {
            put_enum(t, out);
            continue;
        }
        put_table(m, t, history, out);
        gen_emit_read(m, t, out);
        put_write(m, t, out);
        gen_fill(out, t, of_every_record);
        if (t->alone)
            gen_fill(out, t, of_messages);
    }
}
