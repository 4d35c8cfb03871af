// The expression language: what parses, where an error points, and what matches.
#include "tests/support/unit.h"

#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/indicator/expr.h"

static struct toc_slice tags[] = {TOC_S_INIT("ransomware"), TOC_S_INIT("actor:fin7")};
static struct toc_slice lists[] = {TOC_S_INIT("Top 10K websites"), TOC_S_INIT("say \"cheese\"")};

static struct toc_facts facts_of_test(void)
{
    return (struct toc_facts){
            .status = TOC_STATUS_ACTIVE,
            .advice = TOC_ADVICE_ALERT,
            .has_score = true,
            .score = 60,
            .confidence = 75,
            .severity = TOC_SEVERITY_HIGH,
            .first_seen = INT64_C(1767225600000), // 2026-01-01T00:00:00Z
            .last_seen = INT64_C(1769904000000),  // 2026-02-01T00:00:00Z
            .organisations = 3,
            .corroborated = true,
            .sightings = 6,
            .pap = TOC_PAP_GREEN,
            .tags = tags,
            .tags_count = 2,
            .lists = lists,
            .lists_count = 2,
            .registrable = TOC_S("evil.example"),
    };
}

static bool ask(
        const char *text, enum toc_kind kind, const char *value, const struct toc_facts *facts)
{
    struct toc_expr *expr = NULL;
    struct toc_err err = {0};
    size_t column;
    assert_ok(toc_expr_parse(toc_slice_of(text), &expr, &column, &err), err);
    bool matches = toc_expr_matches(expr, kind, toc_slice_of(value), facts);
    toc_expr_free(expr);
    return matches;
}

static void test_matches(void **state)
{
    (void)state;
    static const struct row {
        const char *text;
        bool matches;
    } rows[] = {
            {"kind in (domain, url) and score >= 50 and advice != block and tag = \"ransomware\"",
                    true},
            {"kind = domain", true},
            {"KIND = Domain AND SCORE > 59", true},
            {"kind in (ipv4, ipv6)", false},
            {"kind != url", true},
            {"value = \"www.evil.example\"", true},
            {"value != \"www.evil.example\"", false},
            {"value starts \"www.\"", true},
            {"value ends \".example\"", true},
            {"value contains \"evil\"", true},
            {"value contains \"live\"", false},
            {"value under \"evil.example\"", true},
            {"value under \"www.evil.example\"", true},
            {"value under \"vil.example\"", false},
            {"value under \"example\"", true},
            {"value under \"a.www.evil.example\"", false},
            {"registrable = \"evil.example\"", true},
            {"registrable under \"example\"", true},
            {"registrable in (\"a.example\", \"evil.example\")", true},
            {"status = active", true},
            {"status = disputed", false},
            {"status in (active, disputed)", true},
            {"advice >= alert", true},
            {"advice < alert", false},
            {"advice > none and advice < block", true},
            {"severity >= high", true},
            {"severity > high", false},
            {"severity <= critical", true},
            {"pap <= green", true},
            {"pap in (amber, red)", false},
            {"score = 60", true},
            {"score != 60", false},
            {"score in (59, 60, 61)", true},
            {"score < 60", false},
            {"score <= 60", true},
            {"confidence > 74 and confidence < 76", true},
            {"organisations >= 3", true},
            {"sightings >= 7", false},
            {"hits = 0", true},
            {"hits >= 2147483647", false},
            {"corroborated", true},
            {"corroborated = true", true},
            {"corroborated = false", false},
            {"corroborated != false", true},
            {"not corroborated", false},
            {"corroborated and corroborated or kind = url", true},
            {"first_seen >= 2026-01-01", true},
            {"first_seen < 2026-01-01T00:00:00Z", false},
            {"first_seen = 2026-01-01T01:00:00+01:00", true},
            {"last_seen > \"2026-01-31 23:59:59\"", true},
            {"tag = \"actor:fin7\"", true},
            {"tag = \"fin7\"", false},
            {"tag != \"fin7\"", true},
            {"tag != \"ransomware\"", false},
            {"tag starts \"actor:\"", true},
            {"tag in (\"a\", \"ransomware\")", true},
            {"tag = \"Ransomware\"", false},
            {"list = \"Top 10K websites\"", true},
            {"list contains \"10K\"", true},
            {"list = \"say \\\"cheese\\\"\"", true},
            {"not list = \"Top 10K websites\"", false},
            // and binds tighter than or, not tighter than and
            {"kind = domain or kind = url and score = 0", true},
            {"(kind = domain or kind = url) and score = 0", false},
            {"not kind = url and score = 60", true},
            {"not kind = url and score = 0", false},
            {"not (kind = url or score = 60)", false},
            {"not not kind = domain", true},
            {"kind = url or kind = email or kind = domain", true},
            {"\tkind\n=\r\ndomain ", true},
    };
    struct toc_facts facts = facts_of_test();
    UNIT_EACH(const struct row, row, rows)
    {
        if (ask(row->text, TOC_KIND_DOMAIN, "www.evil.example", &facts) != row->matches)
            fail_msg("%s: not %d", row->text, row->matches);
    }
}

