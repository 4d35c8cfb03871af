// For the thread sanitizer only. librdkafka uses C11 threads, which the sanitizer does not know: our callbacks crash in
// such a thread, and what a C11 mutex protects looks unprotected. So they are made of POSIX ones here, as glibc makes
// them too (threads.h and pthread.h share the layouts there), but where the sanitizer sees it.
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "not glibc");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "not glibc");
_Static_assert(sizeof(thrd_t) == sizeof(pthread_t), "not glibc");

// What librdkafka frees is protected by its reference counts, which nobody can see from outside; the address sanitizer
// watches that.
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race_top:librdkafka.so\nrace_top:pthread_rwlock_destroy\nrace_top:free\n";
}

static pthread_mutex_t *posix_mutex(mtx_t *mutex)
{
    return (pthread_mutex_t *)(void *)mutex;
}

static pthread_cond_t *posix_cond(cnd_t *cond)
{
    return (pthread_cond_t *)(void *)cond;
}

static int result(int error)
{
    return error == 0 ? thrd_success : error == ETIMEDOUT ? thrd_timedout : thrd_error;
}

int mtx_init(mtx_t *mutex, int type)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes,
            (type & mtx_recursive) != 0 ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
    int error = pthread_mutex_init(posix_mutex(mutex), &attributes);
    pthread_mutexattr_destroy(&attributes);
    return result(error);
}

void mtx_destroy(mtx_t *mutex)
{
    pthread_mutex_destroy(posix_mutex(mutex));
}

int mtx_lock(mtx_t *mutex)
{
    return result(pthread_mutex_lock(posix_mutex(mutex)));
}

int mtx_unlock(mtx_t *mutex)
{
    return result(pthread_mutex_unlock(posix_mutex(mutex)));
}

int cnd_init(cnd_t *cond)
{
    return result(pthread_cond_init(posix_cond(cond), NULL));
}

void cnd_destroy(cnd_t *cond)
{
    pthread_cond_destroy(posix_cond(cond));
}

int cnd_signal(cnd_t *cond)
{
    return result(pthread_cond_signal(posix_cond(cond)));
}

int cnd_broadcast(cnd_t *cond)
{
    return result(pthread_cond_broadcast(posix_cond(cond)));
}

int cnd_wait(cnd_t *cond, mtx_t *mutex)
{
    return result(pthread_cond_wait(posix_cond(cond), posix_mutex(mutex)));
}

int cnd_timedwait(
        cnd_t *restrict cond, mtx_t *restrict mutex, const struct timespec *restrict until)
{
    return result(pthread_cond_timedwait(posix_cond(cond), posix_mutex(mutex), until));
}

struct start {
    thrd_start_t function;
    void *argument;
};

static void *run(void *argument)
{
    struct start start = *(struct start *)argument;
    free(argument);
    return (void *)(intptr_t)start.function(start.argument);
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *argument)
{
    struct start *start = malloc(sizeof *start);
    if (start == NULL)
        return thrd_nomem;
    *start = (struct start){function, argument};
    int error = pthread_create(thread, NULL, run, start);
    if (error != 0)
        free(start);
    return result(error);
}

int thrd_join(thrd_t thread, int *out)
{
    void *value;
    int error = pthread_join(thread, &value);
    if (error == 0 && out != NULL)
        *out = (int)(intptr_t)value;
    return result(error);
}
