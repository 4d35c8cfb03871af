#include "lib/avro/rt.h"

#include <endian.h>

#include "lib/avro/frame.h"
#include "lib/base/text.h"

#define FIRST_ITEMS 4 // room made when the second block of an array comes

struct toc_avro_in toc_avro_in_over(struct toc_slice body, struct toc_arena *arena)
{
    static const uint8_t nothing[1];
    const uint8_t *p = body.ptr == NULL ? nothing : body.ptr;
    return (struct toc_avro_in){.pos = p, .end = p + body.len, .begin = p, .arena = arena};
}

void toc_avro_in_fail(
        struct toc_avro_in *in, enum toc_code code, const char *what, int64_t got, int64_t limit)
{
    if (in->what == NULL) {
        in->what = what;
        in->code = code;
        in->got = got;
        in->limit = limit;
        in->at = (size_t)(in->pos - in->begin);
    }
    in->pos = in->end;
}

toc_rc toc_avro_in_finish(struct toc_avro_in *in, const char *name, struct toc_err *err)
{
    if (in->what == NULL && in->pos != in->end)
        toc_avro_in_fail(
                in, TOC_E_TRUNCATED, "bytes behind the record", (int64_t)toc_avro_left(in), 0);
    TOC_ENSURE(in->what == NULL, err, in->code, "%s: %s (%lld, limit %lld) at byte %zu", name,
            in->what, (long long)in->got, (long long)in->limit, in->at);
    return TOC_OK;
}

// Eight bytes at once: the lowest byte without a continuation bit ends the number; then the groups
// of seven bits are drawn together. False when it does not end within them.
static bool long_of_word(struct toc_avro_in *in, uint64_t *out)
{
    uint64_t w;
    memcpy(&w, in->pos, sizeof w);
    w = le64toh(w);
    uint64_t ends = ~w & UINT64_C(0x8080808080808080);
    if (ends == 0)
        return false;
    w &= (ends & -ends) - 1; // what lies below the last byte's highest bit
    w = (w & UINT64_C(0x007f007f007f007f)) | (w & UINT64_C(0x7f007f007f007f00)) >> 1;
    w = (w & UINT64_C(0x00003fff00003fff)) | (w & UINT64_C(0x3fff00003fff0000)) >> 2;
    *out = (w & UINT64_C(0x000000000fffffff)) | (w & UINT64_C(0x0fffffff00000000)) >> 4;
    in->pos += __builtin_ctzll(ends) / 8 + 1;
    return true;
}

int64_t toc_avro_long_slow(struct toc_avro_in *in)
{
    uint64_t word;
    if (toc_avro_left(in) >= sizeof word && long_of_word(in, &word))
        return (int64_t)(word >> 1) ^ -(int64_t)(word & 1);
    const uint8_t *p = in->pos;
    uint64_t v = 0;
    for (unsigned shift = 0; p != in->end; shift += 7) {
        uint8_t b = *p++;
        if (shift == 63 && b > 1) { // the tenth byte has room for one bit
            toc_avro_in_fail(in, TOC_E_RANGE, "varint longer than 64 bits", b, 1);
            return 0;
        }
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            in->pos = p;
            return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
        }
    }
    toc_avro_in_fail(in, TOC_E_TRUNCATED, "varint cut off", 0, 0);
    return 0;
}

void toc_avro_put_long_slow(struct toc_buf *out, int64_t value)
{
    uint8_t bytes[TOC_AVRO_LONG_MAX];
    toc_buf_put(out, bytes, (size_t)(toc_avro_varint(bytes, value) - bytes));
}

void toc_avro_check_utf8(struct toc_avro_in *in, struct toc_slice s)
{
    if (!toc_utf8_valid(s))
        toc_avro_in_fail(in, TOC_E_SYNTAX, "string that is not UTF-8", (int64_t)s.len, 0);
}

void *toc_avro_alloc(struct toc_avro_in *in, size_t size)
{
    void *at = in->what != NULL ? NULL : toc_arena_alloc(in->arena, 1, size);
    if (at == NULL)
        toc_avro_in_fail(
                in, TOC_E_MEMORY, "no room for a record", (int64_t)size, (int64_t)in->arena->max);
    return at;
}

static bool make_room(
        struct toc_avro_in *in, struct toc_avro_array *a, size_t more, struct toc_avro_shape shape)
{
    size_t need = a->count + more;
    if (need <= a->room)
        return true;
    size_t room = a->room == 0 ? need : a->room * 2; // exact for the usual single block
    if (a->room != 0 && room < FIRST_ITEMS)
        room = FIRST_ITEMS;
    if (room > shape.max)
        room = shape.max;
    if (room < need)
        room = need;
    void *grown = toc_arena_alloc(in->arena, room, shape.size);
    if (grown == NULL) {
        toc_avro_in_fail(in, TOC_E_MEMORY, "no room for an array", (int64_t)(room * shape.size),
                (int64_t)in->arena->max);
        return false;
    }
    if (a->count != 0)
        memcpy(grown, a->items, a->count * shape.size);
    a->items = grown;
    a->room = room;
    return true;
}

