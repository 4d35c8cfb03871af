#include "tests/support/unit.h"

#include <pthread.h>
#include <stdbool.h>

#include "lib/base/mem.h"
#include "lib/base/metrics.h"

static void page(void **state)
{
    (void)state;
    struct toc_metrics *metrics = toc_metrics_new();
    struct toc_buf out;
    assert_non_null(metrics);
    toc_buf_init(&out, 65536);
    struct toc_metric *refused = toc_counter(metrics, "tocsin_refused_total", "code=\"canon.url\"",
            "Observations refused,\nby code \\ reason.");
    struct toc_metric *lag = toc_gauge(metrics, "tocsin_lag", "", "Records not read yet.");
    // The same name again, with other labels and after another family: one HELP, one TYPE, one block.
    struct toc_metric *other =
            toc_counter(metrics, "tocsin_refused_total", "code=\"x\"", "ignored");
    toc_metric_add(refused, 5);
    toc_metric_add(refused, 2);
    toc_metric_add(other, 1);
    toc_metric_set(lag, -3);
    toc_metrics_print(metrics, &out);
    assert_slice(toc_buf_slice(&out),
            "# HELP tocsin_refused_total Observations refused,\\nby code \\\\ reason.\n"
            "# TYPE tocsin_refused_total counter\n"
            "tocsin_refused_total{code=\"canon.url\"} 7\n"
            "tocsin_refused_total{code=\"x\"} 1\n"
            "# HELP tocsin_lag Records not read yet.\n"
            "# TYPE tocsin_lag gauge\n"
            "tocsin_lag -3\n");
    assert_int_equal(toc_metric_get(refused), 7);
    toc_buf_done(&out);
    toc_metrics_free(metrics);
}

static void the_same_series_is_the_same(void **state)
{
    (void)state;
    struct toc_metrics *metrics = toc_metrics_new();
    struct toc_metric *a = toc_counter(metrics, "a", "x=\"1\"", "h");
    assert_non_null(a);
    assert_ptr_equal(a, toc_counter(metrics, "a", "x=\"1\"", "h"));
    assert_ptr_not_equal(a, toc_counter(metrics, "a", "x=\"2\"", "h"));
    struct toc_histogram *h = toc_histogram_ms(metrics, "h", "h");
    assert_ptr_equal(h, toc_histogram_ms(metrics, "h", "h"));
    toc_metrics_free(metrics);
}

static void histogram(void **state)
{
    (void)state;
    struct toc_metrics *metrics = toc_metrics_new();
    struct toc_histogram *h = toc_histogram_ms(metrics, "tocsin_commit_ms", "Commit time.");
    static const int64_t values[] = {0, 1, 2, 3, 250, 251, 10000, 10001, 99999};
    struct toc_buf out;
    toc_buf_init(&out, 65536);
    UNIT_EACH(const int64_t, value, values)
    {
        toc_histogram_add(h, *value);
    }
    toc_metrics_print(metrics, &out);
    assert_slice(toc_buf_slice(&out), "# HELP tocsin_commit_ms Commit time.\n"
                                      "# TYPE tocsin_commit_ms histogram\n"
                                      "tocsin_commit_ms_bucket{le=\"1\"} 2\n"
                                      "tocsin_commit_ms_bucket{le=\"2\"} 3\n"
                                      "tocsin_commit_ms_bucket{le=\"5\"} 4\n"
                                      "tocsin_commit_ms_bucket{le=\"10\"} 4\n"
                                      "tocsin_commit_ms_bucket{le=\"20\"} 4\n"
                                      "tocsin_commit_ms_bucket{le=\"50\"} 4\n"
                                      "tocsin_commit_ms_bucket{le=\"100\"} 4\n"
                                      "tocsin_commit_ms_bucket{le=\"250\"} 5\n"
                                      "tocsin_commit_ms_bucket{le=\"500\"} 6\n"
                                      "tocsin_commit_ms_bucket{le=\"1000\"} 6\n"
                                      "tocsin_commit_ms_bucket{le=\"2500\"} 6\n"
                                      "tocsin_commit_ms_bucket{le=\"5000\"} 6\n"
                                      "tocsin_commit_ms_bucket{le=\"10000\"} 7\n"
                                      "tocsin_commit_ms_bucket{le=\"+Inf\"} 9\n"
                                      "tocsin_commit_ms_sum 120507\n"
                                      "tocsin_commit_ms_count 9\n");
    toc_buf_done(&out);
    toc_metrics_free(metrics);
}

