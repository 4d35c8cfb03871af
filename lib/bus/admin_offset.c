// Where logs begin and end, how far groups have come, and cleaning behind them.
#include <stdio.h>
#include <string.h>

#include "lib/base/time.h"
#include "lib/bus/admin_parts.h"

#define AGAIN_MS 50 // between two questions to a broker that is just taking a partition over

// A topic that was made a moment ago is led by nobody yet.
static rd_kafka_resp_err_t ask_ends(const struct toc_admin *admin, rd_kafka_t *rk, const char *topic,
        int32_t partition, int64_t *begin, int64_t *end)
{
    int64_t until_ms = toc_monotonic_ms(NULL) + admin->timeout_ms;
    for (int64_t left_ms = admin->timeout_ms;;) {
        rd_kafka_resp_err_t error =
                rd_kafka_query_watermark_offsets(rk, topic, partition, begin, end, (int)left_ms);
        bool passing = error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
                       error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
        left_ms = until_ms - toc_monotonic_ms(NULL) - AGAIN_MS;
        if (!passing || left_ms <= 0)
            return error;
        toc_pause_ms(AGAIN_MS);
    }
}

toc_rc toc_admin_offsets(struct toc_admin *admin, const char *topic, int32_t partition,
        enum toc_isolation isolation, int64_t *out_begin, int64_t *out_end, struct toc_err *err)
{
    struct toc_link *link = &admin->link;
    if (isolation == TOC_READ_COMMITTED) {
        link = &admin->stable;
        if (link->rk == NULL)
            TOC_TRY(toc_link_start(link, RD_KAFKA_CONSUMER, NULL, NULL, err));
    }
    int64_t begin, end;
    rd_kafka_resp_err_t error = ask_ends(admin, link->rk, topic, partition, &begin, &end);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *out_begin = begin;
        *out_end = end;
        return TOC_OK;
    }
    char what[300], right[300];
    snprintf(what, sizeof what, "offsets of partition %d of topic %s", partition, topic);
    snprintf(right, sizeof right, "Describe on topic %s", topic);
    return toc_bus_fail(
            err, TOC_FATE_RETRY, error, (struct toc_bus_act){what, right}, TOC_LINK_TROUBLE(link));
}

// Offsets are left out where a partition is only named.
static rd_kafka_topic_partition_list_t *list_of(
        const struct toc_offset *offsets, size_t count, bool with_offsets)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_t *part =
                rd_kafka_topic_partition_list_add(list, offsets[i].topic, offsets[i].partition);
        if (with_offsets)
            part->offset = offsets[i].offset;
    }
    return list;
}

// The first partition of an answer that failed.
static toc_rc check_parts(
        const rd_kafka_topic_partition_list_t *parts, struct toc_bus_act act, struct toc_err *err)
{
    for (int i = 0; i < parts->cnt; i++)
        if (parts->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            char where[700];
            snprintf(where, sizeof where, "%s: partition %d of topic %s", act.what,
                    parts->elems[i].partition, parts->elems[i].topic);
            return toc_bus_fail(err, TOC_FATE_RETRY, parts->elems[i].err,
                    (struct toc_bus_act){where, act.right}, NULL);
        }
    return TOC_OK;
}

// A handle with the group's name that never joins it. librdkafka has an admin question for this, too, whose
// release 2.0.2 dies of a coordinator that is still loading.
static toc_rc group_link(struct toc_admin *admin, const char *group, struct toc_err *err)
{
    struct toc_link *link = &admin->group;
    if (link->rk != NULL && strcmp(admin->group_name, group) == 0)
        return TOC_OK;
    TOC_ENSURE(strlen(group) < sizeof admin->group_name, err, TOC_E_LENGTH, "a group's name of %zu bytes", strlen(group));
    toc_link_done(link);
    *link = (struct toc_link){0};
    TOC_TRY(toc_link_init(link, &admin->link.conf, admin->link.log, err));
    TOC_TRY(toc_link_set(link, "group.id", group, err));
    TOC_TRY(toc_link_set(link, "enable.auto.commit", "false", err));
    memcpy(admin->group_name, group, strlen(group) + 1);
    return toc_link_start(link, RD_KAFKA_CONSUMER, NULL, NULL, err);
}

toc_rc toc_admin_committed(struct toc_admin *admin, const char *group, struct toc_offset *offsets,
        size_t count, struct toc_err *err)
{
    char what[300], right[300];
    snprintf(what, sizeof what, "committed offsets of group %s", group);
    snprintf(right, sizeof right, "Describe on group %s and on its topics", group);
    const struct toc_bus_act act = {what, right};
    TOC_TRY(group_link(admin, group, err));
    rd_kafka_topic_partition_list_t *parts = list_of(offsets, count, false);
    rd_kafka_resp_err_t error = rd_kafka_committed(admin->group.rk, parts, admin->timeout_ms);
    rd_kafka_poll(admin->group.rk, 0); // or errors of the handle pile up
    toc_rc rc = error == RD_KAFKA_RESP_ERR_NO_ERROR
                        ? check_parts(parts, act, err)
                        : toc_bus_fail(err, TOC_FATE_RETRY, error, act, TOC_LINK_TROUBLE(&admin->group));
    for (size_t i = 0; !toc_failed(rc) && i < count; i++) {
        const rd_kafka_topic_partition_t *part =
                rd_kafka_topic_partition_list_find(parts, offsets[i].topic, offsets[i].partition);
        offsets[i].offset = part == NULL || part->offset < 0 ? TOC_OFFSET_NONE : part->offset;
    }
    rd_kafka_topic_partition_list_destroy(parts);
    return rc;
}

toc_rc toc_admin_delete_records(struct toc_admin *admin, const struct toc_offset *offsets,
        size_t count, struct toc_err *err)
{
    const struct toc_bus_act act = {"deleting records", "Delete on the topic"};
    rd_kafka_event_t *answer;
    if (count == 0)
        return TOC_OK;
    rd_kafka_topic_partition_list_t *before = list_of(offsets, count, true);
    rd_kafka_DeleteRecords_t *question = rd_kafka_DeleteRecords_new(before);
    rd_kafka_topic_partition_list_destroy(before);
    rd_kafka_AdminOptions_t *options = toc_admin_options(admin, RD_KAFKA_ADMIN_OP_DELETERECORDS);
    rd_kafka_DeleteRecords(admin->link.rk, &question, 1, options, admin->answers);
    rd_kafka_DeleteRecords_destroy(question);
    TOC_TRY(toc_admin_answer(admin, options, act, &answer, err));
    toc_rc rc = check_parts(
            rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(answer)), act,
            err);
    rd_kafka_event_destroy(answer);
    return rc;
}
