#include "lib/bus/consumer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/bus/consumer_parts.h"
#include "lib/bus/fail.h"
#include "lib/bus/record_of.h"

// One fetch answer, and one decompressed batch: above it a batch counts as undecodable. Ours are at most
// 1 MiB before compression; this bounds what a hostile one can make us allocate.
#define FETCH_BYTES_MAX (16 * 1024 * 1024)
#define RECEIVE_BYTES_MAX (32 * 1024 * 1024)
#define QUEUE_KBYTES_DEFAULT 65536

struct toc_held *toc_held_find(
        const struct toc_consumer *consumer, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < consumer->held_count; i++) {
        struct toc_held *held = &consumer->held[(consumer->last + i) % consumer->held_count];
        if (held->partition == partition && strcmp(held->topic, topic) == 0)
            return held;
    }
    return NULL;
}

toc_rc toc_held_add(struct toc_consumer *consumer, const char *topic, int32_t partition,
        int64_t start, int64_t end, struct toc_err *err)
{
    void *items = consumer->held;
    char *name = toc_mem_strdup(topic);
    if (name == NULL || toc_mem_grow(&items, &consumer->held_cap, consumer->held_count + 1,
                                sizeof *consumer->held) != 0) {
        toc_mem_free(name);
        return toc_fail_fate(
                err, TOC_FATE_FATAL, TOC_E_MEMORY, "partition %d of %s", partition, topic);
    }
    consumer->held = items;
    consumer->held[consumer->held_count++] = (struct toc_held){
            .topic = name,
            .partition = partition,
            .handle = rd_kafka_topic_new(consumer->link.rk, topic, NULL),
            .guard = toc_guard_at(start),
            .end = end,
    };
    if (end >= 0)
        consumer->ends_left++;
    return TOC_OK;
}

static void held_done(struct toc_held *held)
{
    if (held->handle != NULL)
        rd_kafka_topic_destroy(held->handle);
    toc_mem_free(held->topic);
}

void toc_held_remove(struct toc_consumer *consumer, const char *topic, int32_t partition)
{
    struct toc_held *held = toc_held_find(consumer, topic, partition);
    if (held == NULL)
        return;
    held_done(held);
    *held = consumer->held[--consumer->held_count];
    consumer->last = 0;
}

toc_rc toc_consumer_prepare(const struct toc_bus_conf *conf, struct toc_bus_log log,
        const struct toc_consumer_opts *opts, struct toc_consumer **out, struct toc_err *err)
{
    struct toc_consumer *consumer = toc_mem_alloc(1, sizeof *consumer);
    if (consumer == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "consumer");
    *out = consumer;
    consumer->opts = *opts;
    struct toc_link *link = &consumer->link;
    TOC_TRY(toc_link_init(link, conf, log, err));
    const char *const settings[][2] = {
            {"isolation.level",
                    opts->isolation == TOC_READ_COMMITTED ? "read_committed" : "read_uncommitted"},
            {"enable.auto.commit", "false"},
            {"enable.auto.offset.store", "false"},
            {"enable.partition.eof", "true"},
            {"auto.offset.reset", "error"}, // never silently elsewhere
            {"fetch.wait.max.ms", opts->small_waits ? "10" : "500"},
            {"fetch.error.backoff.ms", "100"},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        TOC_TRY(toc_link_set(link, settings[i][0], settings[i][1], err));
    TOC_TRY(toc_link_set_number(link, "fetch.max.bytes", FETCH_BYTES_MAX, err));
    TOC_TRY(toc_link_set_number(link, "receive.message.max.bytes", RECEIVE_BYTES_MAX, err));
    TOC_TRY(toc_link_set_number(link, "queued.max.messages.kbytes",
            opts->queue_kbytes > 0 ? opts->queue_kbytes : QUEUE_KBYTES_DEFAULT, err));
    toc_link_set_if_known(link, "fetch.queue.backoff.ms", "10");
    return TOC_OK;
}

void toc_consumer_free(struct toc_consumer *consumer)
{
    for (size_t i = 0; i < consumer->held_count; i++)
        held_done(&consumer->held[i]);
    toc_mem_free(consumer->held);
    if (consumer->queue != NULL)
        rd_kafka_queue_destroy(consumer->queue);
    if (consumer->link.rk != NULL && consumer->queue == NULL)
        rd_kafka_destroy_flags(consumer->link.rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    else if (consumer->link.rk != NULL)
        rd_kafka_destroy(consumer->link.rk);
    consumer->link.rk = NULL;
    toc_link_done(&consumer->link);
    toc_mem_free(consumer);
}

static toc_rc seek(struct toc_held *held, int64_t offset, struct toc_err *err)
{
    rd_kafka_resp_err_t error =
            rd_kafka_seek(held->handle, held->partition, offset, TOC_BUS_CALL_MS);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        return TOC_OK;
    return toc_fail_fate(err, TOC_FATE_FATAL, toc_bus_code(error),
            "partition %d of %s: cannot go to offset %" PRId64 ": %s", held->partition, held->topic,
            offset, rd_kafka_err2str(error));
}

// ---- what cannot be decoded

static bool is_undecodable(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR__BAD_COMPRESSION || error == RD_KAFKA_RESP_ERR__BAD_MSG ||
           error == RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED;
}

// Goes to the next probe, or behind the batch when its end is known.
static toc_rc skip_on(
        struct toc_held *held, int64_t probe, struct toc_poll *out, struct toc_err *err)
{
    if (probe >= 0)
        return seek(held, probe, err);
    int64_t from = held->guard.next > held->skip.base ? held->guard.next : held->skip.base;
    held->guard = toc_guard_at(held->skip.high);
    TOC_TRY(seek(held, held->skip.high, err));
    *out = (struct toc_poll){
            .kind = TOC_POLL_SKIPPED,
            .topic = held->topic,
            .partition = held->partition,
            .offset = from,
            .next = held->skip.high,
    };
    return TOC_OK;
}

static toc_rc on_undecodable(struct toc_consumer *consumer, struct toc_held *held,
        const rd_kafka_message_t *message, struct toc_poll *out, struct toc_err *err)
{
    if (held->skip.active)
        return skip_on(
                held, toc_skip_learn(&held->skip, message->offset == held->skip.base), out, err);
    int64_t low, high;
    rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
            consumer->link.rk, held->topic, held->partition, &low, &high, TOC_BUS_CALL_MS);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) // the batch stays where it is: it comes again
        return toc_fail_fate(err, TOC_FATE_RETRY, toc_bus_code(error),
                "partition %d of %s: a batch at offset %" PRId64
                " cannot be decoded, and its end is not known yet: %s",
                held->partition, held->topic, message->offset, rd_kafka_err2str(error));
    return skip_on(held, toc_skip_begin(&held->skip, message->offset, high), out, err);
}

