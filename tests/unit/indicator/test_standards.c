// Against the vectors of the standards: WHATWG URL, UTS 46. What differs must be listed, with what we make
// of it and why, in schemas/vectors/*-departures.jsonl.
#include "tests/support/unit.h"

#include "lib/indicator/canon.h"
#include "lib/indicator/form.h"
#include "tests/support/jsonl.h"

// The departure listed for this input, or NULL.
static json_t *departure(const json_t *list, struct toc_slice input)
{
    size_t i;
    json_t *row;
    json_array_foreach(list, i, row)
    {
        if (toc_slice_eq(toc_json_text(row, "input"), input))
            return row;
    }
    return NULL;
}

static json_t *load(const char *path)
{
    struct unit_jsonl rows = unit_jsonl_open(path);
    json_t *list = json_array();
    for (json_t *row; (row = unit_jsonl_next(&rows)) != NULL;) {
        assert_true(toc_json_text(row, "why").len > 10);
        json_array_append(list, row);
    }
    return list;
}

// href without fragment and user info: what is left of it in a canonical value.
static struct toc_slice expected_url(struct toc_slice href, struct toc_buf *out)
{
    href.len = toc_slice_find(href, '#');
    size_t authority = toc_slice_find(href, ':') + 3;
    struct toc_slice rest = toc_slice_sub(href, authority, SIZE_MAX);
    size_t at = toc_slice_find(toc_slice_sub(rest, 0, toc_slice_find(rest, '/')), '@');
    toc_buf_clear(out);
    toc_buf_put_slice(out, toc_slice_sub(href, 0, authority));
    toc_buf_put_slice(
            out, at < toc_slice_find(rest, '/') ? toc_slice_sub(rest, at + 1, SIZE_MAX) : rest);
    return toc_buf_slice(out);
}

static size_t url_cases(const char *path, const json_t *departures, size_t *departed)
{
    struct unit_jsonl rows = unit_jsonl_open(path);
    struct toc_buf out, want;
    size_t cases = 0;
    toc_buf_init(&out, TOC_RAW_BYTES_MAX);
    toc_buf_init(&want, TOC_RAW_BYTES_MAX);
    for (json_t *row; (row = unit_jsonl_next(&rows)) != NULL; cases++) {
        struct toc_slice input = toc_json_text(row, "input"), href = toc_json_text(row, "href");
        enum toc_kind kind = TOC_KIND_URL;
        unsigned notes = 0;
        toc_buf_clear(&out);
        enum toc_refusal refusal = toc_canon(&kind, input, &out, &notes);
        const json_t *listed = departure(departures, input);
        bool same = href.ptr == NULL
                            ? refusal != TOC_REFUSAL_NONE
                            : refusal == TOC_REFUSAL_NONE &&
                                      toc_slice_eq(toc_buf_slice(&out), expected_url(href, &want));
        if (listed != NULL) {
            ++*departed;
            same = !same && toc_slice_eq(toc_json_text(listed, "value"), toc_buf_slice(&out)) &&
                   (refusal == TOC_REFUSAL_NONE || toc_slice_is(toc_json_text(listed, "refusal"),
                                                           toc_refusal_code(refusal)));
        }
        if (!same)
            fail_msg("%s:%zu: \"%.*s\" gives \"%.*s\" %s", path, rows.line, TOC_SLICE_ARG(input),
                    TOC_SLICE_ARG(toc_buf_slice(&out)), toc_refusal_code(refusal));
    }
    toc_buf_done(&out);
    toc_buf_done(&want);
    return cases;
}

static void whatwg_urls(void **state)
{
    (void)state;
    json_t *departures = load("schemas/vectors/url-departures.jsonl");
    size_t departed = 0;
    assert_int_equal(url_cases("tests/data/url/wpt-url.jsonl", departures, &departed), 394);
    assert_int_equal(url_cases("tests/data/url/wpt-url-hosts.jsonl", departures, &departed), 44);
    assert_int_equal(departed, json_array_size(departures)); // none is listed that is none
    json_decref(departures);
}

// Spelling only: most of these names have no public suffix. A departure may be none with another version
// of libidn2; one that is not listed is a fault.
static void uts46_names(void **state)
{
    (void)state;
    json_t *departures = load("schemas/vectors/idn-departures.jsonl");
    struct unit_jsonl rows = unit_jsonl_open("tests/data/url/wpt-idn.jsonl");
    size_t same = 0, departed = 0;
    for (json_t *row; (row = unit_jsonl_next(&rows)) != NULL;) {
        struct toc_slice input = toc_json_text(row, "input"), want = toc_json_text(row, "output");
        struct toc_form form = {.len = 0};
        unsigned notes = 0;
        enum toc_refusal refusal = toc_domain_spell(input, TOC_IDN_CONVERT, &form, &notes);
        if (want.len > 0 && want.ptr[want.len - 1] == '.')
            want.len--; // canonical names have no final dot
        bool equal = want.ptr == NULL ? refusal != TOC_REFUSAL_NONE
                                      : refusal == TOC_REFUSAL_NONE &&
                                                toc_slice_eq(toc_form_slice(&form), want);
        same += equal;
        departed += !equal;
        if (!equal && departure(departures, input) == NULL)
            fail_msg("line %zu: \"%.*s\" gives \"%.*s\" %s", rows.line, TOC_SLICE_ARG(input),
                    TOC_SLICE_ARG(toc_form_slice(&form)), toc_refusal_code(refusal));
    }
    assert_true(same > 1290);
    assert_true(departed > 0);
    json_decref(departures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(whatwg_urls),
            cmocka_unit_test(uts46_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
