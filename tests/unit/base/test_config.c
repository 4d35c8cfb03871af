#include "tests/support/unit.h"

#include "lib/base/config.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

struct feed {
    const char *id;
    int64_t reliability;
    struct toc_conf_list tags;
};

struct conf {
    const char *name, *brokers, *certificate, *unset;
    int64_t workers, every_ms, any;
    bool strict;
    struct toc_conf_list networks;
    struct toc_conf_groups feeds;
};

static toc_rc check_name(const void *value, struct toc_err *err)
{
    const char *name = *(const char *const *)value;
    TOC_ENSURE(toc_id_valid(toc_slice_of(name)), err, TOC_E_SYNTAX, "%s is no id", name);
    return TOC_OK;
}

#define FIELD(type_, member_) .type = (type_), .offset = offsetof(struct conf, member_)
#define FEED_FIELD(type_, member_) .type = (type_), .offset = offsetof(struct feed, member_)

static const struct toc_conf_row feed_rows[] = {
        {.name = "id", FEED_FIELD(TOC_CONF_TEXT, id), .required = true, .doc = "Name of the feed."},
        {.name = "reliability",
                FEED_FIELD(TOC_CONF_INT, reliability),
                .fallback = "70",
                .min = 20,
                .max = 100,
                .doc = "In per cent."},
        {.name = "tags", FEED_FIELD(TOC_CONF_LIST, tags), .doc = "Tags of each observation."},
        {0},
};

static const struct toc_conf_row rows[] = {
        {.name = "name",
                FIELD(TOC_CONF_TEXT, name),
                .required = true,
                .fallback = "\"st-mary\"",
                .doc = "The member's id.",
                .check = check_name},
        {.name = "kafka.brokers",
                FIELD(TOC_CONF_TEXT, brokers),
                .fallback = "\"127.0.0.1:9092\"",
                .doc = "Where the brokers listen, host:port, comma between them; this sentence is "
                       "long "
                       "enough to be broken into several lines of the reference that is printed."},
        {.name = "workers",
                FIELD(TOC_CONF_INT, workers),
                .fallback = "2",
                .min = 1,
                .max = 64,
                .doc = "Threads."},
        {.name = "kafka.tls.certificate",
                FIELD(TOC_CONF_PATH, certificate),
                .fallback = "\"tls/cert.pem\"",
                .doc = "PEM file."},
        {.name = "kafka.every",
                FIELD(TOC_CONF_DURATION, every_ms),
                .fallback = "\"50ms\"",
                .min = 10,
                .max = TOC_MS_HOUR,
                .doc = "Commit interval."},
        {.name = "strict", FIELD(TOC_CONF_BOOL, strict), .doc = "Refuse more."},
        {.name = "unset", FIELD(TOC_CONF_TEXT, unset), .doc = "Has no default."},
        {.name = "any", FIELD(TOC_CONF_INT, any), .doc = "Any number from 0 on."},
        {.name = "networks",
                FIELD(TOC_CONF_LIST, networks),
                .fallback = "[\"10.0.0.0/8\"]",
                .doc = "Own networks."},
        {.name = "feeds",
                FIELD(TOC_CONF_GROUPS, feeds),
                .rows = feed_rows,
                .item_size = sizeof(struct feed),
                .doc = "What is published."},
        {0},
};

static void everything(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct conf conf = {0};
    struct toc_conf *owner = NULL;
    struct toc_slice text =
            TOC_S("name = \"clinic-1\";\n"
                  "workers = 8\n"
                  "strict = true;\n"
                  "any = 9223372036854775807L;\n"
                  "kafka: { brokers = \"127.0.0.1:1\"; tls: { certificate = \"a.pem\"; }; };\n");
    assert_ok(toc_conf_parse(text, "/etc/x/member.conf", rows, &conf, &owner, &err), err);
    assert_string_equal(conf.name, "clinic-1");
    assert_string_equal(conf.brokers, "127.0.0.1:1");
    assert_string_equal(conf.certificate, "/etc/x/a.pem");
    assert_null(conf.unset);
    assert_int_equal(conf.workers, 8);
    assert_int_equal(conf.every_ms, 50);
    assert_int_equal(conf.any, INT64_MAX);
    assert_true(conf.strict);
    assert_int_equal(conf.networks.count, 1);
    assert_string_equal(conf.networks.items[0], "10.0.0.0/8");
    assert_int_equal(conf.feeds.count, 0);
    toc_conf_free(owner);
}

