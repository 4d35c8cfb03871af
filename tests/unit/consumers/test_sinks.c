// The formats: what an indicator looks like in each, and that what others wrote cannot leave its cell,
// line, string or label.
#include "tests/support/unit.h"

#include "consumers/sink/sink.h"
#include "lib/base/json.h"
#include "lib/base/time.h"

static struct toc_slice tags[] = {TOC_S_INIT("ransomware"), TOC_S_INIT("actor:fin7")};
static struct toc_slice lists[] = {TOC_S_INIT("Top 10K"), TOC_S_INIT("a, \"b\"")};
static struct toc_slice reasons[] = {TOC_S_INIT("groups.2")};
static struct toc_source_row sources[] = {{.member = TOC_S_INIT("cisa"),
        .feed = TOC_S_INIT("ais"),
        .says = TOC_ACTION_ASSERT,
        .marking = TOC_MARKING_CLEAR,
        .confidence = 90,
        .description = TOC_S_INIT("=cmd|' /C calc'!A0\n\xe2\x80\xaetxt.exe")}};

static struct toc_indicator indicator_of(enum toc_kind kind, const char *value)
{
    return (struct toc_indicator){
            .id = TOC_S("000102030405060708090a0b0c0d0e0f"),
            .kind = kind,
            .value = toc_slice_of(value),
            .born = INT64_C(1767225600000),
            .n = 3,
            .now = {.status = TOC_STATUS_ACTIVE,
                    .advice = TOC_ADVICE_BLOCK,
                    .has_score = true,
                    .score = 71,
                    .confidence = 80,
                    .severity = TOC_SEVERITY_HIGH,
                    .first_seen = INT64_C(1767225600000),
                    .last_seen = INT64_C(1767225601000),
                    .organisations = 3,
                    .corroborated = true,
                    .pap = TOC_PAP_GREEN,
                    .tags = tags,
                    .tags_count = 2,
                    .lists = lists,
                    .lists_count = 2,
                    .registrable = TOC_S("example.com")},
            .reasons = reasons,
            .reasons_count = 1,
            .has_drop_after = true,
            .drop_after = INT64_C(1769904000000),
            .sources = sources,
            .sources_count = 1,
    };
}

static struct toc_sink_picture picture = {
        .audience = "amber", .marking = TOC_MARKING_AMBER, .as_of_ms = INT64_C(1767312000000)};

// The entry in a buffer of its own; not expressible = empty.
static struct toc_buf entry_of(const struct toc_sink *sink, const struct toc_indicator *indicator)
{
    struct toc_buf out;
    toc_buf_init(&out, TOC_SINK_LINE_BYTES_MAX);
    if (!sink->entry(&picture, indicator, INT64_C(1767312000000), &out))
        assert_int_equal(out.len, 0);
    assert_false(out.failed);
    return out;
}

static void assert_entry(
        const struct toc_sink *sink, const struct toc_indicator *indicator, const char *want)
{
    struct toc_buf out = entry_of(sink, indicator);
    assert_slice(toc_buf_slice(&out), want);
    toc_buf_done(&out);
}

static void test_table(void **state)
{
    (void)state;
    static const char *const names[] = {"list", "rpz", "csv", "jsonl", "stix"};
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(toc_sink_by_name(toc_slice_of(names[i]))->name, names[i]);
    assert_null(toc_sink_by_name(TOC_S("lis")));
    assert_null(toc_sink_at(5));
}

static void test_list(void **state)
{
    (void)state;
    struct toc_indicator indicator = indicator_of(TOC_KIND_URL, "https://a.example.com/x?y=1");
    assert_entry(&toc_sink_list, &indicator, "https://a.example.com/x?y=1");
}

