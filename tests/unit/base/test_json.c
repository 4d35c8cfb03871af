#include "tests/support/unit.h"

#include <dirent.h>

#include "lib/base/json.h"
#include "lib/base/limits.h"

// JSONTestSuite cases that RFC 8259 allows and we refuse, each for its reason.
static const struct departure {
    const char *file;
    enum toc_code code;
} departures[] = {
        {"y_object_duplicated_key.json",
                TOC_E_SYNTAX}, // which of the two counts is a parser's guess
        {"y_object_duplicated_key_and_value.json", TOC_E_SYNTAX},
        {"y_object_escaped_null_in_key.json", TOC_E_SYNTAX}, // NUL ends texts elsewhere
        {"y_string_null_escape.json", TOC_E_SYNTAX},
};

static const struct departure *departure_of(const char *file)
{
    UNIT_EACH(const struct departure, departure, departures)
    {
        if (strcmp(departure->file, file) == 0)
            return departure;
    }
    return NULL;
}

// Parsed or refused without a crash; what was parsed holds only finite numbers, so it prints again.
static toc_rc parse_file(const char *file, struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_err joined = {0};
    assert_ok(toc_path_join(path, "tests/data/json", file, &joined), joined);
    struct toc_buf text = unit_read(path);
    json_t *value = NULL;
    toc_rc rc = toc_json_parse(toc_buf_slice(&text), &value, err);
    assert_int_equal(value == NULL, toc_failed(rc));
    if (value != NULL) {
        char *again = json_dumps(value, JSON_ENCODE_ANY);
        assert_non_null(again);
        free(again);
    }
    json_decref(value);
    toc_buf_done(&text);
    return rc;
}

static void parsing_suite(void **state)
{
    (void)state;
    size_t seen[3] = {0};
    DIR *dir = opendir("tests/data/json");
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const char *file = entry->d_name;
        if (strstr(file, ".json") == NULL)
            continue;
        struct toc_err err = {0};
        toc_rc rc = parse_file(file, &err);
        const struct departure *departure = departure_of(file);
        if (departure != NULL)
            assert_code(rc, departure->code, err);
        else if (file[0] == 'y' && toc_failed(rc))
            fail_msg("%s refused: %s", file, err.text);
        else if (file[0] == 'n' && !toc_failed(rc))
            fail_msg("%s accepted", file);
        seen[file[0] == 'y' ? 0 : file[0] == 'n' ? 1 : 2]++;
    }
    closedir(dir);
    assert_int_equal(seen[0], 95);
    assert_int_equal(seen[1], 188);
    assert_int_equal(seen[2], 35);
}

// What the suite leaves free is decided here.
static void decided_cases(void **state)
{
    (void)state;
    static const struct row {
        struct toc_slice in;
        enum toc_code want;
    } rows[] = {
            {TOC_S_INIT("9223372036854775807"), TOC_E_OK},
            {TOC_S_INIT("-9223372036854775808"), TOC_E_OK},
            {TOC_S_INIT("9223372036854775808"), TOC_E_RANGE},
            {TOC_S_INIT("-9223372036854775809"), TOC_E_RANGE},
            {TOC_S_INIT("1e308"), TOC_E_OK},
            {TOC_S_INIT("1e309"), TOC_E_RANGE}, // never becomes infinity
            {TOC_S_INIT("-1e309"), TOC_E_RANGE},
            {TOC_S_INIT("1e-400"), TOC_E_OK}, // becomes 0
            {TOC_S_INIT("1e99999999999999999999"), TOC_E_RANGE},
            {TOC_S_INIT("NaN"), TOC_E_SYNTAX},
            {TOC_S_INIT("\"a\\u0000b\""), TOC_E_SYNTAX},
            {TOC_S_INIT("\"a\0b\""), TOC_E_SYNTAX},
            {TOC_S_INIT("\"\\ud800\""), TOC_E_SYNTAX}, // half of a pair
            {TOC_S_INIT("\"\xff\""), TOC_E_SYNTAX},
            {TOC_S_INIT("\xef\xbb\xbf{}"), TOC_E_SYNTAX}, // BOM
            {TOC_S_INIT("{} {}"), TOC_E_SYNTAX},
            {TOC_S_INIT("{}\0"), TOC_E_SYNTAX},
            {TOC_S_INIT("123\0"), TOC_E_SYNTAX}, // jansson alone would take it
            {TOC_S_INIT(""), TOC_E_SYNTAX},
            {TOC_S_INIT("{\"a\":1,\"a\":1}"), TOC_E_SYNTAX},
            {TOC_S_INIT("{\"a\":1,\"\\u0061\":1}"), TOC_E_SYNTAX},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_err err = {0};
        json_t *value = NULL;
        toc_rc rc = toc_json_parse(row->in, &value, &err);
        if (rc.code != row->want)
            print_error("%s\n", (const char *)row->in.ptr);
        assert_code(rc, row->want, err);
        json_decref(value);
    }
}

