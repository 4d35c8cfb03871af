#include "tests/unit/privacy/guard.h"

#include "lib/indicator/canon.h"

static struct toc_privacy *connector, *hub;
static struct toc_arena arena;

static int set_up(void **state)
{
    (void)state;
    connector = guard_new(0);
    hub = guard_new(TOC_PRIVACY_HUB);
    toc_arena_init(&arena, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    toc_privacy_free(connector);
    toc_privacy_free(hub);
    toc_arena_done(&arena);
    return 0;
}

static struct toc_observation observation(enum toc_kind kind, const char *value)
{
    struct toc_observation obs;
    toc_observation_init(&obs);
    obs.kind = kind;
    obs.value = toc_slice_of(value);
    assert_int_equal(toc_canon_check(kind, obs.value), TOC_REFUSAL_NONE);
    return obs;
}

static void values(void **state)
{
    (void)state;
    static const struct {
        enum toc_kind kind;
        const char *value;
        unsigned allow;
        enum toc_refusal want;
    } rows[] = {
            {TOC_KIND_IPV4, "45.9.148.3", 0, TOC_REFUSAL_NONE},
            {TOC_KIND_IPV4, "10.1.2.3", 0, TOC_REFUSAL_PRIVACY_ADDRESS},
            {TOC_KIND_IPV4, "127.0.0.1", 0, TOC_REFUSAL_PRIVACY_ADDRESS},
            {TOC_KIND_IPV4, "192.0.2.1", 0, TOC_REFUSAL_PRIVACY_ADDRESS},
            {TOC_KIND_IPV4, "8.20.30.77", 0, TOC_REFUSAL_PRIVACY_OWN},
            {TOC_KIND_IPV4, "8.20.31.77", 0, TOC_REFUSAL_NONE},
            {TOC_KIND_IPV6, "fd00::1", 0, TOC_REFUSAL_PRIVACY_ADDRESS},
            {TOC_KIND_IPV6, "2a00:1234:5678:9::1", 0, TOC_REFUSAL_PRIVACY_OWN},
            {TOC_KIND_IPV6, "2a00:1234:5679::1", 0, TOC_REFUSAL_NONE},
            {TOC_KIND_ENDPOINT, "192.168.0.9:445", 0, TOC_REFUSAL_PRIVACY_ADDRESS},
            {TOC_KIND_ENDPOINT, "8.20.30.1:443", 0, TOC_REFUSAL_PRIVACY_OWN},
            {TOC_KIND_ENDPOINT, "45.9.148.3:443", 0, TOC_REFUSAL_NONE},
            {TOC_KIND_CIDR, "10.1.0.0/16", 0, TOC_REFUSAL_PRIVACY_ADDRESS},
            {TOC_KIND_CIDR, "8.20.30.128/25", 0, TOC_REFUSAL_PRIVACY_OWN},
            {TOC_KIND_CIDR, "8.0.0.0/8", 0, TOC_REFUSAL_PRIVACY_OWN},
            {TOC_KIND_CIDR, "45.9.148.0/24", 0, TOC_REFUSAL_NONE},
            {TOC_KIND_CIDR, "192.168.0.0/17", 0, TOC_REFUSAL_PRIVACY_ADDRESS},
            {TOC_KIND_CIDR, "192.160.0.0/11", 0,
                    TOC_REFUSAL_NONE}, // covers a private range: wide, not private
            {TOC_KIND_CIDR, "fc00::/8", 0, TOC_REFUSAL_PRIVACY_ADDRESS},
            {TOC_KIND_DOMAIN, "evil.com", 0, TOC_REFUSAL_NONE},
            {TOC_KIND_DOMAIN, "mercy-clinic.org", 0, TOC_REFUSAL_PRIVACY_OWN},
            {TOC_KIND_DOMAIN, "vpn.mercy-clinic.org", 0, TOC_REFUSAL_PRIVACY_OWN},
            {TOC_KIND_DOMAIN, "notmercy-clinic.org", 0, TOC_REFUSAL_NONE},
            {TOC_KIND_DOMAIN, "mercy-clinic.org.evil.com", 0,
                    TOC_REFUSAL_NONE}, // the attacker's look-alike
            {TOC_KIND_EMAIL, "billing@evil.com", 0, TOC_REFUSAL_PRIVACY_EMAIL},
            {TOC_KIND_EMAIL, "billing@evil.com", TOC_PRIVACY_MAIL, TOC_REFUSAL_NONE},
            {TOC_KIND_EMAIL, "j.doe@mail.mercy-clinic.org", TOC_PRIVACY_MAIL,
                    TOC_REFUSAL_PRIVACY_OWN},
            {TOC_KIND_URL, "https://mercy-clinic.org/", 0, TOC_REFUSAL_PRIVACY_OWN},
            {TOC_KIND_URL, "http://10.0.0.8/x", 0, TOC_REFUSAL_PRIVACY_ADDRESS},
            {TOC_KIND_URL, "http://8.20.30.8/x", 0, TOC_REFUSAL_PRIVACY_OWN},
            {TOC_KIND_URL, "http://evil.com/a/b.exe?x=1", 0, TOC_REFUSAL_NONE},
            {TOC_KIND_URL, "https://evil.com/r/https/portal.mercy-clinic.org/login", 0,
                    TOC_REFUSAL_PRIVACY_OWN},
            {TOC_KIND_URL, "https://evil.com/r/8.20.30.9/login", 0, TOC_REFUSAL_PRIVACY_OWN},
            {TOC_KIND_URL, "https://evil.com/u/jane.doe@example.com/x", 0,
                    TOC_REFUSAL_PRIVACY_QUERY},
            {TOC_KIND_URL, "https://evil.com/u/amFuZS5kb2VAZXhhbXBsZS5jb20=/x", 0,
                    TOC_REFUSAL_PRIVACY_QUERY},
            {TOC_KIND_URL, "https://evil.com/view;mrn=81233/x", 0, TOC_REFUSAL_PRIVACY_QUERY},
            {TOC_KIND_URL, "https://evil.com/@user/post", 0, TOC_REFUSAL_NONE},
            {TOC_KIND_SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0,
                    TOC_REFUSAL_NONE},
            {TOC_KIND_CVE, "CVE-2021-44228", 0, TOC_REFUSAL_NONE},
    };
    UNIT_EACH(const __typeof__(*rows), row, rows)
    {
        struct toc_observation a = observation(row->kind, row->value), b = a;
        unsigned notes;
        enum toc_refusal got = toc_privacy_check(connector, row->allow, &a, &arena, &notes);
        if (got != row->want)
            print_error("%s: %s\n", row->value, toc_refusal_code(got));
        assert_int_equal(got, row->want);
        assert_int_equal(toc_privacy_check(hub, row->allow, &b, &arena, &notes), row->want);
        if (got != TOC_REFUSAL_NONE)
            continue;
        assert_int_equal(notes, 0);
        assert_slice(a.value, row->value);
    }
}

static void canonical_url(char out[256], const char *query)
{
    struct toc_buf raw, url;
    enum toc_kind kind = TOC_KIND_URL;
    unsigned notes = 0;
    toc_buf_init(&raw, 256);
    toc_buf_init(&url, 255);
    toc_buf_printf(&raw, "https://evil.com/go?%s", query);
    assert_int_equal(toc_canon(&kind, toc_buf_slice(&raw), &url, &notes), TOC_REFUSAL_NONE);
    snprintf(out, 256, "%s", toc_buf_cstr(&url));
    toc_buf_done(&raw);
    toc_buf_done(&url);
}

// A query that must go: cut by the connector, refused by the hub; what is left is canonical and passes.
static void queries_cut(void **state)
{
    (void)state;
    static const char *const cut[] = {
            "mail=1",
            "to=jane.doe@example.com",
            "x=1&to=jane.doe%40example.com",
            "x=jane.doe%2540example.com",
            "x=jane.doe%25252540example.com",
            "e=amFuZS5kb2VAZXhhbXBsZS5jb20",
            "e=amFuZS5kb2VAZXhhbXBsZS5jb20%3D",
            "e=amFuZS5kb2VAZXhhbXBsZS5jb20%253D",
            "d=cGF0aWVudD00NzEx",
            "mrn=123456",
            "MRN=123456",
            "a=1&Patient_ID=77",
            "a=1;patientId=77",
            "user[first_name]=jane",
            "dob=1970-01-01",
            "date_of_birth=1",
            "b=%7B%22ssn%22%3A%22x%22%7D",
            "q=078-05-1120",
            "%70atient=1",
            "%2570atient=1",
            "next=https%3A%2F%2Fx.com%2F%3Fmrn%3D12",
            "name=Jane+Doe",
            "name=Jane%20Doe",
            "insurance-id=1",
            "medicare_no=1",
            "member.id=12",
            "u=vpn.mercy-clinic.org",
            "u=MERCY-CLINIC.ORG",
            "u=https%3A%2F%2Fwww.mercy-clinic.org%2F",
            "h=ehrprod",
            "h=db01.mercy.internal",
            "h=mercy.internal:8443",
            "ip=8.20.30.4",
            "ip=8.20.30.4:99",
            "ip=%5B2a00:1234:5678::9%5D",
            "case_no=5",
            "caseNo=5",
            "u=d3d3Lm1lcmN5LWNsaW5pYy5vcmc",
    };
    static const char *const kept[] = {
            "id=5",
            "name=setup.exe",
            "name=jane",
            "e=aGVsbG8gd29ybGQhISE",
            "user=5&session=ab12",
            "u=@home",
            "mrnx=4",
            "passname=1",
            "hermail=2",
            "u=notmercy-clinic.org.uk",
            "ip=8.20.31.4",
            "v=1.2.3.4",
            "n=1078-05-11205",
            "h=ehrproduction",
            "x=%2500",
            "a=b@c",
            "t=12:30:59",
            "u=https%3A%2F%2Fother.com%2F%3Fid%3D12",
    };
    char url[256];
    unsigned notes;
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        canonical_url(url, cut[i]);
        struct toc_observation obs = observation(TOC_KIND_URL, url), again = obs;
        assert_int_equal(toc_privacy_check(connector, 0, &obs, &arena, &notes), TOC_REFUSAL_NONE);
        if (notes != TOC_PRIVACY_NOTE_QUERY)
            print_error("not cut: %s\n", cut[i]);
        assert_int_equal(notes, TOC_PRIVACY_NOTE_QUERY);
        assert_slice(obs.value, "https://evil.com/go");
        assert_int_equal(
                toc_privacy_check(hub, 0, &again, &arena, &notes), TOC_REFUSAL_PRIVACY_QUERY);
        assert_int_equal(toc_privacy_check(hub, 0, &obs, &arena, &notes), TOC_REFUSAL_NONE);
    }
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        canonical_url(url, kept[i]);
        struct toc_observation obs = observation(TOC_KIND_URL, url);
        assert_int_equal(toc_privacy_check(connector, 0, &obs, &arena, &notes), TOC_REFUSAL_NONE);
        if (notes != 0)
            print_error("cut: %s\n", kept[i]);
        assert_int_equal(notes, 0);
        assert_slice(obs.value, url);
    }
}

