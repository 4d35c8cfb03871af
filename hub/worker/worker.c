#include "hub/worker/worker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hub/worker/held.h"
#include "hub/worker/mailbox.h"
#include "hub/worker/parts.h"
#include "hub/worker/ticker.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/bus/consumer.h"
#include "lib/bus/txn.h"
#include "lib/indicator/limits.h"

// One turn: poll records for commit_ms or 16 MB -> step each into the open transaction -> state blocks ->
// offsets -> commit. What fails before the commit is rolled back and done again from what is held; what
// fails at the commit itself is settled by building everything anew: only the broker knows what became of it.

#define LULL_MS 2
#define TXN_MS 10000    // a transaction open longer is given up by the broker
#define PATIENCE_MAX 4  // doublings of it
#define NAME_MAX_BYTES 160
#define FENCE_MS 8000 // until a newer process that has its producer has joined, and a heartbeat of ours was answered
#define FENCE_POLL_MS 200

struct metrics {
    struct toc_metric *records, *commits, *aborts, *skipped, *blocks, *replayed;
    struct toc_histogram *commit_ms;
};

struct toc_worker {
    struct toc_worker_conf conf;
    char name[NAME_MAX_BYTES];
    struct life life;
    struct mailbox mailbox;
    struct metrics metrics;

    // The thread's own.
    struct toc_consumer *consumer;
    struct toc_txn *txn;
    struct ticker *ticker;
    struct parts parts;
    struct held held;
    bool skipped;     // the transaction in hand tells of a batch that nobody can decode
    int64_t began_ms; // monotonic, of the transaction in hand
    // Failures since the last commit. A record may cause more than fits into the usual time: the next try takes
    // it alone and has twice as long, or it would stop its partition for good.
    unsigned failures;
};

// --- stepping ------------------------------------------------------------------------------------

struct emit {
    struct toc_worker *w;
    int32_t partition;
};

static toc_rc emit(void *ctx, const struct toc_stage_output *out, struct toc_err *err)
{
    const struct emit *e = ctx;
    life_beat(&e->w->life); // a large step is no standstill
    const struct toc_send send = {
            .topic = out->topic,
            .partition = out->partition < 0 ? e->partition : out->partition,
            .timestamp_ms = out->time,
            .key = out->key,
            .value = out->value,
            .tombstone = out->value.ptr == NULL,
            .headers = out->headers,
            .header_count = out->header_count,
    };
    return toc_txn_put(e->w->txn, &send, err);
}

// A stage with ticks holds the broker's clock against the hub's: a time that writers choose is none there. So ticks do
// not count and time stands still until the topic is put right; what Kafka has stored it never stamps anew, and the
// partition must get past it.
static int64_t append_time(const struct toc_worker *w, const struct toc_record *record)
{
    static struct toc_log_rate rate;
    if (record->append_time || !w->conf.stage->ticks)
        return record->timestamp_ms;
    toc_log_rated(&rate, TOC_LOG_ERROR, w->name,
            "%s, partition %" PRId32 " offset %" PRId64 ": the time is not the broker's, so time stands still: set "
            "message.timestamp.type=LogAppendTime on the topic (`tocsinctl init` does)",
            record->topic, record->partition, record->offset);
    return 0;
}

static toc_rc step(struct toc_worker *w, const struct toc_record *record, struct toc_err *err)
{
    struct part *part = parts_find(&w->parts, record->partition);
    if (part == NULL || record->offset < part->next)
        return TOC_OK;
    if (!toc_txn_is_open(w->txn)) {
        TOC_TRY(toc_txn_begin(w->txn, err));
        w->began_ms = toc_monotonic_ms(w->conf.clock);
    }
    struct emit to = {.w = w, .partition = record->partition};
    const struct toc_stage_input input = {
            .offset = record->offset,
            .append_time = append_time(w, record),
            .key = record->key,
            .value = record->value,
    };
    part->touched = true;
    TOC_TRY(w->conf.stage->step(part->instance, &input, emit, &to, err));
    part->next = record->offset + 1;
    toc_metric_add(w->metrics.records, 1);
    return TOC_OK;
}

// --- committing ----------------------------------------------------------------------------------

