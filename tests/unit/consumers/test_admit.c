// The gate: each rule keeps out what it must, in every kind that can carry it, and nothing else.
#include "tests/support/unit.h"

#include "consumers/sink/admit.h"
#include "lib/indicator/canon.h"

static const char rules[] =
        "com\norg\nnet\nuk\nco.uk\nio\ngoog\n"
        "// ===BEGIN PRIVATE DOMAINS===\ngithub.io\n// ===END PRIVATE DOMAINS===\n";

static struct toc_guard allowed[8], own[8];
static struct toc_gate gate;

static int setup(void **state)
{
    struct toc_psl *suffixes = NULL;
    struct toc_err err = {0};
    assert_ok(toc_psl_open(toc_slice_of(rules), &suffixes, &err), err);
    gate = (struct toc_gate){.suffixes = suffixes};
    *state = suffixes;
    return 0;
}

static int teardown(void **state)
{
    toc_psl_free(*state);
    return 0;
}

// The kind is guessed from the value, which must be canonical.
static struct toc_guard guard(const char *value)
{
    enum toc_kind kind = TOC_KIND_UNKNOWN;
    struct toc_buf out;
    unsigned notes = 0;
    toc_buf_init(&out, 4096);
    assert_int_equal(
            toc_canon_guess(toc_slice_of(value), &kind, &out, &notes, 0), TOC_REFUSAL_NONE);
    assert_slice(toc_buf_slice(&out), value);
    toc_buf_done(&out);
    return toc_guard_of(kind, toc_slice_of(value));
}

static void admits(const char *value, enum toc_admit want)
{
    struct toc_guard v = guard(value);
    const char *why = NULL;
    enum toc_admit got = toc_sink_admit(&gate, v.kind, v.value, &why);
    if (got != want)
        fail_msg("%s: %s, not %s", value, toc_admit_name(got), toc_admit_name(want));
    assert_int_equal(why != NULL, want != TOC_ADMITTED);
}

static void test_rules(void **state)
{
    (void)state;
    static const struct row {
        const char *value;
        enum toc_admit want;
    } rows[] = {
            {"evil.example.com", TOC_ADMITTED},
            {"185.220.101.7", TOC_ADMITTED},
            {"185.220.0.0/16", TOC_ADMITTED},
            {"185.220.101.7:443", TOC_ADMITTED},
            {"http://185.220.101.7/x", TOC_ADMITTED},
            {"2a0b:f4c2::7", TOC_ADMITTED},
            {"2a0b:f4c2::/32", TOC_ADMITTED},
            {"mule@example.com", TOC_ADMITTED},
            {"d41d8cd98f00b204e9800998ecf8427e", TOC_ADMITTED},
            {"CVE-2026-1234", TOC_ADMITTED},
            // public suffixes, and what is on one itself
            {"co.uk", TOC_ADMIT_SUFFIX},
            {"github.io", TOC_ADMIT_SUFFIX},
            {"someone.github.io", TOC_ADMITTED},
            {"https://github.io/x", TOC_ADMIT_SUFFIX},
            {"a@co.uk", TOC_ADMIT_SUFFIX},
            // private and special-purpose
            {"10.1.2.3", TOC_ADMIT_SPECIAL},
            {"192.168.0.0/16", TOC_ADMIT_SPECIAL},
            {"0.0.0.0/0", TOC_ADMIT_SPECIAL},
            {"::/0", TOC_ADMIT_SPECIAL},
            {"169.254.1.1:80", TOC_ADMIT_SPECIAL},
            {"http://127.0.0.1/", TOC_ADMIT_SPECIAL},
            {"fe80::1", TOC_ADMIT_SPECIAL},
            // wide
            {"8.0.0.0/8", TOC_ADMIT_WIDE},
            {"185.220.0.0/15", TOC_ADMIT_WIDE},
            {"2a00::/31", TOC_ADMIT_WIDE},
            // the floor: equal, under, over, and by host
            {"198.41.0.4", TOC_ADMIT_FLOOR},
            {"198.41.0.0/24", TOC_ADMIT_FLOOR},
            {"198.41.0.4:53", TOC_ADMIT_FLOOR},
            {"2001:503:ba3e::2:30", TOC_ADMIT_FLOOR},
            {"2001:4860:4860::/48", TOC_ADMIT_FLOOR},
            {"8.8.8.8", TOC_ADMIT_FLOOR},
            {"8.8.0.0/16", TOC_ADMIT_FLOOR},
            {"8.9.0.0/16", TOC_ADMITTED},
            {"root-servers.net", TOC_ADMIT_FLOOR},
            {"a.root-servers.net", TOC_ADMIT_FLOOR},
            {"xroot-servers.net", TOC_ADMITTED},
            {"download.windowsupdate.com", TOC_ADMIT_FLOOR},
            {"microsoft.com", TOC_ADMIT_FLOOR},
            {"apple.com", TOC_ADMIT_FLOOR},
            {"google.com", TOC_ADMIT_FLOOR},
            {"login.microsoftonline.com", TOC_ADMIT_FLOOR},
            {"https://login.microsoftonline.com/common", TOC_ADMIT_FLOOR},
            {"https://docs.google.com/forms/x", TOC_ADMITTED}, // a page covers nothing
            {"someone@google.com", TOC_ADMITTED},
    };
    UNIT_EACH(const struct row, row, rows) admits(row->value, row->want);
}

