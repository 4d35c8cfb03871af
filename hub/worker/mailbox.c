#include "hub/worker/mailbox.h"

#include <errno.h>
#include <time.h>

void mailbox_init(struct mailbox *box)
{
    *box = (struct mailbox){.state = MAILBOX_EMPTY};
    pthread_mutex_init(&box->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&box->changed, &attr);
    pthread_condattr_destroy(&attr);
}

void mailbox_done(struct mailbox *box)
{
    pthread_cond_destroy(&box->changed);
    pthread_mutex_destroy(&box->lock);
}

static struct timespec deadline_in(int timeout_ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += timeout_ms / 1000;
    t.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

toc_rc mailbox_ask(struct mailbox *box, int32_t partition, struct toc_slice question, int timeout_ms,
        struct toc_buf *answer, struct toc_err *err)
{
    struct timespec deadline = deadline_in(timeout_ms);
    int late = 0;
    pthread_mutex_lock(&box->lock);
    while (box->busy && late != ETIMEDOUT)
        late = pthread_cond_timedwait(&box->changed, &box->lock, &deadline);
    if (box->busy) {
        pthread_mutex_unlock(&box->lock);
        return toc_fail(err, TOC_E_BUSY, "others are asking");
    }
    box->busy = true;
    box->partition = partition;
    box->question = question;
    box->answer = answer;
    box->state = MAILBOX_ASKED;
    late = 0;
    while (box->state != MAILBOX_ANSWERED && late != ETIMEDOUT)
        late = pthread_cond_timedwait(&box->changed, &box->lock, &deadline);
    toc_rc rc = box->rc;
    if (box->state != MAILBOX_ANSWERED)
        rc = toc_fail(err, TOC_E_TIMEOUT, "no answer within %d ms", timeout_ms);
    else if (toc_failed(rc) && err != NULL)
        *err = box->err;
    box->state = MAILBOX_EMPTY;
    box->busy = false;
    pthread_cond_broadcast(&box->changed);
    pthread_mutex_unlock(&box->lock);
    return rc;
}

void mailbox_serve(struct mailbox *box, mailbox_fn *fn, void *ctx)
{
    pthread_mutex_lock(&box->lock);
    if (box->state == MAILBOX_ASKED) {
        box->rc = fn(ctx, box->partition, box->question, box->answer, &box->err);
        box->state = MAILBOX_ANSWERED;
        pthread_cond_broadcast(&box->changed);
    }
    pthread_mutex_unlock(&box->lock);
}