// ---- what comes out of the queue

toc_rc toc_consumer_complain(
        struct toc_consumer *consumer, const rd_kafka_message_t *message, struct toc_err *err)
{
    rd_kafka_resp_err_t error = message->err;
    enum toc_fate fate = TOC_FATE_RETRY;
    const char *topic = message->rkt == NULL ? NULL : rd_kafka_topic_name(message->rkt);
    char why[TOC_BUS_DETAIL_BYTES_MAX], what[300] = "reading", right[300] = "Read on the group";
    if (topic != NULL) {
        snprintf(what, sizeof what, "reading topic %s", topic);
        snprintf(right, sizeof right, "Read on topic %s", topic);
    }
    if (error == RD_KAFKA_RESP_ERR__FATAL) {
        error = rd_kafka_fatal_error(consumer->link.rk, why, sizeof why);
        fate = TOC_FATE_FATAL;
        if (error == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
            return toc_fail_fate(err, fate, TOC_E_BUSY, TOC_BUS_FENCED);
    }
    if (error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
            error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_NOTFOUND,
                "partition %d of %s: the offset to go on from is not in the log (any more)",
                message->partition, topic == NULL ? "?" : topic);
    if (toc_bus_code(error) == TOC_E_AUTH)
        consumer->denied = true;
    const char *trouble = TOC_LINK_TROUBLE(&consumer->link);
    return toc_bus_fail(err, fate, error, (struct toc_bus_act){what, right},
            *trouble != '\0' ? trouble : rd_kafka_message_errstr(message));
}

static toc_rc on_record(struct toc_consumer *consumer, struct toc_held *held,
        rd_kafka_message_t **message, struct toc_poll *out, struct toc_err *err)
{
    switch (toc_guard_see(&held->guard, (*message)->offset, consumer->opts.check_gaps)) {
    case TOC_GUARD_DROP:
        return TOC_OK;
    case TOC_GUARD_AGAIN:
        toc_link_say(&consumer->link, TOC_LOG_DEBUG,
                "partition %d of %s: offset %" PRId64 " where %" PRId64
                " was expected: asking again",
                held->partition, held->topic, (*message)->offset, held->guard.next);
        return seek(held, held->guard.next, err);
    case TOC_GUARD_PASS:
    default:
        consumer->last = (size_t)(held - consumer->held);
        *out = (struct toc_poll){.kind = TOC_POLL_RECORD, .record = toc_record_of(*message)};
        *message = NULL;
        return TOC_OK;
    }
}

// Fills *out when the message is one for the caller; takes *message over (and sets it NULL) only then.
static toc_rc on_message(struct toc_consumer *consumer, rd_kafka_message_t **message,
        struct toc_poll *out, struct toc_err *err)
{
    const rd_kafka_message_t *m = *message;
    struct toc_held *held =
            m->rkt == NULL ? NULL
                           : toc_held_find(consumer, rd_kafka_topic_name(m->rkt), m->partition);
    bool is_end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (held == NULL || held->stopped)
        return m->err == RD_KAFKA_RESP_ERR_NO_ERROR || is_end || held != NULL
                       ? TOC_OK
                       : toc_consumer_complain(consumer, m, err);
    if (is_undecodable(m->err))
        return on_undecodable(consumer, held, m, out, err);
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR && !is_end)
        return toc_consumer_complain(consumer, m, err);
    if (held->skip.active)
        return skip_on(held, toc_skip_learn(&held->skip, false), out, err);
    if (is_end) {
        toc_guard_past(&held->guard, m->offset);
        return TOC_OK;
    }
    return on_record(consumer, held, message, out, err);
}

