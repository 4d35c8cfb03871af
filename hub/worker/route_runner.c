#include "hub/worker/route_runner.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hub/route/route.h"
#include "hub/worker/flight.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/bus/admin.h"
#include "lib/bus/consumer.h"
#include "lib/bus/producer.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/topics.h"

// One turn: new decisions -> records, each sent on as it comes -> reports -> offsets, once a second.

#define NAME_MAX_BYTES 160
#define ADMIN_TIMEOUT_MS 15000
#define CONTROL_POLL_MS 500
#define IDLE_POLL_MS 100
#define BUSY_POLL_MS 5     // with something on its way: its report is due
#define TURN_RECORDS 1000  // between two looks at decisions and reports
#define WAITING_MAX 50000  // sends on their way: then nothing more is taken
#define COMMIT_MS 1000
#define COMMIT_TIMEOUT_MS 2000
#define FLUSH_MS 1500      // for what is on its way when partitions leave
#define BACK_POLL_MS 5000  // a member that never polls is put out of its group
#define BAR_MS 60000       // a topic that cannot be written is left alone for so long
#define BARRED_MAX 64
#define BACK_FIRST_MS 500  // between two tries to send again; doubled while they fail: each repeats a little
#define BACK_MOST_MS 30000
#define SOUND_MS 5000      // without another failure for so long: it runs again
#define AUDIENCES_MAX 8    // schemas/control.avsc: Genesis
#define RECEIPTS (-1)      // a lane's `what`; else the index of an audience

struct barred {
    char topic[TOC_TOPIC_NAME_MAX];
    int64_t until_ms; // monotonic
};

struct metrics {
    struct toc_metric *records, *changes, *receipts, *pivots, *dropped, *again, *unreadable, *waiting, *interests, *time;
};

struct toc_route_runner {
    struct toc_route_runner_conf conf;
    char name[NAME_MAX_BYTES];
    struct toc_topic_name pivots, receipts;
    struct life life;
    struct metrics metrics;

    // The thread's own.
    struct toc_route *route;
    struct toc_consumer *control, *consumer;
    struct toc_producer *producer;
    struct flight flight;
    struct barred barred[BARRED_MAX];
    size_t barred_next;
    int64_t committed_ms, polled_ms, back_ms; // monotonic, when last
    int64_t back_wait_ms;
};

static int64_t now_ms(const struct toc_route_runner *r)
{
    return toc_monotonic_ms(r->conf.clock);
}

// --- topics of members that cannot be written --------------------------------------------------------

static bool is_barred(const struct toc_route_runner *r, const char *topic)
{
    for (size_t i = 0; i < BARRED_MAX; i++)
        if (r->barred[i].until_ms != 0 && strcmp(r->barred[i].topic, topic) == 0)
            return now_ms(r) < r->barred[i].until_ms;
    return false;
}

static void bar(struct toc_route_runner *r, const char *topic, const struct toc_err *why)
{
    toc_metric_add(r->metrics.dropped, 1);
    if (is_barred(r, topic))
        return;
    toc_log(TOC_LOG_ERROR, r->name, "what is for %s is dropped: %s", topic, why->text);
    struct barred *b = &r->barred[r->barred_next++ % BARRED_MAX];
    for (size_t i = 0; i < BARRED_MAX; i++)
        if (strcmp(r->barred[i].topic, topic) == 0)
            b = &r->barred[i];
    snprintf(b->topic, sizeof b->topic, "%s", topic);
    b->until_ms = now_ms(r) + BAR_MS;
}

// Is it the topic's own fault, and only its reader's loss?
static bool concerns_one_member(const struct toc_route_runner *r, const char *topic, const struct toc_err *error)
{
    return strcmp(topic, r->pivots.text) != 0 &&
            (error->code == TOC_E_NOTFOUND || error->code == TOC_E_AUTH || error->fate == TOC_FATE_RECORD);
}

// --- sending -------------------------------------------------------------------------------------------

static void delivered(void *ctx, const struct toc_delivery *d)
{
    struct toc_route_runner *r = ctx;
    bool ok = d->error == NULL;
    if (!ok && !d->fell && concerns_one_member(r, d->topic, d->error)) {
        bar(r, d->topic, d->error);
        ok = true;
    }
    if (!ok) {
        static struct toc_log_rate rate;
        toc_log_rated(&rate, TOC_LOG_WARN, r->name, "will be sent again: %s", d->error->text);
    }
    flight_landed(&r->flight, d->opaque, ok);
}

