// Topics and their settings.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/time.h"
#include "lib/bus/admin_parts.h"

#define REASON_BYTES_MAX 200
#define ASK_AGAIN_MS 20

static struct toc_bus_act act_on(
        char what[300], char right[300], const char *verb, const char *topic, const char *op)
{
    snprintf(what, 300, "%s topic %s", verb, topic);
    snprintf(right, 300, "%s on topic %s", op, topic);
    return (struct toc_bus_act){what, right};
}

#define ACT(verb, topic, op) act_on((char[300]){0}, (char[300]){0}, (verb), (topic), (op))

// The first item of an answer about topics.
static toc_rc first_topic(const rd_kafka_topic_result_t *const *results, size_t count,
        struct toc_bus_act act, struct toc_err *err)
{
    if (count == 0)
        return toc_bus_fail(err, TOC_FATE_RETRY, RD_KAFKA_RESP_ERR__BAD_MSG, act, NULL);
    return toc_admin_item(rd_kafka_topic_result_error(results[0]),
            rd_kafka_topic_result_error_string(results[0]), act, err);
}

// ---- create and delete

static toc_rc describe_new(const struct toc_topic *topic, rd_kafka_NewTopic_t **out,
        struct toc_bus_act act, struct toc_err *err)
{
    char why[REASON_BYTES_MAX];
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(topic->name, topic->partitions,
            topic->replicas > 0 ? topic->replicas : -1, why, sizeof why);
    if (wanted == NULL)
        return toc_fail(err, TOC_E_USAGE, "%s: %s", act.what, why);
    for (size_t i = 0; i < topic->setting_count; i++)
        if (rd_kafka_NewTopic_set_config(wanted, topic->settings[i].name,
                    topic->settings[i].value) != RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_NewTopic_destroy(wanted);
            return toc_fail(err, TOC_E_USAGE, "%s: setting %s", act.what, topic->settings[i].name);
        }
    *out = wanted;
    return TOC_OK;
}

static toc_rc create(struct toc_admin *admin, const struct toc_topic *topic, struct toc_err *err)
{
    const struct toc_bus_act act = ACT("creating", topic->name, "Create");
    rd_kafka_NewTopic_t *wanted;
    rd_kafka_event_t *answer;
    TOC_TRY(describe_new(topic, &wanted, act, err));
    rd_kafka_AdminOptions_t *options = toc_admin_options(admin, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(admin->link.rk, &wanted, 1, options, admin->answers);
    rd_kafka_NewTopic_destroy(wanted);
    TOC_TRY(toc_admin_answer(admin, options, act, &answer, err));
    size_t count;
    const rd_kafka_topic_result_t *const *results =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer), &count);
    toc_rc rc = first_topic(results, count, act, err);
    rd_kafka_event_destroy(answer);
    return rc;
}

// A topic just made is not known to the broker at once.
static toc_rc await_topic(struct toc_admin *admin, const char *topic, struct toc_err *err)
{
    int64_t until_ms = toc_monotonic_ms(NULL) + admin->timeout_ms;
    int32_t partitions;
    toc_rc rc;
    while (toc_failed(rc = toc_admin_partitions(admin, topic, &partitions, err)) &&
            rc.code == TOC_E_NOTFOUND && toc_monotonic_ms(NULL) < until_ms)
        rd_kafka_poll(admin->link.rk, ASK_AGAIN_MS);
    return rc;
}

toc_rc toc_admin_topic_create(struct toc_admin *admin, const struct toc_topic *topic,
        bool *out_created, struct toc_err *err)
{
    struct toc_err failure = {0};
    toc_rc rc = create(admin, topic, &failure);
    if (toc_failed(rc) && rc.code != TOC_E_EXISTS) {
        if (err != NULL)
            *err = failure;
        return rc;
    }
    TOC_TRY(await_topic(admin, topic->name, err));
    *out_created = !toc_failed(rc);
    return TOC_OK;
}

toc_rc toc_admin_topic_delete(struct toc_admin *admin, const char *name, struct toc_err *err)
{
    const struct toc_bus_act act = ACT("deleting", name, "Delete");
    rd_kafka_event_t *answer;
    rd_kafka_DeleteTopic_t *unwanted = rd_kafka_DeleteTopic_new(name);
    rd_kafka_AdminOptions_t *options = toc_admin_options(admin, RD_KAFKA_ADMIN_OP_DELETETOPICS);
    rd_kafka_DeleteTopics(admin->link.rk, &unwanted, 1, options, admin->answers);
    rd_kafka_DeleteTopic_destroy(unwanted);
    TOC_TRY(toc_admin_answer(admin, options, act, &answer, err));
    size_t count;
    const rd_kafka_topic_result_t *const *results =
            rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(answer), &count);
    toc_rc rc = first_topic(results, count, act, err);
    rd_kafka_event_destroy(answer);
    return rc;
}

toc_rc toc_admin_partitions(
        struct toc_admin *admin, const char *topic, int32_t *out_count, struct toc_err *err)
{
    const struct toc_bus_act act = ACT("asking for", topic, "Describe");
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(admin->link.rk, topic, NULL);
    rd_kafka_resp_err_t error =
            rd_kafka_metadata(admin->link.rk, 0, handle, &metadata, admin->timeout_ms);
    rd_kafka_topic_destroy(handle);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return toc_bus_fail(err, TOC_FATE_RETRY, error, act, TOC_LINK_TROUBLE(&admin->link));
    error = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    int32_t count = error == RD_KAFKA_RESP_ERR_NO_ERROR ? metadata->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return toc_bus_fail(err, TOC_FATE_RETRY, error, act, NULL);
    *out_count = count;
    return TOC_OK;
}

// ---- settings

