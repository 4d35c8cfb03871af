#include "lib/bus/sender.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/bus/fail.h"

toc_rc toc_sender_settings(struct toc_link *link, const char *compression, int64_t linger_ms,
        int64_t queue_records, int64_t queue_kbytes, struct toc_err *err)
{
    TOC_TRY(toc_link_set(link, "enable.idempotence", "true", err));
    TOC_TRY(toc_link_set(link, "acks", "all", err));
    TOC_TRY(toc_link_set(link, "compression.codec", compression, err));
    TOC_TRY(toc_link_set(link, "retry.backoff.ms", "20", err));
    TOC_TRY(toc_link_set_number(link, "linger.ms", linger_ms, err));
    TOC_TRY(toc_link_set_number(link, "queue.buffering.max.messages", queue_records, err));
    TOC_TRY(toc_link_set_number(link, "queue.buffering.max.kbytes", queue_kbytes, err));
    rd_kafka_conf_set_events(link->settings, RD_KAFKA_EVENT_DR);
    return TOC_OK;
}

void toc_sender_init(struct toc_sender *sender, rd_kafka_t *rk)
{
    *sender = (struct toc_sender){.rk = rk, .events = rd_kafka_queue_get_main(rk)};
}

void toc_sender_done(struct toc_sender *sender)
{
    for (size_t i = 0; i < sender->count; i++) {
        rd_kafka_topic_destroy(sender->topics[i].handle);
        toc_mem_free(sender->topics[i].name);
    }
    toc_mem_free(sender->topics);
    if (sender->events != NULL)
        rd_kafka_queue_destroy(sender->events);
    *sender = (struct toc_sender){0};
}

// Index of the topic, or where it belongs.
static size_t place(const struct toc_sender *sender, const char *name)
{
    size_t low = 0, high = sender->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(sender->topics[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static toc_rc topic_add(struct toc_sender *sender, const char *name, size_t at, struct toc_err *err)
{
    TOC_ENSURE(sender->count < TOC_SENDER_TOPICS_MAX, err, TOC_E_LIMIT, "more than %d topics",
            TOC_SENDER_TOPICS_MAX);
    void *items = sender->topics;
    char *copy = toc_mem_strdup(name);
    rd_kafka_topic_t *handle = rd_kafka_topic_new(sender->rk, name, NULL);
    if (copy == NULL || handle == NULL ||
            toc_mem_grow(&items, &sender->cap, sender->count + 1, sizeof *sender->topics) != 0) {
        toc_mem_free(copy);
        if (handle != NULL)
            rd_kafka_topic_destroy(handle);
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "topic %s", name);
    }
    sender->topics = items;
    memmove(&sender->topics[at + 1], &sender->topics[at],
            (sender->count - at) * sizeof *sender->topics);
    sender->topics[at].name = copy;
    sender->topics[at].handle = handle;
    sender->count++;
    return TOC_OK;
}

static toc_rc topic_of(
        struct toc_sender *sender, const char *name, rd_kafka_topic_t **out, struct toc_err *err)
{
    if (sender->last >= sender->count || strcmp(sender->topics[sender->last].name, name) != 0) {
        size_t at = place(sender, name);
        if (at == sender->count || strcmp(sender->topics[at].name, name) != 0)
            TOC_TRY(topic_add(sender, name, at, err));
        sender->last = at;
    }
    *out = sender->topics[sender->last].handle;
    return TOC_OK;
}

static rd_kafka_headers_t *headers_of(const struct toc_send *record)
{
    if (record->header_count == 0)
        return NULL;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);
    for (size_t i = 0; i < record->header_count; i++)
        rd_kafka_header_add(headers, record->headers[i].name, -1, record->headers[i].value.ptr,
                (ssize_t)record->headers[i].value.len);
    return headers;
}

// librdkafka takes a NULL pointer for "no key" and "no value"; an empty one must point somewhere.
static void *bytes_of(struct toc_slice s)
{
    static char empty[1];
    return s.ptr == NULL ? empty : (void *)(uintptr_t)s.ptr;
}

toc_rc toc_sender_put(
        struct toc_sender *sender, const struct toc_send *record, void *opaque, struct toc_err *err)
{
    rd_kafka_topic_t *topic;
    TOC_TRY(topic_of(sender, record->topic, &topic, err));
    rd_kafka_headers_t *headers = headers_of(record);
    rd_kafka_vu_t fields[8];
    size_t n = 0;
    fields[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic};
    fields[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = record->partition};
    fields[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY};
    fields[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = record->timestamp_ms};
    fields[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = opaque};
    if (!record->no_key)
        fields[n++] = (rd_kafka_vu_t){
                .vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {bytes_of(record->key), record->key.len}};
    if (!record->tombstone)
        fields[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_VALUE,
                .u.mem = {bytes_of(record->value), record->value.len}};
    if (headers != NULL)
        fields[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers};

    rd_kafka_error_t *error = rd_kafka_produceva(sender->rk, fields, n);
    if (error == NULL)
        return TOC_OK;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    if (headers != NULL) // taken over only by a success
        rd_kafka_headers_destroy(headers);
    char what[300], right[300];
    snprintf(what, sizeof what, "sending to topic %s", record->topic);
    snprintf(right, sizeof right, "Write on topic %s", record->topic);
    // A right may be granted and a topic made; what is left is this record's own fault.
    enum toc_code kind = toc_bus_code(code);
    enum toc_fate fate = kind == TOC_E_BUSY || kind == TOC_E_AUTH || kind == TOC_E_NOTFOUND
                                 ? TOC_FATE_RETRY
                                 : TOC_FATE_RECORD;
    return toc_bus_fail(err, fate, code, (struct toc_bus_act){what, right}, NULL);
}
