#include "lib/avro/gen/history.h"

#include <stdlib.h>
#include <string.h>

#include "lib/avro/canon.h"
#include "lib/base/file.h"

#define VERSIONS_MAX 1000
#define SCHEMA_BYTES_MAX ((size_t)1 << 20)

// Closing ----------------------------------------------------------------------------------------

static json_t *close_json(
        const struct gen_model *m, const json_t *json, const char *space, json_t *seen);

static json_t *close_name(
        const struct gen_model *m, const json_t *json, const char *space, json_t *seen)
{
    const char *name = json_string_value(json);
    const struct gen_type *t = toc_avro_is_primitive(name) ? NULL : gen_find(m, name, space);
    if (t == NULL || json_object_get(seen, t->full) != NULL)
        return gen_must(json_string(t == NULL ? name : t->full));
    return close_json(m, t->json, t->space, seen);
}

// Only what holds types is walked: "type", "items", "fields". All else is data.
static json_t *close_object(
        const struct gen_model *m, const json_t *json, const char *space, json_t *seen)
{
    const char *name = gen_text(json, "name"), *own = gen_text(json, "namespace");
    if (own != NULL)
        space = own;
    const struct gen_type *t = name == NULL ? NULL : gen_find(m, name, space);
    bool defines = t != NULL && t->json == json; // else a field that happens to have a type's name
    json_t *out = gen_must(json_object());
    if (defines) {
        json_object_set_new(seen, t->full, json_true());
        json_object_set_new(out, "type", gen_must(json_string(gen_text(json, "type"))));
        json_object_set_new(out, "name", gen_must(json_string(t->name)));
        json_object_set_new(out, "namespace", gen_must(json_string(t->space)));
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        bool types =
                strcmp(key, "items") == 0 || strcmp(key, "fields") == 0 || strcmp(key, "type") == 0;
        if (json_object_get(out, key) == NULL)
            json_object_set_new(out, key,
                    types ? close_json(m, value, space, seen) : gen_must(json_deep_copy(value)));
    }
    return out;
}

static json_t *close_json(
        const struct gen_model *m, const json_t *json, const char *space, json_t *seen)
{
    if (json_is_string(json))
        return close_name(m, json, space, seen);
    if (json_is_object(json))
        return close_object(m, json, space, seen);
    json_t *out = gen_must(json_array());
    size_t i;
    json_t *each;
    json_array_foreach(json, i, each) json_array_append_new(out, close_json(m, each, space, seen));
    return out;
}

json_t *gen_close(struct gen_model *m, const struct gen_type *type)
{
    json_t *seen = gen_must(json_object());
    json_t *out = close_json(m, type->json, type->space, seen);
    json_decref(seen);
    return out;
}

uint64_t gen_fingerprint(const json_t *closed)
{
    struct toc_err err;
    uint64_t print;
    if (toc_failed(toc_avro_schema_fingerprint(closed, &print, &err)))
        gen_die("%s", err.text);
    return print;
}

// Versions ---------------------------------------------------------------------------------------

static const char *version_path(
        struct gen_model *m, const char *dir, const struct gen_type *type, size_t n)
{
    return gen_format(m, "%s/%s.%zu.avsc", dir, type->snake, n);
}

static bool exists(const char *path)
{
    struct toc_buf text;
    toc_buf_init(&text, SCHEMA_BYTES_MAX);
    bool there = !toc_failed(toc_file_read(path, &text, NULL));
    toc_buf_done(&text);
    return there;
}

void gen_history_load(
        struct gen_model *m, const char *dir, const struct gen_type *type, struct gen_history *out)
{
    *out = (struct gen_history){0};
    while (out->count < VERSIONS_MAX && exists(version_path(m, dir, type, out->count + 1)))
        out->count++;
    out->models = gen_alloc(m, out->count, sizeof *out->models);
    out->types = gen_alloc(m, out->count, sizeof(struct gen_type *));
    out->fingerprints = gen_alloc(m, out->count, sizeof *out->fingerprints);
    for (size_t i = 0; i < out->count; i++) {
        struct gen_model *old = &out->models[i];
        const char *path = version_path(m, dir, type, i + 1);
        gen_model_init(old);
        gen_model_add(old, path, "", false);
        gen_model_build(old);
        out->types[i] = gen_find_alone(old, type->snake);
        if (out->types[i] == NULL)
            gen_die("%s: does not hold %s", path, type->name);
        json_t *closed = gen_close(old, out->types[i]);
        out->fingerprints[i] = gen_fingerprint(closed);
        json_decref(closed);
    }
}

void gen_history_done(struct gen_history *history)
{
    for (size_t i = 0; i < history->count; i++)
        gen_model_done(&history->models[i]);
}

// The rule ---------------------------------------------------------------------------------------

