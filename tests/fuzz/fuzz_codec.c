// Records of every kind, in binary and in JSON form. Input: a record's name, then NUL and a body, or the
// JSON object.
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "lib/avro/json.h"
#include "tests/support/records.h"

#define ARENA_BYTES ((size_t)64 << 20)
#define BYTES_MAX ((size_t)64 << 20)

static const struct toc_avro_record *record_of(struct toc_slice name)
{
    char text[64];
    size_t len = name.len < sizeof text ? name.len : sizeof text - 1;
    if (len != 0)
        memcpy(text, name.ptr, len);
    text[len] = '\0';
    const struct toc_avro_record *record = record_named(text);
    return record != NULL ? record : records[name.len % record_count];
}

static struct toc_slice written(
        const struct toc_avro_record *record, const void *value, struct toc_buf *out)
{
    toc_buf_init(out, BYTES_MAX);
    record->write(value, out);
    FUZZ_CHECK(!out->failed); // what was read is within the limits
    return toc_buf_slice(out);
}

static void try_body(const struct toc_avro_record *record, struct toc_slice body,
        struct toc_arena *arena, void *value)
{
    struct toc_buf first, second;
    struct toc_jw w;
    if (toc_failed(toc_avro_decode(record, body, record->fingerprint, arena, value, NULL)))
        return;
    struct toc_slice canonical = written(record, value, &first);
    FUZZ_CHECK(!toc_failed(
            toc_avro_decode(record, canonical, record->fingerprint, arena, value, NULL)));
    FUZZ_CHECK(toc_slice_eq(written(record, value, &second), canonical));
    toc_buf_clear(&second);
    toc_jw_init(&w, &second);
    toc_avro_json_put(record, value, &w);
    FUZZ_CHECK(!second.failed);
    toc_buf_done(&first);
    toc_buf_done(&second);
}

static void try_json(const struct toc_avro_record *record, struct toc_slice text,
        struct toc_arena *arena, void *value)
{
    TOC_CLEANUP(toc_json_drop) json_t *json = NULL, *again = NULL;
    struct toc_buf first, second;
    struct toc_jw w;
    if (toc_failed(toc_json_parse(text, &json, NULL)) ||
            toc_failed(toc_avro_json_get(record, json, arena, value, NULL)))
        return;
    (void)written(record, value, &first);
    toc_buf_init(&second, BYTES_MAX);
    toc_jw_init(&w, &second);
    toc_avro_json_put(record, value, &w);
    FUZZ_CHECK(!toc_failed(toc_json_parse(toc_buf_slice(&second), &again, NULL)));
    FUZZ_CHECK(!toc_failed(toc_avro_json_get(record, again, arena, value, NULL)));
    toc_buf_done(&second);
    FUZZ_CHECK(toc_slice_eq(written(record, value, &second), toc_buf_slice(&first)));
    toc_buf_done(&first);
    toc_buf_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toc_arena arena;
    size_t end = 0;
    while (end < size && data[end] != '\0' && data[end] != '{')
        end++;
    const struct toc_avro_record *record = record_of(toc_slice(data, end));
    bool json = end < size && data[end] == '{';
    toc_arena_init(&arena, ARENA_BYTES);
    void *value = toc_arena_alloc(&arena, 1, record->size);
    FUZZ_CHECK(value != NULL);
    if (json)
        try_json(record, toc_slice(data + end, size - end), &arena, value);
    else if (end < size)
        try_body(record, toc_slice(data + end + 1, size - end - 1), &arena, value);
    toc_arena_done(&arena);
    return 0;
}
