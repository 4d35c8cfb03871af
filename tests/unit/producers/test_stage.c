#include "tests/support/unit.h"

#include "lib/indicator/identity.h"
#include "lib/indicator/kind.h"
#include "producers/runner/clean.h"
#include "producers/runner/stage.h"

struct bench {
    struct toc_privacy *guard;
    struct toc_report report;
    struct toc_stage stage;
    struct toc_stage_options options;
    struct toc_buf taken; // "marking kind value #tag ...", one line a statement
    toc_rc answer;
    char *said; // what the report printed
    size_t said_len;
};

static toc_rc take(void *ctx, const uint8_t key[TOC_KEY_BYTES], enum toc_marking marking,
        const struct toc_observation *obs, struct toc_err *err)
{
    struct bench *b = ctx;
    uint8_t want[TOC_KEY_BYTES];
    toc_indicator_key(obs->kind, obs->value, want);
    assert_memory_equal(key, want, sizeof want);
    toc_buf_printf(&b->taken, "%s %s %.*s", toc_marking_symbol(marking), toc_kind_symbol(obs->kind),
            TOC_SLICE_ARG(obs->value));
    for (size_t i = 0; i < obs->tags_count; i++)
        toc_buf_printf(&b->taken, " #%.*s", TOC_SLICE_ARG(obs->tags[i]));
    for (size_t i = 0; i < obs->relations_count; i++)
        toc_buf_printf(&b->taken, " ->%s:%.*s", toc_kind_symbol(obs->relations[i].kind),
                TOC_SLICE_ARG(obs->relations[i].value));
    for (size_t i = 0; i < obs->references_count; i++)
        toc_buf_printf(&b->taken, " <%.*s>", TOC_SLICE_ARG(obs->references[i].url));
    if (obs->description.len > 0)
        toc_buf_printf(&b->taken, " \"%.*s\"", TOC_SLICE_ARG(obs->description));
    toc_buf_put_byte(&b->taken, '\n');
    if (toc_failed(b->answer))
        return toc_fail(err, b->answer.code, "as asked");
    return TOC_OK;
}

static void bench_open(struct bench *b)
{
    static const struct toc_slice own[] = {
            TOC_S_INIT("hospital.example.com"), TOC_S_INIT("198.51.100.0/24")};
    struct toc_privacy_rules rules = {.own_names = own, .own_name_count = 2};
    struct toc_err err = {0};
    *b = (struct bench){.answer = TOC_OK};
    assert_ok(toc_privacy_new(&rules, &b->guard, &err), err);
    struct toc_report_options report = {
            .input = "in", .out = open_memstream(&b->said, &b->said_len), .quote = true};
    assert_ok(toc_report_open(&b->report, &report, &err), err);
    b->options = (struct toc_stage_options){.guard = b->guard,
            .has_marking = true,
            .marking = TOC_MARKING_GREEN,
            .limit = TOC_MARKING_AMBER,
            .take = take,
            .ctx = b};
    toc_buf_init(&b->taken, 1 << 20);
}

static void bench_start(struct bench *b)
{
    toc_stage_init(&b->stage, &b->options, &b->report);
}

static void bench_close(struct bench *b)
{
    toc_stage_done(&b->stage);
    toc_privacy_free(b->guard);
    fclose(b->report.options.out);
    free(b->said);
    toc_buf_done(&b->taken);
}

static struct toc_found found_of(const char *value)
{
    struct toc_found found = {.line = 1, .text = toc_slice_of(value)};
    toc_observation_init(&found.obs);
    found.obs.value = toc_slice_of(value);
    return found;
}

static bool give(struct bench *b, const struct toc_found *found)
{
    struct toc_reader_sink sink = toc_stage_sink(&b->stage);
    toc_buf_clear(&b->taken);
    return sink.found(sink.ctx, found);
}

