// The exactly-once loop without a broker: the bus below it is played from a script, with one fault in it. Whatever
// the fault, what is committed in the end is each offset once and in order.
#include "tests/support/unit.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "hub/worker/worker.h"
#include "lib/base/mem.h"
#include "lib/bus/admin.h"
#include "lib/bus/consumer.h"
#include "lib/bus/producer.h"
#include "lib/bus/txn.h"

#define INPUT "input"
#define STATE_LOG "state"
#define OUTPUT "output"
#define PARTITIONS 2
#define TEXT_MAX 256
#define WAIT_S 20

// --- the bus -------------------------------------------------------------------------------------------

struct event { // in the log of a partition; offsets [offset, next)
    int32_t partition;
    int64_t offset, next;
    bool undecodable;
    bool writers_time; // a record with CreateTime
};

static struct {
    pthread_mutex_t lock; // guards what the test looks at
    pthread_cond_t moved;
    char committed[TEXT_MAX]; // what each offset caused, in order
    int joins;                // the worker was built so often

    const struct event *events;
    size_t count, at;         // in the order in which they are polled
    bool fail_commit;         // the first commit: the transaction has to be aborted
    bool lose_other;          // behind the last event, once: partition 1 is lost
    bool assigned, open;
    int64_t offsets[PARTITIONS]; // committed
    char pending[TEXT_MAX];
    struct toc_offset pending_offsets[PARTITIONS];
    size_t pending_count;
    struct toc_consumer_events told;
} bus;

toc_rc toc_consumer_join(const struct toc_bus_conf *conf, struct toc_bus_log log, const struct toc_consumer_opts *opts,
        const struct toc_consumer_group *group, const struct toc_consumer_events *events, struct toc_consumer **out,
        struct toc_err *err)
{
    (void)conf, (void)log, (void)opts, (void)group, (void)err;
    pthread_mutex_lock(&bus.lock);
    bus.joins++;
    pthread_mutex_unlock(&bus.lock);
    bus.told = *events;
    bus.assigned = false;
    *out = (struct toc_consumer *)&bus;
    return TOC_OK;
}

static toc_rc assign(struct toc_err *err)
{
    struct toc_assigned parts[PARTITIONS];
    for (int32_t p = 0; p < PARTITIONS; p++)
        parts[p] = (struct toc_assigned){.topic = INPUT, .partition = p, .committed = bus.offsets[p], .metadata = ""};
    bus.assigned = true;
    bus.at = 0;
    return bus.told.assigned(bus.told.ctx, parts, PARTITIONS, err);
}

bool toc_consumer_joined(const struct toc_consumer *consumer)
{
    (void)consumer;
    return bus.assigned;
}

toc_rc toc_consumer_poll(struct toc_consumer *consumer, int timeout_ms, struct toc_poll *out, struct toc_err *err)
{
    (void)consumer, (void)timeout_ms;
    *out = (struct toc_poll){.kind = TOC_POLL_NOTHING};
    if (!bus.assigned)
        return assign(err);
    while (bus.at < bus.count && bus.events[bus.at].offset < bus.offsets[bus.events[bus.at].partition])
        bus.at++;
    if (bus.at < bus.count) {
        const struct event *e = &bus.events[bus.at++];
        if (e->undecodable)
            *out = (struct toc_poll){.kind = TOC_POLL_SKIPPED, .topic = INPUT, .partition = e->partition,
                    .offset = e->offset, .next = e->next};
        else
            *out = (struct toc_poll){.kind = TOC_POLL_RECORD,
                    .record = {.topic = INPUT, .partition = e->partition, .offset = e->offset,
                            .timestamp_ms = 1790000000000, .append_time = !e->writers_time, .has_value = true}};
        return TOC_OK;
    }
    if (bus.lose_other) {
        const struct toc_offset other = {.topic = INPUT, .partition = 1};
        bus.lose_other = false;
        return bus.told.revoked(bus.told.ctx, &other, 1, true, err);
    }
    sched_yield(); // the test ends the worker as soon as all is committed
    return TOC_OK;
}

toc_rc toc_consumer_close(struct toc_consumer *consumer, struct toc_err *err)
{
    (void)consumer, (void)err;
    return TOC_OK;
}

// Reading the state log: it is empty as long as nothing is committed.
toc_rc toc_consumer_read(const struct toc_bus_conf *conf, struct toc_bus_log log, const struct toc_consumer_opts *opts,
        const struct toc_consumer_start *starts, size_t count, struct toc_consumer **out, struct toc_err *err)
{
    (void)conf, (void)log, (void)opts, (void)starts, (void)count, (void)err;
    *out = (struct toc_consumer *)&bus;
    return TOC_OK;
}

bool toc_consumer_ended(const struct toc_consumer *consumer)
{
    (void)consumer;
    return true;
}

toc_rc toc_admin_open(const struct toc_bus_conf *conf, struct toc_bus_log log, int timeout_ms, struct toc_admin **out,
        struct toc_err *err)
{
    (void)conf, (void)log, (void)timeout_ms, (void)err;
    *out = (struct toc_admin *)&bus;
    return TOC_OK;
}

