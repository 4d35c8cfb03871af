#include "tests/support/unit.h"

#include "lib/bus/conf.h"

struct settings {
    int64_t before;
    struct toc_bus_conf bus;
};

static const struct toc_conf_row rows[] = {TOC_BUS_CONF_ROWS(struct settings, bus), {0}};

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

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_rows_fill_the_struct),
            cmocka_unit_test(what_must_be_there_and_what_a_prefix_may_hold),
            cmocka_unit_test(a_topic_name_fits_its_array),
            cmocka_unit_test(old_releases_are_refused_or_advised_against),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