// Every address and name of the floor in the form that an indicator has.
static void test_every_floor_address(void **state)
{
    (void)state;
    static const char *const values[] = {"198.41.0.4", "170.247.170.2", "192.33.4.12",
            "199.7.91.13", "192.203.230.10", "192.5.5.241", "192.112.36.4", "198.97.190.53",
            "192.36.148.17", "192.58.128.30", "193.0.14.129", "199.7.83.42", "202.12.27.33",
            "2001:503:ba3e::2:30", "2801:1b8:10::b", "2001:500:2::c", "2001:500:2d::d",
            "2001:500:a8::e", "2001:500:2f::f", "2001:500:12::d0d", "2001:500:1::53",
            "2001:7fe::53", "2001:503:c27::2:30", "2001:7fd::1", "2001:500:9f::42", "2001:dc3::35",
            "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844", "1.1.1.1", "1.0.0.1",
            "1.1.1.2", "1.0.0.2", "2606:4700:4700::1111", "2606:4700:4700::1001", "9.9.9.9",
            "149.112.112.112", "2620:fe::fe", "2620:fe::9", "208.67.222.222", "208.67.220.220"};
    UNIT_EACH(const char *const, value, values) admits(*value, TOC_ADMIT_FLOOR);
}

static void test_own_names(void **state)
{
    (void)state;
    own[0] = guard("st-marys.org");
    own[1] = guard("185.220.101.0/24");
    gate.own = own;
    gate.own_count = 2;
    admits("st-marys.org", TOC_ADMIT_OWN);
    admits("portal.st-marys.org", TOC_ADMIT_OWN);
    admits("not-st-marys.org", TOC_ADMITTED);
    admits("https://portal.st-marys.org/login", TOC_ADMIT_OWN);
    admits("nurse@st-marys.org", TOC_ADMIT_OWN);
    admits("185.220.101.9", TOC_ADMIT_OWN);
    admits("185.220.101.9:8443", TOC_ADMIT_OWN);
    admits("185.220.0.0/16", TOC_ADMIT_OWN); // covers it
    admits("185.220.102.9", TOC_ADMITTED);
    gate.own_count = 0;
}

