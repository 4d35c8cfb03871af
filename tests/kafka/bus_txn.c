// Transactions: together or not at all, also with the input offsets; one process per id; a fresh handle after doubt.
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kafka/bus.h"

static struct bus_who admin;
static struct toc_admin *ops;

static int set_up(void **state)
{
    (void)state;
    bus_who_init(&admin, "admin");
    ops = bus_admin(&admin);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    toc_admin_close(ops);
    return 0;
}

static struct toc_txn *open_txn(const char *name, int64_t timeout_ms)
{
    struct toc_txn *txn = NULL;
    struct toc_err err = {0};
    const struct toc_txn_opts opts = {
            .id = TOC_BUS_TOPIC(&admin.conf, name), .timeout_ms = timeout_ms};
    assert_ok(toc_txn_open(&admin.conf, bus_silent(), &opts, &txn, &err), err);
    return txn;
}

static void put(struct toc_txn *txn, const char *topic, int32_t partition, const char *value)
{
    struct toc_err err = {0};
    const struct toc_send record = {
            .topic = topic, .partition = partition, .no_key = true, .value = toc_slice_of(value)};
    assert_ok(toc_txn_put(txn, &record, &err), err);
}

static void assert_holds(const char *topic, enum toc_isolation isolation, const char *want)
{
    char got[512];
    bus_read_all(&admin, topic, 0, isolation, got, sizeof got);
    assert_string_equal(got, want);
}

static void nothing_is_seen_before_commit_or_after_abort(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "seen");
    bus_create(ops, topic, 1, NULL, 0);
    struct toc_err err = {0};
    struct toc_txn *txn = open_txn("seen", 0);
    assert_ok(toc_txn_begin(txn, &err), err);
    assert_true(toc_txn_is_open(txn));
    put(txn, topic, 0, "a");
    put(txn, topic, 0, "b");
    assert_ok(toc_txn_commit(txn, &err), err);
    assert_false(toc_txn_is_open(txn));
    assert_ok(toc_txn_begin(txn, &err), err);
    put(txn, topic, 0, "aborted");
    assert_ok(toc_txn_abort(txn, &err), err);
    assert_ok(toc_txn_begin(txn, &err), err);
    put(txn, topic, 0, "c");
    assert_ok(toc_txn_commit(txn, &err), err);
    assert_holds(topic, TOC_READ_COMMITTED, "a,b,c");

    int64_t begin, stable, high;
    assert_ok(toc_txn_begin(txn, &err), err);
    put(txn, topic, 0, "open");
    // Stored, yet not committed: the high watermark moves, the last stable offset stays.
    do {
        assert_ok(toc_admin_offsets(ops, topic, 0, TOC_READ_UNCOMMITTED, &begin, &high, &err), err);
        assert_ok(toc_admin_offsets(ops, topic, 0, TOC_READ_COMMITTED, &begin, &stable, &err), err);
    } while (high < stable + 1);
    assert_int_equal(high, stable + 1);
    assert_ok(toc_txn_commit(txn, &err), err);
    assert_holds(topic, TOC_READ_COMMITTED, "a,b,c,open");
    struct toc_txn_counts counts = toc_txn_counts(txn);
    assert_int_equal(counts.commits, 3);
    assert_int_equal(counts.aborts, 1);
    assert_int_equal(counts.rebuilds, 0);
    toc_txn_close(txn);
}

static void one_transaction_spans_all_partitions(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "span");
    enum {
        PARTITIONS = 12
    };
    bus_create(ops, topic, PARTITIONS, NULL, 0);
    struct toc_err err = {0};
    struct toc_txn *txn = open_txn("span", 0);
    assert_ok(toc_txn_begin(txn, &err), err);
    for (int32_t p = 0; p < PARTITIONS; p++)
        put(txn, topic, p, "decision");
    assert_ok(toc_txn_commit(txn, &err), err);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        char got[64];
        bus_read_all(&admin, topic, p, TOC_READ_COMMITTED, got, sizeof got);
        assert_string_equal(got, "decision");
    }
    toc_txn_close(txn);
}

