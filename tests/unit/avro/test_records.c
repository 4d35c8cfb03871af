// Over every record there is: what is written is read back the same, to the byte, and through JSON.
#include "tests/support/unit.h"

#include <dirent.h>

#include "lib/avro/canon.h"
#include "lib/avro/json.h"
#include "tests/support/any.h"
#include "tests/support/records.h"
#include "tests/unit/avro/sample.h"

#define ROUNDS 30
#define BYTES_MAX ((size_t)16 << 20)

static void each(void (*check)(const struct toc_avro_record *, struct any *))
{
    struct toc_arena arena;
    struct any any = {.state = 8, .arena = &arena, .most_items = 40};
    toc_arena_init(&arena, (size_t)1 << 30);
    for (size_t i = 0; i <= record_count; i++)
        for (size_t round = 0; round < ROUNDS; round++) {
            toc_arena_reset(&arena);
            check(i < record_count ? records[i] : &toc_sample_avro, &any);
        }
    toc_arena_done(&arena);
}

static void *room(struct any *any, const struct toc_avro_record *record)
{
    void *value = toc_arena_alloc(any->arena, 1, record->size);
    assert_non_null(value);
    return value;
}

static void same_bytes(const struct toc_avro_record *record, struct any *any)
{
    void *value = room(any, record), *got = room(any, record);
    struct toc_buf first, second;
    struct toc_err err = {0};
    any_record(any, record, value);
    toc_buf_init(&first, BYTES_MAX);
    toc_buf_init(&second, BYTES_MAX);
    toc_avro_put(record, value, &first);
    assert_ok(toc_buf_check(&first, record->name, &err), err);
    assert_ok(toc_avro_get(record, toc_buf_slice(&first), any->arena, got, &err), err);
    toc_avro_put(record, got, &second);
    assert_slices_equal(toc_buf_slice(&second), toc_buf_slice(&first));
    toc_buf_done(&first);
    toc_buf_done(&second);
}

static void writes_what_it_read(void **state)
{
    (void)state;
    each(same_bytes);
}

static void same_through_json(const struct toc_avro_record *record, struct any *any)
{
    void *value = room(any, record), *got = room(any, record);
    struct toc_buf first, second, text;
    struct toc_jw w;
    struct toc_err err = {0};
    json_t *json = NULL;
    any->for_json = true;
    any->most_items = 4; // the reader of JSON takes 1 MiB
    any_record(any, record, value);
    toc_buf_init(&text, BYTES_MAX);
    toc_jw_init(&w, &text);
    toc_avro_json_put(record, value, &w);
    assert_ok(toc_buf_check(&text, record->name, &err), err);
    if (text.len > TOC_JSON_BYTES_MAX) {
        toc_buf_done(&text);
        return;
    }
    assert_ok(toc_json_parse(toc_buf_slice(&text), &json, &err), err);
    assert_ok(toc_avro_json_get(record, json, any->arena, got, &err), err);
    json_decref(json); // nothing of it is held
    toc_buf_init(&first, BYTES_MAX);
    toc_buf_init(&second, BYTES_MAX);
    record->write(value, &first);
    record->write(got, &second);
    assert_slices_equal(toc_buf_slice(&second), toc_buf_slice(&first));
    toc_buf_done(&first);
    toc_buf_done(&second);
    toc_buf_done(&text);
}

static void survives_json(void **state)
{
    (void)state;
    each(same_through_json);
}

// Any byte of a record changed: refused, or another valid record; nothing else.
static void stands_flipped_bytes(const struct toc_avro_record *record, struct any *any)
{
    void *value = room(any, record);
    struct toc_buf out;
    struct toc_err err = {0};
    any_record(any, record, value);
    toc_buf_init(&out, BYTES_MAX);
    record->write(value, &out);
    for (size_t i = 0; i < 50; i++) {
        uint8_t *at = out.ptr + any_number(any, out.len), old = *at;
        *at = (uint8_t)any_number(any, 256);
        toc_rc rc = toc_avro_decode(
                record, toc_buf_slice(&out), record->fingerprint, any->arena, value, &err);
        if (!toc_failed(rc)) {
            struct toc_buf again;
            toc_buf_init(&again, BYTES_MAX);
            record->write(value, &again);
            assert_ok(toc_buf_check(&again, record->name, &err), err);
            toc_buf_done(&again);
        }
        *at = old;
    }
    toc_buf_done(&out);
}

static void survives_noise(void **state)
{
    (void)state;
    each(stands_flipped_bytes);
}

static void defaults_are_canonical(void **state)
{
    (void)state;
    for (size_t i = 0; i < record_count; i++) {
        struct toc_buf out;
        struct toc_err err = {0};
        toc_buf_init(&out, BYTES_MAX);
        records[i]->write(records[i]->init, &out);
        assert_ok(toc_buf_check(&out, records[i]->name, &err), err);
        assert_true(out.len >= records[i]->field_count);
        toc_buf_done(&out);
    }
}

// records.c must not forget one: every record with a released version is in it, and knows that version.
static void list_is_whole(void **state)
{
    (void)state;
    size_t found = 0;
    DIR *dir = opendir("schemas/history");
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        found += strstr(entry->d_name, ".1.avsc") != NULL;
    closedir(dir);
    assert_int_equal(found, record_count);
    assert_non_null(record_named("Observation"));
    assert_null(record_named("Nothing"));
}

// The schema in the code is self-contained and has the fingerprint in the code.
static void schema_text_has_its_fingerprint(void **state)
{
    (void)state;
    for (size_t i = 0; i < record_count; i++) {
        struct toc_buf text;
        struct toc_err err = {0};
        json_t *json = NULL;
        uint64_t print = 0;
        toc_buf_init(&text, BYTES_MAX);
        toc_avro_put_schema(records[i], &text);
        assert_ok(toc_json_parse(toc_buf_slice(&text), &json, &err), err);
        assert_ok(toc_avro_schema_fingerprint(json, &print, &err), err);
        assert_true(print == records[i]->fingerprint);
        json_decref(json);
        toc_buf_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(list_is_whole),
            cmocka_unit_test(schema_text_has_its_fingerprint),
            cmocka_unit_test(defaults_are_canonical),
            cmocka_unit_test(writes_what_it_read),
            cmocka_unit_test(survives_json),
            cmocka_unit_test(survives_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