static toc_rc put_block(void *ctx, struct toc_slice block, struct toc_err *err)
{
    const struct emit *e = ctx;
    const struct toc_send send = {
            .topic = e->w->conf.stage->state_topic, .partition = e->partition, .no_key = true, .value = block};
    toc_metric_add(e->w->metrics.blocks, 1);
    return toc_txn_put(e->w->txn, &send, err);
}

static toc_rc finish_steps(struct toc_worker *w, struct toc_err *err)
{
    for (size_t i = 0; i < w->parts.count && w->conf.stage->finish != NULL; i++) {
        struct part *part = &w->parts.items[i];
        struct emit to = {.w = w, .partition = part->partition};
        if (part->touched)
            TOC_TRY(w->conf.stage->finish(part->instance, emit, &to, err));
    }
    return TOC_OK;
}

static toc_rc put_blocks(struct toc_worker *w, struct toc_err *err)
{
    for (size_t i = 0; i < w->parts.count; i++) {
        struct part *part = &w->parts.items[i];
        struct emit to = {.w = w, .partition = part->partition};
        if (part->touched)
            TOC_TRY(toc_state_blocks(part->state, part->next, put_block, &to, err));
    }
    return TOC_OK;
}

static toc_rc put_offsets(struct toc_worker *w, struct toc_err *err)
{
    struct toc_offset *offsets = toc_mem_alloc(w->parts.count, sizeof *offsets);
    if (offsets == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for offsets");
    size_t count = 0;
    for (size_t i = 0; i < w->parts.count; i++)
        if (w->parts.items[i].touched)
            offsets[count++] = (struct toc_offset){.topic = w->conf.stage->input,
                    .partition = w->parts.items[i].partition, .offset = w->parts.items[i].next};
    toc_rc rc = toc_txn_offsets(w->txn, w->consumer, offsets, count, err);
    toc_mem_free(offsets);
    return rc;
}

static toc_rc commit(struct toc_worker *w, struct toc_err *err)
{
    if (!toc_txn_is_open(w->txn))
        return TOC_OK;
    int64_t began = toc_monotonic_ms(w->conf.clock);
    TOC_TRY(finish_steps(w, err));
    TOC_TRY(put_blocks(w, err));
    TOC_TRY(put_offsets(w, err));
    TOC_TRY(toc_txn_commit(w->txn, err));
    for (size_t i = 0; i < w->parts.count; i++) {
        struct part *part = &w->parts.items[i];
        if (!part->touched)
            continue;
        toc_state_commit(part->state);
        part->saved = part->next;
        part->touched = false;
    }
    held_clear(&w->held);
    w->skipped = false;
    toc_metric_add(w->metrics.commits, 1);
    toc_histogram_add(w->metrics.commit_ms, toc_monotonic_ms(w->conf.clock) - began);
    life_is(&w->life, TOC_WORKER_RUNNING);
    w->failures = 0;
    return TOC_OK;
}

// Nothing of the open transaction happened: state as at the last commit.
static toc_rc abort_all(struct toc_worker *w, struct toc_err *err)
{
    for (size_t i = 0; i < w->parts.count; i++) {
        struct part *part = &w->parts.items[i];
        if (part->touched)
            toc_state_rollback(part->state);
        part->next = part->saved;
        part->touched = false;
    }
    toc_metric_add(w->metrics.aborts, 1);
    return toc_txn_is_open(w->txn) ? toc_txn_abort(w->txn, err) : TOC_OK;
}

// Nothing is held of a batch that nobody can decode: after an abort it has to come from the broker once more.
static toc_rc step_held(struct toc_worker *w, struct toc_err *err)
{
    if (w->skipped)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_STATE, "aborted with a batch that cannot be decoded: it is read again");
    for (size_t i = 0; i < w->held.count; i++) {
        TOC_TRY(step(w, &w->held.items[i], err));
        toc_metric_add(w->metrics.replayed, 1);
    }
    return TOC_OK;
}

// Aborts and does what is held once more; what fails a second time in a row is for a rebuild.
static toc_rc again(struct toc_worker *w, struct toc_err *err)
{
    toc_log(TOC_LOG_WARN, w->name, "transaction aborted, %zu records again: %s", w->held.count, err->text);
    TOC_TRY(abort_all(w, err));
    return step_held(w, err);
}

