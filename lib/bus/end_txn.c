// @locality the two watchers run on librdkafka's broker threads, the rest on the owner's.
#include "lib/bus/end_txn.h"

// Numbers of Kafka's requests (kafka.apache.org/protocol#protocol_api_keys).
enum {
    ADD_PARTITIONS_TO_TXN = 24,
    ADD_OFFSETS_TO_TXN = 25,
    END_TXN = 26,
    TXN_OFFSET_COMMIT = 28,
};

static rd_kafka_resp_err_t on_sent(rd_kafka_t *rk, int socket, const char *broker,
        int32_t broker_id, int16_t request, int16_t version, int32_t correlation, size_t size,
        void *opaque)
{
    (void)rk;
    (void)socket;
    (void)broker;
    (void)broker_id;
    (void)version;
    (void)correlation;
    (void)size;
    struct toc_end_txn *watch = opaque;
    if (request == END_TXN)
        atomic_fetch_add(&watch->sent, 1);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// `error` is of the connection (timed out, disconnected), not what the answer says.
static rd_kafka_resp_err_t on_answer(rd_kafka_t *rk, int socket, const char *broker,
        int32_t broker_id, int16_t request, int16_t version, int32_t correlation, size_t size,
        int64_t round_trip, rd_kafka_resp_err_t error, void *opaque)
{
    (void)rk;
    (void)socket;
    (void)broker;
    (void)broker_id;
    (void)version;
    (void)correlation;
    (void)size;
    (void)round_trip;
    struct toc_end_txn *watch = opaque;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR &&
            (request == ADD_PARTITIONS_TO_TXN || request == ADD_OFFSETS_TO_TXN ||
                    request == END_TXN || request == TXN_OFFSET_COMMIT))
        atomic_store(&watch->troubled, true);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(
        rd_kafka_t *rk, const rd_kafka_conf_t *settings, void *opaque, char *why, size_t why_size)
{
    (void)settings;
    (void)why;
    (void)why_size;
    rd_kafka_resp_err_t error =
            rd_kafka_interceptor_add_on_request_sent(rk, "end-txn", on_sent, opaque);
    return error != RD_KAFKA_RESP_ERR_NO_ERROR ? error
                                               : rd_kafka_interceptor_add_on_response_received(
                                                         rk, "end-txn", on_answer, opaque);
}

void toc_end_txn_watch(rd_kafka_conf_t *settings, void *ctx)
{
    (void)rd_kafka_conf_interceptor_add_on_new(settings, "end-txn", on_new, ctx);
}

void toc_end_txn_begin(struct toc_end_txn *watch)
{
    atomic_store(&watch->sent, 0);
    atomic_store(&watch->troubled, false);
}

bool toc_end_txn_doubtful(const struct toc_end_txn *watch)
{
    return atomic_load(&watch->sent) > 1 || atomic_load(&watch->troubled);
}
