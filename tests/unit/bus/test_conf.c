#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/cert.h"
#include "lib/base/file.h"
#include "lib/bus/conf.h"

struct settings {
    int64_t before;
    struct toc_bus_conf bus;
};

static const struct toc_conf_row rows[] = {TOC_BUS_CONF_ROWS(struct settings, bus, "9093", "ca.pem", "tls"), {0}};

static toc_rc parse(
        const char *text, struct settings *out, struct toc_conf **conf, struct toc_err *err)
{
    *out = (struct settings){0};
    return toc_conf_parse(toc_slice_of(text), "/etc/tocsin/member.conf", rows, out, conf, err);
}

static void the_rows_fill_the_struct(void **state)
{
    (void)state;
    struct settings settings;
    struct toc_conf *conf;
    struct toc_err err = {0};
    assert_ok(parse("kafka: { brokers = \"k1:9093,k2:9093\"; ca = \"ca.pem\"; certificate = "
                    "\"/x/me.crt\"; "
                    "key = \"me.key\"; }",
                      &settings, &conf, &err),
            err);
    assert_string_equal(settings.bus.brokers, "k1:9093,k2:9093");
    assert_string_equal(settings.bus.ca, "/etc/tocsin/ca.pem");
    assert_string_equal(settings.bus.certificate, "/x/me.crt");
    assert_string_equal(settings.bus.key, "/etc/tocsin/me.key");
    assert_string_equal(settings.bus.client_id, "tocsin");
    assert_string_equal(settings.bus.prefix, "tocsin.");
    assert_string_equal(TOC_BUS_TOPIC(&settings.bus, "submit"), "tocsin.submit");
    toc_conf_free(conf);
}

static void what_must_be_there_and_what_a_prefix_may_hold(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shows;
    } bad[] = {
            {"kafka: { brokers = \"k:1\"; ca = \"c\"; certificate = \"c\"; }", "kafka.key"},
            {"kafka: { ca = \"c\"; certificate = \"c\"; key = \"k\"; }", "kafka.brokers"},
            {"kafka: { brokers = \"k:1\"; ca = \"c\"; certificate = \"c\"; key = \"k\"; prefix = "
             "\"a b\"; }",
                    "prefix: byte 2"},
            {"kafka: { brokers = \"k:1\"; ca = \"c\"; certificate = \"c\"; key = \"k\"; prefix = "
             "\"01234567890123456789012345678901234567890123456789012345678901234567890123456789012"
             "34567890123456789x\";"
             " }",
                    "prefix of 101 bytes"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct settings settings;
        struct toc_conf *conf;
        struct toc_err err = {0};
        assert_true(toc_failed(parse(bad[i].text, &settings, &conf, &err)));
        assert_shows(err.text, bad[i].shows);
    }
}

static void a_topic_name_fits_its_array(void **state)
{
    (void)state;
    char name[400];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    const struct toc_bus_conf conf = {.prefix = "tocsin."};
    assert_int_equal(strlen(TOC_BUS_TOPIC(&conf, name)), TOC_TOPIC_BYTES_MAX - 1);
}

static void old_releases_are_refused_or_advised_against(void **state)
{
    (void)state;
    static const struct {
        int version;
        enum toc_code code;
        bool advice;
    } versions[] = {
            {0x010902ff, TOC_E_USAGE, false},
            {0x020001ff, TOC_E_USAGE, false},
            {0x020002ff, TOC_E_OK, true},
            {0x020600ff, TOC_E_OK, true},
            {0x020601ff, TOC_E_OK, false},
            {0x020900ff, TOC_E_OK, false},
            {0x020a00ff, TOC_E_OK, true},
            {0x020a01ff, TOC_E_OK, false},
            {0x020f00ff, TOC_E_OK, false},
    };
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        const char *advice = NULL;
        struct toc_err err = {0};
        assert_code(
                toc_bus_version_check(versions[i].version, &advice, &err), versions[i].code, err);
        assert_int_equal(advice != NULL, versions[i].advice);
    }
    assert_true(toc_bus_version() >= 0x020002ff);
}

static void loopback_is_this_machine_and_nothing_that_reads_like_it(void **state)
{
    (void)state;
    static const struct {
        const char *brokers;
        bool loopback;
    } rows_of[] = {
            {"127.0.0.1:9092", true},
            {"127.9.8.7", true},
            {"localhost:9092", true},
            {"[::1]:9092", true},
            {"::1", true},
            {"127.0.0.1:1,localhost:2, [::1]:3", true},
            {"127.0.0.1:1,", true},
            {"", false},
            {"127.example.org:9092", false},
            {"127.0.0.1.example.org:9092", false},
            {"localhost.example.org:9092", false},
            {"localhosts:1", false},
            {"192.0.2.1:9092", false},
            {"127.0.0.1:1,192.0.2.1:9092", false},
            {"192.0.2.1:9092,127.0.0.1:1", false},
            {"[2001:db8::1]:9092", false},
            {"0.0.0.0", false},
            {"::", false},
            {"SSL://127.0.0.1:9092", false},
    };
    for (size_t i = 0; i < sizeof rows_of / sizeof *rows_of; i++)
        if (toc_bus_is_loopback(rows_of[i].brokers) != rows_of[i].loopback)
            fail_msg("%s", rows_of[i].brokers);
}

static void a_quickstart_authority_serves_loopback_only(void **state)
{
    (void)state;
    struct toc_err err = {0};
    char dir[] = "/tmp/toc-quickstart-XXXXXX", both[64], path[2][2][64];
    assert_non_null(mkdtemp(dir));
    static const char *const names[] = {TOC_CERT_QUICKSTART " Tocsin hub authority", "Tocsin hub authority"};
    struct toc_buf pem;
    toc_buf_init(&pem, 65536);
    for (int i = 1; i >= 0; i--) { // the marked one comes second in the file of both
        snprintf(path[i][0], sizeof path[i][0], "%s/%d.key", dir, i);
        snprintf(path[i][1], sizeof path[i][1], "%s/%d.crt", dir, i);
        assert_ok(toc_cert_key_new(path[i][0], &err), err);
        assert_ok(toc_cert_ca_new(names[i], 7, path[i][0], path[i][1], &err), err);
        assert_ok(toc_file_read(path[i][1], &pem, &err), err);
    }
    snprintf(both, sizeof both, "%s/both.crt", dir);
    assert_ok(toc_file_create(both, 0644, toc_buf_slice(&pem), &err), err);
    toc_buf_done(&pem);
    assert_ok(toc_bus_quickstart_check(path[0][1], "127.0.0.1:9092", &err), err);
    assert_ok(toc_bus_quickstart_check(path[1][1], "kafka.example.org:9092", &err), err);
    assert_code(toc_bus_quickstart_check(path[0][1], "kafka.example.org:9092", &err), TOC_E_REFUSED, err);
    assert_shows(err.text, "works on loopback only, not with kafka.example.org:9092");
    assert_code(toc_bus_quickstart_check(both, "192.0.2.1:9092", &err), TOC_E_REFUSED, err);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++)
            unlink(path[i][k]);
    unlink(both);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_rows_fill_the_struct),
            cmocka_unit_test(what_must_be_there_and_what_a_prefix_may_hold),
            cmocka_unit_test(a_topic_name_fits_its_array),
            cmocka_unit_test(old_releases_are_refused_or_advised_against),
            cmocka_unit_test(loopback_is_this_machine_and_nothing_that_reads_like_it),
            cmocka_unit_test(a_quickstart_authority_serves_loopback_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
