// What a member reads when it does not work: each trouble a person can cause, in words that say what to do.
#include <sys/stat.h>

#include "tests/kafka/bus.h"

static struct bus_who admin, member;
static struct toc_admin *ops;
static char name[64], principal[80];

static int set_up(void **state)
{
    (void)state;
    // A member of this run only: one that may write anywhere is met with other errors.
    char command[TOC_PATH_BYTES_MAX];
    const char *prefix = bus_env("TOC_PREFIX");
    snprintf(name, sizeof name, "%.*s", (int)strlen(prefix) - 1, prefix);
    snprintf(principal, sizeof principal, "User:m.%s", name);
    snprintf(command, sizeof command, "tests/support/pki.sh '%s' '%s'", bus_env("TOC_KAFKA_PKI"),
            name);
    if (system(command) != 0)
        return -1;
    bus_who_init(&admin, "admin");
    bus_who_init(&member, name);
    ops = bus_admin(&admin);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    toc_admin_close(ops);
    return 0;
}

// Asks for the cluster and expects to be told why not, both in the error and on the log.
static void assert_trouble(
        const struct toc_bus_conf *conf, enum toc_code code, const char *words, const char *logged)
{
    struct bus_lines lines = {0};
    struct toc_err err = {0};
    struct toc_admin *asker = NULL;
    struct toc_cluster cluster;
    assert_ok(toc_admin_open(
                      conf, (struct toc_bus_log){bus_line, &lines}, BUS_PATIENCE_MS, &asker, &err),
            err);
    toc_rc rc = toc_admin_cluster(asker, &cluster, &err);
    toc_admin_close(asker);
    assert_true(toc_failed(rc));
    assert_shows(err.text, words);
    assert_int_equal(err.code, code);
    assert_shows(lines.text, words);
    assert_shows(lines.text, logged);
}

static void connection_trouble_says_what_to_do(void **state)
{
    (void)state;
    char path[TOC_PATH_BYTES_MAX], address[64];
    struct toc_bus_conf conf = admin.conf;
    snprintf(path, sizeof path, "%s/wrong-ca.pem", bus_env("TOC_KAFKA_PKI"));
    conf.ca = path;
    assert_trouble(&conf, TOC_E_KAFKA, "not signed by the authority in", "");

    struct bus_who stranger;
    bus_who_init(&stranger, "stranger");
    assert_trouble(&stranger.conf, TOC_E_KAFKA, "the broker refuses our certificate", "");

    conf = member.conf; // a member at the hub's port
    conf.brokers = admin.conf.brokers;
    assert_trouble(&conf, TOC_E_KAFKA, "the broker refuses our certificate", "");

    conf = admin.conf;
    conf.brokers = "127.0.0.1:1";
    assert_trouble(&conf, TOC_E_KAFKA, "nothing listens there", "");

    // An address of the broker that its certificate does not name.
    snprintf(address, sizeof address, "127.1:%s", strchr(admin.conf.brokers, ':') + 1);
    conf.brokers = address;
    assert_trouble(&conf, TOC_E_KAFKA, "does not name this host", "");
}

static void an_expired_certificate_is_named(void **state)
{
    (void)state;
    const char *pki = bus_env("TOC_KAFKA_PKI");
    char dir[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX + 16], command[6 * TOC_PATH_BYTES_MAX];
    unit_temp_dir(dir);
    snprintf(path, sizeof path, "%s/old.crt", dir);
    snprintf(command, sizeof command,
            "openssl req -new -key '%s' -subj '/CN=%s' | openssl x509 -req -CA '%s/member-ca.pem' "
            "-CAkey "
            "'%s/member-ca.key' -set_serial 1 -days -1 -out '%s' 2>/dev/null",
            member.key, name, pki, pki, path);
    assert_int_equal(system(command), 0);
    struct toc_bus_conf conf = member.conf;
    conf.certificate = path;
    assert_trouble(
            &conf, TOC_E_KAFKA, "the broker refuses our certificate", "old.crt expired on 20");
    unit_remove_dir(dir);
}

static void copy(const char *from, const char *to, unsigned mode)
{
    struct toc_buf content = unit_read(from);
    struct toc_err err = {0};
    assert_ok(toc_file_create(to, mode, toc_buf_slice(&content), &err), err);
    toc_buf_done(&content);
}