static void encoded_deeper_than_we_look_is_cut(void **state)
{
    (void)state;
    struct toc_buf url;
    toc_buf_init(&url, 256);
    toc_buf_put_text(&url, "https://evil.com/go?x=%");
    for (int i = 0; i < 12; i++)
        toc_buf_put_text(&url, "25");
    toc_buf_put_text(&url, "41");
    struct toc_observation obs = observation(TOC_KIND_URL, toc_buf_cstr(&url));
    unsigned notes;
    assert_int_equal(toc_privacy_check(connector, 0, &obs, &arena, &notes), TOC_REFUSAL_NONE);
    assert_int_equal(notes, TOC_PRIVACY_NOTE_QUERY);
    toc_buf_done(&url);
}

// What a connector cuts but a hub refuses, around the value.
static void context(void **state)
{
    (void)state;
    static struct toc_slice tags[] = {
            TOC_S_INIT("malware:emotet"), TOC_S_INIT("target:mercy-clinic.org")};
    static struct toc_relation relations[] = {
            {TOC_RELATION_TYPE_RESOLVES_TO, TOC_KIND_IPV4, TOC_S_INIT("10.0.0.1")},
            {TOC_RELATION_TYPE_RESOLVES_TO, TOC_KIND_IPV4, TOC_S_INIT("45.9.148.3")},
            {TOC_RELATION_TYPE_PART_OF, TOC_KIND_URL, TOC_S_INIT("https://evil.com/?mrn=1")},
            {TOC_RELATION_TYPE_PART_OF, TOC_KIND_EMAIL, TOC_S_INIT("a@evil.com")},
    };
    static struct toc_reference references[] = {
            {TOC_S_INIT("report"), TOC_S_INIT("x"),
                    TOC_S_INIT("https://wiki.mercy-clinic.org/case")},
            {TOC_S_INIT("by jane@example.com"), TOC_S_INIT(""), TOC_S_INIT("")},
            {TOC_S_INIT("blog"), TOC_S_INIT("2"), TOC_S_INIT("https://blog.example.com/2")},
    };
    struct toc_observation obs = observation(TOC_KIND_DOMAIN, "evil.com");
    obs.tags = tags;
    obs.tags_count = 2;
    obs.relations = relations;
    obs.relations_count = 4;
    obs.references = references;
    obs.references_count = 3;
    obs.description = TOC_S("seen at ehrprod, MRN: 12345");
    obs.origin = TOC_S("indicator--1@mercy-clinic.org");
    struct toc_observation at_hub = obs;
    unsigned notes;
    assert_int_equal(toc_privacy_check(connector, TOC_PRIVACY_DESCRIPTION, &obs, &arena, &notes),
            TOC_REFUSAL_NONE);
    assert_int_equal(notes, TOC_PRIVACY_NOTE_TAG | TOC_PRIVACY_NOTE_RELATION |
                                    TOC_PRIVACY_NOTE_REFERENCE | TOC_PRIVACY_NOTE_DESCRIPTION |
                                    TOC_PRIVACY_NOTE_ORIGIN);
    assert_int_equal(obs.tags_count, 1);
    assert_slice(obs.tags[0], "malware:emotet");
    assert_int_equal(obs.relations_count, 1);
    assert_slice(obs.relations[0].value, "45.9.148.3");
    assert_int_equal(obs.references_count, 1);
    assert_slice(obs.references[0].source, "blog");
    assert_int_equal(obs.description.len, 0);
    assert_int_equal(obs.origin.len, 0);
    assert_slice(tags[1], "target:mercy-clinic.org"); // the shared array is untouched
    // What is left passes at the hub; what was there does not.
    assert_int_equal(toc_privacy_check(hub, TOC_PRIVACY_DESCRIPTION, &obs, &arena, &notes),
            TOC_REFUSAL_NONE);
    struct toc_observation one = at_hub;
    one.tags_count = one.relations_count = one.references_count = one.description.len =
            one.origin.len = 0;
    static const struct {
        enum toc_refusal want;
        unsigned part;
    } rows[] = {{TOC_REFUSAL_PRIVACY_OWN, 0}, {TOC_REFUSAL_PRIVACY_ADDRESS, 1},
            {TOC_REFUSAL_PRIVACY_OWN, 2}, {TOC_REFUSAL_PRIVACY_OWN, 3},
            {TOC_REFUSAL_PRIVACY_OWN, 4}};
    UNIT_EACH(const __typeof__(*rows), row, rows)
    {
        struct toc_observation part = one;
        part.tags_count = row->part == 0 ? at_hub.tags_count : 0;
        part.relations_count = row->part == 1 ? at_hub.relations_count : 0;
        part.references_count = row->part == 2 ? at_hub.references_count : 0;
        part.description.len = row->part == 3 ? at_hub.description.len : 0;
        part.origin.len = row->part == 4 ? at_hub.origin.len : 0;
        assert_int_equal(
                toc_privacy_check(hub, TOC_PRIVACY_DESCRIPTION, &part, &arena, &notes), row->want);
    }
}

