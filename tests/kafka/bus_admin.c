// The operator's calls: doing a thing twice changes nothing, differences are told, nothing else is touched.
#include "tests/kafka/bus.h"

#include "lib/base/time.h"

static struct bus_who admin;
static struct toc_admin *ops;

static int set_up(void **state)
{
    (void)state;
    bus_who_init(&admin, "admin");
    ops = bus_admin(&admin);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    toc_admin_close(ops);
    return 0;
}

static void note_difference(void *ctx, const struct toc_topic *topic, const char *name,
        const char *now, const char *wanted)
{
    (void)topic;
    struct toc_buf *buf = ctx;
    toc_buf_printf(buf, "%s %s %s;", name, now, wanted);
}

// A change is decided before the call returns and shows on the broker a moment later: so these two ask
// until it does.
static void assert_differences(const struct toc_topic *topic, const char *want)
{
    int64_t until_ms = toc_monotonic_ms(NULL) + BUS_PATIENCE_MS;
    struct toc_buf got;
    struct toc_err err = {0};
    toc_buf_init(&got, 4096);
    do {
        toc_buf_clear(&got);
        assert_ok(toc_admin_topic_compare(ops, topic, note_difference, &got, &err), err);
    } while (!toc_slice_is(toc_buf_slice(&got), want) && toc_monotonic_ms(NULL) < until_ms);
    assert_slice(toc_buf_slice(&got), want);
    toc_buf_done(&got);
}

static void a_topic_is_made_once_and_changed_on_request(void **state)
{
    (void)state;
    const char *name = TOC_BUS_TOPIC(&admin.conf, "made");
    const struct toc_setting first[] = {{"cleanup.policy", "compact"}, {"segment.bytes", "1048576"},
            {"compression.type", "uncompressed"}};
    const struct toc_setting second[] = {
            {"cleanup.policy", "compact"}, {"segment.bytes", "2097152"}, {"no.such.setting", "1"}};
    struct toc_topic topic = {.name = name, .partitions = 3, .settings = first, .setting_count = 3};
    struct toc_err err = {0};
    int32_t partitions;
    bool created;
    assert_code(toc_admin_partitions(ops, name, &partitions, &err), TOC_E_NOTFOUND, err);
    assert_code(
            toc_admin_topic_compare(ops, &topic, note_difference, NULL, &err), TOC_E_NOTFOUND, err);
    assert_ok(toc_admin_topic_create(ops, &topic, &created, &err), err);
    assert_true(created);
    assert_ok(toc_admin_topic_create(ops, &topic, &created, &err), err);
    assert_false(created);
    assert_ok(toc_admin_partitions(ops, name, &partitions, &err), err);
    assert_int_equal(partitions, 3);
    assert_differences(&topic, "");

    topic = (struct toc_topic){
            .name = name, .partitions = 4, .settings = second, .setting_count = 3};
    assert_differences(&topic, "partitions 3 4;segment.bytes 1048576 2097152;no.such.setting  1;");
    topic.setting_count = 2;
    assert_ok(toc_admin_topic_alter(ops, &topic, &err), err);
    assert_differences(&topic, "partitions 3 4;");
    topic = (struct toc_topic){
            .name = name, .partitions = 3, .settings = first, .setting_count = 3};
    assert_differences(&topic, "segment.bytes 2097152 1048576;"); // compression.type was kept

    const struct toc_setting wrong = {"cleanup.policy", "sometimes"};
    topic = (struct toc_topic){
            .name = name, .partitions = 3, .settings = &wrong, .setting_count = 1};
    assert_code(toc_admin_topic_alter(ops, &topic, &err), TOC_E_USAGE, err);
    assert_ok(toc_admin_topic_delete(ops, name, &err), err);
    assert_code(toc_admin_topic_delete(ops, name, &err), TOC_E_NOTFOUND, err);
}

static void count_acl(void *ctx, const struct toc_acl *acl)
{
    struct toc_buf *buf = ctx;
    toc_buf_printf(buf, "%s%s %s %s%s;", acl->deny ? "no " : "", toc_acl_op_name(acl->op),
            toc_acl_on_name(acl->on), acl->name, acl->prefixed ? "*" : "");
}

static void assert_rights(const char *principal, enum toc_acl_on on, const char *want)
{
    int64_t until_ms = toc_monotonic_ms(NULL) + BUS_PATIENCE_MS;
    struct toc_buf got;
    struct toc_err err = {0};
    toc_buf_init(&got, 4096);
    do {
        toc_buf_clear(&got);
        assert_ok(toc_admin_acl_list(ops, principal, on, count_acl, &got, &err), err);
    } while (!toc_slice_is(toc_buf_slice(&got), want) && toc_monotonic_ms(NULL) < until_ms);
    assert_slice(toc_buf_slice(&got), want);
    toc_buf_done(&got);
}

