#include "lib/avro/json.h"

#include <stdio.h>

#include "lib/base/text.h"
#include "lib/base/time.h"

// Refusal codes (schemas/refusals.tsv).
#define FIELD "read.field"   // no such field, or a needed one is missing
#define FORM "read.json"     // another type of JSON value, or text that is no hex or base64
#define NUMBER "read.number" // a number, length or count outside its range
#define WORD "read.enum"
#define TIME "read.time"

// Every enum of the generated code has the size of unsigned (checked there).
static unsigned enum_at(const void *at)
{
    unsigned v;
    memcpy(&v, at, sizeof v);
    return v;
}

// Writing ----------------------------------------------------------------------------------------

static void put_base64(struct toc_jw *w, struct toc_slice s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    toc_buf_put_byte(w->out, '"');
    for (size_t i = 0; i < s.len; i += 3) {
        size_t n = s.len - i < 3 ? s.len - i : 3;
        uint32_t v = (uint32_t)s.ptr[i] << 16 | (n > 1 ? (uint32_t)s.ptr[i + 1] << 8 : 0) |
                     (n > 2 ? s.ptr[i + 2] : 0);
        char four[4] = {digits[v >> 18], digits[v >> 12 & 63], n > 1 ? digits[v >> 6 & 63] : '=',
                n > 2 ? digits[v & 63] : '='};
        toc_buf_put(w->out, four, sizeof four);
    }
    toc_buf_put_byte(w->out, '"');
}

static void put_value(const struct toc_avro_field *f, const void *at, struct toc_jw *w)
{
    switch (f->kind) {
    case TOC_AVRO_BOOLEAN:
        toc_jw_bool(w, *(const bool *)at);
        break;
    case TOC_AVRO_INT:
        toc_jw_int(w, *(const int32_t *)at);
        break;
    case TOC_AVRO_LONG:
        toc_jw_int(w, *(const int64_t *)at);
        break;
    case TOC_AVRO_TIME:
        toc_jw_time(w, *(const int64_t *)at);
        break;
    case TOC_AVRO_STRING:
        toc_jw_text(w, *(const struct toc_slice *)at);
        break;
    case TOC_AVRO_BYTES:
        toc_jw_raw(w, (struct toc_slice){0}); // the comma
        put_base64(w, *(const struct toc_slice *)at);
        break;
    case TOC_AVRO_FIXED:
        toc_jw_hex(w, at, f->bytes);
        break;
    case TOC_AVRO_ENUM:
        toc_jw_text(w, toc_slice_of(toc_avro_spelling(f->symbols, enum_at(at))));
        break;
    case TOC_AVRO_RECORD:
        toc_avro_json_put(f->record, at, w);
        break;
    }
}

// Whether the field stands in the JSON form, and where its (first) value lies.
static bool is_shown(const struct toc_avro_field *f, const uint8_t *base, const void **at)
{
    *at = base + f->offset;
    bool text = f->kind == TOC_AVRO_STRING || f->kind == TOC_AVRO_BYTES;
    const struct toc_slice *s = *at;
    switch (f->form) {
    case TOC_AVRO_PLAIN:
        return text ? s->len != 0 : f->kind != TOC_AVRO_TIME || *(const int64_t *)*at != 0;
    case TOC_AVRO_NULLABLE:
        if (f->kind == TOC_AVRO_RECORD)
            memcpy(at, base + f->offset, sizeof *at);
        return f->kind == TOC_AVRO_RECORD ? *at != NULL
               : text                     ? s->ptr != NULL
                                          : *(const bool *)(base + f->beside);
    case TOC_AVRO_ARRAY:
        memcpy(at, base + f->offset, sizeof *at);
        return *(const size_t *)(const void *)(base + f->beside) != 0;
    }
    return false;
}

void toc_avro_json_put(const struct toc_avro_record *record, const void *value, struct toc_jw *w)
{
    const uint8_t *base = value;
    toc_jw_open(w, '{');
    for (uint32_t i = 0; i < record->field_count; i++) {
        const struct toc_avro_field *f = &record->fields[i];
        const void *at;
        if (!is_shown(f, base, &at))
            continue;
        toc_jw_key(w, f->name);
        if (f->form != TOC_AVRO_ARRAY) {
            put_value(f, at, w);
            continue;
        }
        size_t count = *(const size_t *)(const void *)(base + f->beside),
               stride = toc_avro_stride(f);
        toc_jw_open(w, '[');
        for (size_t n = 0; n < count; n++)
            put_value(f, (const uint8_t *)at + n * stride, w);
        toc_jw_close(w, ']');
    }
    toc_jw_close(w, '}');
}

// Reading ----------------------------------------------------------------------------------------

// Where the reader is: a chain on the stack, told only when something fails.
struct place {
    const struct place *up;
    const char *name;
    bool in_array;
    size_t index;
};

struct source {
    struct toc_arena *arena;
    struct toc_err *err;
};

