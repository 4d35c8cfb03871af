// The vectors of schemas/vectors/canon.jsonl, and what their format cannot say.
#include "tests/support/unit.h"

#include "lib/base/text.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/form.h"
#include "tests/support/canon_laws.h"
#include "tests/support/jsonl.h"

static const struct {
    enum toc_note bit;
    const char *word;
} notes_in_words[] = {
        {TOC_NOTE_USERINFO_REMOVED, "userinfo-removed"},
        {TOC_NOTE_FRAGMENT_REMOVED, "fragment-removed"},
        {TOC_NOTE_DEFAULT_PORT, "default-port"},
        {TOC_NOTE_IDN, "idn"},
        {TOC_NOTE_SINGLE_ADDRESS, "single-address"},
        {TOC_NOTE_SCHEME_ASSUMED, "scheme-assumed"},
};

static unsigned notes_of(const json_t *row)
{
    unsigned notes = 0;
    size_t index;
    json_t *word;
    json_array_foreach(json_object_get(row, "notes"), index, word)
    {
        unsigned before = notes;
        for (size_t i = 0; i < sizeof notes_in_words / sizeof *notes_in_words; i++)
            if (strcmp(json_string_value(word), notes_in_words[i].word) == 0)
                notes |= notes_in_words[i].bit;
        assert_int_not_equal(notes, before);
    }
    return notes;
}

static enum toc_kind kind_named(struct toc_slice name)
{
    enum toc_kind kind = TOC_KIND_UNKNOWN;
    if (name.ptr == NULL || toc_slice_is(name, "guess"))
        return TOC_KIND_UNKNOWN;
    assert_true(toc_kind_parse(name, &kind));
    return kind;
}

// `raw`, or the bytes of `raw_hex` where JSON cannot hold them.
static struct toc_slice raw_of(const json_t *row, uint8_t bytes[64])
{
    struct toc_slice hex = toc_json_text(row, "raw_hex");
    if (hex.ptr == NULL)
        return toc_json_text(row, "raw");
    assert_true(hex.len / 2 <= 64 && toc_parse_hex(hex, bytes, hex.len / 2));
    return toc_slice(bytes, hex.len / 2);
}

static void check_row(const json_t *row, size_t line)
{
    struct toc_buf out;
    uint8_t bytes[64];
    struct toc_slice raw = raw_of(row, bytes), value = toc_json_text(row, "value");
    struct toc_slice code = toc_json_text(row, "refusal"), becomes = toc_json_text(row, "becomes");
    enum toc_kind claimed = kind_named(toc_json_text(row, "kind")), kind = claimed;
    enum toc_kind expected = becomes.ptr == NULL ? claimed : kind_named(becomes);
    unsigned notes = 0, flags = json_is_true(json_object_get(row, "assume_scheme"))
                                        ? TOC_GUESS_ASSUME_SCHEME
                                        : 0;
    toc_buf_init(&out, TOC_RAW_BYTES_MAX);
    toc_buf_put_text(&out, "before:");
    enum toc_refusal refusal = claimed == TOC_KIND_UNKNOWN
                                       ? toc_canon_guess(raw, &kind, &out, &notes, flags)
                                       : toc_canon(&kind, raw, &out, &notes);
    struct toc_slice got = toc_slice_sub(toc_buf_slice(&out), 7, SIZE_MAX);
    bool good = code.ptr != NULL ? toc_slice_is(code, toc_refusal_code(refusal)) && got.len == 0 &&
                                           notes == 0 && kind == claimed
                                 : refusal == TOC_REFUSAL_NONE && toc_slice_eq(got, value) &&
                                           kind == expected && notes == notes_of(row) &&
                                           canon_laws_accepted(kind, got) == NULL;
    if (!good)
        fail_msg("line %zu: got \"%.*s\" %s, notes %x", line, TOC_SLICE_ARG(got),
                toc_refusal_code(refusal), notes);
    toc_buf_done(&out);
}

static void vectors_hold(void **state)
{
    (void)state;
    struct unit_jsonl rows = unit_jsonl_open("schemas/vectors/canon.jsonl");
    bool seen[TOC_REFUSAL_COUNT + 1] = {false};
    for (json_t *row; (row = unit_jsonl_next(&rows)) != NULL;) {
        enum toc_refusal code = TOC_REFUSAL_NONE;
        struct toc_slice text = toc_json_text(row, "refusal");
        assert_true(text.ptr == NULL || toc_refusal_parse(text, &code));
        seen[code] = true;
        check_row(row, rows.line);
    }
    // canon.url is what the check says of a URL in another spelling; no raw value earns it
    for (enum toc_refusal code = TOC_REFUSAL_CANON_EMPTY; code <= TOC_REFUSAL_CANON_CVE; code++)
        if (!seen[code] && code != TOC_REFUSAL_CANON_URL && code != TOC_REFUSAL_CANON_DOMAIN)
            fail_msg("no vector is refused with %s", toc_refusal_code(code));
}

