// What is sent is what is read: keys, tombstones, headers, times; order, ends, seeks; a full queue.
#include "tests/kafka/bus.h"

#include <librdkafka/rdkafka.h>

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

struct reports {
    int stored, refused;
    int64_t last_offset;
    const void *last_opaque;
    struct toc_err err;
};

static void count_report(void *ctx, const struct toc_delivery *delivery)
{
    struct reports *reports = ctx;
    reports->last_opaque = delivery->opaque;
    if (delivery->error != NULL) {
        reports->refused++;
        reports->err = *delivery->error;
        return;
    }
    reports->stored++;
    reports->last_offset = delivery->offset;
}

static struct toc_producer *open_producer(struct reports *reports, int64_t queue_records)
{
    struct toc_producer *producer = NULL;
    struct toc_err err = {0};
    const struct toc_producer_opts opts = {
            .delivered = count_report, .ctx = reports, .queue_records = queue_records};
    assert_ok(toc_producer_open(&admin.conf, bus_silent(), &opts, &producer, &err), err);
    return producer;
}

static struct toc_consumer *read_from(const char *topic, int64_t offset, int64_t end)
{
    struct toc_consumer *reader = NULL;
    struct toc_err err = {0};
    const struct toc_consumer_opts opts = {.small_waits = true};
    const struct toc_consumer_start start = {.topic = topic, .offset = offset, .end = end};
    assert_ok(toc_consumer_read(&admin.conf, bus_silent(), &opts, &start, 1, &reader, &err), err);
    return reader;
}

// Nothing of ours reads headers: they are for others.
static void same_headers(
        const struct toc_record *got, const struct toc_header *want, size_t count)
{
    rd_kafka_headers_t *headers = NULL;
    rd_kafka_resp_err_t error = rd_kafka_message_headers(got->message, &headers);
    assert_int_equal(error == RD_KAFKA_RESP_ERR_NO_ERROR, count != 0);
    assert_int_equal(headers == NULL ? 0 : rd_kafka_header_cnt(headers), count);
    for (size_t i = 0; i < count; i++) {
        const char *name;
        const void *value;
        size_t size;
        assert_int_equal(rd_kafka_header_get_all(headers, i, &name, &value, &size), 0);
        assert_string_equal(name, want[i].name);
        assert_slices_equal(toc_slice(value, size), want[i].value);
    }
}

static void every_part_of_a_record_arrives(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "parts");
    bus_create(ops, topic, 1, NULL, 0);
    const struct toc_header headers[] = {
            {"one", TOC_S_INIT("1")}, {"two", {NULL, 0}}, {"one", TOC_S_INIT("last")}};
    const struct toc_send sent[] = {
            {.topic = topic,
                    .key = TOC_S("k\0y"),
                    .value = TOC_S("value"),
                    .timestamp_ms = 1700000000123,
                    .headers = headers,
                    .header_count = 3},
            {.topic = topic, .key = TOC_S("k\0y"), .tombstone = true},
            {.topic = topic, .no_key = true, .value = {NULL, 0}},
            {.topic = topic, .key = {NULL, 0}, .value = TOC_S("empty key")},
    };
    struct reports reports = {0};
    struct toc_err err = {0};
    struct toc_producer *producer = open_producer(&reports, 0);
    for (size_t i = 0; i < 4; i++)
        assert_ok(toc_producer_send(producer, &sent[i], &reports, &err), err);
    assert_ok(toc_producer_flush(producer, BUS_PATIENCE_MS, &err), err);
    toc_producer_close(producer);
    assert_int_equal(reports.stored, 4);
    assert_int_equal(reports.last_offset, 3);
    assert_ptr_equal(reports.last_opaque, &reports);

    struct toc_consumer *reader = read_from(topic, TOC_OFFSET_BEGINNING, 4);
    struct toc_record got[4];
    for (size_t i = 0; i < 4; i++) {
        got[i] = bus_next(reader); // all held together: releasing is the reader's own business
        assert_int_equal(got[i].offset, i);
        assert_string_equal(got[i].topic, topic);
        assert_int_equal(got[i].has_key, !sent[i].no_key);
        assert_int_equal(got[i].has_value, !sent[i].tombstone);
        assert_slices_equal(got[i].key, sent[i].key);
        assert_slices_equal(got[i].value, sent[i].value);
    }
    assert_int_equal(got[0].timestamp_ms, 1700000000123);
    assert_false(got[0].append_time);
    same_headers(&got[0], sent[0].headers, sent[0].header_count);
    same_headers(&got[1], NULL, 0);
    for (size_t i = 0; i < 4; i++)
        toc_record_done(&got[i]);
    assert_ok(toc_consumer_close(reader, &err), err);
}

static void the_brokers_clock_is_told_apart(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "append");
    const struct toc_setting setting = {"message.timestamp.type", "LogAppendTime"};
    bus_create(ops, topic, 1, &setting, 1);
    bus_fill(&admin, topic, 0, 0, 1);
    struct toc_err err = {0};
    struct toc_consumer *reader = read_from(topic, 0, -1);
    struct toc_record record = bus_next(reader);
    assert_true(record.append_time);
    assert_true(record.timestamp_ms > INT64_C(1700000000000));
    toc_record_done(&record);
    assert_ok(toc_consumer_close(reader, &err), err);
}

