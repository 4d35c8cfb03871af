// A static member of a group: joining, rebalances, leaving.
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/bus/consumer_parts.h"
#include "lib/bus/fail.h"

#define SESSION_MS_DEFAULT 30000
#define MAX_POLL_MS_DEFAULT 60000
// A member learns of a rebalance by the answer to its heartbeat, and cooperative ones take two rounds. Measured, two
// workers from start to the last partition restored: 1.6 to 2.7 s; 1.9 to 7.6 s with 3 s, and no better with half a second.
#define HEARTBEAT_MS 1000
// A former owner's open transaction is decided within its time-out (10 s) and the coordinator's next look
// (1 s on our brokers, 10 s by default); until then its offsets are not stable.
#define COMMITTED_MS 30000
#define LEAVE_MS 10000
#define DENIED_MS 1000 // an assignment is hardly to come

static void break_with(struct toc_consumer *consumer, const struct toc_err *failure)
{
    if (consumer->broken)
        return;
    consumer->broken = true;
    consumer->failure = *failure;
    consumer->failure.fate = TOC_FATE_FATAL;
}

// ---- partitions arrive

static void free_assigned(struct toc_assigned *parts, size_t count)
{
    for (size_t i = 0; parts != NULL && i < count; i++)
        toc_mem_free((void *)(uintptr_t)parts[i].metadata);
    toc_mem_free(parts);
}

// What the group committed for them, as the caller sees it.
static toc_rc ask_committed(struct toc_consumer *consumer,
        const rd_kafka_topic_partition_list_t *list, struct toc_assigned *parts,
        struct toc_err *err)
{
    const struct toc_bus_act act = {"asking for the committed offsets", "Read on the group"};
    rd_kafka_topic_partition_list_t *committed = rd_kafka_topic_partition_list_copy(list);
    rd_kafka_resp_err_t error = rd_kafka_committed(consumer->link.rk, committed, COMMITTED_MS);
    for (int i = 0; error == RD_KAFKA_RESP_ERR_NO_ERROR && i < committed->cnt; i++) {
        const rd_kafka_topic_partition_t *part = &committed->elems[i];
        error = part->err;
        parts[i] = (struct toc_assigned){
                .topic = list->elems[i].topic,
                .partition = part->partition,
                .committed = part->offset >= 0 ? part->offset : TOC_OFFSET_NONE,
                .metadata = toc_mem_dup(part->metadata, part->metadata_size),
                .start = part->offset >= 0 ? part->offset : TOC_OFFSET_BEGINNING,
        };
        if (parts[i].metadata == NULL)
            error = RD_KAFKA_RESP_ERR__FAIL;
    }
    rd_kafka_topic_partition_list_destroy(committed);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        return TOC_OK;
    return toc_bus_fail(err, TOC_FATE_FATAL, error, act, TOC_LINK_TROUBLE(&consumer->link));
}

static toc_rc take_over(struct toc_consumer *consumer, rd_kafka_topic_partition_list_t *list,
        struct toc_assigned *parts, struct toc_err *err)
{
    size_t count = (size_t)list->cnt;
    TOC_TRY(ask_committed(consumer, list, parts, err));
    if (consumer->events.assigned != NULL)
        TOC_TRY(consumer->events.assigned(consumer->events.ctx, parts, count, err));
    for (size_t i = 0; i < count; i++) {
        list->elems[i].offset = parts[i].start;
        TOC_TRY(toc_held_add(
                consumer, parts[i].topic, parts[i].partition, parts[i].start, -1, err));
    }
    return TOC_OK;
}

static void on_assign(struct toc_consumer *consumer, rd_kafka_topic_partition_list_t *list)
{
    consumer->was_assigned = true;
    if (list->cnt == 0 || consumer->closing || consumer->broken)
        return;
    struct toc_err failure = {.code = TOC_E_MEMORY, .text = "partitions assigned"};
    struct toc_assigned *parts = toc_mem_alloc((size_t)list->cnt, sizeof *parts);
    if (parts == NULL || toc_failed(take_over(consumer, list, parts, &failure)))
        break_with(consumer, &failure);
    free_assigned(parts, (size_t)list->cnt);
}

// ---- partitions leave

