// Prometheus metrics: counters and gauges registered by name, printed as text (exposition format
// 0.0.4). Any thread may register, add and print at any time: the lists stand under a lock,
// values are relaxed atomics. Keep the pointer: registering again walks the lists.
#pragma once

#include <stdint.h>

#include "lib/base/buf.h"

struct toc_metrics; // a registry; a program has one
struct toc_metric;  // one time series, owned by the registry

struct toc_metrics *toc_metrics_new(void);
void toc_metrics_free(struct toc_metrics *metrics);

// labels: "" or `code="canon.url.port",member="x"` already escaped (toc_metrics_label helps). The
// same name and labels give the same series. NULL when the registry is full (4,096 series) or out
// of memory; every function below takes NULL and does nothing.
struct toc_metric *toc_counter(
        struct toc_metrics *metrics, const char *name, const char *labels, const char *help);
struct toc_metric *toc_gauge(
        struct toc_metrics *metrics, const char *name, const char *labels, const char *help);
// Appends name="value", the value made safe and escaped, with a comma before it unless out is
// empty.
void toc_metrics_label(struct toc_buf *out, const char *name, const char *value);

void toc_metric_add(struct toc_metric *metric, uint64_t n);
void toc_metric_set(struct toc_metric *metric, int64_t value);
int64_t toc_metric_get(const struct toc_metric *metric);

// A histogram with fixed bounds (milliseconds: 1 2 5 10 20 50 100 250 500 1000 2500 5000 10000
// +Inf).
struct toc_histogram;
struct toc_histogram *toc_histogram_ms(
        struct toc_metrics *metrics, const char *name, const char *help);
void toc_histogram_add(struct toc_histogram *histogram, int64_t ms);

void toc_metrics_print(struct toc_metrics *metrics, struct toc_buf *out);