static void groups(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct conf conf = {0};
    struct toc_conf *owner = NULL;
    struct toc_slice text = TOC_S("name = \"a\";\n"
                                  "networks = ();\n"
                                  "feeds = ( { id = \"one\"; tags = [\"x\", \"y\"]; },\n"
                                  "          { id = \"two\"; reliability = 90; } );\n");
    assert_ok(toc_conf_parse(text, "member.conf", rows, &conf, &owner, &err), err);
    assert_int_equal(conf.networks.count, 0);
    assert_int_equal(conf.feeds.count, 2);
    const struct feed *feeds = conf.feeds.items;
    assert_string_equal(feeds[0].id, "one");
    assert_int_equal(feeds[0].reliability, 70);
    assert_int_equal(feeds[0].tags.count, 2);
    assert_string_equal(feeds[0].tags.items[1], "y");
    assert_string_equal(feeds[1].id, "two");
    assert_int_equal(feeds[1].reliability, 90);
    assert_int_equal(feeds[1].tags.count, 0);
    assert_string_equal(conf.certificate, "tls/cert.pem"); // no folder in the file's own path
    toc_conf_free(owner);
}

// Each: what is wrong, and what the error must name.
static void refusals(void **state)
{
    (void)state;
    static const struct row {
        const char *text, *shows[3];
    } bad[] = {
            {"name = \"a\";\nkafka: { broker = \"x\"; };",
                    {"m.conf:2", "kafka.broker:", "kafka.brokers"}},
            {"name = \"a\";\n\nworkesr = 1;", {"m.conf:3", "workesr:", "workers"}},
            {"name = \"a\";\nzzz = 1;", {"m.conf:2", "zzz: unknown key", "nearest"}},
            {"workers = 1;", {"m.conf:1", "name: this key is missing", "The member's id"}},
            {"name = \"\";", {"m.conf:1", "must not be empty", ""}},
            {"name = \"Not An Id\";", {"m.conf:1", "name: Not An Id is no id", ""}},
            {"name = 5;", {"m.conf:1", "text in \"quotes\"", ""}},
            {"name = \"a\";\nworkers = 0;", {"m.conf:2", "0 is not in 1..64", ""}},
            {"name = \"a\";\nworkers = 65;", {"m.conf:2", "65 is not in 1..64", ""}},
            {"name = \"a\";\nany = -1;", {"m.conf:2", "-1 is not in 0..9223372036854775807", ""}},
            {"name = \"a\";\nworkers = \"5\";", {"m.conf:2", "whole number", ""}},
            {"name = \"a\";\nworkers = 1.5;", {"m.conf:2", "whole number", ""}},
            {"name = \"a\";\nstrict = \"yes\";", {"m.conf:2", "true or false", ""}},
            {"name = \"a\";\nkafka: { every = 50; };",
                    {"m.conf:2", "kafka.every", "duration like"}},
            {"name = \"a\";\nkafka: { every = \"50\"; };", {"m.conf:2", "duration like", ""}},
            {"name = \"a\";\nkafka: { every = \"5ms\"; };", {"m.conf:2", "5ms is not in 10ms", ""}},
            {"name = \"a\";\nkafka = 5;", {"m.conf:2", "kafka: a group in { }", ""}},
            {"name = \"a\";\nnetworks = \"x\";", {"m.conf:2", "a list like", ""}},
            {"name = \"a\";\nnetworks = [1, 2];", {"m.conf:2", "text in \"quotes\"", ""}},
            {"name = \"a\";\nfeeds = { };", {"m.conf:2", "a list of groups", ""}},
            {"name = \"a\";\nfeeds = ( 5 );", {"m.conf:2", "entry 1 is no group", ""}},
            {"name = \"a\";\nfeeds = ( { id = \"x\"; },\n{ idd = \"x\"; } );",
                    {"m.conf:3", "idd", "nearest known one is id"}},
            {"name = \"a\";\nfeeds = ( { tags = [\"x\"]; } );",
                    {"m.conf:2", "id: this key is missing", ""}},
            {"name = \"a\";\nname = \"b\";", {"m.conf:2", "duplicate", ""}},
            {"name = \"a\";\nkafka: { brokers = \"x\";", {"m.conf:2", "syntax", ""}},
            {"name = \"\xff\";", {"m.conf", "UTF-8", ""}},
    };
    UNIT_EACH(const struct row, row, bad)
    {
        struct toc_err err = {0};
        struct conf conf = {0};
        static const struct conf zero;
        struct toc_conf *owner = NULL;
        assert_code(toc_conf_parse(toc_slice_of(row->text), "m.conf", rows, &conf, &owner, &err),
                TOC_E_USAGE, err);
        for (size_t i = 0; i < 3; i++)
            assert_shows(err.text, row->shows[i]);
        assert_memory_equal(&conf, &zero, sizeof conf); // nothing dangles
        assert_null(owner);
    }
}