static void files_that_do_not_fit_are_named(void **state)
{
    (void)state;
    char dir[TOC_PATH_BYTES_MAX], loose[TOC_PATH_BYTES_MAX + 16];
    unit_temp_dir(dir);
    snprintf(loose, sizeof loose, "%s/loose.key", dir);
    copy(admin.key, loose, 0600);
    assert_int_equal(chmod(loose, 0644), 0);
    const struct {
        const char *ca, *certificate, *key, *words;
    } rows[] = {
            {"/nowhere/ca.pem", admin.certificate, admin.key, "/nowhere/ca.pem: No such file"},
            {admin.key, admin.certificate, admin.key, "holds no certificate of an authority"},
            {admin.ca, admin.key, admin.key, "holds no certificate"},
            {admin.ca, admin.certificate, admin.certificate, "holds no private key"},
            {admin.ca, admin.certificate, member.key, "does not belong to the certificate"},
            {admin.ca, admin.certificate, loose, loose},
    };
    chmod(admin.certificate, 0600); // one row uses it as a key file
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct toc_bus_conf conf = admin.conf;
        struct toc_err err = {0};
        struct toc_admin *asker = NULL;
        conf.ca = rows[i].ca;
        conf.certificate = rows[i].certificate;
        conf.key = rows[i].key;
        assert_true(toc_failed(toc_admin_open(&conf, bus_silent(), BUS_PATIENCE_MS, &asker, &err)));
        assert_shows(err.text, rows[i].words);
        assert_int_equal(err.fate, TOC_FATE_FATAL);
    }
    unit_remove_dir(dir);
}

struct verdict {
    bool stored;
    struct toc_err err;
};

static void keep_verdict(void *ctx, const struct toc_delivery *delivery)
{
    struct verdict *verdict = ctx;
    verdict->stored = delivery->error == NULL;
    if (delivery->error != NULL)
        verdict->err = *delivery->error;
}

static void grant(const char *whom, const char *topic, enum toc_acl_op op)
{
    struct toc_err err = {0};
    const struct toc_acl acl = {.principal = whom, .on = TOC_ACL_TOPIC, .name = topic, .op = op};
    assert_ok(toc_admin_acl_add(ops, &acl, 1, &err), err);
}

// A right reaches the broker's authorizer a moment after it was given.
static void await_describe(const char *topic)
{
    struct toc_err err = {0};
    struct toc_admin *asker = bus_admin(&member);
    int32_t partitions;
    while (toc_failed(toc_admin_partitions(asker, topic, &partitions, &err)))
        assert_int_equal(err.code, TOC_E_AUTH);
    toc_admin_close(asker);
}

// Sends one record and returns what became of it.
static struct verdict send_one(
        struct toc_producer *producer, struct verdict *verdict, const char *topic)
{
    struct toc_err err = {0};
    const struct toc_send record = {.topic = topic, .no_key = true, .value = TOC_S("x")};
    *verdict = (struct verdict){0};
    while (toc_failed(toc_producer_send(producer, &record, NULL, &err))) {
        assert_int_equal(err.fate, TOC_FATE_RETRY);
        toc_producer_serve(producer, 100);
    }
    assert_ok(toc_producer_flush(producer, BUS_PATIENCE_MS, &err), err);
    return *verdict;
}

static void no_right_to_write_is_said_and_cured_by_granting_it(void **state)
{
    (void)state;
    struct verdict verdict = {0};
    struct bus_lines lines = {0};
    struct toc_err err = {0};
    struct toc_producer *producer = NULL;
    const struct toc_producer_opts opts = {.delivered = keep_verdict, .ctx = &verdict};
    assert_ok(toc_producer_open(
                      &member.conf, (struct toc_bus_log){bus_line, &lines}, &opts, &producer, &err),
            err);
    // Who may write nothing at all is refused a producer id, which kills the handle: it is built anew. Who
    // may write elsewhere is refused the record only.
    static const char *const topics[] = {"write-first", "write-second"};
    for (size_t i = 0; i < 2; i++) {
        const char *topic = TOC_BUS_TOPIC(&admin.conf, topics[i]);
        bus_create(ops, topic, 1, NULL, 0);
        grant(principal, topic, TOC_ACL_DESCRIBE);
        await_describe(topic);
        struct verdict got = send_one(producer, &verdict, topic);
        assert_false(got.stored);
        assert_int_equal(got.err.code, TOC_E_AUTH);
        assert_int_equal(got.err.fate, TOC_FATE_RETRY);
        char want[TOC_TOPIC_BYTES_MAX + 32];
        snprintf(want, sizeof want, "grant Write on topic %s", topic);
        assert_shows(got.err.text, want);
        grant(principal, topic, TOC_ACL_WRITE);
        do
            got = send_one(producer, &verdict, topic);
        while (!got.stored && got.err.code == TOC_E_AUTH);
        assert_true(got.stored);
        assert_shows(lines.text, "built anew");
    }
    toc_producer_close(producer);
}

