// Reading given partitions without a group: librdkafka's simple consumer, which waits for no coordinator
// and needs no right to a group.
#include "lib/bus/consumer_parts.h"
#include "lib/bus/fail.h"

static toc_rc start(struct toc_consumer *consumer, const struct toc_consumer_start *starts,
        size_t count, struct toc_err *err)
{
    TOC_TRY(toc_link_start(&consumer->link, RD_KAFKA_CONSUMER, NULL, NULL, err));
    consumer->queue = rd_kafka_queue_new(consumer->link.rk);
    for (size_t i = 0; i < count; i++) {
        const struct toc_consumer_start *s = &starts[i];
        TOC_TRY(toc_held_add(consumer, s->topic, s->partition, s->offset, s->end, err));
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
