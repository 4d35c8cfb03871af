// What generated code (schemas/*.c) is made of: the cursor that reads the binary form of Avro 1.11
// ("Binary Encoding"), the functions that write it, and the tables that describe a record to the
// slower paths (JSON form, older schema versions). Programs use the generated headers, not this one.
//
// Reading is sticky: the first failure notes its reason, moves the cursor to the end and makes every
// later read a no-op that yields zero, so generated code is straight assignments and the result is
// judged once. Every length and count is held against what is left of the input and against the
// schema's `max` or `maxBytes` before anything is allocated or taken.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/slice.h"

struct toc_avro_in {
    const uint8_t *pos, *end;
    const uint8_t *begin;    // for the byte position in the error text
    struct toc_arena *arena; // array items and nullable records
    const char *what;        // NULL while all is well; else what went wrong first
    enum toc_code code;
    int64_t got, limit; // the numbers of the failure
    size_t at;          // its byte position
};

struct toc_avro_in toc_avro_in_over(struct toc_slice body, struct toc_arena *arena);

// OK if nothing failed and the input is used up; `name` of the record stands before the reason.
TOC_NODISCARD toc_rc toc_avro_in_finish(
        struct toc_avro_in *in, const char *name, struct toc_err *err);

// The cold paths. The first failure wins.
void toc_avro_in_fail(
        struct toc_avro_in *in, enum toc_code code, const char *what, int64_t got, int64_t limit);
int64_t toc_avro_long_slow(struct toc_avro_in *in);
void toc_avro_check_utf8(struct toc_avro_in *in, struct toc_slice s);

static inline bool toc_avro_in_ok(const struct toc_avro_in *in)
{
    return in->what == NULL;
}

static inline size_t toc_avro_left(const struct toc_avro_in *in)
{
    return (size_t)(in->end - in->pos);
}

// A zig-zag varint of at most 10 bytes.
static inline int64_t toc_avro_long(struct toc_avro_in *in)
{
    if (in->pos != in->end && *in->pos < 0x80) {
        uint8_t b = *in->pos++;
        return (int64_t)(b >> 1) ^ -(int64_t)(b & 1);
    }
    return toc_avro_long_slow(in);
}

static inline int32_t toc_avro_int(struct toc_avro_in *in)
{
    int64_t v = toc_avro_long(in);
    if (v < INT32_MIN || v > INT32_MAX) {
        toc_avro_in_fail(in, TOC_E_RANGE, "int out of range", v, INT32_MAX);
        return 0;
    }
    return (int32_t)v;
}

static inline bool toc_avro_boolean(struct toc_avro_in *in)
{
    if (in->pos != in->end && *in->pos <= 1)
        return *in->pos++ == 1;
    toc_avro_in_fail(in, in->pos == in->end ? TOC_E_TRUNCATED : TOC_E_SYNTAX, "boolean",
            in->pos == in->end ? -1 : *in->pos, 1);
    return false;
}

// Position of a symbol, below `count`.
static inline unsigned toc_avro_enum(struct toc_avro_in *in, unsigned count)
{
    int64_t v = toc_avro_long(in);
    if (v < 0 || v >= (int64_t)count) {
        toc_avro_in_fail(in, TOC_E_RANGE, "enum without such a symbol", v, (int64_t)count - 1);
        return 0;
    }
    return (unsigned)v;
}

// Branch of ["null", T]: true for T.
static inline bool toc_avro_present(struct toc_avro_in *in)
{
    int64_t v = toc_avro_long(in);
    if (v != 0 && v != 1)
        toc_avro_in_fail(in, TOC_E_RANGE, "union without such a branch", v, 1);
    return v == 1;
}

// Borrowed from the input.
static inline struct toc_slice toc_avro_bytes(struct toc_avro_in *in, size_t max)
{
    int64_t len = toc_avro_long(in);
    if (len < 0 || (uint64_t)len > max || (uint64_t)len > toc_avro_left(in)) {
        bool cut = len >= 0 && (uint64_t)len <= max;
        toc_avro_in_fail(in, cut ? TOC_E_TRUNCATED : TOC_E_LENGTH, "length", len,
                (int64_t)(cut ? toc_avro_left(in) : max));
        len = 0;
    }
    struct toc_slice s = {in->pos, (size_t)len};
    in->pos += len;
    return s;
}