static void no_right_at_all_is_said(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "secret");
    bus_create(ops, topic, 1, NULL, 0);
    struct verdict verdict = {0};
    struct toc_err err = {0};
    struct toc_producer *producer = NULL;
    const struct toc_producer_opts opts = {.delivered = keep_verdict, .ctx = &verdict};
    assert_ok(toc_producer_open(&member.conf, bus_silent(), &opts, &producer, &err), err);
    struct verdict got = send_one(producer, &verdict, topic);
    assert_int_equal(got.err.code, TOC_E_AUTH);
    assert_shows(got.err.text, "Write on topic");
    toc_producer_close(producer);

    // Reading, without a group and with one.
    char want[TOC_TOPIC_BYTES_MAX + 32];
    snprintf(want, sizeof want, "grant Read on topic %s", topic);
    struct toc_poll poll;
    struct toc_consumer *consumer = NULL;
    const struct toc_consumer_opts reading = {.small_waits = true};
    const struct toc_consumer_start start = {.topic = topic, .offset = 0, .end = -1};
    assert_code(toc_consumer_read(&member.conf, bus_silent(), &reading, &start, 1, &consumer, &err),
            TOC_E_AUTH, err);
    assert_shows(err.text, want);

    const struct toc_consumer_group group = {
            .group = "nobody", .instance = "one", .topics = &topic, .topic_count = 1};
    assert_ok(
            toc_consumer_join(&member.conf, bus_silent(), &reading, &group, NULL, &consumer, &err),
            err);
    assert_code(toc_consumer_poll(consumer, BUS_PATIENCE_MS, &poll, &err), TOC_E_AUTH, err);
    assert_shows(err.text, "grant Read on");
    assert_ok(toc_consumer_close(consumer, &err), err);

    struct toc_txn *txn = NULL;
    const struct toc_txn_opts ids = {.id = "not-mine"};
    assert_code(toc_txn_open(&member.conf, bus_silent(), &ids, &txn, &err), TOC_E_AUTH, err);
    assert_shows(err.text, "Write and Describe on transactional id not-mine");

    struct toc_admin *asker = NULL;
    int64_t begin, end;
    int32_t partitions;
    const struct toc_topic wish = {.name = TOC_BUS_TOPIC(&admin.conf, "wish"), .partitions = 1};
    bool created;
    assert_ok(toc_admin_open(&member.conf, bus_silent(), BUS_PATIENCE_MS, &asker, &err), err);
    assert_code(toc_admin_topic_create(asker, &wish, &created, &err), TOC_E_AUTH, err);
    assert_code(toc_admin_partitions(asker, topic, &partitions, &err), TOC_E_AUTH, err);
    assert_true(
            toc_failed(toc_admin_offsets(asker, topic, 0, TOC_READ_COMMITTED, &begin, &end, &err)));
    toc_admin_close(asker);
}

static void a_transaction_without_the_right_to_a_topic_is_aborted(void **state)
{
    (void)state;
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "hub-write");
    bus_create(ops, topic, 1, NULL, 0);
    struct bus_who hub;
    bus_who_init(&hub, "hub"); // may use any transactional id
    grant("User:hub", topic, TOC_ACL_DESCRIBE);
    struct toc_err err = {0};
    struct toc_txn *txn = NULL;
    const struct toc_txn_opts opts = {.id = topic};
    const struct toc_send record = {.topic = topic, .no_key = true, .value = TOC_S("x")};
    assert_ok(toc_txn_open(&hub.conf, bus_silent(), &opts, &txn, &err), err);
    assert_ok(toc_txn_begin(txn, &err), err);
    assert_ok(toc_txn_put(txn, &record, &err), err);
    assert_code(toc_txn_commit(txn, &err), TOC_E_AUTH, err);
    assert_int_equal(err.fate, TOC_FATE_ABORT_TXN);
    assert_ok(toc_txn_abort(txn, &err), err);
    grant("User:hub", topic, TOC_ACL_WRITE);
    assert_ok(toc_txn_begin(txn, &err), err);
    assert_ok(toc_txn_put(txn, &record, &err), err);
    assert_ok(toc_txn_commit(txn, &err), err);
    toc_txn_close(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(connection_trouble_says_what_to_do),
            cmocka_unit_test(an_expired_certificate_is_named),
            cmocka_unit_test(files_that_do_not_fit_are_named),
            cmocka_unit_test(no_right_to_write_is_said_and_cured_by_granting_it),
            cmocka_unit_test(no_right_at_all_is_said),
            cmocka_unit_test(a_transaction_without_the_right_to_a_topic_is_aborted),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
