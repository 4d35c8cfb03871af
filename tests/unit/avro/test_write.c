#include "tests/support/unit.h"

#include "lib/avro/frame.h"
#include "tests/unit/avro/sample.h"

#define BYTES_MAX ((size_t)1 << 16)

static void writes_defaults(void **state)
{
    (void)state;
    struct toc_sample s;
    memset(&s, 0xff, sizeof s);
    toc_sample_init(&s);
    assert_true(s.flag);
    assert_int_equal(s.small, -7);
    assert_int_equal(s.large, INT64_C(5000000000));
    assert_int_equal(s.colour, TOC_COLOUR_GREEN); // the field's default, not the enum's
    assert_int_equal(s.inner.number, 3);
    assert_null(s.maybe_text.ptr);
    assert_null(s.maybe_inner);
    assert_int_equal(s.inners_count, 0);

    static const uint8_t want[] = {1, 13, 0x80, 0xc8, 0xaf, 0xa0, 0x25, 0, 0, 0, 2, 0, 0, 0, 0, 6,
            0, // head
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    struct toc_buf out;
    struct toc_err err = {0};
    toc_buf_init(&out, BYTES_MAX);
    toc_sample_encode(&s, &out);
    assert_ok(toc_buf_check(&out, "sample", &err), err);
    assert_slices_equal(toc_buf_slice(&out), toc_slice(want, sizeof want));
    toc_buf_done(&out);
}

static void frames_with_its_fingerprint(void **state)
{
    (void)state;
    struct toc_sample s;
    struct toc_buf out;
    struct toc_err err = {0};
    uint64_t print;
    struct toc_slice body;
    toc_sample_init(&s);
    toc_buf_init(&out, BYTES_MAX);
    toc_sample_put(&s, &out);
    assert_ok(toc_frame_open(toc_buf_slice(&out), &print, &body, &err), err);
    assert_true(print == toc_sample_fingerprint);
    assert_int_equal(body.len, 31);
    toc_buf_done(&out);
}

static void long_text(struct toc_sample *s)
{
    s->text = TOC_S("12345678901");
}
static void long_raw(struct toc_sample *s)
{
    s->maybe_raw = TOC_S("12345678901");
}
static void no_symbol(struct toc_sample *s)
{
    s->colour = (enum toc_colour)TOC_COLOUR_COUNT;
}
static void many_items(struct toc_sample *s)
{
    static bool flags[4];
    s->flags = flags;
    s->flags_count = 4;
}
static void long_item(struct toc_sample *s)
{
    static struct toc_slice text = TOC_S_INIT("12345");
    s->texts = &text;
    s->texts_count = 1;
}
static void long_inside(struct toc_sample *s)
{
    s->inner.register_ = TOC_S("123456");
}

// What could not be read back is not written.
static void refuses_what_is_beyond_limits(void **state)
{
    (void)state;
    static const struct row {
        const char *name;
        void (*spoil)(struct toc_sample *);
    } rows[] = {{"text", long_text}, {"bytes", long_raw}, {"symbol", no_symbol},
            {"items", many_items}, {"item", long_item}, {"inner", long_inside}};
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_sample s;
        struct toc_buf out;
        struct toc_err err = {0};
        print_message("%s\n", row->name);
        toc_sample_init(&s);
        row->spoil(&s);
        toc_buf_init(&out, BYTES_MAX);
        toc_sample_encode(&s, &out);
        assert_code(toc_buf_check(&out, "sample", &err), TOC_E_LIMIT, err);
        toc_buf_done(&out);
    }
}

// A buffer with just enough room is enough, one byte less fails.
static void respects_the_buffer(void **state)
{
    (void)state;
    struct toc_sample s;
    toc_sample_init(&s);
    for (size_t max = 0; max <= 32; max++) {
        struct toc_buf out;
        toc_buf_init(&out, max);
        toc_sample_encode(&s, &out);
        assert_int_equal(out.failed, max < 31);
        toc_buf_done(&out);
    }
}

static void names_symbols(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int want; // -1: none
    } rows[] = {{"grey", TOC_COLOUR_GREY}, {"GREEN", TOC_COLOUR_GREEN},
            {"sky_blue", TOC_COLOUR_SKY_BLUE}, {"sky-blue", TOC_COLOUR_SKY_BLUE},
            {"Sky-Blue", TOC_COLOUR_SKY_BLUE}, {"sky blue", -1}, {"gree", -1}, {"greenn", -1},
            {"", -1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum toc_colour colour = TOC_COLOUR_GREY;
        bool found = toc_colour_parse(toc_slice_of(rows[i].text), &colour);
        assert_int_equal(found ? (int)colour : -1, rows[i].want);
    }
    assert_string_equal(toc_colour_symbol(TOC_COLOUR_SKY_BLUE), "sky_blue");
    assert_string_equal(toc_colour_spelling(TOC_COLOUR_SKY_BLUE), "Sky-Blue");
    assert_string_equal(toc_colour_spelling(TOC_COLOUR_GREEN), "green");
    assert_string_equal(toc_colour_symbol((enum toc_colour)99), "grey"); // the default symbol
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(writes_defaults),
            cmocka_unit_test(frames_with_its_fingerprint),
            cmocka_unit_test(refuses_what_is_beyond_limits),
            cmocka_unit_test(respects_the_buffer),
            cmocka_unit_test(names_symbols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