static void show_place(const struct place *p, char *out, size_t size)
{
    if (p == NULL)
        return;
    show_place(p->up, out, size);
    size_t used = strlen(out);
    const char *dot = used == 0 || p->name == NULL ? "" : ".";
    if (p->in_array)
        snprintf(out + used, size - used, "[%zu]", p->index);
    else
        snprintf(out + used, size - used, "%s%s", dot, p->name);
}

static toc_rc refuse(const struct source *from, const struct place *p, enum toc_code code,
        const char *refusal, const char *why)
{
    char place[100] = "";
    show_place(p, place, sizeof place);
    return toc_fail(
            from->err, code, "%s: %s%s%s", refusal, place, place[0] == '\0' ? "" : " ", why);
}

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Strict: whole groups, padded, no other characters, unused bits zero. Returns false otherwise.
static bool base64_decode(struct toc_slice text, uint8_t *out, size_t *len)
{
    *len = 0;
    if (text.len % 4 != 0)
        return false;
    size_t pad = text.len == 0 ? 0
                               : (size_t)(text.ptr[text.len - 1] == '=') +
                                         (size_t)(text.ptr[text.len - 2] == '=');
    uint32_t v = 0;
    for (size_t i = 0; i < text.len - pad; i++) {
        int digit = base64_digit(text.ptr[i]);
        if (digit < 0)
            return false;
        v = v << 6 | (uint32_t)digit;
        if (i % 4 != 0)
            out[(*len)++] = (uint8_t)(v >> (6 - 2 * (i % 4)));
    }
    return pad == 0 || (v & (pad == 2 ? 15U : 3U)) == 0;
}

static toc_rc get_text(const struct source *from, const struct place *p,
        const struct toc_avro_field *f, struct toc_slice text, struct toc_slice *out)
{
    bool base64 = f->kind == TOC_AVRO_BYTES;
    size_t most = base64 ? ((size_t)f->bytes + 2) / 3 * 4 : f->bytes;
    char why[64];
    snprintf(why, sizeof why, "is longer than %u bytes", (unsigned)f->bytes);
    if (text.len > most)
        return refuse(from, p, TOC_E_LENGTH, NUMBER, why);
    struct toc_slice copy = toc_arena_copy(from->arena, text);
    if (copy.ptr == NULL)
        return toc_fail(from->err, TOC_E_MEMORY, "no room for a text of %zu bytes", text.len);
    if (base64) {
        uint8_t *bytes = toc_arena_alloc(from->arena, text.len + 1, 1);
        if (bytes == NULL)
            return toc_fail(from->err, TOC_E_MEMORY, "no room for %zu bytes", text.len);
        if (!base64_decode(copy, bytes, &copy.len))
            return refuse(from, p, TOC_E_SYNTAX, FORM, "is not base64");
        copy.ptr = bytes;
        if (copy.len > f->bytes)
            return refuse(from, p, TOC_E_LENGTH, NUMBER, why);
    }
    *out = copy;
    return TOC_OK;
}

static toc_rc get_record(const struct source *from, const struct place *p,
        const struct toc_avro_record *record, const json_t *json, void *out);

static toc_rc get_integer(const struct source *from, const struct place *p,
        const struct toc_avro_field *f, const json_t *json, void *at)
{
    if (json_is_real(json)) // jansson makes one of every number with a point or exponent
        return refuse(from, p, TOC_E_RANGE, NUMBER, "is no whole number");
    if (!json_is_integer(json))
        return refuse(from, p, TOC_E_SYNTAX, FORM, "is no number");
    int64_t v = (int64_t)json_integer_value(json);
    if (f->kind == TOC_AVRO_LONG)
        *(int64_t *)at = v;
    else if (v < INT32_MIN || v > INT32_MAX)
        return refuse(from, p, TOC_E_RANGE, NUMBER, "is beyond 32 bits");
    else
        *(int32_t *)at = (int32_t)v;
    return TOC_OK;
}

static toc_rc get_word(const struct source *from, const struct place *p,
        const struct toc_avro_field *f, const json_t *json, void *at)
{
    struct toc_slice text = toc_json_string(json);
    unsigned symbol;
    if (text.ptr == NULL)
        return refuse(from, p, TOC_E_SYNTAX, FORM, "is no text");
    switch (f->kind) {
    case TOC_AVRO_ENUM:
        if (!toc_avro_enum_parse(f->symbols, text, &symbol))
            return refuse(from, p, TOC_E_NOTFOUND, WORD, "is none of its words");
        memcpy(at, &symbol, sizeof symbol);
        return TOC_OK;
    case TOC_AVRO_TIME:
        if (!toc_time_parse(text, at))
            return refuse(from, p, TOC_E_SYNTAX, TIME, "is no time of RFC 3339");
        return TOC_OK;
    case TOC_AVRO_FIXED:
        if (!toc_parse_hex(text, at, f->bytes))
            return refuse(from, p, TOC_E_SYNTAX, FORM, "is not hex of its length");
        return TOC_OK;
    case TOC_AVRO_STRING:
    case TOC_AVRO_BYTES:
        return get_text(from, p, f, text, at);
    case TOC_AVRO_BOOLEAN:
    case TOC_AVRO_INT:
    case TOC_AVRO_LONG:
    case TOC_AVRO_RECORD:
        break;
    }
    return refuse(from, p, TOC_E_SYNTAX, FORM, "is of another type");
}

