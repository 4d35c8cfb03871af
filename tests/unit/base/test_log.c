#include "tests/support/unit.h"

#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/time.h"

static FILE *captured;
static int saved_stderr;

static int set_up(void **state)
{
    (void)state;
    captured = tmpfile();
    assert_non_null(captured);
    saved_stderr = dup(STDERR_FILENO);
    assert_true(dup2(fileno(captured), STDERR_FILENO) >= 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    fclose(captured);
    toc_log_setup(TOC_LOG_INFO, false);
    return 0;
}

// What was logged so far; static memory.
static const char *logged(void)
{
    static char text[65536];
    rewind(captured);
    text[fread(text, 1, sizeof text - 1, captured)] = '\0';
    return text;
}

static void lines_of_text(void **state)
{
    (void)state;
    int64_t written;
    toc_log_setup(TOC_LOG_WARN, false);
    toc_log(TOC_LOG_WARN, "worker", "partition=%d lag=%d", 3, 70);
    toc_log(TOC_LOG_INFO, "worker", "is not shown");
    const char *line = logged();
    assert_string_equal(line + 24, " warn  worker: partition=3 lag=70\n");
    assert_true(toc_time_parse(toc_slice(line, 24), &written));
    assert_in_range(toc_now_ms(NULL) - written, 0, 10000);
}

static void foreign_text_cannot_forge_lines(void **state)
{
    (void)state;
    toc_log_setup(TOC_LOG_INFO, false);
    toc_log(TOC_LOG_INFO, "reader", "value=%s",
            "x\n2024-01-01T00:00:00.000Z error worker: fake\x1b[2J\xe2\x80\xae");
    const char *line = logged();
    assert_int_equal(strcspn(line, "\n"), strlen(line) - 1);
    assert_shows(line, "value=x 2024-01-01T00:00:00.000Z error worker: fake[2J\n");
}

static void lines_of_json(void **state)
{
    (void)state;
    struct toc_err err = {0};
    json_t *value = NULL;
    toc_log_setup(TOC_LOG_DEBUG, true);
    toc_log(TOC_LOG_DEBUG, "publish", "file=\"%s\"", "a\\b");
    struct toc_slice line = toc_slice_of(logged());
    assert_true(toc_slice_ends(line, TOC_S("}\n")));
    assert_ok(toc_json_parse(line, &value, &err), err);
    assert_slice(toc_json_text(value, "level"), "debug");
    assert_slice(toc_json_text(value, "subject"), "publish");
    assert_slice(toc_json_text(value, "message"), "file=\"a\\b\"");
    assert_int_equal(toc_json_text(value, "time").len, 24);
    json_decref(value);
}

static void long_messages_are_cut(void **state)
{
    (void)state;
    char big[5000];
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = '\0';
    toc_log_setup(TOC_LOG_INFO, true);
    toc_log(TOC_LOG_INFO, "s", "%s", big);
    assert_in_range(strlen(logged()), 2000, 2200);
    assert_shows(logged(), "xxx");
}

static void the_rate_is_limited(void **state)
{
    (void)state;
    struct toc_log_rate rate = {0};
    for (int i = 0; i < 100; i++)
        toc_log_rated(&rate, TOC_LOG_WARN, "worker", "round %d", i);
    toc_log_rated(&rate, TOC_LOG_DEBUG, "worker", "not of this level");
    assert_shows(logged(), "worker: round 0\n");
    assert_null(strstr(logged(), "round 1"));
    assert_int_equal(rate.held, 99);
    rate.last_ms -= 11000; // the period is over
    toc_log_rated(&rate, TOC_LOG_WARN, "worker", "again");
    assert_shows(logged(), "worker: again (99 more like it held back)\n");
    assert_int_equal(rate.held, 0);
}

static void *log_a_lot(void *ctx)
{
    for (int i = 0; i < 100; i++)
        toc_log(TOC_LOG_INFO, "thread", "%s", (const char *)ctx);
    return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
    (void)state;
    static char texts[4][64];
    pthread_t threads[4];
    toc_log_setup(TOC_LOG_INFO, false);
    for (size_t i = 0; i < 4; i++) {
        memset(texts[i], 'a' + (int)i, sizeof texts[i] - 1);
        assert_int_equal(pthread_create(&threads[i], NULL, log_a_lot, texts[i]), 0);
    }
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    size_t lines = 0;
    for (const char *line = logged(); *line != '\0'; line += strcspn(line, "\n") + 1, lines++) {
        assert_int_equal(strcspn(line, "\n"), 24 + 7 + 8 + 63);
        assert_int_equal(strspn(line + 24 + 7 + 8, (char[]){line[24 + 7 + 8], '\0'}), 63);
    }
    assert_int_equal(lines, 400);
}

static void level_names(void **state)
{
    (void)state;
    static const struct row {
        const char *name;
        enum toc_log_level level;
    } rows[] = {{"error", TOC_LOG_ERROR}, {"warn", TOC_LOG_WARN}, {"info", TOC_LOG_INFO},
            {"debug", TOC_LOG_DEBUG}};
    enum toc_log_level level;
    UNIT_EACH(const struct row, row, rows)
    {
        assert_true(toc_log_level_parse(row->name, &level));
        assert_int_equal(level, row->level);
    }
    assert_false(toc_log_level_parse("warning", &level));
    assert_false(toc_log_level_parse("", &level));
    assert_int_equal(level, TOC_LOG_DEBUG); // untouched
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
            T(lines_of_text),
            T(foreign_text_cannot_forge_lines),
            T(lines_of_json),
            T(long_messages_are_cut),
            T(the_rate_is_limited),
            T(lines_of_threads_do_not_mix),
            cmocka_unit_test(level_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