static void an_empty_transaction_is_none(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_txn *txn = open_txn("empty", 0);
    assert_ok(toc_txn_begin(txn, &err), err);
    assert_ok(toc_txn_commit(txn, &err), err);
    assert_ok(toc_txn_begin(txn, &err), err);
    assert_ok(toc_txn_abort(txn, &err), err);
    assert_int_equal(toc_txn_counts(txn).rebuilds, 0);
    toc_txn_close(txn);
}

static void a_record_that_cannot_be_stored_aborts_all(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "small");
    const struct toc_setting setting = {"max.message.bytes", "1000"};
    bus_create(ops, topic, 1, &setting, 1);
    uint8_t noise[2000]; // lz4 must not make it fit
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * i * 31 >> 3 ^ i * 7);
    struct toc_err err = {0};
    struct toc_txn *txn = open_txn("small", 0);
    assert_ok(toc_txn_begin(txn, &err), err);
    put(txn, topic, 0, "good");
    const struct toc_send record = {.topic = topic, .no_key = true, .value = {noise, sizeof noise}};
    assert_ok(toc_txn_put(txn, &record, &err), err);
    assert_code(toc_txn_commit(txn, &err), TOC_E_LENGTH, err);
    assert_int_equal(err.fate, TOC_FATE_ABORT_TXN);
    char want[TOC_TOPIC_BYTES_MAX + 64];
    snprintf(want, sizeof want, "sending to partition 0 of topic %s", topic);
    assert_shows(err.text, want);
    assert_ok(toc_txn_abort(txn, &err), err);
    assert_ok(toc_txn_begin(txn, &err), err);
    put(txn, topic, 0, "again");
    assert_ok(toc_txn_commit(txn, &err), err);
    assert_holds(topic, TOC_READ_COMMITTED, "again");
    toc_txn_close(txn);
}

static void what_no_queue_can_hold_leaves_the_transaction_whole(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "huge");
    bus_create(ops, topic, 1, NULL, 0);
    static const uint8_t zeros[2 * 1024 * 1024];
    struct toc_err err = {0};
    struct toc_txn *txn = open_txn("huge", 0);
    assert_ok(toc_txn_begin(txn, &err), err);
    put(txn, topic, 0, "before");
    const struct toc_send record = {.topic = topic, .no_key = true, .value = {zeros, sizeof zeros}};
    assert_code(toc_txn_put(txn, &record, &err), TOC_E_LENGTH, err);
    assert_int_equal(err.fate, TOC_FATE_RECORD);
    put(txn, topic, 0, "after");
    assert_ok(toc_txn_commit(txn, &err), err);
    assert_holds(topic, TOC_READ_COMMITTED, "before,after");
    toc_txn_close(txn);
}

static void a_newer_process_fences_the_older(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "fence");
    bus_create(ops, topic, 1, NULL, 0);
    struct toc_err err = {0};
    struct toc_txn *older = open_txn("fence", 0);
    assert_ok(toc_txn_begin(older, &err), err);
    put(older, topic, 0, "older");
    struct toc_txn *newer = open_txn("fence", 0);
    toc_rc rc = toc_txn_commit(older, &err);
    assert_true(toc_failed(rc));
    assert_int_equal(err.fate, TOC_FATE_FATAL);
    assert_true(toc_txn_fenced(older));
    rc = toc_txn_begin(older, &err);
    assert_true(toc_failed(rc));
    assert_int_equal(err.fate, TOC_FATE_FATAL);
    assert_ok(toc_txn_begin(newer, &err), err);
    put(newer, topic, 0, "newer");
    assert_ok(toc_txn_commit(newer, &err), err);
    assert_holds(topic, TOC_READ_COMMITTED, "newer");
    toc_txn_close(older);
    toc_txn_close(newer);
}

// ---- with a group

struct worker { // a consumer and producer of one hub worker, small
    struct toc_consumer *consumer;
    struct toc_txn *txn;
    int64_t committed; // as assigned
    char metadata[64];
    int assigned, revoked;
};

static toc_rc on_assigned(void *ctx, struct toc_assigned *parts, size_t count, struct toc_err *err)
{
    (void)err;
    struct worker *worker = ctx;
    worker->assigned += (int)count;
    worker->committed = parts[0].committed;
    snprintf(worker->metadata, sizeof worker->metadata, "%s", parts[0].metadata);
    return TOC_OK;
}

