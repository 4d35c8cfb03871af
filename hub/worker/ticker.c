#include "hub/worker/ticker.h"

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/bus/producer.h"
#include "lib/indicator/limits.h"

struct ticker {
    const struct toc_worker_conf *conf;
    struct toc_producer *producer;
    struct toc_buf value;
    int64_t next_ms; // monotonic
    struct toc_log_rate rate;
};

static void delivered(void *ctx, const struct toc_delivery *delivery)
{
    struct ticker *t = ctx;
    if (delivery->error != NULL)
        toc_log_rated(&t->rate, TOC_LOG_WARN, "ticker", "a tick did not get through, time stands still: %s",
                delivery->error->text);
}

toc_rc ticker_open(const struct toc_worker_conf *conf, struct ticker **out, struct toc_err *err)
{
    struct ticker *t = toc_mem_alloc(1, sizeof *t);
    if (t == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for the ticker");
    t->conf = conf;
    toc_buf_init(&t->value, 4096);
    const struct toc_producer_opts opts = {
            .delivered = delivered, .ctx = t, .delivery_ms = 10000, .queue_records = 4096, .queue_kbytes = 4096};
    toc_rc rc = toc_producer_open(conf->bus, conf->log, &opts, &t->producer, err);
    if (toc_failed(rc)) {
        ticker_close(t);
        return rc;
    }
    *out = t;
    return TOC_OK;
}

static toc_rc send_tick(struct ticker *t, const struct part *part, struct toc_err *err)
{
    toc_buf_clear(&t->value);
    TOC_TRY(t->conf->stage->tick(part->instance, toc_now_ms(t->conf->clock), &t->value, err));
    if (t->value.len == 0)
        return TOC_OK;
    const struct toc_send send = {.topic = t->conf->stage->input, .partition = part->partition, .no_key = true,
            .value = toc_buf_slice(&t->value)};
    struct toc_err why;
    if (toc_failed(toc_producer_send(t->producer, &send, NULL, &why)))
        toc_log_rated(&t->rate, TOC_LOG_WARN, "ticker", "no tick: %s", why.text);
    return TOC_OK;
}

toc_rc ticker_turn(struct ticker *t, struct parts *parts, struct toc_err *err)
{
    toc_producer_serve(t->producer, 0);
    int64_t now = toc_monotonic_ms(t->conf->clock);
    if (now < t->next_ms || parts->count == 0)
        return TOC_OK;
    t->next_ms = now + TOC_TICK_MS;
    for (size_t i = 0; i < parts->count; i++)
        TOC_TRY(send_tick(t, &parts->items[i], err));
    return TOC_OK;
}

void ticker_close(struct ticker *t)
{
    if (t == NULL)
        return;
    toc_producer_close(t->producer);
    toc_buf_done(&t->value);
    toc_mem_free(t);
}