static void errors_say_where(void **state)
{
    (void)state;
    struct toc_err err = {0};
    json_t *value = NULL;
    assert_code(toc_json_parse(TOC_S("{\n  \"a\": \x01}"), &value, &err), TOC_E_SYNTAX, err);
    assert_shows(err.text, "line 2 column");
}

static void nested(struct toc_buf *out, size_t depth, char open, char close)
{
    toc_buf_clear(out);
    for (size_t i = 0; i < depth; i++)
        toc_buf_put_byte(out, (uint8_t)open);
    for (size_t i = 0; i < depth; i++)
        toc_buf_put_byte(out, (uint8_t)close);
}

static void depth_and_size(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_buf text;
    json_t *value = NULL;
    toc_buf_init(&text, (size_t)4 * TOC_JSON_BYTES_MAX);
    nested(&text, TOC_JSON_DEPTH_MAX, '[', ']');
    assert_ok(toc_json_parse(toc_buf_slice(&text), &value, &err), err);
    json_decref(value);
    value = NULL;
    nested(&text, TOC_JSON_DEPTH_MAX + 1, '[', ']');
    assert_code(toc_json_parse(toc_buf_slice(&text), &value, &err), TOC_E_LIMIT, err);
    nested(&text, TOC_JSON_BYTES_MAX / 2, '{', '}'); // a million brackets never reach the parser
    assert_code(toc_json_parse(toc_buf_slice(&text), &value, &err), TOC_E_LIMIT, err);
    toc_buf_put_byte(&text, ' ');
    assert_code(toc_json_parse(toc_buf_slice(&text), &value, &err), TOC_E_LENGTH, err);
    toc_buf_clear(&text); // brackets inside of a text are text, behind an escaped quote too
    toc_buf_put_text(&text, "[\"\\\"");
    for (int i = 0; i < 100; i++)
        toc_buf_put_byte(&text, '[');
    toc_buf_put_text(&text, "\"]");
    assert_ok(toc_json_parse(toc_buf_slice(&text), &value, &err), err);
    toc_json_drop(&value);
    assert_null(value);
    toc_buf_done(&text);
}

static void members(void **state)
{
    (void)state;
    struct toc_err err = {0};
    json_t *value TOC_CLEANUP(toc_json_drop) = NULL;
    assert_ok(toc_json_parse(
                      TOC_S("{\"t\":\"x\",\"e\":\"\",\"i\":-5,\"r\":1.5,\"b\":true,\"f\":false}"),
                      &value, &err),
            err);
    assert_slice(toc_json_text(value, "t"), "x");
    assert_non_null(toc_json_text(value, "e").ptr);
    assert_null(toc_json_text(value, "i").ptr);
    assert_null(toc_json_text(value, "absent").ptr);
    assert_int_equal(toc_json_int(value, "i", 9), -5);
    assert_int_equal(toc_json_int(value, "r", 9), 9);
    assert_int_equal(toc_json_int(value, "t", 9), 9);
    assert_int_equal(toc_json_int(value, "absent", 9), 9);
    assert_true(toc_json_true(value, "b"));
    assert_false(toc_json_true(value, "f"));
    assert_false(toc_json_true(value, "t"));
    assert_null(toc_json_text(NULL, "t").ptr);
}