static toc_rc commit_or_again(struct toc_worker *w, struct toc_err *err)
{
    toc_rc rc = commit(w, err);
    if (!toc_failed(rc) || err->fate != TOC_FATE_ABORT_TXN)
        return rc;
    TOC_TRY(again(w, err));
    return commit(w, err);
}

// --- rebalance -----------------------------------------------------------------------------------

static toc_rc assigned(void *ctx, struct toc_assigned *parts, size_t count, struct toc_err *err)
{
    struct toc_worker *w = ctx;
    TOC_TRY(parts_assigned(&w->parts, parts, count, err));
    life_is(&w->life, TOC_WORKER_RUNNING);
    return TOC_OK;
}

static toc_rc revoked(void *ctx, const struct toc_offset *parts, size_t count, bool lost, struct toc_err *err)
{
    struct toc_worker *w = ctx;
    toc_rc rc = lost ? abort_all(w, err) : commit_or_again(w, err);
    for (size_t i = 0; i < count; i++) {
        held_drop_partition(&w->held, parts[i].partition);
        parts_drop(&w->parts, parts[i].partition);
    }
    return lost && !toc_failed(rc) ? step_held(w, err) : rc;
}

// --- the loop --------------------------------------------------------------------------------------

static toc_rc take(struct toc_worker *w, struct toc_record *record, struct toc_err *err)
{
    if (!held_add(&w->held, record)) {
        toc_record_done(record);
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for a record");
    }
    toc_rc rc = step(w, &w->held.items[w->held.count - 1], err);
    return toc_failed(rc) && err->fate == TOC_FATE_ABORT_TXN ? again(w, err) : rc;
}

// A batch nobody can decode: the log goes on behind it, and its place is committed.
static toc_rc skip(struct toc_worker *w, const struct toc_poll *poll, struct toc_err *err)
{
    toc_log(TOC_LOG_ERROR, w->name, "partition %" PRId32 ": offsets %" PRId64 " to %" PRId64 " cannot be decoded, stepped over",
            poll->partition, poll->offset, poll->next - 1);
    toc_metric_add(w->metrics.skipped, (uint64_t)(poll->next - poll->offset));
    struct part *part = parts_find(&w->parts, poll->partition);
    if (part == NULL || part->next >= poll->next)
        return TOC_OK;
    if (!toc_txn_is_open(w->txn)) {
        TOC_TRY(toc_txn_begin(w->txn, err));
        w->began_ms = toc_monotonic_ms(w->conf.clock);
    }
    part->touched = true;
    w->skipped = true;
    struct emit to = {.w = w, .partition = part->partition};
    if (w->conf.stage->skipped != NULL)
        TOC_TRY(w->conf.stage->skipped(part->instance, poll->offset, poll->next, emit, &to, err));
    part->next = poll->next;
    return TOC_OK;
}

static bool full(const struct toc_worker *w)
{
    return toc_txn_is_open(w->txn) && (w->held.bytes >= TOC_TXN_BYTES_MAX || w->failures != 0 ||
            toc_monotonic_ms(w->conf.clock) - w->began_ms >= w->conf.commit_ms);
}

// A transaction in hand waits only a moment for company: under load it fills, at rest it goes at once.
static int patience(const struct toc_worker *w)
{
    return toc_txn_is_open(w->txn) ? LULL_MS : (int)w->conf.commit_ms;
}

static toc_rc gather(struct toc_worker *w, struct toc_err *err)
{
    do {
        struct toc_poll poll;
        toc_rc rc = toc_consumer_poll(w->consumer, patience(w), &poll, err);
        if (toc_failed(rc)) {
            if (err->fate != TOC_FATE_RETRY)
                return rc;
            static struct toc_log_rate rate;
            toc_log_rated(&rate, TOC_LOG_WARN, w->name, "%s", err->text);
            return TOC_OK;
        }
        if (poll.kind == TOC_POLL_RECORD)
            TOC_TRY(take(w, &poll.record, err));
        else if (poll.kind == TOC_POLL_SKIPPED)
            TOC_TRY(skip(w, &poll, err));
        else
            return TOC_OK;
    } while (!full(w));
    return TOC_OK;
}

