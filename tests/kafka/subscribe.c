// tocsin-subscribe against a real broker: this test is the hub, and looks at the files that the program writes.
#include "tests/kafka/subscribe_lab.h"

// ---- tests ----

#define CONF "-c " MEMBER ".conf "

static void test_once_writes_the_picture(void **state)
{
    (void)state;
    char out[8192];
    struct toc_indicator tagged = indicator_of(TOC_KIND_DOMAIN, "tagged.example.com");
    struct toc_slice tag = TOC_S("test");
    tagged.now.tags = &tag;
    tagged.now.tags_count = 1;
    begin();
    put_indicator(indicator_of(TOC_KIND_DOMAIN, "a.example.com"));
    put_indicator(indicator_of(TOC_KIND_IPV4, "185.220.101.7"));
    put_indicator(indicator_of(TOC_KIND_URL, "https://u.example.com/x"));
    put_indicator(indicator_of(TOC_KIND_DOMAIN, "withdrawn.example.com"));
    put_indicator(indicator_of(TOC_KIND_DOMAIN, "portal.st-marys.org")); // the member's own
    put_indicator(indicator_of(TOC_KIND_DOMAIN, "co.uk"));
    put_indicator(tagged);
    put_heads();
    commit();
    say_and_abort(indicator_of(TOC_KIND_DOMAIN, "aborted.example.com"));
    begin();
    struct toc_indicator gone = indicator_of(TOC_KIND_DOMAIN, "withdrawn.example.com");
    gone.now.status = TOC_STATUS_WITHDRAWN;
    put_indicator(gone);
    commit();

    run_ok(CONF "--once --interest 'not tag = \"test\"' --sink list:once.txt --sink rpz:once.zone "
                "--sink csv:once.csv --sink jsonl:once.jsonl --sink stix:once.json",
            out, sizeof out);
    static const char *const files[] = {
            "once.txt", "once.zone", "once.csv", "once.jsonl", "once.json"};
    UNIT_EACH(const char *const, file, files)
    {
        assert_true(holds(*file, "a.example.com"));
        assert_int_equal(holds(*file, "185.220.101.7"), strcmp(*file, "once.zone") != 0);
        assert_int_equal(holds(*file, "https://u.example.com/x"), strcmp(*file, "once.zone") != 0);
        assert_false(holds(*file, "tagged.example.com"));
        assert_false(holds(*file, "withdrawn.example.com"));
        assert_false(holds(*file, "aborted.example.com"));
        assert_false(holds(*file, "st-marys.org"));
        assert_false(holds(*file, "co.uk"));
    }
    assert_true(holds("once.zone", "32.7.101.220.185.rpz-ip CNAME ."));
    assert_true(holds("once.txt", "audience amber"));
    assert_shows(out, "kept out by the gate (own): 1");
    assert_shows(out, "kept out by the gate (public-suffix): 1");
}

#define LIVE                                                                                       \
    "domain a.example.com block\ndomain co.uk block\ndomain portal.st-marys.org block\n"           \
    "domain tagged.example.com block\nipv4 185.220.101.7 block\nurl https://u.example.com/x "      \
    "block\n"

static void test_consuming_in_python(void **state)
{
    (void)state;
    struct program p;
    start_python(&p, "");
    python_said(&p, LIVE "whole\n"); // nothing aborted, nothing withdrawn

    // What ended while it slept, it learns by beginning anew; after a nap it just goes on.
    static const struct row {
        const char *days, *between;
    } rows[] = {{"4.9", ""}, {"5.1", "anew\n"}};
    UNIT_EACH(const struct row, row, rows)
    {
        char want[2048];
        say(indicator_of(TOC_KIND_DOMAIN, "brief.example.com"));
        start_python(&p, row->days);
        await(&p, "python", "whole\n", true);
        begin();
        struct toc_indicator gone = indicator_of(TOC_KIND_DOMAIN, "brief.example.com");
        gone.now.status = TOC_STATUS_GONE;
        put_indicator(gone);
        put_tombstone(TOC_KIND_DOMAIN, "brief.example.com");
        put_heads();
        commit();
        snprintf(want, sizeof want, "%s%s%s",
                "domain a.example.com block\ndomain brief.example.com block\ndomain co.uk block\n"
                "domain portal.st-marys.org block\ndomain tagged.example.com block\n"
                "ipv4 185.220.101.7 block\nurl https://u.example.com/x block\nwhole\n",
                row->between, LIVE "whole\n");
        python_said(&p, want);
    }
}

