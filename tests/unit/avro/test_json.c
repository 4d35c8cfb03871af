#include "tests/support/unit.h"

#include "lib/avro/json.h"
#include "schemas/refusal.h"
#include "tests/unit/avro/sample.h"

#define BYTES_MAX ((size_t)1 << 16)

static struct toc_arena arena;

static int set_up(void **state)
{
    (void)state;
    toc_arena_init(&arena, (size_t)1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    toc_arena_done(&arena);
    return 0;
}

static toc_rc read_json(const char *text, struct toc_sample *out, struct toc_err *err)
{
    json_t *json = NULL;
    struct toc_err parse = {0};
    assert_ok(toc_json_parse(toc_slice_of(text), &json, &parse), parse);
    toc_rc rc = toc_sample_from_json(json, &arena, out, err);
    json_decref(json);
    return rc;
}

static void assert_json(const struct toc_sample *s, const char *want)
{
    struct toc_buf text;
    struct toc_jw w;
    toc_buf_init(&text, BYTES_MAX);
    toc_jw_init(&w, &text);
    toc_sample_json(s, &w);
    assert_slice(toc_buf_slice(&text), want);
    toc_buf_done(&text);
}

#define REST "\"mark\":\"00000000\",\"inner\":{\"number\":3}"

static void leaves_out_what_is_empty(void **state)
{
    (void)state;
    struct toc_sample s;
    toc_sample_init(&s);
    assert_json(
            &s, "{\"flag\":true,\"small\":-7,\"large\":5000000000,\"colour\":\"green\"," REST "}");
}

static void writes_every_form(void **state)
{
    (void)state;
    static bool flags[] = {true, false};
    static int64_t numbers[] = {INT64_MIN, 0, INT64_MAX};
    static struct toc_slice texts[] = {TOC_S_INIT("a\"b"), TOC_S_INIT("")};
    static enum toc_colour colours[] = {TOC_COLOUR_SKY_BLUE};
    static uint8_t marks[][TOC_MARK_BYTES] = {{1, 2, 3, 4}};
    struct toc_inner inner = {.number = 1, .register_ = TOC_S("r")};
    struct toc_sample s = {.when = 1,
            .text = TOC_S("\xc3\xa9"),
            .raw = TOC_S("\xff\xfe"),
            .colour = TOC_COLOUR_SKY_BLUE,
            .mark = {0xab, 0xcd, 0, 1},
            .has_maybe_flag = true,
            .has_maybe_small = true,
            .has_maybe_when = true,
            .maybe_text = TOC_S(""),
            .maybe_raw = TOC_S("a"),
            .has_maybe_colour = true,
            .has_maybe_mark = true,
            .maybe_inner = &inner,
            .flags = flags,
            .flags_count = 2,
            .numbers = numbers,
            .numbers_count = 3,
            .texts = texts,
            .texts_count = 2,
            .colours = colours,
            .colours_count = 1,
            .marks = marks,
            .marks_count = 1,
            .inners = &inner,
            .inners_count = 1};
    assert_json(&s,
            "{\"flag\":false,\"small\":0,\"large\":0,\"when\":\"1970-01-01T00:00:00.001Z\","
            "\"text\":\"\xc3\xa9\","
            "\"raw\":\"//"
            "4=\",\"colour\":\"Sky-Blue\",\"mark\":\"abcd0001\",\"inner\":{\"number\":0},"
            "\"maybe_flag\":false,\"maybe_small\":0,\"maybe_when\":\"1970-01-01T00:00:00.000Z\","
            "\"maybe_text\":\"\",\"maybe_raw\":\"YQ==\",\"maybe_colour\":\"grey\",\"maybe_mark\":"
            "\"00000000\","
            "\"maybe_inner\":{\"number\":1,\"register\":\"r\"},\"flags\":[true,false],"
            "\"numbers\":[-9223372036854775808,0,9223372036854775807],\"texts\":[\"a\\\"b\",\"\"],"
            "\"colours\":[\"Sky-Blue\"],\"marks\":[\"01020304\"],"
            "\"inners\":[{\"number\":1,\"register\":\"r\"}]}");
}

static void missing_is_default(void **state)
{
    (void)state;
    struct toc_sample s;
    struct toc_err err = {0};
    assert_ok(read_json("{\"mark\":\"00000000\",\"inner\":{}}", &s, &err), err);
    assert_json(
            &s, "{\"flag\":true,\"small\":-7,\"large\":5000000000,\"colour\":\"green\"," REST "}");
}

static void takes_other_spellings(void **state)
{
    (void)state;
    struct toc_sample s;
    struct toc_err err = {0};
    assert_ok(read_json("{\"mark\":\"ABCDef01\",\"inner\":{},\"colour\":\"sky_blue\",\"maybe_"
                        "colour\":\"SKY-BLUE\","
                        "\"when\":\"2026-01-31T12:00:00+01:00\",\"maybe_text\":null,\"maybe_"
                        "inner\":null,"
                        "\"maybe_raw\":\"\",\"texts\":[]}",
                      &s, &err),
            err);
    assert_int_equal(s.colour, TOC_COLOUR_SKY_BLUE);
    assert_int_equal(s.maybe_colour, TOC_COLOUR_SKY_BLUE);
    assert_int_equal(s.mark[2], 0xef);
    assert_int_equal(s.when, INT64_C(1769857200000));
    assert_null(s.maybe_text.ptr);
    assert_null(s.maybe_inner);
    assert_non_null(s.maybe_raw.ptr); // there, and empty
    assert_int_equal(s.maybe_raw.len, 0);
}

// What stands in front of the fields that must be there.
#define WITH(field) "{\"mark\":\"00000000\",\"inner\":{}," field "}"

static void refuses_with_code_and_place(void **state)
{
    (void)state;
    static const struct row {
        const char *text;
        enum toc_code code;
        enum toc_refusal refusal;
        const char *shows;
    } rows[] = {
            {"[]", TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON, "is no object"},
            {"{\"inner\":{}}", TOC_E_REFUSED, TOC_REFUSAL_READ_FIELD, "mark is missing"},
            {"{\"mark\":\"00000000\"}", TOC_E_REFUSED, TOC_REFUSAL_READ_FIELD, "inner is missing"},
            {WITH("\"colr\":1"), TOC_E_REFUSED, TOC_REFUSAL_READ_FIELD, "colr is no field"},
            {WITH("\"Text\":\"a\""), TOC_E_REFUSED, TOC_REFUSAL_READ_FIELD, "Text is no field"},
            {WITH("\"e\\u001b[31m\":1"), TOC_E_REFUSED, TOC_REFUSAL_READ_FIELD, "is no field"},
            {WITH("\"inners\":[{},{\"x\":1}]"), TOC_E_REFUSED, TOC_REFUSAL_READ_FIELD,
                    "inners[1].x is no field"},
            {WITH("\"flag\":1"), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON, "flag"},
            {WITH("\"flag\":null"), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON, "flag"},
            {WITH("\"small\":\"1\""), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON, "small is no number"},
            {WITH("\"small\":1.0"), TOC_E_RANGE, TOC_REFUSAL_READ_NUMBER,
                    "small is no whole number"},
            {WITH("\"small\":2147483648"), TOC_E_RANGE, TOC_REFUSAL_READ_NUMBER,
                    "small is beyond 32 bits"},
            {WITH("\"small\":-2147483649"), TOC_E_RANGE, TOC_REFUSAL_READ_NUMBER,
                    "small is beyond 32 bits"},
            {WITH("\"when\":1"), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON, "when is no text"},
            {WITH("\"when\":\"soon\""), TOC_E_SYNTAX, TOC_REFUSAL_READ_TIME, "when is no time"},
            {WITH("\"when\":\"1969-12-31T23:59:59Z\""), TOC_E_SYNTAX, TOC_REFUSAL_READ_TIME,
                    "when"},
            {WITH("\"text\":7"), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON, "text is no text"},
            {WITH("\"text\":\"12345678901\""), TOC_E_LENGTH, TOC_REFUSAL_READ_NUMBER,
                    "text is longer than 10 bytes"},
            {WITH("\"raw\":\"AAAAAAAAAAAAAAAA\""), TOC_E_LENGTH, TOC_REFUSAL_READ_NUMBER,
                    "raw is longer than 10"},
            {WITH("\"raw\":\"AAAAAAAAAAAAAAA\""), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON,
                    "raw is not base64"},
            {WITH("\"raw\":\"YQ=\""), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON, "raw is not base64"},
            {WITH("\"raw\":\"YR==\""), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON, "raw is not base64"},
            {WITH("\"raw\":\"Y===\""), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON, "raw is not base64"},
            {WITH("\"raw\":\"YQ==YQ==\""), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON,
                    "raw is not base64"},
            {WITH("\"raw\":\"Y Q=\""), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON, "raw is not base64"},
            {WITH("\"colour\":\"pink\""), TOC_E_NOTFOUND, TOC_REFUSAL_READ_ENUM,
                    "colour is none of its words"},
            {WITH("\"colour\":2"), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON, "colour is no text"},
            {WITH("\"maybe_mark\":\"000000\""), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON,
                    "maybe_mark is not hex"},
            {WITH("\"maybe_mark\":\"0000000g\""), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON,
                    "maybe_mark is not hex"},
            {WITH("\"maybe_inner\":{\"number\":[]}"), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON,
                    "maybe_inner.number is"},
            {WITH("\"flags\":true"), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON, "flags is no list"},
            {WITH("\"flags\":[true,true,true,true]"), TOC_E_LIMIT, TOC_REFUSAL_READ_NUMBER,
                    "flags has too many items"},
            {WITH("\"flags\":[true,null]"), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON, "flags[1]"},
            {WITH("\"texts\":[\"12345\"]"), TOC_E_LENGTH, TOC_REFUSAL_READ_NUMBER,
                    "texts[0] is longer than 4 bytes"},
            {WITH("\"inners\":[[]]"), TOC_E_SYNTAX, TOC_REFUSAL_READ_JSON,
                    "inners[0] is no object"},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_sample s = {.small = 77};
        struct toc_err err = {0};
        enum toc_refusal refusal = TOC_REFUSAL_NONE;
        print_message("%s\n", row->text);
        assert_code(read_json(row->text, &s, &err), row->code, err);
        assert_int_equal(s.small, 77);
        assert_shows(err.text, row->shows);
        assert_true(toc_refusal_parse(toc_avro_json_refusal(&err), &refusal));
        assert_int_equal(refusal, row->refusal);
    }
}

static void needs_room(void **state)
{
    (void)state;
    static const char *const texts[] = {WITH("\"text\":\"abc\""), WITH("\"raw\":\"YWJj\""),
            WITH("\"flags\":[true]"), WITH("\"maybe_inner\":{}")};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct toc_arena small;
        struct toc_sample s;
        struct toc_err err = {0};
        json_t *json = NULL;
        toc_arena_init(&small, 8);
        assert_ok(toc_json_parse(toc_slice_of(texts[i]), &json, &err), err);
        assert_code(toc_sample_from_json(json, &small, &s, &err), TOC_E_MEMORY, err);
        json_decref(json);
        toc_arena_done(&small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(leaves_out_what_is_empty),
            cmocka_unit_test(writes_every_form),
            cmocka_unit_test(missing_is_default),
            cmocka_unit_test(takes_other_spellings),
            cmocka_unit_test(refuses_with_code_and_place),
            cmocka_unit_test(needs_room),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
