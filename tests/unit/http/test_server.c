// Spoken to over plain sockets, so that what no HTTP client would send can be sent.
#include "tests/support/unit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/http/server.h"

static struct toc_http *http;
static char answer[65536];

static void hello(void *ctx, struct toc_http_reply *reply)
{
    toc_buf_put_text(&reply->body, ctx);
}

static void not_ready(void *ctx, struct toc_http_reply *reply)
{
    (void)ctx;
    reply->status = 503;
    reply->content_type = "application/json";
    toc_buf_put_text(&reply->body, "{}");
}

static void nothing(void *ctx, struct toc_http_reply *reply)
{
    (void)ctx;
    (void)reply;
}

static void too_much(void *ctx, struct toc_http_reply *reply)
{
    (void)ctx;
    while (!reply->body.failed)
        toc_buf_put_text(&reply->body, "0123456789abcdef");
}

static char greeting[] = "hello\n";
static const struct toc_http_route routes[] = {
        {"/", hello, greeting},
        {"/readyz", not_ready, NULL},
        {"/empty", nothing, NULL},
        {"/much", too_much, NULL},
        {0},
};

static int start(void **state)
{
    (void)state;
    struct toc_err err = {0};
    const struct toc_http_options options = {
            .address = "127.0.0.1", .idle_s = 1, .life_s = 2, .routes = routes};
    assert_ok(toc_http_open(&options, &http, &err), err);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    toc_http_close(http);
    toc_http_close(NULL);
    return 0;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void say(int fd, struct toc_slice text)
{
    // The server may have closed already: then there is nobody to hear it, and the answer tells why.
    ssize_t sent = send(fd, text.ptr, text.len, MSG_NOSIGNAL);
    (void)sent;
}

// All that comes until the other side closes; at most 5 s a piece.
static const char *hear(int fd)
{
    size_t len = 0;
    for (;;) {
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&waiting, 1, 5000), 1);
        ssize_t n = recv(fd, answer + len, sizeof answer - 1 - len, 0);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    answer[len] = '\0';
    close(fd);
    return answer;
}

static const char *ask(const char *request)
{
    int fd = connect_to(toc_http_port(http));
    say(fd, toc_slice_of(request));
    return hear(fd);
}

#define CLOSE "Host: localhost\r\nConnection: close\r\n\r\n"

static void answers(void **state)
{
    (void)state;
    static const struct row {
        const char *request, *status, *shows, *body;
    } rows[] = {
            {"GET / HTTP/1.1\r\n" CLOSE, "200 ", "Content-Type: text/plain; charset=utf-8",
                    "hello\n"},
            {"GET /?a=b HTTP/1.1\r\n" CLOSE, "200 ", "Content-Length: 6", "hello\n"},
            {"GET / HTTP/1.0\r\n\r\n", "200 ", "Cache-Control: no-store", "hello\n"},
            {"HEAD / HTTP/1.1\r\n" CLOSE, "200 ", "Content-Length: 6", ""},
            {"GET /readyz HTTP/1.1\r\n" CLOSE, "503 ", "Content-Type: application/json", "{}"},
            {"GET /empty HTTP/1.1\r\n" CLOSE, "200 ", "Content-Length: 0", ""},
            {"GET /much HTTP/1.1\r\n" CLOSE, "500 ", "", "the answer does not fit\n"},
            {"GET /nothing HTTP/1.1\r\n" CLOSE, "404 ", "", "not found\n"},
            {"GET /readyz/ HTTP/1.1\r\n" CLOSE, "404 ", "", "not found\n"},
            {"GET /../ HTTP/1.1\r\n" CLOSE, "404 ", "", "not found\n"},
            {"POST / HTTP/1.1\r\nContent-Length: 2\r\n" CLOSE "ab", "405 ", "Allow: GET, HEAD",
                    "only GET and HEAD\n"},
            {"PUT / HTTP/1.1\r\nContent-Length: 0\r\n" CLOSE, "405 ", "Allow: GET, HEAD",
                    "only GET and HEAD\n"},
            {"DELETE / HTTP/1.1\r\n" CLOSE, "405 ", "", "only GET and HEAD\n"},
            {"TRACE / HTTP/1.1\r\n" CLOSE, "405 ", "", "only GET and HEAD\n"},
            {"get / HTTP/1.1\r\n" CLOSE, "405 ", "", "only GET and HEAD\n"},
            {"GET / HTTP/1.1\r\nContent-Length: 3\r\n" CLOSE "abc", "200 ", "", "hello\n"},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        const char *got = ask(row->request);
        if (strncmp(got + 9, row->status, 4) != 0)
            fail_msg("%s answered by %s", row->request, got);
        assert_shows(got, row->shows);
        const char *body = strstr(got, "\r\n\r\n");
        assert_non_null(body);
        assert_string_equal(body + 4, row->body);
    }
}

