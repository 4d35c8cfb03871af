#include "lib/avro/gen/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"

#define MODEL_BYTES_MAX ((size_t)64 << 20)
#define SCHEMA_BYTES_MAX ((size_t)1 << 20)

_Noreturn void gen_die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("toc-avro-gen: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

void gen_model_init(struct gen_model *m)
{
    *m = (struct gen_model){0};
    toc_arena_init(&m->arena, MODEL_BYTES_MAX);
}

void gen_model_done(struct gen_model *m)
{
    for (size_t i = 0; i < m->file_count; i++)
        json_decref(m->files[i].json);
    toc_arena_done(&m->arena);
}

void *gen_alloc(struct gen_model *m, size_t count, size_t size)
{
    void *at = toc_arena_alloc(&m->arena, count, size);
    if (at == NULL)
        gen_die("out of memory");
    return at;
}

const char *gen_format(struct gen_model *m, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof text)
        gen_die("a name is too long");
    return memcpy(gen_alloc(m, (size_t)n + 1, 1), text, (size_t)n + 1);
}

const char *gen_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

json_t *gen_must(json_t *json)
{
    if (json == NULL)
        gen_die("out of memory");
    return json;
}

// Grows an array in the arena by one item and returns the new, zeroed one's index.
static size_t grow(struct gen_model *m, void **items, size_t count, size_t *room, size_t size)
{
    if (count == *room) {
        size_t wanted = *room == 0 ? 32 : *room * 2;
        void *grown = gen_alloc(m, wanted, size);
        if (count != 0)
            memcpy(grown, *items, count * size);
        *items = grown;
        *room = wanted;
    }
    return count;
}

// Names ------------------------------------------------------------------------------------------

const char *gen_full_name(struct gen_model *m, const char *name, const char *space)
{
    if (strchr(name, '.') != NULL || space[0] == '\0')
        return name;
    return gen_format(m, "%s.%s", space, name);
}

struct gen_type *gen_find(const struct gen_model *m, const char *name, const char *space)
{
    for (size_t i = 0; i < m->declared_count; i++) {
        struct gen_type *t = m->declared[i];
        if (strchr(name, '.') != NULL ? strcmp(t->full, name) == 0
                                      : strcmp(t->space, space) == 0 && strcmp(t->name, name) == 0)
            return t;
    }
    return NULL;
}

struct gen_type *gen_find_alone(const struct gen_model *m, const char *snake)
{
    for (size_t i = 0; i < m->type_count; i++)
        if (m->types[i]->alone && strcmp(m->types[i]->snake, snake) == 0)
            return m->types[i];
    return NULL;
}

const struct gen_field *gen_field_of(const struct gen_type *t, const char *name)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (strcmp(t->fields[i].name, name) == 0)
            return &t->fields[i];
    return NULL;
}

bool gen_is_required(const struct gen_field *field)
{
    enum gen_kind kind = field->type->kind;
    return field->fallback == NULL && field->form == GEN_PLAIN && kind != GEN_STRING &&
           kind != GEN_BYTES && kind != GEN_TIME;
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

// SignedSegment -> signed_segment; a run of capitals is one word.
static const char *snake_of(struct gen_model *m, const char *name)
{
    char *out = gen_alloc(m, 2 * strlen(name) + 1, 1), *at = out;
    for (size_t i = 0; name[i] != '\0'; i++) {
        bool starts =
                is_upper(name[i]) && i > 0 && (!is_upper(name[i - 1]) || (name[i + 1] >= 'a'));
        if (starts)
            *at++ = '_';
        *at++ = is_upper(name[i]) ? (char)(name[i] + ('a' - 'A')) : name[i];
    }
    return out;
}

static const char *upper_of(struct gen_model *m, const char *text)
{
    char *out = gen_alloc(m, strlen(text) + 1, 1);
    for (size_t i = 0; text[i] != '\0'; i++)
        out[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - ('a' - 'A')) : text[i];
    return out;
}

static bool is_symbol(const char *text) // [a-z][a-z0-9_]*
{
    if (text[0] < 'a' || text[0] > 'z')
        return false;
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

// What becomes a comment of C, or stands inside a literal of C.
static bool is_one_line(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20)
            return false;
    return len == 0 || text[len - 1] != '\\';
}

static bool is_spelling(const char *text)
{
    return text[0] != '\0' && is_one_line(text) && strpbrk(text, "\"\\") == NULL;
}

static const char *c_name_of(struct gen_model *m, const char *name)
{
    static const char *const taken[] = {"auto", "break", "case", "char", "const", "continue",
            "default", "do", "double", "else", "enum", "extern", "float", "for", "goto", "if",
            "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof",
            "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile",
            "while", "bool", "true", "false", "errno", "linux", "unix", "asm", "typeof"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp(name, taken[i]) == 0)
            return gen_format(m, "%s_", name);
    return name;
}

// Reading ----------------------------------------------------------------------------------------

static const char *need_text(const json_t *object, const char *key, const char *where)
{
    const char *text = gen_text(object, key);
    if (text == NULL)
        gen_die("%s: no \"%s\"", where, key);
    return text;
}

// A misspelt attribute would silently lift a limit. A doc becomes a comment.
static void check_attributes(const json_t *object, const char *where, const char *allowed)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        char word[64];
        int n = snprintf(word, sizeof word, " %s ", key);
        if (n < 0 || (size_t)n >= sizeof word || strstr(allowed, word) == NULL)
            gen_die("%s: attribute \"%s\" is not known here", where, key);
    }
    const char *doc = gen_text(object, "doc");
    if (doc != NULL && !is_one_line(doc))
        gen_die("%s: a doc is one line", where);
}

