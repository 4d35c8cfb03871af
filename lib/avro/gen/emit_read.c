// The code that reads: one function per record for the current schema, and for each released schema
// whose wire form differs one per record that differs in it. The older ones fill the same structs:
// what the old schema lacks stays at its default, what the current one dropped is stepped over.
#include "lib/avro/gen/emit.h"

#include <inttypes.h>
#include <string.h>

#include "lib/avro/gen/history.h"

// Which schema the bytes were written with.
struct writer {
    struct gen_model *m;   // for memory
    const char *version;   // "segment_1"; NULL: the current schema
    struct gen_model *old; // its model; NULL likewise
};

static bool is_text(const struct gen_type *t)
{
    return t->kind == GEN_STRING || t->kind == GEN_BYTES;
}

// Both write the same bytes, so the current reader will do.
static bool same_wire(struct writer w, const struct gen_type *old, const struct gen_type *now)
{
    if (old == now || now->full == NULL)
        return true;
    json_t *a = gen_close(w.old, old), *b = gen_close(w.m, now);
    bool same = gen_fingerprint(a) == gen_fingerprint(b);
    json_decref(a);
    json_decref(b);
    return same;
}

// One field as it comes: `wire` in the order and with the symbols of the writer, `f` is the struct's.
struct read {
    struct writer w;
    const struct gen_field *wire, *f;
};

static const char *reader_of(struct read r)
{
    const struct gen_type *now = r.f->type;
    return same_wire(r.w, r.wire->type, now)
                   ? gen_format(r.w.m, "toc_%s_read", now->snake)
                   : gen_format(r.w.m, "%s_%s_read", r.w.version, now->snake);
}

// The expression that reads one value that is neither fixed nor record.
static const char *expression(struct read r)
{
    struct gen_model *m = r.w.m;
    const struct gen_type *t = r.f->type;
    switch (t->kind) {
    case GEN_BOOLEAN:
        return "toc_avro_boolean(in)";
    case GEN_INT:
        return "toc_avro_int(in)";
    case GEN_LONG:
    case GEN_TIME:
        return "toc_avro_long(in)";
    case GEN_STRING:
        return gen_format(m, "toc_avro_text(in, %u)", r.f->max_bytes);
    case GEN_BYTES:
        return gen_format(m, "toc_avro_bytes(in, %u)", r.f->max_bytes);
    case GEN_ENUM:
        if (same_wire(r.w, r.wire->type, t))
            return gen_format(
                    m, "(enum toc_%s)toc_avro_enum(in, TOC_%s_COUNT)", t->snake, t->upper);
        return gen_format(m, "(enum toc_%s)%s_%s[toc_avro_enum(in, %zu)]", t->snake, r.w.version,
                t->snake, r.wire->type->symbol_count);
    case GEN_FIXED:
    case GEN_RECORD:
        break;
    }
    gen_die("%s has no expression", t->name);
}

static void put_value(struct read r, const char *target, const char *indent, struct toc_buf *out)
{
    if (r.f->type->kind == GEN_FIXED)
        toc_buf_printf(out, "%stoc_avro_fixed(in, %s, %u);\n", indent, target, r.f->type->size);
    else if (r.f->type->kind == GEN_RECORD)
        toc_buf_printf(out, "%s%s(in, &%s);\n", indent, reader_of(r), target);
    else
        toc_buf_printf(out, "%s%s = %s;\n", indent, target, expression(r));
}

