// Against librdkafka's in-process mock cluster, which can answer late or with an error on request.
#include "tests/support/unit.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "lib/bus/end_txn.h"

#define CALL_MS 20000
#define SOCKET_MS 1000

enum {
    ADD_PARTITIONS = 24,
    END_TXN = 26
};

struct fixture {
    struct toc_end_txn watch;
    rd_kafka_mock_cluster_t *mock; // lives in a handle of its own
    rd_kafka_t *host, *rk;
};

static void set(rd_kafka_conf_t *settings, const char *name, const char *value)
{
    char why[256];
    if (rd_kafka_conf_set(settings, name, value, why, sizeof why) != RD_KAFKA_CONF_OK)
        fail_msg("%s", why);
}

static rd_kafka_t *producer(struct fixture *f, const char *brokers)
{
    char why[256];
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    if (brokers != NULL) {
        set(settings, "bootstrap.servers", brokers);
        set(settings, "transactional.id", "t");
        set(settings, "transaction.timeout.ms", "10000");
        set(settings, "socket.timeout.ms", "1000");
        set(settings, "retry.backoff.ms", "20");
        toc_end_txn_watch(settings, &f->watch);
    }
    set(settings, "log_level", "0");
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, settings, why, sizeof why);
    if (rk == NULL)
        fail_msg("%s", why);
    return rk;
}

static void no_error(rd_kafka_error_t *error)
{
    if (error == NULL)
        return;
    print_error("%s\n", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    fail();
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->host = producer(f, NULL);
    f->mock = rd_kafka_mock_cluster_new(f->host, 1);
    rd_kafka_mock_topic_create(f->mock, "topic", 1, 1);
    f->rk = producer(f, rd_kafka_mock_cluster_bootstraps(f->mock));
    no_error(rd_kafka_init_transactions(f->rk, CALL_MS));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    rd_kafka_destroy(f->rk);
    rd_kafka_mock_cluster_destroy(f->mock);
    rd_kafka_destroy(f->host);
    free(f);
    return 0;
}

static void one_transaction(struct fixture *f, bool commit)
{
    toc_end_txn_begin(&f->watch);
    assert_false(toc_end_txn_doubtful(&f->watch));
    no_error(rd_kafka_begin_transaction(f->rk));
    char value[] = "x";
    rd_kafka_topic_t *topic = rd_kafka_topic_new(f->rk, "topic", NULL);
    assert_int_equal(rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, value, 1, NULL, 0, NULL), 0);
    rd_kafka_topic_destroy(topic);
    assert_int_equal(rd_kafka_flush(f->rk, CALL_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
    no_error(commit ? rd_kafka_commit_transaction(f->rk, CALL_MS)
                    : rd_kafka_abort_transaction(f->rk, CALL_MS));
}

static void a_clean_end_leaves_no_doubt(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 4; i++) {
        one_transaction(f, i % 2 == 0);
        assert_int_equal(atomic_load(&f->watch.sent), 1);
        assert_false(toc_end_txn_doubtful(&f->watch));
    }
}

static void an_end_that_was_refused_and_repeated_is_doubtful(void **state)
{
    struct fixture *f = *state;
    rd_kafka_mock_push_request_errors(
            f->mock, END_TXN, 1, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS);
    one_transaction(f, true);
    assert_int_equal(atomic_load(&f->watch.sent), 2);
    assert_true(toc_end_txn_doubtful(&f->watch));
    one_transaction(f, true); // and is forgotten with the next
    assert_false(toc_end_txn_doubtful(&f->watch));
}

static void an_end_whose_answer_came_too_late_is_doubtful(void **state)
{
    struct fixture *f = *state;
    // The commit succeeds and says nothing of it.
    rd_kafka_mock_broker_push_request_error_rtts(
            f->mock, 1, END_TXN, 1, RD_KAFKA_RESP_ERR_NO_ERROR, SOCKET_MS + 1000);
    one_transaction(f, true);
    assert_true(atomic_load(&f->watch.sent) > 1);
    assert_true(toc_end_txn_doubtful(&f->watch));
}

static void a_lost_connection_before_the_end_is_doubtful(void **state)
{
    struct fixture *f = *state;
    rd_kafka_mock_broker_push_request_error_rtts(
            f->mock, 1, ADD_PARTITIONS, 1, RD_KAFKA_RESP_ERR__TRANSPORT, 0);
    one_transaction(f, true);
    assert_true(toc_end_txn_doubtful(&f->watch));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(a_clean_end_leaves_no_doubt, set_up, tear_down),
            cmocka_unit_test_setup_teardown(
                    an_end_that_was_refused_and_repeated_is_doubtful, set_up, tear_down),
            cmocka_unit_test_setup_teardown(
                    an_end_whose_answer_came_too_late_is_doubtful, set_up, tear_down),
            cmocka_unit_test_setup_teardown(
                    a_lost_connection_before_the_end_is_doubtful, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