static inline bool toc_avro_is_ascii(struct toc_slice s)
{
    uint64_t high = 0, word;
    size_t i = 0;
    for (; s.len - i >= sizeof word; i += sizeof word) {
        memcpy(&word, s.ptr + i, sizeof word);
        high |= word;
    }
    for (; i < s.len; i++)
        high |= s.ptr[i];
    return (high & UINT64_C(0x8080808080808080)) == 0;
}

// Borrowed from the input, valid UTF-8. What a text may say is the caller's to judge.
static inline struct toc_slice toc_avro_text(struct toc_avro_in *in, size_t max)
{
    struct toc_slice s = toc_avro_bytes(in, max);
    if (!toc_avro_is_ascii(s))
        toc_avro_check_utf8(in, s);
    return s;
}

static inline void toc_avro_fixed(struct toc_avro_in *in, uint8_t *out, size_t size)
{
    if (size > toc_avro_left(in)) {
        toc_avro_in_fail(in, TOC_E_TRUNCATED, "fixed", (int64_t)size, (int64_t)toc_avro_left(in));
        memset(out, 0, size);
        return;
    }
    memcpy(out, in->pos, size);
    in->pos += size;
}

// One zeroed item in the arena; NULL (and a failure in `in`) when it is full.
void *toc_avro_alloc(struct toc_avro_in *in, size_t size);

// An array while it is read. Items lie in the arena and grow by doubling, so that many small blocks
// cost no more than twice the memory of one.
struct toc_avro_array {
    void *items;
    size_t count, room;
    const uint8_t *block_end; // of a block with a byte size; else NULL
};

// Shape of an array: bytes of an item in memory, fewest bytes on the wire, most items.
struct toc_avro_shape {
    uint32_t size, least, max;
};

size_t toc_avro_block_slow(
        struct toc_avro_in *in, struct toc_avro_array *a, struct toc_avro_shape shape);

// Number of items in the next block, with room for them behind a->count; 0 at the end or on failure.
static inline size_t toc_avro_block(
        struct toc_avro_in *in, struct toc_avro_array *a, struct toc_avro_shape shape)
{
    if (in->pos != in->end && *in->pos == 0 && a->block_end == NULL) {
        in->pos++;
        return 0;
    }
    return toc_avro_block_slow(in, a, shape);
}

// Writing. A value beyond the schema's limits (a length over maxBytes, no such symbol) marks the
// buffer as failed: nothing is ever written that would not be read back.
static inline uint8_t *toc_avro_room(struct toc_buf *out, size_t len)
{
    if (!out->failed && out->ptr != NULL && len <= out->cap - out->len)
        return out->ptr + out->len;
    return toc_buf_reserve(out, len);
}

#define TOC_AVRO_LONG_MAX 10 // bytes of the longest varint

