#include "tests/support/unit.h"

#include "producers/reader/parse/json_split.h"

#define OBJECT_MAX 64

static FILE *stream_of(const char *text)
{
    FILE *stream = tmpfile();
    assert_non_null(stream);
    assert_int_equal(fwrite(text, 1, strlen(text), stream), strlen(text));
    rewind(stream);
    return stream;
}

// What comes out, one line a part: line number, kind, text.
static void split_all(const char *text, struct toc_buf *out)
{
    static const char *const kinds[] = {"object", "large", "wrong", "broken", "end"};
    struct toc_json_split split;
    struct toc_slice part;
    uint64_t line;
    enum toc_split got;
    FILE *stream = stream_of(text);
    toc_json_split_init(&split, stream, OBJECT_MAX);
    while ((got = toc_json_split_next(&split, &part, &line)) != TOC_SPLIT_END)
        if (got == TOC_SPLIT_OBJECT)
            toc_buf_printf(out, "%llu %s %.*s\n", (unsigned long long)line, kinds[got],
                    TOC_SLICE_ARG(part));
        else
            toc_buf_printf(out, "%llu %s\n", (unsigned long long)line, kinds[got]);
    toc_json_split_done(&split);
    fclose(stream);
}

static const struct {
    const char *in, *out;
} cases[] = {
        {"", ""},
        {" \n ", ""},
        {"{}", "1 object {}\n"},
        {"[]", ""},
        {"[{\"a\":1},\n{\"b\":[{}]}]", "1 object {\"a\":1}\n2 object {\"b\":[{}]}\n"},
        {"{\"type\":\"bundle\",\"objects\":[{\"a\":1},{\"b\":2}],\"x\":1}",
                "1 object {\"a\":1}\n1 object {\"b\":2}\n"},
        {"{\"objects\":[]}", ""},
        {"{\"objects\":{\"0\":{}}}", "1 object {\"objects\":{\"0\":{}}}\n"}, // observed-data of 2.0
        {"{\"name\":\"objects\",\"a\":[{}]}", "1 object {\"name\":\"objects\",\"a\":[{}]}\n"},
        {"{\"a\":{\"objects\":[{}]}}", "1 object {\"a\":{\"objects\":[{}]}}\n"},
        {"{\"a\":\"}]\\\"{\\\\\"}", "1 object {\"a\":\"}]\\\"{\\\\\"}\n"},
        {"{\"a\":1}\n{\"b\":2}\n", "1 object {\"a\":1}\n2 object {\"b\":2}\n"},
        {"{\"objects\":[{\"a\":1}]}{\"objects\":[{\"b\":2}]}",
                "1 object {\"a\":1}\n1 object {\"b\":2}\n"},
        {"{\"objects\":[{\"a\":1}],\"objects\":[{\"b\":2}]}",
                "1 object {\"a\":1}\n1 object {\"b\":2}\n"},
        {"[1, \"two\", [{}], null, {\"a\":1}]",
                "1 wrong\n1 wrong\n1 wrong\n1 wrong\n1 object {\"a\":1}\n"},
        {"[{\"a\":1}", "1 object {\"a\":1}\n1 broken\n"},
        {"[{\"a\":1},{\"b\"", "1 object {\"a\":1}\n1 broken\n"},
        {"[{\"a\":1]}", "1 broken\n"},
        {"{\"a\":\"", "1 broken\n"},
        {"nonsense", "1 broken\n"},
        {"{\"a\":1}}", "1 object {\"a\":1}\n1 broken\n"},
        {"[{\"a\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"},{"
         "\"b\":2}]",
                "1 large\n1 object {\"b\":2}\n"},
        {"{\"a\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}",
                "1 large\n"},
        // The head of a bundle may be larger than an object.
        {"{\"a\":\"0123456789012345678901234567890123456789012345678901234567890123456789\","
         "\"objects\":[{\"b\":2}]}",
                "1 object {\"b\":2}\n"},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct toc_buf out;
        toc_buf_init(&out, 65536);
        print_message("%s\n", cases[i].in);
        split_all(cases[i].in, &out);
        assert_slice(toc_buf_slice(&out), cases[i].out);
        toc_buf_done(&out);
    }
}

static void test_deep(void **state)
{
    (void)state;
    char text[400];
    struct toc_buf out;
    memset(text, '[', sizeof text - 1);
    text[0] = '{';
    text[1] = '"';
    text[2] = '"';
    text[3] = ':';
    text[sizeof text - 1] = '\0';
    toc_buf_init(&out, 1024);
    split_all(text, &out);
    assert_slice(toc_buf_slice(&out), "1 broken\n");
    toc_buf_done(&out);
}

// Cut anywhere, a text never gives more than it holds, and always ends.
static void test_cut(void **state)
{
    (void)state;
    static const char whole[] =
            "{\"type\":\"bundle\",\"objects\":[{\"a\":[1,{}]},{\"b\":\"\\\"}\"}]}";
    for (size_t len = 0; len < sizeof whole; len++) {
        char text[sizeof whole] = "";
        struct toc_buf out;
        memcpy(text, whole, len);
        toc_buf_init(&out, 65536);
        split_all(text, &out);
        bool ended = strstr(toc_buf_cstr(&out), "broken") != NULL;
        assert_int_equal(ended, len > 0 && len < sizeof whole - 1);
        toc_buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_cases),
            cmocka_unit_test(test_deep),
            cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
