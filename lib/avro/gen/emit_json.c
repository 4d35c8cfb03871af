// JSON Schema, draft 2020-12, of the JSON form of a record (lib/avro/json.h).
#include "lib/avro/gen/emit.h"

#include <stdlib.h>
#include <string.h>

static void set(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, gen_must(value)) != 0)
        gen_die("out of memory");
}

static json_t *of_type(const char *type)
{
    json_t *out = gen_must(json_object());
    set(out, "type", json_string(type));
    return out;
}

static json_t *integer(int64_t least, int64_t most)
{
    json_t *out = of_type("integer");
    set(out, "minimum", json_integer(least));
    set(out, "maximum", json_integer(most));
    return out;
}

static json_t *enumeration(const struct gen_type *t)
{
    json_t *out = of_type("string"), *words = gen_must(json_array());
    for (size_t i = 0; i < t->symbol_count; i++)
        json_array_append_new(words, gen_must(json_string(t->spellings[i])));
    for (size_t i = 0; i < t->symbol_count; i++) // taken when read, never written
        if (t->symbols[i] != t->spellings[i])
            json_array_append_new(words, gen_must(json_string(t->symbols[i])));
    set(out, "enum", words);
    return out;
}

// One value; named types as a reference.
static json_t *value_schema(struct gen_model *m, const struct gen_field *f)
{
    const struct gen_type *t = f->type;
    json_t *out = NULL;
    switch (t->kind) {
    case GEN_BOOLEAN:
        return of_type("boolean");
    case GEN_INT:
        return integer(INT32_MIN, INT32_MAX);
    case GEN_LONG:
        return integer(INT64_MIN, INT64_MAX);
    case GEN_TIME:
        out = of_type("string");
        set(out, "format", json_string("date-time"));
        return out;
    case GEN_STRING: // counted in bytes; a character has at least one
        out = of_type("string");
        set(out, "maxLength", json_integer(f->max_bytes));
        return out;
    case GEN_BYTES:
        out = of_type("string");
        set(out, "contentEncoding", json_string("base64"));
        set(out, "maxLength", json_integer(((json_int_t)f->max_bytes + 2) / 3 * 4));
        return out;
    case GEN_FIXED:
    case GEN_ENUM:
    case GEN_RECORD:
        out = gen_must(json_object());
        set(out, "$ref", json_string(gen_format(m, "#/$defs/%s", t->name)));
        return out;
    }
    return out;
}

static json_t *field_schema(struct gen_model *m, const struct gen_field *f)
{
    json_t *out = value_schema(m, f);
    if (f->form == GEN_ARRAY) {
        json_t *items = out;
        out = of_type("array");
        set(out, "items", items);
        set(out, "maxItems", json_integer(f->max));
    } else if (f->form == GEN_NULLABLE) {
        json_t *both = gen_must(json_array());
        json_array_append_new(both, out);
        json_array_append_new(both, of_type("null"));
        out = gen_must(json_object());
        set(out, "anyOf", both);
    }
    if (f->doc != NULL)
        set(out, "description", json_string(f->doc));
    const char *symbol = json_string_value(f->fallback);
    for (size_t i = 0; f->type->kind == GEN_ENUM && symbol != NULL && i < f->type->symbol_count;
            i++)
        if (strcmp(f->type->symbols[i], symbol) == 0)
            set(out, "default", json_string(f->type->spellings[i]));
    bool number =
            f->type->kind == GEN_INT || f->type->kind == GEN_LONG || f->type->kind == GEN_BOOLEAN;
    if (f->form == GEN_PLAIN && f->fallback != NULL && number)
        set(out, "default", json_deep_copy(f->fallback));
    return out;
}

static json_t *record_schema(struct gen_model *m, const struct gen_type *t)
{
    json_t *out = of_type("object"), *properties = gen_must(json_object()),
           *required = gen_must(json_array());
    const char *doc = json_string_value(json_object_get(t->json, "doc"));
    if (doc != NULL)
        set(out, "description", json_string(doc));
    for (size_t i = 0; i < t->field_count; i++) {
        set(properties, t->fields[i].name, field_schema(m, &t->fields[i]));
        if (gen_is_required(&t->fields[i]))
            json_array_append_new(required, gen_must(json_string(t->fields[i].name)));
    }
    set(out, "properties", properties);
    set(out, "required", required);
    set(out, "additionalProperties", json_false());
    return out;
}

// Definitions of the named types that `t` uses, innermost first.
static void define(struct gen_model *m, const struct gen_type *t, json_t *defs)
{
    for (size_t i = 0; i < t->field_count; i++) {
        const struct gen_type *used = t->fields[i].type;
        if (used->full == NULL || json_object_get(defs, used->name) != NULL)
            continue;
        define(m, used, defs);
        json_t *schema = NULL;
        if (used->kind == GEN_RECORD)
            schema = record_schema(m, used);
        else if (used->kind == GEN_ENUM)
            schema = enumeration(used);
        else {
            schema = of_type("string");
            set(schema, "pattern", json_string(gen_format(m, "^[0-9a-fA-F]{%u}$", used->size * 2)));
        }
        set(defs, used->name, schema);
    }
}

void gen_emit_json_schema(struct gen_model *m, const struct gen_type *type, struct toc_buf *out)
{
    json_t *schema = gen_must(json_object()), *body = record_schema(m, type),
           *defs = gen_must(json_object());
    set(schema, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
    set(schema, "$id", json_string(gen_format(m, "urn:tocsin:schema:%s", type->snake)));
    set(schema, "title", json_string(type->name));
    json_object_update(schema, body);
    define(m, type, defs);
    set(schema, "$defs", defs);
    char *text = json_dumps(schema, JSON_INDENT(1));
    if (text == NULL)
        gen_die("out of memory");
    toc_buf_printf(out, "%s\n", text);
    free(text);
    json_decref(body);
    json_decref(schema);
}
