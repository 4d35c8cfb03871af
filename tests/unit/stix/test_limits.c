// What ends a read, and what happens where memory does: nothing comes out that lacks a part unseen.
#include "tests/unit/stix/reading.h"

static toc_rc failing(
        void *ctx, const struct toc_observation *obs, enum toc_marking m, struct toc_err *err)
{
    (void)ctx;
    (void)obs;
    (void)m;
    return toc_fail(err, TOC_E_IO, "disk full");
}

static void failures_end_the_read(void **state)
{
    (void)state;
    struct toc_stix_reader *reader = toc_stix_reader_new(&reading_green);
    struct toc_arena arena;
    struct toc_err err = {0};
    struct reading r;
    json_t *object = NULL;
    reading_init(&r, false);
    assert_ok(toc_json_parse(toc_slice_of(EVIL(",\"description\":\"d\"")), &object, &err), err);
    struct toc_stix_sink sink = {&r, failing, reading_refuse};
    toc_arena_init(&arena, 1 << 20);
    assert_code(toc_stix_read(reader, object, &arena, &sink, &err), TOC_E_IO, err);
    toc_arena_done(&arena);
    toc_arena_init(&arena, 0);
    sink.emit = reading_emit;
    // Nothing is let out of an arena that is full: no observation lacks a part unseen.
    toc_rc rc = toc_stix_read(reader, object, &arena, &sink, &err);
    assert_true(toc_failed(rc) || r.refused[TOC_REFUSAL_STIX_PATTERN_UNSUPPORTED] == 1);
    assert_null(strstr(toc_buf_cstr(&r.lines), "assert"));
    toc_arena_done(&arena);
    json_decref(object);
    toc_stix_reader_free(reader);
    reading_done(&r);
}

#define LONG "0123456789012345678901234567890123456789"
#define MD5 "d41d8cd98f00b204e9800998ecf8427e"
#define SHA1 "da39a3ee5e6b4b0d3255bfef95601890afd80709"

// Reads an object with so many bytes of arena; false when that fails.
static bool reads_within(const char *object, size_t room)
{
    struct toc_stix_reader *reader = toc_stix_reader_new(&reading_green);
    struct toc_arena arena;
    struct toc_err err = {0};
    struct reading r;
    const struct toc_stix_sink sink = {&r, reading_emit, reading_refuse};
    json_t *json = NULL;
    assert_ok(toc_json_parse(toc_slice_of(object), &json, &err), err);
    toc_arena_init(&arena, room);
    reading_init(&r, false);
    // What comes out, reading_emit checks.
    toc_rc rc = toc_stix_read(reader, json, &arena, &sink, &err);
    if (toc_failed(rc))
        assert_code(rc, TOC_E_MEMORY, err);
    assert_null(strchr(toc_buf_cstr(&r.lines), '!'));
    reading_done(&r);
    toc_arena_done(&arena);
    toc_stix_reader_free(reader);
    json_decref(json);
    return !toc_failed(rc);
}

// Whatever room the arena has: an object is read whole, or the read fails.
static void nothing_is_cut(void **state)
{
    (void)state;
    static const char *const objects[] = {
            SCO("domain-name", 1, ",\"value\":\"ab.co\""), // shorter than its origin
            SCO("url", 1, ",\"value\":\"http://evil.com/" LONG LONG "\""),
            SCO("file", 1, ",\"hashes\":{\"SHA-1\":\"" SHA1 "\",\"MD5\":\"" MD5 "\"}")};
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        size_t whole = 0;
        for (size_t room = 0; room < 1024; room += 16)
            whole += reads_within(objects[i], room);
        assert_in_range(whole, 1, 1024 / 16 - 1);
    }
}

// More context than fits: tags are lost and counted, observations are not.
static void context_is_bounded(void **state)
{
    (void)state;
    struct toc_stix_reader *reader = toc_stix_reader_new(&reading_green);
    struct toc_arena arena;
    struct toc_err err = {0};
    struct reading r;
    const struct toc_stix_sink sink = {&r, reading_emit, reading_refuse};
    reading_init(&r, true);
    toc_arena_init(&arena, 1 << 20);
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < 150000; i++) {
            json_t *object = json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:o}", "type", "indicator",
                    "id", json_sprintf("indicator--%08x-0000-4000-8000-000000000000", i), "created",
                    "2026-01-01T00:00:00Z", "modified", "2026-01-01T00:00:00Z", "valid_from",
                    "2026-01-01T00:00:00Z", "pattern_type", "stix", "pattern",
                    json_sprintf("[domain-name:value = 'a%d.evil.com']", i));
            assert_non_null(object);
            toc_arena_reset(&arena);
            if (pass == 0)
                toc_stix_learn(reader, object);
            else
                assert_ok(toc_stix_read(reader, object, &arena, &sink, &err), err);
            r.lines.len = 0;
            json_decref(object);
        }
    assert_int_equal(toc_stix_reader_counts(reader)->observations, 150000);
    assert_true(toc_stix_reader_counts(reader)->context_lost > 0);
    toc_stix_reader_free(reader);
    toc_arena_done(&arena);
    reading_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(failures_end_the_read),
            cmocka_unit_test(nothing_is_cut),
            cmocka_unit_test(context_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
