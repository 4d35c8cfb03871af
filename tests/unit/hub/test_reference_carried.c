// The sets this repository carries (deploy/reference), as a new deployment puts them to use.
#include "tests/unit/hub/reference_kit.h"

#include "lib/indicator/psl.h"

#define DIR "deploy/reference/"

static struct kit carried;

static void add_row(struct toc_slice line)
{
    enum toc_reference_type type;
    enum toc_reference_effect effect;
    char name[64], path[256];
    struct toc_slice first = kit_field(&line);
    snprintf(name, sizeof name, "%.*s", TOC_SLICE_ARG(first));
    assert_true(toc_reference_type_parse(kit_field(&line), &type));
    assert_true(toc_reference_effect_parse(kit_field(&line), &effect));
    snprintf(path, sizeof path, DIR "%.*s", TOC_SLICE_ARG(line));
    const struct toc_reference_set *set = kit_file(&carried, name, type, effect, path);
    assert_true(toc_id_valid(toc_slice_of(name)));
    assert_true(toc_reference_entries(set) > 0);
    assert_false(toc_reference_unsupported(set, NULL));
    // A list of which much matches nothing has been misread.
    if (toc_reference_skipped(set) * 3 > toc_reference_entries(set))
        fail_msg("%s: %zu of %zu entries have no canonical form", name, toc_reference_skipped(set),
                toc_reference_entries(set) + toc_reference_skipped(set));
}

static int open_carried(void **state)
{
    (void)state;
    struct toc_buf manifest = unit_read(DIR "sets.tsv");
    struct toc_slice rest = toc_buf_slice(&manifest);
    assert_true(toc_slice_starts(rest, TOC_S("# name\ttype\teffect\tfile\n")));
    rest = toc_slice_sub(rest, toc_slice_find(rest, '\n') + 1, SIZE_MAX);
    while (rest.len > 0) {
        size_t end = toc_slice_find(rest, '\n');
        add_row(toc_slice_sub(rest, 0, end));
        rest = toc_slice_sub(rest, end + 1, SIZE_MAX);
    }
    toc_buf_done(&manifest);
    return 0;
}

static int close_carried(void **state)
{
    (void)state;
    kit_done(&carried);
    return 0;
}

