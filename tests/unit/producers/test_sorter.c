#include "tests/support/unit.h"

#include <unistd.h>

#include "producers/runner/sorter.h"

// Associative, and it shows the order: the texts one behind the other.
static toc_rc join(void *ctx, struct toc_slice older, struct toc_slice newer, struct toc_buf *out,
        struct toc_err *err)
{
    (void)ctx;
    (void)err;
    toc_buf_put_slice(out, older);
    toc_buf_put_slice(out, newer);
    return TOC_OK;
}

static void key_of(uint32_t number, uint8_t out[TOC_SORT_KEY_BYTES])
{
    memset(out, 0, TOC_SORT_KEY_BYTES);
    for (size_t i = 0; i < 4; i++)
        out[i] = (uint8_t)(number >> (24 - 8 * i));
}

static uint32_t number_of(const uint8_t *key)
{
    return (uint32_t)key[0] << 24 | (uint32_t)key[1] << 16 | (uint32_t)key[2] << 8 | key[3];
}

// `count` entries under keys 0 .. keys-1, each with its ordinal as text; every key must come out once, in
// order, with its ordinals in the order of adding.
static void sort_and_check(size_t memory, uint32_t count, uint32_t keys)
{
    char dir[TOC_PATH_BYTES_MAX];
    struct toc_sorter *sorter = NULL;
    struct toc_err err = {0};
    uint8_t key[TOC_SORT_KEY_BYTES];
    unit_temp_dir(dir);
    struct toc_sorter_options options = {.dir = dir, .memory_bytes = memory, .merge = join};
    assert_ok(toc_sorter_new(&options, &sorter, &err), err);
    for (uint32_t i = 0; i < count; i++) {
        char text[16];
        key_of((uint32_t)((uint64_t)i * 7919 % keys), key);
        snprintf(text, sizeof text, "%u,", (unsigned)i);
        assert_ok(toc_sorter_add(sorter, key, toc_slice_of(text), &err), err);
    }
    struct toc_sorted entry;
    bool more = true;
    uint32_t seen = 0;
    struct toc_buf want;
    toc_buf_init(&want, TOC_SORT_ENTRY_BYTES_MAX);
    assert_ok(toc_sorter_next(sorter, &entry, &more, &err), err);
    for (; more; seen++) {
        assert_int_equal(number_of(entry.key), seen);
        toc_buf_clear(&want);
        for (uint32_t i = 0; i < count; i++)
            if ((uint64_t)i * 7919 % keys == seen)
                toc_buf_printf(&want, "%u,", (unsigned)i);
        assert_slices_equal(entry.bytes, toc_buf_slice(&want));
        assert_ok(toc_sorter_next(sorter, &entry, &more, &err), err);
    }
    assert_int_equal(seen, keys < count ? keys : count);
    toc_buf_done(&want);
    toc_sorter_free(sorter);
    assert_int_equal(rmdir(dir), 0); // nothing is left behind
}

static void test_in_memory(void **state)
{
    (void)state;
    sort_and_check(1 << 20, 1000, 100);
    sort_and_check(1 << 20, 1, 1);
}

static void test_runs(void **state)
{
    (void)state;
    sort_and_check(4096, 3000, 500);
}

// 512 bytes a run: some hundred runs, so that levels are lifted twice.
static void test_levels(void **state)
{
    (void)state;
    sort_and_check(512, 4000, 300);
    sort_and_check(512, 3000, 3);
}

static void test_empty(void **state)
{
    (void)state;
    char dir[TOC_PATH_BYTES_MAX];
    struct toc_sorter *sorter = NULL;
    struct toc_sorted entry;
    struct toc_err err = {0};
    bool more = true;
    unit_temp_dir(dir);
    struct toc_sorter_options options = {.dir = dir, .memory_bytes = 4096, .merge = join};
    assert_ok(toc_sorter_new(&options, &sorter, &err), err);
    assert_ok(toc_sorter_next(sorter, &entry, &more, &err), err);
    assert_false(more);
    toc_sorter_free(sorter);
    assert_int_equal(rmdir(dir), 0);
}

static toc_rc refuse(void *ctx, struct toc_slice older, struct toc_slice newer, struct toc_buf *out,
        struct toc_err *err)
{
    (void)ctx;
    (void)older;
    (void)newer;
    (void)out;
    return toc_fail(err, TOC_E_STATE, "as asked");
}

// A failing merge ends the sort with its reason; a folder that is not there too.
static void test_failures(void **state)
{
    (void)state;
    char dir[TOC_PATH_BYTES_MAX];
    struct toc_sorter *sorter = NULL;
    struct toc_sorted entry;
    struct toc_err err = {0};
    uint8_t key[TOC_SORT_KEY_BYTES] = {0};
    bool more = true;
    unit_temp_dir(dir);
    struct toc_sorter_options options = {.dir = dir, .memory_bytes = 4096, .merge = refuse};
    assert_ok(toc_sorter_new(&options, &sorter, &err), err);
    assert_ok(toc_sorter_add(sorter, key, TOC_S("a"), &err), err);
    assert_ok(toc_sorter_add(sorter, key, TOC_S("b"), &err), err);
    assert_code(toc_sorter_next(sorter, &entry, &more, &err), TOC_E_STATE, err);
    toc_sorter_free(sorter);
    assert_int_equal(rmdir(dir), 0);
    assert_ok(toc_sorter_new(&options, &sorter, &err), err);
    assert_ok(toc_sorter_add(sorter, key, TOC_S("a"), &err), err);
    assert_code(toc_sorter_next(sorter, &entry, &more, &err), TOC_E_IO, err);
    toc_sorter_free(sorter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_in_memory),
            cmocka_unit_test(test_runs),
            cmocka_unit_test(test_levels),
            cmocka_unit_test(test_empty),
            cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
