#include "tests/support/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/indicator/limits.h"
#include "producers/runner/input.h"
#include "producers/runner/rows.h"

static struct toc_buf drain(FILE *stream)
{
    struct toc_buf text;
    int c;
    toc_buf_init(&text, UNIT_FILE_BYTES_MAX);
    while ((c = getc(stream)) != EOF)
        toc_buf_put_byte(&text, (uint8_t)c);
    return text;
}

static void test_open(void **state)
{
    (void)state;
    char dir[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX];
    FILE *stream = NULL;
    struct toc_err err = {0};
    unit_temp_dir(dir);
    assert_ok(toc_path_join(path, dir, "in", &err), err);
    assert_code(toc_input_open(path, dir, &stream, &err), TOC_E_NOTFOUND, err);
    assert_code(toc_input_open(dir, dir, &stream, &err), TOC_E_REFUSED, err);
    assert_ok(toc_file_replace(path, 0600, TOC_S("1.2.3.4\n"), &err), err);
    assert_ok(toc_input_open(path, dir, &stream, &err), err);
    struct toc_buf text = drain(stream);
    assert_slice(toc_buf_slice(&text), "1.2.3.4\n");
    fclose(stream);
    toc_buf_done(&text);
    unit_remove_dir(dir);
}

// A pipe is copied to disk first, so that it can be read twice; nothing with a name is left.
static void test_pipe(void **state)
{
    (void)state;
    char dir[TOC_PATH_BYTES_MAX];
    int fds[2], saved = dup(STDIN_FILENO);
    FILE *stream = NULL;
    struct toc_err err = {0};
    unit_temp_dir(dir);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "a\nb\n", 4), 4);
    close(fds[1]);
    dup2(fds[0], STDIN_FILENO);
    close(fds[0]);
    assert_ok(toc_input_open("-", dir, &stream, &err), err);
    for (int i = 0; i < 2; i++) {
        struct toc_buf text = drain(stream);
        assert_slice(toc_buf_slice(&text), "a\nb\n");
        toc_buf_done(&text);
        rewind(stream);
    }
    fclose(stream);
    dup2(saved, STDIN_FILENO);
    close(saved);
    clearerr(stdin);
    assert_int_equal(rmdir(dir), 0);
}