static uint32_t number_of(const json_t *object, const char *key, const char *where)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL)
        return 0;
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < 1 || n > INT32_MAX)
        gen_die("%s: \"%s\" must be 1 .. 2^31-1", where, key);
    return (uint32_t)n;
}

static bool is_named(const char *type)
{
    return strcmp(type, "record") == 0 || strcmp(type, "enum") == 0 || strcmp(type, "fixed") == 0;
}

static void declare(struct gen_model *m, struct gen_file *file, json_t *json, const char *space);

static struct gen_type *declare_named(
        struct gen_model *m, struct gen_file *file, json_t *json, const char *space)
{
    const char *name = need_text(json, "name", file->path);
    const char *own = gen_text(json, "namespace");
    const char *dot = strrchr(name, '.');
    if (dot != NULL)
        gen_die("%s: give %s its namespace as an attribute", file->path, name);
    struct gen_type *t = gen_alloc(m, 1, sizeof *t);
    t->name = name;
    t->space = own != NULL ? own : space;
    t->full = gen_full_name(m, name, t->space);
    t->snake = snake_of(m, name);
    t->upper = upper_of(m, t->snake);
    t->json = json;
    t->file = file;
    for (size_t i = 0; i < m->declared_count; i++)
        if (strcmp(m->declared[i]->snake, t->snake) == 0)
            gen_die("%s: %s is defined in %s too", file->path, name, m->declared[i]->file->path);
    size_t at =
            grow(m, (void **)&m->declared, m->declared_count, &m->declared_room, sizeof(void *));
    m->declared[at] = t;
    m->declared_count++;

    size_t i;
    json_t *field;
    json_array_foreach(json_object_get(json, "fields"), i, field)
            declare(m, file, json_object_get(field, "type"), t->space);
    return t;
}

// Notes every named type defined in `json`, however deep.
static void declare(struct gen_model *m, struct gen_file *file, json_t *json, const char *space)
{
    size_t i;
    json_t *each;
    const char *type = gen_text(json, "type");
    if (type != NULL && is_named(type))
        declare_named(m, file, json, space);
    else if (json_is_object(json))
        declare(m, file, json_object_get(json, "items"), space);
    json_array_foreach(json, i, each)
    {
        declare(m, file, each, space);
    }
}

void gen_model_add(struct gen_model *m, const char *path, const char *root, bool emit)
{
    struct toc_buf text;
    struct toc_err err;
    toc_buf_init(&text, SCHEMA_BYTES_MAX);
    gen_read_file(path, &text);
    size_t at = grow(m, (void **)&m->files, m->file_count, &m->file_room, sizeof *m->files);
    m->file_count++;
    struct gen_file *file = &m->files[at];
    *file = (struct gen_file){.path = path, .emit = emit};
    if (toc_failed(toc_json_parse(toc_buf_slice(&text), &file->json, &err)))
        gen_die("%s: %s", path, err.text);
    toc_buf_done(&text);

    size_t len = strlen(root);
    bool inside = len != 0 && strncmp(path, root, len) == 0 && path[len] == '/';
    const char *relative = inside ? path + len + 1 : path;
    size_t n = strlen(relative);
    if (n < 6 || strcmp(relative + n - 5, ".avsc") != 0)
        gen_die("%s: a schema file ends in .avsc", path);
    file->stem = gen_format(m, "%.*s", (int)(n - 5), relative);
}

// Building ---------------------------------------------------------------------------------------

static void build_type(struct gen_model *m, struct gen_type *t);

