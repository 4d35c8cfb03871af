// Reading given partitions without a group: librdkafka's simple consumer, which waits for no coordinator
// and needs no right to a group.
#include <stdio.h>
#include <string.h>

#include "lib/bus/consumer_parts.h"
#include "lib/bus/fail.h"

// A topic that is not there, or not for us, would simply never give a record: librdkafka says nothing of it
// here. No answer at all is no failure: it goes on by itself when the broker is back.
static toc_rc check_topic(
        struct toc_consumer *consumer, const struct toc_held *held, struct toc_err *err)
{
    const struct rd_kafka_metadata *metadata;
    char what[300], right[300];
    snprintf(what, sizeof what, "reading topic %s", held->topic);
    snprintf(right, sizeof right, "Read on topic %s", held->topic);
    if (rd_kafka_metadata(consumer->link.rk, 0, held->handle, &metadata, TOC_BUS_CALL_MS) !=
            RD_KAFKA_RESP_ERR_NO_ERROR)
        return TOC_OK;
    rd_kafka_resp_err_t error =
            metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && held->partition >= metadata->topics[0].partition_cnt)
        error = RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
    rd_kafka_metadata_destroy(metadata);
    enum toc_code code = toc_bus_code(error);
    if (code != TOC_E_AUTH && code != TOC_E_NOTFOUND)
        return TOC_OK;
    return toc_bus_fail(err, TOC_FATE_FATAL, error, (struct toc_bus_act){what, right}, NULL);
}

static toc_rc start(struct toc_consumer *consumer, const struct toc_consumer_start *starts,
        size_t count, struct toc_err *err)
{
    TOC_TRY(toc_link_start(&consumer->link, RD_KAFKA_CONSUMER, NULL, NULL, err));
    consumer->queue = rd_kafka_queue_new(consumer->link.rk);
    for (size_t i = 0; i < count; i++) {
        const struct toc_consumer_start *s = &starts[i];
        TOC_TRY(toc_held_add(consumer, s->topic, s->partition, s->offset, s->end, err));
        if (i == 0 || strcmp(starts[i - 1].topic, s->topic) != 0)
            TOC_TRY(check_topic(consumer, &consumer->held[i], err));
        if (rd_kafka_consume_start_queue(
                    consumer->held[i].handle, s->partition, s->offset, consumer->queue) != 0)
            return toc_bus_fail(err, TOC_FATE_FATAL, rd_kafka_last_error(),
                    (struct toc_bus_act){"starting to read", NULL}, s->topic);
    }
    return TOC_OK;
}

toc_rc toc_consumer_read(const struct toc_bus_conf *conf, struct toc_bus_log log,
        const struct toc_consumer_opts *opts, const struct toc_consumer_start *starts, size_t count,
        struct toc_consumer **out, struct toc_err *err)
{
    struct toc_consumer *consumer = NULL;
    toc_rc rc = toc_consumer_prepare(conf, log, opts, &consumer, err);
    if (!toc_failed(rc))
        rc = start(consumer, starts, count, err);
    if (toc_failed(rc)) {
        if (consumer != NULL)
            toc_consumer_free(consumer);
        return rc;
    }
    *out = consumer;
    return TOC_OK;
}
