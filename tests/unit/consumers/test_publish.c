// Writing the file: a reader never sees a half-written one, a full disk leaves the last good one.
#include "tests/support/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "consumers/sink/admit.h"
#include "consumers/sink/sink.h"

#define VERSIONS 300

static struct toc_sink_picture picture = {.audience = "green", .marking = TOC_MARKING_GREEN};

struct numbers { // yields `count` lines that all say `version`
    size_t version, count;
    char text[64];
};

static bool next_number(void *ctx, struct toc_slice *out)
{
    struct numbers *n = ctx;
    if (n->count == 0)
        return false;
    n->count--;
    snprintf(n->text, sizeof n->text, "%zu.example.com", n->version);
    *out = toc_slice_of(n->text);
    return true;
}

static toc_rc publish(const struct toc_sink *sink, const char *path, size_t version, size_t count,
        struct toc_err *err)
{
    struct numbers numbers = {.version = version, .count = count};
    struct toc_sink_page page = {
            .picture = &picture, .written_ms = 1767225600000, .entries = count};
    return toc_sink_publish(sink, path, 0640, &page, next_number, &numbers, err);
}

// ---- a concurrent reader ----

struct reader {
    const char *path;
    atomic_bool stop;
    size_t reads, versions;
    bool torn;
};

// Every value line of the file is the same and there are as many as the header says.
static bool is_whole(struct toc_slice file, struct toc_slice *first)
{
    size_t stated = 0, lines = 0;
    *first = (struct toc_slice){0};
    for (size_t pos = 0; pos < file.len;) {
        struct toc_slice line = toc_slice_sub(file, pos, SIZE_MAX);
        line.len = toc_slice_find(line, '\n');
        pos += line.len + 1;
        if (pos > file.len)
            return false; // the last line has no end
        if (line.len != 0 && line.ptr[0] == '#') {
            static const char before[] = "# block list, one value a line; ";
            for (size_t i = strlen(before); toc_slice_starts(line, toc_slice_of(before)) &&
                                            i < line.len && line.ptr[i] != ' ';
                    i++)
                stated = stated * 10 + line.ptr[i] - '0';
            continue;
        }
        if (lines++ == 0)
            *first = line;
        if (!toc_slice_eq(line, *first))
            return false;
    }
    return lines == stated;
}

static void *read_on(void *arg)
{
    struct reader *reader = arg;
    struct toc_buf now, before;
    toc_buf_init(&now, 1 << 24);
    toc_buf_init(&before, 1 << 10);
    while (!atomic_load(&reader->stop)) {
        struct toc_err err;
        struct toc_slice first;
        toc_buf_clear(&now);
        bool whole = !toc_failed(toc_file_read(reader->path, &now, &err)) &&
                     is_whole(toc_buf_slice(&now), &first);
        reader->torn = reader->torn || !whole;
        reader->reads++;
        if (whole && !toc_slice_eq(first, toc_buf_slice(&before))) {
            reader->versions++;
            toc_buf_clear(&before);
            toc_buf_put_slice(&before, first);
        }
    }
    toc_buf_done(&now);
    toc_buf_done(&before);
    return NULL;
}

static void test_a_reader_sees_whole_files_only(void **state)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_err err = {0};
    pthread_t thread;
    assert_ok(toc_path_join(path, *state, "list.txt", &err), err);
    assert_ok(publish(&toc_sink_list, path, 0, 2000, &err), err);
    struct reader reader = {.path = path};
    assert_int_equal(pthread_create(&thread, NULL, read_on, &reader), 0);
    for (size_t version = 1; version <= VERSIONS; version++)
        assert_ok(publish(&toc_sink_list, path, version, version * 977 % 3000, &err), err);
    atomic_store(&reader.stop, true);
    pthread_join(thread, NULL);
    assert_false(reader.torn);
    assert_true(reader.reads > 10);
    assert_true(reader.versions > 1);
}

// ---- a full disk ----

