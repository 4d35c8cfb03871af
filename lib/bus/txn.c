#include "lib/bus/txn.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/bus/consumer_parts.h"
#include "lib/bus/end_txn.h"
#include "lib/bus/fail.h"
#include "lib/bus/group_meta.h"
#include "lib/bus/link.h"
#include "lib/bus/sender.h"

#define TIMEOUT_MS_DEFAULT 10000
#define QUEUE_RECORDS_DEFAULT 500000
#define QUEUE_KBYTES_DEFAULT 262144
#define INIT_MS 30000 // an older process's open transaction is decided first
#define END_MS 60000  // a commit or abort that is still undecided then is left to the next open
#define STEP_MS 250   // reports of failed records are looked at this often
#define ROOM_STEP_MS 10

struct toc_txn {
    struct toc_link link;
    struct toc_sender sender;
    struct toc_end_txn watch;
    char *id;
    int64_t timeout_ms;
    bool open, fenced;
    bool renew; // the handle in use must not begin another transaction: a request of the last one may
            // come late, or an error has left its sequence numbers in disorder (seen with 2.0.2:
            // the transaction after an aborted one failed by itself)
    struct toc_txn_counts counts;
    // The first record that could not be stored in this transaction.
    struct {
        rd_kafka_resp_err_t error;
        char topic[TOC_TOPIC_BYTES_MAX];
        int32_t partition;
    } refused;
};

// ---- errors

static bool is_fenced(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR__FENCED || error == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           error == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

// A transaction in error says little of its cause; the first record that could not be stored does.
static toc_rc say_refused(
        const struct toc_txn *txn, enum toc_fate fate, const char *detail, struct toc_err *err)
{
    char what[300], right[300];
    snprintf(what, sizeof what, "sending to partition %d of topic %s", txn->refused.partition,
            txn->refused.topic);
    snprintf(right, sizeof right, "Write on topic %s", txn->refused.topic);
    return toc_bus_fail(err, fate, txn->refused.error, (struct toc_bus_act){what, right}, detail);
}

// Takes `error` over. The order matters: fatal, then abort, then retry, else fatal.
static toc_rc judge(struct toc_txn *txn, rd_kafka_error_t *error, const char *what,
        const char *right, struct toc_err *err)
{
    if (error == NULL)
        return TOC_OK;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    enum toc_fate fate = TOC_FATE_FATAL;
    if (!rd_kafka_error_is_fatal(error)) {
        if (rd_kafka_error_txn_requires_abort(error)) {
            fate = TOC_FATE_ABORT_TXN;
            txn->renew = true;
        } else if (rd_kafka_error_is_retriable(error))
            fate = TOC_FATE_RETRY;
    }
    if (is_fenced(code))
        txn->fenced = true;
    toc_rc rc;
    char subject[300];
    if (code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) {
        rc = toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_BUSY, TOC_BUS_FENCED);
    } else if (txn->refused.error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rc = say_refused(txn, fate, rd_kafka_error_string(error), err);
    } else {
        snprintf(subject, sizeof subject, "transaction %s: %s", txn->id, what);
        const char *trouble = TOC_LINK_TROUBLE(&txn->link);
        rc = toc_bus_fail(err, fate, code, (struct toc_bus_act){subject, right},
                *trouble != '\0' ? trouble : rd_kafka_error_string(error));
    }
    rd_kafka_error_destroy(error);
    return rc;
}

// Reports come for records that failed, only.
static void take_reports(struct toc_txn *txn)
{
    rd_kafka_event_t *event;
    while ((event = rd_kafka_queue_poll(txn->sender.events, 0)) != NULL) {
        const rd_kafka_message_t *message;
        while ((message = rd_kafka_event_message_next(event)) != NULL) {
            bool purged = message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
                          message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
            if (purged || txn->refused.error != RD_KAFKA_RESP_ERR_NO_ERROR)
                continue; // purged = fell with another one
            txn->refused.error = message->err;
            txn->renew = true;
            txn->refused.partition = message->partition;
            snprintf(txn->refused.topic, sizeof txn->refused.topic, "%s",
                    rd_kafka_topic_name(message->rkt));
        }
        rd_kafka_event_destroy(event);
    }
}

