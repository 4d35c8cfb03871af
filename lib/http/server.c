#include "lib/http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#define CONNECTIONS_MAX 32u
#define REQUEST_BYTES_MAX ((size_t)16 * 1024)
#define BODY_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define IDLE_S 10u
#define LIFE_S 60u
#define LOOK_EVERY_MS 500 // for connections whose time is over

struct connection {
    int fd; // -1: the place is free
    int64_t until_ms;
};

struct toc_http {
    struct MHD_Daemon *daemon;
    const struct toc_http_route *routes;
    uint16_t port;
    int64_t life_ms;
    int stop_fd; // an eventfd: readable when the thread shall end
    pthread_t thread;
    struct connection connections[CONNECTIONS_MAX];
};

// ---- answers; the server's thread ----

// Takes the body over.
static enum MHD_Result send_reply(struct MHD_Connection *connection, struct toc_http_reply *reply)
{
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(
            reply->body.len, reply->body.ptr, toc_mem_free);
    if (response == NULL) {
        toc_buf_done(&reply->body);
        return MHD_NO;
    }
    bool complete =
            MHD_add_response_header(response, "Content-Type", reply->content_type) == MHD_YES &&
            MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES &&
            MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES;
    if (complete && reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        complete = MHD_add_response_header(response, "Allow", "GET, HEAD") == MHD_YES;
    enum MHD_Result queued =
            complete ? MHD_queue_response(connection, reply->status, response) : MHD_NO;
    MHD_destroy_response(response); // only our reference
    return queued;
}

static struct toc_http_reply new_reply(void)
{
    struct toc_http_reply reply = {
            .status = MHD_HTTP_OK, .content_type = "text/plain; charset=utf-8"};
    toc_buf_init(&reply.body, BODY_BYTES_MAX);
    return reply;
}

static enum MHD_Result send_error(
        struct MHD_Connection *connection, unsigned status, const char *text)
{
    struct toc_http_reply reply = new_reply();
    reply.status = status;
    toc_buf_put_text(&reply.body, text);
    return send_reply(connection, &reply);
}

static const struct toc_http_route *route_of(const struct toc_http *http, const char *path)
{
    for (const struct toc_http_route *route = http->routes; route->path != NULL; route++)
        if (strcmp(route->path, path) == 0)
            return route;
    return NULL;
}

// libmicrohttpd calls this once when the head is read, then with each piece of a body, then with
// none left; the answer is due then. `seen` tells the first call from the others.
static enum MHD_Result answer(void *ctx, struct MHD_Connection *connection, const char *path,
        const char *method, const char *version, const char *body, size_t *body_len, void **seen)
{
    static int marker;
    (void)version;
    (void)body;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return send_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    if (*seen == NULL || *body_len != 0) {
        *seen = &marker;
        *body_len = 0; // ignored
        return MHD_YES;
    }
    const struct toc_http_route *route = route_of(ctx, path);
    if (route == NULL)
        return send_error(connection, MHD_HTTP_NOT_FOUND, "not found\n");
    struct toc_http_reply reply = new_reply();
    route->handle(route->ctx, &reply);
    if (!reply.body.failed)
        return send_reply(connection, &reply);
    toc_buf_done(&reply.body);
    return send_error(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "the answer does not fit\n");
}

// ---- serving; the server's thread ----

// libmicrohttpd ends what is idle, but a byte now and then is not idle.
static void on_connection(void *ctx, struct MHD_Connection *connection, void **place,
        enum MHD_ConnectionNotificationCode what)
{
    struct toc_http *http = ctx;
    const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct connection *own = *place;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED && own != NULL)
        own->fd = -1;
    for (size_t i = 0; what == MHD_CONNECTION_NOTIFY_STARTED && i < CONNECTIONS_MAX; i++)
        if (http->connections[i].fd < 0) {
            http->connections[i].fd = info->connect_fd;
            http->connections[i].until_ms = toc_monotonic_ms(NULL) + http->life_ms;
            *place = &http->connections[i];
            return;
        }
}

// Its next read or write finds it closed.
static void cut_old(struct toc_http *http)
{
    int64_t now = toc_monotonic_ms(NULL);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (http->connections[i].fd >= 0 && now >= http->connections[i].until_ms)
            (void)shutdown(http->connections[i].fd, SHUT_RDWR);
}

static void *serve(void *ctx)
{
    struct toc_http *http = ctx;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd on[] = {
            {.fd = info->epoll_fd, .events = POLLIN}, {.fd = http->stop_fd, .events = POLLIN}};
    while (on[1].revents == 0) {
        MHD_UNSIGNED_LONG_LONG at_most = 0;
        bool soon = MHD_get_timeout(http->daemon, &at_most) == MHD_YES && at_most < LOOK_EVERY_MS;
        (void)poll(on, 2, soon ? (int)at_most : LOOK_EVERY_MS); // interrupted: as if nothing came
        (void)MHD_run(http->daemon);
        cut_old(http);
    }
    return NULL;
}

