#include "hub/ctl/layout.h"

#include <stdio.h>
#include <string.h>

#include "hub/ctl/words.h"
#include "lib/indicator/audience.h"
#include "lib/indicator/topics.h"

// Settings as names and values; every topic of ours says what it needs and leaves the rest to the broker.
#define DAY_MS "86400000"
#define WEEK_MS "604800000"
#define MONTH_MS "2592000000"
#define QUARTER_MS "7776000000"

static const struct toc_setting submit_settings[] = {
        {"cleanup.policy", "delete"}, {"retention.ms", WEEK_MS}, {"message.timestamp.type", "LogAppendTime"},
        // A compression bomb is never unpacked by anybody: batches with a codec are stored as they are not.
        {"compression.type", "uncompressed"}, {"max.message.bytes", "1048588"}};
static const struct toc_setting indicator_settings[] = {{"cleanup.policy", "compact"},
        {"min.compaction.lag.ms", DAY_MS}, {"delete.retention.ms", WEEK_MS}, {"min.cleanable.dirty.ratio", "0.3"}};
static const struct toc_setting compact_settings[] = {{"cleanup.policy", "compact"}, {"min.cleanable.dirty.ratio", "0.3"}};
static const struct toc_setting quarter_settings[] = {{"cleanup.policy", "delete"}, {"retention.ms", QUARTER_MS}};
static const struct toc_setting month_settings[] = {{"cleanup.policy", "delete"}, {"retention.ms", MONTH_MS}};
static const struct toc_setting week_settings[] = {{"cleanup.policy", "delete"}, {"retention.ms", WEEK_MS}};
static const struct toc_setting kept_settings[] = {{"cleanup.policy", "delete"}, {"retention.ms", "-1"},
        {"segment.bytes", "67108864"}};

#define SETTINGS(s) (s), sizeof(s) / sizeof *(s)

enum spread {
    ONE,  // one partition
    FEW,  // TOC_TOPIC_FEW, or P when that is less
    ALL_P // as many as submit: output partition = input partition
};

static const struct layout_row {
    const char *word;
    bool per_audience;
    enum spread spread;
    const struct toc_setting *settings;
    size_t setting_count;
} rows[] = {
        {TOC_TOPIC_SUBMIT, false, ALL_P, SETTINGS(submit_settings)},
        {TOC_TOPIC_INDICATORS, true, ALL_P, SETTINGS(indicator_settings)},
        {TOC_TOPIC_CORRELATIONS, true, FEW, SETTINGS(compact_settings)},
        {TOC_TOPIC_ALERTS, true, FEW, SETTINGS(quarter_settings)},
        {TOC_TOPIC_RECEIPTS, false, ALL_P, SETTINGS(week_settings)},
        {TOC_TOPIC_CONTROL, false, ONE, SETTINGS(compact_settings)},
        {TOC_TOPIC_REFERENCE, false, ONE, SETTINGS(compact_settings)},
        {TOC_TOPIC_DOORS, false, ONE, SETTINGS(compact_settings)},
        {TOC_TOPIC_PIVOTS, false, ALL_P, SETTINGS(kept_settings)},
        {TOC_TOPIC_STATE_FUSE, false, ALL_P, SETTINGS(kept_settings)},
        {TOC_TOPIC_STATE_CORRELATE, false, ALL_P, SETTINGS(kept_settings)},
        {TOC_TOPIC_QUARANTINE, false, FEW, SETTINGS(month_settings)},
};

static int32_t partitions_of(enum spread spread, int32_t p)
{
    return spread == ALL_P ? p : spread == ONE ? 1 : p < TOC_TOPIC_FEW ? p : TOC_TOPIC_FEW;
}

struct report {
    bool apply, differs, immovable;
};

static void say_difference(void *ctx, const struct toc_topic *topic, const char *name, const char *now, const char *wanted)
{
    struct report *r = ctx;
    bool partitions = strcmp(name, "partitions") == 0; // keys would come to lie elsewhere
    r->differs = true;
    r->immovable = r->immovable || partitions;
    printf("  %s: %s is %s, %s %s\n", topic->name, name, now[0] != '\0' ? now : "(unset)",
            r->apply && !partitions ? "becomes" : "should be", wanted);
}