static void on_revoke(struct toc_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    size_t count = 0;
    struct toc_err failure = {.code = TOC_E_MEMORY, .text = "partitions revoked"};
    struct toc_offset *parts = toc_mem_alloc((size_t)list->cnt + 1, sizeof *parts);
    for (int i = 0; parts != NULL && i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *part = &list->elems[i];
        if (toc_held_find(consumer, part->topic, part->partition) != NULL)
            parts[count++] = (struct toc_offset){
                    .topic = part->topic,
                    .partition = part->partition,
                    .offset = toc_consumer_next(consumer, part->topic, part->partition),
            };
    }
    bool lost = rd_kafka_assignment_lost(consumer->link.rk) != 0;
    if (parts == NULL || (count > 0 && consumer->events.revoked != NULL &&
                                 toc_failed(consumer->events.revoked(
                                         consumer->events.ctx, parts, count, lost, &failure))))
        break_with(consumer, &failure);
    toc_mem_free(parts);
    for (int i = 0; i < list->cnt; i++)
        toc_held_remove(consumer, list->elems[i].topic, list->elems[i].partition);
}

// ---- the rebalance itself

// librdkafka must be answered whatever became of the callbacks, or the group hangs.
static void answer(
        struct toc_consumer *consumer, bool assign, rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_t *rk = consumer->link.rk;
    rd_kafka_error_t *error = NULL;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE") == 0)
        error = assign ? rd_kafka_incremental_assign(rk, list)
                       : rd_kafka_incremental_unassign(rk, list);
    else
        code = rd_kafka_assign(rk, assign ? list : NULL);
    if (error == NULL && code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    struct toc_err failure;
    (void)toc_fail_fate(&failure, TOC_FATE_FATAL, TOC_E_KAFKA, "%s partitions: %s",
            assign ? "taking" : "giving up",
            error != NULL ? rd_kafka_error_string(error) : rd_kafka_err2str(code));
    if (error != NULL)
        rd_kafka_error_destroy(error);
    if (!consumer->closing)
        break_with(consumer, &failure);
}

void toc_group_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t what,
        rd_kafka_topic_partition_list_t *parts, void *opaque)
{
    struct toc_link *link = opaque;
    struct toc_consumer *consumer =
            (struct toc_consumer *)((char *)link - offsetof(struct toc_consumer, link));
    bool assign = what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    if (!assign && what != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
        toc_link_say(link, TOC_LOG_WARN, "rebalance failed: %s", rd_kafka_err2str(what));
        rd_kafka_assign(rk, NULL);
        return;
    }
    toc_link_say(link, TOC_LOG_INFO, "%d partitions %s", parts->cnt,
            assign                         ? "assigned"
            : rd_kafka_assignment_lost(rk) ? "lost"
                                           : "revoked");
    if (assign)
        on_assign(consumer, parts);
    else
        on_revoke(consumer, parts);
    answer(consumer, assign, parts);
}