static void an_end_is_told_once_and_reading_goes_on(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "ends");
    bus_create(ops, topic, 2, NULL, 0);
    bus_fill(&admin, topic, 0, 0, 3);
    struct toc_err err = {0};
    struct toc_consumer *reader = NULL;
    const struct toc_consumer_opts opts = {.small_waits = true};
    const struct toc_consumer_start starts[] = {
            {.topic = topic, .partition = 0, .offset = 1, .end = 3},
            {.topic = topic, .partition = 1, .offset = TOC_OFFSET_BEGINNING, .end = 0}, // empty
    };
    assert_ok(toc_consumer_read(&admin.conf, bus_silent(), &opts, starts, 2, &reader, &err), err);
    int records = 0, ends[2] = {0};
    while (!toc_consumer_ended(reader)) {
        struct toc_poll poll;
        assert_ok(toc_consumer_poll(reader, BUS_PATIENCE_MS, &poll, &err), err);
        assert_int_not_equal(poll.kind, TOC_POLL_NOTHING);
        if (poll.kind == TOC_POLL_RECORD) {
            assert_int_equal(ends[poll.record.partition], 0);
            records++;
        } else {
            assert_int_equal(poll.kind, TOC_POLL_END);
            assert_int_equal(poll.next, starts[poll.partition].end);
            ends[poll.partition]++;
        }
        toc_record_done(&poll.record);
    }
    assert_int_equal(records, 2);
    assert_int_equal(ends[0], 1);
    assert_int_equal(ends[1], 1);
    assert_int_equal(toc_consumer_next(reader, topic, 0), 3);

    bus_fill(&admin, topic, 1, 7, 1);
    struct toc_record record = bus_next(reader);
    assert_slice(record.value, "7");
    toc_record_done(&record);

    assert_ok(toc_consumer_seek(reader, topic, 0, 2, &err), err);
    record = bus_next(reader);
    assert_slice(record.value, "2");
    toc_record_done(&record);
    assert_ok(toc_consumer_stop(reader, topic, 0, &err), err);
    bus_fill(&admin, topic, 0, 3, 1); // not read any more
    bus_fill(&admin, topic, 1, 8, 1);
    record = bus_next(reader);
    assert_slice(record.value, "8");
    toc_record_done(&record);
    assert_ok(toc_consumer_close(reader, &err), err);
}

static void an_offset_that_is_gone_is_said(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "gone");
    bus_create(ops, topic, 1, NULL, 0);
    bus_fill(&admin, topic, 0, 0, 5);
    struct toc_err err = {0};
    const struct toc_offset below = {.topic = topic, .offset = 3};
    assert_ok(toc_admin_delete_records(ops, &below, 1, &err), err);
    struct toc_consumer *reader = read_from(topic, 1, -1);
    struct toc_poll poll;
    assert_code(toc_consumer_poll(reader, BUS_PATIENCE_MS, &poll, &err), TOC_E_NOTFOUND, err);
    assert_int_equal(err.fate, TOC_FATE_FATAL);
    assert_ok(toc_consumer_close(reader, &err), err);
    reader = read_from(topic, TOC_OFFSET_BEGINNING, -1);
    struct toc_record record = bus_next(reader);
    assert_slice(record.value, "3");
    toc_record_done(&record);
    assert_ok(toc_consumer_close(reader, &err), err);
}

static void a_full_queue_is_busy_and_loses_nothing(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "full");
    bus_create(ops, topic, 1, NULL, 0);
    struct reports reports = {0};
    struct toc_err err = {0};
    struct toc_producer *producer = open_producer(&reports, 10);
    const struct toc_send record = {.topic = topic, .no_key = true, .value = TOC_S("x")};
    int sent = 0, busy = 0;
    while (sent < 200) {
        toc_rc rc = toc_producer_send(producer, &record, NULL, &err);
        if (!toc_failed(rc)) {
            sent++;
            continue;
        }
        assert_int_equal(rc.code, TOC_E_BUSY);
        busy++;
        toc_producer_serve(producer, BUS_PATIENCE_MS);
    }
    assert_ok(toc_producer_flush(producer, BUS_PATIENCE_MS, &err), err);
    assert_true(busy > 0);
    assert_int_equal(reports.stored, 200);
    assert_int_equal(reports.last_offset, 199);
    toc_producer_close(producer);
}

static void a_record_that_is_too_long_is_refused_for_good(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "long");
    const struct toc_setting setting = {"max.message.bytes", "1000"};
    bus_create(ops, topic, 1, &setting, 1);
    static const uint8_t zeros[2000];
    struct reports reports = {0};
    struct toc_err err = {0};
    struct toc_producer *producer = open_producer(&reports, 0);
    const struct toc_send record = {.topic = topic, .no_key = true, .value = {zeros, sizeof zeros}};
    assert_ok(toc_producer_send(producer, &record, NULL, &err), err);
    assert_ok(toc_producer_flush(producer, BUS_PATIENCE_MS, &err), err);
    assert_int_equal(reports.refused, 1);
    assert_int_equal(reports.err.code, TOC_E_LENGTH);
    assert_int_equal(reports.err.fate, TOC_FATE_RECORD);
    toc_producer_close(producer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_part_of_a_record_arrives),
            cmocka_unit_test(the_brokers_clock_is_told_apart),
            cmocka_unit_test(an_end_is_told_once_and_reading_goes_on),
            cmocka_unit_test(an_offset_that_is_gone_is_said),
            cmocka_unit_test(a_full_queue_is_busy_and_loses_nothing),
            cmocka_unit_test(a_record_that_is_too_long_is_refused_for_good),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
