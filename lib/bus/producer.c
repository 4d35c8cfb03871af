#include "lib/bus/producer.h"

#include <poll.h>
#include <stdio.h>

#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/bus/fail.h"
#include "lib/bus/link.h"
#include "lib/bus/sender.h"

#define DELIVERY_MS_DEFAULT 30000
#define QUEUE_RECORDS_DEFAULT 100000
#define QUEUE_KBYTES_DEFAULT 65536
#define REBUILD_MS_MIN 1000
#define REBUILD_MS_MAX 30000
#define PURGE_MS 5000 // for the reports of what was purged: they come at once

struct toc_producer {
    struct toc_link link;
    struct toc_sender sender;
    void (*delivered)(void *ctx, const struct toc_delivery *delivery);
    void *ctx;
    size_t waiting;
    // An idempotent handle that was refused once is dead for good: it is built anew.
    bool dead;
    struct toc_err why; // it died
    int64_t rebuilt_ms; // monotonic; when the handle in use was made
    int64_t pause_ms;   // between two rebuilds; doubled while no record comes through
};

static toc_rc start(struct toc_producer *producer, struct toc_err *err)
{
    TOC_TRY(toc_link_start(&producer->link, RD_KAFKA_PRODUCER, NULL, NULL, err));
    toc_sender_init(&producer->sender, producer->link.rk);
    producer->rebuilt_ms = toc_monotonic_ms(NULL);
    return TOC_OK;
}

static void stop(struct toc_producer *producer)
{
    toc_sender_done(&producer->sender);
    toc_link_stop(&producer->link);
}

static toc_rc open_in(struct toc_producer *producer, const struct toc_bus_conf *conf,
        struct toc_bus_log log, const struct toc_producer_opts *opts, struct toc_err *err)
{
    producer->delivered = opts->delivered;
    producer->ctx = opts->ctx;
    producer->pause_ms = REBUILD_MS_MIN;
    struct toc_link *link = &producer->link;
    TOC_TRY(toc_link_init(link, conf, log, err));
    TOC_TRY(toc_sender_settings(link, opts->compression == NULL ? "none" : opts->compression,
            opts->linger_ms, opts->queue_records > 0 ? opts->queue_records : QUEUE_RECORDS_DEFAULT,
            opts->queue_kbytes > 0 ? opts->queue_kbytes : QUEUE_KBYTES_DEFAULT, err));
    TOC_TRY(toc_link_set_number(link, "message.timeout.ms",
            opts->delivery_ms > 0 ? opts->delivery_ms : DELIVERY_MS_DEFAULT, err));
    return start(producer, err);
}

toc_rc toc_producer_open(const struct toc_bus_conf *conf, struct toc_bus_log log,
        const struct toc_producer_opts *opts, struct toc_producer **out, struct toc_err *err)
{
    struct toc_producer *producer = toc_mem_alloc(1, sizeof *producer);
    if (producer == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "producer");
    toc_rc rc = open_in(producer, conf, log, opts, err);
    if (toc_failed(rc)) {
        toc_producer_close(producer);
        return rc;
    }
    *out = producer;
    return TOC_OK;
}

toc_rc toc_producer_send(struct toc_producer *producer, const struct toc_send *record, void *opaque,
        struct toc_err *err)
{
    if (producer->dead)
        return toc_fail_fate(err, TOC_FATE_RETRY, TOC_E_BUSY, "connection is renewed soon: %s",
                producer->why.text);
    toc_rc rc = toc_sender_put(&producer->sender, record, opaque, err);
    if (toc_failed(rc)) {
        if (rd_kafka_fatal_error(producer->link.rk, NULL, 0) == RD_KAFKA_RESP_ERR_NO_ERROR)
            return rc;
        return toc_fail_fate(err, TOC_FATE_RETRY, TOC_E_BUSY, "connection is renewed soon");
    }
    producer->waiting++;
    return TOC_OK;
}

// ---- delivery reports

