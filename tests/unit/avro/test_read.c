#include "tests/support/unit.h"

#include "lib/avro/frame.h"
#include "lib/base/text.h"
#include "tests/unit/avro/sample.h"

#define ARENA_BYTES ((size_t)1 << 20)

// Sample up to `inner` ("flag small large when text raw colour mark inner"), each field at zero or empty.
#define HEAD "00 00 00 00 00 00 00 00000000 0000"
#define NULLS "00 00 00 00 00 00 00 00"

// Bytes of a text of hex digits; blanks are skipped.
static struct toc_slice bytes_of(const char *hex, uint8_t out[256])
{
    char digits[512];
    size_t len = 0;
    for (const char *c = hex; *c != '\0'; c++)
        if (*c != ' ')
            digits[len++] = *c;
    assert_true(toc_parse_hex(toc_slice(digits, len), out, len / 2));
    return toc_slice(out, len / 2);
}

// An exact copy on the heap, so that the sanitizer sees a byte read too many.
static toc_rc decode(
        struct toc_slice body, struct toc_arena *arena, struct toc_sample *out, struct toc_err *err)
{
    uint8_t *copy = malloc(body.len == 0 ? 1 : body.len);
    assert_non_null(copy);
    memcpy(copy, body.ptr, body.len);
    toc_rc rc =
            toc_sample_decode(toc_slice(copy, body.len), toc_sample_fingerprint, arena, out, err);
    free(copy);
    return rc;
}