// Raw values that some vector canonicalises must not pass the check as they are, unless they are equal.
static void check_refuses_other_spellings(void **state)
{
    (void)state;
    struct unit_jsonl rows = unit_jsonl_open("schemas/vectors/canon.jsonl");
    size_t other = 0;
    for (json_t *row; (row = unit_jsonl_next(&rows)) != NULL;) {
        uint8_t bytes[64];
        struct toc_slice raw = raw_of(row, bytes), value = toc_json_text(row, "value");
        enum toc_kind kind = kind_named(toc_json_text(row, "kind"));
        if (kind == TOC_KIND_UNKNOWN || (value.ptr != NULL && toc_slice_eq(raw, value)))
            continue;
        other++;
        if (toc_canon_check(kind, raw) == TOC_REFUSAL_NONE)
            fail_msg("line %zu passes the check", rows.line);
    }
    assert_true(other > 200);
}

// The check refuses what only libidn2 could spell before anything is asked of it.
static void check_converts_nothing(void **state)
{
    (void)state;
    static const char *const urls[] = {"http://b\u00fccher.de/", "http://b%C3%BCcher.de/"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        assert_int_equal(
                toc_canon_check(TOC_KIND_URL, toc_slice_of(urls[i])), TOC_REFUSAL_CANON_DOMAIN_IDN);
    assert_int_equal(toc_canon_check(TOC_KIND_DOMAIN, toc_slice_of("b\u00fccher.de")),
            TOC_REFUSAL_CANON_DOMAIN_CHARACTER);
}

// A value is a part of something: no check looks at the byte behind it.
static void check_stays_inside_the_value(void **state)
{
    (void)state;
    static const char *const values[] = {"192.0.2.1", "2001:db8::1", "192.0.2.0/24", "192.0.2.1:80",
            "example.com", "http://example.com/a", "a@example.com",
            "d41d8cd98f00b204e9800998ecf8427e", "CVE-2021-44228"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (size_t len = 1; len <= strlen(values[i]); len++) {
            // Not cmocka's, which leaves room behind: so a sanitizer sees it.
            uint8_t *exact = malloc(len);
            assert_non_null(exact);
            memcpy(exact, values[i], len);
            for (enum toc_kind kind = TOC_KIND_IPV4; kind <= TOC_KIND_CVE; kind++)
                assert_true(toc_canon_check(kind, toc_slice(exact, len)) < TOC_REFUSAL_COUNT);
            free(exact);
        }
}

static void limits_hold(void **state)
{
    (void)state;
    static uint8_t long_raw[TOC_RAW_BYTES_MAX + 1];
    struct toc_buf out;
    unsigned notes = 0;
    memset(long_raw, 'a', sizeof long_raw);
    toc_buf_init(&out, TOC_RAW_BYTES_MAX);
    for (enum toc_kind kind = TOC_KIND_IPV4; kind <= TOC_KIND_CVE; kind++) {
        enum toc_kind same = kind;
        assert_int_equal(toc_canon(&same, toc_slice(long_raw, sizeof long_raw), &out, &notes),
                TOC_REFUSAL_CANON_LENGTH);
        assert_int_equal(toc_canon_check(kind, toc_slice(long_raw, sizeof long_raw)),
                TOC_REFUSAL_CANON_LENGTH);
        assert_int_equal(toc_canon_check(kind, TOC_S("")), TOC_REFUSAL_CANON_EMPTY);
    }
    enum toc_kind kind = TOC_KIND_UNKNOWN;
    assert_int_equal(toc_canon(&kind, TOC_S("192.0.2.1"), &out, &notes), TOC_REFUSAL_CANON_KIND);
    assert_int_equal(toc_canon_check(TOC_KIND_UNKNOWN, TOC_S("192.0.2.1")), TOC_REFUSAL_CANON_KIND);
    assert_int_equal(out.len, 0);
    toc_buf_done(&out);
}

// User info, fragment and dot segments may make a URL of any accepted raw length short enough.
static void long_raw_url_may_shrink(void **state)
{
    (void)state;
    struct toc_buf raw, out;
    enum toc_kind kind = TOC_KIND_URL;
    unsigned notes = 0;
    toc_buf_init(&raw, TOC_RAW_BYTES_MAX);
    toc_buf_init(&out, TOC_RAW_BYTES_MAX);
    toc_buf_put_text(&raw, "http://");
    while (raw.len < 8000)
        toc_buf_put_text(&raw, "u");
    toc_buf_put_text(&raw, "@example.com/");
    while (raw.len < 12000)
        toc_buf_put_text(&raw, "../a/./");
    toc_buf_put_text(&raw, "#");
    while (raw.len < 16000)
        toc_buf_put_text(&raw, "f");
    assert_int_equal(toc_canon(&kind, toc_buf_slice(&raw), &out, &notes), TOC_REFUSAL_NONE);
    assert_slice(toc_buf_slice(&out), "http://example.com/a/");
    assert_int_equal(notes, TOC_NOTE_USERINFO_REMOVED | TOC_NOTE_FRAGMENT_REMOVED);
    toc_buf_done(&raw);
    toc_buf_done(&out);
}

static void kind_rows_agree_with_the_schema(void **state)
{
    (void)state;
    assert_null(toc_kind_row(TOC_KIND_UNKNOWN));
    assert_null(toc_kind_row((enum toc_kind)(TOC_KIND_CVE + 1)));
    for (enum toc_kind kind = TOC_KIND_IPV4; kind <= TOC_KIND_CVE; kind++) {
        const struct toc_kind_row *row = toc_kind_row(kind);
        assert_int_equal(row->kind, kind);
        assert_string_equal(row->name, toc_kind_symbol(kind));
        assert_true(row->value_max <= TOC_VALUE_BYTES_MAX);
    }
}

static void hosts(void **state)
{
    (void)state;
    static const struct row {
        enum toc_kind kind;
        const char *value, *host;
        enum toc_kind host_kind;
    } rows[] = {
            {TOC_KIND_IPV4, "192.0.2.1", "192.0.2.1", TOC_KIND_IPV4},
            {TOC_KIND_IPV6, "2001:db8::1", "2001:db8::1", TOC_KIND_IPV6},
            {TOC_KIND_DOMAIN, "example.com", "example.com", TOC_KIND_DOMAIN},
            {TOC_KIND_ENDPOINT, "192.0.2.1:80", "192.0.2.1", TOC_KIND_IPV4},
            {TOC_KIND_EMAIL, "a@example.com", "example.com", TOC_KIND_DOMAIN},
            {TOC_KIND_URL, "http://example.com/a:b@c", "example.com", TOC_KIND_DOMAIN},
            {TOC_KIND_URL, "https://example.com:8443/", "example.com", TOC_KIND_DOMAIN},
            {TOC_KIND_URL, "http://192.0.2.1:8080/?a", "192.0.2.1", TOC_KIND_IPV4},
            {TOC_KIND_URL, "ftp://[2001:db8::1]:2121/", "2001:db8::1", TOC_KIND_IPV6},
            {TOC_KIND_CIDR, "192.0.2.0/24", "", TOC_KIND_UNKNOWN},
            {TOC_KIND_MD5, "d41d8cd98f00b204e9800998ecf8427e", "", TOC_KIND_UNKNOWN},
            {TOC_KIND_CVE, "CVE-2021-44228", "", TOC_KIND_UNKNOWN},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_slice host = toc_value_host(row->kind, toc_slice_of(row->value));
        assert_slice(host, row->host);
        assert_int_equal(toc_host_kind(host), row->host_kind);
    }
}

static void domains_cover_what_is_below(void **state)
{
    (void)state;
    static const struct row {
        const char *domain, *name;
        bool covers;
    } rows[] = {
            {"evil.com", "evil.com", true},
            {"evil.com", "a.b.evil.com", true},
            {"evil.com", "notevil.com", false},
            {"evil.com", "com", false},
            {"a.evil.com", "evil.com", false},
            {"com", "evil.com", true},
            {"evil.com", "", false},
            {"", "evil.com", false},
            {"", "", false},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        assert_int_equal(
                toc_domain_covers(toc_slice_of(row->domain), toc_slice_of(row->name)), row->covers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(vectors_hold),
            cmocka_unit_test(check_refuses_other_spellings),
            cmocka_unit_test(check_converts_nothing),
            cmocka_unit_test(check_stays_inside_the_value),
            cmocka_unit_test(limits_hold),
            cmocka_unit_test(long_raw_url_may_shrink),
            cmocka_unit_test(kind_rows_agree_with_the_schema),
            cmocka_unit_test(hosts),
            cmocka_unit_test(domains_cover_what_is_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
