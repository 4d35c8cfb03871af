// tocsin-subscribe and a hub that falls silent: heads that are old, a broker that is gone, a reader that slept.
// Where time must pass, the library is asked with a clock of the test's own.
#include "consumers/runner/follow.h"
#include "consumers/runner/picture.h"
#include "consumers/runner/subscription.h"
#include "consumers/runner/suffixes.h"
#include "tests/kafka/subscribe_lab.h"

#define CONF "-c " MEMBER ".conf "

static void put_heads_of(const char *audience, int64_t stream_time)
{
    for (int32_t p = 0; p < PARTITIONS; p++) {
        struct toc_head head = {.stream_time = stream_time};
        struct toc_buf value;
        toc_buf_init(&value, 64);
        toc_head_put(&head, &value);
        put(topic_of(TOC_TOPIC_INDICATORS, audience), p, TOC_HEAD_KEY, &value);
        toc_buf_done(&value);
    }
}

// ---- the program ----

static void test_a_hub_silent_for_eight_days(void **state)
{
    (void)state;
    char out[8192];
    begin();
    put_indicator(indicator_of(TOC_KIND_DOMAIN, "a.example.com"));
    put_indicator(indicator_of(TOC_KIND_IPV4, "185.220.101.7"));
    put_heads_of("amber", toc_now_ms(NULL) - 8 * TOC_MS_DAY);
    commit();
    run_ok(CONF "--once --sink list:s.txt --sink stix:s.json", out, sizeof out);
    assert_shows(out, "no word from the hub since");
    assert_true(
            holds("s.txt", "# STALE: no word from the hub since") && holds("s.json", "\"STALE\""));
    assert_true(holds("s.txt", "a.example.com\n") && holds("s.json", "a.example.com"));
    assert_false(holds("s.txt", "185.220.101.7") || holds("s.json", "185.220.101.7"));

    begin();
    put_heads_of("amber", toc_now_ms(NULL));
    commit();
    run_ok(CONF "--once --sink list:s.txt --sink stix:s.json", out, sizeof out);
    assert_true(holds("s.txt", "185.220.101.7\n") && holds("s.json", "185.220.101.7"));
    assert_false(holds("s.txt", "STALE") || holds("s.json", "STALE"));
}

// No answer at a start: it knows from the last time what to ask for, and what stands in the file ages.
static void test_no_broker(void **state)
{
    (void)state;
    char out[8192], config[TOC_PATH_BYTES_MAX];
    struct toc_indicator brief = indicator_of(TOC_KIND_DOMAIN, "brief.example.com");
    struct toc_err err = {0};
    brief.has_drop_after = true;
    brief.drop_after = toc_now_ms(NULL) - TOC_MS_MINUTE; // the hub should have said so by now
    begin();
    put_indicator(brief);
    put_heads_of("amber", toc_now_ms(NULL)); // it lives: nothing ages by this machine's clock
    commit();
    run_ok(CONF "--once --sink list:n.txt", out, sizeof out);
    assert_true(holds("n.txt", "brief.example.com\n"));

    // The same configuration, with nobody at the other end.
    assert_ok(toc_path_join(config, dir, MEMBER ".conf", &err), err);
    struct toc_buf text = unit_read(config), dead;
    const char *brokers = strstr(toc_buf_cstr(&text), "brokers = \"");
    toc_buf_init(&dead, 1 << 16);
    toc_buf_put(&dead, text.ptr, (size_t)(brokers - (const char *)text.ptr));
    toc_buf_printf(&dead, "brokers = \"127.0.0.1:9%s", strchr(strchr(brokers, '"') + 1, '"'));
    assert_ok(toc_path_join(config, dir, "dead.conf", &err), err);
    assert_ok(toc_file_create(config, 0600, toc_buf_slice(&dead), &err), err);
    toc_buf_done(&dead);
    toc_buf_done(&text);
    assert_int_equal(run("-c dead.conf --once --sink list:n.txt", out, sizeof out), 1);
    assert_shows(out, "going on with what it said last");
    assert_true(holds("n.txt", "brief.example.com\n")); // silent for seconds only
}

// ---- the library ----

struct bench {
    struct toc_psl *suffixes;
    struct toc_picture *picture;
    struct toc_follow *follow;
    struct toc_follow_conf conf;
    struct bus_who who;
};

static void open_bench(struct bench *b, const char *interest)
{
    struct toc_err err = {0};
    *b = (struct bench){0};
    bus_who_init(&b->who, MEMBER);
    assert_ok(toc_suffixes_open(&b->suffixes, &err), err);
    const struct toc_picture_conf conf = {.audience = "amber",
            .marking = TOC_MARKING_AMBER,
            .gate = {.suffixes = b->suffixes},
            .stale_ms = 7 * TOC_MS_DAY};
    assert_ok(toc_picture_new(&conf, &b->picture, &err), err);
    b->conf = (struct toc_follow_conf){.bus = &b->who.conf,
            .audience = "amber",
            .interest = interest,
            .partitions = PARTITIONS};
    assert_ok(toc_follow_open(&b->conf, b->picture, &b->follow, &err), err);
}

static void close_bench(struct bench *b)
{
    toc_follow_close(b->follow);
    toc_picture_free(b->picture);
    toc_psl_free(b->suffixes);
}