static void nul_and_size(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct conf conf = {0};
    struct toc_conf *owner = NULL;
    assert_code(toc_conf_parse(TOC_S("name = \"a\";\0x"), "m.conf", rows, &conf, &owner, &err),
            TOC_E_USAGE, err);
    struct toc_buf big;
    toc_buf_init(&big, (size_t)2 * TOC_CONFIG_BYTES_MAX);
    memset(toc_buf_reserve(&big, TOC_CONFIG_BYTES_MAX + 1), ' ', TOC_CONFIG_BYTES_MAX + 1);
    big.len = TOC_CONFIG_BYTES_MAX + 1;
    assert_code(toc_conf_parse(toc_buf_slice(&big), "m.conf", rows, &conf, &owner, &err),
            TOC_E_LENGTH, err);
    toc_buf_done(&big);
}

static void files_and_includes(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct conf conf = {0};
    struct toc_conf *owner = NULL;
    char dir[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX], part[TOC_PATH_BYTES_MAX];
    unit_temp_dir(dir);
    assert_ok(toc_path_join(path, dir, "member.conf", &err), err);
    assert_ok(toc_path_join(part, dir, "part.conf", &err), err);
    assert_code(toc_conf_load(path, rows, &conf, &owner, &err), TOC_E_NOTFOUND, err);
    assert_ok(toc_file_replace(path, 0644, TOC_S("name = \"a\";\n@include \"part.conf\"\n"), &err),
            err);
    assert_ok(toc_file_replace(part, 0644, TOC_S("\nworkers = 7;\n"), &err), err);
    assert_ok(toc_conf_load(path, rows, &conf, &owner, &err), err);
    assert_int_equal(conf.workers, 7);
    assert_true(toc_slice_starts(toc_slice_of(conf.certificate), toc_slice_of(dir)));
    toc_conf_free(owner);
    assert_ok(toc_file_replace(part, 0644, TOC_S("\nworkers = 700;\n"), &err), err);
    assert_code(toc_conf_load(path, rows, &conf, &owner, &err), TOC_E_USAGE, err);
    assert_shows(err.text, "part.conf:2"); // the file that holds the mistake
    unit_remove_dir(dir);
}

static void reference_loads_again(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct conf conf = {0};
    struct toc_conf *owner = NULL;
    struct toc_buf page;
    toc_buf_init(&page, 65536);
    toc_conf_print(rows, &page);
    assert_ok(toc_buf_check(&page, "reference", &err), err);
    const char *text = toc_buf_cstr(&page);
    assert_ok(toc_conf_parse(toc_buf_slice(&page), "m.conf", rows, &conf, &owner, &err), err);
    assert_string_equal(conf.name, "st-mary");
    assert_string_equal(conf.brokers, "127.0.0.1:9092");
    assert_int_equal(conf.workers, 2);
    assert_int_equal(conf.every_ms, 50);
    assert_null(conf.unset);
    toc_conf_free(owner);
    for (const struct toc_conf_row *row = rows; row->name != NULL; row++) {
        const char *dot = strrchr(row->name, '.');
        assert_shows(text, dot == NULL ? row->name : dot + 1);
    }
    assert_shows(text, "(duration, as 50ms, 30s, 5m, 24h, 7d, 10ms to 1h)");
    assert_shows(text, "(whole number, 1 to 64)");
    assert_shows(
            text, "#     id = \"change-me\";"); // an optional list of groups shows one, commented
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_in_range(strcspn(line, "\n"), 0, 100);
    toc_buf_done(&page);
}