// What a topic is set to; the entries are borrowed from *out, which the caller frees.
static toc_rc describe(struct toc_admin *admin, const char *topic, struct toc_bus_act act,
        rd_kafka_event_t **out, const rd_kafka_ConfigEntry_t *const **out_entries,
        size_t *out_count, struct toc_err *err)
{
    rd_kafka_event_t *answer;
    rd_kafka_ConfigResource_t *resource =
            rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_AdminOptions_t *options = toc_admin_options(admin, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(admin->link.rk, &resource, 1, options, admin->answers);
    rd_kafka_ConfigResource_destroy(resource);
    TOC_TRY(toc_admin_answer(admin, options, act, &answer, err));
    size_t count;
    const rd_kafka_ConfigResource_t *const *resources = rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(answer), &count);
    rd_kafka_resp_err_t error =
            count == 0 ? RD_KAFKA_RESP_ERR__BAD_MSG : rd_kafka_ConfigResource_error(resources[0]);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        toc_rc rc = toc_bus_fail(err, TOC_FATE_RETRY, error, act,
                count == 0 ? NULL : rd_kafka_ConfigResource_error_string(resources[0]));
        rd_kafka_event_destroy(answer);
        return rc;
    }
    *out_entries = (const rd_kafka_ConfigEntry_t *const *)rd_kafka_ConfigResource_configs(
            resources[0], out_count);
    *out = answer;
    return TOC_OK;
}

static const char *value_now(
        const rd_kafka_ConfigEntry_t *const *entries, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0) {
            const char *value = rd_kafka_ConfigEntry_value(entries[i]);
            return value == NULL ? "" : value;
        }
    return "";
}

toc_rc toc_admin_topic_compare(struct toc_admin *admin, const struct toc_topic *topic,
        toc_topic_differs *differs, void *ctx, struct toc_err *err)
{
    int32_t partitions;
    TOC_TRY(toc_admin_partitions(admin, topic->name, &partitions, err));
    rd_kafka_event_t *answer;
    const rd_kafka_ConfigEntry_t *const *entries;
    size_t count;
    TOC_TRY(describe(admin, topic->name, ACT("comparing", topic->name, "DescribeConfigs"), &answer,
            &entries, &count, err));
    if (partitions != topic->partitions) {
        char now[16], wanted[16];
        snprintf(now, sizeof now, "%" PRId32, partitions);
        snprintf(wanted, sizeof wanted, "%" PRId32, topic->partitions);
        differs(ctx, topic, "partitions", now, wanted);
    }
    for (size_t i = 0; i < topic->setting_count; i++) {
        const struct toc_setting *setting = &topic->settings[i];
        const char *now = value_now(entries, count, setting->name);
        if (strcmp(now, setting->value) != 0)
            differs(ctx, topic, setting->name, now, setting->value);
    }
    rd_kafka_event_destroy(answer);
    return TOC_OK;
}

static bool is_wanted(const struct toc_topic *topic, const char *name)
{
    for (size_t i = 0; i < topic->setting_count; i++)
        if (strcmp(topic->settings[i].name, name) == 0)
            return true;
    return false;
}

// AlterConfigs replaces everything that was set on a topic (the incremental request is not in librdkafka
// 2.0.2), so what was set and is not ours is read first and set again.
static toc_rc everything_to_set(struct toc_admin *admin, const struct toc_topic *topic,
        struct toc_bus_act act, rd_kafka_ConfigResource_t *resource, struct toc_err *err)
{
    rd_kafka_event_t *answer;
    const rd_kafka_ConfigEntry_t *const *entries;
    size_t count;
    TOC_TRY(describe(admin, topic->name, act, &answer, &entries, &count, err));
    for (size_t i = 0; i < count; i++) {
        const char *name = rd_kafka_ConfigEntry_name(entries[i]);
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (rd_kafka_ConfigEntry_source(entries[i]) ==
                        RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG &&
                value != NULL && !is_wanted(topic, name))
            rd_kafka_ConfigResource_set_config(resource, name, value);
    }
    rd_kafka_event_destroy(answer);
    for (size_t i = 0; i < topic->setting_count; i++)
        rd_kafka_ConfigResource_set_config(
                resource, topic->settings[i].name, topic->settings[i].value);
    return TOC_OK;
}

toc_rc toc_admin_topic_alter(
        struct toc_admin *admin, const struct toc_topic *topic, struct toc_err *err)
{
    const struct toc_bus_act act = ACT("changing", topic->name, "AlterConfigs and DescribeConfigs");
    rd_kafka_ConfigResource_t *resource =
            rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic->name);
    toc_rc rc = everything_to_set(admin, topic, act, resource, err);
    rd_kafka_event_t *answer = NULL;
    if (!toc_failed(rc)) {
        rd_kafka_AdminOptions_t *options = toc_admin_options(admin, RD_KAFKA_ADMIN_OP_ALTERCONFIGS);
        rd_kafka_AlterConfigs(admin->link.rk, &resource, 1, options, admin->answers);
        rc = toc_admin_answer(admin, options, act, &answer, err);
    }
    rd_kafka_ConfigResource_destroy(resource);
    if (toc_failed(rc))
        return rc;
    size_t count;
    const rd_kafka_ConfigResource_t *const *done = rd_kafka_AlterConfigs_result_resources(
            rd_kafka_event_AlterConfigs_result(answer), &count);
    rc = toc_admin_item(
            count == 0 ? RD_KAFKA_RESP_ERR__BAD_MSG : rd_kafka_ConfigResource_error(done[0]),
            count == 0 ? NULL : rd_kafka_ConfigResource_error_string(done[0]), act, err);
    rd_kafka_event_destroy(answer);
    return rc;
}