static void tell(struct bench *b, int64_t now)
{
    struct toc_err err = {0};
    bool idle;
    int64_t until = toc_monotonic_ms(NULL) + BUS_PATIENCE_MS;
    while (!toc_follow_told(b->follow)) {
        assert_ok(toc_follow_step(b->follow, 100, now, &idle, &err), err);
        assert_true(toc_monotonic_ms(NULL) < until);
    }
}

// interest.<id> brings no heads: they are looked up in the audience.
static void test_heads_of_an_interest(void **state)
{
    (void)state;
    struct bench b;
    struct toc_err err = {0};
    bool idle;
    int64_t now = toc_now_ms(NULL), later = now + 3 * TOC_MS_MINUTE;
    open_bench(&b, "sub-north");
    tell(&b, now);
    begin();
    put_heads_of("amber", later);
    for (int i = 0; i < 1000; i++) { // the heads lie further back than is looked at first
        static char value[40];
        snprintf(value, sizeof value, "n%d.example.com", i);
        put_indicator(indicator_of(TOC_KIND_DOMAIN, value));
    }
    commit();
    static const struct row {
        int64_t after; // the first look is 2 minutes after the start, then every 2 minutes
        bool found;
    } rows[] = {{TOC_MS_MINUTE, false}, {3 * TOC_MS_MINUTE, false}, {4 * TOC_MS_MINUTE, false},
            {5 * TOC_MS_MINUTE, true}};
    UNIT_EACH(const struct row, row, rows)
    {
        assert_ok(toc_follow_step(b.follow, 0, now + row->after, &idle, &err), err);
        assert_int_equal(toc_fresh_as_of(toc_picture_fresh(b.picture)) == later, row->found);
    }
    assert_int_equal(
            toc_picture_counts(b.picture).repeated, 0); // heads only: the rest comes as changes
    close_bench(&b);
}

static void test_a_reader_that_slept_begins_anew(void **state)
{
    (void)state;
    static const struct row {
        int64_t asleep;
        bool anew;
    } rows[] = {{5 * TOC_MS_DAY - TOC_MS_HOUR, false}, {5 * TOC_MS_DAY + TOC_MS_HOUR, true}};
    UNIT_EACH(const struct row, row, rows)
    {
        struct bench b;
        struct toc_err err = {0};
        bool idle = true;
        int64_t now = toc_now_ms(NULL), until = toc_monotonic_ms(NULL) + BUS_PATIENCE_MS;
        toc_rc rc = TOC_OK;
        open_bench(&b, NULL);
        tell(&b, now);
        begin();
        put_heads_of("amber", now);
        commit();
        while (idle && !toc_failed(rc)) {
            rc = toc_follow_step(b.follow, 100, now + row->asleep, &idle, &err);
            assert_true(toc_monotonic_ms(NULL) < until);
        }
        if (row->anew) {
            assert_code(rc, TOC_E_TIMEOUT, err);
            assert_int_equal(err.fate, TOC_FATE_FATAL);
            assert_shows(err.text, "the picture begins anew");
        } else {
            assert_ok(rc, err);
        }
        close_bench(&b);
    }
}

// ---- the operator changes his mind ----

static void change_interest(const struct toc_key *signer, const char *expression)
{
    begin();
    put_interest(signer, MEMBER, "sub-north", expression, false);
    commit();
}

static void test_a_changed_interest_is_noticed(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_member_conf conf;
    struct toc_conf *owner = NULL;
    struct toc_subscription subscription, plain;
    char path[TOC_PATH_BYTES_MAX], answers[TOC_PATH_BYTES_MAX];
    struct bus_lines lines = {.len = 0};
    const struct toc_bus_log log = {.line = bus_line, .ctx = &lines};
    assert_ok(toc_path_join(path, dir, MEMBER ".conf", &err), err);
    assert_ok(toc_path_join(answers, dir, "answers", &err), err);
    assert_ok(toc_member_load(path, &conf, &owner, &err), err);
    assert_ok(toc_subscription_make(&conf, "sub-north", answers, log, &subscription, &err), err);
    assert_ok(toc_subscription_make(&conf, NULL, answers, log, &plain, &err), err);
    assert_string_equal(subscription.audience, "amber");
    assert_true(toc_subscription_is_current(&subscription, &conf, "sub-north", answers, log));
    change_interest(stranger, "kind = url");
    assert_true(toc_subscription_is_current(&subscription, &conf, "sub-north", answers, log));
    assert_shows(lines.text, "1 records change nothing");
    size_t said = lines.len;
    assert_true(toc_subscription_is_current(&subscription, &conf, "sub-north", answers, log));
    assert_int_equal(lines.len, said); // once
    change_interest(operator_key, "kind = url");
    assert_false(toc_subscription_is_current(&subscription, &conf, "sub-north", answers, log));
    assert_true(toc_subscription_is_current(&plain, &conf, NULL, answers, log));
    toc_subscription_done(&subscription);
    toc_subscription_done(&plain);
    toc_conf_free(owner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_hub_silent_for_eight_days),
            cmocka_unit_test(test_no_broker),
            cmocka_unit_test(test_heads_of_an_interest),
            cmocka_unit_test(test_a_reader_that_slept_begins_anew),
            cmocka_unit_test(test_a_changed_interest_is_noticed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