static void test_a_full_disk_leaves_the_last_good_file(void **state)
{
    char path[TOC_PATH_BYTES_MAX], left[TOC_PATH_BYTES_MAX];
    struct toc_err err = {0};
    assert_ok(toc_path_join(path, *state, "full.txt", &err), err);
    assert_ok(toc_path_join(left, *state, ".full.txt.new", &err), err);
    assert_ok(publish(&toc_sink_list, path, 1, 10, &err), err);
    struct toc_buf before = unit_read(path);

    struct rlimit limit, old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = (struct rlimit){.rlim_cur = 8192, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    toc_rc rc = publish(&toc_sink_list, path, 2, 100000, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);

    assert_code(rc, TOC_E_IO, err);
    assert_shows(err.text, "full.txt");
    struct toc_buf after = unit_read(path);
    assert_slices_equal(toc_buf_slice(&after), toc_buf_slice(&before));
    assert_int_equal(access(left, F_OK), -1);
    assert_ok(publish(&toc_sink_list, path, 3, 1, &err), err); // room again
    toc_buf_done(&before);
    toc_buf_done(&after);
}

// A folder that is not there, or may not be written, is an error that names the file.
static void test_no_folder(void **state)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_err err = {0};
    assert_ok(toc_path_join(path, *state, "none/list.txt", &err), err);
    assert_code(publish(&toc_sink_list, path, 1, 1, &err), TOC_E_NOTFOUND, err);
    assert_shows(err.text, "none/");
}

// ---- header and previous file ----

static bool nothing(void *ctx, struct toc_slice *out)
{
    (void)ctx;
    (void)out;
    return false;
}

static void publish_rpz(
        const char *path, int64_t now_ms, const struct toc_guard *allowed, size_t count)
{
    struct toc_err err = {0};
    struct toc_sink_page page = {
            .picture = &picture, .written_ms = now_ms, .allowed = allowed, .allowed_count = count};
    assert_ok(toc_sink_publish(&toc_sink_rpz, path, 0640, &page, nothing, NULL, &err), err);
}

static void assert_file_shows(const char *path, const char *part)
{
    struct toc_buf file = unit_read(path);
    assert_shows(toc_buf_cstr(&file), part);
    toc_buf_done(&file);
}

static void test_rpz_serial_grows_over_the_file_that_is_there(void **state)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_err err = {0};
    assert_ok(toc_path_join(path, *state, "rpz.zone", &err), err);
    publish_rpz(path, INT64_C(1767225600000), NULL, 0);
    assert_file_shows(path, "root.localhost. 1767225600 ");
    publish_rpz(path, INT64_C(1767225600500), NULL, 0);
    assert_file_shows(path, "root.localhost. 1767225601 ");
    publish_rpz(path, INT64_C(1000), NULL, 0); // the clock is lost
    assert_file_shows(path, "root.localhost. 1767225602 ");
}

static void test_rpz_lets_the_allowed_pass(void **state)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_err err = {0};
    assert_ok(toc_path_join(path, *state, "allowed.zone", &err), err);
    struct toc_guard allowed[] = {
            toc_guard_of(TOC_KIND_DOMAIN, TOC_S("portal.example.com")),
            toc_guard_of(TOC_KIND_URL, TOC_S("https://files.example.net/x")),
            toc_guard_of(TOC_KIND_CIDR, TOC_S("185.220.101.0/24")),
            toc_guard_of(TOC_KIND_ENDPOINT, TOC_S("185.221.1.1:443")),
            toc_guard_of(TOC_KIND_MD5, TOC_S("d41d8cd98f00b204e9800998ecf8427e")),
    };
    publish_rpz(path, INT64_C(1767225600000), allowed, 5);
    assert_file_shows(path, "\n@ IN NS localhost.\n"
                            "portal.example.com CNAME rpz-passthru.\n"
                            "*.portal.example.com CNAME rpz-passthru.\n"
                            "files.example.net CNAME rpz-passthru.\n"
                            "*.files.example.net CNAME rpz-passthru.\n"
                            "24.0.101.220.185.rpz-ip CNAME rpz-passthru.\n"
                            "32.1.1.221.185.rpz-ip CNAME rpz-passthru.\n");
}

static int make_dir(void **state)
{
    static char dir[TOC_PATH_BYTES_MAX];
    unit_temp_dir(dir);
    *state = dir;
    return 0;
}

static int remove_dir(void **state)
{
    unit_remove_dir(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_reader_sees_whole_files_only),
            cmocka_unit_test(test_a_full_disk_leaves_the_last_good_file),
            cmocka_unit_test(test_no_folder),
            cmocka_unit_test(test_rpz_serial_grows_over_the_file_that_is_there),
            cmocka_unit_test(test_rpz_lets_the_allowed_pass),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
