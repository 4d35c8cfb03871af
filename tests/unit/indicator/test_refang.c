#include "tests/support/unit.h"

#include "lib/indicator/limits.h"
#include "lib/indicator/refang.h"

static size_t check_file(const char *path)
{
    struct toc_buf file = unit_read(path), out;
    struct toc_slice rest = toc_buf_slice(&file);
    size_t cases = 0;
    toc_buf_init(&out, TOC_RAW_BYTES_MAX);
    for (; rest.len > 0; cases++) {
        struct toc_slice line = toc_slice_sub(rest, 0, toc_slice_find(rest, '\n'));
        rest = toc_slice_sub(rest, line.len + 1, SIZE_MAX);
        struct toc_slice raw = toc_slice_sub(line, 0, toc_slice_find(line, '\t'));
        struct toc_slice want = toc_slice_sub(line, raw.len + 1, SIZE_MAX);
        want.len = toc_slice_find(want, '\t');
        toc_buf_clear(&out);
        bool changed = toc_refang(raw, &out);
        assert_slices_equal(toc_buf_slice(&out), want);
        assert_int_equal(changed, !toc_slice_eq(raw, want));
    }
    toc_buf_done(&file);
    toc_buf_done(&out);
    return cases;
}

static void real_cases(void **state)
{
    (void)state;
    assert_int_equal(check_file("tests/data/refang/real-cases.tsv"), 439);
    assert_int_equal(check_file("tests/data/refang/styles-synthetic.tsv"), 20);
}

static void spellings(void **state)
{
    (void)state;
    static const struct row {
        const char *raw, *want;
        bool changed;
    } rows[] = {
            {"", "", false},
            {"  \t ", "", false},
            {" example.com ", "example.com", false},
            {"\u00a0example.com\u3000", "example.com", true},
            {"exam\u200bple\ufeff.com", "example.com", true},
            {"exam\u200dple.com", "example.com", true}, // a joiner next to ASCII hides something
            {"\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.com",
                    "\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.com", false},
            {"\"example[.]com\",", "example.com", true},
            {"'example.com'", "example.com", true},
            {"<http://example.com/a>", "http://example.com/a", true},
            {"\u00abexample.com\u00bb", "example.com", true},
            {"(example.com)", "example.com", true},
            {"example.com).", "example.com).", false}, // a dot may end a name: nothing is guessed
            {"example.com)", "example.com", true},
            {"http://example.com/a_(b)", "http://example.com/a_(b)", false},
            {"(http://example.com/a_(b))", "http://example.com/a_(b)", true},
            {"(a)b(c)", "(a)b(c)", false},
            {"192.0.2.1.", "192.0.2.1", true},
            {"192.0.2.1;", "192.0.2.1", true},
            {"example.com.", "example.com.", false},
            {"2001:db8::", "2001:db8::", false},
            {"http://[2001:db8::1]/", "http://[2001:db8::1]/", false},
            {"hxxp[:]//[2001:db8::1]/", "http://[2001:db8::1]/", true},
            {"HXXPS://example.com/", "https://example.com/", true},
            {"hxxps:/example.com/", "https://example.com/", true},
            {"meow://example(.)com/", "http://example.com/", true},
            {"h[tt]ps://example.com/", "https://example.com/", true},
            {"hxxp", "hxxp", false},
            {"hxxp.example.com", "hxxp.example.com", false},
            {"user(at)example(dot)com", "user@example.com", true},
            {"user[AT]example[DOT]com", "user@example.com", true},
            {"example.com/look(at)me(dot)html", "example.com/look(at)me(dot)html", false},
            {"example.com/a[.]exe", "example.com/a.exe", true},
            {"http://example.com/?q=\\.x", "http://example.com/?q=\\.x", false},
            {"http://example.com/?u=hxxp://b.example", "http://example.com/?u=hxxp://b.example",
                    false},
            {"192.0.2[.1", "192.0.2.1", true},
    };
    struct toc_buf out;
    toc_buf_init(&out, TOC_RAW_BYTES_MAX);
    UNIT_EACH(const struct row, row, rows)
    {
        toc_buf_clear(&out);
        bool changed = toc_refang(toc_slice_of(row->raw), &out);
        assert_slice(toc_buf_slice(&out), row->want);
        if (changed != row->changed)
            fail_msg("\"%s\": changed is %d", row->raw, changed);
    }
    toc_buf_done(&out);
}

// Bytes that are no UTF-8, and more than a value can be, pass unchanged: canonicalising refuses them.
static void leaves_the_rest_alone(void **state)
{
    (void)state;
    static uint8_t huge[TOC_RAW_BYTES_MAX + 1];
    struct toc_buf out;
    memset(huge, '[', sizeof huge);
    toc_buf_init(&out, 2 * sizeof huge);
    toc_buf_put_text(&out, "before ");
    assert_false(toc_refang(TOC_S("evil[.]com\xff"), &out));
    assert_slice(toc_buf_slice(&out), "before evil[.]com\xff");
    toc_buf_clear(&out);
    assert_false(toc_refang(toc_slice(huge, sizeof huge), &out));
    assert_int_equal(out.len, sizeof huge);
    toc_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(real_cases),
            cmocka_unit_test(spellings),
            cmocka_unit_test(leaves_the_rest_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