static void descriptions(void **state)
{
    (void)state;
    struct toc_observation obs = observation(TOC_KIND_DOMAIN, "evil.com"), copy;
    obs.description = TOC_S("C2 of a loader");
    unsigned notes;
    copy = obs;
    assert_int_equal(toc_privacy_check(connector, 0, &copy, &arena, &notes), TOC_REFUSAL_NONE);
    assert_int_equal(notes, TOC_PRIVACY_NOTE_DESCRIPTION);
    assert_int_equal(copy.description.len, 0);
    copy = obs;
    assert_int_equal(toc_privacy_check(connector, TOC_PRIVACY_DESCRIPTION, &copy, &arena, &notes),
            TOC_REFUSAL_NONE);
    assert_int_equal(notes, 0);
    assert_slice(copy.description, "C2 of a loader");
    assert_int_equal(
            toc_privacy_check(hub, 0, &obs, &arena, &notes), TOC_REFUSAL_PRIVACY_DESCRIPTION);
}

// Names of fields as people write them in a sentence.
static void sentences(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool kept;
    } rows[] = {
            {"policy number: P-778899", false},
            {"Policy  Number : P-778899", false},
            {"his medical record number: 4711", false},
            {"social security number=1", false},
            {"first name: Jane", false},
            {"date of birth: 1970", false},
            {"case no: 5", false}, // configured
            {"chart_number: 5", false},
            {"a list of policy numbers we saw: none", true},
            {"policy: number", true},
            {"number: 5", true},
            {"record number: 5", true},
            {"phishing, seen first: name servers", true},
            {"kit, version number: 5", true},
            {": 5", true},
            {"  : 5", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct toc_observation obs = observation(TOC_KIND_DOMAIN, "evil.com");
        unsigned notes;
        obs.description = toc_slice_of(rows[i].text);
        enum toc_refusal got = toc_privacy_check(hub, TOC_PRIVACY_DESCRIPTION, &obs, &arena, &notes);
        if (got != (rows[i].kept ? TOC_REFUSAL_NONE : TOC_REFUSAL_PRIVACY_QUERY))
            fail_msg("%s", rows[i].text);
    }
}

