#include "tests/support/unit.h"

#include <librdkafka/rdkafka.h>

#include "lib/bus/group_meta.h"

static void what_librdkafka_writes_is_read(void **state)
{
    (void)state;
    const struct {
        int32_t generation;
        const char *member, *instance;
        enum toc_code check;
    } rows[] = {
            {7, "member-1", "hub-0", TOC_E_OK}, {0, "m", "i", TOC_E_OK},
            {-1, "", "hub-0", TOC_E_REFUSED}, // before the first join, and after losing the place
            {-1, "member-1", "hub-0", TOC_E_REFUSED}, {7, "", "hub-0", TOC_E_REFUSED},
            {7, "member-1", NULL, TOC_E_REFUSED}, // no static member: the broker would not check it
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        void *bytes;
        size_t size;
        rd_kafka_consumer_group_metadata_t *metadata =
                rd_kafka_consumer_group_metadata_new_with_genid(
                        "the group", rows[i].generation, rows[i].member, rows[i].instance);
        assert_null(rd_kafka_consumer_group_metadata_write(metadata, &bytes, &size));
        struct toc_group_meta meta;
        struct toc_err err = {0};
        assert_ok(toc_group_meta_parse(toc_slice(bytes, size), &meta, &err), err);
        assert_int_equal(meta.generation, rows[i].generation);
        assert_slice(meta.group, "the group");
        assert_slice(meta.member, rows[i].member);
        assert_slice(meta.instance, rows[i].instance);
        assert_int_equal(meta.instance.ptr == NULL, rows[i].instance == NULL);
        assert_code(toc_group_meta_check(&meta, &err), rows[i].check, err);
        if (rows[i].check != TOC_E_OK)
            assert_int_equal(err.fate, TOC_FATE_ABORT_TXN);
        // Every shorter form is refused; so is one more byte.
        for (size_t len = 0; len < size; len++)
            assert_true(toc_failed(toc_group_meta_parse(toc_slice(bytes, len), &meta, &err)));
        struct toc_buf longer;
        toc_buf_init(&longer, size + 1);
        toc_buf_put(&longer, bytes, size);
        toc_buf_put_byte(&longer, 0);
        assert_code(
                toc_group_meta_parse(toc_buf_slice(&longer), &meta, &err), TOC_E_TRUNCATED, err);
        toc_buf_done(&longer);
        rd_kafka_mem_free(NULL, bytes);
        rd_kafka_consumer_group_metadata_destroy(metadata);
    }
}

static void another_form_is_refused(void **state)
{
    (void)state;
    struct toc_group_meta meta;
    struct toc_err err = {0};
    assert_code(
            toc_group_meta_parse(TOC_S("CGMDv3:\1\0\0\0g\0m\0\1"), &meta, &err), TOC_E_SYNTAX, err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_librdkafka_writes_is_read),
            cmocka_unit_test(another_form_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
