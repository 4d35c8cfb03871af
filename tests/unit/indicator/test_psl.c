// Public suffixes: the published test cases, real names, and libpsl over the same list as oracle.
#include "tests/support/unit.h"

#include <libpsl.h>

#include "lib/indicator/form.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/psl.h"

#define LIST "deploy/reference/public-suffixes.dat"

static struct toc_psl *psl; // over the imported rules
static psl_ctx_t *oracle;   // libpsl over the published list
static struct toc_buf ascii_rules;

static int set_up(void **state)
{
    (void)state;
    struct toc_buf published = unit_read(LIST);
    struct toc_err err = {0};
    toc_buf_init(&ascii_rules, 2 * published.len);
    assert_ok(toc_psl_import(toc_buf_slice(&published), &ascii_rules, &err), err);
    assert_ok(toc_psl_open(toc_buf_slice(&ascii_rules), &psl, &err), err);
    toc_buf_done(&published);
    oracle = psl_load_file(LIST);
    return oracle == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    toc_psl_free(psl);
    toc_buf_done(&ascii_rules);
    psl_free(oracle);
    return 0;
}

static struct toc_slice next_word(struct toc_slice *line)
{
    *line = toc_slice_trim(*line);
    size_t end = 0;
    while (end < line->len && line->ptr[end] != ' ' && line->ptr[end] != '\t')
        end++;
    struct toc_slice word = toc_slice_sub(*line, 0, end);
    *line = toc_slice_sub(*line, end, SIZE_MAX);
    return word;
}

static struct toc_slice next_line(struct toc_slice *text)
{
    struct toc_slice line = toc_slice_sub(*text, 0, toc_slice_find(*text, '\n'));
    *text = toc_slice_sub(*text, line.len + 1, SIZE_MAX);
    return line;
}

// As canonical names are spelled; empty for what is no name ("null", ".com").
static struct toc_slice spelled(struct toc_slice name, struct toc_form *form)
{
    unsigned notes = 0;
    form->len = 0;
    form->full = false;
    if (toc_slice_is(name, "null") ||
            toc_domain_spell(name, TOC_IDN_CONVERT, form, &notes) != TOC_REFUSAL_NONE)
        form->len = 0;
    return toc_form_slice(form);
}

static void published_cases(void **state)
{
    (void)state;
    struct toc_buf file = unit_read("tests/data/psl/tests.txt");
    struct toc_slice rest = toc_buf_slice(&file);
    size_t cases = 0;
    while (rest.len > 0) {
        struct toc_slice line = next_line(&rest), name = next_word(&line), want = next_word(&line);
        struct toc_form name_form, want_form;
        if (name.len == 0 || toc_slice_starts(name, TOC_S("//")))
            continue;
        name = spelled(name, &name_form);
        want = spelled(want, &want_form);
        if (name.len > 0)
            assert_slices_equal(toc_psl_registrable(psl, name), want);
        else
            assert_int_equal(want.len, 0);
        cases++;
    }
    assert_int_equal(cases, 78);
    toc_buf_done(&file);
}

static void real_names(void **state)
{
    (void)state;
    struct toc_buf file = unit_read("tests/data/psl/real-registrable.tsv");
    struct toc_slice rest = toc_buf_slice(&file);
    size_t cases = 0;
    for (; rest.len > 0; cases++) {
        struct toc_slice line = next_line(&rest), name = next_word(&line), want = next_word(&line);
        if (toc_slice_is(want, "(null)"))
            want = TOC_S("");
        assert_slices_equal(toc_psl_registrable(psl, name), want);
    }
    assert_int_equal(cases, 800);
    toc_buf_done(&file);
}

static void agree(const char *prefix, struct toc_slice rule)
{
    char name[300];
    snprintf(name, sizeof name, "%s%.*s", prefix, TOC_SLICE_ARG(rule));
    const char *want = psl_registrable_domain(oracle, name);
    struct toc_slice domain = toc_slice_of(name), got = toc_psl_registrable(psl, domain);
    enum toc_psl_section section;
    if (!toc_slice_eq(got, toc_slice_of(want)))
        fail_msg("%s: %.*s, libpsl says %s", name, TOC_SLICE_ARG(got), want);
    struct toc_slice suffix = toc_psl_suffix(psl, domain, &section);
    assert_true(suffix.len > 0 && toc_slice_ends(domain, suffix));
    const char *end = name + domain.len - suffix.len;
    assert_int_equal(section == TOC_PSL_ICANN,
            psl_is_public_suffix2(oracle, end, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE));
    assert_int_equal(section == TOC_PSL_PRIVATE,
            psl_is_public_suffix2(oracle, end, PSL_TYPE_PRIVATE | PSL_TYPE_NO_STAR_RULE));
}