static bool tell_end(struct toc_consumer *consumer, struct toc_poll *out)
{
    if (consumer->ends_left == 0)
        return false;
    for (size_t i = 0; i < consumer->held_count; i++) {
        struct toc_held *held = &consumer->held[i];
        if (held->end < 0 || held->guard.next < held->end)
            continue;
        *out = (struct toc_poll){
                .kind = TOC_POLL_END,
                .topic = held->topic,
                .partition = held->partition,
                .offset = held->guard.next,
                .next = held->guard.next,
        };
        held->end = -1;
        consumer->ends_left--;
        return true;
    }
    return false;
}

static toc_rc broken(const struct toc_consumer *consumer, struct toc_err *err)
{
    if (err != NULL)
        *err = consumer->failure;
    return (toc_rc){consumer->failure.code};
}

toc_rc toc_consumer_poll(
        struct toc_consumer *consumer, int timeout_ms, struct toc_poll *out, struct toc_err *err)
{
    int64_t deadline_ms = toc_monotonic_ms(NULL) + timeout_ms;
    *out = (struct toc_poll){.kind = TOC_POLL_NOTHING};
    for (int drops = 0; drops < TOC_BUS_DROPS_MAX; drops++) {
        if (consumer->broken)
            return broken(consumer, err);
        if (tell_end(consumer, out))
            return TOC_OK;
        int64_t left_ms = drops == 0 ? timeout_ms : deadline_ms - toc_monotonic_ms(NULL);
        int wait_ms = left_ms > 0 ? (int)left_ms : 0;
        rd_kafka_message_t *message = consumer->queue != NULL
                                              ? rd_kafka_consume_queue(consumer->queue, wait_ms)
                                              : rd_kafka_consumer_poll(consumer->link.rk, wait_ms);
        if (message == NULL) {
            if (consumer->queue != NULL)
                rd_kafka_poll(consumer->link.rk, 0); // or errors of the handle pile up
            return consumer->broken ? broken(consumer, err) : TOC_OK;
        }
        // A callback that failed meanwhile matters more than whatever came with it.
        toc_rc rc =
                consumer->broken ? broken(consumer, err) : on_message(consumer, &message, out, err);
        if (message != NULL)
            rd_kafka_message_destroy(message);
        if (toc_failed(rc) || out->kind != TOC_POLL_NOTHING)
            return rc;
    }
    return TOC_OK;
}

// ---- questions and wishes

int64_t toc_consumer_next(const struct toc_consumer *consumer, const char *topic, int32_t partition)
{
    const struct toc_held *held = toc_held_find(consumer, topic, partition);
    return held == NULL ? TOC_OFFSET_NONE : held->guard.next;
}

bool toc_consumer_ended(const struct toc_consumer *consumer)
{
    return consumer->ends_left == 0;
}

static toc_rc not_held(const char *topic, int32_t partition, struct toc_err *err)
{
    return toc_fail(err, TOC_E_USAGE, "partition %d of %s is not held", partition, topic);
}

toc_rc toc_consumer_seek(struct toc_consumer *consumer, const char *topic, int32_t partition,
        int64_t offset, struct toc_err *err)
{
    struct toc_held *held = toc_held_find(consumer, topic, partition);
    if (held == NULL)
        return not_held(topic, partition, err);
    TOC_TRY(seek(held, offset, err));
    held->guard = toc_guard_at(offset);
    held->skip.active = false;
    return TOC_OK;
}

toc_rc toc_consumer_stop(
        struct toc_consumer *consumer, const char *topic, int32_t partition, struct toc_err *err)
{
    struct toc_held *held = toc_held_find(consumer, topic, partition);
    if (held == NULL)
        return not_held(topic, partition, err);
    // Never resumed, so the faults of resuming do not matter; what still comes is dropped.
    held->stopped = true;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition);
    rd_kafka_resp_err_t error = rd_kafka_pause_partitions(consumer->link.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        return TOC_OK;
    return toc_fail_fate(err, TOC_FATE_FATAL, toc_bus_code(error),
            "stopping partition %d of %s: %s", partition, topic, rd_kafka_err2str(error));
}

toc_rc toc_consumer_close(struct toc_consumer *consumer, struct toc_err *err)
{
    if (consumer == NULL)
        return TOC_OK;
    if (consumer->queue == NULL && consumer->link.rk != NULL)
        toc_group_leave(consumer);
    for (size_t i = 0; consumer->queue != NULL && i < consumer->held_count; i++)
        rd_kafka_consume_stop(consumer->held[i].handle, consumer->held[i].partition);
    toc_rc rc = consumer->broken ? broken(consumer, err) : TOC_OK;
    toc_consumer_free(consumer);
    return rc;
}
