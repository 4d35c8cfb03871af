#include "hub/worker/life.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "lib/base/log.h"

#define THREAD_NAME_MAX 15
#define REBUILD_FIRST_MS 500
#define REBUILD_MOST_MS 30000
#define WITHOUT_WORK_MS 5000 // the group takes partitions from others first: some seconds

bool life_stopping(const struct life *life)
{
    return atomic_load(&life->stopping);
}

void life_is(struct life *life, enum toc_worker_life state)
{
    atomic_store(&life->state, state);
}

void life_beat(struct life *life)
{
    atomic_store(&life->beat, toc_monotonic_ms(life->clock));
}

void life_without_work(struct life *life, bool without)
{
    int64_t now = toc_monotonic_ms(life->clock);
    if (!without)
        life->without_ms = 0;
    else if (life->without_ms == 0)
        life->without_ms = now;
    else if (now - life->without_ms >= WITHOUT_WORK_MS)
        life_is(life, TOC_WORKER_RUNNING);
}

static void pause_ms(struct life *life, int64_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&life->lock);
    while (!life_stopping(life) && pthread_cond_timedwait(&life->wake, &life->lock, &t) == 0)
        ;
    pthread_mutex_unlock(&life->lock);
}

static void tell_end(const struct life *life)
{
    if (life->ended_fd != 0 && eventfd_write(life->ended_fd, 1) != 0)
        toc_log(TOC_LOG_ERROR, life->name, "telling of the end: %s", strerror(errno));
}

// For `top -H`: as much of the name's end as the kernel keeps.
static void show_name(const char *name)
{
    size_t len = strlen(name);
    pthread_setname_np(pthread_self(), len > THREAD_NAME_MAX ? name + len - THREAD_NAME_MAX : name);
}

static void *thread_main(void *ctx)
{
    struct life *life = ctx;
    show_name(life->name);
    int64_t wait = REBUILD_FIRST_MS;
    while (!life_stopping(life)) {
        struct toc_err err = {0};
        int64_t began = toc_monotonic_ms(life->clock);
        life->without_ms = 0;
        toc_rc rc = life->run(life->ctx, &err);
        life->tear_down(life->ctx, !toc_failed(rc));
        if (!toc_failed(rc))
            break;
        if (rc.code == TOC_E_BUSY && err.fate == TOC_FATE_FATAL) {
            toc_log(TOC_LOG_ERROR, life->name, "another process lives under this name, ending: %s", err.text);
            life_is(life, TOC_WORKER_ENDED);
            tell_end(life);
            return NULL;
        }
        if (life_stopping(life)) {
            toc_log(TOC_LOG_WARN, life->name, "failed while ending: %s: %s", toc_code_name(err.code), err.text);
            break;
        }
        if (toc_monotonic_ms(life->clock) - began > REBUILD_MOST_MS)
            wait = REBUILD_FIRST_MS;
        toc_log(TOC_LOG_ERROR, life->name, "building anew in %" PRId64 " ms: %s: %s", wait, toc_code_name(err.code), err.text);
        toc_metric_add(life->rebuilds, 1);
        life_is(life, TOC_WORKER_TROUBLED);
        pause_ms(life, wait);
        wait = wait * 2 > REBUILD_MOST_MS ? REBUILD_MOST_MS : wait * 2;
    }
    return NULL;
}

toc_rc life_start(struct life *life, struct toc_err *err)
{
    pthread_condattr_t attr;
    pthread_mutex_init(&life->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&life->wake, &attr);
    pthread_condattr_destroy(&attr);
    life_beat(life);
    if (pthread_create(&life->thread, NULL, thread_main, life) == 0)
        return TOC_OK;
    pthread_cond_destroy(&life->wake);
    pthread_mutex_destroy(&life->lock);
    return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_IO, "no thread for %s", life->name);
}

void life_tell(struct life *life)
{
    pthread_mutex_lock(&life->lock);
    atomic_store(&life->stopping, true);
    pthread_cond_broadcast(&life->wake);
    pthread_mutex_unlock(&life->lock);
}

void life_join(struct life *life)
{
    life_tell(life);
    pthread_join(life->thread, NULL);
    pthread_cond_destroy(&life->wake);
    pthread_mutex_destroy(&life->lock);
}
