#include "tests/support/unit.h"

#include "producers/runner/receipts.h"
#include "schemas/receipt.h"

static const uint8_t writer[8] = {1, 2, 3};

static struct toc_receipts *open_receipts(void)
{
    struct toc_receipts_options options = {.member = "m", .writer = writer};
    struct toc_receipts *receipts = NULL;
    struct toc_err err = {0};
    assert_ok(toc_receipts_open(&options, &receipts, &err), err);
    return receipts;
}

static void expect(struct toc_receipts *r, int64_t seq, int32_t index, int32_t observations)
{
    struct toc_err err = {0};
    assert_ok(toc_receipts_expect(r, seq, index, observations, &err), err);
}

static struct toc_receipt receipt_of(int64_t seq, int32_t index)
{
    struct toc_receipt receipt;
    toc_receipt_init(&receipt);
    receipt.member = TOC_S("m");
    memcpy(receipt.writer, writer, sizeof writer);
    receipt.seq = seq;
    receipt.index = index;
    return receipt;
}

static void take(struct toc_receipts *r, const struct toc_receipt *receipt)
{
    struct toc_buf value;
    struct toc_err err = {0};
    toc_buf_init(&value, 65536);
    toc_receipt_put(receipt, &value);
    assert_ok(toc_receipts_take(r, toc_buf_slice(&value), &err), err);
    toc_buf_done(&value);
}

static void test_sums(void **state)
{
    (void)state;
    struct toc_receipts *r = open_receipts();
    const struct toc_receipts_sums *sums = toc_receipts_sums(r);
    expect(r, 1, 0, 10);
    expect(r, 1, 1, 5);
    expect(r, 2, 70, 3);
    assert_int_equal(sums->sent, 18);
    assert_int_equal(sums->segments_missing, 3);
    assert_false(toc_receipts_all_accepted(sums));

    struct toc_refused_observation refusals[] = {
            {.observation = 1, .code = TOC_S("canon.url.port")},
            {.observation = 4, .code = TOC_S("limit.unheard")}};
    struct toc_receipt receipt = receipt_of(1, 0);
    receipt.changed = 6;
    receipt.unchanged = 2;
    receipt.quarantined = 2;
    receipt.refusals = refusals;
    receipt.refusals_count = 2;
    take(r, &receipt);
    take(r, &receipt); // route may repeat: counted once
    assert_int_equal(sums->changed, 6);
    assert_int_equal(sums->quarantined, 2);
    assert_int_equal(sums->refused[TOC_REFUSAL_CANON_URL_PORT], 1);
    assert_int_equal(sums->refused_unknown, 1);

    receipt = receipt_of(1, 1);
    receipt.quarantined = 5;
    receipt.code = TOC_S("segment.suspended");
    take(r, &receipt);
    assert_int_equal(sums->refused[TOC_REFUSAL_SEGMENT_SUSPENDED], 5);

    struct toc_position before = {.seq = 1, .index = 3};
    receipt = receipt_of(2, 70);
    receipt.repeated = 3;
    receipt.missing_after = &before;
    receipt.alarm = TOC_S("key-in-use-twice");
    take(r, &receipt);
    assert_int_equal(sums->repeated, 3);
    assert_int_equal(sums->segments_missing, 0);
    assert_true(sums->gap && sums->alarm);
    assert_int_equal(
            sums->sent, sums->changed + sums->unchanged + sums->quarantined + sums->repeated);
    assert_false(toc_receipts_all_accepted(sums));
    toc_receipts_close(r);
}

// Receipts of others, of other submissions and of segments not sent now change nothing.
static void test_foreign(void **state)
{
    (void)state;
    struct toc_receipts *r = open_receipts();
    const struct toc_receipts_sums *sums = toc_receipts_sums(r);
    expect(r, 1, 3, 10);
    struct toc_receipt receipt = receipt_of(1, 3);
    receipt.changed = 10;
    receipt.writer[0] ^= 1;
    take(r, &receipt);
    receipt = receipt_of(2, 3);
    receipt.changed = 10;
    take(r, &receipt);
    receipt = receipt_of(1, 2);
    receipt.changed = 10;
    take(r, &receipt);
    receipt = receipt_of(1, 100000);
    take(r, &receipt);
    receipt = receipt_of(1, -1);
    take(r, &receipt);
    assert_int_equal(sums->changed, 0);
    assert_int_equal(sums->segments_missing, 1);
    receipt = receipt_of(1, 3);
    receipt.unchanged = 10;
    take(r, &receipt);
    assert_true(toc_receipts_all_accepted(sums));
    toc_receipts_close(r);
}

static void test_broken(void **state)
{
    (void)state;
    struct toc_receipts *r = open_receipts();
    struct toc_err err = {0};
    struct toc_buf value;
    expect(r, 1, 0, 1);
    assert_code(toc_receipts_take(r, TOC_S("nonsense"), &err), TOC_E_SCHEMA, err);
    struct toc_receipt receipt = receipt_of(1, 0);
    receipt.changed = -5;
    toc_buf_init(&value, 1024);
    toc_receipt_put(&receipt, &value);
    assert_code(toc_receipts_take(r, toc_buf_slice(&value), &err), TOC_E_RANGE, err);
    assert_int_equal(toc_receipts_sums(r)->segments_missing, 1);
    toc_buf_done(&value);
    toc_receipts_close(r);
}

static void test_print(void **state)
{
    (void)state;
    struct toc_receipts_sums sums = {.sent = 10,
            .changed = 4,
            .unchanged = 1,
            .quarantined = 3,
            .repeated = 2,
            .segments = 2,
            .gap = true,
            .alarm = true};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    sums.refused[TOC_REFUSAL_CANON_IPV4] = 3;
    toc_receipts_print(&sums, out);
    fclose(out);
    static const char *const parts[] = {"sent               10", "accepted            5",
            "changed           4", "quarantined         3",
            "3  canon.ipv4: ", "repeated            2", "earlier segments", "ALARM"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_shows(text, parts[i]);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_sums),
            cmocka_unit_test(test_foreign),
            cmocka_unit_test(test_broken),
            cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