// `under` looks at names only, where a value has one.
static void test_under_by_kind(void **state)
{
    (void)state;
    static const struct row {
        enum toc_kind kind;
        const char *value, *text;
        bool matches;
    } rows[] = {
            {TOC_KIND_URL, "https://www.evil.com:8443/x", "value under \"evil.com\"", true},
            {TOC_KIND_URL, "https://other.com/evil.com", "value under \"evil.com\"", false},
            {TOC_KIND_URL, "http://192.0.2.7/", "value under \"2.7\"", false},
            {TOC_KIND_IPV4, "192.0.2.7", "value under \"2.7\"", false},
            {TOC_KIND_EMAIL, "a@mail.evil.com", "value under \"evil.com\"", true},
            {TOC_KIND_MD5, "d41d8cd98f00b204e9800998ecf8427e", "value under \"d41d\"", false},
    };
    struct toc_facts facts = facts_of_test();
    UNIT_EACH(const struct row, row, rows)
    {
        if (ask(row->text, row->kind, row->value, &facts) != row->matches)
            fail_msg("%s of %s: not %d", row->text, row->value, row->matches);
    }
}

// What a record does not state compares as false, whatever the operator; `not` turns that around.
static void test_not_stated(void **state)
{
    (void)state;
    static const struct row {
        const char *text;
        bool matches;
    } rows[] = {
            {"score >= 0", false},
            {"score <= 100", false},
            {"score != 50", false},
            {"not score >= 50", true},
            {"valid_until > 1970-01-01", false},
            {"valid_until < 9999-01-01", false},
            {"not valid_until > 1970-01-01", true},
            {"registrable = \"x.com\"", false},
            {"registrable != \"x.com\"", false},
            {"tag = \"x\"", false},
            {"tag != \"x\"", true}, // no tags is a statement: none of them is x
            {"severity < low", true},
    };
    struct toc_facts facts = {.status = TOC_STATUS_DISPUTED};
    UNIT_EACH(const struct row, row, rows)
    {
        if (ask(row->text, TOC_KIND_CVE, "CVE-2026-1234", &facts) != row->matches)
            fail_msg("%s: not %d", row->text, row->matches);
    }
}

static void test_only_live_ones_match(void **state)
{
    (void)state;
    struct toc_facts facts = facts_of_test();
    for (int status = TOC_STATUS_UNKNOWN; status <= TOC_STATUS_GONE; status++) {
        bool live = status == TOC_STATUS_ACTIVE || status == TOC_STATUS_DISPUTED;
        facts.status = (enum toc_status)status;
        assert_int_equal(ask("confidence >= 0", TOC_KIND_IPV4, "192.0.2.1", &facts), live);
        assert_int_equal(toc_expr_matches(NULL, TOC_KIND_IPV4, TOC_S("192.0.2.1"), &facts), live);
    }
}