static toc_rc get_value(const struct source *from, const struct place *p,
        const struct toc_avro_field *f, const json_t *json, void *at)
{
    if (f->kind == TOC_AVRO_RECORD)
        return get_record(from, p, f->record, json, at);
    if (f->kind == TOC_AVRO_INT || f->kind == TOC_AVRO_LONG)
        return get_integer(from, p, f, json, at);
    if (f->kind != TOC_AVRO_BOOLEAN)
        return get_word(from, p, f, json, at);
    if (!json_is_boolean(json))
        return refuse(from, p, TOC_E_SYNTAX, FORM, "is neither true nor false");
    *(bool *)at = json_is_true(json);
    return TOC_OK;
}

static toc_rc get_array(const struct source *from, const struct place *p,
        const struct toc_avro_field *f, const json_t *json, uint8_t *base)
{
    size_t count = json_array_size(json), stride = toc_avro_stride(f);
    if (!json_is_array(json))
        return refuse(from, p, TOC_E_SYNTAX, FORM, "is no list");
    if (count > f->max)
        return refuse(from, p, TOC_E_LIMIT, NUMBER, "has too many items");
    uint8_t *items = count == 0 ? NULL : toc_arena_alloc(from->arena, count, stride);
    if (items == NULL && count != 0)
        return toc_fail(from->err, TOC_E_MEMORY, "no room for %zu items", count);
    for (size_t i = 0; i < count; i++) {
        struct place here = {.up = p, .in_array = true, .index = i};
        TOC_TRY(get_value(from, &here, f, json_array_get(json, i), items + i * stride));
    }
    memcpy(base + f->offset, &items, sizeof items);
    *(size_t *)(void *)(base + f->beside) = count;
    return TOC_OK;
}

static toc_rc get_nullable(const struct source *from, const struct place *p,
        const struct toc_avro_field *f, const json_t *json, uint8_t *base)
{
    if (json_is_null(json))
        return TOC_OK;
    if (f->kind != TOC_AVRO_RECORD) {
        if (f->kind != TOC_AVRO_STRING && f->kind != TOC_AVRO_BYTES)
            *(bool *)(base + f->beside) = true;
        return get_value(from, p, f, json, base + f->offset);
    }
    void *record = toc_arena_alloc(from->arena, 1, f->record->size);
    if (record == NULL)
        return toc_fail(from->err, TOC_E_MEMORY, "no room for %s", f->record->name);
    memcpy(base + f->offset, &record, sizeof record);
    return get_record(from, p, f->record, json, record);
}

static toc_rc check_names(const struct source *from, const struct place *p,
        const struct toc_avro_record *record, const json_t *json)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        uint32_t i = 0;
        while (i < record->field_count && strcmp(record->fields[i].name, key) != 0)
            i++;
        struct place here = {.up = p, .name = TOC_SHOW(toc_slice_of(key))};
        if (i == record->field_count)
            return refuse(from, &here, TOC_E_REFUSED, FIELD, "is no field");
    }
    return TOC_OK;
}

static toc_rc get_record(const struct source *from, const struct place *p,
        const struct toc_avro_record *record, const json_t *json, void *out)
{
    uint8_t *base = out;
    if (!json_is_object(json))
        return refuse(from, p, TOC_E_SYNTAX, FORM, "is no object");
    memcpy(out, record->init, record->size);
    TOC_TRY(check_names(from, p, record, json));
    for (uint32_t i = 0; i < record->field_count; i++) {
        const struct toc_avro_field *f = &record->fields[i];
        const json_t *value = json_object_get(json, f->name);
        struct place here = {.up = p, .name = f->name};
        if (value == NULL && f->required)
            return refuse(from, &here, TOC_E_REFUSED, FIELD, "is missing");
        if (value == NULL)
            continue;
        if (f->form == TOC_AVRO_ARRAY)
            TOC_TRY(get_array(from, &here, f, value, base));
        else if (f->form == TOC_AVRO_NULLABLE)
            TOC_TRY(get_nullable(from, &here, f, value, base));
        else
            TOC_TRY(get_value(from, &here, f, value, base + f->offset));
    }
    return TOC_OK;
}

toc_rc toc_avro_json_get(const struct toc_avro_record *record, const json_t *json,
        struct toc_arena *arena, void *out, struct toc_err *err)
{
    struct source from = {arena, err};
    return get_record(&from, NULL, record, json, out);
}

struct toc_slice toc_avro_json_refusal(const struct toc_err *err)
{
    struct toc_slice text = toc_slice_of(err->text);
    return toc_slice_sub(text, 0, toc_slice_find(text, ':'));
}
