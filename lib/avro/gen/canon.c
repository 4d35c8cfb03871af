#include "lib/avro/gen/canon.h"

#include <string.h>

#include "lib/avro/frame.h"
#include "lib/base/text.h"

#define CANONICAL_BYTES_MAX ((size_t)1 << 20)

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

// Closing ----------------------------------------------------------------------------------------

static json_t *must(json_t *json)
{
    if (json == NULL)
        gen_die("out of memory");
    return json;
}

static json_t *close_json(
        struct gen_model *m, const json_t *json, const char *namespace, json_t *seen);

static json_t *close_name(
        struct gen_model *m, const json_t *json, const char *namespace, json_t *seen)
{
    const char *name = json_string_value(json);
    const struct gen_type *t = gen_is_primitive(name) ? NULL : gen_find(m, name, namespace);
    if (t == NULL || json_object_get(seen, t->full) != NULL)
        return must(json_copy((json_t *)(uintptr_t)json));
    return close_json(m, t->json, t->namespace, seen);
}

// Only what holds types is walked: "type", "items", "values", "fields". All else is data.
static json_t *close_object(
        struct gen_model *m, const json_t *json, const char *namespace, json_t *seen)
{
    const char *name = text_of(json, "name"), *own = text_of(json, "namespace");
    if (own != NULL)
        namespace = own;
    bool named = name != NULL && json_is_string(json_object_get(json, "type"));
    const struct gen_type *t = named ? gen_find(m, name, namespace) : NULL;
    if (t != NULL && t->json != json) // a field that happens to have a type's name
        t = NULL;
    if (t != NULL)
        json_object_set_new(seen, t->full, json_true());
    json_t *out = must(json_object());
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        bool types = strcmp(key, "items") == 0 || strcmp(key, "values") == 0 ||
                strcmp(key, "fields") == 0 || (strcmp(key, "type") == 0 && t == NULL);
        json_object_set_new(
                out, key, types ? close_json(m, value, namespace, seen) : must(json_deep_copy(value)));
    }
    return out;
}

static json_t *close_json(
        struct gen_model *m, const json_t *json, const char *namespace, json_t *seen)
{
    if (json_is_string(json))
        return close_name(m, json, namespace, seen);
    if (json_is_object(json))
        return close_object(m, json, namespace, seen);
    json_t *out = must(json_array());
    size_t i;
    json_t *each;
    json_array_foreach(json, i, each)
        json_array_append_new(out, close_json(m, each, namespace, seen));
    return out;
}

json_t *gen_close(struct gen_model *m, const struct gen_type *type)
{
    json_t *seen = must(json_object());
    json_t *out = close_json(m, type->json, type->namespace, seen);
    json_decref(seen);
    return out;
}

// Canonical form ---------------------------------------------------------------------------------

static void put_schema(struct gen_model *m, const json_t *json, const char *namespace, struct toc_buf *out);

static void put_quoted(struct toc_buf *out, const char *text)
{
    toc_buf_printf(out, "\"%s\"", text);
}

static void put_list(struct gen_model *m, const json_t *list, const char *namespace, struct toc_buf *out,
        void (*put)(struct gen_model *, const json_t *, const char *, struct toc_buf *))
{
    size_t i;
    json_t *each;
    toc_buf_put_byte(out, '[');
    json_array_foreach(list, i, each)
    {
        if (i > 0)
            toc_buf_put_byte(out, ',');
        put(m, each, namespace, out);
    }
    toc_buf_put_byte(out, ']');
}

static void put_field(struct gen_model *m, const json_t *field, const char *namespace, struct toc_buf *out)
{
    const char *name = text_of(field, "name");
    toc_buf_printf(out, "{\"name\":\"%s\",\"type\":", name == NULL ? "" : name);
    put_schema(m, json_object_get(field, "type"), namespace, out);
    toc_buf_put_byte(out, '}');
}

