#include "tests/support/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/mem.h"

static char dir[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX];

static int set_up(void **state)
{
    (void)state;
    struct toc_err err = {0};
    unit_temp_dir(dir);
    assert_ok(toc_path_join(path, dir, "out.txt", &err), err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_remove_dir(dir);
    return 0;
}

static void assert_content(const char *want)
{
    struct toc_buf buf = unit_read(path);
    assert_slice(toc_buf_slice(&buf), want);
    toc_buf_done(&buf);
}

static unsigned mode_of(const char *file)
{
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    return st.st_mode & 07777;
}

static size_t files_in_dir(void)
{
    size_t count = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    while (readdir(d) != NULL)
        count++;
    closedir(d);
    return count - 2; // . and ..
}

static void replaced_whole_or_not_at_all(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_replace *r = NULL;
    assert_ok(toc_file_replace(path, 0640, TOC_S("first"), &err), err);
    assert_content("first");
    assert_int_equal(mode_of(path), 0640);

    assert_ok(toc_replace_open(path, 0600, &r, &err), err);
    for (int i = 0; i < 100000; i++)
        toc_replace_put(r, TOC_S("second\n"));
    assert_content("first"); // readers see the old one until the commit
    toc_replace_drop(r);
    assert_content("first");
    assert_int_equal(files_in_dir(), 1);

    assert_ok(toc_replace_open(path, 0600, &r, &err), err);
    toc_replace_put(r, TOC_S("sec"));
    toc_replace_put(r, (struct toc_slice){NULL, 0});
    toc_replace_put(r, TOC_S("ond"));
    assert_ok(toc_replace_commit(r, &err), err);
    assert_content("second");
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(files_in_dir(), 1);
    toc_replace_drop(NULL);
}

static void mode_does_not_depend_on_the_umask(void **state)
{
    (void)state;
    struct toc_err err = {0};
    mode_t before = umask(0077);
    assert_ok(toc_file_replace(path, 0644, TOC_S("x"), &err), err);
    umask(0);
    assert_int_equal(mode_of(path), 0644);
    assert_ok(toc_file_replace(path, 0600, TOC_S("x"), &err), err);
    umask(before);
    assert_int_equal(mode_of(path), 0600);
}

// A disk that is full after so many bytes, as far as this process can tell: the error comes with a
// write in between (64 KiB), or with the flush at the end (10 bytes).
static void full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    static const rlim_t limits[] = {65536, 10};
    static const uint8_t block[100];
    struct toc_err err = {0};
    struct rlimit before;
    assert_ok(toc_file_replace(path, 0644, TOC_S("good"), &err), err);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    UNIT_EACH(const rlim_t, limit, limits)
    {
        struct toc_replace *r = NULL;
        struct rlimit full = {*limit, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
        assert_ok(toc_replace_open(path, 0644, &r, &err), err);
        for (rlim_t done = 0; done <= *limit; done += 100)
            toc_replace_put(r, toc_slice(block, sizeof block));
        toc_rc rc = toc_replace_commit(r, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_code(rc, TOC_E_IO, err);
        assert_shows(err.text, "out.txt: cannot write: File too large");
        assert_content("good");
        assert_int_equal(files_in_dir(), 1); // the half-written one is gone
    }
    signal(SIGXFSZ, SIG_DFL);
}

static void impossible_places(void **state)
{
    (void)state;
    struct toc_err err = {0};
    char place[TOC_PATH_BYTES_MAX];
    assert_ok(toc_path_join(place, dir, "no/such/folder/x", &err), err);
    assert_code(toc_file_replace(place, 0644, TOC_S("x"), &err), TOC_E_NOTFOUND, err);
    assert_code(toc_file_replace(dir, 0644, TOC_S("x"), &err), TOC_E_IO, err); // a folder
    assert_code(toc_file_create(place, 0644, TOC_S("x"), &err), TOC_E_NOTFOUND, err);
    assert_code(toc_file_replace("/dev/full/x", 0644, TOC_S("x"), &err), TOC_E_IO, err);
}

static void two_writers_do_not_mix(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_replace *one = NULL, *two = NULL;
    assert_ok(toc_replace_open(path, 0644, &one, &err), err);
    assert_code(toc_replace_open(path, 0644, &two, &err), TOC_E_BUSY, err);
    toc_replace_put(one, TOC_S("one"));
    assert_ok(toc_replace_commit(one, &err), err);
    assert_content("one");
    assert_ok(toc_file_replace(path, 0644, TOC_S("two"), &err), err);
    assert_content("two");
}

static void what_a_killed_writer_left_is_taken_over(void **state)
{
    (void)state;
    struct toc_err err = {0};
    assert_ok(toc_file_replace(path, 0644, TOC_S("old"), &err), err);
    pid_t child = fork();
    if (child == 0) {
        struct toc_replace *r = NULL;
        if (toc_failed(toc_replace_open(path, 0644, &r, &err)))
            _exit(1);
        for (int i = 0; i < 10000; i++)
            toc_replace_put(r, TOC_S("a long and useless line\n"));
        raise(SIGKILL);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(files_in_dir(), 2);
    assert_content("old");
    assert_ok(toc_file_replace(path, 0644, TOC_S("new"), &err), err);
    assert_content("new"); // nothing of the longer one behind it
    assert_int_equal(files_in_dir(), 1);
}

static void created_only_once(void **state)
{
    (void)state;
    struct toc_err err = {0};
    assert_ok(toc_file_create(path, 0600, TOC_S("secret"), &err), err);
    assert_int_equal(mode_of(path), 0600);
    assert_code(toc_file_create(path, 0600, TOC_S("other"), &err), TOC_E_EXISTS, err);
    assert_content("secret");
    assert_int_equal(files_in_dir(), 1);
    // A link that leads nowhere is something too: it is not followed.
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("elsewhere", path), 0);
    assert_code(toc_file_create(path, 0600, TOC_S("other"), &err), TOC_E_EXISTS, err);
    assert_int_equal(files_in_dir(), 1);
}

static void reading(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_buf buf;
    toc_buf_init(&buf, 8);
    assert_ok(toc_file_replace(path, 0644, TOC_S("12345678"), &err), err);
    assert_ok(toc_file_read(path, &buf, &err), err); // just fits
    assert_slice(toc_buf_slice(&buf), "12345678");
    toc_buf_truncate(&buf, 1);
    assert_code(toc_file_read(path, &buf, &err), TOC_E_LENGTH, err);
    assert_slice(toc_buf_slice(&buf), "1"); // as before
    assert_code(toc_file_read(dir, &buf, &err), TOC_E_IO, err);
    assert_code(toc_file_read("/nonexistent/x", &buf, &err), TOC_E_NOTFOUND, err);
    assert_ok(toc_file_replace(path, 0644, TOC_S(""), &err), err);
    assert_ok(toc_file_read(path, &buf, &err), err);
    assert_slice(toc_buf_slice(&buf), "1");
    toc_buf_done(&buf);
}

static void private_files(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_buf buf;
    toc_buf_init(&buf, 100);
    assert_ok(toc_file_create(path, 0600, TOC_S("secret"), &err), err);
    assert_ok(toc_file_check_private(path, &err), err);
    assert_ok(toc_file_read_private(path, &buf, &err), err);
    assert_slice(toc_buf_slice(&buf), "secret");
    for (unsigned bit = 001; bit <= 040; bit <<= 1) {
        assert_int_equal(chmod(path, 0600 | bit), 0);
        assert_code(toc_file_check_private(path, &err), TOC_E_AUTH, err);
        assert_code(toc_file_read_private(path, &buf, &err), TOC_E_AUTH, err);
    }
    assert_int_equal(buf.len, 6);
    assert_code(toc_file_check_private(dir, &err), TOC_E_AUTH, err);
    assert_code(toc_file_check_private("/nonexistent/x", &err), TOC_E_NOTFOUND, err);
    toc_buf_done(&buf);
}

static void secrets(void **state)
{
    (void)state;
    static const char text[] = "0123456789";
    struct toc_err err = {0};
    for (size_t len = 0; len < sizeof text; len++) {
        uint8_t out[8] = "before";
        assert_ok(toc_file_replace(path, 0600, toc_slice(text, len), &err), err);
        toc_rc rc = toc_file_read_secret(path, out, 7, &err);
        assert_code(rc, len == 7 ? TOC_E_OK : TOC_E_USAGE, err);
        assert_string_equal(out, len == 7 ? "0123456" : "before");
    }
    uint8_t out[7];
    assert_ok(toc_file_replace(path, 0640, TOC_S("0123456"), &err), err);
    assert_code(toc_file_read_secret(path, out, sizeof out, &err), TOC_E_AUTH, err);
}

static void folders(void **state)
{
    (void)state;
    struct toc_err err = {0};
    char deep[TOC_PATH_BYTES_MAX], below[TOC_PATH_BYTES_MAX];
    assert_ok(toc_path_join(deep, dir, "a/b//c/", &err), err);
    assert_ok(toc_dir_make(deep, 0700, &err), err);
    assert_ok(toc_dir_make(deep, 0700, &err), err);
    assert_int_equal(mode_of(deep), 0700);
    assert_ok(toc_file_create(path, 0644, TOC_S("x"), &err), err);
    assert_code(toc_dir_make(path, 0700, &err), TOC_E_EXISTS, err); // a file is in the way
    assert_ok(toc_path_join(below, path, "x", &err), err);
    assert_true(toc_failed(toc_dir_make(below, 0700, &err)));
    assert_true(toc_failed(toc_dir_make("", 0700, &err)));
}

static void joining(void **state)
{
    (void)state;
    static const struct row {
        const char *dir, *name, *want;
    } rows[] = {
            {"a", "b", "a/b"},
            {"a/", "b", "a/b"},
            {"/", "b", "/b"},
            {"", "b", "b"},
    };
    struct toc_err err = {0};
    char out[TOC_PATH_BYTES_MAX], big[TOC_PATH_BYTES_MAX];
    UNIT_EACH(const struct row, row, rows)
    {
        assert_ok(toc_path_join(out, row->dir, row->name, &err), err);
        assert_string_equal(out, row->want);
    }
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = '\0';
    assert_ok(toc_path_join(out, "", big, &err), err); // just fits
    assert_code(toc_path_join(out, "a", big, &err), TOC_E_LENGTH, err);
}

// ---- locks ----

// Another process that holds the lock until `release` is closed.
static pid_t holder(int release[2])
{
    int taken[2];
    char byte;
    assert_int_equal(pipe(taken), 0);
    assert_int_equal(pipe(release), 0);
    pid_t child = fork();
    if (child == 0) {
        struct toc_lock *lock = NULL;
        struct toc_err err = {0};
        close(release[1]);
        bool good = !toc_failed(toc_lock_take(path, &lock, &err)) && write(taken[1], "x", 1) == 1;
        _exit(good && read(release[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(taken[1]);
    close(release[0]);
    assert_int_equal(read(taken[0], &byte, 1), 1);
    close(taken[0]);
    return child;
}

static void lock_of_another_process(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_lock *lock = NULL;
    int release[2], status = 1;
    char pid[32];
    pid_t child = holder(release);
    assert_code(toc_lock_take(path, &lock, &err), TOC_E_BUSY, err);
    snprintf(pid, sizeof pid, "by process %d", (int)child);
    assert_shows(err.text, pid);
    close(release[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_ok(toc_lock_take(path, &lock, &err), err); // it ended without dropping it
    toc_lock_drop(lock);
}

static void lock_of_a_killed_process(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_lock *lock = NULL;
    int release[2];
    pid_t child = holder(release);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(release[1]);
    assert_ok(toc_lock_take(path, &lock, &err), err);
    toc_lock_drop(lock);
}

static void lock_within_a_process(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_lock *one = NULL, *two = NULL;
    char mine[32];
    assert_ok(toc_lock_take(path, &one, &err), err);
    assert_code(toc_lock_take(path, &two, &err), TOC_E_BUSY, err);
    assert_null(two);
    toc_lock_drop(one);
    assert_ok(toc_lock_take(path, &two, &err), err);
    snprintf(mine, sizeof mine, "%d\n", (int)getpid());
    assert_content(mine);
    toc_lock_drop(two);
    toc_lock_drop(NULL);
    assert_code(toc_lock_take("/nonexistent/x", &one, &err), TOC_E_NOTFOUND, err);
}

static void out_of_memory(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_buf buf;
    struct toc_lock *lock = NULL;
    toc_buf_init(&buf, 100);
    assert_ok(toc_file_create(path, 0600, TOC_S("old"), &err), err);
    toc_mem_fail_at(1);
    assert_code(toc_file_replace(path, 0600, TOC_S("new"), &err), TOC_E_MEMORY, err);
    toc_mem_fail_at(1);
    assert_code(toc_file_read(path, &buf, &err), TOC_E_MEMORY, err);
    toc_mem_fail_at(1);
    assert_code(toc_lock_take(path, &lock, &err), TOC_E_MEMORY, err);
    assert_content("old");
    toc_buf_done(&buf);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
            T(replaced_whole_or_not_at_all),
            T(mode_does_not_depend_on_the_umask),
            T(full_disk_leaves_the_old_file),
            T(impossible_places),
            T(two_writers_do_not_mix),
            T(what_a_killed_writer_left_is_taken_over),
            T(created_only_once),
            T(reading),
            T(private_files),
            T(secrets),
            T(folders),
            T(joining),
            T(lock_of_another_process),
            T(lock_of_a_killed_process),
            T(lock_within_a_process),
            T(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