// Avro 1.11, "Arrays": a negative count is followed by the block's size in bytes.
size_t toc_avro_block_slow(
        struct toc_avro_in *in, struct toc_avro_array *a, struct toc_avro_shape shape)
{
    if (a->block_end != NULL && in->pos != a->block_end && in->what == NULL)
        toc_avro_in_fail(in, TOC_E_SYNTAX, "array block of another size",
                (int64_t)(in->pos - a->block_end), 0);
    a->block_end = NULL;
    int64_t count = toc_avro_long(in);
    if (count < 0) {
        int64_t bytes = toc_avro_long(in);
        if (bytes < 0 || (uint64_t)bytes > toc_avro_left(in)) {
            toc_avro_in_fail(
                    in, TOC_E_TRUNCATED, "array block size", bytes, (int64_t)toc_avro_left(in));
            return 0;
        }
        a->block_end = in->pos + bytes;
        count = count < -(int64_t)UINT32_MAX ? INT64_MAX : -count; // INT64_MIN has no positive
    }
    if (count == 0 || in->what != NULL)
        return 0;
    if ((uint64_t)count > shape.max - a->count) {
        toc_avro_in_fail(in, TOC_E_LIMIT, "too many items", count, (int64_t)(shape.max - a->count));
        return 0;
    }
    if ((uint64_t)count * shape.least > toc_avro_left(in)) {
        toc_avro_in_fail(
                in, TOC_E_TRUNCATED, "more items than bytes", count, (int64_t)toc_avro_left(in));
        return 0;
    }
    return make_room(in, a, (size_t)count, shape) ? (size_t)count : 0;
}

const char *toc_avro_symbol(const struct toc_avro_enumeration *e, unsigned value)
{
    return e->symbols[value < e->count ? value : e->fallback];
}

const char *toc_avro_spelling(const struct toc_avro_enumeration *e, unsigned value)
{
    return e->spellings[value < e->count ? value : e->fallback];
}

bool toc_avro_enum_parse(const struct toc_avro_enumeration *e, struct toc_slice text, unsigned *out)
{
    for (unsigned i = 0; i < e->count; i++)
        if (toc_slice_eq_nocase(text, toc_slice_of(e->symbols[i])) ||
                toc_slice_eq_nocase(text, toc_slice_of(e->spellings[i]))) {
            *out = i;
            return true;
        }
    return false;
}

size_t toc_avro_stride(const struct toc_avro_field *field)
{
    switch (field->kind) {
    case TOC_AVRO_BOOLEAN:
        return sizeof(bool);
    case TOC_AVRO_INT:
        return sizeof(int32_t);
    case TOC_AVRO_LONG:
    case TOC_AVRO_TIME:
        return sizeof(int64_t);
    case TOC_AVRO_STRING:
    case TOC_AVRO_BYTES:
        return sizeof(struct toc_slice);
    case TOC_AVRO_FIXED:
        return field->bytes;
    case TOC_AVRO_ENUM:
        return sizeof(unsigned);
    case TOC_AVRO_RECORD:
        return field->record->size;
    }
    return 0;
}

// The reader for that fingerprint; NULL when there is none.
static void (*reader_of(const struct toc_avro_record *record, uint64_t fingerprint))(
        struct toc_avro_in *, void *)
{
    if (fingerprint == record->fingerprint)
        return record->read;
    for (uint32_t i = 0; i < record->version_count; i++)
        if (fingerprint == record->versions[i].fingerprint)
            return record->versions[i].read;
    return NULL;
}

bool toc_avro_knows(const struct toc_avro_record *record, uint64_t fingerprint)
{
    return reader_of(record, fingerprint) != NULL;
}

void toc_avro_put_schema(const struct toc_avro_record *record, struct toc_buf *out)
{
    for (const char *const *piece = record->schema; *piece != NULL; piece++)
        toc_buf_put_text(out, *piece);
}

void toc_avro_read_version(const struct toc_avro_record *record, uint64_t fingerprint,
        struct toc_avro_in *in, void *out)
{
    void (*read)(struct toc_avro_in *, void *) = reader_of(record, fingerprint);
    if (read != NULL)
        read(in, out);
    else
        toc_avro_in_fail(in, TOC_E_SCHEMA, "schema unknown", (int64_t)fingerprint, 0);
}

toc_rc toc_avro_decode(const struct toc_avro_record *record, struct toc_slice body,
        uint64_t fingerprint, struct toc_arena *arena, void *out, struct toc_err *err)
{
    struct toc_avro_in in = toc_avro_in_over(body, arena);
    toc_avro_read_version(record, fingerprint, &in, out);
    return toc_avro_in_finish(&in, record->name, err);
}

toc_rc toc_avro_get(const struct toc_avro_record *record, struct toc_slice framed,
        struct toc_arena *arena, void *out, struct toc_err *err)
{
    uint64_t fingerprint;
    struct toc_slice body;
    TOC_TRY(toc_frame_open(framed, &fingerprint, &body, err));
    return toc_avro_decode(record, body, fingerprint, arena, out, err);
}

void toc_avro_put(const struct toc_avro_record *record, const void *value, struct toc_buf *out)
{
    toc_frame_put(out, record->fingerprint);
    record->write(value, out);
}
