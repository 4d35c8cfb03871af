// A registry is a list of families (one a name: HELP and TYPE stand once), each with its series.
#include "lib/base/metrics.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"

#define SERIES_MAX 4096

static const int64_t bounds_ms[] = {1, 2, 5, 10, 20, 50, 100, 250, 500, 1000, 2500, 5000, 10000};
#define BOUNDS (sizeof bounds_ms / sizeof *bounds_ms)

enum kind {
    KIND_COUNTER,
    KIND_GAUGE,
    KIND_HISTOGRAM,
};

static const char *const kind_names[] = {"counter", "gauge", "histogram"};

struct toc_metric {
    struct toc_metric *next; // of the same family
    char *labels;
    _Atomic int64_t value;
};

struct toc_histogram {
    _Atomic uint64_t counts[BOUNDS + 1]; // the last one: beyond every bound
    _Atomic int64_t sum_ms;
};

struct family {
    struct family *next;
    enum kind kind;
    char *name, *help;
    struct toc_metric *series, **last; // counters and gauges
    struct toc_histogram *histogram;
};

struct toc_metrics {
    pthread_mutex_t lock; // guards the lists, not the values
    struct family *families, **last;
    size_t series_count;
};

struct toc_metrics *toc_metrics_new(void)
{
    struct toc_metrics *metrics = toc_mem_alloc(1, sizeof *metrics);
    if (metrics == NULL)
        return NULL;
    pthread_mutex_init(&metrics->lock, NULL);
    metrics->last = &metrics->families;
    return metrics;
}

static void free_family(struct family *family)
{
    struct toc_metric *next;
    for (struct toc_metric *metric = family->series; metric != NULL; metric = next) {
        next = metric->next;
        toc_mem_free(metric->labels);
        toc_mem_free(metric);
    }
    toc_mem_free(family->histogram);
    toc_mem_free(family->name);
    toc_mem_free(family->help);
    toc_mem_free(family);
}

void toc_metrics_free(struct toc_metrics *metrics)
{
    if (metrics == NULL)
        return;
    struct family *next;
    for (struct family *family = metrics->families; family != NULL; family = next) {
        next = family->next;
        free_family(family);
    }
    pthread_mutex_destroy(&metrics->lock);
    toc_mem_free(metrics);
}

// ---- registration; the lock is held ----

static struct family *new_family(enum kind kind, const char *name, const char *help)
{
    struct family *family = toc_mem_alloc(1, sizeof *family);
    if (family == NULL)
        return NULL;
    family->kind = kind;
    family->last = &family->series;
    family->name = toc_mem_strdup(name);
    family->help = toc_mem_strdup(help);
    if (kind == KIND_HISTOGRAM)
        family->histogram = toc_mem_alloc(1, sizeof *family->histogram);
    if (family->name != NULL && family->help != NULL &&
            (kind != KIND_HISTOGRAM || family->histogram != NULL))
        return family;
    free_family(family);
    return NULL;
}

static struct family *family_of(
        struct toc_metrics *metrics, enum kind kind, const char *name, const char *help)
{
    for (struct family *family = metrics->families; family != NULL; family = family->next)
        if (strcmp(family->name, name) == 0) {
            assert(family->kind == kind); // two meanings for one name: our own mistake
            return family;
        }
    struct family *family =
            metrics->series_count < SERIES_MAX ? new_family(kind, name, help) : NULL;
    if (family != NULL) {
        *metrics->last = family;
        metrics->last = &family->next;
        metrics->series_count += kind == KIND_HISTOGRAM ? BOUNDS + 3 : 0; // lines of the page
    }
    return family;
}

static struct toc_metric *series_of(
        struct toc_metrics *metrics, struct family *family, const char *labels)
{
    for (struct toc_metric *metric = family->series; metric != NULL; metric = metric->next)
        if (strcmp(metric->labels, labels) == 0)
            return metric;
    if (metrics->series_count >= SERIES_MAX)
        return NULL;
    struct toc_metric *metric = toc_mem_alloc(1, sizeof *metric);
    if (metric == NULL)
        return NULL;
    metric->labels = toc_mem_strdup(labels);
    if (metric->labels == NULL) {
        toc_mem_free(metric);
        return NULL;
    }
    *family->last = metric;
    family->last = &metric->next;
    metrics->series_count++;
    return metric;
}

static struct toc_metric *add_series(struct toc_metrics *metrics, enum kind kind, const char *name,
        const char *labels, const char *help)
{
    if (metrics == NULL)
        return NULL;
    pthread_mutex_lock(&metrics->lock);
    struct family *family = family_of(metrics, kind, name, help);
    struct toc_metric *metric = family == NULL ? NULL : series_of(metrics, family, labels);
    pthread_mutex_unlock(&metrics->lock);
    return metric;
}

