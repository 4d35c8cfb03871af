// How to reach Kafka: always mutual TLS. The same rows stand in member.conf and hub.conf.
// lib/bus is the only user of librdkafka and knows no indicator.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/config.h"
#include "lib/base/err.h"
#include "lib/base/log.h"

#define TOC_TOPIC_BYTES_MAX 250 // Kafka's 249 and a NUL
#define TOC_BUS_TROUBLE_BYTES_MAX 240

struct toc_bus_conf {
    const char *brokers;     // "host:port,host:port"
    const char *ca;          // PEM file: who may have signed the brokers' certificates
    const char *certificate; // PEM file: our certificate and the chain behind it
    const char *key;         // PEM file: its private key, readable by its owner only
    const char *client_id;   // shown in the broker's log and quotas
    const char *prefix;      // in front of every topic name
};

// Rows of a toc_conf_row table; `part` is the struct toc_bus_conf inside `whole`, the texts are for the example: port,
// authority's file, name of certificate and key:
//     static const struct toc_conf_row rows[] = {TOC_BUS_CONF_ROWS(struct my_conf, bus, "9093", "ca.pem", "tls"), {0}};
// clang-format off
#define TOC_BUS_CONF_ROWS(whole, part, port, authority, own)                                       \
    {.name = "kafka.brokers", .type = TOC_CONF_TEXT, .offset = offsetof(whole, part.brokers),      \
        .required = true, .fallback = "\"kafka.example.org:" port "\"",                            \
        .doc = "Brokers to ask first: host:port, separated by commas."},                           \
    {.name = "kafka.ca", .type = TOC_CONF_PATH, .offset = offsetof(whole, part.ca),                \
        .required = true, .fallback = "\"" authority "\"",                                         \
        .doc = "PEM file of the authority that signed the brokers' certificates."},                \
    {.name = "kafka.certificate", .type = TOC_CONF_PATH,                                           \
        .offset = offsetof(whole, part.certificate), .required = true,                             \
        .fallback = "\"" own ".crt\"",                                                             \
        .doc = "PEM file of our own certificate: it says to the broker who we are."},              \
    {.name = "kafka.key", .type = TOC_CONF_PATH, .offset = offsetof(whole, part.key),              \
        .required = true, .fallback = "\"" own ".key\"",                                           \
        .doc = "PEM file of the private key of kafka.certificate; mode 0600."},                    \
    {.name = "kafka.client_id", .type = TOC_CONF_TEXT, .offset = offsetof(whole, part.client_id),  \
        .fallback = "\"tocsin\"", .doc = "Name of this program in the broker's logs and quotas."}, \
    {.name = "kafka.prefix", .type = TOC_CONF_TEXT, .offset = offsetof(whole, part.prefix),        \
        .fallback = "\"tocsin.\"", .check = toc_bus_prefix_check,                                  \
        .doc = "What every topic name of this deployment starts with."}
// clang-format on

// `value` points at the field; letters, digits, '.', '_', '-', at most 100 (Kafka's rule for topics).
TOC_NODISCARD toc_rc toc_bus_prefix_check(const void *value, struct toc_err *err);

// Prefix and name into the caller's array of TOC_TOPIC_BYTES_MAX; returns out. Longer names are cut,
// which Kafka then refuses as unknown.
const char *toc_bus_topic(const struct toc_bus_conf *conf, const char *name, char *out);
#define TOC_BUS_TOPIC(conf, name) toc_bus_topic((conf), (name), (char[TOC_TOPIC_BYTES_MAX]){0})

// Is every one of "host:port,host:port" this machine: 127.0.0.0/8, ::1 or localhost? None is not.
bool toc_bus_is_loopback(const char *brokers);

// An authority marked QUICKSTART was made for trying things out, so it must not carry a deployment: REFUSED
// when `pem` (authority or certificate) bears the mark and `brokers` are not all on loopback. Every handle of
// lib/bus looks at its own configuration by itself.
TOC_NODISCARD toc_rc toc_bus_quickstart_check(const char *pem, const char *brokers, struct toc_err *err);

// Where lib/bus says what happens beside the calls: connection trouble in words a member
// understands, rebalances, rebuilt handles. It never prints.
// @locality any thread, also librdkafka's own; must be quick and must not call lib/bus.
struct toc_bus_log {
    void (*line)(void *ctx, enum toc_log_level level, const char *text); // NULL = silent
    void *ctx;
};

// The librdkafka in use, as rd_kafka_version(): 0x020002ff is 2.0.2.
int toc_bus_version(void);
// REFUSED below 2.0.2. *out_advice = a sentence for the operator (static), or NULL when all is well:
// below 2.6.1 and 2.10.0 have known faults that our rules work around but do not cure.
TOC_NODISCARD toc_rc toc_bus_version_check(
        int version, const char **out_advice, struct toc_err *err);