static inline uint8_t *toc_avro_varint(uint8_t *at, int64_t value)
{
    uint64_t v = ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
    while (v >= 0x80) {
        *at++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *at++ = (uint8_t)v;
    return at;
}

void toc_avro_put_long_slow(struct toc_buf *out, int64_t value);

static inline void toc_avro_put_long(struct toc_buf *out, int64_t value)
{
    if (out->failed || out->cap - out->len < TOC_AVRO_LONG_MAX)
        toc_avro_put_long_slow(out, value);
    else
        out->len = (size_t)(toc_avro_varint(out->ptr + out->len, value) - out->ptr);
}

static inline void toc_avro_put_int(struct toc_buf *out, int32_t value)
{
    toc_avro_put_long(out, value);
}

static inline void toc_avro_put_fixed(struct toc_buf *out, const uint8_t *bytes, size_t size)
{
    uint8_t *at = toc_avro_room(out, size);
    if (at != NULL) {
        memcpy(at, bytes, size);
        out->len += size;
    }
}

static inline void toc_avro_put_boolean(struct toc_buf *out, bool value)
{
    toc_avro_put_fixed(out, (const uint8_t[]){value ? 1 : 0}, 1);
}

// Branch of ["null", T].
static inline void toc_avro_put_present(struct toc_buf *out, bool present)
{
    toc_avro_put_long(out, present ? 1 : 0);
}

static inline void toc_avro_put_enum(struct toc_buf *out, unsigned value, unsigned count)
{
    if (value >= count)
        out->failed = true;
    toc_avro_put_long(out, value);
}

static inline void toc_avro_put_bytes(struct toc_buf *out, struct toc_slice s, size_t max)
{
    if (s.len > max)
        out->failed = true;
    toc_avro_put_long(out, (int64_t)s.len);
    if (s.len != 0)
        toc_avro_put_fixed(out, s.ptr, s.len);
}

// Head of an array's only block (nothing when it has no items); toc_avro_put_end follows the items.
static inline void toc_avro_put_count(struct toc_buf *out, size_t count, size_t max)
{
    if (count > max)
        out->failed = true;
    if (count != 0)
        toc_avro_put_long(out, (int64_t)count);
}

static inline void toc_avro_put_end(struct toc_buf *out)
{
    toc_avro_put_long(out, 0);
}

// Tables -----------------------------------------------------------------------------------------

struct toc_avro_enumeration {
    const char *name;
    const char *const *symbols;   // as the schema names them
    const char *const *spellings; // as the JSON form writes them
    unsigned count, fallback;     // fallback: the default symbol
};

const char *toc_avro_symbol(const struct toc_avro_enumeration *e, unsigned value);
const char *toc_avro_spelling(const struct toc_avro_enumeration *e, unsigned value);
// Symbol or spelling, any case of ASCII letters.
bool toc_avro_enum_parse(
        const struct toc_avro_enumeration *e, struct toc_slice text, unsigned *out);

enum toc_avro_kind {
    TOC_AVRO_BOOLEAN,
    TOC_AVRO_INT,
    TOC_AVRO_LONG,
    TOC_AVRO_TIME, // long of milliseconds
    TOC_AVRO_STRING,
    TOC_AVRO_BYTES,
    TOC_AVRO_FIXED,
    TOC_AVRO_ENUM,
    TOC_AVRO_RECORD,
};

enum toc_avro_form {
    TOC_AVRO_PLAIN,
    TOC_AVRO_NULLABLE, // a pointer (record), a slice (string, bytes), else a bool at `beside`
    TOC_AVRO_ARRAY,    // a pointer; the number of items is a size_t at `beside`
};

struct toc_avro_record;

struct toc_avro_field {
    const char *name;
    enum toc_avro_kind kind;
    enum toc_avro_form form;
    uint32_t offset, beside; // into the struct
    uint32_t max;            // items of an array
    uint32_t bytes;          // most bytes of a string or bytes, size of a fixed
    bool required;           // the JSON form must have it
    const struct toc_avro_enumeration *symbols;
    const struct toc_avro_record *record;
};

// Bytes of one value of the field in memory: of an array's item, of a nullable record's struct.
size_t toc_avro_stride(const struct toc_avro_field *field);

// A released schema other than the current one; fills the same struct.
struct toc_avro_version {
    uint64_t fingerprint;
    void (*read)(struct toc_avro_in *in, void *out);
};

struct toc_avro_record {
    const char *name;
    uint32_t size;
    uint32_t field_count;
    const struct toc_avro_field *fields;
    const void *init; // a struct with every field at its default

    // Of records that stand alone; zero for those that only occur inside others.
    uint64_t fingerprint;      // CRC-64-AVRO of the schema's canonical form
    const char *const *schema; // self-contained JSON of the schema in pieces, NULL at the end
    void (*read)(struct toc_avro_in *in, void *out);
    void (*write)(const void *value, struct toc_buf *out);
    const struct toc_avro_version *versions;
    uint32_t version_count;
};

bool toc_avro_knows(const struct toc_avro_record *record, uint64_t fingerprint);

// Appends the self-contained JSON of the current schema.
void toc_avro_put_schema(const struct toc_avro_record *record, struct toc_buf *out);

// One value written with the schema of that fingerprint, from where the cursor stands. The caller
// looks at in->what afterwards. An unknown fingerprint fails with SCHEMA.
void toc_avro_read_version(const struct toc_avro_record *record, uint64_t fingerprint,
        struct toc_avro_in *in, void *out);

// A whole body: nothing may be left of it.
TOC_NODISCARD toc_rc toc_avro_decode(const struct toc_avro_record *record, struct toc_slice body,
        uint64_t fingerprint, struct toc_arena *arena, void *out, struct toc_err *err);
// Single-object framed: header and body.
TOC_NODISCARD toc_rc toc_avro_get(const struct toc_avro_record *record, struct toc_slice framed,
        struct toc_arena *arena, void *out, struct toc_err *err);
void toc_avro_put(const struct toc_avro_record *record, const void *value, struct toc_buf *out);