static void put_symbol(struct gen_model *m, const json_t *symbol, const char *namespace, struct toc_buf *out)
{
    (void)m;
    (void)namespace;
    put_quoted(out, json_is_string(symbol) ? json_string_value(symbol) : "");
}

// [FULLNAMES], [STRIP], [ORDER]: name, type, fields, symbols, size.
static void put_named(struct gen_model *m, const json_t *json, const char *type, const char *namespace,
        struct toc_buf *out)
{
    const char *name = text_of(json, "name"), *own = text_of(json, "namespace");
    if (name == NULL)
        gen_die("a %s without a name", type);
    const char *dot = strrchr(name, '.');
    if (dot != NULL)
        namespace = gen_format(m, "%.*s", (int)(dot - name), name);
    else if (own != NULL)
        namespace = own;
    toc_buf_printf(out, "{\"name\":\"%s\",\"type\":\"%s\"", gen_full_name(m, name, namespace), type);
    if (strcmp(type, "enum") == 0) {
        toc_buf_put_text(out, ",\"symbols\":");
        put_list(m, json_object_get(json, "symbols"), namespace, out, put_symbol);
    } else if (strcmp(type, "fixed") == 0) {
        const json_t *size = json_object_get(json, "size");
        // [INTEGERS]; some writers quote the size
        uint64_t n = (uint64_t)json_integer_value(size);
        if (json_is_string(size) && !toc_parse_u64(toc_slice_of(json_string_value(size)), INT32_MAX, &n))
            gen_die("size of %s is no number", name);
        toc_buf_printf(out, ",\"size\":%llu", (unsigned long long)n);
    } else {
        toc_buf_put_text(out, ",\"fields\":");
        put_list(m, json_object_get(json, "fields"), namespace, out, put_field);
    }
    toc_buf_put_byte(out, '}');
}

static void put_object(struct gen_model *m, const json_t *json, const char *namespace, struct toc_buf *out)
{
    const json_t *type = json_object_get(json, "type");
    const char *name = json_string_value(type);
    if (name == NULL) { // {"type": {...}}: only a wrapper
        put_schema(m, type, namespace, out);
    } else if (strcmp(name, "array") == 0 || strcmp(name, "map") == 0) {
        const char *key = strcmp(name, "array") == 0 ? "items" : "values";
        toc_buf_printf(out, "{\"type\":\"%s\",\"%s\":", name, key);
        put_schema(m, json_object_get(json, key), namespace, out);
        toc_buf_put_byte(out, '}');
    } else if (strcmp(name, "record") == 0 || strcmp(name, "error") == 0 || strcmp(name, "enum") == 0 ||
            strcmp(name, "fixed") == 0) {
        put_named(m, json, name, namespace, out);
    } else { // [PRIMITIVES]
        put_schema(m, type, namespace, out);
    }
}

static void put_schema(struct gen_model *m, const json_t *json, const char *namespace, struct toc_buf *out)
{
    const char *name = json_string_value(json);
    if (name != NULL)
        put_quoted(out, gen_is_primitive(name) ? name : gen_full_name(m, name, namespace));
    else if (json_is_array(json))
        put_list(m, json, namespace, out, put_schema);
    else if (json_is_object(json))
        put_object(m, json, namespace, out);
    else
        gen_die("a type that is no name, object or list");
}

void gen_canonical(struct gen_model *m, const json_t *schema, struct toc_buf *out)
{
    put_schema(m, schema, "", out);
}

uint64_t gen_fingerprint(struct gen_model *m, const json_t *schema)
{
    struct toc_buf text;
    toc_buf_init(&text, CANONICAL_BYTES_MAX);
    gen_canonical(m, schema, &text);
    if (text.failed)
        gen_die("a canonical form larger than %zu bytes", CANONICAL_BYTES_MAX);
    uint64_t print = toc_avro_fingerprint(toc_buf_slice(&text));
    toc_buf_done(&text);
    return print;
}
