// The allow file: what a person or the program writes is what holds, as long as it says.
#include "tests/support/unit.h"

#include "consumers/runner/allow.h"
#include "lib/base/time.h"

#define T0 INT64_C(1767225600000)

struct bench {
    char dir[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX];
};

static int setup(void **state)
{
    static struct bench bench;
    struct toc_err err = {0};
    unit_temp_dir(bench.dir);
    assert_ok(toc_path_join(bench.path, bench.dir, "allow", &err), err);
    *state = &bench;
    return 0;
}

static int teardown(void **state)
{
    unit_remove_dir(((struct bench *)*state)->dir);
    return 0;
}

static void write_file(struct bench *b, const char *text)
{
    struct toc_err err = {0};
    assert_ok(toc_file_replace(b->path, 0600, toc_slice_of(text), &err), err);
}

static struct toc_allow load(struct bench *b, int64_t now_ms)
{
    struct toc_allow allow;
    struct toc_err err = {0};
    assert_ok(toc_allow_load(b->path, now_ms, &allow, &err), err);
    return allow;
}

static toc_rc add(struct bench *b, const char *value, int64_t for_ms, const char *why,
        int64_t now_ms, struct toc_err *err)
{
    return toc_allow_add(b->path, toc_slice_of(value), for_ms, toc_slice_of(why), now_ms, err);
}

static void test_no_file_is_an_empty_one(void **state)
{
    struct toc_allow allow = load(*state, T0);
    assert_int_equal(allow.count, 0);
    assert_true(allow.next_end_ms == INT64_MAX);
    toc_allow_done(&allow);
}

static void test_added_holds_until_its_end(void **state)
{
    struct bench *b = *state;
    struct toc_err err = {0};
    assert_ok(
            add(b, "hxxps://Portal[.]Example.COM/login", TOC_MS_DAY, "ticket 4711", T0, &err), err);
    assert_ok(add(b, "185.220.101.7", TOC_MS_HOUR, "lab's cloud", T0, &err), err);
    struct toc_allow allow = load(b, T0 + TOC_MS_HOUR - 1);
    assert_int_equal(allow.in_force, 2);
    assert_true(allow.next_end_ms == T0 + TOC_MS_HOUR);
    assert_slice(allow.rows[0].guard.value, "https://portal.example.com/login");
    assert_slice(allow.guards[0].name, "portal.example.com");
    assert_slice(allow.rows[0].why, "ticket 4711");
    assert_true(allow.rows[0].since_ms == T0 && allow.rows[0].until_ms == T0 + TOC_MS_DAY);
    toc_allow_done(&allow);

    allow = load(b, T0 + TOC_MS_HOUR);
    assert_int_equal(allow.in_force, 1);
    assert_int_equal(allow.count, 2); // still shown, as ended
    assert_true(allow.next_end_ms == T0 + TOC_MS_DAY);
    assert_slice(allow.rows[0].guard.value, "https://portal.example.com/login");
    toc_allow_done(&allow);
}

static void test_adding_again_replaces(void **state)
{
    struct bench *b = *state;
    struct toc_err err = {0};
    assert_ok(add(b, "portal.example.com", TOC_MS_DAY, "one", T0, &err), err);
    assert_ok(add(b, "gone.example.com", TOC_MS_HOUR, "short", T0, &err), err);
    assert_ok(add(b, "PORTAL.example.com.", 2 * TOC_MS_DAY, "two", T0 + TOC_MS_HOUR, &err), err);
    struct toc_allow allow = load(b, T0 + TOC_MS_HOUR);
    assert_int_equal(allow.count, 1); // and what has ended is gone from the file
    assert_slice(allow.rows[0].why, "two");
    toc_allow_done(&allow);
}

static void test_removing(void **state)
{
    struct bench *b = *state;
    struct toc_err err = {0};
    assert_code(
            toc_allow_remove(b->path, TOC_S("portal.example.com"), T0, &err), TOC_E_NOTFOUND, err);
    assert_ok(add(b, "portal.example.com", TOC_MS_DAY, "one", T0, &err), err);
    assert_ok(add(b, "other.example.com", TOC_MS_DAY, "two", T0, &err), err);
    assert_ok(toc_allow_remove(b->path, TOC_S("portal[.]example[.]com"), T0, &err), err);
    struct toc_allow allow = load(b, T0);
    assert_int_equal(allow.count, 1);
    assert_slice(allow.rows[0].guard.value, "other.example.com");
    toc_allow_done(&allow);
    assert_code(
            toc_allow_remove(b->path, TOC_S("portal.example.com"), T0, &err), TOC_E_NOTFOUND, err);
}

