#include "lib/base/json.h"

#include "lib/base/limits.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

// Deepest nesting of brackets outside strings. On a text that is no JSON it may be wrong, but never
// too low for what jansson would recurse into before it meets the error.
static size_t depth_of(struct toc_slice text)
{
    size_t depth = 0, deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '[') && ++depth > deepest)
            deepest = depth;
        else if (!in_string && (c == '}' || c == ']') && depth > 0)
            depth--;
    }
    return deepest;
}

toc_rc toc_json_parse(struct toc_slice text, json_t **out, struct toc_err *err)
{
    TOC_ENSURE(text.len <= TOC_JSON_BYTES_MAX, err, TOC_E_LENGTH,
            "JSON of %zu bytes, at most %d are read", text.len, TOC_JSON_BYTES_MAX);
    // RFC 8259 has no place for a raw NUL, but jansson 2.14 takes one after a number for the end.
    size_t nul = toc_slice_find(text, '\0');
    TOC_ENSURE(nul == text.len, err, TOC_E_SYNTAX, "JSON holds a NUL byte at %zu", nul);
    size_t depth = depth_of(text);
    TOC_ENSURE(depth <= TOC_JSON_DEPTH_MAX, err, TOC_E_LIMIT,
            "JSON nested %zu deep, at most %d are read", depth, TOC_JSON_DEPTH_MAX);
    json_error_t error;
    json_t *value = json_loadb(text.len == 0 ? "" : (const char *)text.ptr, text.len,
            JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (value == NULL) {
        enum json_error_code code = json_error_code(&error);
        return toc_fail(err,
                code == json_error_numeric_overflow ? TOC_E_RANGE
                : code == json_error_out_of_memory  ? TOC_E_MEMORY
                                                    : TOC_E_SYNTAX,
                "JSON line %d column %d: %s", error.line, error.column,
                TOC_SHOW(toc_slice_of(error.text)));
    }
    *out = value;
    return TOC_OK;
}

void toc_json_drop(json_t **value)
{
    json_decref(*value);
    *value = NULL;
}

struct toc_slice toc_json_string(const json_t *value)
{
    return toc_slice(json_string_value(value), json_string_length(value));
}

struct toc_slice toc_json_text(const json_t *object, const char *name)
{
    return toc_json_string(json_object_get(object, name));
}

int64_t toc_json_int(const json_t *object, const char *name, int64_t fallback)
{
    const json_t *value = json_object_get(object, name);
    return json_is_integer(value) ? (int64_t)json_integer_value(value) : fallback;
}

bool toc_json_true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

void toc_jw_init(struct toc_jw *w, struct toc_buf *out)
{
    *w = (struct toc_jw){.out = out};
}

// What must stand before the next value or key: a comma, unless it is the first here or has a key.
static void before(struct toc_jw *w)
{
    uint64_t bit = UINT64_C(1) << w->depth;
    if (!w->after_key && (w->filled & bit) != 0)
        toc_buf_put_byte(w->out, ',');
    w->filled |= bit;
    w->after_key = false;
}

void toc_jw_open(struct toc_jw *w, char bracket)
{
    before(w);
    toc_buf_put_byte(w->out, (uint8_t)bracket);
    if (w->depth == TOC_JSON_DEPTH_MAX) {
        w->out->failed = true; // our own reader would not take it back
        return;
    }
    w->depth++;
    w->filled &= ~(UINT64_C(1) << w->depth);
}

void toc_jw_close(struct toc_jw *w, char bracket)
{
    toc_buf_put_byte(w->out, (uint8_t)bracket);
    if (w->depth > 0)
        w->depth--;
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void put_character(struct toc_buf *out, int32_t c)
{
    static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt"; // pairs: character, letter of its escape
    for (const char *name = names; *name != '\0'; name += 2)
        if (c == *name) {
            toc_buf_put(out, (char[]){'\\', name[1]}, 2);
            return;
        }
    if (c < 0)
        toc_utf8_put(out, 0xfffd);
    else if (toc_code_point_is_safe((uint32_t)c))
        toc_utf8_put(out, (uint32_t)c);
    else if (c < 0x10000)
        toc_buf_printf(out, "\\u%04x", (unsigned)c);
    else // RFC 8259 section 7: a surrogate pair
        toc_buf_printf(out, "\\u%04x\\u%04x", 0xd7c0u + ((unsigned)c >> 10),
                0xdc00u + ((unsigned)c & 0x3ff));
}

static void put_string(struct toc_buf *out, struct toc_slice s)
{
    toc_buf_put_byte(out, '"');
    for (size_t pos = 0; pos < s.len;) {
        size_t run = pos;
        while (run < s.len && is_plain(s.ptr[run]))
            run++;
        toc_buf_put_slice(out, toc_slice_sub(s, pos, run - pos));
        pos = run;
        if (pos < s.len)
            put_character(out, toc_utf8_next(s, &pos));
    }
    toc_buf_put_byte(out, '"');
}

void toc_jw_key(struct toc_jw *w, const char *name)
{
    before(w);
    put_string(w->out, toc_slice_of(name));
    toc_buf_put_byte(w->out, ':');
    w->after_key = true;
}

void toc_jw_text(struct toc_jw *w, struct toc_slice s)
{
    before(w);
    put_string(w->out, s);
}

void toc_jw_int(struct toc_jw *w, int64_t value)
{
    before(w);
    toc_buf_printf(w->out, "%lld", (long long)value);
}

void toc_jw_bool(struct toc_jw *w, bool value)
{
    before(w);
    toc_buf_put_text(w->out, value ? "true" : "false");
}

void toc_jw_raw(struct toc_jw *w, struct toc_slice json)
{
    before(w);
    toc_buf_put_slice(w->out, json);
}

void toc_jw_hex(struct toc_jw *w, const void *bytes, size_t len)
{
    before(w);
    toc_buf_put_byte(w->out, '"');
    toc_buf_put_hex(w->out, bytes, len);
    toc_buf_put_byte(w->out, '"');
}

void toc_jw_time(struct toc_jw *w, int64_t ms)
{
    before(w);
    toc_buf_put_byte(w->out, '"');
    toc_time_put(w->out, ms);
    toc_buf_put_byte(w->out, '"');
}
