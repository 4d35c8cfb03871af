// What the tests of lib/bus share: configurations for the broker of with-broker.sh, topics, reading everything.
// Everything is static inline: a test program is one file.
#pragma once

#include <time.h>

#include "lib/base/text.h"
#include "lib/bus/admin.h"
#include "lib/bus/conf.h"
#include "lib/bus/consumer.h"
#include "lib/bus/producer.h"
#include "lib/bus/txn.h"
#include "tests/support/unit.h"

#define BUS_PATIENCE_MS 20000 // above it a test fails; nothing waits that long when all is well
#define BUS_RECORDS_MAX 256

struct bus_who { // a principal, and the port it uses
    struct toc_bus_conf conf;
    char ca[TOC_PATH_BYTES_MAX], certificate[TOC_PATH_BYTES_MAX], key[TOC_PATH_BYTES_MAX];
};

static inline const char *bus_env(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL)
        fail_msg("%s is not set: run through tests/kafka/with-broker.sh", name);
    return value;
}

// `name` = file name of a certificate in the test PKI; members reach their own port only.
static inline void bus_who_init(struct bus_who *who, const char *name)
{
    const char *pki = bus_env("TOC_KAFKA_PKI");
    bool ours = strcmp(name, "admin") == 0 || strcmp(name, "hub") == 0;
    snprintf(who->ca, sizeof who->ca, "%s/hub-ca.pem", pki);
    snprintf(who->certificate, sizeof who->certificate, "%s/%s.crt", pki, name);
    snprintf(who->key, sizeof who->key, "%s/%s.key", pki, name);
    who->conf = (struct toc_bus_conf){
            .brokers = bus_env(ours ? "TOC_KAFKA" : "TOC_KAFKA_MEMBER"),
            .ca = who->ca,
            .certificate = who->certificate,
            .key = who->key,
            .client_id = name,
            .prefix = bus_env("TOC_PREFIX"),
    };
}

// Log lines, kept so that a test can look for one.
struct bus_lines {
    char text[8192];
    size_t len;
};

static inline void bus_line(void *ctx, enum toc_log_level level, const char *text)
{
    struct bus_lines *lines = ctx;
    int n = snprintf(
            lines->text + lines->len, sizeof lines->text - lines->len, "%d %s\n", (int)level, text);
    if (n > 0 && (size_t)n < sizeof lines->text - lines->len)
        lines->len += (size_t)n;
}

static inline struct toc_bus_log bus_silent(void)
{
    return (struct toc_bus_log){0};
}

static inline struct toc_admin *bus_admin(const struct bus_who *who)
{
    struct toc_admin *admin = NULL;
    struct toc_err err = {0};
    assert_ok(toc_admin_open(&who->conf, bus_silent(), BUS_PATIENCE_MS, &admin, &err), err);
    return admin;
}

static inline void bus_create(struct toc_admin *admin, const char *name, int32_t partitions,
        const struct toc_setting *settings, size_t count)
{
    struct toc_err err = {0};
    bool created = false;
    const struct toc_topic topic = {
            .name = name, .partitions = partitions, .settings = settings, .setting_count = count};
    assert_ok(toc_admin_topic_create(admin, &topic, &created, &err), err);
    assert_true(created);
}

// Sends `count` records "0", "1", ... to a partition, outside transactions, and waits for the reports.
static inline void bus_fill(
        const struct bus_who *who, const char *topic, int32_t partition, int from, int count)
{
    struct toc_producer *producer = NULL;
    struct toc_err err = {0};
    assert_ok(toc_producer_open(
                      &who->conf, bus_silent(), &(struct toc_producer_opts){0}, &producer, &err),
            err);
    for (int i = from; i < from + count; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        const struct toc_send record = {.topic = topic,
                .partition = partition,
                .no_key = true,
                .value = toc_slice_of(text)};
        assert_ok(toc_producer_send(producer, &record, NULL, &err), err);
    }
    assert_ok(toc_producer_flush(producer, BUS_PATIENCE_MS, &err), err);
    toc_producer_close(producer);
}

// The values of one partition from its beginning to its end now, as "a,b,c".
static inline void bus_read_all(const struct bus_who *who, const char *topic, int32_t partition,
        enum toc_isolation isolation, char *out, size_t size)
{
    struct toc_err err = {0};
    struct toc_admin *admin = bus_admin(who);
    int64_t begin, end;
    assert_ok(toc_admin_offsets(admin, topic, partition, TOC_READ_UNCOMMITTED, &begin, &end, &err),
            err);
    toc_admin_close(admin);
    struct toc_consumer *reader = NULL;
    const struct toc_consumer_opts opts = {.isolation = isolation, .small_waits = true};
    const struct toc_consumer_start start = {
            .topic = topic, .partition = partition, .offset = TOC_OFFSET_BEGINNING, .end = end};
    assert_ok(toc_consumer_read(&who->conf, bus_silent(), &opts, &start, 1, &reader, &err), err);
    size_t len = 0;
    out[0] = '\0';
    while (!toc_consumer_ended(reader)) {
        struct toc_poll poll;
        assert_ok(toc_consumer_poll(reader, BUS_PATIENCE_MS, &poll, &err), err);
        assert_int_not_equal(poll.kind, TOC_POLL_NOTHING);
        if (poll.kind != TOC_POLL_RECORD)
            continue;
        int n = snprintf(out + len, size - len, "%s%.*s", len == 0 ? "" : ",",
                TOC_SLICE_ARG(poll.record.value));
        len += (size_t)n;
        assert_true(len < size);
        toc_record_done(&poll.record);
    }
    assert_ok(toc_consumer_close(reader, &err), err);
}

// The next record of any held partition, or a failed test. The caller releases it.
static inline struct toc_record bus_next(struct toc_consumer *consumer)
{
    struct toc_err err = {0};
    struct toc_poll poll;
    do {
        assert_ok(toc_consumer_poll(consumer, BUS_PATIENCE_MS, &poll, &err), err);
        assert_int_not_equal(poll.kind, TOC_POLL_NOTHING);
    } while (poll.kind != TOC_POLL_RECORD);
    return poll.record;
}