static void test_csv(void **state)
{
    (void)state;
    struct toc_indicator indicator = indicator_of(TOC_KIND_DOMAIN, "a.example.com");
    assert_entry(&toc_sink_csv, &indicator,
            "a.example.com,domain,block,71,80,high,active,2026-01-01T00:00:00.000Z,"
            "2026-01-01T00:00:01.000Z,,2026-02-01T00:00:00.000Z,3,true,0,0,PAP:GREEN,example.com,"
            "ransomware; actor:fin7,\"Top 10K; a, \"\"b\"\"\",groups.2,cisa/ais,"
            "000102030405060708090a0b0c0d0e0f");
    indicator = (struct toc_indicator){.kind = TOC_KIND_CVE, .value = TOC_S("CVE-2026-1234")};
    assert_entry(&toc_sink_csv, &indicator,
            "CVE-2026-1234,cve,none,,0,unknown,unknown,,,,,0,false,0,0,PAP:CLEAR,,,,,,");
    indicator.roles = (enum toc_member_role[]){TOC_MEMBER_ROLE_CLINIC, TOC_MEMBER_ROLE_DEVICE_MAKER};
    indicator.roles_count = 2;
    assert_entry(&toc_sink_csv, &indicator,
            "CVE-2026-1234,cve,none,,0,unknown,unknown,,,,,0,false,0,0,PAP:CLEAR,,,,,role:clinic; role:device-maker,");
    indicator.sources = sources;
    indicator.sources_count = 1;
    assert_entry(&toc_sink_csv, &indicator,
            "CVE-2026-1234,cve,none,,0,unknown,unknown,,,,,0,false,0,0,PAP:CLEAR,,,,,cisa/ais; role:clinic; role:device-maker,");
}

// One cell of the row: the value, which comes first.
static void test_csv_escapes(void **state)
{
    (void)state;
    static const struct row {
        const char *value, *cell;
    } rows[] = {
            {"=cmd|' /C calc'!A0@example.com", "'=cmd|' /C calc'!A0@example.com"},
            {"+1@example.com", "'+1@example.com"},
            {"-1@example.com", "'-1@example.com"},
            {"@SUM(A1)", "'@SUM(A1)"},
            {"\xef\xbc\x9d"
             "1+1",
                    "'\xef\xbc\x9d"
                    "1+1"},
            {"\t=1", "'=1"},
            {" =1", "'=1"},
            {"a,b", "\"a,b\""},
            {"=a,\"b", "\"'=a,\"\"b\""},
            {"a\r\nb", "a b"},
            {"a\nb,c", "\"a b,c\""},
            {"#x", "\"#x\""},
            {"a\xe2\x80\xae"
             "b\xe2\x80\x8b"
             "c",
                    "abc"},
            {"a\x1b[2Jb", "a[2Jb"},
            {"a\xff"
             "b",
                    "a\\xffb"},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_indicator indicator = {
                .kind = TOC_KIND_EMAIL, .value = toc_slice_of(row->value)};
        struct toc_buf out = entry_of(&toc_sink_csv, &indicator);
        struct toc_slice cell = toc_buf_slice(&out);
        assert_true(toc_slice_ends(
                cell, TOC_S(",email,none,,0,unknown,unknown,,,,,0,false,0,0,PAP:CLEAR,,,,,,")));
        cell.len -= strlen(",email,none,,0,unknown,unknown,,,,,0,false,0,0,PAP:CLEAR,,,,,,");
        assert_slice(cell, row->cell);
        toc_buf_done(&out);
    }
}

static void test_jsonl_reads_back(void **state)
{
    (void)state;
    struct toc_indicator indicator = indicator_of(TOC_KIND_DOMAIN, "a.example.com"), back;
    struct toc_buf line = entry_of(&toc_sink_jsonl, &indicator), again;
    struct toc_arena arena;
    struct toc_err err = {0};
    json_t *json = NULL;
    struct toc_sink_page page = {.picture = &picture};

    toc_buf_put_text(&line, toc_sink_jsonl.entry_end(&page));
    struct toc_slice text = toc_buf_slice(&line);
    assert_int_equal(toc_slice_find(text, '\n'), text.len - 1);
    for (size_t i = 0; i < text.len; i++)
        assert_true(text.ptr[i] < 0x80); // what was not plain text stands as an escape
    assert_ok(toc_json_parse(text, &json, &err), err);
    toc_arena_init(&arena, 1 << 20);
    assert_ok(toc_indicator_from_json(json, &arena, &back, &err), err);
    assert_slices_equal(back.sources[0].description, sources[0].description);
    again = entry_of(&toc_sink_jsonl, &back);
    toc_buf_put_text(&again, "}\n");
    assert_slices_equal(toc_buf_slice(&again), text);

    struct toc_sink_picture stale = picture;
    stale.stale = true;
    page.picture = &stale;
    assert_string_equal(toc_sink_jsonl.entry_end(&page), ",\"stale\":true}\n");
    json_decref(json);
    toc_arena_done(&arena);
    toc_buf_done(&line);
    toc_buf_done(&again);
}