static void what_cannot_be_read_stays(void **state)
{
    (void)state;
    struct toc_buf text;
    unsigned notes;
    toc_buf_init(&text, 8192);
    while (text.len < 5000)
        toc_buf_put_byte(&text, 'a');
    struct toc_observation obs = observation(TOC_KIND_DOMAIN, "evil.com");
    obs.description = toc_buf_slice(&text);
    assert_int_equal(toc_privacy_check(connector, TOC_PRIVACY_DESCRIPTION, &obs, &arena, &notes),
            TOC_REFUSAL_NONE);
    assert_int_equal(notes, TOC_PRIVACY_NOTE_DESCRIPTION);
    toc_buf_done(&text);
    // User info is cut by the canonical form; a value that still has some never passed it.
    toc_observation_init(&obs);
    obs.kind = TOC_KIND_URL;
    obs.value = TOC_S("https://user:secret@evil.com/");
    assert_int_equal(toc_privacy_check(connector, 0, &obs, &arena, &notes),
            TOC_REFUSAL_OBSERVATION_CANONICAL);
}

// Networks so wide that they begin and end in special ranges are not special themselves.
static void wide_networks_are_not_private(void **state)
{
    (void)state;
    static const char *const wide[] = {"0.0.0.0/0", "::/0", "192.0.0.0/2"};
    const struct toc_privacy_rules none = {.flags = 0};
    struct toc_privacy *guard = NULL;
    struct toc_err err = {0};
    unsigned notes;
    assert_ok(toc_privacy_new(&none, &guard, &err), err);
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        struct toc_observation obs = observation(TOC_KIND_CIDR, wide[i]);
        assert_int_equal(toc_privacy_check(guard, 0, &obs, &arena, &notes), TOC_REFUSAL_NONE);
    }
    toc_privacy_free(guard);
}