// People's own lines: no end, comments, mistakes. One bad line never takes the others' effect away.
static void test_written_by_hand(void **state)
{
    struct bench *b = *state;
    struct toc_err err = {0};
    write_file(b, "# ours\n"
                  "portal.example.com\n"
                  "\n"
                  "not a value\t\t\tx\n"
                  "185.220.101.0/24\t2026-02-01\t\tlab\r\n"
                  "a.example.com\tsoon\t\tx\n"
                  "d41d8cd98f00b204e9800998ecf8427e");
    struct toc_allow allow = load(b, T0);
    assert_int_equal(allow.in_force, 3);
    assert_int_equal(allow.bad_line, 4);
    assert_slice(allow.guards[1].value, "185.220.101.0/24");
    assert_true(allow.rows[1].until_ms == T0 + 31 * TOC_MS_DAY);
    assert_int_equal(allow.guards[2].kind, TOC_KIND_MD5);
    toc_allow_done(&allow);

    assert_ok(add(b, "new.example.com", TOC_MS_DAY, "y", T0 + 40 * TOC_MS_DAY, &err), err);
    struct toc_buf file = unit_read(b->path);
    assert_shows(toc_buf_cstr(&file), "# ours\nportal.example.com\n\nnot a value\t\t\tx\n"
                                      "a.example.com\tsoon\t\tx\n"
                                      "d41d8cd98f00b204e9800998ecf8427e\n"
                                      "new.example.com\t");
    toc_buf_done(&file);
}

static void test_refusals(void **state)
{
    struct bench *b = *state;
    struct toc_err err = {0};
    assert_code(add(b, "not a value", TOC_MS_DAY, "x", T0, &err), TOC_E_USAGE, err);
    assert_code(add(b, "intranet.local", TOC_MS_DAY, "x", T0, &err), TOC_E_USAGE, err);
    assert_code(add(b, "a.example.com", TOC_MS_DAY, " ", T0, &err), TOC_E_USAGE, err);
    assert_code(
            add(b, "a.example.com", TOC_MS_DAY, "a\nb.example.com", T0, &err), TOC_E_USAGE, err);
    assert_code(add(b, "a.example.com", TOC_MS_DAY, "a\tb", T0, &err), TOC_E_USAGE, err);
    assert_code(add(b, "a.example.com", 0, "x", T0, &err), TOC_E_USAGE, err);
    assert_code(add(b, "a.example.com", TOC_ALLOW_FOR_MAX + 1, "x", T0, &err), TOC_E_USAGE, err);
    struct toc_allow allow = load(b, T0);
    assert_int_equal(allow.count, 0);
    toc_allow_done(&allow);
}

static void test_two_editors(void **state)
{
    struct bench *b = *state;
    struct toc_lock *lock = NULL;
    struct toc_err err = {0};
    char path[TOC_PATH_BYTES_MAX];
    assert_ok(toc_path_join(path, b->dir, "allow.lock", &err), err);
    assert_ok(toc_lock_take(path, &lock, &err), err);
    assert_code(add(b, "a.example.com", TOC_MS_DAY, "x", T0, &err), TOC_E_BUSY, err);
    toc_lock_drop(lock);
    assert_ok(add(b, "a.example.com", TOC_MS_DAY, "x", T0, &err), err);
}

static void test_too_many_rows(void **state)
{
    struct bench *b = *state;
    struct toc_err err = {0};
    struct toc_allow allow;
    struct toc_buf text;
    toc_buf_init(&text, TOC_ALLOW_BYTES_MAX);
    for (unsigned i = 0; i < TOC_ALLOW_ROWS_MAX; i++)
        toc_buf_printf(&text, "a%u.example.com\n", i);
    write_file(b, toc_buf_cstr(&text));
    allow = load(b, T0);
    assert_int_equal(allow.in_force, TOC_ALLOW_ROWS_MAX);
    toc_allow_done(&allow);
    toc_buf_put_text(&text, "b.example.com\n");
    write_file(b, toc_buf_cstr(&text));
    assert_code(toc_allow_load(b->path, T0, &allow, &err), TOC_E_LIMIT, err);
    toc_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_no_file_is_an_empty_one, setup, teardown),
            cmocka_unit_test_setup_teardown(test_added_holds_until_its_end, setup, teardown),
            cmocka_unit_test_setup_teardown(test_adding_again_replaces, setup, teardown),
            cmocka_unit_test_setup_teardown(test_removing, setup, teardown),
            cmocka_unit_test_setup_teardown(test_written_by_hand, setup, teardown),
            cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
            cmocka_unit_test_setup_teardown(test_two_editors, setup, teardown),
            cmocka_unit_test_setup_teardown(test_too_many_rows, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