static void two_requests_on_one_connection(void **state)
{
    (void)state;
    const char *got = ask("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\n" CLOSE);
    assert_shows(got, "200 OK");
    assert_shows(got, "503 ");
}

static void assert_alive(void)
{
    assert_shows(ask("GET / HTTP/1.1\r\n" CLOSE), "hello\n");
}

static void large_heads_are_refused(void **state)
{
    (void)state;
    struct toc_buf head;
    toc_buf_init(&head, 1 << 20);
    toc_buf_put_text(&head, "GET / HTTP/1.1\r\nHost: x\r\nX-Large: ");
    for (int i = 0; i < 20000; i++)
        toc_buf_put_byte(&head, 'x');
    toc_buf_put_text(&head, "\r\n\r\n");
    int fd = connect_to(toc_http_port(http));
    say(fd, toc_buf_slice(&head));
    const char *got = hear(fd);
    assert_null(strstr(got, "hello"));
    toc_buf_clear(&head);
    toc_buf_put_text(&head, "GET /");
    for (int i = 0; i < 40000; i++)
        toc_buf_put_byte(&head, 'x');
    toc_buf_put_text(&head, " HTTP/1.1\r\n" CLOSE);
    fd = connect_to(toc_http_port(http));
    say(fd, toc_buf_slice(&head));
    assert_null(strstr(hear(fd), "200 OK"));
    toc_buf_done(&head);
    assert_alive();
}

