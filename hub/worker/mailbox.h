// One question at a time from another thread to a worker, answered at a commit boundary.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct mailbox {
    pthread_mutex_t lock; // guards everything below
    pthread_cond_t changed;
    enum {
        MAILBOX_EMPTY,
        MAILBOX_ASKED,
        MAILBOX_ANSWERED,
    } state;
    bool busy; // somebody asks already
    int32_t partition;
    struct toc_slice question; // the asker's, valid while it waits
    struct toc_buf *answer;    // likewise
    toc_rc rc;
    struct toc_err err;
};

void mailbox_init(struct mailbox *box);
void mailbox_done(struct mailbox *box);

// Asker's side: waits at most timeout_ms (TIMEOUT, BUSY).
TOC_NODISCARD toc_rc mailbox_ask(struct mailbox *box, int32_t partition, struct toc_slice question, int timeout_ms,
        struct toc_buf *answer, struct toc_err *err);

// Worker's side: answers what is asked, if anything, through fn. The lock is held meanwhile: an asker whose
// time is up takes its buffers away only when the worker is not writing to them.
typedef toc_rc mailbox_fn(void *ctx, int32_t partition, struct toc_slice question, struct toc_buf *answer,
        struct toc_err *err);
void mailbox_serve(struct mailbox *box, mailbox_fn *fn, void *ctx);