static void writer(void **state)
{
    (void)state;
    struct toc_buf out;
    struct toc_jw w;
    toc_buf_init(&out, 4096);
    toc_jw_init(&w, &out);
    toc_jw_open(&w, '{');
    toc_jw_key(&w, "a\"b");
    toc_jw_open(&w, '[');
    toc_jw_int(&w, INT64_MIN);
    toc_jw_bool(&w, true);
    toc_jw_bool(&w, false);
    toc_jw_open(&w, '{');
    toc_jw_close(&w, '}');
    toc_jw_open(&w, '[');
    toc_jw_int(&w, 1);
    toc_jw_close(&w, ']');
    toc_jw_open(&w, '[');
    toc_jw_int(&w, 2);
    toc_jw_close(&w, ']');
    toc_jw_close(&w, ']');
    toc_jw_key(&w, "h");
    toc_jw_hex(&w, "\x01\xff", 2);
    toc_jw_key(&w, "t");
    toc_jw_time(&w, 0);
    toc_jw_key(&w, "r");
    toc_jw_raw(&w, TOC_S("[1]"));
    toc_jw_key(&w, "");
    toc_jw_text(&w, TOC_S(""));
    toc_jw_close(&w, '}');
    assert_slice(toc_buf_slice(&out),
            "{\"a\\\"b\":[-9223372036854775808,true,false,{},[1],[2]],"
            "\"h\":\"01ff\",\"t\":\"1970-01-01T00:00:00.000Z\","
            "\"r\":[1],\"\":\"\"}");
    toc_buf_done(&out);
}

static void writer_escapes(void **state)
{
    (void)state;
    static const struct row {
        struct toc_slice in;
        const char *want;
    } rows[] = {
            {TOC_S_INIT("plain / text"), "\"plain / text\""},
            {TOC_S_INIT("\"\\\b\f\n\r\t"), "\"\\\"\\\\\\b\\f\\n\\r\\t\""},
            {TOC_S_INIT("a\0\x1f\x7f"), "\"a\\u0000\\u001f\\u007f\""},
            {TOC_S_INIT("\xe2\x82\xac"), "\"\xe2\x82\xac\""},
            {TOC_S_INIT("\xe2\x80\xae\xc2\x9b\xf3\xa0\x81\x81"), "\"\\u202e\\u009b\\udb40\\udc41\""},
            {TOC_S_INIT("a\xff"
                        "b\xe2\x82"),
                    "\"a\xef\xbf\xbd"
                    "b\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_buf out;
        struct toc_jw w;
        toc_buf_init(&out, 4096);
        toc_jw_init(&w, &out);
        toc_jw_text(&w, row->in);
        assert_slice(toc_buf_slice(&out), row->want);
        toc_buf_done(&out);
    }
}

// Whatever the bytes, the writer's text is one that our reader takes back.
static void written_text_reads_back(void **state)
{
    (void)state;
    for (unsigned a = 1; a < 256; a++)
        for (unsigned b = 1; b < 256; b++) {
            const uint8_t bytes[] = {(uint8_t)a, (uint8_t)b};
            struct toc_err err = {0};
            struct toc_buf out;
            struct toc_jw w;
            json_t *value = NULL;
            toc_buf_init(&out, 64);
            toc_jw_init(&w, &out);
            toc_jw_open(&w, '[');
            toc_jw_text(&w, toc_slice(bytes, 2));
            toc_jw_close(&w, ']');
            assert_ok(toc_json_parse(toc_buf_slice(&out), &value, &err), err);
            if (a < 0x80 && b < 0x80)
                assert_memory_equal(json_string_value(json_array_get(value, 0)), bytes, 2);
            json_decref(value);
            toc_buf_done(&out);
        }
}

static void writer_depth(void **state)
{
    (void)state;
    struct toc_buf out;
    struct toc_jw w;
    toc_buf_init(&out, 4096);
    toc_jw_init(&w, &out);
    for (int i = 0; i < TOC_JSON_DEPTH_MAX; i++)
        toc_jw_open(&w, '[');
    assert_false(out.failed);
    toc_jw_open(&w, '[');
    assert_true(out.failed);
    toc_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(parsing_suite),
            cmocka_unit_test(decided_cases),
            cmocka_unit_test(errors_say_where),
            cmocka_unit_test(depth_and_size),
            cmocka_unit_test(members),
            cmocka_unit_test(writer),
            cmocka_unit_test(writer_escapes),
            cmocka_unit_test(written_text_reads_back),
            cmocka_unit_test(writer_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
