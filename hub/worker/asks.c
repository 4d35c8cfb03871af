#include "hub/worker/asks.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#define QUESTION_BYTES_MAX 8192
#define ANSWER_BYTES_MAX ((size_t)64 << 20)
#define CLIENT_TIMEOUT_MS 5000
#define WORKER_TIMEOUT_MS 10000

struct toc_asks {
    struct toc_asks_conf conf;
    int listener, stop;
    pthread_t thread;
};

static int read_line(int fd, char *line, size_t size)
{
    size_t len = 0;
    while (len < size) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, CLIENT_TIMEOUT_MS) <= 0)
            return -1;
        ssize_t n = read(fd, line + len, size - len);
        if (n <= 0)
            return -1;
        for (size_t i = len; i < len + (size_t)n; i++)
            if (line[i] == '\n')
                return (int)i;
        len += (size_t)n;
    }
    return -1;
}

static void write_all(int fd, struct toc_slice s)
{
    while (s.len > 0) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        if (poll(&p, 1, CLIENT_TIMEOUT_MS) <= 0)
            return;
        ssize_t n = send(fd, s.ptr, s.len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        s = toc_slice_sub(s, (size_t)n, s.len);
    }
}

// All workers' arrays joined: [[a],[b,c]] is flattened by leaving out brackets.
static toc_rc ask_all(struct toc_asks *asks, struct toc_slice question, struct toc_buf *answer, struct toc_err *err)
{
    struct toc_buf one;
    toc_buf_init(&one, ANSWER_BYTES_MAX);
    toc_buf_put_byte(answer, '[');
    toc_rc rc = TOC_OK;
    bool first = true;
    for (size_t i = 0; i < asks->conf.worker_count && !toc_failed(rc); i++) {
        toc_buf_clear(&one);
        rc = toc_worker_ask(asks->conf.workers[i], -1, question, WORKER_TIMEOUT_MS, &one, err);
        if (toc_failed(rc) || one.len <= 2)
            continue;
        if (!first)
            toc_buf_put_byte(answer, ',');
        first = false;
        toc_buf_put(answer, one.ptr + 1, one.len - 2);
    }
    toc_buf_put_byte(answer, ']');
    toc_buf_done(&one);
    return rc;
}

static toc_rc ask_owner(struct toc_asks *asks, int32_t partition, struct toc_slice question, struct toc_buf *answer,
        struct toc_err *err)
{
    for (size_t i = 0; i < asks->conf.worker_count; i++) {
        toc_buf_clear(answer);
        toc_rc rc = toc_worker_ask(asks->conf.workers[i], partition, question, WORKER_TIMEOUT_MS, answer, err);
        if (rc.code != TOC_E_NOTFOUND)
            return rc;
    }
    toc_buf_clear(answer);
    toc_buf_printf(answer, "{\"elsewhere\":%d}", (int)partition);
    return TOC_OK;
}

static toc_rc answer_it(struct toc_asks *asks, struct toc_slice question, struct toc_buf *answer, struct toc_err *err)
{
    int32_t partition;
    TOC_TRY(asks->conf.route(asks->conf.ctx, question, &partition, err));
    return partition < 0 ? ask_all(asks, question, answer, err) : ask_owner(asks, partition, question, answer, err);
}

static void serve(struct toc_asks *asks, int fd)
{
    char line[QUESTION_BYTES_MAX];
    int len = read_line(fd, line, sizeof line);
    if (len < 0)
        return;
    struct toc_buf answer;
    struct toc_err err;
    toc_buf_init(&answer, ANSWER_BYTES_MAX);
    if (toc_failed(answer_it(asks, toc_slice(line, (size_t)len), &answer, &err)) || answer.failed) {
        struct toc_jw w;
        toc_buf_clear(&answer);
        toc_jw_init(&w, &answer);
        toc_jw_open(&w, '{');
        toc_jw_key(&w, "error");
        toc_jw_text(&w, answer.failed ? TOC_S("the answer is too long") : toc_slice_of(err.text));
        toc_jw_close(&w, '}');
    }
    toc_buf_put_byte(&answer, '\n');
    write_all(fd, toc_buf_slice(&answer));
    toc_buf_done(&answer);
}

static void *thread_main(void *ctx)
{
    struct toc_asks *asks = ctx;
    while (true) {
        struct pollfd fds[] = {{.fd = asks->listener, .events = POLLIN}, {.fd = asks->stop, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        if (fds[1].revents != 0)
            break;
        if (fds[0].revents == 0)
            continue;
        int fd = accept4(asks->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        serve(asks, fd);
        close(fd);
    }
    return NULL;
}

static toc_rc listen_on(const char *path, int *out, struct toc_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    TOC_ENSURE(strlen(path) < sizeof address.sun_path, err, TOC_E_USAGE, "socket path of %zu bytes, at most %zu",
            strlen(path), sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    TOC_ENSURE(fd >= 0, err, TOC_E_IO, "socket: %s", strerror(errno));
    unlink(path);
    mode_t before = umask(0177);
    int rc = bind(fd, (const struct sockaddr *)&address, sizeof address);
    umask(before);
    if (rc != 0 || listen(fd, 16) != 0) {
        int why = errno;
        close(fd);
        return toc_fail(err, TOC_E_IO, "socket %s: %s", path, strerror(why));
    }
    *out = fd;
    return TOC_OK;
}

toc_rc toc_asks_open(const struct toc_asks_conf *conf, struct toc_asks **out, struct toc_err *err)
{
    struct toc_asks *asks = toc_mem_alloc(1, sizeof *asks);
    TOC_ENSURE(asks != NULL, err, TOC_E_MEMORY, "out of memory for the socket");
    asks->conf = *conf;
    toc_rc rc = listen_on(conf->path, &asks->listener, err);
    if (toc_failed(rc)) {
        toc_mem_free(asks);
        return rc;
    }
    asks->stop = eventfd(0, EFD_CLOEXEC);
    if (asks->stop < 0 || pthread_create(&asks->thread, NULL, thread_main, asks) != 0) {
        if (asks->stop >= 0)
            close(asks->stop);
        close(asks->listener);
        unlink(conf->path);
        toc_mem_free(asks);
        return toc_fail(err, TOC_E_IO, "no thread for the socket");
    }
    *out = asks;
    return TOC_OK;
}

void toc_asks_close(struct toc_asks *asks)
{
    if (asks == NULL)
        return;
    const uint64_t one = 1;
    if (write(asks->stop, &one, sizeof one) != sizeof one)
        toc_log(TOC_LOG_WARN, "asks", "the socket's thread cannot be woken");
    pthread_join(asks->thread, NULL);
    close(asks->stop);
    close(asks->listener);
    unlink(asks->conf.path);
    toc_mem_free(asks);
}
