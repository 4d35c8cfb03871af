// What every librdkafka handle of ours has in common: TLS, callbacks, the memory of the last trouble, and the
// settings to make another handle of the same kind when one died. Inside lib/bus only.
#pragma once

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/bus/conf.h"

struct toc_link {
    rd_kafka_t *rk; // NULL between stop and start
    struct toc_bus_log log;
    struct toc_bus_conf conf; // texts owned
    rd_kafka_conf_t *settings;
    bool validity_told; // of our certificate
    pthread_mutex_t lock;
    char trouble[TOC_BUS_TROUBLE_BYTES_MAX]; // guarded by lock
    int64_t trouble_ms;                      // guarded by lock; monotonic
    int certificate_error;                   // guarded by lock
};

// Checks the key file's permissions, fills in what all kinds share. Set more, then start. After a
// failure, and before every start over, toc_link_done is safe.
toc_rc toc_link_init(struct toc_link *link, const struct toc_bus_conf *conf, struct toc_bus_log log,
        struct toc_err *err);
toc_rc toc_link_set(
        struct toc_link *link, const char *name, const char *value, struct toc_err *err);
toc_rc toc_link_set_number(
        struct toc_link *link, const char *name, int64_t value, struct toc_err *err);
// A setting that older releases do not have: ignored there.
void toc_link_set_if_known(struct toc_link *link, const char *name, const char *value);

// `dress` (may be NULL) adds to the copy of the settings that the handle takes over: interceptors do
// not survive the copy.
toc_rc toc_link_start(struct toc_link *link, rd_kafka_type_t type,
        void (*dress)(rd_kafka_conf_t *settings, void *ctx), void *ctx, struct toc_err *err);
void toc_link_stop(struct toc_link *link); // destroys the handle; everything taken from it is gone
void toc_link_done(struct toc_link *link);

// The connection trouble of the last 30 s into out (TOC_BUS_TROUBLE_BYTES_MAX), "" when there was none.
const char *toc_link_trouble(struct toc_link *link, char *out);
#define TOC_LINK_TROUBLE(link) toc_link_trouble((link), (char[TOC_BUS_TROUBLE_BYTES_MAX]){0})

void toc_link_say(const struct toc_link *link, enum toc_log_level level, const char *fmt, ...)
        TOC_PRINTF(3, 4);