static void test_errors_point_at_the_column(void **state)
{
    (void)state;
    static const struct row {
        const char *text;
        size_t column;
        const char *shows;
    } rows[] = {
            {"", 1, "a field is missing"},
            {"   ", 4, "a field is missing"},
            {"knd = domain", 1, "no field knd; there are kind value status"},
            {"kind = domain and", 18, "a field is missing"},
            {"kind = domain or )", 18, "a field is wanted, not )"},
            {"kind domain", 6, "one of = != in behind kind is wanted, not domain"},
            {"kind >= domain", 6, "one of = != in behind kind is wanted"},
            {"kind = host", 8, "one of ipv4 ipv6"},
            {"kind = \"domain\"", 8, "one of ipv4"},
            {"kind in domain", 9, "( behind in"},
            {"kind in (domain url)", 17, ", or ) is wanted, not url"},
            {"kind in ()", 10, "one of ipv4"},
            {"kind in (domain,)", 17, "one of ipv4"},
            {"kind in (domain", 16, ", or ) is missing"},
            {"status = withdrawn", 10, "one of active disputed is wanted, not withdrawn"},
            {"score >= 101", 10, "a number from 0 to 100"},
            {"score >= -1", 10, "a number from 0 to 100"},
            {"score >= 5.0", 10, "a number from 0 to 100"},
            {"score >= fifty", 10, "a number from 0 to 100 is wanted, not fifty"},
            {"score contains 5", 7, "one of = != < <= > >= in behind score"},
            {"hits > 2147483648", 8, "a number from 0 to 2147483647"},
            {"first_seen > yesterday", 14, "a time like"},
            {"first_seen > 2026-02-30", 14, "a time like"},
            {"tag = ransomware", 7, "a text in double quotes is wanted, not ransomware"},
            {"tag = \"", 7, "no closing quote"},
            {"tag = \"a\\\"", 7, "no closing quote"},
            {"tag = \"a\\n\"", 7, "only \\\" and \\\\"},
            {"tag = \"\"", 7, "an empty text"},
            {"tag under \"x\"", 5, "one of = != in starts ends contains behind tag"},
            {"tag = \"a\tb\"", 7, "control or invisible"},
            {"tag = \"\xe2\x80\xae\"", 7, "control or invisible"},
            {"value under \"Evil.com\"", 13, "a domain in lower case"},
            {"value under \"*.evil.com\"", 13, "a domain in lower case"},
            {"value under \"evil.com.\"", 13, "a domain in lower case"},
            {"corroborated = yes", 16, "true or false"},
            {"corroborated >= true", 14, "and, or, or the end is wanted"},
            {"(kind = domain", 15, "and, or, or ) is missing"},
            {"kind = domain)", 14, "and, or, or the end is wanted, not )"},
            {"kind = domain kind = url", 15, "and, or, or the end is wanted, not kind"},
            {"not", 4, "a field is missing"},
            {"kind = domain && score > 5", 15, "and, or, or the end is wanted, not &"},
            {"tag = \"\xc3\xa4\xc3\xb6\" ; x", 12, "not ;"}, // columns are characters, not bytes
            {"tag = \"x\" \xe2\x82\xac", 11, "not \xe2\x82\xac"},
            {"tag = \"\xff\"", 1, "not valid UTF-8"},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_expr *expr = NULL;
        struct toc_err err = {0};
        size_t column = 0;
        toc_rc rc = toc_expr_parse(toc_slice_of(row->text), &expr, &column, &err);
        char where[32];
        snprintf(where, sizeof where, "column %zu: ", row->column);
        if (!toc_failed(rc) || column != row->column || strstr(err.text, where) != err.text ||
                strstr(err.text, row->shows) == NULL)
            fail_msg("%s\ngives column %zu, \"%s\"\nnot    %zu, \"%s\"", row->text, column,
                    err.text, row->column, row->shows);
        assert_null(expr);
    }
    struct toc_err err = {0};
    struct toc_expr *expr = NULL;
    size_t column = 0;
    assert_code(
            toc_expr_parse(toc_slice("tag = \"\0\"", 9), &expr, &column, &err), TOC_E_SYNTAX, err);
    assert_code(
            toc_expr_parse(toc_slice("kind\0= url", 10), &expr, &column, &err), TOC_E_SYNTAX, err);
    assert_int_equal(column, 5);
}

// `before`, then `part` n times, then `after`.
static toc_rc parse_repeated(
        const char *before, const char *part, size_t n, const char *after, struct toc_err *err)
{
    struct toc_buf text;
    struct toc_expr *expr = NULL;
    size_t column;
    toc_buf_init(&text, (size_t)1 << 20);
    toc_buf_put_text(&text, before);
    for (size_t i = 0; i < n; i++)
        toc_buf_put_text(&text, part);
    toc_buf_put_text(&text, after);
    toc_rc rc = toc_expr_parse(toc_buf_slice(&text), &expr, &column, err);
    toc_expr_free(expr);
    toc_buf_done(&text);
    return rc;
}

static void test_limits(void **state)
{
    (void)state;
    struct toc_err err = {0};
    assert_ok(parse_repeated("hits=0", " or hits=1", TOC_EXPR_VALUES_MAX - 1, "", &err), err);
    assert_code(parse_repeated("hits=0", " or hits=1", TOC_EXPR_VALUES_MAX, "", &err), TOC_E_LIMIT,
            err);
    assert_ok(parse_repeated("hits in (0", ",1", TOC_EXPR_VALUES_MAX - 1, ")", &err), err);
    assert_code(
            parse_repeated("hits in (0", ",1", TOC_EXPR_VALUES_MAX, ")", &err), TOC_E_LIMIT, err);
    assert_ok(parse_repeated("", "not ", TOC_EXPR_DEPTH_MAX, "corroborated", &err), err);
    assert_code(parse_repeated("", "not ", TOC_EXPR_DEPTH_MAX + 1, "corroborated", &err),
            TOC_E_LIMIT, err);
    assert_code(parse_repeated("", "(", 3000, "hits=1", &err), TOC_E_LIMIT, err);
    assert_code(parse_repeated("hits=0", " or not not not not hits=1", 155, "", &err), TOC_E_LIMIT,
            err);
    assert_ok(parse_repeated("corroborated", " ", TOC_EXPR_BYTES_MAX - 12, "", &err), err);
    assert_code(
            parse_repeated("corroborated", " ", TOC_EXPR_BYTES_MAX, "", &err), TOC_E_LENGTH, err);
}

// Every allocation failing in turn leaves nothing behind (the sanitizer counts) and no result.
static void test_without_memory(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_expr *expr = NULL;
    size_t column;
    toc_mem_fail_at(1);
    assert_code(toc_expr_parse(TOC_S("corroborated"), &expr, &column, &err), TOC_E_MEMORY, err);
    toc_mem_fail_at(0);
    assert_null(expr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_matches),
            cmocka_unit_test(test_under_by_kind),
            cmocka_unit_test(test_not_stated),
            cmocka_unit_test(test_only_live_ones_match),
            cmocka_unit_test(test_errors_point_at_the_column),
            cmocka_unit_test(test_limits),
            cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