struct toc_metric *toc_counter(
        struct toc_metrics *metrics, const char *name, const char *labels, const char *help)
{
    return add_series(metrics, KIND_COUNTER, name, labels, help);
}

struct toc_metric *toc_gauge(
        struct toc_metrics *metrics, const char *name, const char *labels, const char *help)
{
    return add_series(metrics, KIND_GAUGE, name, labels, help);
}

struct toc_histogram *toc_histogram_ms(
        struct toc_metrics *metrics, const char *name, const char *help)
{
    if (metrics == NULL)
        return NULL;
    pthread_mutex_lock(&metrics->lock);
    struct family *family = family_of(metrics, KIND_HISTOGRAM, name, help);
    pthread_mutex_unlock(&metrics->lock);
    return family == NULL ? NULL : family->histogram;
}

// ---- values: any thread, no lock ----

void toc_metric_add(struct toc_metric *metric, uint64_t n)
{
    if (metric != NULL)
        atomic_fetch_add_explicit(&metric->value, (int64_t)n, memory_order_relaxed);
}

void toc_metric_set(struct toc_metric *metric, int64_t value)
{
    if (metric != NULL)
        atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

int64_t toc_metric_get(const struct toc_metric *metric)
{
    return metric == NULL ? 0 : atomic_load_explicit(&metric->value, memory_order_relaxed);
}

void toc_histogram_add(struct toc_histogram *histogram, int64_t ms)
{
    if (histogram == NULL)
        return;
    size_t i = 0;
    while (i < BOUNDS && ms > bounds_ms[i])
        i++;
    atomic_fetch_add_explicit(&histogram->counts[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_ms, ms, memory_order_relaxed);
}

// ---- the page: exposition format 0.0.4 ----

// "label_value can be any sequence of UTF-8 characters, but the backslash, double-quote, and line
// feed characters have to be escaped"; in HELP only backslash and line feed.
static void put_escaped(struct toc_buf *out, struct toc_slice s, bool quotes)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c == '\n') {
            toc_buf_put_text(out, "\\n");
            continue;
        }
        if (c == '\\' || (quotes && c == '"'))
            toc_buf_put_byte(out, '\\');
        toc_buf_put_byte(out, c);
    }
}

void toc_metrics_label(struct toc_buf *out, const char *name, const char *value)
{
    char safe[256];
    toc_text_show(safe, sizeof safe, toc_slice_of(value));
    toc_buf_printf(out, "%s%s=\"", out->len == 0 ? "" : ",", name);
    put_escaped(out, toc_slice_of(safe), true);
    toc_buf_put_byte(out, '"');
}

static void print_series(const struct family *family, struct toc_buf *out)
{
    for (const struct toc_metric *metric = family->series; metric != NULL; metric = metric->next) {
        bool bare = metric->labels[0] == '\0';
        toc_buf_printf(out, bare ? "%s%s %lld\n" : "%s{%s} %lld\n", family->name, metric->labels,
                (long long)toc_metric_get(metric));
    }
}

static void print_histogram(const struct family *family, struct toc_buf *out)
{
    uint64_t total = 0;
    for (size_t i = 0; i <= BOUNDS; i++) {
        total += atomic_load_explicit(&family->histogram->counts[i], memory_order_relaxed);
        if (i < BOUNDS)
            toc_buf_printf(out, "%s_bucket{le=\"%lld\"} %llu\n", family->name,
                    (long long)bounds_ms[i], (unsigned long long)total);
        else
            toc_buf_printf(
                    out, "%s_bucket{le=\"+Inf\"} %llu\n", family->name, (unsigned long long)total);
    }
    toc_buf_printf(out, "%s_sum %lld\n%s_count %llu\n", family->name,
            (long long)atomic_load_explicit(&family->histogram->sum_ms, memory_order_relaxed),
            family->name, (unsigned long long)total);
}

void toc_metrics_print(struct toc_metrics *metrics, struct toc_buf *out)
{
    pthread_mutex_lock(&metrics->lock);
    for (const struct family *family = metrics->families; family != NULL; family = family->next) {
        toc_buf_printf(out, "# HELP %s ", family->name);
        put_escaped(out, toc_slice_of(family->help), false);
        toc_buf_printf(out, "\n# TYPE %s %s\n", family->name, kind_names[family->kind]);
        if (family->kind == KIND_HISTOGRAM)
            print_histogram(family, out);
        else
            print_series(family, out);
    }
    pthread_mutex_unlock(&metrics->lock);
}
