// The socket for questions where it cannot be had: nothing of it is left.
#include "tests/support/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hub/worker/asks.h"

static char dir[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX];

static int set_up(void **state)
{
    struct toc_err err = {0};
    (void)state;
    unit_temp_dir(dir);
    assert_ok(toc_path_join(path, dir, "socket", &err), err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_remove_dir(dir);
    return 0;
}

static toc_rc ask_all(void *ctx, struct toc_slice question, int32_t *out, struct toc_err *err)
{
    (void)ctx;
    (void)question;
    (void)err;
    *out = -1;
    return TOC_OK;
}

static toc_rc open_at(const char *where, struct toc_asks **out, struct toc_err *err)
{
    const struct toc_asks_conf conf = {.path = where, .route = ask_all};
    return toc_asks_open(&conf, out, err);
}

#define FDS_MAX 256

static int first_free_fd(void)
{
    int fd = 0;
    while (fcntl(fd, F_GETFD) >= 0)
        fd++;
    return fd;
}

static int open_fds(void)
{
    int count = 0;
    for (int fd = 0; fd < FDS_MAX; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void fails_and_leaves_no_file(void)
{
    struct toc_asks *asks = NULL;
    struct toc_err err = {0};
    assert_code(open_at(path, &asks, &err), TOC_E_IO, err);
    assert_null(asks);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void without_a_file_descriptor(void **state)
{
    (void)state;
    int fds = open_fds();
    struct rlimit before, one_more;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    one_more = before;
    one_more.rlim_cur = (rlim_t)first_free_fd() + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &one_more), 0);
    fails_and_leaves_no_file();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(open_fds(), fds);
}

static void without_a_thread(void **state)
{
    (void)state;
    int fds = open_fds();
    pthread_attr_t before, huge;
    assert_int_equal(pthread_getattr_default_np(&before), 0);
    assert_int_equal(pthread_getattr_default_np(&huge), 0);
    // More than there is room for.
    assert_int_equal(pthread_attr_setstacksize(&huge, (size_t)1 << 47), 0);
    assert_int_equal(pthread_setattr_default_np(&huge), 0);
    fails_and_leaves_no_file();
    assert_int_equal(pthread_setattr_default_np(&before), 0);
    assert_int_equal(open_fds(), fds);
    pthread_attr_destroy(&before);
    pthread_attr_destroy(&huge);
}

static void with_both(void **state)
{
    (void)state;
    struct toc_asks *asks = NULL;
    struct toc_err err = {0};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char answer[16] = "";
    assert_ok(open_at(path, &asks, &err), err);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(fd, "{}\n", 3), 3);
    assert_int_equal(recv(fd, answer, 3, MSG_WAITALL), 3);
    assert_string_equal(answer, "[]\n"); // no worker, no partition
    close(fd);
    toc_asks_close(asks);
    assert_int_not_equal(access(path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(without_a_file_descriptor),
            cmocka_unit_test(without_a_thread),
            cmocka_unit_test(with_both),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
