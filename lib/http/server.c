#include "lib/http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"

#define CONNECTIONS_MAX 32u
#define REQUEST_BYTES_MAX ((size_t)16 * 1024)
#define BODY_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define IDLE_S 10u

struct toc_http {
    struct MHD_Daemon *daemon;
    const struct toc_http_route *routes;
    uint16_t port;
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
            {MHD_OPTION_END, 0, NULL},
    };
    // Without MHD_USE_ERROR_LOG it writes nothing of its own.
    return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL, answer,
            http, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
}

toc_rc toc_http_open(
        const struct toc_http_options *options, struct toc_http **out, struct toc_err *err)
{
    int fd = -1;
    TOC_TRY(listen_on(options, &fd, err));
    struct toc_http *http = toc_mem_alloc(1, sizeof *http);
    if (http != NULL) {
        http->routes = options->routes;
        http->port = port_of(fd);
        http->daemon = start_daemon(http, fd, options->idle_s != 0 ? options->idle_s : IDLE_S);
    }
    if (http == NULL || http->daemon == NULL) {
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
    MHD_stop_daemon(http->daemon); // closes the listening socket too
    toc_mem_free(http);
}
