// librdkafka's error codes as toc_err. Inside lib/bus only.
#pragma once

#include <librdkafka/rdkafka.h>

#include "lib/base/err.h"

#define TOC_BUS_DETAIL_BYTES_MAX 200 // what is kept of librdkafka's own words in an error

// What was tried, for the sentence that names the missing right.
struct toc_bus_act {
    const char *what;  // "sending to topic tocsin.submit"
    const char *right; // "Write on topic tocsin.submit"; NULL = none that could be missing
};

// Code of an error: AUTH for every missing right, NOTFOUND, TIMEOUT, LENGTH, ... else KAFKA.
enum toc_code toc_bus_code(rd_kafka_resp_err_t error);

// "<what>: <words>" with that fate. `detail` = librdkafka's own text or connection trouble, NULL or ""
// = none.
toc_rc toc_bus_fail(struct toc_err *err, enum toc_fate fate, rd_kafka_resp_err_t error,
        struct toc_bus_act act, const char *detail);