static toc_rc subscribe(
        struct toc_consumer *consumer, const struct toc_consumer_group *group, struct toc_err *err)
{
    rd_kafka_topic_partition_list_t *topics =
            rd_kafka_topic_partition_list_new((int)group->topic_count);
    for (size_t i = 0; i < group->topic_count; i++)
        rd_kafka_topic_partition_list_add(topics, group->topics[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(consumer->link.rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        return TOC_OK;
    return toc_bus_fail(err, TOC_FATE_FATAL, error,
            (struct toc_bus_act){"subscribing", "Read on the group"}, NULL);
}

static toc_rc join(
        struct toc_consumer *consumer, const struct toc_consumer_group *group, struct toc_err *err)
{
    struct toc_link *link = &consumer->link;
    const char *const settings[][2] = {
            {"group.id", group->group},
            {"group.instance.id", group->instance},
            {"partition.assignment.strategy", "cooperative-sticky"},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        TOC_TRY(toc_link_set(link, settings[i][0], settings[i][1], err));
    int64_t session_ms = group->session_ms > 0 ? group->session_ms : SESSION_MS_DEFAULT;
    int64_t max_poll_ms = group->max_poll_ms > 0 ? group->max_poll_ms : MAX_POLL_MS_DEFAULT;
    TOC_TRY(toc_link_set_number(link, "session.timeout.ms", session_ms, err));
    TOC_TRY(toc_link_set_number(link, "heartbeat.interval.ms", HEARTBEAT_MS, err));
    TOC_TRY(toc_link_set_number(link, "max.poll.interval.ms", max_poll_ms, err));
    rd_kafka_conf_set_rebalance_cb(link->settings, toc_group_on_rebalance);
    TOC_TRY(toc_link_start(link, RD_KAFKA_CONSUMER, NULL, NULL, err));
    rd_kafka_poll_set_consumer(link->rk);
    return subscribe(consumer, group, err);
}

toc_rc toc_consumer_join(const struct toc_bus_conf *conf, struct toc_bus_log log,
        const struct toc_consumer_opts *opts, const struct toc_consumer_group *group,
        const struct toc_consumer_events *events, struct toc_consumer **out, struct toc_err *err)
{
    struct toc_consumer *consumer = NULL;
    TOC_ENSURE(group->instance != NULL && *group->instance != '\0', err, TOC_E_USAGE,
            "group %s without an instance id", group->group);
    toc_rc rc = toc_consumer_prepare(conf, log, opts, &consumer, err);
    if (!toc_failed(rc)) {
        if (events != NULL)
            consumer->events = *events;
        rc = join(consumer, group, err);
    }
    if (toc_failed(rc)) {
        if (consumer != NULL)
            toc_consumer_free(consumer);
        return rc;
    }
    *out = consumer;
    return TOC_OK;
}

// ---- committing

rd_kafka_topic_partition_list_t *toc_offset_list(const struct toc_offset *offsets, size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_t *part =
                rd_kafka_topic_partition_list_add(list, offsets[i].topic, offsets[i].partition);
        part->offset = offsets[i].offset;
        if (offsets[i].metadata == NULL || offsets[i].metadata[0] == '\0')
            continue;
        part->metadata_size = strlen(offsets[i].metadata);
        part->metadata = strdup(offsets[i].metadata); // librdkafka frees it with free()
        if (part->metadata == NULL)
            part->metadata_size = 0;
    }
    return list;
}

// What the broker said of the commit: of the whole, or else of the first partition that failed.
static rd_kafka_resp_err_t verdict(rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    for (int i = 0; error == RD_KAFKA_RESP_ERR_NO_ERROR && list != NULL && i < list->cnt; i++)
        error = list->elems[i].err;
    return error == RD_KAFKA_RESP_ERR__NO_OFFSET ? RD_KAFKA_RESP_ERR_NO_ERROR : error;
}

toc_rc toc_consumer_commit(struct toc_consumer *consumer, const struct toc_offset *offsets,
        size_t count, int timeout_ms, struct toc_err *err)
{
    const struct toc_bus_act act = {"committing offsets", "Read on the group"};
    TOC_ENSURE(consumer->queue == NULL, err, TOC_E_USAGE, "a commit without a group");
    // A queue of its own, so that the wait is bounded; an answer that comes later is dropped with it.
    rd_kafka_queue_t *answers = rd_kafka_queue_new(consumer->link.rk);
    rd_kafka_topic_partition_list_t *list = toc_offset_list(offsets, count);
    rd_kafka_resp_err_t error = rd_kafka_commit_queue(consumer->link.rk, list, answers, NULL, NULL);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(answers, timeout_ms);
        error = event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : verdict(event);
        if (event != NULL)
            rd_kafka_event_destroy(event);
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_destroy(answers);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        return TOC_OK;
    if (error == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_BUSY, TOC_BUS_FENCED);
    return toc_bus_fail(err, TOC_FATE_RETRY, error, act, TOC_LINK_TROUBLE(&consumer->link));
}

// ---- leaving

// Below 2.3.0 closing between joining and the first assignment trips an assertion inside librdkafka
// (#4381): so the first assignment is awaited, unless there is no broker to give one.
static void await_assignment(struct toc_consumer *consumer)
{
    int64_t until_ms = toc_monotonic_ms(NULL) + (consumer->denied ? DENIED_MS : LEAVE_MS);
    while (!consumer->was_assigned && *TOC_LINK_TROUBLE(&consumer->link) == '\0' &&
            toc_monotonic_ms(NULL) < until_ms) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer->link.rk, 100);
        bool failed = message != NULL && message->err != RD_KAFKA_RESP_ERR_NO_ERROR &&
                      message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (message != NULL)
            rd_kafka_message_destroy(message);
        if (failed)
            return;
    }
}

bool toc_consumer_joined(const struct toc_consumer *consumer)
{
    return consumer->was_assigned;
}

void toc_group_leave(struct toc_consumer *consumer)
{
    rd_kafka_t *rk = consumer->link.rk;
    int64_t until_ms = toc_monotonic_ms(NULL) + LEAVE_MS;
    consumer->closing = true;
    if (toc_bus_version() < 0x020300ff)
        await_assignment(consumer);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(rk, queue);
    if (error != NULL)
        rd_kafka_error_destroy(error);
    else
        while (!rd_kafka_consumer_closed(rk) && toc_monotonic_ms(NULL) < until_ms) {
            rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 100);
            if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
                toc_group_on_rebalance(rk, rd_kafka_event_error(event),
                        rd_kafka_event_topic_partition_list(event), &consumer->link);
            if (event != NULL)
                rd_kafka_event_destroy(event);
        }
    rd_kafka_queue_destroy(queue);
}

rd_kafka_consumer_group_metadata_t *toc_group_metadata(struct toc_consumer *consumer)
{
    return consumer->queue != NULL ? NULL : rd_kafka_consumer_group_metadata(consumer->link.rk);
}
