#include "tests/support/unit.h"

#include "lib/base/time.h"
#include "lib/member/conf.h"

#define START                                                                                      \
    "member = \"st-mary\"; state = \"state\"; signing_key = \"signing.key\";\n"                    \
    "kafka: { brokers = \"127.0.0.1:1\"; ca = \"ca.pem\"; certificate = \"tls.crt\"; key = "       \
    "\"tls.key\"; };\n"
#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static toc_rc load(const char *text, struct toc_member_conf *conf, struct toc_conf **owner,
        struct toc_err *err)
{
    char dir[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX];
    unit_temp_dir(dir);
    assert_ok(toc_path_join(path, dir, "member.conf", err), *err);
    assert_ok(toc_file_replace(path, 0600, toc_slice_of(text), err), *err);
    toc_rc rc = toc_member_load(path, conf, owner, err);
    unit_remove_dir(dir);
    return rc;
}

static void test_whole(void **state)
{
    (void)state;
    struct toc_member_conf conf;
    struct toc_conf *owner = NULL;
    struct toc_err err = {0};
    assert_ok(
            load(START
                    "genesis = \"genesis.toc\"; genesis_digest = \"" DIGEST "\";\n"
                    "privacy: { own_names = [\"hospital.example.com\", \"198.51.100.0/24\"]; };\n"
                    "feeds = ({ id = \"a\"; marking = \"TLP:GREEN\"; confidence = 80; tags = "
                    "[\"c2\"];\n"
                    "  federal = \"yes\"; communities = []; pap = \"PAP:AMBER\"; },\n"
                    "  { id = \"b\"; });\n"
                    "subscribe: { interest = \"score >= 50\"; stale = \"3d\"; };\n",
                    &conf, &owner, &err),
            err);
    assert_string_equal(conf.member, "st-mary");
    assert_string_equal(conf.genesis_digest, DIGEST);
    assert_string_equal(conf.kafka.prefix, "tocsin.");
    assert_int_equal(conf.privacy.own_names.count, 2);
    assert_int_equal(conf.feeds.count, 2);
    const struct toc_member_feed *feed = toc_member_feed(&conf, TOC_S("a"));
    assert_non_null(feed);
    assert_string_equal(feed->marking, "TLP:GREEN");
    assert_int_equal(feed->confidence, 80);
    assert_string_equal(feed->tags.items[0], "c2");
    assert_string_equal(feed->federal, "yes");
    feed = toc_member_feed(&conf, TOC_S("b"));
    assert_int_equal(feed->confidence, 70);
    assert_null(feed->marking);
    assert_null(toc_member_feed(&conf, TOC_S("c")));
    assert_int_equal(conf.subscribe.stale_ms, 3 * TOC_MS_DAY);
    toc_conf_free(owner);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
            "state = \"s\";",
            START "genesis = \"g\";",
            START "genesis_digest = \"" DIGEST "\";",
            START "genesis = \"g\"; genesis_digest = \"12\";",
            START "feeds = ({ id = \"A b\"; });",
            START "feeds = ({ id = \"a\"; }, { id = \"a\"; });",
            START "feeds = ({ id = \"a\"; marking = \"purple\"; });",
            START "feeds = ({ id = \"a\"; tags = [\"Not A Tag\"]; });",
            START "feeds = ({ id = \"a\"; confidence = 101; });",
            START "feeds = ({ id = \"a\"; federal = \"maybe\"; });",
            START "feeds = ({ id = \"a\"; attribution = \"loud\"; });",
            // Reserved: they would act as something else.
            START "feeds = ({ id = \"a\"; federal = \"via-ais\"; });",
            START "feeds = ({ id = \"a\"; communities = [\"rural\"]; });",
            START "feeds = ({ id = \"a\"; markings = \"TLP:GREEN\"; });",
            START "colour = 1;",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct toc_member_conf conf;
        struct toc_conf *owner = NULL;
        struct toc_err err = {0};
        toc_rc rc = load(texts[i], &conf, &owner, &err);
        if (!toc_failed(rc))
            print_error("accepted: %s\n", texts[i]);
        assert_code(rc, TOC_E_USAGE, err);
    }
}

static void test_markings(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        enum toc_marking marking;
    } cases[] = {
            {"TLP:CLEAR", true, TOC_MARKING_CLEAR},
            {"tlp:white", true, TOC_MARKING_CLEAR},
            {"WHITE", true, TOC_MARKING_CLEAR},
            {"green", true, TOC_MARKING_GREEN},
            {"TLP:AMBER+STRICT", true, TOC_MARKING_AMBER_STRICT},
            {"Red", true, TOC_MARKING_RED},
            {"TLP:PURPLE", false, 0},
            {"", false, 0},
            {"TLP:", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum toc_marking marking = TOC_MARKING_RED;
        assert_int_equal(toc_member_marking(toc_slice_of(cases[i].text), &marking), cases[i].good);
        if (cases[i].good)
            assert_int_equal(marking, cases[i].marking);
    }
}

// What --print-config and enrol write loads as it is.
static void test_printed(void **state)
{
    (void)state;
    struct toc_buf page;
    struct toc_member_conf conf;
    struct toc_conf *owner = NULL;
    struct toc_err err = {0};
    toc_buf_init(&page, TOC_CONFIG_BYTES_MAX);
    toc_conf_print(toc_member_rows, &page);
    assert_ok(load(toc_buf_cstr(&page), &conf, &owner, &err), err);
    assert_string_equal(conf.member, "st-mary");
    toc_conf_free(owner);
    toc_buf_done(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_whole),
            cmocka_unit_test(test_refused),
            cmocka_unit_test(test_markings),
            cmocka_unit_test(test_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