static void test_what_is_wrong_is_said(void **state)
{
    (void)state;
    char out[8192];
    assert_int_equal(
            run(CONF "--once --interest 'kind = domain and score >= high' --sink list:w.txt", out,
                    sizeof out),
            2);
    assert_shows(out, "  kind = domain and score >= high\n                             ^\n");
    assert_shows(out, "column 28: a number from 0 to 100 is wanted, not high");
    assert_int_equal(run(CONF "--once --sink paper:w.txt", out, sizeof out), 2);
    assert_shows(out, "list:PATH");
    assert_int_equal(run(CONF "--once", out, sizeof out), 2);
    assert_int_equal(run(CONF "--once --interest sub-none --sink list:w.txt", out, sizeof out), 1);
    assert_shows(out, "no interest \"sub-none\"");
    assert_int_equal(run(CONF "--once --interest sub-old --sink list:w.txt", out, sizeof out), 1);
    assert_shows(out, "removed the interest");
    assert_int_equal(run("-c " OTHER ".conf --once --sink list:w.txt", out, sizeof out), 1);
    assert_shows(out, "on topic");
    assert_shows(out, "indicators.amber");
    assert_false(holds("w.txt", ""));
}

static void test_following(void **state)
{
    (void)state;
    char out[8192];
    struct program p;
    start(&p, CONF "--sink list:f.txt --sink rpz:f.zone --sink jsonl:f.jsonl");
    await(&p, "f.jsonl", "a.example.com", true);
    await(&p, "f.txt", "a.example.com", true);

    say(indicator_of(TOC_KIND_DOMAIN, "new.example.com"));
    await(&p, "f.txt", "new.example.com", true);
    await(&p, "f.zone", "*.new.example.com CNAME .", true);
    await(&p, "f.jsonl", "new.example.com", true);

    struct toc_indicator indicator = indicator_of(TOC_KIND_DOMAIN, "new.example.com");
    indicator.now.advice = TOC_ADVICE_ALERT;
    say(indicator);
    await(&p, "f.txt", "new.example.com", false);
    await(&p, "f.zone", "new.example.com", false);
    assert_true(holds("f.jsonl", "new.example.com"));
    indicator.now.status = TOC_STATUS_GONE;
    begin();
    put_indicator(indicator);
    put_tombstone(TOC_KIND_DOMAIN, "new.example.com");
    commit();
    await(&p, "f.jsonl", "new.example.com", false);

    // The member's own word, without a restart.
    run_ok(CONF "allow A.example[.]com --for 24h --why 'ticket 4711'", out, sizeof out);
    await(&p, "f.txt", "\na.example.com\n", false);
    await(&p, "f.zone", "\na.example.com CNAME rpz-passthru.", true);
    await(&p, "f.jsonl", "\"a.example.com\"", false);
    run_ok(CONF "allow list", out, sizeof out);
    assert_shows(out, "a.example.com\tuntil ");
    assert_shows(out, "ticket 4711");
    run_ok(CONF "allow remove a.example.com", out, sizeof out);
    await(&p, "f.txt", "\na.example.com\n", true);
    assert_int_equal(run(CONF "allow a.example.com --for 24h", out, sizeof out), 2);
    assert_int_equal(run(CONF "allow remove other.example.com", out, sizeof out), 1);

    // Another process may not write the same file.
    assert_int_equal(run(CONF "--once --sink list:f.txt", out, sizeof out), 1);
    assert_shows(out, "is locked by process");
    assert_int_equal(finish(&p, SIGTERM), 0);
}

static void test_the_brake_waits_for_a_person(void **state)
{
    (void)state;
    char out[8192];
    struct program p;
    begin();
    for (int i = 0; i < 40; i++) {
        static char value[32];
        snprintf(value, sizeof value, "185.221.0.%d", i);
        put_indicator(indicator_of(TOC_KIND_IPV4, value));
    }
    commit();
    start(&p, CONF "--interest 'kind = ipv4' --sink list:b.txt");
    await(&p, "b.txt", "185.221.0.39\n", true);
    begin();
    for (int i = 0; i < 40; i++) {
        static char value[32];
        snprintf(value, sizeof value, "185.221.0.%d", i);
        struct toc_indicator indicator = indicator_of(TOC_KIND_IPV4, value);
        indicator.now.status = TOC_STATUS_WITHDRAWN;
        put_indicator(indicator);
    }
    commit();
    say(indicator_of(TOC_KIND_IPV4, "185.222.0.1")); // later than all of them
    await(&p, "b.txt", "185.222.0.1\n", true);
    assert_true(holds("b.txt", "185.221.0.0\n") && holds("b.txt", "185.221.0.39\n"));

    // It is remembered over a restart.
    assert_int_equal(finish(&p, SIGINT), 0);
    run_ok(CONF "--once --interest 'kind = ipv4' --sink list:b.txt", out, sizeof out);
    assert_shows(out, "40 of 42 entries would leave");
    assert_true(holds("b.txt", "185.221.0.0\n"));
    start(&p, CONF "--interest 'kind = ipv4' --sink list:b.txt");
    await(&p, "b.txt", "185.221.0.0\n", true);
    run_ok(CONF "--accept-change", out, sizeof out);
    await(&p, "b.txt", "185.221.0.", false);
    assert_true(holds("b.txt", "185.222.0.1\n"));
    assert_int_equal(finish(&p, SIGTERM), 0);
}

