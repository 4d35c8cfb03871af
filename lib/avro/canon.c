#include "lib/avro/canon.h"

#include <string.h>

#include "lib/avro/frame.h"
#include "lib/base/text.h"

#define CANONICAL_BYTES_MAX ((size_t)1 << 20)

bool toc_avro_is_primitive(const char *name)
{
    static const char *const all[] = {
            "null", "boolean", "int", "long", "float", "double", "bytes", "string"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(name, all[i]) == 0)
            return true;
    return false;
}

// The namespace that names without a dot belong to.
struct scope {
    struct toc_buf *out;
    struct toc_err *err;
    struct toc_slice space;
};

static toc_rc put_schema(struct scope scope, const json_t *json);

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

// [STRINGS]: escapes are resolved by jansson; what JSON cannot hold bare is no name or symbol.
static toc_rc put_quoted(struct scope scope, struct toc_slice space, const char *name)
{
    struct toc_slice text = toc_slice_of(name);
    for (size_t i = 0; i < text.len; i++)
        TOC_ENSURE(text.ptr[i] >= 0x20 && text.ptr[i] != '"' && text.ptr[i] != '\\', scope.err,
                TOC_E_SYNTAX, "a name of a schema holds byte %u", text.ptr[i]);
    toc_buf_put_byte(scope.out, '"');
    if (space.len != 0 && strchr(name, '.') == NULL) { // [FULLNAMES]
        toc_buf_put_slice(scope.out, space);
        toc_buf_put_byte(scope.out, '.');
    }
    toc_buf_put_slice(scope.out, text);
    toc_buf_put_byte(scope.out, '"');
    return TOC_OK;
}

static toc_rc put_list(
        struct scope scope, const json_t *list, toc_rc (*put)(struct scope, const json_t *))
{
    size_t i;
    json_t *each;
    TOC_ENSURE(json_is_array(list), scope.err, TOC_E_SYNTAX, "a schema lacks a list");
    toc_buf_put_byte(scope.out, '[');
    json_array_foreach(list, i, each)
    {
        if (i > 0)
            toc_buf_put_byte(scope.out, ',');
        TOC_TRY(put(scope, each));
    }
    toc_buf_put_byte(scope.out, ']');
    return TOC_OK;
}

static toc_rc put_field(struct scope scope, const json_t *field)
{
    const char *name = text_of(field, "name");
    TOC_ENSURE(name != NULL, scope.err, TOC_E_SYNTAX, "a field without a name");
    toc_buf_put_text(scope.out, "{\"name\":");
    TOC_TRY(put_quoted(scope, (struct toc_slice){0}, name));
    toc_buf_put_text(scope.out, ",\"type\":");
    TOC_TRY(put_schema(scope, json_object_get(field, "type")));
    toc_buf_put_byte(scope.out, '}');
    return TOC_OK;
}

static toc_rc put_symbol(struct scope scope, const json_t *symbol)
{
    TOC_ENSURE(json_is_string(symbol), scope.err, TOC_E_SYNTAX, "a symbol that is no text");
    return put_quoted(scope, (struct toc_slice){0}, json_string_value(symbol));
}

static toc_rc put_size(struct scope scope, const json_t *size)
{
    uint64_t n = (uint64_t)json_integer_value(size);
    const char *quoted = json_string_value(size); // [INTEGERS] unquotes it
    bool valid = quoted != NULL ? toc_parse_u64(toc_slice_of(quoted), INT32_MAX, &n)
                                : json_is_integer(size) && json_integer_value(size) >= 0;
    TOC_ENSURE(valid, scope.err, TOC_E_SYNTAX, "a fixed without a size");
    toc_buf_printf(scope.out, "%llu", (unsigned long long)n);
    return TOC_OK;
}

// [STRIP] and [ORDER]: name, type, fields, symbols, size.
static toc_rc put_named(struct scope scope, const json_t *json, const char *type)
{
    const char *name = text_of(json, "name"), *own = text_of(json, "namespace");
    TOC_ENSURE(name != NULL, scope.err, TOC_E_SYNTAX, "a named type without a name");
    const char *dot = strrchr(name, '.');
    if (dot != NULL)
        scope.space = toc_slice(name, (size_t)(dot - name));
    else if (own != NULL)
        scope.space = toc_slice_of(own);
    toc_buf_put_text(scope.out, "{\"name\":");
    TOC_TRY(put_quoted(scope, scope.space, name));
    toc_buf_printf(scope.out, ",\"type\":\"%s\",", type);
    if (strcmp(type, "enum") == 0) {
        toc_buf_put_text(scope.out, "\"symbols\":");
        TOC_TRY(put_list(scope, json_object_get(json, "symbols"), put_symbol));
    } else if (strcmp(type, "fixed") == 0) {
        toc_buf_put_text(scope.out, "\"size\":");
        TOC_TRY(put_size(scope, json_object_get(json, "size")));
    } else {
        toc_buf_put_text(scope.out, "\"fields\":");
        TOC_TRY(put_list(scope, json_object_get(json, "fields"), put_field));
    }
    toc_buf_put_byte(scope.out, '}');
    return TOC_OK;
}

static toc_rc put_object(struct scope scope, const json_t *json)
{
    static const char *const named[] = {"record", "error", "enum", "fixed"};
    const json_t *type = json_object_get(json, "type");
    const char *name = json_string_value(type);
    if (name == NULL) // {"type": {...}} is only a wrapper
        return put_schema(scope, type);
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (strcmp(name, named[i]) == 0)
            return put_named(scope, json, name);
    bool array = strcmp(name, "array") == 0;
    if (!array && strcmp(name, "map") != 0)
        return put_schema(scope, type); // [PRIMITIVES]
    const char *key = array ? "items" : "values";
    toc_buf_printf(scope.out, "{\"type\":\"%s\",\"%s\":", name, key);
    TOC_TRY(put_schema(scope, json_object_get(json, key)));
    toc_buf_put_byte(scope.out, '}');
    return TOC_OK;
}

static toc_rc put_schema(struct scope scope, const json_t *json)
{
    const char *name = json_string_value(json);
    if (name != NULL)
        return put_quoted(
                scope, toc_avro_is_primitive(name) ? (struct toc_slice){0} : scope.space, name);
    if (json_is_array(json))
        return put_list(scope, json, put_schema);
    TOC_ENSURE(json_is_object(json), scope.err, TOC_E_SYNTAX,
            "a type that is no name, object or list");
    return put_object(scope, json);
}

toc_rc toc_avro_canonical(const json_t *schema, struct toc_buf *out, struct toc_err *err)
{
    TOC_TRY(put_schema((struct scope){out, err, {0}}, schema));
    return toc_buf_check(out, "the canonical form of a schema", err);
}

toc_rc toc_avro_schema_fingerprint(const json_t *schema, uint64_t *out, struct toc_err *err)
{
    TOC_CLEANUP(toc_buf_done) struct toc_buf text;
    toc_buf_init(&text, CANONICAL_BYTES_MAX);
    TOC_TRY(toc_avro_canonical(schema, &text, err));
    *out = toc_avro_fingerprint(toc_buf_slice(&text));
    return TOC_OK;
}