void toc_admin_close(struct toc_admin *admin)
{
    (void)admin;
}

toc_rc toc_admin_offsets(struct toc_admin *admin, const char *topic, int32_t partition, enum toc_isolation isolation,
        int64_t *out_begin, int64_t *out_end, struct toc_err *err)
{
    (void)admin, (void)topic, (void)partition, (void)isolation, (void)err;
    *out_begin = *out_end = 0;
    return TOC_OK;
}

toc_rc toc_txn_open(const struct toc_bus_conf *conf, struct toc_bus_log log, const struct toc_txn_opts *opts,
        struct toc_txn **out, struct toc_err *err)
{
    (void)conf, (void)log, (void)opts, (void)err;
    *out = (struct toc_txn *)&bus;
    return TOC_OK;
}

toc_rc toc_txn_begin(struct toc_txn *txn, struct toc_err *err)
{
    (void)txn, (void)err;
    bus.open = true;
    bus.pending[0] = '\0';
    bus.pending_count = 0;
    return TOC_OK;
}

toc_rc toc_txn_put(struct toc_txn *txn, const struct toc_send *record, struct toc_err *err)
{
    (void)txn, (void)err;
    if (strcmp(record->topic, OUTPUT) == 0) {
        size_t len = strlen(bus.pending);
        snprintf(bus.pending + len, sizeof bus.pending - len, "%.*s ", TOC_SLICE_ARG(record->value));
    }
    return TOC_OK;
}

toc_rc toc_txn_offsets(struct toc_txn *txn, struct toc_consumer *consumer, const struct toc_offset *offsets, size_t count,
        struct toc_err *err)
{
    (void)txn, (void)consumer, (void)err;
    memcpy(bus.pending_offsets, offsets, count * sizeof *offsets);
    bus.pending_count = count;
    return TOC_OK;
}

toc_rc toc_txn_commit(struct toc_txn *txn, struct toc_err *err)
{
    (void)txn;
    if (bus.fail_commit) {
        bus.fail_commit = false;
        return toc_fail_fate(err, TOC_FATE_ABORT_TXN, TOC_E_TIMEOUT, "a fault");
    }
    bus.open = false;
    for (size_t i = 0; i < bus.pending_count; i++)
        bus.offsets[bus.pending_offsets[i].partition] = bus.pending_offsets[i].offset;
    pthread_mutex_lock(&bus.lock);
    size_t len = strlen(bus.committed);
    snprintf(bus.committed + len, sizeof bus.committed - len, "%s", bus.pending);
    pthread_cond_signal(&bus.moved);
    pthread_mutex_unlock(&bus.lock);
    return TOC_OK;
}

toc_rc toc_txn_abort(struct toc_txn *txn, struct toc_err *err)
{
    (void)txn, (void)err;
    bus.open = false;
    return TOC_OK;
}

bool toc_txn_is_open(const struct toc_txn *txn)
{
    (void)txn;
    return bus.open;
}

bool toc_txn_fenced(const struct toc_txn *txn)
{
    (void)txn;
    return false;
}

void toc_txn_close(struct toc_txn *txn)
{
    (void)txn;
    bus.open = false;
}

toc_rc toc_producer_open(const struct toc_bus_conf *conf, struct toc_bus_log log, const struct toc_producer_opts *opts,
        struct toc_producer **out, struct toc_err *err)
{
    (void)conf, (void)log, (void)opts, (void)err;
    *out = (struct toc_producer *)&bus;
    return TOC_OK;
}

toc_rc toc_producer_send(struct toc_producer *producer, const struct toc_send *record, void *opaque, struct toc_err *err)
{
    (void)producer, (void)record, (void)opaque, (void)err;
    return TOC_OK;
}

size_t toc_producer_serve(struct toc_producer *producer, int timeout_ms)
{
    (void)producer, (void)timeout_ms;
    return 0;
}

void toc_producer_close(struct toc_producer *producer)
{
    (void)producer;
}

// --- the stage: says of every offset what came ---------------------------------------------------------

static toc_rc stage_open(void *ctx, int32_t partition, struct toc_state *state, void **out, struct toc_err *err)
{
    static int32_t numbers[PARTITIONS] = {0, 1};
    (void)ctx, (void)state, (void)err;
    *out = &numbers[partition];
    return TOC_OK;
}

static void stage_close(void *instance)
{
    (void)instance;
}

static toc_rc say(const int32_t *partition, const char *what, int64_t offset, toc_stage_emit *emit, void *ctx,
        struct toc_err *err)
{
    char text[64];
    snprintf(text, sizeof text, "%d:%lld%s", *partition, (long long)offset, what);
    const struct toc_stage_output out = {.topic = OUTPUT, .partition = -1, .value = toc_slice_of(text)};
    return emit(ctx, &out, err);
}