// Each rule's name, and names one, two and three labels below it.
static void agrees_with_libpsl(void **state)
{
    (void)state;
    struct toc_slice rest = toc_buf_slice(&ascii_rules);
    size_t rules = 0;
    while (rest.len > 0) {
        struct toc_slice rule = next_line(&rest);
        if (toc_slice_starts(rule, TOC_S("//")))
            continue;
        rules++;
        if (toc_slice_starts(rule, TOC_S("!")))
            rule = toc_slice_sub(rule, 1, SIZE_MAX);
        if (toc_slice_starts(rule, TOC_S("*.")))
            rule = toc_slice_sub(rule, 2, SIZE_MAX);
        agree("", rule);
        agree("a.", rule);
        agree("b.a.", rule);
        agree("c.b.a.", rule);
    }
    assert_true(rules > 10000);
    agree("", TOC_S("no.such-suffix"));
    agree("", TOC_S("no-such-suffix"));
}

static void sections(void **state)
{
    (void)state;
    static const struct row {
        const char *name, *suffix, *registrable;
        enum toc_psl_section section;
    } rows[] = {
            {"www.example.co.uk", "co.uk", "example.co.uk", TOC_PSL_ICANN},
            {"a.b.github.io", "github.io", "b.github.io", TOC_PSL_PRIVATE},
            {"github.io", "github.io", "", TOC_PSL_PRIVATE},
            {"x.city.kawasaki.jp", "kawasaki.jp", "city.kawasaki.jp", TOC_PSL_ICANN}, // exception
            {"x.y.kawasaki.jp", "y.kawasaki.jp", "x.y.kawasaki.jp", TOC_PSL_ICANN},   // wildcard
            {"kawasaki.jp", "kawasaki.jp", "", TOC_PSL_ICANN}, // the wildcard's own name
            {"a.b.nowhere", "nowhere", "b.nowhere", TOC_PSL_DEFAULT},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        enum toc_psl_section section;
        assert_slice(toc_psl_suffix(psl, toc_slice_of(row->name), &section), row->suffix);
        assert_int_equal(section, row->section);
        assert_slice(toc_psl_registrable(psl, toc_slice_of(row->name)), row->registrable);
    }
}

static void refuses_what_is_no_list(void **state)
{
    (void)state;
    static const struct row {
        const char *text;
        enum toc_code code;
    } rows[] = {
            {"", TOC_E_OK},
            {"// only words\n\n", TOC_E_OK},
            {"com", TOC_E_OK},
            {"com  a comment behind\r\n*.ck\n!www.ck", TOC_E_OK},
            {"COM", TOC_E_SYNTAX},
            {"\u516c\u53f8.cn", TOC_E_SYNTAX}, // imported first
            {"a..b", TOC_E_SYNTAX},
            {".com", TOC_E_SYNTAX},
            {"*", TOC_E_SYNTAX},
            {"a.*.b", TOC_E_SYNTAX},
            {"!", TOC_E_SYNTAX},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_psl *list = NULL;
        struct toc_err err = {0};
        assert_code(toc_psl_open(toc_slice_of(row->text), &list, &err), row->code, err);
        assert_int_equal(list != NULL, row->code == TOC_E_OK);
        toc_psl_free(list);
    }
}

static void too_many_rules(void **state)
{
    (void)state;
    struct toc_buf text;
    struct toc_psl *list = NULL;
    struct toc_err err = {0};
    toc_buf_init(&text, (size_t)4 << 20);
    for (int i = 0; i <= TOC_PSL_RULES_MAX; i++)
        toc_buf_printf(&text, "a%d\n", i);
    assert_code(toc_psl_open(toc_buf_slice(&text), &list, &err), TOC_E_LIMIT, err);
    assert_null(list);
    toc_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(published_cases),
            cmocka_unit_test(real_names),
            cmocka_unit_test(agrees_with_libpsl),
            cmocka_unit_test(sections),
            cmocka_unit_test(refuses_what_is_no_list),
            cmocka_unit_test(too_many_rules),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