static const struct row {
    const char *name, *hex;
    enum toc_code code;
} hostile[] = {
        {"nothing", "", TOC_E_TRUNCATED},
        {"smallest", HEAD NULLS "00 00 00 00 00 00", TOC_E_OK},
        {"a byte too many", HEAD NULLS "00 00 00 00 00 00 00", TOC_E_TRUNCATED},
        {"boolean 2", "02 00 00 00 00 00 00 00000000 0000" NULLS "00 00 00 00 00 00", TOC_E_SYNTAX},
        {"boolean 7 in a list", HEAD NULLS "0207 00 00 00 00 00 00", TOC_E_SYNTAX},
        {"int of 32 bits", "00 ffffffff0f 00 00 00 00 00 00000000 0000" NULLS "00 00 00 00 00 00",
                TOC_E_OK},
        {"int of 33 bits", "00 8080808010 00 00 00 00 00 00000000 0000" NULLS "00 00 00 00 00 00",
                TOC_E_RANGE},
        {"long of ten bytes",
                "00 00 ffffffffffffffffff01 00 00 00 00 00000000 0000" NULLS "00 00 00 00 00 00",
                TOC_E_OK},
        {"long of 65 bits",
                "00 00 ffffffffffffffffff02 00 00 00 00 00000000 0000" NULLS "00 00 00 00 00 00",
                TOC_E_RANGE},
        {"long of eleven bytes",
                "00 00 ffffffffffffffffffff01 00 00 00 00 00000000 0000" NULLS "00 00 00 00 00 00",
                TOC_E_RANGE},
        {"long that never ends", "00 00 80", TOC_E_TRUNCATED},
        {"text longer than maxBytes",
                "00 00 00 00 16 6161616161616161616161 00 00 00000000 0000" NULLS
                "00 00 00 00 00 00",
                TOC_E_LENGTH},
        {"text as long as maxBytes",
                "00 00 00 00 14 61616161616161616161 00 00 00000000 0000" NULLS "00 00 00 00 00 00",
                TOC_E_OK},
        {"text longer than the input", "00 00 00 00 14 6161", TOC_E_TRUNCATED},
        {"text of length -1", "00 00 00 00 01 00 00 00000000 0000" NULLS "00 00 00 00 00 00",
                TOC_E_LENGTH},
        {"text of length INT64_MIN", "00 00 00 00 ffffffffffffffffff01 00", TOC_E_LENGTH},
        {"text of length INT64_MAX", "00 00 00 00 feffffffffffffffff01 00", TOC_E_LENGTH},
        {"text that is not UTF-8",
                "00 00 00 00 02 ff 00 00 00000000 0000" NULLS "00 00 00 00 00 00", TOC_E_SYNTAX},
        {"text of a surrogate",
                "00 00 00 00 06 eda080 00 00 00000000 0000" NULLS "00 00 00 00 00 00",
                TOC_E_SYNTAX},
        {"text with an overlong NUL",
                "00 00 00 00 04 c080 00 00 00000000 0000" NULLS "00 00 00 00 00 00", TOC_E_SYNTAX},
        {"text of nine bytes, the last high",
                "00 00 00 00 12 6161616161616161c3 00 00 00000000 0000" NULLS "00 00 00 00 00 00",
                TOC_E_SYNTAX},
        {"bytes need not be UTF-8",
                "00 00 00 00 00 02 ff 00 00000000 0000" NULLS "00 00 00 00 00 00", TOC_E_OK},
        {"enum beyond the last symbol",
                "00 00 00 00 00 00 06 00000000 0000" NULLS "00 00 00 00 00 00", TOC_E_RANGE},
        {"enum -1", "00 00 00 00 00 00 01 00000000 0000" NULLS "00 00 00 00 00 00", TOC_E_RANGE},
        {"enum 2^32", "00 00 00 00 00 00 8080808020 00000000 0000" NULLS "00 00 00 00 00 00",
                TOC_E_RANGE},
        {"fixed cut off", "00 00 00 00 00 00 00 000000", TOC_E_TRUNCATED},
        {"union branch 2",
                HEAD "04 00 00 00 00 00 00 00"
                     "00 00 00 00 00 00",
                TOC_E_RANGE},
        {"union branch -1",
                HEAD "01 00 00 00 00 00 00 00"
                     "00 00 00 00 00 00",
                TOC_E_RANGE},
        {"union branch without its value", HEAD "02", TOC_E_TRUNCATED},
        {"list in two blocks", HEAD NULLS "02 01 02 00 00 00 00 00 00 00", TOC_E_OK},
        {"list with a byte size", HEAD NULLS "03 04 0101 00 00 00 00 00 00", TOC_E_OK},
        {"list of sized blocks", HEAD NULLS "01 02 01 01 02 00 00 00 00 00 00 00", TOC_E_OK},
        {"list with too small a byte size", HEAD NULLS "03 02 0101 00 00 00 00 00 00",
                TOC_E_SYNTAX},
        {"list with too large a byte size", HEAD NULLS "03 06 0101 00 00 00 00 00 00",
                TOC_E_SYNTAX},
        {"list with a byte size beyond the input", HEAD NULLS "03 7e 0101 00 00 00 00 00 00",
                TOC_E_TRUNCATED},
        {"list with a negative byte size", HEAD NULLS "03 01 0101 00 00 00 00 00 00",
                TOC_E_TRUNCATED},
        {"list with a byte size cut off", HEAD NULLS "03", TOC_E_TRUNCATED},
        {"list of INT64_MIN", HEAD NULLS "ffffffffffffffffff01 02 00 00 00 00 00 00 00",
                TOC_E_LIMIT},
        {"list of INT64_MAX", HEAD NULLS "feffffffffffffffff01 00", TOC_E_LIMIT},
        {"list of 2^32 + 1", HEAD NULLS "8280808020 00", TOC_E_LIMIT},
        {"list of 4 where 3 is most", HEAD NULLS "08 01010101 00 00 00 00 00 00", TOC_E_LIMIT},
        {"list of 2 + 2 where 3 is most", HEAD NULLS "04 0101 04 0101 00 00 00 00 00 00",
                TOC_E_LIMIT},
        {"list of more items than bytes", HEAD NULLS "00 c601 00", TOC_E_TRUNCATED},
        {"list of more marks than bytes", HEAD NULLS "00 00 00 00 06 0000000000000000",
                TOC_E_TRUNCATED},
        {"list never ended", HEAD NULLS "02 01", TOC_E_TRUNCATED},
        {"text in a list longer than maxBytes", HEAD NULLS "00 00 02 0a 6161616161 00 00 00 00",
                TOC_E_LENGTH},
        {"enum in a list", HEAD NULLS "00 00 00 02 06 00 00 00", TOC_E_RANGE},
        {"text of an inner record", HEAD NULLS "00 00 00 00 00 02 00 02 fe 00", TOC_E_SYNTAX},
};