static void test_following_an_interest(void **state)
{
    (void)state;
    struct program p;
    start(&p, CONF "--interest sub-north --sink list:i.txt --sink csv:i.csv");
    await(&p, "i.csv", "a.example.com", true);
    assert_false(holds(
            "i.csv", "https://u.example.com/x")); // the interest's expression, from the roster
    struct toc_indicator b = indicator_of(TOC_KIND_DOMAIN, "b.example.com");
    struct toc_indicator a = indicator_of(TOC_KIND_DOMAIN, "a.example.com");
    int64_t beyond = 1000000; // positions that were not had yet
    begin();
    put_change(TOC_CHANGE_LEAVE, a, 0); // route repeats itself: had in the first picture
    put_change(TOC_CHANGE_ENTER, b, beyond);
    commit();
    await(&p, "i.txt", "b.example.com", true);
    assert_true(holds("i.txt", "a.example.com"));
    begin();
    put_change(TOC_CHANGE_LEAVE, a, beyond + 1);
    commit();
    await(&p, "i.txt", "\na.example.com", false);
    assert_int_equal(finish(&p, SIGTERM), 0);
}

// Whoever can write the roster decides nothing by it, unless root let that key decide.
static void test_a_forged_roster_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        bool grants, revokes;               // the stranger's key, before it signs
        bool urls;                          // are asked for then
        const char *expression, *complaint; // NULL: none
    } rows[] = {
            {.expression = "kind = url",
                    .complaint = ".roster.sub-clinic: 1 records change nothing; first: decision on "
                                 "sub-north: it is signed by nobody who may decide that"},
            {.grants = true, .expression = "kind = url and score > 1", .urls = true},
            {.revokes = true, // what it signed before stands
                    .urls = true,
                    .expression = "kind = domain",
                    .complaint = "decision on sub-north: it is signed by nobody"},
    };
    char out[8192];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin();
        if (rows[i].grants || rows[i].revokes)
            put_grant(stranger, rows[i].revokes, MEMBER);
        put_interest(stranger, MEMBER, "sub-north", rows[i].expression, false);
        commit();
        run_ok(CONF "--once --interest sub-north --sink csv:r.csv", out, sizeof out);
        assert_true(holds("r.csv", "https://u.example.com/x") == rows[i].urls);
        assert_true(holds("r.csv", "a.example.com") != rows[i].urls);
        if (rows[i].complaint == NULL)
            assert_null(strstr(out, "change nothing"));
        else
            assert_shows(out, rows[i].complaint);
    }
    begin();
    put_member(stranger, MEMBER); // nor is anybody admitted, suspended or cleared by it
    put_interest(operator_key, MEMBER, "sub-north", "kind = domain", false);
    commit();
    run_ok(CONF "--once --interest sub-north --sink csv:r.csv --accept-change", out, sizeof out);
    assert_true(holds("r.csv", "a.example.com"));
    assert_shows(out, "2 records change nothing"); // this and the last row's
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

// From the commit to the line in the file, one change after the other.
static void test_latency(void **state)
{
    (void)state;
    struct program p;
    int64_t took[LATENCY_ROUNDS];
    start(&p, CONF "--interest 'value under \"fast.example.com\"' --sink list:l.txt");
    say(indicator_of(TOC_KIND_DOMAIN, "begin.fast.example.com"));
    await(&p, "l.txt", "begin.fast.example.com", true);
    for (size_t i = 0; i < LATENCY_ROUNDS; i++) {
        static char value[64];
        snprintf(value, sizeof value, "n%zu.fast.example.com", i);
        say(indicator_of(TOC_KIND_DOMAIN, value));
        int64_t from = toc_monotonic_ms(NULL);
        await(&p, "l.txt", value, true);
        took[i] = toc_monotonic_ms(NULL) - from;
    }
    qsort(took, LATENCY_ROUNDS, sizeof *took, by_size);
    print_message("commit to file: p50 %lld ms, p99 %lld ms\n", (long long)took[LATENCY_ROUNDS / 2],
            (long long)took[LATENCY_ROUNDS * 99 / 100]);
    assert_true(took[LATENCY_ROUNDS * 99 / 100] < 1000);
    assert_int_equal(finish(&p, SIGTERM), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_once_writes_the_picture),
            cmocka_unit_test(test_consuming_in_python),
            cmocka_unit_test(test_what_is_wrong_is_said),
            cmocka_unit_test(test_following),
            cmocka_unit_test(test_the_brake_waits_for_a_person),
            cmocka_unit_test(test_following_an_interest),
            cmocka_unit_test(test_a_forged_roster_changes_nothing),
            cmocka_unit_test(test_latency),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