// Errors that another try cannot cure; after the rest it is unknown whether the record was stored.
static bool is_for_good(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
           error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
           error == RD_KAFKA_RESP_ERR_INVALID_MSG || error == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
           error == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP ||
           error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

static void report(struct toc_producer *producer, const rd_kafka_message_t *message)
{
    struct toc_err failure = {0};
    bool fell = false;
    const char *topic = rd_kafka_topic_name(message->rkt);
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        char what[300], right[300];
        snprintf(what, sizeof what, "sending to partition %d of topic %s", message->partition,
                topic);
        snprintf(right, sizeof right, "Write on topic %s", topic);
        // What falls with the handle fell for the same reason.
        rd_kafka_resp_err_t cause = rd_kafka_fatal_error(producer->link.rk, NULL, 0);
        fell = message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
               message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT ||
               message->err == RD_KAFKA_RESP_ERR__FATAL;
        (void)toc_bus_fail(&failure, is_for_good(message->err) ? TOC_FATE_RECORD : TOC_FATE_RETRY,
                fell && cause != RD_KAFKA_RESP_ERR_NO_ERROR ? cause : message->err,
                (struct toc_bus_act){what, right}, TOC_LINK_TROUBLE(&producer->link));
    } else {
        producer->pause_ms = REBUILD_MS_MIN;
    }
    producer->waiting--;
    if (producer->delivered == NULL)
        return;
    const struct toc_delivery delivery = {
            .opaque = message->_private,
            .topic = topic,
            .partition = message->partition,
            .offset = message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? message->offset : -1,
            .error = message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? NULL : &failure,
            .fell = fell,
    };
    producer->delivered(producer->ctx, &delivery);
}

static size_t take_reports(struct toc_producer *producer, int timeout_ms)
{
    size_t count = 0;
    rd_kafka_event_t *event;
    while ((event = rd_kafka_queue_poll(producer->sender.events, count == 0 ? timeout_ms : 0)) !=
            NULL) {
        const rd_kafka_message_t *message;
        while ((message = rd_kafka_event_message_next(event)) != NULL) {
            report(producer, message);
            count++;
        }
        rd_kafka_event_destroy(event);
        if (count == 0) // an event of another kind: no more waiting
            timeout_ms = 0;
    }
    return count;
}

// Everything still in the handle is reported as failed.
static size_t give_up(struct toc_producer *producer)
{
    size_t count = 0;
    int64_t until_ms = toc_monotonic_ms(NULL) + PURGE_MS;
    rd_kafka_purge(producer->link.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (producer->waiting > 0 && toc_monotonic_ms(NULL) < until_ms)
        count += take_reports(producer, 50);
    return count;
}

// ---- rebuilding

static size_t bury_if_dead(struct toc_producer *producer)
{
    char why[TOC_BUS_DETAIL_BYTES_MAX];
    rd_kafka_resp_err_t error = rd_kafka_fatal_error(producer->link.rk, why, sizeof why);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    producer->dead = true;
    (void)toc_bus_fail(
            &producer->why, TOC_FATE_RETRY, error, (struct toc_bus_act){"sending", NULL}, why);
    toc_link_say(&producer->link, TOC_LOG_WARN, "the producer must be built anew: %s",
            producer->why.text);
    size_t count = give_up(producer);
    stop(producer);
    return count;
}

// There is no handle to wait on.
static void wait_for(int ms)
{
    (void)poll(NULL, 0, ms);
}

// Waits at most timeout_ms for the time to be ripe.
static void revive(struct toc_producer *producer, int timeout_ms)
{
    int64_t due_ms = producer->rebuilt_ms + producer->pause_ms - toc_monotonic_ms(NULL);
    if (due_ms > timeout_ms) {
        wait_for(timeout_ms);
        return;
    }
    if (due_ms > 0)
        wait_for((int)due_ms);
    struct toc_err err;
    if (toc_failed(start(producer, &err))) {
        producer->why = err;
        producer->rebuilt_ms = toc_monotonic_ms(NULL);
    } else {
        producer->dead = false;
    }
    producer->pause_ms =
            producer->pause_ms * 2 > REBUILD_MS_MAX ? REBUILD_MS_MAX : producer->pause_ms * 2;
}

size_t toc_producer_serve(struct toc_producer *producer, int timeout_ms)
{
    if (producer->dead) {
        revive(producer, timeout_ms);
        return 0;
    }
    size_t count = take_reports(producer, timeout_ms);
    return count + bury_if_dead(producer);
}

toc_rc toc_producer_flush(struct toc_producer *producer, int timeout_ms, struct toc_err *err)
{
    int64_t until_ms = toc_monotonic_ms(NULL) + timeout_ms;
    while (producer->waiting > 0) {
        int64_t left_ms = until_ms - toc_monotonic_ms(NULL);
        if (left_ms <= 0)
            return toc_fail_fate(err, TOC_FATE_RETRY, TOC_E_TIMEOUT,
                    "%zu records not stored within %d ms: %s", producer->waiting, timeout_ms,
                    TOC_LINK_TROUBLE(&producer->link));
        toc_producer_serve(producer, (int)left_ms);
    }
    return TOC_OK;
}

void toc_producer_close(struct toc_producer *producer)
{
    if (producer == NULL)
        return;
    if (producer->link.rk != NULL) {
        if (producer->waiting > 0)
            (void)give_up(producer);
        stop(producer);
    }
    toc_link_done(&producer->link);
    toc_mem_free(producer);
}