struct sending {
    struct toc_route_runner *r;
    struct flown *flown;
};

static struct toc_metric *metric_of(const struct toc_route_runner *r, enum toc_route_out where)
{
    return where == TOC_ROUTE_INTEREST ? r->metrics.changes
            : where == TOC_ROUTE_RECEIPT ? r->metrics.receipts
                                         : r->metrics.pivots;
}

static struct toc_topic_name topic_of(const struct toc_route_runner *r, const struct toc_route_record *record)
{
    switch (record->where) {
    case TOC_ROUTE_INTEREST:
        return toc_topic(r->conf.bus->prefix, TOC_TOPIC_INTEREST, record->whose);
    case TOC_ROUTE_RECEIPT:
        return toc_topic(r->conf.bus->prefix, TOC_TOPIC_RECEIPTS, record->whose);
    case TOC_ROUTE_PIVOT:
        break;
    }
    return r->pivots;
}

// Waits for room. BUSY (RETRY) when there will be none soon: the record is taken again later.
static toc_rc send_or_wait(struct toc_route_runner *r, const struct toc_send *send, struct flown *flown, struct toc_err *err)
{
    int64_t until = now_ms(r) + FLUSH_MS;
    for (;;) {
        toc_rc rc = toc_producer_send(r->producer, send, flown, err);
        if (rc.code != TOC_E_BUSY || now_ms(r) >= until || life_stopping(&r->life) || r->flight.failed)
            return rc;
        toc_producer_serve(r->producer, BUSY_POLL_MS);
    }
}

static toc_rc emit(void *ctx, const struct toc_route_record *record, struct toc_err *err)
{
    struct sending *s = ctx;
    struct toc_route_runner *r = s->r;
    struct toc_topic_name topic = topic_of(r, record);
    const struct toc_send send = {.topic = topic.text, .partition = record->partition, .timestamp_ms = record->time,
            .key = record->key, .value = record->value};
    if (record->where != TOC_ROUTE_PIVOT && is_barred(r, topic.text)) {
        toc_metric_add(r->metrics.dropped, 1);
        return TOC_OK;
    }
    toc_rc rc = send_or_wait(r, &send, s->flown, err);
    if (!toc_failed(rc)) {
        flight_sent(&r->flight, s->flown);
        toc_metric_add(metric_of(r, record->where), 1);
    } else if (rc.code != TOC_E_BUSY && concerns_one_member(r, topic.text, err)) {
        bar(r, topic.text, err);
        rc = TOC_OK;
    }
    return rc;
}

static toc_rc route_record(struct toc_route_runner *r, const struct lane *lane, const struct toc_record *record,
        struct flown *flown, struct toc_err *err)
{
    struct sending sending = {.r = r, .flown = flown};
    const struct toc_route_input input = {
            .partition = record->partition,
            .offset = record->offset,
            .time = record->timestamp_ms,
            .has_value = record->has_value,
            .key = record->key,
            .value = record->value,
    };
    return lane->what == RECEIPTS ? toc_route_receipt(r->route, &input, emit, &sending, err)
                                  : toc_route_view(r->route, lane->what, &input, emit, &sending, err);
}