static toc_rc ask_parts(void *ctx, int32_t partition, struct toc_slice question, struct toc_buf *answer, struct toc_err *err)
{
    struct toc_worker *w = ctx;
    TOC_ENSURE(w->conf.stage->ask != NULL, err, TOC_E_NOTFOUND, "%s is not asked anything", w->conf.stage->name);
    if (partition >= 0) {
        struct part *part = parts_find(&w->parts, partition);
        TOC_ENSURE(part != NULL, err, TOC_E_NOTFOUND, "partition %" PRId32 " is not here", partition);
        return w->conf.stage->ask(part->instance, question, answer, err);
    }
    toc_buf_put_byte(answer, '[');
    for (size_t i = 0; i < w->parts.count; i++) {
        if (i != 0)
            toc_buf_put_byte(answer, ',');
        TOC_TRY(w->conf.stage->ask(w->parts.items[i].instance, question, answer, err));
    }
    toc_buf_put_byte(answer, ']');
    return TOC_OK;
}

static toc_rc run_loop(struct toc_worker *w, struct toc_err *err)
{
    while (!life_stopping(&w->life)) {
        life_beat(&w->life);
        life_without_work(&w->life, w->parts.count == 0 && toc_consumer_joined(w->consumer));
        TOC_TRY(gather(w, err));
        TOC_TRY(commit_or_again(w, err));
        mailbox_serve(&w->mailbox, ask_parts, w);
        if (w->ticker != NULL)
            TOC_TRY(ticker_turn(w->ticker, &w->parts, err));
    }
    return TOC_OK;
}

// --- life ------------------------------------------------------------------------------------------

static toc_rc build(struct toc_worker *w, struct toc_err *err)
{
    const struct toc_worker_conf *c = &w->conf;
    unsigned doublings = w->failures < PATIENCE_MAX ? w->failures : PATIENCE_MAX;
    const struct toc_txn_opts txn = {.id = w->name, .linger_ms = 2, .timeout_ms = (int64_t)TXN_MS << doublings};
    TOC_TRY(toc_txn_open(c->bus, c->log, &txn, &w->txn, err));
    if (c->stage->ticks)
        TOC_TRY(ticker_open(c, &w->ticker, err));
    char group[NAME_MAX_BYTES];
    snprintf(group, sizeof group, "%s%s", c->bus->prefix, c->stage->name);
    const char *topics[] = {c->stage->input};
    const struct toc_consumer_opts opts = {
            .isolation = TOC_READ_COMMITTED, .queue_kbytes = c->fetch_kbytes, .check_gaps = true};
    const struct toc_consumer_group member = {.group = group, .instance = w->name, .topics = topics, .topic_count = 1,
            .session_ms = c->session_ms};
    const struct toc_consumer_events events = {.assigned = assigned, .revoked = revoked, .ctx = w};
    return toc_consumer_join(c->bus, c->log, &opts, &member, &events, &w->consumer, err);
}

// What is in hand will not be committed: nor may it be by what a close revokes.
static void give_up(struct toc_worker *w)
{
    struct toc_err err;
    if (w->txn != NULL && toc_failed(abort_all(w, &err)))
        toc_log(TOC_LOG_WARN, w->name, "abort: %s", err.text);
    held_clear(&w->held);
    w->skipped = false;
}

static void tear_down(void *ctx, bool clean)
{
    struct toc_worker *w = ctx;
    struct toc_err err;
    if (!clean) {
        give_up(w);
        w->failures++;
    }
    if (toc_failed(toc_consumer_close(w->consumer, &err)))
        toc_log(TOC_LOG_WARN, w->name, "close: %s", err.text);
    w->consumer = NULL;
    ticker_close(w->ticker);
    w->ticker = NULL;
    toc_txn_close(w->txn);
    w->txn = NULL;
    held_done(&w->held);
    parts_drop_all(&w->parts);
}

