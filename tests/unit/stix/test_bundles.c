// Whole bundles: what real publishers write, what the OASIS validator's tests hold, and our own output.
#include "tests/unit/stix/reading.h"

#include "lib/stix/write.h"

static size_t lines_with(const struct reading *r, const char *part)
{
    size_t count = 0;
    for (const char *at = (const char *)r->lines.ptr; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

// Counts of a plain look at the files (indicators by the shape of their pattern), not of our reader.
static void real_publishers(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        size_t asserts, sights, refused;
        const char *holds;
    } rows[] = {
            {"tests/data/stix/unit42-playful-taurus.json", 5, 0, 0,
                    "assert domain update.adobeonline.net green #malicious-activity "
                    "ref=report|report--19ba3ecc-3a38-427b-9eb6-83eed94771de|https://"
                    "www.linkedin.com/posts/"
                    "unit42_playfultaurus-unit42threatintel-apts-activity-7178097070908608514-"
                    "40G6\n"},
            {"tests/data/stix/unit42-doppelpaymer.json", 31, 0, 0, "#campaign:"},
            {"tests/data/stix/misp-cloudmensis.json", 0, 9, 8,
                    "sight sha1 c3e48c2a2d43c752121e55b909fc705fe4fdaef6 green "
                    "same-file-as=202de13ae48ea82910170718c7291b2c "
                    "same-file-as=b8a61adccefb13b7058e47edcd10a127c483403cf38f7ece126954e95e86f2bd "
                    "ref=report|grouping--7a1f92cb-"},
            {"tests/data/stix/misp-sshdoor-crait.json", 0, 6, 3, "! stix.role ipv4-addr\n"},
            {"tests/data/stix/indicators-for-C2-with-COA.json", 2, 0, 0,
                    "assert sha256 "
                    "ef537f25c895bfa782526529a9b63d97aa631564d5d789c2b765448c8635fb6c green "
                    "#malware:poison-ivy #malicious-activity\n"},
            {"tests/data/stix/indicator-to-campaign-relationship.json", 1, 0, 0,
                    "#campaign:operation-omega"},
    };
    UNIT_EACH(const __typeof__(*rows), row, rows)
    {
        struct reading r;
        reading_init(&r, false);
        reading_file(&r, row->path, &reading_green);
        toc_buf_put_byte(&r.lines, '\0');
        assert_shows((const char *)r.lines.ptr, row->holds);
        assert_int_equal(lines_with(&r, "assert "), row->asserts);
        assert_int_equal(lines_with(&r, "sight "), row->sights);
        assert_int_equal(lines_with(&r, "! "), row->refused);
        assert_int_equal(r.counts.observations, row->asserts + row->sights);
        assert_int_equal(r.counts.refused, row->refused);
        reading_done(&r);
    }
}

// One object (or bundle) of a JSON Lines row, as a reading.
static void read_row(struct reading *r, const json_t *object)
{
    json_t *array = json_array();
    bool bundle = toc_slice_is(toc_json_text(object, "type"), "bundle");
    json_array_append(array, (json_t *)(uintptr_t)object);
    reading_init(r, false);
    reading_of(r, bundle ? object : array, &reading_green);
    json_decref(array);
}

static void each_row(const char *path, void (*check)(const json_t *row))
{
    struct toc_buf file = unit_read(path);
    struct toc_slice rest = toc_buf_slice(&file);
    struct toc_err err = {0};
    while (rest.len > 0) {
        size_t len = toc_slice_find(rest, '\n');
        json_t *row = NULL;
        assert_ok(toc_json_parse(toc_slice_sub(rest, 0, len), &row, &err), err);
        check(row);
        json_decref(row);
        rest = toc_slice_sub(rest, len + 1, rest.len);
    }
    toc_buf_done(&file);
}

// What breaks a MUST but stands in a property the reader takes nothing from, with the reason. Everything
// else that breaks a MUST gives no observation, or is told (refused) beside what is sound.
static const char *const not_looked_at[] = {
        "observed_data_tests.py::ObservedDataTestCases::test_"
        "artifact_mime_type", // mime_type, payload
        "observed_data_tests.py::ObservedDataTestCases::test_"
        "directory_character_set", // path_enc
        "observed_data_tests.py::ObservedDataTestCases::test_file_"
        "character_set", // name_enc
        "observed_data_tests.py::ObservedDataTestCases::test_hash_"
        "length", // another hash's name
        "observed_data_tests.py::ObservedDataTestCases::test_"
        "invalid_extension_timestamp",
        "observed_data_tests.py::ObservedDataTestCases::test_"
        "invalid_observable_embedded_timestamp",
        "observed_data_tests.py::ObservedDataTestCases::test_"
        "observable_object_reserved_property",
        "observed_data_tests.py::ObservedDataTestCases::test_"
        "windows_registry_key_truncated",
        "indicator_tests.py::IndicatorTestCases::test_invalid_lang", // lang
        "indicator_tests.py::IndicatorTestCases::test_invalid_"
        "pattern", // hashes."SHA-256", as publishers write
        "vulnerability_tests.py::VulnerabilityTestCases::test_"
        "incorrect_cve_format_lowercase", // canonical anyway
        "vulnerability_tests.py::VulnerabilityTestCases::test_"
        "invalid_timestamp", // parts of a millisecond
};

static bool is_excused(struct toc_slice id)
{
    for (size_t i = 0; i < sizeof not_looked_at / sizeof *not_looked_at; i++) {
        struct toc_slice name = toc_slice_of(not_looked_at[i]);
        if (toc_slice_starts(id, name) && id.len > name.len && id.ptr[name.len] == '#')
            return true;
    }
    return false;
}

static size_t invalid, excused;

static void invalid_is_refused(const json_t *row)
{
    struct reading r;
    if (!toc_slice_is(toc_json_text(row, "verdict"), "invalid"))
        return;
    read_row(&r, json_object_get(row, "object"));
    invalid++;
    if (r.counts.observations > 0 && r.counts.refused == 0) {
        struct toc_slice id = toc_json_text(row, "id");
        if (!is_excused(id))
            print_error("taken: %.*s\n%.*s", TOC_SLICE_ARG(id), (int)r.lines.len,
                    (const char *)r.lines.ptr);
        assert_true(is_excused(id));
        excused++;
    }
    reading_done(&r);
}

static void valid_is_no_fault(const json_t *row)
{
    struct reading r;
    struct toc_slice verdict = toc_json_text(row, "verdict");
    if (toc_slice_is(verdict, "invalid") ||
            (verdict.ptr == NULL && !toc_json_true(row, "must_valid")))
        return;
    read_row(&r, json_object_get(row, "object"));
    if (r.refused[TOC_REFUSAL_STIX_PROPERTY] + r.refused[TOC_REFUSAL_STIX_PATTERN] > 0)
        print_error("%s\n%.*s", json_string_value(json_object_get(row, "id")), (int)r.lines.len,
                (const char *)r.lines.ptr);
    assert_int_equal(r.refused[TOC_REFUSAL_STIX_PROPERTY], 0);
    assert_int_equal(r.refused[TOC_REFUSAL_STIX_PATTERN], 0);
    reading_done(&r);
}

static void verdicts_of_oasis(void **state)
{
    (void)state;
    invalid = excused = 0;
    each_row("tests/data/stix/validity-20.jsonl", invalid_is_refused);
    each_row("tests/data/stix/validity-21.jsonl", invalid_is_refused);
    assert_int_equal(invalid, 41 + 75);
    assert_int_equal(excused, 16);
    each_row("tests/data/stix/validity-20.jsonl", valid_is_no_fault);
    each_row("tests/data/stix/validity-21.jsonl", valid_is_no_fault);
    each_row("tests/data/stix/spec-examples.jsonl", valid_is_no_fault);
}

// ---- our own output --------------------------------------------------------------------------

static const struct {
    enum toc_kind kind;
    const char *value;
} values[] = {
        {TOC_KIND_IPV4, "45.9.148.3"},
        {TOC_KIND_IPV6, "2a01:4f8::1"},
        {TOC_KIND_CIDR, "45.9.148.0/24"},
        {TOC_KIND_CIDR, "2a01:4f8::/32"},
        {TOC_KIND_ENDPOINT, "45.9.148.3:8443"},
        {TOC_KIND_DOMAIN, "evil.com"},
        {TOC_KIND_URL, "http://evil.com/a'b"},
        {TOC_KIND_EMAIL, "o'neil@evil.com"},
        {TOC_KIND_MD5, "d41d8cd98f00b204e9800998ecf8427e"},
        {TOC_KIND_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {TOC_KIND_SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {TOC_KIND_SHA512, "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                          "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
        {TOC_KIND_CVE, "CVE-2021-44228"},
};
#define VALUES (sizeof values / sizeof *values)

static void indicator(struct toc_indicator *x, size_t i)
{
    toc_indicator_init(x);
    x->kind = values[i].kind;
    x->value = toc_slice_of(values[i].value);
    x->born = INT64_C(1750000000000);
    x->n = 2;
    x->now.status = TOC_STATUS_ACTIVE;
    x->now.confidence = 80;
}

static json_t *own_bundle(void)
{
    const struct toc_stix_bundle bundle = {"green", TOC_MARKING_GREEN, INT64_C(1760000000000)};
    struct toc_buf out;
    struct toc_jw w;
    struct toc_err err = {0};
    json_t *json = NULL;
    toc_buf_init(&out, 1 << 20);
    toc_jw_init(&w, &out);
    toc_stix_bundle_open(&w, &bundle);
    for (size_t i = 0; i < VALUES; i++) {
        struct toc_indicator x;
        indicator(&x, i);
        toc_stix_write_indicator(&w, &bundle, &x, INT64_C(1760000000000));
    }
    toc_stix_bundle_close(&w);
    assert_ok(toc_json_parse(toc_buf_slice(&out), &json, &err), err);
    toc_buf_done(&out);
    return json;
}

static void round_trip(void **state)
{
    (void)state;
    json_t *bundle = own_bundle();
    struct toc_stix_options take = reading_green;
    struct reading r;
    struct toc_buf want;
    take.take_echo = true;
    toc_buf_init(&want, 1 << 16);
    for (size_t i = 0; i < VALUES; i++)
        toc_buf_printf(
                &want, "assert %s %s green\n", toc_kind_symbol(values[i].kind), values[i].value);
    reading_init(&r, true);
    reading_of(&r, bundle, &take);
    assert_slices_equal(toc_buf_slice(&r.lines), toc_buf_slice(&want));
    reading_done(&r);
    toc_buf_done(&want);
    json_decref(bundle);
}

// The hub's own words are no evidence, even with the author, the labels, or both taken off.
static void echo_is_refused(void **state)
{
    (void)state;
    for (int without = 0; without < 4; without++) {
        json_t *bundle = own_bundle();
        struct reading r;
        size_t i;
        json_t *object;
        json_array_foreach(json_object_get(bundle, "objects"), i, object)
        {
            if (without & 1)
                json_object_del(object, "created_by_ref");
            if (without & 2)
                json_object_del(object, "labels");
        }
        reading_init(&r, true);
        reading_of(&r, bundle, &reading_green);
        assert_int_equal(r.counts.observations, 0);
        assert_int_equal(r.refused[TOC_REFUSAL_READ_ECHO], VALUES);
        reading_done(&r);
        json_decref(bundle);
    }
}

static json_t *written(const struct toc_indicator *x, int64_t published)
{
    const struct toc_stix_bundle bundle = {"green", TOC_MARKING_GREEN, 1};
    struct toc_buf out;
    struct toc_jw w;
    struct toc_err err = {0};
    json_t *json = NULL;
    toc_buf_init(&out, 1 << 16);
    toc_jw_init(&w, &out);
    toc_stix_write_indicator(&w, &bundle, x, published);
    assert_ok(toc_json_parse(toc_buf_slice(&out), &json, &err), err);
    toc_buf_done(&out);
    return json;
}

static void expect(
        const struct toc_indicator *x, int64_t published, const char *name, const char *want)
{
    json_t *json = written(x, published);
    if (want == NULL)
        assert_null(json_object_get(json, name));
    else
        assert_slice(toc_json_text(json, name), want);
    json_decref(json);
}

static void versions_and_validity(void **state)
{
    (void)state;
    struct toc_indicator x;
    indicator(&x, 5);
    x.n = 1;
    expect(&x, 0, "created", "2025-06-15T15:06:40.000Z");
    expect(&x, 0, "modified", "2025-06-15T15:06:40.000Z");
    expect(&x, INT64_C(1750000005000), "modified", "2025-06-15T15:06:45.000Z");
    x.n = 3; // a second revision within one tick is a later version, too
    expect(&x, INT64_C(1750000005000), "modified", "2025-06-15T15:06:45.002Z");
    expect(&x, 0, "valid_from", "2025-06-15T15:06:40.000Z");
    expect(&x, 0, "valid_until", NULL);
    x.now.first_seen = INT64_C(1740000000000);
    x.has_drop_after = true;
    x.drop_after = INT64_C(1760000000000);
    expect(&x, 0, "valid_from", "2025-02-19T21:20:00.000Z");
    expect(&x, 0, "valid_until", "2025-10-09T08:53:20.000Z");
    x.drop_after = 5; // not behind valid_from: no validity at all would be said
    expect(&x, 0, "valid_until", NULL);
    expect(&x, 0, "id", "indicator--7f3ddf7e-8274-5b29-a546-06cecad1aa3b");
    json_t *json = written(&x, 0);
    assert_false(toc_json_true(json, "revoked"));
    json_decref(json);
    x.now.status = TOC_STATUS_WITHDRAWN;
    json = written(&x, 0);
    assert_true(toc_json_true(json, "revoked"));
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(real_publishers),
            cmocka_unit_test(verdicts_of_oasis),
            cmocka_unit_test(round_trip),
            cmocka_unit_test(echo_is_refused),
            cmocka_unit_test(versions_and_validity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