// What an attacker with many names would have blocked (issue 8, "What it must show").
static void attack(void **state)
{
    (void)state;
    static const struct {
        enum toc_kind kind;
        const char *value, *set;
    } rows[] = {
            {TOC_KIND_DOMAIN, "login.microsoftonline.com", "never-block"},
            {TOC_KIND_DOMAIN, "microsoftonline.com", "never-block"},
            {TOC_KIND_URL, "https://login.microsoftonline.com/common/oauth2", "never-block"},
            {TOC_KIND_DOMAIN, "hospital.okta.com", "never-block"},
            {TOC_KIND_DOMAIN, "accounts.google.com", "never-block"},
            {TOC_KIND_DOMAIN, "google.com", "never-block"}, // covers it
            {TOC_KIND_DOMAIN, "epic.com", "never-block"},
            {TOC_KIND_DOMAIN, "mychart.epic.com", "never-block"},
            {TOC_KIND_DOMAIN, "availity.com", "never-block"},
            {TOC_KIND_DOMAIN, "changehealthcare.com", "never-block"},
            {TOC_KIND_DOMAIN, "api.surescripts.net", "never-block"},
            {TOC_KIND_DOMAIN, "cloudfront.net", "never-block"},
            {TOC_KIND_DOMAIN, "cloudfront.net", "public-suffixes"},
            {TOC_KIND_DOMAIN, "akamaiedge.net", "never-block"},
            {TOC_KIND_CIDR, "8.0.0.0/8", "never-block"},
            {TOC_KIND_CIDR, "8.8.8.0/24", "never-block"},
            {TOC_KIND_CIDR, "0.0.0.0/0", "never-block"},
            {TOC_KIND_CIDR, "0.0.0.0/0", TOC_REFERENCE_SPECIAL},
            {TOC_KIND_CIDR, "::/0", "never-block"},
            {TOC_KIND_CIDR, "::/0", TOC_REFERENCE_SPECIAL},
            {TOC_KIND_DOMAIN, "co.uk", "public-suffixes"},
            {TOC_KIND_DOMAIN, "github.io", "public-suffixes"},
            {TOC_KIND_DOMAIN, "nhs.uk", "public-suffixes"},
            {TOC_KIND_DOMAIN, "trust.nhs.uk", "never-block"},
            {TOC_KIND_ENDPOINT, "1.1.1.1:443", "never-block"},
            {TOC_KIND_SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                    "empty-hashes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct toc_reference_verdict v;
        kit_judge(&carried, rows[i].kind, rows[i].value, &v);
        const struct toc_reference_hit *hit = kit_hit(&v, rows[i].set);
        if (hit == NULL || hit->effect != TOC_REFERENCE_EFFECT_NEVER_BLOCK)
            fail_msg("%s is not cleared by %s", rows[i].value, rows[i].set);
        assert_true(hit->note.len > 0);
    }
}

static void others(void **state)
{
    (void)state;
    static const struct {
        enum toc_kind kind;
        const char *value, *effect;
        bool dynamic;
    } rows[] = {
            {TOC_KIND_DOMAIN, "d111111abcdef8.cloudfront.net", "cap", false},
            {TOC_KIND_DOMAIN, "evil.duckdns.org", "annotate", true},
            {TOC_KIND_DOMAIN, "unheard-of-9f3.com", "", false},
            {TOC_KIND_URL, "http://unheard-of-9f3.com/a.exe", "", false},
            {TOC_KIND_IPV4, "45.155.205.233", "", false},
            {TOC_KIND_CVE, "CVE-2024-3400", "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct toc_reference_verdict v;
        kit_judge(&carried, rows[i].kind, rows[i].value, &v);
        const char *effect = kit_effect(&carried, rows[i].kind, rows[i].value);
        if (strcmp(effect, rows[i].effect) != 0)
            fail_msg("%s: %s, wanted %s", rows[i].value, effect, rows[i].effect);
        assert_int_equal(v.dynamic_dns, rows[i].dynamic);
    }
}

// Every entry of the carried never-block set says why.
static void a_word_on_each(void **state)
{
    (void)state;
    struct toc_buf text = unit_read(DIR "sets/never-block.jsonl");
    struct toc_slice rest = toc_buf_slice(&text);
    size_t lines = 0;
    for (; rest.len > 0; lines++) {
        size_t end = toc_slice_find(rest, '\n');
        struct toc_slice line = toc_slice_sub(rest, 0, end);
        assert_non_null(memmem(line.ptr, line.len, "\"why\": \"", 8));
        assert_null(memmem(line.ptr, line.len, "\"why\": \"\"", 9));
        rest = toc_slice_sub(rest, end + 1, SIZE_MAX);
    }
    assert_true(lines > 300);
    toc_buf_done(&text);
}

// The hub takes ASCII rules; those it is given are the published list's.
static void suffixes_are_the_published(void **state)
{
    (void)state;
    struct toc_err err;
    struct toc_buf published = unit_read(DIR "public-suffixes.dat"),
                   carried_rules = unit_read(DIR "sets/public-suffixes.txt"), rules;
    toc_buf_init(&rules, UNIT_FILE_BYTES_MAX);
    assert_ok(toc_psl_import(toc_buf_slice(&published), &rules, &err), err);
    assert_true(toc_slice_ends(toc_buf_slice(&carried_rules), toc_buf_slice(&rules)));
    toc_buf_done(&published);
    toc_buf_done(&carried_rules);
    toc_buf_done(&rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(attack),
            cmocka_unit_test(others),
            cmocka_unit_test(a_word_on_each),
            cmocka_unit_test(suffixes_are_the_published),
    };
    return cmocka_run_group_tests(tests, open_carried, close_carried);
}