// Value, claim, what comes of it: a line, or a refusal.
static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        uint32_t claims;
        const char *taken;
        enum toc_refusal refusal;
    } cases[] = {
            {"Evil[.]Example[.]com", 0, "green domain evil.example.com\n", 0},
            {"hxxp://evil.example.com:80/a", 0, "green url http://evil.example.com/a\n", 0},
            {"8.8.8.8", TOC_CLAIM_ADDRESS, "green ipv4 8.8.8.8\n", 0},
            {"8.8.8.8/32", TOC_CLAIM_ADDRESS, "green ipv4 8.8.8.8\n", 0},
            {"8.8.8.8:53", 0, "green endpoint 8.8.8.8:53\n", 0},
            {"8.8.8.8:53", TOC_CLAIM_ADDRESS, "", TOC_REFUSAL_CANON_KIND},
            {"evil.example.com", TOC_CLAIM(TOC_KIND_IPV4), "", TOC_REFUSAL_CANON_IPV4},
            {"D41D8CD98F00B204E9800998ECF8427E", TOC_CLAIM_HASH,
                    "green md5 d41d8cd98f00b204e9800998ecf8427e\n", 0},
            {"d41d8cd98f00b204e9800998ecf8427e", TOC_CLAIM(TOC_KIND_SHA1), "",
                    TOC_REFUSAL_CANON_HASH},
            {"evil.example.com/path", 0, "", TOC_REFUSAL_CANON_URL_SCHEME},
            {"10.0.0.1", 0, "", TOC_REFUSAL_PRIVACY_ADDRESS},
            {"https://x.hospital.example.com/", 0, "", TOC_REFUSAL_PRIVACY_OWN},
            {"198.51.100.7", 0, "", TOC_REFUSAL_PRIVACY_ADDRESS},
            {"someone@evil.example.com", 0, "", TOC_REFUSAL_PRIVACY_EMAIL},
            {"https://evil.example.com/p?mrn=12345", 0, "green url https://evil.example.com/p\n",
                    0},
            {"", 0, "", TOC_REFUSAL_CANON_EMPTY},
    };
    struct bench b;
    bench_open(&b);
    bench_start(&b);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct toc_found found = found_of(cases[i].value);
        found.claims = cases[i].claims;
        uint64_t before = b.report.refused[cases[i].refusal];
        print_message("%s\n", cases[i].value);
        assert_true(give(&b, &found));
        assert_slice(toc_buf_slice(&b.taken), cases[i].taken);
        assert_int_equal(
                b.report.refused[cases[i].refusal] - before, cases[i].refusal != TOC_REFUSAL_NONE);
    }
    // Nothing that a privacy rule refused is printed; what else is refused is.
    fflush(b.report.options.out);
    assert_null(strstr(b.said, "10.0.0.1"));
    assert_null(strstr(b.said, "hospital"));
    assert_null(strstr(b.said, "someone"));
    assert_shows(b.said, "evil.example.com/path");
    assert_shows(b.said, "in:1: privacy.own: ");
    // Where a log may keep it, nothing is.
    size_t end = strlen(b.said);
    b.report.options.quote = false;
    struct toc_found found = found_of("evil.example.com/another");
    assert_true(give(&b, &found));
    fflush(b.report.options.out);
    assert_shows(b.said + end, "in:1: canon.url.scheme: ");
    assert_null(strstr(b.said + end, "evil"));
    toc_report_summary(&b.report);
    fflush(b.report.options.out);
    assert_shows(b.said + end, "        1  note: the scheme's own port was left out of the URL\n");
    assert_shows(b.said + end, "        1  note: the URL's query held what looks like");
    bench_close(&b);
}

static void test_feed_settings(void **state)
{
    (void)state;
    struct bench b;
    static const struct toc_slice tags[] = {TOC_S_INIT("feed"), TOC_S_INIT("c2")};
    struct toc_slice own_tags[] = {TOC_S("c2")};
    bench_open(&b);
    b.options.assume_scheme = true;
    b.options.allow = TOC_PRIVACY_MAIL | TOC_PRIVACY_DESCRIPTION;
    b.options.tags = tags;
    b.options.tag_count = 2;
    bench_start(&b);
    struct toc_found found = found_of("evil.example.com/path");
    found.claims = TOC_CLAIM(TOC_KIND_URL);
    found.obs.tags = own_tags;
    found.obs.tags_count = 1;
    assert_true(give(&b, &found));
    assert_slice(toc_buf_slice(&b.taken), "green url http://evil.example.com/path #c2 #feed\n");
    found = found_of("boss@evil.example.com");
    found.obs.description = TOC_S("asks for e\xcc\x81 money\n\x01now"); // e and a combining accent
    assert_true(give(&b, &found));
    assert_slice(toc_buf_slice(&b.taken),
            "green email boss@evil.example.com #feed #c2 \"asks for \xc3\xa9 money now\"\n");
    bench_close(&b);
}

static void test_description_dropped(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b);
    bench_start(&b);
    struct toc_found found = found_of("evil.example.com");
    found.obs.description = TOC_S("seen on the ward of Dr. X");
    assert_true(give(&b, &found));
    assert_slice(toc_buf_slice(&b.taken), "green domain evil.example.com\n");
    bench_close(&b);
}