static void put_nullable(struct read r, struct toc_buf *out)
{
    const char *n = r.f->c_name, *has = r.f->name;
    if (r.f->type->kind == GEN_RECORD) {
        toc_buf_printf(out,
                "    out->%s = toc_avro_present(in) ? toc_avro_alloc(in, sizeof *out->%s) : NULL;\n"
                "    if (out->%s != NULL)\n"
                "        %s(in, out->%s);\n",
                n, n, n, reader_of(r), n);
    } else if (is_text(r.f->type)) {
        toc_buf_printf(out,
                "    out->%s = (struct toc_slice){NULL, 0};\n"
                "    if (toc_avro_present(in))\n"
                "        out->%s = %s;\n",
                n, n, expression(r));
    } else {
        toc_buf_printf(out, "    out->has_%s = toc_avro_present(in);\n", has);
        if (r.f->type->kind == GEN_FIXED)
            toc_buf_printf(out, "    memset(out->%s, 0, sizeof out->%s);\n", n, n);
        else
            toc_buf_printf(out, "    out->%s = 0;\n", n);
        toc_buf_printf(out, "    if (out->has_%s)\n", has);
        put_value(r, gen_format(r.w.m, "out->%s", n), "        ", out);
    }
}

static void put_array(struct read r, struct toc_buf *out)
{
    const char *n = r.f->name, *c = r.f->c_name;
    toc_buf_printf(out,
            "    struct toc_avro_array %s_array = {0};\n"
            "    const struct toc_avro_shape %s_shape = {sizeof *out->%s, %u, %u};\n"
            "    for (size_t left; (left = toc_avro_block(in, &%s_array, %s_shape)) != 0;) {\n"
            "        out->%s = %s_array.items;\n"
            "        for (; left > 0 && toc_avro_in_ok(in); left--, %s_array.count++)\n",
            n, n, c, r.wire->type->least, r.f->max, n, n, c, n, n);
    put_value(r, gen_format(r.w.m, "out->%s[%s_array.count]", c, n), "            ", out);
    toc_buf_printf(out,
            "    }\n"
            "    out->%s = %s_array.items;\n"
            "    out->%s_count = %s_array.count;\n",
            c, n, n, n);
}

// Steps over a value of a field that the struct no longer has. `level` keeps the names apart.
static void put_skip(
        struct gen_model *m, const struct gen_field *f, unsigned level, struct toc_buf *out)
{
    static const char *const calls[] = {[GEN_BOOLEAN] = "boolean(in)",
            [GEN_INT] = "int(in)",
            [GEN_LONG] = "long(in)",
            [GEN_TIME] = "long(in)"};
    if (f->form == GEN_NULLABLE)
        toc_buf_put_text(out, "    if (toc_avro_present(in)) {\n");
    if (f->form == GEN_ARRAY)
        toc_buf_printf(out,
                "    struct toc_avro_array gone_%u = {0};\n"
                "    for (size_t left_%u; (left_%u = toc_avro_block(in, &gone_%u, (struct "
                "toc_avro_shape){1, %u, "
                "%u})) != 0;)\n"
                "    for (; left_%u > 0 && toc_avro_in_ok(in); left_%u--, gone_%u.count++) {\n",
                level, level, level, level, f->type->least, f->max, level, level, level);
    if (f->type->kind == GEN_RECORD)
        for (size_t i = 0; i < f->type->field_count; i++) {
            toc_buf_put_text(out, "    {\n");
            put_skip(m, &f->type->fields[i], level + 1, out);
            toc_buf_put_text(out, "    }\n");
        }
    else if (is_text(f->type))
        toc_buf_printf(out, "    (void)toc_avro_bytes(in, %u);\n", f->max_bytes);
    else if (f->type->kind == GEN_FIXED)
        toc_buf_printf(out, "    toc_avro_fixed(in, (uint8_t[%u]){0}, %u);\n", f->type->size,
                f->type->size);
    else if (f->type->kind == GEN_ENUM)
        toc_buf_printf(out, "    (void)toc_avro_enum(in, %zu);\n", f->type->symbol_count);
    else
        toc_buf_printf(out, "    (void)toc_avro_%s;\n", calls[f->type->kind]);
    if (f->form != GEN_PLAIN)
        toc_buf_put_text(out, "    }\n");
}

