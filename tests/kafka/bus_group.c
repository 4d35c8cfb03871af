// A member of a group: hand-over without loss, a second process under the same name, chosen starts, gaps; and batches
// that cannot be decoded, which must never stop a partition.
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

struct member {
    struct toc_consumer *consumer;
    int64_t committed; // as told with the last assignment
    char metadata[16];
    int64_t start; // what `assigned` answers; TOC_OFFSET_NONE = as it was set
    bool refuse;
    int assigned, revoked, lost;
};

static toc_rc on_assigned(void *ctx, struct toc_assigned *parts, size_t count, struct toc_err *err)
{
    struct member *member = ctx;
    member->assigned += (int)count;
    for (size_t i = 0; i < count; i++) {
        member->committed = parts[i].committed;
        snprintf(member->metadata, sizeof member->metadata, "%s", parts[i].metadata);
        if (member->start != TOC_OFFSET_NONE)
            parts[i].start = member->start;
    }
    TOC_ENSURE(!member->refuse, err, TOC_E_STATE, "state log contradicts itself");
    return TOC_OK;
}

static toc_rc on_revoked(
        void *ctx, const struct toc_offset *parts, size_t count, bool lost, struct toc_err *err)
{
    (void)parts;
    (void)err;
    struct member *member = ctx;
    member->revoked += (int)count;
    member->lost += lost ? (int)count : 0;
    return TOC_OK;
}

static void join(struct member *member, const char *group, const char *instance, const char *topic)
{
    struct toc_err err = {0};
    const struct toc_consumer_group place = {.group = group,
            .instance = instance,
            .topics = &topic,
            .topic_count = 1,
            .session_ms = 6000};
    const struct toc_consumer_opts opts = {.check_gaps = true, .small_waits = true};
    const struct toc_consumer_events events = {on_assigned, on_revoked, member};
    assert_ok(toc_consumer_join(
                      &admin.conf, bus_silent(), &opts, &place, &events, &member->consumer, &err),
            err);
}

static void leave(struct member *member)
{
    struct toc_err err = {0};
    assert_ok(toc_consumer_close(member->consumer, &err), err);
}

// Polls once, counting what comes by value ("0" to "99").
static void take(struct member *member, int seen[100])
{
    struct toc_err err = {0};
    struct toc_poll poll;
    assert_ok(toc_consumer_poll(member->consumer, 50, &poll, &err), err);
    if (poll.kind != TOC_POLL_RECORD)
        return;
    uint64_t value;
    assert_true(toc_parse_u64(poll.record.value, 99, &value));
    seen[value]++;
    toc_record_done(&poll.record);
}

static int all_seen(const int seen[100], int count)
{
    for (int i = 0; i < count; i++)
        if (seen[i] == 0)
            return 0;
    return 1;
}

static void a_second_member_takes_its_share(void **state)
{
    (void)state;
    enum {
        PARTITIONS = 4,
        EACH = 10
    };
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "share");
    bus_create(ops, topic, PARTITIONS, NULL, 0);
    for (int p = 0; p < PARTITIONS; p++)
        bus_fill(&admin, topic, p, p * EACH, EACH);
    struct member first = {.start = TOC_OFFSET_NONE}, second = {.start = 5};
    int seen[100] = {0};
    join(&first, topic, "first", topic);
    while (!all_seen(seen, PARTITIONS * EACH))
        take(&first, seen);
    assert_int_equal(first.assigned, PARTITIONS);

    join(&second, topic, "second", topic);
    int again[100] = {0};
    while (second.assigned < 2) {
        take(&first, seen); // nothing new: what it keeps goes on where it was
        take(&second, again);
    }
    assert_int_equal(first.revoked, 2);
    assert_int_equal(first.lost, 0);
    for (int i = 0; i < PARTITIONS * EACH; i++)
        assert_int_equal(seen[i], 1);

    // The second starts where its callback said; both get what comes from now on.
    for (int p = 0; p < PARTITIONS; p++)
        bus_fill(&admin, topic, p, 50 + p, 1);
    while (seen[50] + seen[51] + seen[52] + seen[53] + again[50] + again[51] + again[52] +
                    again[53] <
            4) {
        take(&first, seen);
        take(&second, again);
    }
    int late = 0, early = 0;
    for (int i = 0; i < PARTITIONS * EACH; i++) {
        assert_int_equal(seen[i], 1);
        if (i % EACH < 5)
            early += again[i];
        else
            late += again[i];
    }
    assert_int_equal(early, 0);
    assert_int_equal(late, 10); // two partitions, offsets 5 to 9
    for (int i = 50; i < 54; i++)
        assert_int_equal(seen[i] + again[i], 1);
    leave(&second);
    leave(&first);
}

static toc_rc commit(struct member *member, const char *topic, int64_t next, struct toc_err *err)
{
    const struct toc_offset offset = {.topic = topic, .offset = next, .metadata = "word"};
    return toc_consumer_commit(member->consumer, &offset, 1, BUS_PATIENCE_MS, err);
}