static void garbage_does_no_harm(void **state)
{
    (void)state;
    static const struct toc_slice garbage[] = {
            TOC_S_INIT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
            TOC_S_INIT("\r\n\r\n\r\n\r\n\0\0\0\r\n"),
            TOC_S_INIT("GET\r\n\r\n"),
            TOC_S_INIT("GET / HTTP/9.9\r\n\r\n"),
            TOC_S_INIT("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
            TOC_S_INIT("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                       "chunked\r\n\r\nffffffffffffffffff\r\n"),
            TOC_S_INIT("GET /%00%ff%2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
    };
    UNIT_EACH(const struct toc_slice, text, garbage)
    {
        int fd = connect_to(toc_http_port(http));
        say(fd, *text);
        shutdown(fd, SHUT_WR);
        hear(fd);
        assert_alive();
    }
}

static void an_idle_connection_is_closed(void **state)
{
    (void)state;
    int fd = connect_to(toc_http_port(http));
    say(fd, TOC_S("GET / HTTP/1.1\r\nHost: ")); // and nothing more
    assert_null(strstr(hear(fd), "200 OK"));    // ends within idle_s and a bit
}

// All places taken by clients that are never idle for long and never done.
static void a_byte_now_and_then_keeps_nobody_out(void **state)
{
    (void)state;
    int held[32];
    size_t open = 32;
    for (size_t i = 0; i < 32; i++) {
        held[i] = connect_to(toc_http_port(http));
        say(held[i], TOC_S("GET / HTTP/1.1\r\nX: "));
    }
    for (int round = 0; open > 0 && round < 100; round++) {
        struct pollfd waiting = {.fd = held[open - 1], .events = POLLIN};
        if (poll(&waiting, 1, 100) == 1) {
            assert_true(recv(waiting.fd, answer, sizeof answer, 0) <= 0);
            close(held[--open]);
        }
        for (size_t i = 0; i < open; i++)
            say(held[i], TOC_S("x"));
    }
    assert_int_equal(open, 0);
    assert_alive();
}

static void connections_are_bounded(void **state)
{
    (void)state;
    int held[32];
    for (size_t i = 0; i < 32; i++) {
        held[i] = connect_to(toc_http_port(http));
        say(held[i], TOC_S("GET / HT"));
    }
    // One more is not answered while they stay, and is once they have gone.
    int more = connect_to(toc_http_port(http));
    say(more, TOC_S("GET / HTTP/1.1\r\n" CLOSE));
    struct pollfd waiting = {.fd = more, .events = POLLIN};
    bool spoken = poll(&waiting, 1, 200) == 1 && recv(more, answer, sizeof answer, 0) > 0;
    assert_false(spoken);
    for (size_t i = 0; i < 32; i++)
        close(held[i]);
    close(more);
    assert_alive();
}

static void *scrape(void *failed)
{
    for (int i = 0; i < 50; i++) {
        char got[4096];
        size_t len = 0;
        int fd = connect_to(toc_http_port(http));
        say(fd, TOC_S("GET / HTTP/1.1\r\n" CLOSE));
        for (ssize_t n; (n = recv(fd, got + len, sizeof got - 1 - len, 0)) > 0;)
            len += (size_t)n;
        got[len] = '\0';
        close(fd);
        if (strstr(got, "hello\n") == NULL)
            *(bool *)failed = true;
    }
    return NULL;
}

static void many_at_once(void **state)
{
    (void)state;
    pthread_t threads[4];
    bool failed[4] = {false};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, scrape, &failed[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_false(failed[i]);
    }
}

static void where_it_listens(void **state)
{
    (void)state;
    static const struct row {
        const char *address;
        bool allow_remote;
        enum toc_code want;
    } rows[] = {
            {"127.0.0.1", false, TOC_E_OK},
            {"127.8.8.8", false, TOC_E_OK},
            {"0.0.0.0", false, TOC_E_REFUSED},
            {"192.0.2.1", false, TOC_E_REFUSED},
            {"128.0.0.1", false, TOC_E_REFUSED},
            {"::", false, TOC_E_REFUSED},
            {"::ffff:127.0.0.1", false, TOC_E_REFUSED},
            {"2001:db8::1", false, TOC_E_REFUSED},
            {"192.0.2.1", true, TOC_E_IO}, // documentation address: not ours to bind
            {"localhost", false, TOC_E_USAGE},
            {"", false, TOC_E_USAGE},
            {"127.1", false, TOC_E_USAGE},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_err err = {0};
        struct toc_http *one = NULL;
        const struct toc_http_options options = {
                .address = row->address, .allow_remote = row->allow_remote, .routes = routes};
        assert_code(toc_http_open(&options, &one, &err), row->want, err);
        assert_int_equal(one != NULL, row->want == TOC_E_OK);
        toc_http_close(one);
    }
}

static void a_taken_port_is_busy(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_http *two = NULL;
    uint16_t port = toc_http_port(http);
    assert_true(port != 0);
    const struct toc_http_options options = {
            .address = "127.0.0.1", .port = port, .routes = routes};
    assert_code(toc_http_open(&options, &two, &err), TOC_E_BUSY, err);
    assert_ok(toc_http_open(
                      &(struct toc_http_options){
                              .address = "127.0.0.2", .port = port, .routes = routes},
                      &two, &err),
            err);
    assert_int_equal(toc_http_port(two), port);
    toc_http_close(two);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
            T(answers),
            T(two_requests_on_one_connection),
            T(large_heads_are_refused),
            T(garbage_does_no_harm),
            T(an_idle_connection_is_closed),
            T(a_byte_now_and_then_keeps_nobody_out),
            T(connections_are_bounded),
            T(many_at_once),
            T(a_taken_port_is_busy),
            cmocka_unit_test(where_it_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