static void put_body(struct writer w, const struct gen_type *wire, const struct gen_type *now,
        struct toc_buf *out)
{
    for (size_t i = 0; i < wire->field_count; i++) {
        struct read r = {w, &wire->fields[i], gen_field_of(now, wire->fields[i].name)};
        if (r.f == NULL) {
            toc_buf_put_text(out, "    {\n");
            put_skip(w.m, r.wire, 0, out);
            toc_buf_put_text(out, "    }\n");
        } else if (r.f->form != r.wire->form || r.f->type->kind != r.wire->type->kind) {
            gen_die("%s.%s has another type in %s", now->name, r.f->name, w.version);
        } else if (r.f->form == GEN_ARRAY) {
            put_array(r, out);
        } else if (r.f->form == GEN_NULLABLE) {
            put_nullable(r, out);
        } else {
            put_value(r, gen_format(w.m, "out->%s", r.f->c_name), "    ", out);
        }
    }
}

void gen_emit_read(struct gen_model *m, const struct gen_type *t, struct toc_buf *out)
{
    toc_buf_printf(out, "void toc_%s_read(struct toc_avro_in *in, struct toc_%s *out)\n{\n",
            t->snake, t->snake);
    put_body((struct writer){.m = m}, t, t, out);
    toc_buf_put_text(out, "}\n\n");
}

// Old symbol -> current symbol; its default where it has gone.
static void put_symbols(struct writer w, const struct gen_type *old, const struct gen_type *now,
        struct toc_buf *out)
{
    toc_buf_printf(out, "static const unsigned %s_%s[] = {", w.version, now->snake);
    for (size_t i = 0; i < old->symbol_count; i++) {
        size_t at = now->symbol_default;
        for (size_t j = 0; j < now->symbol_count; j++)
            at = strcmp(now->symbols[j], old->symbols[i]) == 0 ? j : at;
        toc_buf_printf(out, "%s%zu", i == 0 ? "" : ", ", at);
    }
    toc_buf_put_text(out, "};\n\n");
}

// What differs from the current schema, innermost first; each once.
static void put_old(
        struct writer w, struct gen_type *old, const struct gen_type *now, struct toc_buf *out)
{
    if (old->emitted || same_wire(w, old, now))
        return;
    old->emitted = true;
    if (old->kind == GEN_ENUM)
        put_symbols(w, old, now, out);
    if (old->kind != GEN_RECORD)
        return;
    for (size_t i = 0; i < old->field_count; i++) {
        const struct gen_field *f = gen_field_of(now, old->fields[i].name);
        if (f != NULL)
            put_old(w, old->fields[i].type, f->type, out);
    }
    toc_buf_printf(out,
            "static void %s_%s_read(struct toc_avro_in *in, struct toc_%s *out)\n{\n"
            "    toc_%s_init(out);\n",
            w.version, now->snake, now->snake, now->snake);
    put_body(w, old, now, out);
    toc_buf_put_text(out, "}\n\n");
}

size_t gen_emit_old_reads(struct gen_model *m, const char *dir, const struct gen_type *t,
        uint64_t current, struct toc_buf *out)
{
    struct gen_history history;
    struct toc_buf rows;
    size_t count = 0;
    toc_buf_init(&rows, (size_t)1 << 20);
    gen_history_load(m, dir, t, &history);
    for (size_t i = history.count; i > 0; i--) {
        uint64_t print = history.fingerprints[i - 1];
        bool known = print == current;
        for (size_t j = i; j < history.count; j++)
            known = known || history.fingerprints[j] == print;
        if (known)
            continue;
        const char *version = gen_format(m, "%s_%zu", t->snake, i);
        put_old((struct writer){m, version, &history.models[i - 1]}, history.types[i - 1], t, out);
        toc_buf_printf(out,
                "static void %s_read_any(struct toc_avro_in *in, void *out)\n{\n"
                "    %s_%s_read(in, out);\n}\n\n",
                version, version, t->snake);
        toc_buf_printf(
                &rows, "        {UINT64_C(0x%016" PRIx64 "), %s_read_any},\n", print, version);
        count++;
    }
    if (count != 0)
        toc_buf_printf(out, "static const struct toc_avro_version %s_versions[] = {\n%.*s};\n\n",
                t->snake, TOC_SLICE_ARG(toc_buf_slice(&rows)));
    gen_history_done(&history);
    toc_buf_done(&rows);
    return count;
}
