// Questions to the state: a Unix socket (0600), one JSON line in, one JSON line out. {"ask": "status"} is
// answered by every owned partition, {"ask": "explain", "kind": ..., "value": ...} by the owner of the value's
// partition. A question that another hub owns is answered {"elsewhere": partition}.
#pragma once

#include "hub/worker/worker.h"

struct toc_asks; // a thread of its own

struct toc_asks_conf {
    const char *path;
    struct toc_worker *const *workers; // outlive the socket
    size_t worker_count;
    // The partition a question is about; -1: all.
    toc_rc (*route)(void *ctx, struct toc_slice question, int32_t *out_partition, struct toc_err *err);
    void *ctx;
};

TOC_NODISCARD toc_rc toc_asks_open(const struct toc_asks_conf *conf, struct toc_asks **out, struct toc_err *err);
void toc_asks_close(struct toc_asks *asks); // NULL is fine
