#include "producers/runner/sender.h"

#include "lib/base/mem.h"
#include "lib/bus/producer.h"
#include "lib/indicator/segment.h"
#include "lib/indicator/topics.h"
#include "producers/runner/outgoing.h"

#define SERVE_MS 100
#define ON_THE_WAY_MAX 16 // records in the client's hands: bounds its memory at 8 MiB

// A record that is on the way.
struct flight {
    bool busy;
    size_t run;
    int32_t index, observations;
    int64_t begin; // where its run has to go on if it fails
};

struct toc_sender {
    struct toc_sender_options options;
    struct toc_producer *producer;
    struct toc_topic_name topic;
    struct toc_buf value;
    // of the submission in hand
    struct toc_outgoing outgoing;
    int64_t seq;
    struct flight flights[ON_THE_WAY_MAX];
    size_t flying;
    bool *run_busy;
    toc_rc rc; // the first failure
    struct toc_err err;
};

static void keep_failure(struct toc_sender *s, toc_rc rc, const struct toc_err *err)
{
    if (toc_failed(s->rc) || !toc_failed(rc))
        return;
    s->rc = rc;
    s->err = *err;
}

static toc_rc note_stored(struct toc_sender *s, const struct flight *flight, struct toc_err *err)
{
    TOC_TRY(toc_outgoing_store(&s->outgoing, flight->index, err));
    if (s->options.stored == NULL)
        return TOC_OK;
    return s->options.stored(s->options.ctx, s->seq, flight->index, flight->observations, err);
}

static void on_delivered(void *ctx, const struct toc_delivery *delivery)
{
    struct toc_sender *s = ctx;
    struct flight *flight = delivery->opaque;
    struct toc_err err = {0};
    if (delivery->error == NULL) {
        keep_failure(s, note_stored(s, flight, &err), &err);
    } else {
        s->outgoing.runs[flight->run].next = flight->begin;
        err = *delivery->error;
        if (err.fate == TOC_FATE_RECORD && err.code != TOC_E_AUTH)
            err.code = TOC_E_REFUSED;
        keep_failure(s, (toc_rc){err.code}, &err);
    }
    s->run_busy[flight->run] = false;
    flight->busy = false;
    s->flying--;
}

toc_rc toc_sender_open(
        const struct toc_sender_options *options, struct toc_sender **out, struct toc_err *err)
{
    struct toc_sender *s = toc_mem_alloc(1, sizeof *s);
    TOC_ENSURE(s != NULL, err, TOC_E_MEMORY, "no memory for a sender");
    s->options = *options;
    s->topic = toc_topic(options->kafka->prefix, TOC_TOPIC_SUBMIT, (struct toc_slice){NULL, 0});
    toc_buf_init(&s->value, TOC_SEGMENT_VALUE_BYTES_MAX);
    struct toc_producer_opts opts = {.delivered = on_delivered,
            .ctx = s,
            .delivery_ms = options->delivery_ms,
            .queue_records = 2 * ON_THE_WAY_MAX,
            .queue_kbytes = ON_THE_WAY_MAX * 1024};
    toc_rc rc = toc_producer_open(options->kafka, options->log, &opts, &s->producer, err);
    if (toc_failed(rc)) {
        toc_mem_free(s);
        return rc;
    }
    *out = s;
    return TOC_OK;
}

void toc_sender_close(struct toc_sender *sender)
{
    if (sender == NULL)
        return;
    toc_producer_close(sender->producer);
    toc_buf_done(&sender->value);
    toc_mem_free(sender);
}

static struct flight *free_flight(struct toc_sender *s)
{
    for (size_t i = 0; i < ON_THE_WAY_MAX; i++)
        if (!s->flights[i].busy)
            return &s->flights[i];
    return NULL;
}

// Puts the next segment of a run on the way. BUSY = the client takes no more for now.
static toc_rc launch(struct toc_sender *s, size_t run, struct flight *flight, struct toc_err *err)
{
    struct toc_outgoing_segment segment;
    bool more;
    int64_t begin = s->outgoing.runs[run].next;
    TOC_TRY(toc_outgoing_next(
            &s->outgoing, &s->outgoing.runs[run], &s->value, &segment, &more, err));
    if (!more)
        return TOC_OK;
    struct toc_send record = {.topic = s->topic.text,
            .partition = segment.partition,
            .no_key = true,
            .value = segment.value};
    *flight = (struct flight){.busy = true,
            .run = run,
            .index = segment.index,
            .observations = segment.observations,
            .begin = begin};
    toc_rc rc = toc_producer_send(s->producer, &record, flight, err);
    if (toc_failed(rc)) {
        flight->busy = false;
        s->outgoing.runs[run].next = begin;
        return rc;
    }
    s->run_busy[run] = true;
    s->flying++;
    return TOC_OK;
}

static toc_rc launch_all(struct toc_sender *s, struct toc_err *err)
{
    for (size_t run = 0; run < s->outgoing.run_count; run++) {
        struct flight *flight = free_flight(s);
        if (flight == NULL)
            break;
        if (s->run_busy[run] || s->outgoing.runs[run].next >= s->outgoing.runs[run].end)
            continue;
        toc_rc rc = launch(s, run, flight, err);
        if (rc.code == TOC_E_BUSY)
            break;
        TOC_TRY(rc);
    }
    return TOC_OK;
}

static bool is_stopped(const struct toc_sender *s)
{
    return s->options.stop != NULL && s->options.stop(s->options.ctx);
}

// Nothing is left on the way when this returns, so that the records of a later attempt cannot pass any.
static void land_all(struct toc_sender *s)
{
    while (s->flying > 0)
        toc_producer_serve(s->producer, SERVE_MS);
}

static toc_rc send_all(struct toc_sender *s, struct toc_err *err)
{
    while (!toc_outgoing_done(&s->outgoing) && !toc_failed(s->rc)) {
        TOC_TRY(launch_all(s, err));
        toc_producer_serve(s->producer, SERVE_MS);
        if (is_stopped(s))
            return toc_fail(
                    err, TOC_E_REFUSED, "stopped; what is spooled is sent at the next start");
    }
    return TOC_OK;
}

static toc_rc send_outgoing(struct toc_sender *s, struct toc_err *err)
{
    s->rc = TOC_OK;
    s->flying = 0;
    s->run_busy = toc_mem_alloc(s->outgoing.run_count, sizeof *s->run_busy);
    TOC_ENSURE(s->run_busy != NULL, err, TOC_E_MEMORY, "no memory to send");
    toc_rc rc = send_all(s, err);
    land_all(s);
    toc_mem_free(s->run_busy);
    s->run_busy = NULL;
    if (!toc_failed(rc) && toc_failed(s->rc)) {
        rc = s->rc;
        if (err != NULL)
            *err = s->err;
    }
    return rc;
}

toc_rc toc_sender_send(
        struct toc_sender *sender, struct toc_spool *spool, int64_t seq, struct toc_err *err)
{
    char segments[TOC_PATH_BYTES_MAX], acks[TOC_PATH_BYTES_MAX];
    TOC_TRY(toc_spool_path(spool, seq, TOC_SPOOL_SEGMENTS, segments, err));
    TOC_TRY(toc_spool_path(spool, seq, TOC_SPOOL_ACKS, acks, err));
    TOC_TRY(toc_outgoing_open(segments, acks, &sender->outgoing, err));
    sender->seq = seq;
    toc_rc rc = send_outgoing(sender, err);
    toc_outgoing_close(&sender->outgoing);
    return toc_failed(rc) ? rc : toc_spool_remove(spool, seq, err);
}
