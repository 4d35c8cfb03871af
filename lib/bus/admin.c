// The handle, the cluster, and how questions are asked.
#include "lib/bus/admin.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/bus/admin_parts.h"

#define ASK_STEP_MS 1000

static toc_rc link_for(struct toc_link *link, const struct toc_bus_conf *conf,
        struct toc_bus_log log, const char *isolation, struct toc_err *err)
{
    TOC_TRY(toc_link_init(link, conf, log, err));
    return toc_link_set(link, "isolation.level", isolation, err);
}

toc_rc toc_admin_open(const struct toc_bus_conf *conf, struct toc_bus_log log, int timeout_ms,
        struct toc_admin **out, struct toc_err *err)
{
    struct toc_admin *admin = toc_mem_alloc(1, sizeof *admin);
    if (admin == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "admin");
    admin->timeout_ms = timeout_ms;
    toc_rc rc = link_for(&admin->link, conf, log, "read_uncommitted", err);
    if (!toc_failed(rc))
        rc = link_for(&admin->stable, conf, log, "read_committed", err);
    // A consumer without a group: the only kind that may be asked everything and keeps no queues.
    if (!toc_failed(rc))
        rc = toc_link_start(&admin->link, RD_KAFKA_CONSUMER, NULL, NULL, err);
    if (toc_failed(rc)) {
        toc_admin_close(admin);
        return rc;
    }
    admin->answers = rd_kafka_queue_new(admin->link.rk);
    *out = admin;
    return TOC_OK;
}

void toc_admin_close(struct toc_admin *admin)
{
    if (admin == NULL)
        return;
    if (admin->answers != NULL)
        rd_kafka_queue_destroy(admin->answers);
    toc_link_done(&admin->group);
    toc_link_done(&admin->stable);
    toc_link_done(&admin->link);
    toc_mem_free(admin);
}

rd_kafka_AdminOptions_t *toc_admin_options(const struct toc_admin *admin, rd_kafka_admin_op_t op)
{
    char why[128];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(admin->link.rk, op);
    // Refused for operations that have no such time; then its default is right.
    (void)rd_kafka_AdminOptions_set_request_timeout(options, admin->timeout_ms, why, sizeof why);
    (void)rd_kafka_AdminOptions_set_operation_timeout(options, admin->timeout_ms, why, sizeof why);
    return options;
}

toc_rc toc_admin_answer(struct toc_admin *admin, rd_kafka_AdminOptions_t *options,
        struct toc_bus_act act, rd_kafka_event_t **out, struct toc_err *err)
{
    // librdkafka always answers, by its own time-out at the latest; a little more is given for that.
    rd_kafka_event_t *event = rd_kafka_queue_poll(admin->answers, admin->timeout_ms + 1000);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_poll(admin->link.rk, 0); // or errors of the handle pile up
    rd_kafka_resp_err_t error =
            event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *out = event;
        return TOC_OK;
    }
    const char *trouble = TOC_LINK_TROUBLE(&admin->link);
    toc_rc rc = toc_bus_fail(err, TOC_FATE_RETRY, error, act,
            *trouble != '\0' || event == NULL ? trouble : rd_kafka_event_error_string(event));
    if (event != NULL)
        rd_kafka_event_destroy(event);
    return rc;
}

toc_rc toc_admin_item(
        rd_kafka_resp_err_t error, const char *detail, struct toc_bus_act act, struct toc_err *err)
{
    return error == RD_KAFKA_RESP_ERR_NO_ERROR
                   ? TOC_OK
                   : toc_bus_fail(err, TOC_FATE_RETRY, error, act, detail);
}

// In steps, to give up as soon as it is known why nobody answers.
static rd_kafka_resp_err_t ask_brokers(struct toc_admin *admin, int *out_brokers)
{
    int64_t until_ms = toc_monotonic_ms(NULL) + admin->timeout_ms;
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t error;
    do {
        int64_t left_ms = until_ms - toc_monotonic_ms(NULL);
        error = rd_kafka_metadata(admin->link.rk, 0, NULL, &metadata,
                left_ms < ASK_STEP_MS ? (int)left_ms : ASK_STEP_MS);
    } while (error != RD_KAFKA_RESP_ERR_NO_ERROR && *TOC_LINK_TROUBLE(&admin->link) == '\0' &&
             toc_monotonic_ms(NULL) < until_ms);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error;
    *out_brokers = metadata->broker_cnt;
    rd_kafka_metadata_destroy(metadata);
    return error;
}

toc_rc toc_admin_cluster(struct toc_admin *admin, struct toc_cluster *out, struct toc_err *err)
{
    struct toc_cluster cluster = {0};
    char *id = NULL;
    rd_kafka_resp_err_t error = ask_brokers(admin, &cluster.brokers);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        id = rd_kafka_clusterid(admin->link.rk, admin->timeout_ms);
    if (id == NULL)
        return toc_bus_fail(err, TOC_FATE_RETRY,
                error != RD_KAFKA_RESP_ERR_NO_ERROR ? error : RD_KAFKA_RESP_ERR__TIMED_OUT,
                (struct toc_bus_act){"asking for the cluster", NULL},
                TOC_LINK_TROUBLE(&admin->link));
    toc_text_show(cluster.id, sizeof cluster.id, toc_slice_of(id));
    rd_kafka_mem_free(admin->link.rk, id);
    *out = cluster;
    return TOC_OK;
}