static void labels(void **state)
{
    (void)state;
    struct toc_buf out;
    toc_buf_init(&out, 1024);
    toc_metrics_label(&out, "member", "st-mary");
    toc_metrics_label(&out, "file", "a\"b\\c\nd\x1b\xff");
    assert_slice(toc_buf_slice(&out), "member=\"st-mary\",file=\"a\\\"b\\\\c d\\\\xff\"");
    toc_buf_done(&out);
}

static void nothing_is_taken_where_nothing_is(void **state)
{
    (void)state;
    assert_null(toc_counter(NULL, "a", "", "h"));
    assert_null(toc_gauge(NULL, "a", "", "h"));
    assert_null(toc_histogram_ms(NULL, "a", "h"));
    toc_metric_add(NULL, 1);
    toc_metric_set(NULL, 1);
    toc_histogram_add(NULL, 1);
    assert_int_equal(toc_metric_get(NULL), 0);
    toc_metrics_free(NULL);
}

static void the_registry_is_bounded(void **state)
{
    (void)state;
    struct toc_metrics *metrics = toc_metrics_new();
    size_t count = 0;
    for (unsigned i = 0; i < 5000; i++) {
        char label[32];
        snprintf(label, sizeof label, "i=\"%u\"", i);
        count += toc_counter(metrics, "a", label, "h") != NULL;
    }
    assert_int_equal(count, 4096);
    assert_non_null(toc_counter(metrics, "a", "i=\"0\"", "h")); // known ones go on
    assert_null(toc_counter(metrics, "b", "", "h"));
    assert_null(toc_histogram_ms(metrics, "c", "h"));
    toc_metrics_free(metrics);
}

// Whichever allocation fails, nothing but the one series is missing, and the page stays whole.
static void out_of_memory(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 12; n++) {
        struct toc_buf out;
        toc_buf_init(&out, 65536);
        toc_mem_fail_at(n);
        struct toc_metrics *metrics = toc_metrics_new();
        toc_metric_add(toc_counter(metrics, "a", "", "h"), 1);
        toc_histogram_add(toc_histogram_ms(metrics, "b", "h"), 1);
        toc_mem_fail_at(0);
        if (metrics != NULL) {
            assert_non_null(toc_counter(metrics, "a", "", "h")); // works again
            toc_metrics_print(metrics, &out);
            assert_shows(toc_buf_cstr(&out), "# TYPE a counter\n");
        } else {
            assert_int_equal(n, 1);
        }
        toc_buf_done(&out);
        toc_metrics_free(metrics);
    }
}

static void *add_a_lot(void *metrics)
{
    struct toc_metric *metric = toc_counter(metrics, "n", "", "h");
    for (int i = 0; i < 10000; i++)
        toc_metric_add(metric, 1);
    return NULL;
}

static void threads_lose_nothing(void **state)
{
    (void)state;
    struct toc_metrics *metrics = toc_metrics_new();
    pthread_t threads[4];
    struct toc_buf out;
    toc_buf_init(&out, 65536);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_a_lot, metrics), 0);
    for (int i = 0; i < 100; i++) {
        toc_buf_clear(&out);
        toc_metrics_print(metrics, &out); // while they add
    }
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(toc_metric_get(toc_counter(metrics, "n", "", "h")), 40000);
    toc_buf_done(&out);
    toc_metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(page),
            cmocka_unit_test(the_same_series_is_the_same),
            cmocka_unit_test(histogram),
            cmocka_unit_test(labels),
            cmocka_unit_test(nothing_is_taken_where_nothing_is),
            cmocka_unit_test(the_registry_is_bounded),
            cmocka_unit_test(out_of_memory),
            cmocka_unit_test(threads_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
