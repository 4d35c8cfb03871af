#include "tests/support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#define LINE_MAX_HERE 8

static FILE *stream_of(struct toc_slice s)
{
    FILE *stream = tmpfile();
    assert_non_null(stream);
    assert_int_equal(fwrite(s.ptr, 1, s.len, stream), s.len);
    rewind(stream);
    return stream;
}

static void cuts_lines(void **state)
{
    (void)state;
    // want: the lines, each ended by '|'; '+' stands for "too long"
    static const struct row {
        struct toc_slice in;
        const char *want;
    } rows[] = {
            {TOC_S_INIT(""), ""},
            {TOC_S_INIT("\n"), "|"},
            {TOC_S_INIT("a"), "a|"},
            {TOC_S_INIT("a\n"), "a|"},
            {TOC_S_INIT("a\nb"), "a|b|"},
            {TOC_S_INIT("a\r\nb\r\n"), "a|b|"},
            {TOC_S_INIT("a\r"), "a\r|"}, // a CR without LF is a byte
            {TOC_S_INIT("a\rb\n"), "a\rb|"},
            {TOC_S_INIT("\r\n\r\n"), "||"},
            {TOC_S_INIT("\xef\xbb\xbf"
                        "a\n\xef\xbb\xbf"
                        "b\n"),
                    "a|\xef\xbb\xbf"
                    "b|"},
            {TOC_S_INIT("\xef\xbb\xbf"), "|"},
            {TOC_S_INIT("12345678\n"), "12345678|"},
            {TOC_S_INIT("12345678\r\n"), "12345678|"},
            {TOC_S_INIT("\xef\xbb\xbf"
                        "12345678\r\nx"),
                    "12345678|x|"},
            {TOC_S_INIT("\xef\xbb\xbf"
                        "123456789\r\nx"),
                    "12345678+|x|"},
            {TOC_S_INIT("123456789\nx\n"), "12345678+|x|"},
            {TOC_S_INIT("123456789\r\nx"), "12345678+|x|"},
            {TOC_S_INIT("12345678901\r\nx"), "12345678+|x|"},
            {TOC_S_INIT("123456789012\r\nx"), "12345678+|x|"},
            {TOC_S_INIT("1234567890123456789012345678901234567890\nx"), "12345678+|x|"},
            {TOC_S_INIT("1234567890123456789012345678901234567890"), "12345678+|"},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        FILE *stream = stream_of(row->in);
        struct toc_lines *lines = toc_lines_new(stream, LINE_MAX_HERE);
        struct toc_buf got;
        struct toc_line line;
        uint64_t number = 0;
        assert_non_null(lines);
        toc_buf_init(&got, 256);
        while (toc_lines_next(lines, &line) == 1) {
            assert_int_equal(line.number, ++number);
            toc_buf_put_slice(&got, line.text);
            toc_buf_put_text(&got, line.too_long ? "+|" : "|");
        }
        assert_slice(toc_buf_slice(&got), row->want);
        assert_int_equal(toc_lines_next(lines, &line), 0); // stays at the end
        toc_buf_done(&got);
        toc_lines_free(lines);
        fclose(stream);
    }
}

static void nul_is_a_byte(void **state)
{
    (void)state;
    FILE *stream = stream_of(TOC_S("a\0b\nc"));
    struct toc_lines *lines = toc_lines_new(stream, LINE_MAX_HERE);
    struct toc_line line;
    assert_int_equal(toc_lines_next(lines, &line), 1);
    assert_slices_equal(line.text, TOC_S("a\0b"));
    toc_lines_free(lines);
    fclose(stream);
}

// A line of a pipe is there as soon as its end is: nothing waits for a full block.
static void a_pipe_is_not_kept_waiting(void **state)
{
    (void)state;
    int ends[2];
    struct toc_line line;
    assert_int_equal(pipe(ends), 0);
    FILE *stream = fdopen(ends[0], "r");
    struct toc_lines *lines = toc_lines_new(stream, LINE_MAX_HERE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(write(ends[1], "one\n", 4), 4);
        assert_int_equal(toc_lines_next(lines, &line), 1); // would hang here
        assert_slice(line.text, "one");
    }
    close(ends[1]);
    assert_int_equal(toc_lines_next(lines, &line), 0);
    toc_lines_free(lines);
    fclose(stream);
}

static void read_errors(void **state)
{
    (void)state;
    struct toc_line line;
    FILE *stream = fopen("/", "r"); // a folder opens, but reading it fails
    assert_non_null(stream);
    struct toc_lines *lines = toc_lines_new(stream, LINE_MAX_HERE);
    assert_int_equal(toc_lines_next(lines, &line), -1);
    assert_int_equal(errno, EISDIR);
    toc_lines_free(lines);
    toc_lines_free(NULL);
    fclose(stream);
    assert_null(toc_lines_new(NULL, SIZE_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(cuts_lines),
            cmocka_unit_test(nul_is_a_byte),
            cmocka_unit_test(a_pipe_is_not_kept_waiting),
            cmocka_unit_test(read_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