static void what_was_committed_does_not_come_again(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "commit");
    struct toc_err err = {0};
    bus_create(ops, topic, 1, NULL, 0);
    bus_fill(&admin, topic, 0, 0, 5);
    struct member member = {.start = TOC_OFFSET_NONE};
    join(&member, topic, "one", topic);
    for (int i = 0; i < 5; i++) {
        struct toc_record record = bus_next(member.consumer);
        toc_record_done(&record);
    }
    assert_int_equal(member.committed, TOC_OFFSET_NONE);
    assert_ok(commit(&member, topic, 3, &err), err); // what was polled beyond is not covered
    leave(&member);

    member = (struct member){.start = TOC_OFFSET_NONE};
    join(&member, topic, "one", topic);
    struct toc_record record = bus_next(member.consumer);
    assert_int_equal(record.offset, 3);
    toc_record_done(&record);
    assert_int_equal(member.committed, 3);
    assert_string_equal(member.metadata, "word");
    leave(&member);

    struct toc_consumer *reader = NULL;
    const struct toc_consumer_opts opts = {.small_waits = true};
    const struct toc_consumer_start start = {.topic = topic, .end = -1};
    assert_ok(toc_consumer_read(&admin.conf, bus_silent(), &opts, &start, 1, &reader, &err), err);
    member.consumer = reader;
    assert_code(commit(&member, topic, 3, &err), TOC_E_USAGE, err);
    leave(&member);
}

// A commit in the name of a place that another has taken is refused, and the place is what it was.
static void a_lost_place_commits_nothing(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "displaced");
    struct toc_err err = {0};
    bus_create(ops, topic, 1, NULL, 0);
    bus_fill(&admin, topic, 0, 0, 3);
    struct member older = {.start = TOC_OFFSET_NONE}, newer = older;
    join(&older, topic, "same", topic);
    struct toc_record record = bus_next(older.consumer);
    toc_record_done(&record);
    assert_ok(commit(&older, topic, 1, &err), err);
    join(&newer, topic, "same", topic);
    record = bus_next(newer.consumer);
    assert_int_equal(record.offset, 1);
    toc_record_done(&record);
    assert_code(commit(&older, topic, 3, &err), TOC_E_BUSY, err);
    assert_int_equal(err.fate, TOC_FATE_FATAL);
    assert_ok(commit(&newer, topic, 2, &err), err);
    struct toc_offset now = {.topic = topic};
    assert_ok(toc_admin_committed(ops, topic, &now, 1, &err), err);
    assert_int_equal(now.offset, 2);
    leave(&older);
    leave(&newer);
}

static void two_processes_under_one_name_end_the_older(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "twice");
    bus_create(ops, topic, 1, NULL, 0);
    bus_fill(&admin, topic, 0, 0, 1);
    struct member older = {.start = TOC_OFFSET_NONE}, newer = older;
    join(&older, topic, "same", topic);
    struct toc_record record = bus_next(older.consumer);
    toc_record_done(&record);
    join(&newer, topic, "same", topic);
    record = bus_next(newer.consumer);
    toc_record_done(&record);
    struct toc_err err = {0};
    struct toc_poll poll;
    toc_rc rc;
    do
        rc = toc_consumer_poll(older.consumer, BUS_PATIENCE_MS, &poll, &err);
    while (toc_failed(rc) && err.fate == TOC_FATE_RETRY); // its partition is lost first
    assert_code(rc, TOC_E_BUSY, err);
    assert_int_equal(err.fate, TOC_FATE_FATAL);
    assert_shows(err.text, "another process");
    leave(&older);
    leave(&newer);
}

static void a_failed_restore_stops_the_consumer(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "restore");
    bus_create(ops, topic, 1, NULL, 0);
    bus_fill(&admin, topic, 0, 0, 1);
    struct member member = {.start = TOC_OFFSET_NONE, .refuse = true};
    join(&member, topic, "one", topic);
    struct toc_err err = {0};
    struct toc_poll poll;
    for (int i = 0; i < 2; i++) {
        assert_code(
                toc_consumer_poll(member.consumer, BUS_PATIENCE_MS, &poll, &err), TOC_E_STATE, err);
        assert_int_equal(err.fate, TOC_FATE_FATAL);
        assert_shows(err.text, "contradicts");
    }
    assert_code(toc_consumer_close(member.consumer, &err), TOC_E_STATE, err);
    assert_int_equal(member.revoked, 0); // it never had the partition
}