static void full_arena_refuses(void **state)
{
    (void)state;
    static struct toc_slice tags[] = {TOC_S_INIT("ehrprod"), TOC_S_INIT("b")};
    struct toc_arena none;
    toc_arena_init(&none, 0);
    struct toc_observation obs = observation(TOC_KIND_DOMAIN, "evil.com");
    obs.tags = tags;
    obs.tags_count = 2;
    unsigned notes;
    assert_int_equal(
            toc_privacy_check(connector, 0, &obs, &none, &notes), TOC_REFUSAL_OBSERVATION_RANGE);
    toc_arena_done(&none);
}

static void wrong_rules_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", ".", "a b.org", "https://mercy.org/", "1.2.3.4/33",
            "a..b", "j\xc3\xbcrgen.org", "x@y.org"};
    struct toc_err err;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct toc_slice name = toc_slice_of(wrong[i]);
        const struct toc_privacy_rules rules = {.own_names = &name, .own_name_count = 1};
        struct toc_privacy *out = NULL;
        assert_code(toc_privacy_new(&rules, &out, &err), TOC_E_USAGE, err);
        assert_null(out);
    }
    struct toc_slice key = TOC_S("--");
    const struct toc_privacy_rules rules = {.query_keys = &key, .query_key_count = 1};
    struct toc_privacy *out = NULL;
    assert_code(toc_privacy_new(&rules, &out, &err), TOC_E_USAGE, err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(values),
            cmocka_unit_test(queries_cut),
            cmocka_unit_test(encoded_deeper_than_we_look_is_cut),
            cmocka_unit_test(context),
            cmocka_unit_test(descriptions),
            cmocka_unit_test(sentences),
            cmocka_unit_test(what_cannot_be_read_stays),
            cmocka_unit_test(wide_networks_are_not_private),
            cmocka_unit_test(full_arena_refuses),
            cmocka_unit_test(wrong_rules_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