static toc_rc take(struct toc_route_runner *r, const struct toc_record *record, struct toc_err *err)
{
    struct lane *lane = flight_find(&r->flight, record->topic, record->partition);
    if (lane == NULL || r->flight.failed) // it comes again
        return TOC_OK;
    struct flown *flown = flight_take(lane, record->offset);
    if (flown == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for a record");
    toc_rc rc = route_record(r, lane, record, flown, err);
    bool later = toc_failed(rc) && err->fate == TOC_FATE_RETRY;
    flight_taken(&r->flight, flown, !toc_failed(rc));
    toc_metric_add(r->metrics.records, 1);
    toc_metric_set(r->metrics.time, record->timestamp_ms / TOC_MS_SECOND);
    return later ? TOC_OK : rc;
}

// --- offsets -------------------------------------------------------------------------------------------

static toc_rc commit(struct toc_route_runner *r, struct toc_err *err)
{
    struct toc_offset *offsets = toc_mem_alloc(r->flight.count, sizeof *offsets);
    size_t count = 0;
    if (offsets == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for offsets");
    for (size_t i = 0; i < r->flight.count; i++) {
        const struct lane *lane = r->flight.lanes[i];
        if (lane->confirmed != lane->committed)
            offsets[count++] = (struct toc_offset){
                    .topic = lane->topic, .partition = lane->partition, .offset = lane->confirmed};
    }
    toc_rc rc = count == 0 ? TOC_OK : toc_consumer_commit(r->consumer, offsets, count, COMMIT_TIMEOUT_MS, err);
    for (size_t i = 0; i < r->flight.count && !toc_failed(rc); i++)
        r->flight.lanes[i]->committed = r->flight.lanes[i]->confirmed;
    toc_mem_free(offsets);
    r->committed_ms = now_ms(r);
    if (toc_failed(rc) && err->fate == TOC_FATE_RETRY) { // a later one covers it; at worst something is repeated
        static struct toc_log_rate rate;
        toc_log_rated(&rate, TOC_LOG_WARN, r->name, "%s", err->text);
        return TOC_OK;
    }
    return rc;
}

// What is on its way has a moment to land.
static toc_rc finish(struct toc_route_runner *r, struct toc_err *err)
{
    struct toc_err late;
    if (toc_failed(toc_producer_flush(r->producer, FLUSH_MS, &late)))
        toc_log(TOC_LOG_WARN, r->name, "some will be repeated: %s", late.text);
    return commit(r, err);
}

// Something was lost on the way: when the rest has landed, everything behind it is read and sent again, so
// that nothing overtakes it.
static toc_rc go_back(struct toc_route_runner *r, struct toc_err *err)
{
    toc_log(TOC_LOG_WARN, r->name, "sending again what was not confirmed");
    toc_metric_add(r->metrics.again, 1);
    r->back_ms = now_ms(r);
    r->back_wait_ms = r->back_wait_ms * 2 > BACK_MOST_MS ? BACK_MOST_MS : r->back_wait_ms * 2;
    flight_back(&r->flight);
    for (size_t i = 0; i < r->flight.count; i++) {
        const struct lane *lane = r->flight.lanes[i];
        TOC_TRY(toc_consumer_seek(r->consumer, lane->topic, lane->partition, lane->confirmed, err));
    }
    return TOC_OK;
}

// --- rebalance -----------------------------------------------------------------------------------------

static int what_of(const struct toc_route_runner *r, const char *topic)
{
    const struct toc_genesis *genesis = toc_route_genesis(r->route);
    for (size_t a = 0; a < genesis->audiences_count; a++)
        if (strcmp(topic, toc_topic(r->conf.bus->prefix, TOC_TOPIC_INDICATORS, genesis->audiences[a].name).text) == 0)
            return (int)a;
    return RECEIPTS;
}

// Where the group left off, or what is left of the log behind that: receipts live for a week only.
static toc_rc choose_start(struct toc_admin *admin, struct toc_assigned *part, struct toc_err *err)
{
    int64_t first, end;
    TOC_TRY(toc_admin_offsets(admin, part->topic, part->partition, TOC_READ_UNCOMMITTED, &first, &end, err));
    part->start = part->committed == TOC_OFFSET_NONE || part->committed < first ? first : part->committed;
    return TOC_OK;
}

static toc_rc assigned(void *ctx, struct toc_assigned *parts, size_t count, struct toc_err *err)
{
    struct toc_route_runner *r = ctx;
    struct toc_admin *admin;
    TOC_TRY(toc_admin_open(r->conf.bus, r->conf.log, ADMIN_TIMEOUT_MS, &admin, err));
    toc_rc rc = TOC_OK;
    for (size_t i = 0; i < count && !toc_failed(rc); i++)
        rc = choose_start(admin, &parts[i], err);
    toc_admin_close(admin);
    for (size_t i = 0; i < count && !toc_failed(rc); i++)
        rc = flight_open(&r->flight, parts[i].topic, parts[i].partition, what_of(r, parts[i].topic), parts[i].start, err);
    return rc;
}

static toc_rc revoked(void *ctx, const struct toc_offset *parts, size_t count, bool lost, struct toc_err *err)
{
    struct toc_route_runner *r = ctx;
    toc_rc rc = lost ? TOC_OK : finish(r, err);
    for (size_t i = 0; i < count; i++) {
        struct lane *lane = flight_find(&r->flight, parts[i].topic, parts[i].partition);
        if (lane != NULL)
            flight_close(&r->flight, lane);
    }
    return rc;
}

// --- decisions -------------------------------------------------------------------------------------------

static void complain(void *ctx, const char *text)
{
    const struct toc_route_runner *r = ctx;
    toc_log(TOC_LOG_ERROR, r->name, "%s", text);
}

static toc_rc open_control(struct toc_route_runner *r, struct toc_err *err)
{
    struct toc_topic_name topic = toc_topic(r->conf.bus->prefix, TOC_TOPIC_CONTROL, TOC_S(""));
    const struct toc_consumer_opts opts = {.isolation = TOC_READ_COMMITTED, .small_waits = true};
    struct toc_consumer_start start = {.topic = topic.text};
    struct toc_admin *admin;
    TOC_TRY(toc_admin_open(r->conf.bus, r->conf.log, ADMIN_TIMEOUT_MS, &admin, err));
    toc_rc rc = toc_admin_offsets(admin, topic.text, 0, TOC_READ_UNCOMMITTED, &start.offset, &start.end, err);
    toc_admin_close(admin);
    TOC_TRY(rc);
    return toc_consumer_read(r->conf.bus, r->conf.log, &opts, &start, 1, &r->control, err);
}

// One record of control, if there is one within the time.
static toc_rc poll_control(struct toc_route_runner *r, int timeout_ms, bool *out_more, struct toc_err *err)
{
    struct toc_poll poll;
    *out_more = false;
    toc_rc rc = toc_consumer_poll(r->control, timeout_ms, &poll, err);
    if (toc_failed(rc))
        return err->fate == TOC_FATE_RETRY ? TOC_OK : rc;
    *out_more = poll.kind != TOC_POLL_NOTHING;
    if (poll.kind != TOC_POLL_RECORD)
        return TOC_OK;
    if (poll.record.has_value)
        rc = toc_route_decision(r->route, poll.record.value, err);
    toc_record_done(&poll.record);
    return rc;
}

static toc_rc new_decisions(struct toc_route_runner *r, struct toc_err *err)
{
    bool more = true, any = false;
    while (more) {
        TOC_TRY(poll_control(r, 0, &more, err));
        any = any || more;
    }
    struct toc_route_totals totals;
    TOC_TRY(toc_route_totals(r->route, &totals, err));
    toc_metric_set(r->metrics.interests, (int64_t)totals.interests);
    toc_metric_set(r->metrics.unreadable, (int64_t)totals.unreadable);
    if (any)
        toc_log(TOC_LOG_INFO, r->name, "new decisions: %zu interests", totals.interests);
    return TOC_OK;
}

// All that is decided so far, genesis at least.
static toc_rc first_decisions(struct toc_route_runner *r, struct toc_err *err)
{
    while (!life_stopping(&r->life) && (!toc_consumer_ended(r->control) || toc_route_genesis(r->route) == NULL)) {
        bool more;
        life_beat(&r->life);
        TOC_TRY(poll_control(r, CONTROL_POLL_MS, &more, err));
    }
    return TOC_OK;
}

// --- the loop ----------------------------------------------------------------------------------------------

static toc_rc take_event(struct toc_route_runner *r, int timeout_ms, bool *out_more, struct toc_err *err)
{
    struct toc_poll poll;
    *out_more = false;
    r->polled_ms = now_ms(r);
    toc_rc rc = toc_consumer_poll(r->consumer, timeout_ms, &poll, err);
    if (toc_failed(rc)) {
        if (err->fate != TOC_FATE_RETRY)
            return rc;
        static struct toc_log_rate rate;
        toc_log_rated(&rate, TOC_LOG_WARN, r->name, "%s", err->text);
        return TOC_OK;
    }
    *out_more = poll.kind != TOC_POLL_NOTHING;
    if (poll.kind == TOC_POLL_SKIPPED)
        toc_log(TOC_LOG_ERROR, r->name, "%s, partition %" PRId32 ": offsets %" PRId64 " to %" PRId64 " cannot be decoded",
                poll.topic, poll.partition, poll.offset, poll.next - 1);
    if (poll.kind != TOC_POLL_RECORD)
        return TOC_OK;
    rc = take(r, &poll.record, err);
    toc_record_done(&poll.record);
    return rc;
}

static bool may_take(const struct toc_route_runner *r)
{
    return !r->flight.failed && r->flight.waiting < WAITING_MAX;
}

// What is taken while nothing may be is dropped and comes again: only so that the group sees us alive.
static toc_rc take_some(struct toc_route_runner *r, struct toc_err *err)
{
    bool more = true;
    if (!may_take(r)) {
        toc_producer_serve(r->producer, IDLE_POLL_MS);
        if (now_ms(r) - r->polled_ms < BACK_POLL_MS)
            return TOC_OK;
        r->flight.failed = true;
        return take_event(r, 0, &more, err);
    }
    for (int i = 0; i < TURN_RECORDS && more && may_take(r); i++) {
        int patience = i > 0 ? 0 : r->flight.waiting > 0 ? BUSY_POLL_MS : IDLE_POLL_MS;
        TOC_TRY(take_event(r, patience, &more, err));
        toc_producer_serve(r->producer, 0);
    }
    return TOC_OK;
}

// Troubled from a failure until nothing has failed for a while.
static toc_rc take_stock(struct toc_route_runner *r, struct toc_err *err)
{
    int64_t since_back = now_ms(r) - r->back_ms;
    if (r->flight.failed) {
        life_is(&r->life, TOC_WORKER_TROUBLED);
        return r->flight.waiting == 0 && since_back >= r->back_wait_ms ? go_back(r, err) : TOC_OK;
    }
    if (since_back < SOUND_MS)
        return TOC_OK;
    r->back_wait_ms = BACK_FIRST_MS;
    if (r->flight.count > 0)
        life_is(&r->life, TOC_WORKER_RUNNING);
    return TOC_OK;
}

static toc_rc turn(struct toc_route_runner *r, struct toc_err *err)
{
    life_without_work(&r->life, r->flight.count == 0 && toc_consumer_joined(r->consumer));
    TOC_TRY(new_decisions(r, err));
    TOC_TRY(take_some(r, err));
    toc_producer_serve(r->producer, 0);
    toc_metric_set(r->metrics.waiting, (int64_t)r->flight.waiting);
    TOC_TRY(take_stock(r, err));
    return now_ms(r) - r->committed_ms < COMMIT_MS ? TOC_OK : commit(r, err);
}

static toc_rc join(struct toc_route_runner *r, struct toc_err *err)
{
    const struct toc_genesis *genesis = toc_route_genesis(r->route);
    struct toc_topic_name names[AUDIENCES_MAX];
    const char *topics[AUDIENCES_MAX + 1];
    size_t count = 0;
    char group[NAME_MAX_BYTES];
    for (; count < genesis->audiences_count && count < AUDIENCES_MAX; count++) {
        names[count] = toc_topic(r->conf.bus->prefix, TOC_TOPIC_INDICATORS, genesis->audiences[count].name);
        topics[count] = names[count].text;
    }
    topics[count++] = r->receipts.text;
    snprintf(group, sizeof group, "%sroute", r->conf.bus->prefix);
    const struct toc_consumer_opts opts = {.isolation = TOC_READ_COMMITTED, .queue_kbytes = r->conf.fetch_kbytes};
    const struct toc_consumer_group member = {
            .group = group, .instance = r->name, .topics = topics, .topic_count = count, .session_ms = r->conf.session_ms};
    const struct toc_consumer_events events = {.assigned = assigned, .revoked = revoked, .ctx = r};
    return toc_consumer_join(r->conf.bus, r->conf.log, &opts, &member, &events, &r->consumer, err);
}

static toc_rc build(struct toc_route_runner *r, struct toc_err *err)
{
    struct toc_route_conf conf = {.complain = complain, .ctx = r};
    // Retried for ever: a record that was given up would be overtaken by the next one.
    const struct toc_producer_opts opts = {.delivered = delivered, .ctx = r, .compression = "lz4", .linger_ms = 5,
            .delivery_ms = INT32_MAX, .queue_records = 2 * WAITING_MAX};
    memcpy(conf.genesis_digest, r->conf.genesis_digest, sizeof conf.genesis_digest);
    r->committed_ms = r->polled_ms = now_ms(r);
    r->back_ms = r->committed_ms - SOUND_MS;
    r->back_wait_ms = BACK_FIRST_MS;
    TOC_TRY(toc_route_new(&conf, &r->route, err));
    TOC_TRY(toc_producer_open(r->conf.bus, r->conf.log, &opts, &r->producer, err));
    TOC_TRY(open_control(r, err));
    return first_decisions(r, err);
}

static toc_rc run(void *ctx, struct toc_err *err)
{
    struct toc_route_runner *r = ctx;
    TOC_TRY(build(r, err));
    if (life_stopping(&r->life))
        return TOC_OK;
    TOC_TRY(join(r, err));
    while (!life_stopping(&r->life)) {
        life_beat(&r->life);
        TOC_TRY(turn(r, err));
    }
    return TOC_OK; // closing the consumer gives its partitions back: then it finishes
}

static void tear_down(void *ctx, bool clean)
{
    struct toc_route_runner *r = ctx;
    struct toc_err err;
    (void)clean; // what is confirmed is so whatever failed
    if (toc_failed(toc_consumer_close(r->consumer, &err)))
        toc_log(TOC_LOG_WARN, r->name, "close: %s", err.text);
    toc_consumer_close(r->control, NULL);
    toc_producer_close(r->producer); // reports the rest
    flight_done(&r->flight);
    toc_route_free(r->route);
    r->consumer = r->control = NULL;
    r->producer = NULL;
    r->route = NULL;
}

// --- life ------------------------------------------------------------------------------------------------

static void register_metrics(struct toc_route_runner *r)
{
    struct toc_metrics *m = r->conf.metrics;
    static const char sent[] = "tocsin_route_sent_total", sent_help[] = "Records sent on, repeats included.";
    r->metrics = (struct metrics){
            .records = toc_counter(m, "tocsin_route_records_total", "", "Records of indicators and receipts taken."),
            .changes = toc_counter(m, sent, "to=\"interest\"", sent_help),
            .receipts = toc_counter(m, sent, "to=\"receipts\"", sent_help),
            .pivots = toc_counter(m, sent, "to=\"pivots\"", sent_help),
            .dropped = toc_counter(m, "tocsin_route_dropped_total", "",
                    "Records dropped because their member's topic is missing or may not be written."),
            .again = toc_counter(m, "tocsin_route_again_total", "", "Times unconfirmed records were sent again."),
            .unreadable = toc_gauge(m, "tocsin_route_unreadable", "", "Records that could not be read, since it was built."),
            .waiting = toc_gauge(m, "tocsin_route_waiting", "", "Records sent and not yet confirmed."),
            .interests = toc_gauge(m, "tocsin_route_interests", "", "Interests in force."),
            .time = toc_gauge(m, "tocsin_route_time_seconds", "",
                    "Time of the record routed last; more than a few hours behind, pivots may be missed (compaction)."),
    };
    r->life.rebuilds = toc_counter(m, "tocsin_route_rebuilds_total", "", "Times everything was built anew.");
}

toc_rc toc_route_runner_start(const struct toc_route_runner_conf *conf, struct toc_route_runner **out, struct toc_err *err)
{
    struct toc_route_runner *r = toc_mem_alloc(1, sizeof *r);
    if (r == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for route");
    r->conf = *conf;
    r->pivots = toc_topic(conf->bus->prefix, TOC_TOPIC_PIVOTS, TOC_S(""));
    r->receipts = toc_topic(conf->bus->prefix, TOC_TOPIC_RECEIPTS, TOC_S(""));
    snprintf(r->name, sizeof r->name, "%s%s-route-0", conf->bus->prefix, conf->hub_id);
    r->life = (struct life){.name = r->name, .clock = conf->clock, .run = run, .tear_down = tear_down, .ctx = r,
            .ended_fd = conf->ended_fd};
    register_metrics(r);
    toc_rc rc = life_start(&r->life, err);
    if (toc_failed(rc)) {
        toc_mem_free(r);
        return rc;
    }
    *out = r;
    return TOC_OK;
}

void toc_route_runner_tell_stop(struct toc_route_runner *r)
{
    if (r != NULL)
        life_tell(&r->life);
}

void toc_route_runner_stop(struct toc_route_runner *r)
{
    if (r == NULL)
        return;
    life_join(&r->life);
    toc_mem_free(r);
}

enum toc_worker_life toc_route_runner_life(const struct toc_route_runner *r)
{
    return (enum toc_worker_life)atomic_load(&r->life.state);
}

int64_t toc_route_runner_beat_ms(const struct toc_route_runner *r)
{
    return atomic_load(&r->life.beat);
}