static void markers_of_transactions_are_no_loss(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "markers");
    bus_create(ops, topic, 1, NULL, 0);
    struct toc_err err = {0};
    struct toc_txn *txn = NULL;
    const struct toc_txn_opts opts = {.id = topic};
    assert_ok(toc_txn_open(&admin.conf, bus_silent(), &opts, &txn, &err), err);
    for (int i = 0; i < 3; i++) { // offsets 0, 2, 4
        const struct toc_send record = {.topic = topic, .no_key = true, .value = TOC_S("x")};
        assert_ok(toc_txn_begin(txn, &err), err);
        assert_ok(toc_txn_put(txn, &record, &err), err);
        assert_ok(toc_txn_commit(txn, &err), err);
    }
    toc_txn_close(txn);
    struct member member = {.start = TOC_OFFSET_NONE};
    join(&member, topic, "one", topic);
    for (int i = 0; i < 3; i++) {
        struct toc_record record = bus_next(member.consumer);
        assert_int_equal(record.offset, 2 * i);
        toc_record_done(&record);
    }
    leave(&member);
}

// `count` files of `mib` MiB of zeros as one zstd batch, by kcat: our own producer would refuse them.
static void send_bomb(const char *topic, int mib, int count)
{
    char dir[TOC_PATH_BYTES_MAX], command[3 * TOC_PATH_BYTES_MAX];
    unit_temp_dir(dir);
    snprintf(command, sizeof command,
            "truncate -s %dM '%s/zeros' && cd '%s' && kcat -P -b '%s' -t '%s' -p 0 -z zstd -X "
            "security.protocol=ssl "
            "-X ssl.ca.location='%s' -X ssl.certificate.location='%s' -X ssl.key.location='%s' "
            "-X message.max.bytes=200000000 -X batch.size=200000000 -X linger.ms=2000 "
            "-X batch.num.messages=%d -X queue.buffering.max.kbytes=1000000 %s",
            mib, dir, dir, admin.conf.brokers, topic, admin.conf.ca, admin.conf.certificate,
            admin.conf.key, count, count == 1 ? "zeros" : "zeros zeros zeros");
    assert_int_equal(system(command), 0);
    unit_remove_dir(dir);
}

static void assert_skipped(struct toc_consumer *consumer, int64_t from, int64_t next)
{
    struct toc_err err = {0};
    struct toc_poll poll;
    assert_ok(toc_consumer_poll(consumer, BUS_PATIENCE_MS, &poll, &err), err);
    assert_int_equal(poll.kind, TOC_POLL_SKIPPED);
    assert_int_equal(poll.offset, from);
    assert_int_equal(poll.next, next);
}

static void assert_next_is(struct toc_consumer *consumer, int64_t offset)
{
    struct toc_record record = bus_next(consumer);
    assert_int_equal(record.offset, offset);
    toc_record_done(&record);
}

static void a_batch_that_cannot_be_decoded_is_stepped_over(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "bomb");
    bus_create(ops, topic, 1, NULL, 0);
    bus_fill(&admin, topic, 0, 0, 2);
    send_bomb(topic, 24, 3); // offsets 2 to 4, 72 MiB together
    bus_fill(&admin, topic, 0, 5, 5);
    send_bomb(topic, 48, 1); // offset 10, the last

    struct member member = {.start = TOC_OFFSET_NONE};
    join(&member, topic, "one", topic);
    assert_next_is(member.consumer, 0);
    assert_next_is(member.consumer, 1);
    assert_skipped(member.consumer, 2, 5);
    for (int64_t offset = 5; offset < 10; offset++)
        assert_next_is(member.consumer, offset);
    assert_skipped(member.consumer, 10, 11);
    bus_fill(&admin, topic, 0, 11, 1);
    assert_next_is(member.consumer, 11);
    leave(&member);

    // From inside the batch, and without a group.
    struct toc_err err = {0};
    struct toc_consumer *reader = NULL;
    const struct toc_consumer_start start = {.topic = topic, .offset = 3, .end = 6};
    const struct toc_consumer_opts opts = {.small_waits = true};
    assert_ok(toc_consumer_read(&admin.conf, bus_silent(), &opts, &start, 1, &reader, &err), err);
    assert_skipped(reader, 3, 5);
    assert_next_is(reader, 5);
    struct toc_poll poll;
    assert_ok(toc_consumer_poll(reader, BUS_PATIENCE_MS, &poll, &err), err);
    assert_int_equal(poll.kind, TOC_POLL_END);
    assert_ok(toc_consumer_close(reader, &err), err);
}

static void one_closed_at_once_is_closed(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "hasty");
    bus_create(ops, topic, 1, NULL, 0);
    struct member member = {.start = TOC_OFFSET_NONE};
    join(&member, topic, "one", topic);
    leave(&member);
    assert_int_equal(member.assigned, 0);
    assert_int_equal(member.revoked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_second_member_takes_its_share),
            cmocka_unit_test(what_was_committed_does_not_come_again),
            cmocka_unit_test(a_lost_place_commits_nothing),
            cmocka_unit_test(two_processes_under_one_name_end_the_older),
            cmocka_unit_test(a_failed_restore_stops_the_consumer),
            cmocka_unit_test(markers_of_transactions_are_no_loss),
            cmocka_unit_test(a_batch_that_cannot_be_decoded_is_stepped_over),
            cmocka_unit_test(one_closed_at_once_is_closed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