static int left_ms(int64_t until_ms)
{
    int64_t left = until_ms - toc_monotonic_ms(NULL);
    return left > 0 ? (int)left : 0;
}

// ---- open, renew, close

static toc_rc start(struct toc_txn *txn, struct toc_err *err)
{
    int64_t until_ms = toc_monotonic_ms(NULL) + INIT_MS;
    TOC_TRY(toc_link_start(&txn->link, RD_KAFKA_PRODUCER, toc_end_txn_watch, &txn->watch, err));
    toc_sender_init(&txn->sender, txn->link.rk);
    char right[200];
    snprintf(right, sizeof right, "Write and Describe on transactional id %s", txn->id);
    toc_rc rc;
    struct toc_err failure = {0};
    do {
        rc = judge(txn, rd_kafka_init_transactions(txn->link.rk, left_ms(until_ms)), "opening",
                right, &failure);
    } while (toc_failed(rc) && failure.fate == TOC_FATE_RETRY && left_ms(until_ms) > 0);
    if (!toc_failed(rc))
        return TOC_OK;
    failure.fate = TOC_FATE_FATAL;
    if (err != NULL)
        *err = failure;
    return rc;
}

static void stop(struct toc_txn *txn)
{
    if (txn->link.rk != NULL)
        rd_kafka_purge(txn->link.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    toc_sender_done(&txn->sender);
    toc_link_stop(&txn->link);
}

static toc_rc open_in(struct toc_txn *txn, const struct toc_bus_conf *conf, struct toc_bus_log log,
        const struct toc_txn_opts *opts, struct toc_err *err)
{
    struct toc_link *link = &txn->link;
    TOC_TRY(toc_link_init(link, conf, log, err));
    txn->id = toc_mem_strdup(opts->id);
    if (txn->id == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "transaction");
    txn->timeout_ms = opts->timeout_ms > 0 ? opts->timeout_ms : TIMEOUT_MS_DEFAULT;
    TOC_TRY(toc_sender_settings(link, opts->compression == NULL ? "lz4" : opts->compression,
            opts->linger_ms, opts->queue_records > 0 ? opts->queue_records : QUEUE_RECORDS_DEFAULT,
            opts->queue_kbytes > 0 ? opts->queue_kbytes : QUEUE_KBYTES_DEFAULT, err));
    TOC_TRY(toc_link_set(link, "transactional.id", opts->id, err));
    TOC_TRY(toc_link_set_number(link, "transaction.timeout.ms", txn->timeout_ms, err));
    // A lost answer must be noticed, and asked for again, before the broker gives the transaction up.
    TOC_TRY(toc_link_set_number(link, "socket.timeout.ms", txn->timeout_ms / 2, err));
    // Without reports by event librdkafka's flush, and so commit, waits in steps of 10 ms.
    TOC_TRY(toc_link_set(link, "delivery.report.only.error", "true", err));
    return start(txn, err);
}

toc_rc toc_txn_open(const struct toc_bus_conf *conf, struct toc_bus_log log,
        const struct toc_txn_opts *opts, struct toc_txn **out, struct toc_err *err)
{
    struct toc_txn *txn = toc_mem_alloc(1, sizeof *txn);
    if (txn == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "transaction");
    toc_rc rc = open_in(txn, conf, log, opts, err);
    if (toc_failed(rc)) {
        toc_txn_close(txn);
        return rc;
    }
    *out = txn;
    return TOC_OK;
}

void toc_txn_close(struct toc_txn *txn)
{
    if (txn == NULL)
        return;
    stop(txn);
    toc_link_done(&txn->link);
    toc_mem_free(txn->id);
    toc_mem_free(txn);
}

// ---- one transaction

toc_rc toc_txn_begin(struct toc_txn *txn, struct toc_err *err)
{
    if (txn->renew) {
        stop(txn);
        txn->counts.rebuilds++;
        toc_link_say(&txn->link, TOC_LOG_INFO,
                "transaction %s: producer built anew after a repeated or failed request", txn->id);
        TOC_TRY(start(txn, err));
        txn->renew = false;
    }
    // Asked first: begin has been seen to hang after a fatal error (librdkafka #4420).
    char why[TOC_BUS_DETAIL_BYTES_MAX];
    rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(txn->link.rk, why, sizeof why);
    if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR)
        return judge(txn, rd_kafka_error_new(fatal, "%s", why), "beginning", NULL, err);
    toc_end_txn_begin(&txn->watch);
    txn->refused.error = RD_KAFKA_RESP_ERR_NO_ERROR;
    TOC_TRY(judge(txn, rd_kafka_begin_transaction(txn->link.rk), "beginning", NULL, err));
    txn->open = true;
    return TOC_OK;
}