static struct gen_type *primitive(const char *name, const char *logical)
{
    static struct gen_type all[] = {
            {.kind = GEN_BOOLEAN, .name = "boolean", .least = 1},
            {.kind = GEN_INT, .name = "int", .least = 1},
            {.kind = GEN_LONG, .name = "long", .least = 1},
            {.kind = GEN_STRING, .name = "string", .least = 1},
            {.kind = GEN_BYTES, .name = "bytes", .least = 1},
    };
    static struct gen_type time = {.kind = GEN_TIME, .name = "long", .least = 1};
    if (logical != NULL)
        return strcmp(name, "long") == 0 && strcmp(logical, "timestamp-millis") == 0 ? &time : NULL;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

static struct gen_type *type_of(
        struct gen_model *m, const json_t *json, const char *space, const char *where)
{
    const char *name = json_is_string(json) ? json_string_value(json) : gen_text(json, "type");
    if (name == NULL)
        gen_die("%s: a type that is neither a name nor an object with one", where);
    struct gen_type *t = primitive(name, gen_text(json, "logicalType"));
    if (t != NULL) {
        if (json_is_object(json))
            check_attributes(json, where, " type logicalType ");
        return t;
    }
    if (json_is_object(json) && is_named(name)) {
        const char *own = gen_text(json, "namespace");
        t = gen_find(m, need_text(json, "name", where), own != NULL ? own : space);
    } else if (json_is_string(json)) {
        t = gen_find(m, name, space);
    }
    if (t == NULL)
        gen_die("%s: type \"%s\" is not known, or not one Tocsin's records use", where, name);
    build_type(m, t);
    return t;
}

// Splits array and ["null", T] from the type of the value.
static const json_t *form_of(const json_t *json, enum gen_form *form, const char *where)
{
    *form = GEN_PLAIN;
    if (json_is_array(json)) {
        const char *first = json_string_value(json_array_get(json, 0));
        if (json_array_size(json) != 2 || first == NULL || strcmp(first, "null") != 0)
            gen_die("%s: the only union is [\"null\", T]", where);
        *form = GEN_NULLABLE;
        return json_array_get(json, 1);
    }
    const char *type = gen_text(json, "type");
    if (type != NULL && strcmp(type, "array") == 0) {
        check_attributes(json, where, " type items ");
        *form = GEN_ARRAY;
        return json_object_get(json, "items");
    }
    return json;
}

static void check_default(const struct gen_field *f, const char *where)
{
    const json_t *d = f->fallback;
    bool fits = false;
    if (f->form == GEN_NULLABLE)
        fits = json_is_null(d);
    else if (f->form == GEN_ARRAY)
        fits = json_is_array(d) && json_array_size(d) == 0;
    else if (f->type->kind == GEN_BOOLEAN)
        fits = json_is_boolean(d);
    else if (f->type->kind == GEN_INT)
        fits = json_is_integer(d) && json_integer_value(d) >= INT32_MIN &&
               json_integer_value(d) <= INT32_MAX;
    else if (f->type->kind == GEN_LONG)
        fits = json_is_integer(d);
    else if (f->type->kind == GEN_TIME) // the JSON form leaves 0 out
        fits = json_is_integer(d) && json_integer_value(d) == 0;
    else if (f->type->kind == GEN_STRING || f->type->kind == GEN_BYTES)
        fits = json_is_string(d) && json_string_length(d) == 0;
    else if (f->type->kind == GEN_ENUM)
        for (size_t i = 0; json_is_string(d) && i < f->type->symbol_count; i++)
            fits = fits || strcmp(f->type->symbols[i], json_string_value(d)) == 0;
    if (d != NULL && !fits)
        gen_die("%s: default of another type, or not one that records have (text \"\", time 0, "
                "array [], null)",
                where);
}

static void build_field(
        struct gen_model *m, struct gen_type *t, struct gen_field *f, const json_t *json)
{
    const char *name = need_text(json, "name", t->full);
    const char *where = gen_format(m, "%s: %s.%s", t->file->path, t->name, name);
    check_attributes(json, where, " name type default doc max maxBytes ");
    if (!is_symbol(name))
        gen_die("%s: a field's name is of a-z, 0-9 and _", where);
    f->name = name;
    f->c_name = c_name_of(m, name);
    f->doc = gen_text(json, "doc");
    f->type = type_of(m, form_of(json_object_get(json, "type"), &f->form, where), t->space, where);
    f->fallback = json_object_get(json, "default");
    f->max = number_of(json, "max", where);
    f->max_bytes = number_of(json, "maxBytes", where);
    bool text = f->type->kind == GEN_STRING || f->type->kind == GEN_BYTES;
    if ((f->form == GEN_ARRAY) != (f->max != 0))
        gen_die("%s: \"max\" belongs on every array and on nothing else", where);
    if (text != (f->max_bytes != 0))
        gen_die("%s: \"maxBytes\" belongs on all text and bytes and on nothing else", where);
    check_default(f, where);
}

static void build_record(struct gen_model *m, struct gen_type *t)
{
    t->kind = GEN_RECORD;
    check_attributes(t->json, t->full, " type name namespace doc fields alone ");
    const json_t *fields = json_object_get(t->json, "fields");
    t->alone = json_is_true(json_object_get(t->json, "alone"));
    t->field_count = json_array_size(fields);
    if (t->field_count == 0)
        gen_die("%s: %s has no fields", t->file->path, t->name);
    t->fields = gen_alloc(m, t->field_count, sizeof *t->fields);
    for (size_t i = 0; i < t->field_count; i++) {
        struct gen_field *f = &t->fields[i];
        build_field(m, t, f, json_array_get(fields, i));
        for (size_t j = 0; j < i; j++)
            if (strcmp(t->fields[j].name, f->name) == 0)
                gen_die("%s: %s has two fields %s", t->file->path, t->name, f->name);
        t->least += f->form == GEN_PLAIN ? f->type->least : 1;
    }
}

static void build_enum(struct gen_model *m, struct gen_type *t)
{
    t->kind = GEN_ENUM;
    t->least = 1;
    check_attributes(t->json, t->full, " type name namespace doc symbols default spelling ");
    const json_t *symbols = json_object_get(t->json, "symbols");
    const json_t *spelling = json_object_get(t->json, "spelling");
    const char *fallback = gen_text(t->json, "default"); // released schemas need one: history.c
    t->symbol_count = json_array_size(symbols);
    t->symbols = gen_alloc(m, t->symbol_count, sizeof(char *));
    t->spellings = gen_alloc(m, t->symbol_count, sizeof(char *));
    size_t spelt = 0;
    t->symbol_default = fallback == NULL ? 0 : t->symbol_count;
    for (size_t i = 0; i < t->symbol_count; i++) {
        const char *symbol = json_string_value(json_array_get(symbols, i));
        if (symbol == NULL || !is_symbol(symbol))
            gen_die("%s: a symbol of %s is not of a-z, 0-9 and _", t->file->path, t->name);
        const char *shown = gen_text(spelling, symbol);
        spelt += shown != NULL;
        if (shown != NULL && !is_spelling(shown))
            gen_die("%s: the spelling of %s is no plain text", t->file->path, symbol);
        t->symbols[i] = symbol;
        t->spellings[i] = shown != NULL ? shown : symbol;
        if (fallback != NULL && strcmp(symbol, fallback) == 0)
            t->symbol_default = i;
    }
    if (t->symbol_default == t->symbol_count)
        gen_die("%s: default of %s is none of its symbols", t->file->path, t->name);
    if (spelt != json_object_size(spelling))
        gen_die("%s: %s spells a symbol that it does not have", t->file->path, t->name);
}

static void build_fixed(struct gen_type *t)
{
    t->kind = GEN_FIXED;
    check_attributes(t->json, t->full, " type name namespace doc size ");
    t->size = number_of(t->json, "size", t->full);
    if (t->size == 0)
        gen_die("%s: %s has no size", t->file->path, t->name);
    t->least = t->size;
}

static void build_type(struct gen_model *m, struct gen_type *t)
{
    if (t->built)
        return;
    if (t->building)
        gen_die("%s: %s contains itself", t->file->path, t->name);
    t->building = true;
    const char *type = need_text(t->json, "type", t->full);
    if (strcmp(type, "record") == 0)
        build_record(m, t);
    else if (strcmp(type, "enum") == 0)
        build_enum(m, t);
    else
        build_fixed(t);
    t->building = false;
    t->built = true;
    m->types[m->type_count++] = t;
}

void gen_model_build(struct gen_model *m)
{
    for (size_t i = 0; i < m->file_count; i++)
        declare(m, &m->files[i], m->files[i].json, "");
    m->types = gen_alloc(m, m->declared_count, sizeof(void *));
    for (size_t i = 0; i < m->declared_count; i++)
        build_type(m, m->declared[i]);
    for (size_t i = 0; i < m->file_count; i++) {
        const json_t *json = m->files[i].json;
        const char *name = gen_text(json, "name"), *space = gen_text(json, "namespace");
        struct gen_type *only = name == NULL ? NULL : gen_find(m, name, space != NULL ? space : "");
        if (json_is_object(json) && only == NULL)
            gen_die("%s: a file holds one named type or a list of them", m->files[i].path);
        if (only != NULL)
            only->alone = only->kind == GEN_RECORD;
    }
}
