#include "tests/support/unit.h"

#include "schemas/refusal.h"

static void names_every_code(void **state)
{
    (void)state;
    for (unsigned i = 1; i < TOC_REFUSAL_COUNT; i++) {
        enum toc_refusal refusal = (enum toc_refusal)i, found = TOC_REFUSAL_NONE;
        assert_true(toc_refusal_parse(toc_slice_of(toc_refusal_code(refusal)), &found));
        assert_int_equal(found, refusal); // so no code stands twice
        assert_true(strlen(toc_refusal_meaning(refusal)) > 0);
        assert_true(strlen(toc_refusal_todo(refusal)) > 0);
    }
}

static void knows_where_codes_stand(void **state)
{
    (void)state;
    assert_string_equal(toc_refusal_code(TOC_REFUSAL_CANON_URL_PORT), "canon.url.port");
    assert_string_equal(toc_refusal_code(TOC_REFUSAL_CANON_CIDR_HOST_BITS), "canon.cidr.host-bits");
    assert_string_equal(toc_refusal_code(TOC_REFUSAL_NONE), "");
    assert_string_equal(toc_refusal_code((enum toc_refusal)TOC_REFUSAL_COUNT), "");
    enum toc_refusal found = TOC_REFUSAL_CANON_CVE;
    assert_false(toc_refusal_parse(TOC_S(""), &found));
    assert_false(toc_refusal_parse(TOC_S("canon.url.por"), &found));
    assert_int_equal(found, TOC_REFUSAL_CANON_CVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(names_every_code),
            cmocka_unit_test(knows_where_codes_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