toc_rc toc_txn_put(struct toc_txn *txn, const struct toc_send *record, struct toc_err *err)
{
    int64_t until_ms = toc_monotonic_ms(NULL) + txn->timeout_ms;
    struct toc_err failure = {0};
    toc_rc rc;
    while (toc_failed(rc = toc_sender_put(&txn->sender, record, NULL, &failure)) &&
            rc.code == TOC_E_BUSY && left_ms(until_ms) > 0) {
        take_reports(txn);
        rd_kafka_flush(txn->link.rk, ROOM_STEP_MS);
    }
    if (!toc_failed(rc) || rc.code == TOC_E_LENGTH) { // too long: the transaction is as it was
        if (toc_failed(rc) && err != NULL)
            *err = failure;
        return rc;
    }
    failure.fate = rd_kafka_fatal_error(txn->link.rk, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR
                           ? TOC_FATE_FATAL
                           : TOC_FATE_ABORT_TXN;
    take_reports(txn);
    if (txn->refused.error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return say_refused(txn, failure.fate, NULL, err);
    if (err != NULL)
        *err = failure;
    return rc;
}

static toc_rc check_member(const rd_kafka_consumer_group_metadata_t *metadata, struct toc_err *err)
{
    void *bytes;
    size_t size;
    rd_kafka_error_t *error = rd_kafka_consumer_group_metadata_write(metadata, &bytes, &size);
    if (error != NULL) {
        rd_kafka_error_destroy(error);
        return toc_fail_fate(err, TOC_FATE_ABORT_TXN, TOC_E_KAFKA, "group metadata not readable");
    }
    struct toc_group_meta meta;
    toc_rc rc = toc_group_meta_parse(toc_slice(bytes, size), &meta, err);
    if (toc_failed(rc) && err != NULL)
        err->fate = TOC_FATE_FATAL; // a librdkafka that we do not know
    if (!toc_failed(rc))
        rc = toc_group_meta_check(&meta, err);
    rd_kafka_mem_free(NULL, bytes);
    return rc;
}

// Our own steps, so that reports of failed records are taken meanwhile: flush would wait for them.
static toc_rc flush(struct toc_txn *txn, struct toc_err *err)
{
    int64_t until_ms = toc_monotonic_ms(NULL) + txn->timeout_ms;
    for (;;) {
        rd_kafka_resp_err_t error = rd_kafka_flush(txn->link.rk, STEP_MS);
        take_reports(txn);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR ||
                txn->refused.error != RD_KAFKA_RESP_ERR_NO_ERROR ||
                rd_kafka_fatal_error(txn->link.rk, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR)
            return TOC_OK; // the call that follows gives the verdict
        if (left_ms(until_ms) == 0)
            return toc_fail_fate(err, TOC_FATE_ABORT_TXN, TOC_E_TIMEOUT,
                    "transaction %s: %d records not stored within %" PRId64 " ms: %s", txn->id,
                    rd_kafka_outq_len(txn->link.rk), txn->timeout_ms, TOC_LINK_TROUBLE(&txn->link));
    }
}

toc_rc toc_txn_offsets(struct toc_txn *txn, struct toc_consumer *consumer,
        const struct toc_offset *offsets, size_t count, struct toc_err *err)
{
    rd_kafka_consumer_group_metadata_t *metadata = toc_group_metadata(consumer);
    if (metadata == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_USAGE, "consumer without a group");
    rd_kafka_topic_partition_list_t *list = toc_offset_list(offsets, count);
    int64_t until_ms = toc_monotonic_ms(NULL) + txn->timeout_ms;
    toc_rc rc = check_member(metadata, err);
    struct toc_err failure = {0};
    take_reports(txn); // for the words of a failure
    while (!toc_failed(rc)) {
        rc = judge(txn,
                rd_kafka_send_offsets_to_transaction(
                        txn->link.rk, list, metadata, left_ms(until_ms)),
                "committing offsets", "Read on the group", &failure);
        if (!toc_failed(rc))
            break;
        if (failure.fate == TOC_FATE_RETRY && left_ms(until_ms) > 0) {
            rc = TOC_OK;
            continue;
        }
        if (failure.fate == TOC_FATE_RETRY)
            failure.fate = TOC_FATE_ABORT_TXN;
        if (err != NULL)
            *err = failure;
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_consumer_group_metadata_destroy(metadata);
    return rc;
}

// ---- its end

typedef rd_kafka_error_t *end_call(rd_kafka_t *rk, int timeout_ms);

// Calls until the outcome is known: a call that timed out goes on where it was. Failed records must be
// taken from the queue meanwhile, or an abort waits for them for ever: so short steps while there are any.
static toc_rc end(struct toc_txn *txn, end_call *call, const char *what, struct toc_err *err)
{
    int64_t until_ms = toc_monotonic_ms(NULL) + END_MS;
    struct toc_err failure = {0};
    toc_rc rc;
    do {
        take_reports(txn);
        int wait_ms = rd_kafka_outq_len(txn->link.rk) > 0 ? STEP_MS : left_ms(until_ms);
        rc = judge(txn, call(txn->link.rk, wait_ms), what, NULL, &failure);
    } while (toc_failed(rc) && failure.fate == TOC_FATE_RETRY && left_ms(until_ms) > 0);
    if (toc_failed(rc) && failure.fate == TOC_FATE_RETRY)
        failure.fate = TOC_FATE_FATAL; // undecided: only the next open can settle it
    if (toc_failed(rc) && err != NULL)
        *err = failure;
    if (!toc_failed(rc) || failure.fate != TOC_FATE_ABORT_TXN)
        txn->open = false;
    if (toc_end_txn_doubtful(&txn->watch))
        txn->renew = true;
    return rc;
}

toc_rc toc_txn_commit(struct toc_txn *txn, struct toc_err *err)
{
    TOC_TRY(flush(txn, err));
    TOC_TRY(end(txn, rd_kafka_commit_transaction, "commit", err));
    txn->counts.commits++;
    return TOC_OK;
}

// An abort that the broker does not take (it knows no transaction when the first record was refused) is
// done by opening anew: that aborts whatever is open under this id.
static toc_rc abort_by_renewal(struct toc_txn *txn, struct toc_err *err)
{
    if (txn->fenced)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_KAFKA, "transaction %s: fenced", txn->id);
    stop(txn);
    txn->counts.rebuilds++;
    TOC_TRY(start(txn, err));
    txn->renew = false;
    return TOC_OK;
}

toc_rc toc_txn_abort(struct toc_txn *txn, struct toc_err *err)
{
    if (!txn->open)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_USAGE,
                "transaction %s: nothing to abort, or its commit is undecided", txn->id);
    struct toc_err failure;
    txn->refused.error = RD_KAFKA_RESP_ERR_NO_ERROR;
    toc_rc rc = end(txn, rd_kafka_abort_transaction, "abort", &failure);
    txn->open = false;
    if (toc_failed(rc))
        TOC_TRY(abort_by_renewal(txn, err));
    txn->counts.aborts++;
    return TOC_OK;
}

bool toc_txn_is_open(const struct toc_txn *txn)
{
    return txn->open;
}

bool toc_txn_fenced(const struct toc_txn *txn)
{
    char why[TOC_BUS_DETAIL_BYTES_MAX]; // put learns of it by a handle that takes nothing more
    rd_kafka_resp_err_t fatal = txn->link.rk == NULL ? RD_KAFKA_RESP_ERR_NO_ERROR
                                                     : rd_kafka_fatal_error(txn->link.rk, why, sizeof why);
    return txn->fenced || is_fenced(fatal);
}

struct toc_txn_counts toc_txn_counts(const struct toc_txn *txn)
{
    return txn->counts;
}