static void test_rpz(void **state)
{
    (void)state;
    static char longest[188], longer[189], label[68];
    for (size_t i = 0; i < sizeof longer - 1; i++) // 63 + 63 + 58 + com
        longer[i] = i == 63 || i == 127 ? '.' : 'a';
    memcpy(longer + sizeof longer - 5, ".com", 4);
    memcpy(longest, longer + 1, sizeof longest - 1);
    memset(label, 'a', 64);
    memcpy(label + 64, ".co", 3);
    static const struct row {
        enum toc_kind kind;
        const char *value, *want; // "": it cannot be said in RPZ
    } rows[] = {
            {TOC_KIND_DOMAIN, "a_b.example.com",
                    "a_b.example.com CNAME .\n*.a_b.example.com CNAME ."},
            {TOC_KIND_IPV4, "185.220.101.7", "32.7.101.220.185.rpz-ip CNAME ."},
            {TOC_KIND_CIDR, "185.220.101.0/24", "24.0.101.220.185.rpz-ip CNAME ."},
            {TOC_KIND_IPV6, "2a0b:f4c2::7", "128.7.zz.f4c2.2a0b.rpz-ip CNAME ."},
            {TOC_KIND_IPV6, "2a0b:0:0:1:0:0:1:7", "128.7.1.0.0.1.zz.2a0b.rpz-ip CNAME ."},
            {TOC_KIND_IPV6, "2a0b:0:1:2:3:4:5:6", "128.6.5.4.3.2.1.0.2a0b.rpz-ip CNAME ."},
            {TOC_KIND_CIDR, "2a0b:f4c2::/32", "32.zz.f4c2.2a0b.rpz-ip CNAME ."},
            {TOC_KIND_URL, "https://a.example.com/", ""},
            {TOC_KIND_ENDPOINT, "185.220.101.7:443", ""},
            {TOC_KIND_EMAIL, "a@example.com", ""},
            {TOC_KIND_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709", ""},
            {TOC_KIND_CVE, "CVE-2026-1234", ""},
            // What no canonical domain is, in case the gate were ever passed by.
            {TOC_KIND_DOMAIN, "1.0.0.0.0.rpz-ip", ""},
            {TOC_KIND_DOMAIN, "rpz-drop", ""},
            {TOC_KIND_DOMAIN, "a.rpz-nsdname", ""},
            {TOC_KIND_DOMAIN, "a CNAME rpz-passthru.", ""},
            {TOC_KIND_DOMAIN, "a.com\nb.com", ""},
            {TOC_KIND_DOMAIN, "a;b.com", ""},
            {TOC_KIND_DOMAIN, "$INCLUDE", ""},
            {TOC_KIND_DOMAIN, "@", ""},
            {TOC_KIND_DOMAIN, "*", ""},
            {TOC_KIND_DOMAIN, "a..com", ""},
            {TOC_KIND_DOMAIN, ".com", ""},
            {TOC_KIND_DOMAIN, "a.com.", ""},
            {TOC_KIND_DOMAIN, "a\\.com", ""},
            {TOC_KIND_DOMAIN, "\"a.com\"", ""},
            {TOC_KIND_DOMAIN, "", ""},
            {TOC_KIND_DOMAIN, label, ""},
            {TOC_KIND_DOMAIN, longer, ""},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_indicator indicator = {.kind = row->kind, .value = toc_slice_of(row->value)};
        assert_entry(&toc_sink_rpz, &indicator, row->want);
    }
    struct toc_indicator indicator = {.kind = TOC_KIND_DOMAIN, .value = toc_slice_of(longest)};
    struct toc_buf out = entry_of(&toc_sink_rpz, &indicator);
    assert_int_equal(out.len, 2 * 187 + strlen(" CNAME .\n*. CNAME ."));
    toc_buf_done(&out);
}

static void header_of(
        const struct toc_sink *sink, const struct toc_sink_page *page, struct toc_buf *out)
{
    toc_buf_clear(out);
    sink->header(page, out);
    assert_false(out->failed);
}

static void test_rpz_serial(void **state)
{
    (void)state;
    static const struct row {
        const char *last; // serial in the file that is replaced; NULL: no file
        int64_t written_ms;
        const char *want;
    } rows[] = {
            {NULL, INT64_C(1767225600999), "1767225600"},
            {"1767225599", INT64_C(1767225600000), "1767225600"},
            {"1767225600", INT64_C(1767225600000), "1767225601"}, // twice in a second
            {"1767225700", INT64_C(1767225600000), "1767225701"}, // the clock went back
            {"4294967295", INT64_C(1767225600000), "1767225600"}, // above it by RFC 1982
            {"2767225600", INT64_C(1767225600000), "2767225601"}, // below it by RFC 1982
            {"4294967295", INT64_C(4294967295000), "0"},
            {"x", INT64_C(1767225600000), "1767225600"},
    };
    struct toc_buf previous, out;
    toc_buf_init(&previous, 4096);
    toc_buf_init(&out, 4096);
    UNIT_EACH(const struct row, row, rows)
    {
        char want[80];
        toc_buf_clear(&previous);
        if (row->last != NULL)
            toc_buf_printf(&previous, "; a comment\n@ IN SOA localhost. root.localhost. %s 60\n",
                    row->last);
        struct toc_sink_page page = {.picture = &picture,
                .written_ms = row->written_ms,
                .previous = toc_buf_slice(&previous)};
        header_of(&toc_sink_rpz, &page, &out);
        snprintf(want, sizeof want, "\n@ IN SOA localhost. root.localhost. %s 60 ", row->want);
        assert_shows(toc_buf_cstr(&out), want);
    }
    toc_buf_done(&previous);
    toc_buf_done(&out);
}

static void test_headers_say_what_and_how_fresh(void **state)
{
    (void)state;
    static const struct row {
        const struct toc_sink *sink;
        const char *begins;
    } rows[] = {
            {&toc_sink_list, "# Tocsin output\n"},
            {&toc_sink_csv, "# Tocsin output\n"},
            {&toc_sink_rpz, "; Tocsin output\n"},
    };
    struct toc_sink_picture now = picture;
    struct toc_sink_page page = {
            .picture = &now, .written_ms = INT64_C(1767312060000), .entries = 41};
    struct toc_buf out;
    toc_buf_init(&out, 65536);
    UNIT_EACH(const struct row, row, rows)
    {
        now.stale = false;
        header_of(row->sink, &page, &out);
        assert_true(toc_slice_starts(toc_buf_slice(&out), toc_slice_of(row->begins)));
        assert_shows(toc_buf_cstr(&out), "; 41 entries; audience amber\n");
        assert_shows(toc_buf_cstr(&out),
                "written 2026-01-02T00:01:00Z, picture as of 2026-01-02T00:00:00Z\n");
        assert_null(strstr(toc_buf_cstr(&out), "STALE"));
        now.stale = true;
        header_of(row->sink, &page, &out);
        assert_shows(toc_buf_cstr(&out), " STALE: no word from the hub since 2026-01-02T00:00:00Z");
    }
    toc_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_table),
            cmocka_unit_test(test_list),
            cmocka_unit_test(test_csv),
            cmocka_unit_test(test_csv_escapes),
            cmocka_unit_test(test_jsonl_reads_back),
            cmocka_unit_test(test_rpz),
            cmocka_unit_test(test_rpz_serial),
            cmocka_unit_test(test_headers_say_what_and_how_fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
