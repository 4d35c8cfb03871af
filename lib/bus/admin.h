// The operator's side of Kafka: topics, rights, offsets, cleaning. Every call waits at most the
// time-out given at open. Kafka answers when a change is decided; each broker shows it, and acts by it,
// a moment later: who needs it in force asks until it is.
// @locality one thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/bus/conf.h"
#include "lib/bus/consumer.h"
#include "lib/bus/record.h"

struct toc_admin; // opaque

TOC_NODISCARD toc_rc toc_admin_open(const struct toc_bus_conf *conf, struct toc_bus_log log,
        int timeout_ms, struct toc_admin **out, struct toc_err *err);
void toc_admin_close(struct toc_admin *admin); // NULL is fine

// ---- the cluster

struct toc_cluster {
    char id[64];
    int brokers; // that the cluster knows to be alive
};
// Also the answer to "is Kafka there?": a failure says why not, as soon as it is known.
TOC_NODISCARD toc_rc toc_admin_cluster(
        struct toc_admin *admin, struct toc_cluster *out, struct toc_err *err);

// ---- topics

struct toc_setting {
    const char *name, *value;
};

struct toc_topic {
    const char *name; // full name
    int32_t partitions;
    int replicas; // 0 = the broker's default
    const struct toc_setting *settings;
    size_t setting_count;
};

// What differs between a wanted topic and the one that is there. name = a setting, or "partitions".
// `now` is "" when the broker has no such setting. All texts are borrowed for the call.
typedef void toc_topic_differs(void *ctx, const struct toc_topic *topic, const char *name,
        const char *now, const char *wanted);

// Creates it; *out_created = false when a topic of that name is there already (its settings are not
// looked at). The broker asked knows it when this returns.
TOC_NODISCARD toc_rc toc_admin_topic_create(struct toc_admin *admin, const struct toc_topic *topic,
        bool *out_created, struct toc_err *err);
// Reports every difference; NOTFOUND when there is no such topic.
TOC_NODISCARD toc_rc toc_admin_topic_compare(struct toc_admin *admin, const struct toc_topic *topic,
        toc_topic_differs *differs, void *ctx, struct toc_err *err);
// Sets the wanted settings and keeps the others that were set on this topic. Partitions stay.
TOC_NODISCARD toc_rc toc_admin_topic_alter(
        struct toc_admin *admin, const struct toc_topic *topic, struct toc_err *err);
TOC_NODISCARD toc_rc toc_admin_topic_delete(
        struct toc_admin *admin, const char *name, struct toc_err *err);
// Number of partitions; NOTFOUND.
TOC_NODISCARD toc_rc toc_admin_partitions(
        struct toc_admin *admin, const char *topic, int32_t *out_count, struct toc_err *err);

// ---- rights

enum toc_acl_on {
    TOC_ACL_TOPIC,
    TOC_ACL_GROUP,
    TOC_ACL_TRANSACTIONAL_ID,
};

enum toc_acl_op {
    TOC_ACL_ANY, // list and remove only
    TOC_ACL_ALL,
    TOC_ACL_READ,
    TOC_ACL_WRITE,
    TOC_ACL_CREATE,
    TOC_ACL_DELETE,
    TOC_ACL_ALTER,
    TOC_ACL_DESCRIBE,
    TOC_ACL_DESCRIBE_CONFIGS,
    TOC_ACL_ALTER_CONFIGS,
};
const char *toc_acl_op_name(enum toc_acl_op op); // as Kafka's own tool takes it: "DescribeConfigs"
const char *toc_acl_on_name(enum toc_acl_on on); // "topic", "group", "transactional-id"

struct toc_acl {
    const char *principal; // "User:m.st-marys"; NULL = any (list and remove)
    enum toc_acl_on on;
    const char *name; // of the topic, group or transactional id; NULL = any (list and remove)
    bool prefixed;    // every name that starts with it; else exactly it
    enum toc_acl_op op;
    bool deny;
};

// False when the librdkafka in use cannot set such a right (transactional ids below 2.2): show the
// line of Kafka's own tool instead.
bool toc_admin_acl_supported(enum toc_acl_on on);
// Adding what is there changes nothing.
TOC_NODISCARD toc_rc toc_admin_acl_add(
        struct toc_admin *admin, const struct toc_acl *acls, size_t count, struct toc_err *err);
// Removes what matches any of the patterns exactly; NULL and ANY match all. A pattern's `deny` and
// `prefixed` count too.
TOC_NODISCARD toc_rc toc_admin_acl_remove(struct toc_admin *admin, const struct toc_acl *patterns,
        size_t count, size_t *out_removed, struct toc_err *err);
typedef void toc_acl_seen(void *ctx, const struct toc_acl *acl);
// Every right of the principal on that kind of resource (NULL principal = all). What Tocsin never sets
// (other operations, hosts other than *) is left out.
TOC_NODISCARD toc_rc toc_admin_acl_list(struct toc_admin *admin, const char *principal,
        enum toc_acl_on on, toc_acl_seen *seen, void *ctx, struct toc_err *err);

// ---- offsets

// begin = first offset still there; end = behind the last: high watermark for READ_UNCOMMITTED, last
// stable offset for READ_COMMITTED.
TOC_NODISCARD toc_rc toc_admin_offsets(struct toc_admin *admin, const char *topic,
        int32_t partition, enum toc_isolation isolation, int64_t *out_begin, int64_t *out_end,
        struct toc_err *err);
// Fills offsets[].offset (TOC_OFFSET_NONE = never) with what the group has committed; the metadata are
// not asked for (they stay as they are).
TOC_NODISCARD toc_rc toc_admin_committed(struct toc_admin *admin, const char *group,
        struct toc_offset *offsets, size_t count, struct toc_err *err);
// Removes every record below offsets[].offset. Not possible on a compacted topic.
TOC_NODISCARD toc_rc toc_admin_delete_records(struct toc_admin *admin,
        const struct toc_offset *offsets, size_t count, struct toc_err *err);