static void test_markings(void **state)
{
    (void)state;
    static const struct {
        bool has, own;
        enum toc_marking marking, limit, its;
        const char *taken;
        enum toc_refusal refusal;
    } cases[] = {
            {true, false, TOC_MARKING_GREEN, TOC_MARKING_AMBER, 0, "green domain x.com\n", 0},
            {false, false, 0, TOC_MARKING_AMBER, 0, "", TOC_REFUSAL_MARKING_MISSING},
            {false, true, 0, TOC_MARKING_AMBER, TOC_MARKING_CLEAR, "clear domain x.com\n", 0},
            {true, true, TOC_MARKING_GREEN, TOC_MARKING_AMBER, TOC_MARKING_CLEAR,
                    "green domain x.com\n", 0},
            {true, true, TOC_MARKING_GREEN, TOC_MARKING_AMBER, TOC_MARKING_AMBER,
                    "amber domain x.com\n", 0},
            {true, true, TOC_MARKING_GREEN, TOC_MARKING_AMBER, TOC_MARKING_AMBER_STRICT, "",
                    TOC_REFUSAL_READ_MARKING},
            {false, true, 0, TOC_MARKING_AMBER, TOC_MARKING_RED, "", TOC_REFUSAL_READ_MARKING},
            {true, false, TOC_MARKING_RED, TOC_MARKING_RED, 0, "red domain x.com\n", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        bench_open(&b);
        b.options.has_marking = cases[i].has;
        b.options.marking = cases[i].marking;
        b.options.limit = cases[i].limit;
        bench_start(&b);
        struct toc_found found = found_of("x.com");
        found.has_marking = cases[i].own;
        found.marking = cases[i].its;
        assert_true(give(&b, &found));
        assert_slice(toc_buf_slice(&b.taken), cases[i].taken);
        assert_int_equal(b.report.refused[cases[i].refusal], cases[i].refusal != TOC_REFUSAL_NONE);
        bench_close(&b);
    }
}

// Relations are made canonical too, and what must not leave does not leave in them.
static void test_relations(void **state)
{
    (void)state;
    struct bench b;
    struct toc_relation relations[5];
    static const char *const values[] = {"8[.]8[.]8[.]8", "10.0.0.1", "nonsense",
            "EVIL.example.com", "pc7.hospital.example.com"};
    bench_open(&b);
    bench_start(&b);
    for (size_t i = 0; i < 5; i++) {
        toc_relation_init(&relations[i]);
        relations[i].type = TOC_RELATION_TYPE_RESOLVES_TO;
        relations[i].value = toc_slice_of(values[i]);
    }
    struct toc_found found = found_of("evil.example.com");
    found.obs.relations = relations;
    found.obs.relations_count = 5;
    assert_true(give(&b, &found));
    assert_slice(toc_buf_slice(&b.taken), "green domain evil.example.com ->ipv4:8.8.8.8\n");
    bench_close(&b);
}

static void test_references(void **state)
{
    (void)state;
    struct bench b;
    struct toc_reference references[2];
    bench_open(&b);
    bench_start(&b);
    toc_reference_init(&references[0]);
    references[0].url = TOC_S("https://example.org/report");
    toc_reference_init(&references[1]);
    references[1].url = TOC_S("https://example.org/\xe2\x80\xae");
    struct toc_found found = found_of("evil.example.com");
    found.obs.references = references;
    found.obs.references_count = 2;
    assert_true(give(&b, &found));
    assert_slice(toc_buf_slice(&b.taken),
            "green domain evil.example.com <https://example.org/report>\n");
    bench_close(&b);
}

// What a hub said is no evidence: its ids, its tags.
static void test_echo(void **state)
{
    (void)state;
    struct bench b;
    uint8_t key[TOC_KEY_BYTES];
    char id[TOC_STIX_ID_MAX];
    struct toc_slice tag = TOC_S("tocsin:hub");
    bench_open(&b);
    bench_start(&b);
    toc_indicator_key(TOC_KIND_DOMAIN, TOC_S("evil.example.com"), key);
    toc_identity_stix_id("indicator", key, id);
    struct toc_found found = found_of("evil.example.com");
    found.obs.origin = toc_slice_of(id);
    assert_true(give(&b, &found));
    assert_int_equal(b.report.refused[TOC_REFUSAL_READ_ECHO], 1);
    found = found_of("evil.example.com");
    found.obs.tags = &tag;
    found.obs.tags_count = 1;
    assert_true(give(&b, &found));
    assert_int_equal(b.report.refused[TOC_REFUSAL_READ_ECHO], 2);
    found = found_of("other.example.com");
    found.obs.origin = TOC_S("indicator--a740531e-63ff-4e49-a9e1-a0a3eed0e3e7");
    assert_true(give(&b, &found));
    assert_slice(toc_buf_slice(&b.taken), "green domain other.example.com\n");
    bench_close(&b);
}

// Where the statements go may fail: the read ends, and with that reason.
static void test_failure(void **state)
{
    (void)state;
    struct bench b;
    struct toc_err err = {0};
    bench_open(&b);
    bench_start(&b);
    struct toc_found found = found_of("evil.example.com");
    assert_ok(toc_stage_check(&b.stage, &err), err);
    b.answer = (toc_rc){TOC_E_IO};
    assert_false(give(&b, &found));
    assert_code(toc_stage_check(&b.stage, &err), TOC_E_IO, err);
    bench_close(&b);
}

static void test_clean(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *clean;
        size_t max;
    } cases[] = {
            {"a\tb\r\nc", "a b c", 100},
            {" x ", "x", 100},
            {"e\xcc\x81", "\xc3\xa9", 100},
            {"\xc3\xa9\xc3\xa9\xc3\xa9", "\xc3\xa9\xc3\xa9", 5},
            {"a\xe2\x80\x8b"
             "b\xe2\x80\xae",
                    "ab", 100},
            {"\xff", "\\xff", 100},
            {"", "", 100},
            {"abc", "", 0},
    };
    struct toc_arena arena;
    toc_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_slice(
                toc_clean_text(toc_slice_of(cases[i].raw), cases[i].max, &arena), cases[i].clean);
    toc_arena_done(&arena);
}

