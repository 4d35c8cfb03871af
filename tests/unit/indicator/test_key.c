// schemas/vectors/keys.tsv, which tests/contract/check_keys.py reproduces without our code.
#include "tests/support/unit.h"

#include "lib/base/text.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/key.h"

static struct toc_slice next_cell(struct toc_slice *line)
{
    struct toc_slice cell = toc_slice_sub(*line, 0, toc_slice_find(*line, '\t'));
    *line = toc_slice_sub(*line, cell.len + 1, SIZE_MAX);
    return cell;
}

static uint32_t number_of(struct toc_slice cell)
{
    uint64_t number = UINT64_MAX;
    assert_true(toc_parse_u64(cell, UINT32_MAX, &number));
    return (uint32_t)number;
}

static void vectors_hold(void **state)
{
    (void)state;
    struct toc_buf file = unit_read("schemas/vectors/keys.tsv");
    struct toc_slice rest = toc_buf_slice(&file);
    bool seen[TOC_KIND_CVE + 1] = {false};
    while (rest.len > 0) {
        struct toc_slice line = toc_slice_sub(rest, 0, toc_slice_find(rest, '\n'));
        rest = toc_slice_sub(rest, line.len + 1, SIZE_MAX);
        if (toc_slice_starts(line, TOC_S("#")))
            continue;
        enum toc_kind kind = TOC_KIND_UNKNOWN;
        uint8_t key[TOC_KEY_BYTES];
        char hex[TOC_KEY_HEX];
        assert_true(toc_kind_parse(next_cell(&line), &kind));
        struct toc_slice value = next_cell(&line);
        seen[kind] = true;
        assert_int_equal(toc_canon_check(kind, value), TOC_REFUSAL_NONE);
        toc_indicator_key(kind, value, key);
        toc_key_hex(key, hex);
        assert_slice(next_cell(&line), hex);
        assert_int_equal(toc_key_partition(key, 1), 0);
        assert_int_equal(toc_key_partition(key, 12), number_of(next_cell(&line)));
        assert_int_equal(toc_key_partition(key, 1000), number_of(line));
    }
    for (enum toc_kind kind = TOC_KIND_IPV4; kind <= TOC_KIND_CVE; kind++)
        assert_true(seen[kind]);
    toc_buf_done(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(vectors_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