// ---- listening ----

struct place {
    struct sockaddr_storage address;
    socklen_t len;
    bool loopback;
};

static bool parse_place(const char *text, uint16_t port, struct place *out)
{
    struct place place = {.len = 0};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        place.len = sizeof v4;
        place.loopback = ntohl(v4.sin_addr.s_addr) >> 24 == 127;
        memcpy(&place.address, &v4, sizeof v4);
    } else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        place.len = sizeof v6;
        place.loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
        memcpy(&place.address, &v6, sizeof v6);
    }
    *out = place;
    return place.len != 0;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage bound;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    socklen_t len = sizeof bound;
    if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0)
        return 0;
    memcpy(&v4, &bound, sizeof v4);
    memcpy(&v6, &bound, sizeof v6);
    return ntohs(bound.ss_family == AF_INET6 ? v6.sin6_port : v4.sin_port);
}

static toc_rc listen_on(const struct toc_http_options *options, int *out_fd, struct toc_err *err)
{
    struct place place;
    int on = 1;
    TOC_ENSURE(parse_place(options->address, options->port, &place), err, TOC_E_USAGE,
            "%s is no IP address", TOC_SHOW(toc_slice_of(options->address)));
    TOC_ENSURE(place.loopback || options->allow_remote, err, TOC_E_REFUSED,
            "%s is not loopback, and whoever reaches it could read everything", options->address);
    int fd = socket(place.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    // SO_REUSEADDR: a restart must not wait for the last connections of the one before.
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
            bind(fd, (const struct sockaddr *)&place.address, place.len) == 0 &&
            listen(fd, CONNECTIONS_MAX) == 0) {
        *out_fd = fd;
        return TOC_OK;
    }
    enum toc_code code = errno == EADDRINUSE ? TOC_E_BUSY : TOC_E_IO;
    toc_rc rc = toc_fail(err, code, "cannot listen on %s port %u: %s", options->address,
            (unsigned)options->port, strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}

static struct MHD_Daemon *start_daemon(struct toc_http *http, int fd, unsigned idle_s)
{
    struct MHD_OptionItem items[] = {
            {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
            {MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, NULL},
            {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)idle_s, NULL},
            {MHD_OPTION_CONNECTION_MEMORY_LIMIT, REQUEST_BYTES_MAX, NULL},
            {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
            {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, http},
            {MHD_OPTION_END, 0, NULL},
    };
    // Without MHD_USE_ERROR_LOG it writes nothing of its own.
    return MHD_start_daemon(
            MHD_USE_EPOLL, 0, NULL, NULL, answer, http, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
}

// The daemon takes fd over; on failure all is as before.
static bool start(struct toc_http *http, int fd, const struct toc_http_options *options)
{
    http->routes = options->routes;
    http->port = port_of(fd);
    http->life_ms = (int64_t)(options->life_s != 0 ? options->life_s : LIFE_S) * 1000;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        http->connections[i].fd = -1;
    http->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (http->stop_fd < 0)
        return false;
    http->daemon = start_daemon(http, fd, options->idle_s != 0 ? options->idle_s : IDLE_S);
    if (http->daemon != NULL && pthread_create(&http->thread, NULL, serve, http) == 0)
        return true;
    if (http->daemon != NULL) {
        (void)MHD_quiesce_daemon(http->daemon); // fd is ours again
        MHD_stop_daemon(http->daemon);
    }
    close(http->stop_fd);
    return false;
}

toc_rc toc_http_open(
        const struct toc_http_options *options, struct toc_http **out, struct toc_err *err)
{
    int fd = -1;
    TOC_TRY(listen_on(options, &fd, err));
    struct toc_http *http = toc_mem_alloc(1, sizeof *http);
    if (http == NULL || !start(http, fd, options)) {
        close(fd);
        toc_mem_free(http);
        return toc_fail(err, TOC_E_MEMORY, "cannot start the HTTP server on %s", options->address);
    }
    *out = http;
    return TOC_OK;
}

uint16_t toc_http_port(const struct toc_http *http)
{
    return http->port;
}

void toc_http_close(struct toc_http *http)
{
    if (http == NULL)
        return;
    const uint64_t one = 1;
    if (write(http->stop_fd, &one, sizeof one) != (ssize_t)sizeof one)
        abort(); // an eventfd of ours takes a number
    pthread_join(http->thread, NULL);
    close(http->stop_fd);
    MHD_stop_daemon(http->daemon); // closes the listening socket too
    toc_mem_free(http);
}