static void refuses_hostile_input(void **state)
{
    (void)state;
    struct toc_arena arena;
    toc_arena_init(&arena, ARENA_BYTES);
    UNIT_EACH(const struct row, row, hostile)
    {
        uint8_t bytes[256];
        struct toc_err err = {0};
        struct toc_sample sample = {.small = 77};
        struct toc_slice body = bytes_of(row->hex, bytes);
        print_message("%s\n", row->name);
        toc_arena_reset(&arena);
        toc_rc rc = decode(body, &arena, &sample, &err);
        assert_code(rc, row->code, err);
        if (toc_failed(rc)) {
            assert_int_equal(sample.small, 77); // untouched
            assert_shows(err.text, "Sample: ");
        }
    }
    toc_arena_done(&arena);
}

// Every field filled.
static const char full[] =
        "01 02 04 06 0461 62 04 ff00 04 deadbeef 0a 0278"
        "02 01 02 03 02 05 02 0468 69 02 02 aa 02 02 02 01020304 02 07 00"
        "04 0001 00 06 020406 00 04 0261 0262 00 02 04 00 02 0a0b0c0d 00 04 02 0259 04 00 00";

static void refuses_every_cut(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct toc_arena arena;
    struct toc_err err = {0};
    struct toc_sample sample;
    struct toc_slice body = bytes_of(full, bytes);
    toc_arena_init(&arena, ARENA_BYTES);
    assert_ok(decode(body, &arena, &sample, &err), err);
    for (size_t len = 0; len < body.len; len++)
        assert_code(decode(toc_slice(bytes, len), &arena, &sample, &err), TOC_E_TRUNCATED, err);
    toc_arena_done(&arena);
}

static void reads_every_field(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct toc_arena arena;
    struct toc_err err = {0};
    struct toc_sample s;
    struct toc_slice body = bytes_of(full, bytes);
    toc_arena_init(&arena, ARENA_BYTES);
    assert_ok(toc_sample_decode(body, toc_sample_fingerprint, &arena, &s, &err), err);
    assert_true(s.flag);
    assert_int_equal(s.small, 1);
    assert_int_equal(s.large, 2);
    assert_int_equal(s.when, 3);
    assert_slice(s.text, "ab");
    assert_int_equal(s.raw.len, 2);
    assert_int_equal(s.colour, TOC_COLOUR_SKY_BLUE);
    assert_memory_equal(s.mark, "\xde\xad\xbe\xef", TOC_MARK_BYTES);
    assert_int_equal(s.inner.number, 5);
    assert_slice(s.inner.register_, "x");
    assert_true(s.has_maybe_flag && s.maybe_flag);
    assert_true(s.has_maybe_small && s.maybe_small == -2);
    assert_true(s.has_maybe_when && s.maybe_when == -3);
    assert_slice(s.maybe_text, "hi");
    assert_int_equal(s.maybe_raw.ptr[0], 0xaa);
    assert_true(s.has_maybe_colour && s.maybe_colour == TOC_COLOUR_GREEN);
    assert_true(s.has_maybe_mark);
    assert_int_equal(s.maybe_inner->number, -4);
    assert_int_equal(s.flags_count, 2);
    assert_true(!s.flags[0] && s.flags[1]);
    assert_int_equal(s.numbers_count, 3);
    assert_int_equal(s.numbers[2], 3);
    assert_slice(s.texts[1], "b");
    assert_int_equal(s.colours[0], TOC_COLOUR_SKY_BLUE);
    assert_int_equal(s.marks[0][3], 0x0d);
    assert_int_equal(s.inners_count, 2);
    assert_slice(s.inners[0].register_, "Y");
    assert_ptr_equal(s.text.ptr, bytes + 5); // borrowed, not copied
    toc_arena_done(&arena);
}