// The producer's epoch is not ours any more: the broker gave up on a transaction, or a newer process of our name
// has begun. A newer one takes our place in the group next; whoever builds anew before that takes it back, and
// then the newer one would have to go. So the group is asked first: BUSY, or the failure as it was.
static toc_rc who_fenced(struct toc_worker *w, toc_rc why, struct toc_err *err)
{
    struct toc_err asked;
    int64_t until = toc_monotonic_ms(w->conf.clock) + FENCE_MS;
    give_up(w);
    while (!life_stopping(&w->life) && toc_monotonic_ms(w->conf.clock) < until) {
        struct toc_poll poll;
        life_beat(&w->life);
        toc_rc rc = toc_consumer_poll(w->consumer, FENCE_POLL_MS, &poll, &asked);
        if (!toc_failed(rc) && poll.kind == TOC_POLL_RECORD)
            toc_record_done(&poll.record); // whoever goes on reads it
        if (!toc_failed(rc) || asked.fate == TOC_FATE_RETRY)
            continue;
        if (rc.code != TOC_E_BUSY)
            break; // partitions left or came, which cannot be served now: there is no more to learn
        *err = asked;
        return rc;
    }
    return why;
}

static toc_rc run(void *ctx, struct toc_err *err)
{
    struct toc_worker *w = ctx;
    TOC_TRY(build(w, err));
    toc_rc rc = run_loop(w, err);
    bool fenced = toc_failed(rc) && rc.code != TOC_E_BUSY && toc_txn_fenced(w->txn);
    return fenced ? who_fenced(w, rc, err) : rc;
}

static void register_metrics(struct toc_worker *w)
{
    struct toc_metrics *m = w->conf.metrics;
    struct toc_buf labels;
    toc_buf_init(&labels, 512);
    toc_metrics_label(&labels, "worker", w->name);
    const char *l = toc_buf_cstr(&labels);
    w->metrics = (struct metrics){
            .records = toc_counter(m, "tocsin_worker_records_total", l, "Input records stepped, repeats after an abort included."),
            .commits = toc_counter(m, "tocsin_worker_commits_total", l, "Transactions committed."),
            .aborts = toc_counter(m, "tocsin_worker_aborts_total", l, "Transactions aborted and rolled back."),
            .skipped = toc_counter(m, "tocsin_worker_skipped_offsets_total", l, "Offsets in batches nobody can decode."),
            .blocks = toc_counter(m, "tocsin_worker_state_blocks_total", l, "Records written to the state log."),
            .replayed = toc_counter(m, "tocsin_worker_replayed_records_total", l, "Records done again after an abort."),
            .commit_ms = toc_histogram_ms(m, "tocsin_worker_commit_milliseconds", "Duration of commits."),
    };
    w->life.rebuilds = toc_counter(m, "tocsin_worker_rebuilds_total", l, "Times everything was built anew.");
    w->parts.restored = toc_counter(m, "tocsin_worker_restored_entries_total", l, "Entries read back from the state log.");
    toc_buf_done(&labels);
}

toc_rc toc_worker_start(const struct toc_worker_conf *conf, struct toc_worker **out, struct toc_err *err)
{
    struct toc_worker *w = toc_mem_alloc(1, sizeof *w);
    if (w == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for a worker");
    w->conf = *conf;
    w->parts.conf = &w->conf;
    snprintf(w->name, sizeof w->name, "%s%s-%s-%d", conf->bus->prefix, conf->hub_id, conf->stage->name, conf->number);
    mailbox_init(&w->mailbox);
    w->life = (struct life){.name = w->name, .clock = conf->clock, .run = run, .tear_down = tear_down, .ctx = w,
            .ended_fd = conf->ended_fd};
    register_metrics(w);
    toc_rc rc = life_start(&w->life, err);
    if (toc_failed(rc)) {
        mailbox_done(&w->mailbox);
        toc_mem_free(w);
        return rc;
    }
    *out = w;
    return TOC_OK;
}

void toc_worker_stop(struct toc_worker *w)
{
    if (w == NULL)
        return;
    life_join(&w->life);
    mailbox_done(&w->mailbox);
    toc_mem_free(w);
}

void toc_worker_tell_stop(struct toc_worker *w)
{
    if (w != NULL)
        life_tell(&w->life);
}

enum toc_worker_life toc_worker_life(const struct toc_worker *w)
{
    return (enum toc_worker_life)atomic_load(&w->life.state);
}

int64_t toc_worker_beat_ms(const struct toc_worker *w)
{
    return atomic_load(&w->life.beat);
}

toc_rc toc_worker_ask(struct toc_worker *w, int32_t partition, struct toc_slice question, int timeout_ms,
        struct toc_buf *answer, struct toc_err *err)
{
    return mailbox_ask(&w->mailbox, partition, question, timeout_ms, answer, err);
}