static void test_format(void **state)
{
    (void)state;
    static const struct {
        const char *text, *format, *found;
    } cases[] = {
            {"1.2.3.4\n", "auto", "list"},
            {"1.2.3.4\n", "csv", "csv"},
            {"value,type\n1.2.3.4,ip\n", "auto", "csv"},
            {"value,type\n1.2.3.4,ip\n", "list", "list"},
            {"{\"value\":\"a\"}\n", "auto", "jsonl"},
            {"{\"type\":\"bundle\",\"id\":\"bundle--1\"}", "auto", "stix"},
            {"", "auto", "list"},
            {"x", "xml", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct toc_reader_row *row = NULL;
        struct toc_err err = {0};
        FILE *stream = tmpfile();
        fputs(cases[i].text, stream);
        rewind(stream);
        toc_rc rc = toc_input_format(stream, cases[i].format, &row, &err);
        assert_code(rc, cases[i].found == NULL ? TOC_E_USAGE : TOC_E_OK, err);
        if (cases[i].found != NULL)
            assert_string_equal(row->name, cases[i].found);
        assert_int_equal(ftell(stream), 0);
        fclose(stream);
    }
    const struct toc_reader_row *row = NULL;
    struct toc_err err = {0};
    FILE *stream = tmpfile();
    fwrite("\x1f\x8b\0\0", 1, 4, stream);
    rewind(stream);
    assert_code(toc_input_format(stream, "auto", &row, &err), TOC_E_SYNTAX, err);
    fclose(stream);
}

// ---- a pipe in pieces, under a clock that moves when asked

struct fake {
    int64_t now, step;
};

static int64_t fake_now(void *ctx)
{
    struct fake *fake = ctx;
    return fake->now += fake->step;
}

struct pipes {
    int data[2], stop[2];
    struct fake fake;
    struct toc_clock clock;
    struct toc_follow follow;
    char dir[TOC_PATH_BYTES_MAX];
};

static void pipes_open(struct pipes *p, int64_t step)
{
    p->fake = (struct fake){1000, step};
    p->clock = (struct toc_clock){fake_now, fake_now, &p->fake};
    assert_int_equal(pipe(p->data), 0);
    assert_int_equal(pipe(p->stop), 0);
    toc_follow_init(&p->follow, p->data[0], p->stop[0], &p->clock);
    unit_temp_dir(p->dir);
}

static void pipes_close(struct pipes *p)
{
    toc_follow_done(&p->follow);
    close(p->data[0]);
    close(p->stop[0]);
    close(p->stop[1]);
    unit_remove_dir(p->dir);
}

static struct toc_buf next_piece(struct pipes *p, size_t *lines)
{
    FILE *piece = NULL;
    struct toc_err err = {0};
    assert_ok(toc_nameless_open(p->dir, &piece, &err), err);
    assert_ok(toc_follow_next(&p->follow, piece, lines, &err), err);
    struct toc_buf text = drain(piece);
    fclose(piece);
    return text;
}

static void put(struct pipes *p, const char *text)
{
    assert_int_equal(write(p->data[1], text, strlen(text)), strlen(text));
}

// Cut by time: what came within 100 ms of the first line is one piece, half a line waits for its end.
static void test_cut_by_time(void **state)
{
    (void)state;
    struct pipes p;
    size_t lines;
    pipes_open(&p, 60); // every look at the clock is 60 ms later
    put(&p, "a\nb\nhal");
    struct toc_buf text = next_piece(&p, &lines);
    assert_slice(toc_buf_slice(&text), "a\nb\n");
    assert_int_equal(lines, 2);
    toc_buf_done(&text);
    put(&p, "f\n");
    text = next_piece(&p, &lines);
    assert_slice(toc_buf_slice(&text), "half\n");
    toc_buf_done(&text);
    put(&p, "last"); // without an end
    close(p.data[1]);
    text = next_piece(&p, &lines);
    assert_slice(toc_buf_slice(&text), "last");
    assert_int_equal(lines, 1);
    toc_buf_done(&text);
    text = next_piece(&p, &lines);
    assert_int_equal(lines, 0);
    toc_buf_done(&text);
    pipes_close(&p);
}

// Cut by number: never more than 10,000 lines, and none is lost.
static void test_cut_by_lines(void **state)
{
    (void)state;
    struct pipes p;
    size_t lines, sum = 0, pieces = 0;
    pipes_open(&p, 0); // time stands still
    for (int i = 0; i < 3; i++) {
        char block[2 * 10000 + 1];
        for (size_t k = 0; k < 10000; k++) {
            block[2 * k] = 'x';
            block[2 * k + 1] = '\n';
        }
        block[20000] = '\0';
        put(&p, block);
    }
    close(p.data[1]);
    do {
        struct toc_buf text = next_piece(&p, &lines);
        assert_int_equal(text.len, 2 * lines);
        assert_true(lines <= TOC_PIPE_LINES_MAX);
        sum += lines;
        pieces += lines > 0;
        toc_buf_done(&text);
    } while (lines > 0);
    assert_int_equal(sum, 30000);
    assert_int_equal(pieces, 3);
    pipes_close(&p);
}

// Asked to stop, what was read is given and then the end.
static void test_stop(void **state)
{
    (void)state;
    struct pipes p;
    size_t lines;
    pipes_open(&p, 0);
    assert_int_equal(write(p.stop[1], "x", 1), 1);
    struct toc_buf text = next_piece(&p, &lines);
    assert_int_equal(lines, 0);
    toc_buf_done(&text);
    close(p.data[1]);
    pipes_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_open),
            cmocka_unit_test(test_pipe),
            cmocka_unit_test(test_format),
            cmocka_unit_test(test_cut_by_time),
            cmocka_unit_test(test_cut_by_lines),
            cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