static void test_allow_always_wins(void **state)
{
    (void)state;
    static const char *const values[] = {"portal.example.com", "185.220.101.7", "185.221.0.0/24",
            "https://files.example.net/report.pdf", "185.222.1.1:8443",
            "d41d8cd98f00b204e9800998ecf8427e", "mule@example.org"};
    size_t count = 0;
    UNIT_EACH(const char *const, value, values) allowed[count++] = guard(*value);
    gate.allowed = allowed;
    gate.allowed_count = count;
    static const struct row {
        const char *value;
        enum toc_admit want;
    } rows[] = {
            {"portal.example.com", TOC_ADMIT_ALLOWED},
            {"a.portal.example.com", TOC_ADMIT_ALLOWED},
            {"example.com", TOC_ADMIT_ALLOWED}, // would block the portal too
            {"other.example.com", TOC_ADMITTED},
            {"https://portal.example.com/x", TOC_ADMIT_ALLOWED},
            {"https://example.com/x", TOC_ADMITTED},
            {"185.220.101.7", TOC_ADMIT_ALLOWED},
            {"185.220.101.7:25", TOC_ADMIT_ALLOWED},
            {"185.220.101.0/24", TOC_ADMIT_ALLOWED},
            {"185.220.101.8", TOC_ADMITTED},
            {"185.221.0.77", TOC_ADMIT_ALLOWED},
            {"https://files.example.net/report.pdf", TOC_ADMIT_ALLOWED},
            {"https://files.example.net/other.pdf", TOC_ADMITTED},
            {"files.example.net", TOC_ADMIT_ALLOWED}, // would block the report
            {"185.222.1.1", TOC_ADMIT_ALLOWED},       // likewise the port
            {"185.222.1.1:8443", TOC_ADMIT_ALLOWED},
            {"185.222.1.1:80", TOC_ADMITTED},
            {"d41d8cd98f00b204e9800998ecf8427e", TOC_ADMIT_ALLOWED},
            {"d41d8cd98f00b204e9800998ecf8427f", TOC_ADMITTED},
            {"mule@example.org", TOC_ADMIT_ALLOWED},
            {"example.org", TOC_ADMIT_ALLOWED},
    };
    UNIT_EACH(const struct row, row, rows) admits(row->value, row->want);
    gate.allowed_count = 0;
}

// Bytes that no canonical value has never reach a sink, whatever the hub sends.
static void test_form(void **state)
{
    (void)state;
    static const struct row {
        enum toc_kind kind;
        struct toc_slice value;
    } rows[] = {
            {TOC_KIND_DOMAIN, TOC_S_INIT("1.0.0.0.0.rpz-ip")},
            {TOC_KIND_DOMAIN, TOC_S_INIT("rpz-drop.example.com")},
            {TOC_KIND_DOMAIN, TOC_S_INIT("evil.example.com\nportal.example.com")},
            {TOC_KIND_DOMAIN, TOC_S_INIT("*.example.com")},
            {TOC_KIND_DOMAIN, TOC_S_INIT("com")},
            {TOC_KIND_DOMAIN, TOC_S_INIT("example.com.")},
            {TOC_KIND_DOMAIN, TOC_S_INIT("EXAMPLE.com")},
            {TOC_KIND_DOMAIN, TOC_S_INIT("")},
            {TOC_KIND_IPV4, TOC_S_INIT("010.1.1.1")},
            {TOC_KIND_IPV4, TOC_S_INIT("185.220.101.7 # x")},
            {TOC_KIND_CIDR, TOC_S_INIT("185.220.101.7/24")},
            {TOC_KIND_URL, TOC_S_INIT("http://a.example.com/ b")},
            {TOC_KIND_UNKNOWN, TOC_S_INIT("evil.example.com")},
    };
    UNIT_EACH(const struct row, row, rows)
    assert_int_equal(toc_sink_admit(&gate, row->kind, row->value, NULL), TOC_ADMIT_FORM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_rules),
            cmocka_unit_test(test_every_floor_address),
            cmocka_unit_test(test_own_names),
            cmocka_unit_test(test_allow_always_wins),
            cmocka_unit_test(test_form),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