static void check_enum(const struct gen_type *old, const struct gen_type *now)
{
    if (now->symbol_count < old->symbol_count)
        gen_die("%s lost symbols since it was released", now->name);
    for (size_t i = 0; i < old->symbol_count; i++)
        if (strcmp(old->symbols[i], now->symbols[i]) != 0)
            gen_die("%s: symbol %s was released as %s; symbols are added at the end", now->name,
                    now->symbols[i], old->symbols[i]);
        else if (strcmp(old->spellings[i], now->spellings[i]) != 0)
            gen_die("%s: %s was released with the spelling %s", now->name, now->symbols[i],
                    old->spellings[i]);
    if (old->symbol_default != now->symbol_default)
        gen_die("%s had %s as its default", now->name, old->symbols[old->symbol_default]);
    if (json_object_get(now->json, "default") == NULL)
        gen_die("%s needs a default symbol: older readers meet newer symbols", now->name);
}

static void check_field(const struct gen_type *now, const struct gen_field *old_field,
        const struct gen_field *field)
{
    const char *record = now->name, *name = old_field->name;
    if (field == NULL)
        gen_die("%s.%s was released and is gone", record, name);
    if (field->form != old_field->form || field->type->kind != old_field->type->kind)
        gen_die("%s.%s was released with another type", record, name);
    bool same = field->fallback == NULL ? old_field->fallback == NULL
                                        : json_equal(field->fallback, old_field->fallback);
    if (!same)
        gen_die("%s.%s was released with another default", record, name);
    if (field->max < old_field->max || field->max_bytes < old_field->max_bytes)
        gen_die("%s.%s was released with a higher limit", record, name);
    gen_check_step(old_field->type, field->type);
}

static void check_record(const struct gen_type *old, const struct gen_type *now)
{
    for (size_t i = 0; i < old->field_count; i++)
        check_field(now, &old->fields[i], gen_field_of(now, old->fields[i].name));
    for (size_t i = 0; i < now->field_count; i++)
        if (now->fields[i].fallback == NULL && gen_field_of(old, now->fields[i].name) == NULL)
            gen_die("%s.%s is new and has no default", now->name, now->fields[i].name);
}

void gen_check_step(const struct gen_type *old, const struct gen_type *now)
{
    if (old->full != NULL && strcmp(old->full, now->full) != 0)
        gen_die("%s was released as %s", now->full, old->full);
    if (now->kind == GEN_ENUM)
        check_enum(old, now);
    else if (now->kind == GEN_RECORD)
        check_record(old, now);
    else if (now->kind == GEN_FIXED && old->size != now->size)
        gen_die("%s was released with %u bytes", now->name, old->size);
}

// Docs may be reworded at any time.
static void drop_docs(json_t *json)
{
    const char *key;
    json_t *value;
    size_t i;
    json_object_del(json, "doc");
    json_object_foreach(json, key, value)
    {
        drop_docs(value);
    }
    json_array_foreach(json, i, value)
    {
        drop_docs(value);
    }
}

static bool same_but_docs(struct gen_model *a_model, const struct gen_type *a,
        struct gen_model *b_model, const struct gen_type *b)
{
    json_t *x = gen_close(a_model, a), *y = gen_close(b_model, b);
    drop_docs(x);
    drop_docs(y);
    bool same = json_equal(x, y) != 0 && gen_fingerprint(x) == gen_fingerprint(y);
    json_decref(x);
    json_decref(y);
    return same;
}

static void write_version(struct gen_model *m, const struct gen_type *type, const char *path)
{
    struct toc_buf out;
    json_t *closed = gen_close(m, type);
    char *text = json_dumps(closed, JSON_INDENT(1));
    if (text == NULL)
        gen_die("out of memory");
    toc_buf_init(&out, SCHEMA_BYTES_MAX);
    toc_buf_printf(&out, "%s\n", text);
    gen_write_file(path, &out);
    toc_buf_done(&out);
    free(text);
    json_decref(closed);
}

static void check_one(
        struct gen_model *m, const char *dir, const struct gen_type *type, bool write, bool rewrite)
{
    struct gen_history history;
    gen_history_load(m, dir, type, &history);
    size_t last = history.count;
    bool current =
            last != 0 && same_but_docs(&history.models[last - 1], history.types[last - 1], m, type);
    size_t kept = rewrite && last != 0 ? last - 1 : last;
    for (size_t i = 1; i < kept; i++)
        gen_check_step(history.types[i - 1], history.types[i]);
    if (kept != 0)
        gen_check_step(history.types[kept - 1], type);
    if (write && (rewrite || !current))
        write_version(m, type, version_path(m, dir, type, kept + 1));
    else if (!current)
        gen_die("%s differs from its newest version in %s (%zu): see the README there", type->name,
                dir, last);
    gen_history_done(&history);
}

void gen_check_history(struct gen_model *m, const char *dir, bool write, bool rewrite)
{
    for (size_t i = 0; i < m->type_count; i++) {
        const struct gen_type *t = m->types[i];
        if (t->alone && t->file->emit)
            check_one(m, dir, t, write, rewrite);
    }
}
