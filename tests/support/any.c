#include "tests/support/any.h"

#include <stdlib.h>

#include "lib/base/time.h"

// splitmix64
static uint64_t next(struct any *any)
{
    uint64_t z = any->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t any_number(struct any *any, uint64_t below)
{
    return next(any) % below;
}

static void *room(struct any *any, size_t count, size_t size)
{
    void *at = toc_arena_alloc(any->arena, count, size);
    if (at == NULL)
        abort();
    return at;
}

static int64_t any_integer(struct any *any, int64_t least, int64_t most)
{
    int64_t v = (int64_t)next(any) >> any_number(any, 64);
    switch (any_number(any, 8)) {
    case 0:
        return least;
    case 1:
        return most;
    default:
        return v < least || v > most ? (int64_t)any_number(any, 128) : v;
    }
}

static size_t any_length(struct any *any, size_t max)
{
    static const size_t edges[] = {0, 1, 63, 64, 8191, 8192};
    size_t edge = edges[any_number(any, sizeof edges / sizeof *edges)];
    switch (any_number(any, 8)) {
    case 0:
        return edge < max ? edge : max;
    case 1:
        return max < 70000 ? max : any_number(any, 70000);
    default:
        return any_number(any, max < 40 ? max + 1 : 40);
    }
}

// Characters of one to four bytes as long as they fit.
static struct toc_slice any_text(struct any *any, size_t max)
{
    static const char *const pieces[] = {"a", "Z", "0", ".", "/", "\"", "\\", "\n", "\x7f",
            "\xc3\xa9", "\xd7\x90", "\xe2\x82\xac", "\xef\xbf\xbd", "\xf0\x9f\x94\x94",
            "\xf4\x8f\xbf\xbf"};
    size_t len = any_length(any, max), used = 0;
    uint8_t *bytes = room(any, len + 1, 1);
    bool plain = any_number(any, 2) == 0;
    while (used < len) {
        const char *piece = pieces[any_number(any, plain ? 5 : sizeof pieces / sizeof *pieces)];
        if (strlen(piece) > len - used)
            piece = "x";
        memcpy(bytes + used, piece, strlen(piece));
        used += strlen(piece);
    }
    if (len != 0 && !any->for_json && any_number(any, 16) == 0)
        bytes[0] = bytes[0] < 0x80 ? 0 : bytes[0];
    return toc_slice(bytes, len);
}

static struct toc_slice any_bytes(struct any *any, size_t max)
{
    size_t len = any_length(any, max);
    uint8_t *bytes = room(any, len + 1, 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)next(any);
    return toc_slice(bytes, len);
}

static void any_value(struct any *any, const struct toc_avro_field *f, void *at)
{
    unsigned symbol;
    switch (f->kind) {
    case TOC_AVRO_BOOLEAN:
        *(bool *)at = any_number(any, 2) == 1;
        break;
    case TOC_AVRO_INT:
        *(int32_t *)at = (int32_t)any_integer(any, INT32_MIN, INT32_MAX);
        break;
    case TOC_AVRO_LONG:
        *(int64_t *)at = any_integer(any, INT64_MIN, INT64_MAX);
        break;
    case TOC_AVRO_TIME:
        *(int64_t *)at = any->for_json ? any_integer(any, 0, TOC_TIME_MAX)
                                       : any_integer(any, INT64_MIN, INT64_MAX);
        break;
    case TOC_AVRO_STRING:
        *(struct toc_slice *)at = any_text(any, f->bytes);
        break;
    case TOC_AVRO_BYTES:
        *(struct toc_slice *)at = any_bytes(any, f->bytes);
        break;
    case TOC_AVRO_FIXED:
        for (size_t i = 0; i < f->bytes; i++)
            ((uint8_t *)at)[i] = (uint8_t)next(any);
        break;
    case TOC_AVRO_ENUM:
        symbol = (unsigned)any_number(any, f->symbols->count);
        memcpy(at, &symbol, sizeof symbol);
        break;
    case TOC_AVRO_RECORD:
        any_record(any, f->record, at);
        break;
    }
}

static void any_nullable(struct any *any, const struct toc_avro_field *f, uint8_t *base)
{
    bool present = any_number(any, 2) == 1;
    bool text = f->kind == TOC_AVRO_STRING || f->kind == TOC_AVRO_BYTES;
    if (f->kind == TOC_AVRO_RECORD) {
        void *record = present ? room(any, 1, f->record->size) : NULL;
        memcpy(base + f->offset, &record, sizeof record);
        if (record != NULL)
            any_record(any, f->record, record);
        return;
    }
    if (!text)
        *(bool *)(base + f->beside) = present;
    if (present)
        any_value(any, f, base + f->offset);
}

static void any_array(struct any *any, const struct toc_avro_field *f, uint8_t *base)
{
    size_t most = f->max < any->most_items ? f->max : any->most_items;
    size_t count = any_number(any, 4) == 0 ? most : any_number(any, most < 4 ? most + 1 : 4);
    size_t stride = toc_avro_stride(f);
    uint8_t *items = room(any, count, stride);
    for (size_t i = 0; i < count; i++)
        any_value(any, f, items + i * stride);
    memcpy(base + f->offset, &items, sizeof items);
    *(size_t *)(void *)(base + f->beside) = count;
}

void any_record(struct any *any, const struct toc_avro_record *record, void *out)
{
    uint8_t *base = out;
    memset(out, 0, record->size);
    for (uint32_t i = 0; i < record->field_count; i++) {
        const struct toc_avro_field *f = &record->fields[i];
        if (f->form == TOC_AVRO_ARRAY)
            any_array(any, f, base);
        else if (f->form == TOC_AVRO_NULLABLE)
            any_nullable(any, f, base);
        else
            any_value(any, f, base + f->offset);
    }
}