// Many small blocks: the items come together in order, in at most twice the memory.
static void gathers_blocks(void **state)
{
    (void)state;
    uint8_t bytes[512];
    struct toc_arena arena;
    struct toc_err err = {0};
    struct toc_sample s;
    size_t len = bytes_of(HEAD NULLS "00", bytes).len;
    for (uint8_t i = 0; i < 100; i++) {
        bytes[len++] = 2; // one item
        bytes[len++] = (uint8_t)((i & 0x3f) << 1);
    }
    memset(bytes + len, 0, 5);
    len += 5;
    toc_arena_init(&arena, 100 * sizeof(int64_t) * 3);
    assert_ok(toc_sample_decode(toc_slice(bytes, len), toc_sample_fingerprint, &arena, &s, &err),
            err);
    assert_int_equal(s.numbers_count, 100);
    for (int64_t i = 0; i < 100; i++)
        assert_int_equal(s.numbers[i], i & 0x3f);
    toc_arena_done(&arena);
}

// Memory is asked for only after the count was held against the input, and no more than that.
static void takes_no_memory_on_credit(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct toc_arena arena;
    struct toc_err err = {0};
    struct toc_sample s;
    toc_arena_init(&arena, ARENA_BYTES);
    struct toc_slice lie = bytes_of(HEAD NULLS "00 c601 0202", bytes); // 99 numbers in 2 bytes
    assert_code(
            toc_sample_decode(lie, toc_sample_fingerprint, &arena, &s, &err), TOC_E_TRUNCATED, err);
    assert_int_equal(arena.used, 0);
    toc_arena_done(&arena);

    struct toc_slice body = bytes_of(full, bytes);
    toc_arena_init(&arena, 16);
    assert_code(
            toc_sample_decode(body, toc_sample_fingerprint, &arena, &s, &err), TOC_E_MEMORY, err);
    toc_arena_done(&arena);
}

static void frames(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum toc_code code;
    } rows[] = {
            {"", TOC_E_SCHEMA},
            {"c301", TOC_E_SCHEMA},
            {"c301 01020304050607", TOC_E_SCHEMA},
            {"c302 0102030405060708 00", TOC_E_SCHEMA},
            {"00 00000001 00", TOC_E_SCHEMA}, // another framing
            {"c301 0102030405060708", TOC_E_OK},
            {"c301 0102030405060708 aabb", TOC_E_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[256];
        uint64_t print = 0;
        struct toc_slice body = {0}, framed = bytes_of(rows[i].hex, bytes);
        struct toc_err err = {0};
        assert_code(toc_frame_open(framed, &print, &body, &err), rows[i].code, err);
        if (rows[i].code == TOC_E_OK) {
            assert_true(print == UINT64_C(0x0807060504030201));
            assert_int_equal(body.len, framed.len - TOC_FRAME_BYTES);
        }
    }
}

static void knows_its_schemas(void **state)
{
    (void)state;
    uint8_t bytes[256] = {0xc3, 0x01, 1, 2, 3, 4, 5, 6, 7, 8};
    struct toc_arena arena;
    struct toc_err err = {0};
    struct toc_sample s;
    toc_arena_init(&arena, ARENA_BYTES);
    assert_true(toc_sample_knows(toc_sample_fingerprint));
    assert_false(toc_sample_knows(UINT64_C(0x0807060504030201)));
    assert_code(toc_sample_get(toc_slice(bytes, 40), &arena, &s, &err), TOC_E_SCHEMA, err);
    toc_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(reads_every_field),
            cmocka_unit_test(refuses_hostile_input),
            cmocka_unit_test(refuses_every_cut),
            cmocka_unit_test(gathers_blocks),
            cmocka_unit_test(takes_no_memory_on_credit),
            cmocka_unit_test(frames),
            cmocka_unit_test(knows_its_schemas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
