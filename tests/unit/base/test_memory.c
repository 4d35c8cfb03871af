// The small things under everything: slices, buffers, arenas, the reader, allocation, errors.
#include "tests/support/unit.h"

#include <stdalign.h>
#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/mem.h"
#include "lib/base/rd.h"

static void slices(void **state)
{
    (void)state;
    struct toc_slice s = TOC_S("tocsin"), none = {NULL, 0};
    assert_slice(toc_slice_sub(s, 1, 3), "ocs");
    assert_slice(toc_slice_sub(s, 4, SIZE_MAX), "in");
    assert_slice(toc_slice_sub(s, 6, 1), "");
    assert_slice(toc_slice_sub(s, SIZE_MAX, SIZE_MAX), "");
    assert_null(toc_slice_sub(none, 1, 1).ptr);
    assert_int_equal(toc_slice_find(s, 'c'), 2);
    assert_int_equal(toc_slice_find(s, 'x'), 6);
    assert_int_equal(toc_slice_find(none, 'x'), 0);
    assert_true(toc_slice_starts(s, TOC_S("toc")));
    assert_false(toc_slice_starts(s, TOC_S("tocsins")));
    assert_true(toc_slice_starts(none, none));
    assert_true(toc_slice_ends(s, TOC_S("sin")));
    assert_false(toc_slice_ends(TOC_S("in"), TOC_S("sin")));
    assert_true(toc_slice_eq(none, TOC_S("")));
    assert_true(toc_slice_is(s, "tocsin"));
    assert_false(toc_slice_is(TOC_S("toc\0in"), "toc"));
    assert_slice(toc_slice_trim(TOC_S(" \t\r\n\v\f a b \n")), "a b");
    assert_slice(toc_slice_trim(TOC_S(" \n ")), "");
    assert_true(toc_slice_eq_nocase(TOC_S("ToC[@`{"), TOC_S("tOc[@`{")));
    assert_false(toc_slice_eq_nocase(TOC_S("@["), TOC_S("`{"))); // 0x20 apart, no letters
    assert_int_equal(toc_slice_of(NULL).len, 0);
}

static void order_of_slices(void **state)
{
    (void)state;
    static const char *const sorted[] = {"", "a", "aa", "ab", "b", "\x80", "\xff"};
    for (int i = 0; i < 7; i++)
        for (int j = 0; j < 7; j++) {
            int c = toc_slice_cmp(toc_slice_of(sorted[i]), toc_slice_of(sorted[j]));
            assert_int_equal((c > 0) - (c < 0), (i > j) - (i < j));
        }
}

static void buffer_content(void **state)
{
    (void)state;
    struct toc_buf buf;
    toc_buf_init(&buf, 1000);
    assert_string_equal(toc_buf_cstr(&buf), "");
    toc_buf_put(&buf, "ab", 2);
    toc_buf_put_byte(&buf, '-');
    toc_buf_put_hex(&buf, "\x00\xfe", 2);
    toc_buf_printf(&buf, "%d%s", 42, "!");
    toc_buf_put_slice(&buf, (struct toc_slice){NULL, 0});
    assert_slice(toc_buf_slice(&buf), "ab-00fe42!");
    assert_string_equal(toc_buf_cstr(&buf), "ab-00fe42!");
    assert_int_equal(buf.len, 10); // the NUL is not counted
    toc_buf_truncate(&buf, 20);
    assert_int_equal(buf.len, 10);
    toc_buf_truncate(&buf, 2);
    assert_slice(toc_buf_slice(&buf), "ab");
    toc_buf_done(&buf);
    toc_buf_done(&buf);
    toc_buf_done(NULL);
    assert_int_equal(buf.max, 1000); // and may be used again
    toc_buf_put_text(&buf, "x");
    assert_slice(toc_buf_slice(&buf), "x");
    toc_buf_done(&buf);
}

