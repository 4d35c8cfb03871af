#include "tests/support/unit.h"

#include "lib/privacy/report.h"

static void counts_by_rule(void **state)
{
    (void)state;
    struct toc_privacy_report report = {0};
    struct toc_buf out;
    struct toc_jw w;
    toc_buf_init(&out, 4096);
    toc_privacy_report_put(&report, &out);
    assert_int_equal(out.len, 0);
    toc_privacy_report_add(&report, TOC_REFUSAL_NONE, 0);
    toc_privacy_report_add(
            &report, TOC_REFUSAL_NONE, TOC_PRIVACY_NOTE_QUERY | TOC_PRIVACY_NOTE_TAG);
    toc_privacy_report_add(&report, TOC_REFUSAL_NONE, TOC_PRIVACY_NOTE_QUERY);
    toc_privacy_report_add(
            &report, TOC_REFUSAL_PRIVACY_OWN, TOC_PRIVACY_NOTE_TAG); // refused: no note counts
    toc_privacy_report_put(&report, &out);
    assert_shows(toc_buf_cstr(&out),
            "         1  privacy.own          one of your own names or networks\n");
    assert_shows(toc_buf_cstr(&out), "         2  query-cut");
    assert_shows(toc_buf_cstr(&out), "         1  tag-dropped");
    toc_buf_clear(&out);
    toc_jw_init(&w, &out);
    toc_privacy_report_json(&report, &w);
    assert_slice(toc_buf_slice(&out), "{\"checked\":4,\"refused\":{\"privacy.own\":1},"
                                      "\"changed\":{\"query-cut\":2,\"tag-dropped\":1}}");
    toc_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_by_rule)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