static void rights_are_given_listed_and_taken(void **state)
{
    (void)state;
    // ACLs are the whole broker's, so the principal is this run's own.
    char principal[TOC_TOPIC_BYTES_MAX + 8];
    snprintf(principal, sizeof principal, "User:%sx", admin.conf.prefix);
    const struct toc_acl acls[] = {
            {.principal = principal, .on = TOC_ACL_TOPIC, .name = "t", .op = TOC_ACL_WRITE},
            {.principal = principal,
                    .on = TOC_ACL_GROUP,
                    .name = "g-",
                    .prefixed = true,
                    .op = TOC_ACL_READ},
            {.principal = principal,
                    .on = TOC_ACL_TOPIC,
                    .name = "all.",
                    .prefixed = true,
                    .op = TOC_ACL_ALL,
                    .deny = true},
    };
    struct toc_err err = {0};
    size_t removed;
    for (int i = 0; i < 2; i++) // the second time changes nothing
        assert_ok(toc_admin_acl_add(ops, acls, 3, &err), err);
    assert_rights(principal, TOC_ACL_GROUP, "Read group g-*;");
    assert_ok(toc_admin_acl_remove(ops, &acls[2], 1, &removed, &err), err);
    assert_int_equal(removed, 1);
    assert_rights(principal, TOC_ACL_TOPIC, "Write topic t;");
    const struct toc_acl similar = {
            .principal = principal, .on = TOC_ACL_TOPIC, .name = "t", .op = TOC_ACL_READ};
    assert_ok(toc_admin_acl_remove(ops, &similar, 1, &removed, &err), err);
    assert_int_equal(removed, 0);
    const struct toc_acl all = {.principal = principal, .on = TOC_ACL_TOPIC, .op = TOC_ACL_ANY};
    assert_ok(toc_admin_acl_remove(ops, &all, 1, &removed, &err), err);
    assert_int_equal(removed, 1);
    assert_rights(principal, TOC_ACL_TOPIC, "");

    const struct toc_acl id = {.principal = principal,
            .on = TOC_ACL_TRANSACTIONAL_ID,
            .name = "id-",
            .prefixed = true,
            .op = TOC_ACL_WRITE};
    toc_rc rc = toc_admin_acl_add(ops, &id, 1, &err);
    if (toc_admin_acl_supported(TOC_ACL_TRANSACTIONAL_ID)) {
        assert_ok(rc, err);
        assert_rights(principal, TOC_ACL_TRANSACTIONAL_ID, "Write transactional-id id-*;");
    } else {
        assert_code(rc, TOC_E_USAGE, err);
    }
    assert_true(toc_admin_acl_supported(TOC_ACL_TOPIC));
}

static void records_are_deleted_up_to_an_offset(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "trim"),
               *compact = TOC_BUS_TOPIC(&admin.conf, "keep");
    const struct toc_setting setting = {"cleanup.policy", "compact"};
    bus_create(ops, topic, 2, NULL, 0);
    bus_create(ops, compact, 1, &setting, 1);
    bus_fill(&admin, topic, 1, 0, 5);
    struct toc_err err = {0};
    int64_t begin, end;
    struct toc_offset below[] = {{.topic = topic, .partition = 1, .offset = 3}, {.topic = topic}};
    assert_ok(toc_admin_delete_records(ops, below, 2, &err), err);
    assert_ok(toc_admin_offsets(ops, topic, 1, TOC_READ_UNCOMMITTED, &begin, &end, &err), err);
    assert_int_equal(begin, 3);
    assert_int_equal(end, 5);
    char got[64];
    bus_read_all(&admin, topic, 1, TOC_READ_COMMITTED, got, sizeof got);
    assert_string_equal(got, "3,4");
    below[0].offset = 99;
    assert_code(toc_admin_delete_records(ops, below, 1, &err), TOC_E_NOTFOUND, err);
    below[0] = (struct toc_offset){.topic = compact};
    assert_code(toc_admin_delete_records(ops, below, 1, &err), TOC_E_REFUSED, err);
}

static void the_cluster_answers(void **state)
{
    (void)state;
    struct toc_cluster cluster;
    struct toc_err err = {0};
    assert_ok(toc_admin_cluster(ops, &cluster, &err), err);
    assert_int_equal(cluster.brokers, 1);
    assert_int_equal(strlen(cluster.id), 22);
    struct toc_offset asked = {.topic = "nothing", .offset = 7};
    assert_ok(toc_admin_committed(ops, TOC_BUS_TOPIC(&admin.conf, "nobody"), &asked, 1, &err), err);
    assert_int_equal(asked.offset, TOC_OFFSET_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_topic_is_made_once_and_changed_on_request),
            cmocka_unit_test(rights_are_given_listed_and_taken),
            cmocka_unit_test(records_are_deleted_up_to_an_offset),
            cmocka_unit_test(the_cluster_answers),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