static toc_rc on_revoked(
        void *ctx, const struct toc_offset *parts, size_t count, bool lost, struct toc_err *err)
{
    (void)parts;
    (void)lost;
    (void)err;
    struct worker *worker = ctx;
    worker->revoked += (int)count;
    return TOC_OK;
}

static void start_worker(struct worker *worker, const char *topic, const char *name)
{
    struct toc_err err = {0};
    *worker = (struct worker){.committed = -7};
    worker->txn = open_txn(name, 0);
    const struct toc_consumer_group group = {.group = TOC_BUS_TOPIC(&admin.conf, name),
            .instance = "worker-0",
            .topics = &topic,
            .topic_count = 1};
    const struct toc_consumer_opts opts = {.check_gaps = true};
    const struct toc_consumer_events events = {on_assigned, on_revoked, worker};
    assert_ok(toc_consumer_join(
                      &admin.conf, bus_silent(), &opts, &group, &events, &worker->consumer, &err),
            err);
}

static void stop_worker(struct worker *worker)
{
    struct toc_err err = {0};
    assert_ok(toc_consumer_close(worker->consumer, &err), err);
    toc_txn_close(worker->txn);
}

static void commit_at(
        struct worker *worker, const char *topic, int64_t offset, const char *metadata)
{
    struct toc_err err = {0};
    const struct toc_offset at = {.topic = topic, .offset = offset, .metadata = metadata};
    assert_ok(toc_txn_offsets(worker->txn, worker->consumer, &at, 1, &err), err);
    assert_ok(toc_txn_commit(worker->txn, &err), err);
}

static void offsets_commit_with_the_records(void **state)
{
    (void)state;
    const char *in = TOC_BUS_TOPIC(&admin.conf, "in"), *out = TOC_BUS_TOPIC(&admin.conf, "out");
    bus_create(ops, in, 1, NULL, 0);
    bus_create(ops, out, 1, NULL, 0);
    bus_fill(&admin, in, 0, 0, 4);
    struct worker worker;
    struct toc_err err = {0};
    start_worker(&worker, in, "eos");

    // Before it has joined, the member must not be able to commit: Kafka would take it from anybody.
    const struct toc_offset early = {.topic = in, .offset = 3};
    assert_ok(toc_txn_begin(worker.txn, &err), err);
    assert_code(toc_txn_offsets(worker.txn, worker.consumer, &early, 1, &err), TOC_E_REFUSED, err);
    assert_int_equal(err.fate, TOC_FATE_ABORT_TXN);
    assert_ok(toc_txn_abort(worker.txn, &err), err);

    struct toc_record record = bus_next(worker.consumer);
    assert_int_equal(record.offset, 0);
    assert_int_equal(worker.committed, TOC_OFFSET_NONE);
    assert_string_equal(worker.metadata, "");
    assert_ok(toc_txn_begin(worker.txn, &err), err);
    put(worker.txn, out, 0, "zero");
    commit_at(&worker, in, 1, "n=2");
    toc_record_done(&record);

    // Aborted together with its offset.
    record = bus_next(worker.consumer);
    assert_ok(toc_txn_begin(worker.txn, &err), err);
    put(worker.txn, out, 0, "one");
    const struct toc_offset at = {.topic = in, .offset = 2};
    assert_ok(toc_txn_offsets(worker.txn, worker.consumer, &at, 1, &err), err);
    assert_ok(toc_txn_abort(worker.txn, &err), err);
    toc_record_done(&record);
    stop_worker(&worker);
    assert_int_equal(worker.assigned, 1);
    assert_int_equal(worker.revoked, 1);
    assert_holds(out, TOC_READ_COMMITTED, "zero");

    struct toc_offset asked = {.topic = in};
    assert_ok(toc_admin_committed(ops, TOC_BUS_TOPIC(&admin.conf, "eos"), &asked, 1, &err), err);
    assert_int_equal(asked.offset, 1);

    start_worker(&worker, in, "eos");
    record = bus_next(worker.consumer);
    assert_int_equal(worker.committed, 1);
    assert_string_equal(worker.metadata, "n=2");
    assert_int_equal(record.offset, 1);
    toc_record_done(&record);
    stop_worker(&worker);
}