// The commented example of a list of groups is right too: without the marks it loads.
static void group_example_loads(void **state)
{
    (void)state;
    static const struct toc_conf_row only[] = {
            {.name = "feeds",
                    FIELD(TOC_CONF_GROUPS, feeds),
                    .rows = feed_rows,
                    .required = true,
                    .item_size = sizeof(struct feed),
                    .doc = "What is published."},
            {0},
    };
    struct toc_err err = {0};
    struct conf conf = {0};
    struct toc_conf *owner = NULL;
    struct toc_buf page;
    toc_buf_init(&page, 65536);
    toc_conf_print(only, &page);
    assert_ok(toc_conf_parse(toc_buf_slice(&page), "m.conf", only, &conf, &owner, &err), err);
    assert_int_equal(conf.feeds.count, 1);
    assert_string_equal(((const struct feed *)conf.feeds.items)->id, "change-me");
    toc_conf_free(owner);
    toc_buf_done(&page);
}

static void shown_on_a_stream(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    struct toc_err err = {0};
    struct toc_buf page;
    FILE *to = open_memstream(&text, &len), *full = fopen("/dev/full", "w");
    toc_buf_init(&page, 65536);
    toc_conf_print(rows, &page);
    assert_ok(toc_conf_show(rows, to, &err), err);
    assert_slices_equal(toc_slice(text, len), toc_buf_slice(&page));
    assert_code(toc_conf_show(rows, full, &err), TOC_E_IO, err);
    fclose(full);
    fclose(to);
    free(text);
    toc_buf_done(&page);
}

// What a required row of each type shows when it has no example, and docs that break badly.
static void examples_of_every_type_load(void **state)
{
    (void)state;
    static const struct toc_conf_row each[] = {
            {.name = "name",
                    FIELD(TOC_CONF_TEXT, name),
                    .required = true,
                    .doc = "x234567890123456789012345678901234567890123456789012345678901234567890"
                           "12345678901234567890123456789 is a long word."},
            {.name = "certificate", FIELD(TOC_CONF_PATH, certificate), .required = true, .doc = ""},
            {.name = "workers",
                    FIELD(TOC_CONF_INT, workers),
                    .required = true,
                    .min = 3,
                    .max = 9,
                    .doc = "a"},
            {.name = "every",
                    FIELD(TOC_CONF_DURATION, every_ms),
                    .required = true,
                    .min = 90000,
                    .max = TOC_MS_DAY,
                    .doc = "a"},
            {.name = "any", FIELD(TOC_CONF_DURATION, any), .required = true, .doc = "a"},
            {.name = "strict", FIELD(TOC_CONF_BOOL, strict), .required = true, .doc = "a"},
            {.name = "networks", FIELD(TOC_CONF_LIST, networks), .required = true, .doc = "a"},
            {0},
    };
    struct toc_err err = {0};
    struct conf conf = {0};
    struct toc_conf *owner = NULL;
    struct toc_buf page;
    toc_buf_init(&page, 65536);
    toc_conf_print(each, &page);
    assert_ok(toc_conf_parse(toc_buf_slice(&page), "/etc/m.conf", each, &conf, &owner, &err), err);
    assert_string_equal(conf.certificate, "/etc/change-me");
    assert_int_equal(conf.workers, 3);
    assert_int_equal(conf.every_ms, 90000);
    assert_int_equal(conf.any, 0);
    assert_shows(toc_buf_cstr(&page), "90s to 1d");
    assert_shows(toc_buf_cstr(&page), "# is a long word.\n");
    toc_conf_free(owner);
    toc_buf_done(&page);
}

// Whichever allocation fails, the load fails cleanly (the sanitizer watches for leaks).
static void out_of_memory(void **state)
{
    (void)state;
    struct toc_slice text = TOC_S("name = \"a\"; feeds = ( { id = \"one\"; tags = [\"x\"]; } );");
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        struct toc_err err = {0};
        struct conf conf = {0};
        struct toc_conf *owner = NULL;
        assert_true(n < 100);
        toc_mem_fail_at(n);
        done = !toc_failed(toc_conf_parse(text, "m.conf", rows, &conf, &owner, &err));
        toc_mem_fail_at(0);
        assert_int_equal(done, owner != NULL);
        toc_conf_free(owner);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(everything),
            cmocka_unit_test(groups),
            cmocka_unit_test(refusals),
            cmocka_unit_test(nul_and_size),
            cmocka_unit_test(files_and_includes),
            cmocka_unit_test(reference_loads_again),
            cmocka_unit_test(shown_on_a_stream),
            cmocka_unit_test(group_example_loads),
            cmocka_unit_test(examples_of_every_type_load),
            cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