static void buffer_limit_is_sticky(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_buf buf;
    toc_buf_init(&buf, 5);
    toc_buf_put_text(&buf, "12345");
    assert_ok(toc_buf_check(&buf, "text", &err), err);
    toc_buf_put_text(&buf, "67");
    toc_buf_truncate(&buf, 0);
    toc_buf_put_text(&buf, "8"); // would fit now: but something is missing before it
    assert_slice(toc_buf_slice(&buf), "");
    assert_code(toc_buf_check(&buf, "text", &err), TOC_E_LIMIT, err);
    assert_string_equal(err.text, "text does not fit into 5 bytes");
    assert_null(toc_buf_cstr(&buf));
    toc_buf_clear(&buf);
    toc_buf_put_text(&buf, "8");
    assert_slice(toc_buf_slice(&buf), "8");
    assert_null(toc_buf_reserve(&buf, SIZE_MAX));
    toc_buf_done(&buf);
}

static void buffer_out_of_memory(void **state)
{
    (void)state;
    struct toc_buf buf;
    toc_buf_init(&buf, 1000);
    toc_mem_fail_at(1);
    toc_buf_put_text(&buf, "x");
    assert_true(buf.failed);
    toc_buf_clear(&buf);
    toc_buf_put_text(&buf, "x");
    assert_slice(toc_buf_slice(&buf), "x");
    toc_buf_done(&buf);
}

static void arena(void **state)
{
    (void)state;
    struct toc_arena arena;
    toc_arena_init(&arena, (size_t)256 * 1024);
    for (int round = 0; round < 3; round++) {
        for (size_t n = 1; n < 200; n++) {
            uint8_t *at = toc_arena_alloc(&arena, n, 3);
            assert_non_null(at);
            assert_int_equal((uintptr_t)at % alignof(max_align_t), 0);
            for (size_t i = 0; i < n * 3; i++)
                assert_int_equal(at[i], 0);
            memset(at, 0xff, n * 3); // the next round must find zeros again
        }
        toc_arena_reset(&arena);
        assert_int_equal(arena.used, 0);
    }
    struct toc_slice copy = toc_arena_copy(&arena, TOC_S("abc"));
    assert_slice(copy, "abc");
    assert_int_equal(copy.ptr[3], 0);
    assert_non_null(toc_arena_alloc(&arena, 0, 8));
    assert_null(toc_arena_alloc(&arena, SIZE_MAX / 2, 3));
    assert_null(toc_arena_alloc(&arena, SIZE_MAX, 1));
    assert_null(toc_arena_alloc(&arena, 256 * 1024, 1)); // something is used already
    toc_mem_fail_at(1);
    assert_null(toc_arena_alloc(&arena, 100 * 1024, 1));
    assert_non_null(toc_arena_alloc(&arena, 100 * 1024, 1)); // larger than a block
    toc_arena_done(&arena);
    toc_arena_done(NULL);
}

static void reader(void **state)
{
    (void)state;
    struct toc_rd rd = toc_rd_over(TOC_S("\x01\x02\x03\x04\x05\x06\x07\x08xyz"));
    assert_int_equal(toc_rd_le(&rd, 2), 0x0201);
    assert_int_equal(toc_rd_be(&rd, 2), 0x0304);
    assert_int_equal(toc_rd_be(&rd, 4), 0x05060708);
    assert_false(toc_rd_finished(&rd)); // bytes are left
    assert_slice(toc_rd_bytes(&rd, 2), "xy");
    assert_int_equal(toc_rd_byte(&rd), 'z');
    assert_true(toc_rd_finished(&rd));
    assert_int_equal(toc_rd_byte(&rd), 0);
    assert_false(toc_rd_ok(&rd));
    assert_false(toc_rd_finished(&rd));
    struct toc_rd short_one = toc_rd_over(TOC_S("\x01\x02"));
    assert_int_equal(toc_rd_le(&short_one, 4), 0);
    assert_int_equal(toc_rd_byte(&short_one), 0); // sticky, although bytes are left
    struct toc_rd huge = toc_rd_over(TOC_S("ab"));
    assert_null(toc_rd_bytes(&huge, SIZE_MAX).ptr);
    struct toc_rd empty = toc_rd_over((struct toc_slice){NULL, 0});
    assert_true(toc_rd_finished(&empty));
}