static int64_t noon(void *ctx)
{
    (void)ctx;
    return 1000 * TOC_MS_DAY;
}

// Days on which it was seen and ends (0: not said), whether it is of no effect by then.
static void test_too_old_to_count(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int first_day, last_day, until_day;
        enum toc_action action;
        bool expired;
    } cases[] = {
            {"8.8.8.8", 0, 0, 0, TOC_ACTION_ASSERT, false}, // seen when it is sent
            {"8.8.8.8", 1, 954, 0, TOC_ACTION_ASSERT, false},
            {"8.8.8.8", 1, 953, 0, TOC_ACTION_ASSERT, true},
            {"8.8.8.8", 953, 0, 0, TOC_ACTION_ASSERT, true},
            {"8.8.8.8", 953, 0, 0, TOC_ACTION_WITHDRAW, false},
            {"8.8.8.8", 999, 999, 1001, TOC_ACTION_ASSERT, false},
            {"8.8.8.8", 999, 999, 1000, TOC_ACTION_ASSERT, true},
            {"http://evil.example.com/a", 953, 0, 0, TOC_ACTION_ASSERT, true},
            {"evil.example.com", 953, 0, 0, TOC_ACTION_ASSERT, false},
            {"evil.example.com", 700, 0, 0, TOC_ACTION_ASSERT, true},
            {"d41d8cd98f00b204e9800998ecf8427e", 541, 0, 0, TOC_ACTION_ASSERT, false},
            {"d41d8cd98f00b204e9800998ecf8427e", 540, 0, 0, TOC_ACTION_ASSERT, true},
            {"CVE-2021-44228", 1, 1, 0, TOC_ACTION_ASSERT, false},
    };
    static const struct toc_clock clock = {.now_ms = noon};
    struct bench b;
    uint64_t expired = 0;
    bench_open(&b);
    b.report.options.clock = &clock;
    bench_start(&b);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct toc_found found = found_of(cases[i].value);
        found.obs.first_seen = cases[i].first_day * TOC_MS_DAY;
        found.obs.last_seen = cases[i].last_day * TOC_MS_DAY;
        found.obs.valid_until = cases[i].until_day * TOC_MS_DAY;
        found.obs.action = cases[i].action;
        print_message("%s %d\n", cases[i].value, cases[i].first_day);
        assert_true(give(&b, &found));
        expired += cases[i].expired;
        assert_int_equal(b.report.expired, expired);
    }
    toc_report_summary(&b.report); // nobody looks on, nothing was refused: it is said all the same
    fflush(b.report.options.out);
    assert_shows(b.said, "6  note: older than its kind lives, or ended: it arrives expired");
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_values),
            cmocka_unit_test(test_too_old_to_count),
            cmocka_unit_test(test_feed_settings),
            cmocka_unit_test(test_description_dropped),
            cmocka_unit_test(test_markings),
            cmocka_unit_test(test_relations),
            cmocka_unit_test(test_references),
            cmocka_unit_test(test_echo),
            cmocka_unit_test(test_failure),
            cmocka_unit_test(test_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
