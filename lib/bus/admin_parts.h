// Asking one admin question and waiting for its answer, shared by admin*.c. Inside lib/bus only.
#pragma once

#include <librdkafka/rdkafka.h>

#include "lib/bus/admin.h"
#include "lib/bus/fail.h"
#include "lib/bus/link.h"

struct toc_admin {
    struct toc_link link;   // read_uncommitted: the ends it sees are high watermarks
    struct toc_link stable; // read_committed: last stable offsets; connected when first needed
    struct toc_link group;  // under the name of the group last asked about; started when first needed
    char group_name[256];
    rd_kafka_queue_t *answers;
    int timeout_ms;
};

// Options with the time-out of the admin; freed by the caller.
rd_kafka_AdminOptions_t *toc_admin_options(const struct toc_admin *admin, rd_kafka_admin_op_t op);

// The answer to the one question that is on its way, freed by the caller; a failure of the question as a
// whole is returned instead. Takes the options over.
toc_rc toc_admin_answer(struct toc_admin *admin, rd_kafka_AdminOptions_t *options,
        struct toc_bus_act act, rd_kafka_event_t **out, struct toc_err *err);

// Failure of one item of an answer; OK when error is none.
toc_rc toc_admin_item(
        rd_kafka_resp_err_t error, const char *detail, struct toc_bus_act act, struct toc_err *err);
