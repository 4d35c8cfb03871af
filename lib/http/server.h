// A small, bounded HTTP server for metrics and health (libmicrohttpd): GET and HEAD of fixed paths,
// one thread of its own. No TLS, no authentication: it answers on loopback unless told otherwise.
// At most 32 connections, each closed when nothing moved for 10 s and a minute after it began: who sends
// a byte now and then does not keep the others out. A request's head may take 16 KiB
// with all that is kept for it; a body of 4 MiB at most is sent, a body received is ignored.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct toc_http_reply {
    struct toc_buf body;      // empty; a handler appends. More than fits is answered with 500
    unsigned status;          // 200
    const char *content_type; // "text/plain; charset=utf-8"; static text
};

struct toc_http_route {
    const char *path; // compared exactly, without the query; starts with '/'
    // Runs in the server's thread, one request at a time.
    void (*handle)(void *ctx, struct toc_http_reply *reply);
    void *ctx;
};

struct toc_http_options {
    const char *address;                 // IPv4 or IPv6 address as text; names are not resolved
    uint16_t port;                       // 0: the kernel chooses
    bool allow_remote;                   // else an address other than loopback is REFUSED
    unsigned idle_s;                     // 0: 10 s
    unsigned life_s;                     // of a connection; 0: 60 s
    const struct toc_http_route *routes; // ended by a row without path; must outlive the server
};

struct toc_http; // a listening server

// BUSY when the port is taken.
TOC_NODISCARD toc_rc toc_http_open(
        const struct toc_http_options *options, struct toc_http **out, struct toc_err *err);
uint16_t toc_http_port(const struct toc_http *http); // the one it listens on
void toc_http_close(
        struct toc_http *http); // waits for a handler that runs; open connections are cut