static toc_rc settle_topic(struct ctl *ctl, const struct toc_topic *topic, bool apply, struct layout_counts *counts,
        struct toc_err *err)
{
    struct report report = {.apply = apply};
    toc_rc rc = toc_admin_topic_compare(ctl->admin, topic, say_difference, &report, err);
    if (rc.code == TOC_E_NOTFOUND) {
        printf("  %s: %s (%d partition%s)\n", topic->name, apply ? "made" : "is missing", topic->partitions,
                WORDS_S(topic->partitions));
        counts->topics_made++;
        bool made;
        return apply ? toc_admin_topic_create(ctl->admin, topic, &made, err) : TOC_OK;
    }
    if (toc_failed(rc) || !report.differs)
        return rc;
    counts->topics_differ++;
    TOC_ENSURE(!apply || !report.immovable, err, TOC_E_REFUSED,
            "%s has another number of partitions than genesis wants: make it anew, or take another kafka.prefix", topic->name);
    return apply ? toc_admin_topic_alter(ctl->admin, topic, err) : TOC_OK;
}

toc_rc layout_topics(struct ctl *ctl, const struct toc_genesis *genesis, bool apply, struct layout_counts *counts,
        struct toc_err *err)
{
    TOC_TRY(ctl_admin(ctl, err));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t copies = rows[i].per_audience ? genesis->audiences_count : 1;
        for (size_t a = 0; a < copies; a++) {
            struct toc_topic_name name = toc_topic(ctl->conf.kafka.prefix, rows[i].word,
                    rows[i].per_audience ? genesis->audiences[a].name : TOC_S(""));
            const struct toc_topic topic = {.name = name.text,
                    .partitions = partitions_of(rows[i].spread, genesis->partitions),
                    .replicas = (int)ctl->conf.replicas, .settings = rows[i].settings, .setting_count = rows[i].setting_count};
            TOC_TRY(settle_topic(ctl, &topic, apply, counts, err));
        }
    }
    return TOC_OK;
}

// --- rights --------------------------------------------------------------------------------------------

#define HUB_PRINCIPAL "User:hub"

#define HUB_RIGHTS_MAX 8

struct rights {
    const struct toc_acl *wanted;
    size_t count;
    bool held[HUB_RIGHTS_MAX];
};

static void see_right(void *ctx, const struct toc_acl *acl)
{
    struct rights *r = ctx;
    for (size_t i = 0; i < r->count; i++)
        if (acl->on == r->wanted[i].on && acl->op == r->wanted[i].op && acl->prefixed == r->wanted[i].prefixed && !acl->deny &&
                strcmp(acl->name, r->wanted[i].name) == 0)
            r->held[i] = true;
}

// The first `count` of `acls` become those that the broker does not have.
static toc_rc missing_rights(struct ctl *ctl, struct toc_acl *acls, size_t *count, struct toc_err *err)
{
    struct rights rights = {.wanted = acls, .count = *count};
    for (size_t i = 0; i < rights.count; i++)
        if (i == 0 || acls[i].on != acls[i - 1].on)
            TOC_TRY(toc_admin_acl_list(ctl->admin, HUB_PRINCIPAL, acls[i].on, see_right, &rights, err));
    *count = 0;
    for (size_t i = 0; i < rights.count; i++)
        if (!rights.held[i])
            acls[(*count)++] = acls[i];
    return TOC_OK;
}

// The hub reads and writes whatever has the deployment's prefix, members' topics made later included.
toc_rc layout_hub_rights(struct ctl *ctl, bool apply, struct layout_counts *counts, struct toc_err *err)
{
    const char *prefix = ctl->conf.kafka.prefix;
    static const enum toc_acl_op topic_ops[] = {TOC_ACL_READ, TOC_ACL_WRITE, TOC_ACL_DELETE, TOC_ACL_DESCRIBE};
    struct toc_acl acls[HUB_RIGHTS_MAX];
    size_t n = 0;
    TOC_TRY(ctl_admin(ctl, err));
    for (size_t i = 0; i < sizeof topic_ops / sizeof *topic_ops; i++)
        acls[n++] = (struct toc_acl){HUB_PRINCIPAL, TOC_ACL_TOPIC, prefix, true, topic_ops[i], false};
    acls[n++] = (struct toc_acl){HUB_PRINCIPAL, TOC_ACL_GROUP, prefix, true, TOC_ACL_READ, false};
    if (toc_admin_acl_supported(TOC_ACL_TRANSACTIONAL_ID)) {
        acls[n++] = (struct toc_acl){HUB_PRINCIPAL, TOC_ACL_TRANSACTIONAL_ID, prefix, true, TOC_ACL_WRITE, false};
        acls[n++] = (struct toc_acl){HUB_PRINCIPAL, TOC_ACL_TRANSACTIONAL_ID, prefix, true, TOC_ACL_DESCRIBE, false};
    }
    TOC_TRY(missing_rights(ctl, acls, &n, err));
    for (size_t i = 0; i < n; i++)
        printf("  " HUB_PRINCIPAL ": %s on every %s %s*: %s\n", toc_acl_op_name(acls[i].op), toc_acl_on_name(acls[i].on), prefix,
                apply ? "set" : "is missing");
    counts->rights_made += n;
    return apply ? toc_admin_acl_add(ctl->admin, acls, n, err) : TOC_OK;
}