static void allocation(void **state)
{
    (void)state;
    int *items = NULL;
    size_t cap = 0;
    assert_int_equal(toc_mem_grow((void **)&items, &cap, 3, sizeof *items), 0);
    assert_int_equal(cap, 8);
    assert_int_equal(toc_mem_grow((void **)&items, &cap, 100, sizeof *items), 0);
    assert_int_equal(cap, 128);
    items[99] = 7;
    assert_int_equal(toc_mem_grow((void **)&items, &cap, SIZE_MAX, sizeof *items), -1);
    assert_int_equal(toc_mem_grow((void **)&items, &cap, SIZE_MAX / 2, sizeof *items), -1);
    toc_mem_fail_at(1);
    assert_int_equal(toc_mem_grow((void **)&items, &cap, 129, sizeof *items), -1);
    assert_int_equal(items[99], 7); // untouched
    toc_mem_free(items);
    assert_null(toc_mem_resize(NULL, SIZE_MAX, 2));
    assert_null(toc_mem_alloc(SIZE_MAX, 2));
    char *copy = toc_mem_dup("ab\0c", 4);
    assert_memory_equal(copy, "ab\0c\0", 5);
    toc_mem_free(copy);
    toc_mem_fail_at(2);
    copy = toc_mem_strdup("x");
    assert_non_null(copy);
    assert_null(toc_mem_strdup("x"));
    toc_mem_free(copy);
    toc_mem_free(NULL);
}

static toc_rc inner(struct toc_err *err)
{
    TOC_ENSURE(1 + 1 == 3, err, TOC_E_RANGE, "line\n%d\x1b[31m", 7);
    return TOC_OK;
}

static toc_rc outer(struct toc_err *err)
{
    TOC_TRY(inner(err));
    return TOC_OK;
}

static void errors(void **state)
{
    (void)state;
    struct toc_err err = {0};
    assert_code(outer(&err), TOC_E_RANGE, err);
    assert_string_equal(err.text, "line?7?[31m");
    assert_int_equal(err.fate, TOC_FATE_RECORD);
    toc_rc rc = toc_err_context((toc_rc){TOC_E_RANGE}, &err, "file %s", "x");
    assert_int_equal(rc.code, TOC_E_RANGE);
    assert_string_equal(err.text, "file x: line?7?[31m");
    assert_false(toc_failed(toc_err_context(TOC_OK, &err, "no")));
    assert_string_equal(err.text, "file x: line?7?[31m");
    for (int i = 0; i < 100; i++) // a long chain is cut, never overrun
        rc = toc_err_context(rc, &err, "step %d", i);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_shows(err.text, "step 99: step 98: ");
    rc = toc_fail_fate(&err, TOC_FATE_FATAL, TOC_E_STATE, "%s", "gone");
    assert_int_equal(err.fate, TOC_FATE_FATAL);
    assert_int_equal(toc_fail(NULL, TOC_E_IO, "x").code, TOC_E_IO);
    assert_int_equal(toc_err_context(rc, NULL, "x").code, TOC_E_STATE);
}

static void code_names(void **state)
{
    (void)state;
    assert_string_equal(toc_code_name(TOC_E_OK), "ok");
    assert_string_equal(toc_code_name(TOC_E_NOTFOUND), "not-found");
    assert_string_equal(toc_code_name(TOC_E_STATE), "state");
    assert_string_equal(toc_code_name((enum toc_code)999), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(slices),
            cmocka_unit_test(order_of_slices),
            cmocka_unit_test(buffer_content),
            cmocka_unit_test(buffer_limit_is_sticky),
            cmocka_unit_test(buffer_out_of_memory),
            cmocka_unit_test(arena),
            cmocka_unit_test(reader),
            cmocka_unit_test(allocation),
            cmocka_unit_test(errors),
            cmocka_unit_test(code_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
