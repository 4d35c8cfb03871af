// Records that older schemas wrote: tests/unit/avro/history.
#include "tests/support/unit.h"

#include "lib/avro/canon.h"
#include "lib/base/json.h"
#include "tests/unit/avro/sample.h"

#define ARENA_BYTES ((size_t)1 << 20)

static uint64_t fingerprint_of(const char *path)
{
    struct toc_buf text = unit_read(path);
    struct toc_err err = {0};
    json_t *json = NULL;
    uint64_t print = 0;
    assert_ok(toc_json_parse(toc_buf_slice(&text), &json, &err), err);
    assert_ok(toc_avro_schema_fingerprint(json, &print, &err), err);
    json_decref(json);
    toc_buf_done(&text);
    return print;
}

// In the order of sample.1.avsc.
static const uint8_t first[] = {
        4, 'x', 'y',                     // gone_first
        6, 'a', 'b', 'c',                // text
        4,                               // colour: sky_blue, the third of then and of now
        1, 2, 3, 4,                      // mark
        4,                               // gone_list: two items
        1, 2, 0, 9, 9, 9, 9, 2, 2, 7, 0, // true, red, mark, one word of one byte
        0, 0, 8, 8, 8, 8, 0,             // false, null, mark, no words
        0,                               // end of gone_list
        4, 'h', 'i',                     // inner: register
        2, 2, 'j',                       // maybe_inner
        2, 3,                            // maybe_small: -2
        6, 0, 2, 4, 0,                   // colours: red, grey, sky_blue
        4, 2, 'k', 0, 0,                 // inners
        2, 10,                           // gone_last
};

static void reads_the_first_version(void **state)
{
    (void)state;
    struct toc_arena arena;
    struct toc_err err = {0};
    struct toc_sample s;
    uint64_t print = fingerprint_of("tests/unit/avro/history/sample.1.avsc");
    toc_arena_init(&arena, ARENA_BYTES);
    assert_true(toc_sample_knows(print));
    assert_ok(toc_sample_decode(toc_slice(first, sizeof first), print, &arena, &s, &err), err);
    assert_slice(s.text, "abc");
    assert_int_equal(s.colour, TOC_COLOUR_SKY_BLUE);
    assert_memory_equal(s.mark, "\1\2\3\4", 4);
    assert_slice(s.inner.register_, "hi");
    assert_int_equal(s.inner.number, 3); // new since: its default
    assert_slice(s.maybe_inner->register_, "j");
    assert_int_equal(s.maybe_inner->number, 3);
    assert_true(s.has_maybe_small && s.maybe_small == -2);
    assert_int_equal(s.colours_count, 3);
    assert_int_equal(s.colours[0], TOC_COLOUR_GREY); // red has gone: the default symbol
    assert_int_equal(s.colours[1], TOC_COLOUR_GREY);
    assert_int_equal(s.colours[2], TOC_COLOUR_SKY_BLUE);
    assert_int_equal(s.inners_count, 2);
    assert_slice(s.inners[0].register_, "k");
    assert_int_equal(s.inners[1].number, 3);
    assert_true(s.flag); // new since
    assert_int_equal(s.large, INT64_C(5000000000));
    assert_false(s.has_maybe_flag);
    assert_int_equal(s.numbers_count, 0);
    toc_arena_done(&arena);
}

static void guards_older_versions_too(void **state)
{
    (void)state;
    struct toc_arena arena;
    struct toc_err err = {0};
    struct toc_sample s;
    uint8_t bytes[sizeof first + 1] = {0};
    uint64_t print = fingerprint_of("tests/unit/avro/history/sample.1.avsc");
    toc_arena_init(&arena, ARENA_BYTES);
    for (size_t len = 0; len < sizeof first; len++)
        assert_code(toc_sample_decode(toc_slice(first, len), print, &arena, &s, &err),
                TOC_E_TRUNCATED, err);
    memcpy(bytes, first, sizeof first);
    assert_code(toc_sample_decode(toc_slice(bytes, sizeof bytes), print, &arena, &s, &err),
            TOC_E_TRUNCATED, err);
    bytes[12] = 10; // gone_list: five items where four are most
    assert_code(toc_sample_decode(toc_slice(bytes, sizeof first), print, &arena, &s, &err),
            TOC_E_LIMIT, err);
    memcpy(bytes, first, sizeof first);
    bytes[13] = 2; // a boolean in it
    assert_code(toc_sample_decode(toc_slice(bytes, sizeof first), print, &arena, &s, &err),
            TOC_E_SYNTAX, err);
    memcpy(bytes, first, sizeof first);
    bytes[7] = 6; // a fourth colour
    assert_code(toc_sample_decode(toc_slice(bytes, sizeof first), print, &arena, &s, &err),
            TOC_E_RANGE, err);
    toc_arena_done(&arena);
}

static void reads_the_second_version(void **state)
{
    (void)state;
    static const uint8_t body[] = {8, 5, 6, 7, 8};
    struct toc_arena arena;
    struct toc_err err = {0};
    struct toc_sample s;
    uint64_t print = fingerprint_of("tests/unit/avro/history/sample.2.avsc");
    toc_arena_init(&arena, ARENA_BYTES);
    assert_ok(toc_sample_decode(toc_slice(body, sizeof body), print, &arena, &s, &err), err);
    assert_int_equal(s.large, 4);
    assert_memory_equal(s.mark, "\5\6\7\10", 4);
    assert_int_equal(s.small, -7);
    assert_int_equal(s.colour, TOC_COLOUR_GREEN);
    toc_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(reads_the_first_version),
            cmocka_unit_test(guards_older_versions_too),
            cmocka_unit_test(reads_the_second_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