void layout_note_rights(const struct ctl *ctl)
{
    if (!toc_admin_acl_supported(TOC_ACL_TRANSACTIONAL_ID))
        printf("  this librdkafka cannot grant transactional ids, nor see who has them; run Kafka's own tool once:\n"
               "    kafka-acls --bootstrap-server %s --command-config client.properties --add --allow-principal " HUB_PRINCIPAL
               " --operation Write --operation Describe --transactional-id %s --resource-pattern-type prefixed\n",
                ctl->conf.kafka.brokers, ctl->conf.kafka.prefix);
}

struct principal {
    char text[160];
};

static struct principal principal_of(struct toc_slice member)
{
    struct principal p;
    snprintf(p.text, sizeof p.text, "User:m.%.*s", TOC_SLICE_ARG(member));
    return p;
}

static toc_rc allow(struct ctl *ctl, const char *principal, const char *topic, enum toc_acl_op op, struct toc_err *err)
{
    const struct toc_acl acl = {principal, TOC_ACL_TOPIC, topic, false, op, false};
    return toc_admin_acl_add(ctl->admin, &acl, 1, err);
}

static toc_rc own_topic(struct ctl *ctl, const char *principal, const char *word, struct toc_slice whose,
        const struct toc_setting *settings, size_t count, struct toc_err *err)
{
    struct toc_topic_name name = toc_topic(ctl->conf.kafka.prefix, word, whose);
    const struct toc_topic topic = {.name = name.text, .partitions = 1, .replicas = (int)ctl->conf.replicas,
            .settings = settings, .setting_count = count};
    bool made;
    TOC_TRY(toc_admin_topic_create(ctl->admin, &topic, &made, err));
    return allow(ctl, principal, name.text, TOC_ACL_READ, err);
}

toc_rc layout_member(struct ctl *ctl, const struct toc_genesis *genesis, const struct toc_member *member, struct toc_err *err)
{
    TOC_TRY(ctl_admin(ctl, err));
    struct principal p = principal_of(member->id);
    struct toc_topic_name submit = toc_topic(ctl->conf.kafka.prefix, TOC_TOPIC_SUBMIT, TOC_S(""));
    TOC_TRY(allow(ctl, p.text, submit.text, TOC_ACL_WRITE, err));
    TOC_TRY(own_topic(ctl, p.text, TOC_TOPIC_RECEIPTS, member->id, SETTINGS(month_settings), err));
    TOC_TRY(own_topic(ctl, p.text, TOC_TOPIC_ROSTER, member->id, SETTINGS(compact_settings), err));
    static const char *const words[] = {TOC_TOPIC_INDICATORS, TOC_TOPIC_CORRELATIONS, TOC_TOPIC_ALERTS};
    for (size_t a = 0; a < genesis->audiences_count; a++) {
        if (!toc_audience_admits(&genesis->audiences[a], member))
            continue;
        for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
            struct toc_topic_name topic = toc_topic(ctl->conf.kafka.prefix, words[w], genesis->audiences[a].name);
            TOC_TRY(allow(ctl, p.text, topic.text, TOC_ACL_READ, err));
        }
    }
    return TOC_OK;
}

toc_rc layout_interest(struct ctl *ctl, struct toc_slice member, struct toc_slice interest, bool remove, struct toc_err *err)
{
    TOC_TRY(ctl_admin(ctl, err));
    struct principal p = principal_of(member);
    if (!remove)
        return own_topic(ctl, p.text, TOC_TOPIC_INTEREST, interest, SETTINGS(week_settings), err);
    struct toc_topic_name topic = toc_topic(ctl->conf.kafka.prefix, TOC_TOPIC_INTEREST, interest);
    const struct toc_acl acl = {p.text, TOC_ACL_TOPIC, topic.text, false, TOC_ACL_ANY, false};
    size_t removed;
    return toc_admin_acl_remove(ctl->admin, &acl, 1, &removed, err);
}

// A DENY on everything cuts a connection that is open already: the next request is refused.
toc_rc layout_bar(struct ctl *ctl, struct toc_slice member, bool bar, struct toc_err *err)
{
    TOC_TRY(ctl_admin(ctl, err));
    struct principal p = principal_of(member);
    const struct toc_acl deny = {p.text, TOC_ACL_TOPIC, ctl->conf.kafka.prefix, true, TOC_ACL_ALL, true};
    size_t removed;
    return bar ? toc_admin_acl_add(ctl->admin, &deny, 1, err) : toc_admin_acl_remove(ctl->admin, &deny, 1, &removed, err);
}