// The child, a process of its own, works through `in`, one record a transaction, and kills itself between put and commit of
// record 2, after telling that it stands there.
static void child(const char *in, const char *out, int told)
{
    struct worker worker;
    struct toc_err err = {0};
    bus_who_init(&admin, "admin");
    start_worker(&worker, in, "kill");
    for (;;) {
        struct toc_record record = bus_next(worker.consumer);
        char value[16];
        snprintf(value, sizeof value, "%.*s", TOC_SLICE_ARG(record.value));
        assert_ok(toc_txn_begin(worker.txn, &err), err);
        put(worker.txn, out, 0, value);
        if (record.offset == 2) {
            int64_t begin, high, stable;
            struct toc_admin *asker = bus_admin(&admin);
            do { // the record of the open transaction is on the broker
                assert_ok(
                        toc_admin_offsets(asker, out, 0, TOC_READ_UNCOMMITTED, &begin, &high, &err),
                        err);
                assert_ok(
                        toc_admin_offsets(asker, out, 0, TOC_READ_COMMITTED, &begin, &stable, &err),
                        err);
            } while (high <= stable);
            assert_int_equal(write(told, "x", 1), 1);
            kill(getpid(), SIGKILL);
        }
        commit_at(&worker, in, record.offset + 1, NULL);
        toc_record_done(&record);
    }
}

static void killed_in_the_middle_nothing_is_lost_or_doubled(void **state)
{
    (void)state;
    char in[TOC_TOPIC_BYTES_MAX], out[TOC_TOPIC_BYTES_MAX];
    toc_bus_topic(&admin.conf, "kill-in", in);
    toc_bus_topic(&admin.conf, "kill-out", out);
    bus_create(ops, in, 1, NULL, 0);
    bus_create(ops, out, 1, NULL, 0);
    bus_fill(&admin, in, 0, 0, 5);
    int told[2], status;
    char told_text[16], self[] = "kafka_bus_txn";
    assert_int_equal(pipe(told), 0);
    snprintf(told_text, sizeof told_text, "%d", told[1]);
    char *arguments[] = {
            self, in, out, told_text, NULL}; // by exec: librdkafka's threads survive no fork
    pid_t pid;
    assert_int_equal(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, arguments, environ), 0);
    close(told[1]);
    char mark;
    assert_int_equal(read(told[0], &mark, 1), 1);
    close(told[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));

    struct worker worker;
    struct toc_err err = {0};
    start_worker(&worker, in, "kill"); // settles what the dead one left open
    for (int64_t offset = 2; offset < 5; offset++) {
        struct toc_record record = bus_next(worker.consumer);
        assert_int_equal(record.offset, offset);
        char value[16];
        snprintf(value, sizeof value, "%.*s", TOC_SLICE_ARG(record.value));
        assert_ok(toc_txn_begin(worker.txn, &err), err);
        put(worker.txn, out, 0, value);
        commit_at(&worker, in, offset + 1, NULL);
        toc_record_done(&record);
    }
    assert_int_equal(worker.committed, 2);
    stop_worker(&worker);
    assert_holds(out, TOC_READ_COMMITTED, "0,1,2,3,4");
    assert_holds(out, TOC_READ_UNCOMMITTED, "0,1,2,2,3,4");
}

int main(int argc, char **argv)
{
    if (argc == 4) {
        uint64_t told;
        if (toc_parse_u64(toc_slice_of(argv[3]), 1000, &told))
            child(argv[1], argv[2], (int)told);
        return 1;
    }
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(killed_in_the_middle_nothing_is_lost_or_doubled),
            cmocka_unit_test(nothing_is_seen_before_commit_or_after_abort),
            cmocka_unit_test(one_transaction_spans_all_partitions),
            cmocka_unit_test(an_empty_transaction_is_none),
            cmocka_unit_test(a_record_that_cannot_be_stored_aborts_all),
            cmocka_unit_test(what_no_queue_can_hold_leaves_the_transaction_whole),
            cmocka_unit_test(a_newer_process_fences_the_older),
            cmocka_unit_test(offsets_commit_with_the_records),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