static toc_rc stage_step(void *instance, const struct toc_stage_input *input, toc_stage_emit *emit, void *emit_ctx,
        struct toc_err *err)
{
    return say(instance, input->append_time == 0 ? "-timeless" : "", input->offset, emit, emit_ctx, err);
}

static toc_rc stage_skipped(void *instance, int64_t from, int64_t next, toc_stage_emit *emit, void *emit_ctx,
        struct toc_err *err)
{
    (void)next;
    return say(instance, "-skipped", from, emit, emit_ctx, err);
}

static toc_rc stage_tick(void *instance, int64_t time, struct toc_buf *out, struct toc_err *err)
{
    (void)instance, (void)time, (void)out, (void)err; // nothing in out: no tick yet
    return TOC_OK;
}

// --- running -----------------------------------------------------------------------------------------------

struct run {
    const struct event *events;
    size_t count;
    bool fail_commit, lose_other, ticks;
};

static void await(const char *committed)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&bus.lock);
    while (strlen(bus.committed) < strlen(committed) && pthread_cond_timedwait(&bus.moved, &bus.lock, &until) == 0)
        ;
    pthread_mutex_unlock(&bus.lock);
}

// All events are of one transaction, unless it fails.
static void commits(const struct run *run, const char *committed, int joins)
{
    const struct toc_stage stage = {.name = "test", .input = INPUT, .state_topic = STATE_LOG, .ticks = run->ticks,
            .open = stage_open, .close = stage_close, .step = stage_step, .skipped = stage_skipped,
            .tick = stage_tick};
    const struct toc_bus_conf conf = {.prefix = ""};
    struct toc_metrics *metrics = toc_metrics_new();
    const struct toc_worker_conf worker_conf = {
            .stage = &stage, .bus = &conf, .hub_id = "h", .commit_ms = 1000 * WAIT_S, .metrics = metrics};
    struct toc_worker *worker;
    struct toc_err err = {0};
    memset(&bus, 0, sizeof bus);
    pthread_mutex_init(&bus.lock, NULL);
    pthread_cond_init(&bus.moved, NULL);
    bus.events = run->events;
    bus.count = run->count;
    bus.fail_commit = run->fail_commit;
    bus.lose_other = run->lose_other;
    for (int p = 0; p < PARTITIONS; p++)
        bus.offsets[p] = TOC_OFFSET_NONE;
    assert_ok(toc_worker_start(&worker_conf, &worker, &err), err);
    await(committed);
    toc_worker_stop(worker);
    toc_metrics_free(metrics);
    assert_string_equal(bus.committed, committed);
    assert_int_equal(bus.joins, joins);
}

#define EVENTS(e) .events = (e), .count = sizeof(e) / sizeof *(e)

#define RECORD(p, at) {.partition = (p), .offset = (at), .next = (at) + 1}
#define BATCH(p, from, to) {.partition = (p), .offset = (from), .next = (to), .undecodable = true}

static const struct event plain[] = {RECORD(0, 0), RECORD(1, 0), RECORD(0, 1)};
static const struct event with_batch[] = {RECORD(0, 0), BATCH(0, 1, 3), RECORD(0, 3), RECORD(1, 0)};

static void test_an_abort_is_done_again_from_what_is_held(void **state)
{
    (void)state;
    commits(&(struct run){EVENTS(plain)}, "0:0 1:0 0:1 ", 1);
    commits(&(struct run){EVENTS(plain), .fail_commit = true}, "0:0 1:0 0:1 ", 1);
}

// Nothing is held of an undecodable batch: what its quarantine was in has to be read once more.
static void test_a_skipped_batch_survives_an_abort(void **state)
{
    (void)state;
    commits(&(struct run){EVENTS(with_batch)}, "0:0 0:1-skipped 0:3 1:0 ", 1);
    commits(&(struct run){EVENTS(with_batch), .fail_commit = true}, "0:0 0:1-skipped 0:3 1:0 ", 2);
}

static void test_a_skipped_batch_survives_the_loss_of_another_partition(void **state)
{
    (void)state;
    commits(&(struct run){EVENTS(with_batch), .lose_other = true}, "0:0 0:1-skipped 0:3 1:0 ", 2);
}

// Where ticks count, only the broker's clock may stand beside the hub's; elsewhere any time will do.
static void test_a_writers_time_is_none_where_ticks_count(void **state)
{
    (void)state;
    static const struct event events[] = {{.offset = 0, .next = 1, .writers_time = true}, RECORD(0, 1)};
    commits(&(struct run){EVENTS(events), .ticks = true}, "0:0-timeless 0:1 ", 1);
    commits(&(struct run){EVENTS(events)}, "0:0 0:1 ", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_an_abort_is_done_again_from_what_is_held),
            cmocka_unit_test(test_a_skipped_batch_survives_an_abort),
            cmocka_unit_test(test_a_skipped_batch_survives_the_loss_of_another_partition),
            cmocka_unit_test(test_a_writers_time_is_none_where_ticks_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
