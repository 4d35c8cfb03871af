#include "tests/support/unit.h"

#include "lib/base/limits.h"
#include "lib/base/text.h"

// {text, valid}: Unicode 15, chapter 3.9, table 3-7 and its neighbours.
static void utf8_is_strict(void **state)
{
    (void)state;
    static const struct row {
        struct toc_slice in;
        bool valid;
    } rows[] = {
            {TOC_S_INIT(""), true},
            {TOC_S_INIT("plain"), true},
            {TOC_S_INIT("a\0b"), true},
            {TOC_S_INIT("\xc2\x80\xdf\xbf"), true},
            {TOC_S_INIT("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"), true},
            {TOC_S_INIT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), true},
            {TOC_S_INIT("\x80"), false},
            {TOC_S_INIT("\xc0\xaf"), false},         // overlong
            {TOC_S_INIT("\xc1\xbf"), false},         // overlong
            {TOC_S_INIT("\xe0\x9f\xbf"), false},     // overlong
            {TOC_S_INIT("\xf0\x8f\xbf\xbf"), false}, // overlong
            {TOC_S_INIT("\xed\xa0\x80"), false},     // surrogate
            {TOC_S_INIT("\xed\xbf\xbf"), false},     // surrogate
            {TOC_S_INIT("\xf4\x90\x80\x80"), false}, // above U+10FFFF
            {TOC_S_INIT("\xf5\x80\x80\x80"), false},
            {TOC_S_INIT("\xff"), false},
            {TOC_S_INIT("\xc3"), false}, // cut
            {TOC_S_INIT("\xe2\x82"), false},
            {TOC_S_INIT("\xf0\x9f\x98"), false},
            {TOC_S_INIT("\xe2\x28\xa1"), false}, // not a continuation
            {TOC_S_INIT("\xe2\x82\x28"), false},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        assert_int_equal(toc_utf8_valid(row->in), row->valid);
    }
}

static void utf8_is_cut_between_characters(void **state)
{
    (void)state;
    static const char text[] = "a\u00e9\u20ac\U0001f600."; // 1, 2, 3, 4 and 1 bytes
    static const size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (size_t max = 0; max < sizeof ends / sizeof *ends; max++) {
        struct toc_slice cut = toc_utf8_cut(toc_slice_of(text), max);
        assert_int_equal(cut.len, ends[max]);
        assert_true(toc_utf8_valid(cut));
    }
    assert_int_equal(toc_utf8_cut((struct toc_slice){NULL, 0}, 0).len, 0);
}

static void hex_both_ways(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x00, 0x0f, 0xa5, 0xff};
    char text[2 * sizeof bytes + 1];
    uint8_t back[sizeof bytes];
    toc_hex(text, bytes, sizeof bytes);
    assert_string_equal(text, "000fa5ff");
    assert_true(toc_parse_hex(toc_slice_of(text), back, sizeof back));
    assert_memory_equal(back, bytes, sizeof bytes);
    toc_hex(text, bytes, 0);
    assert_string_equal(text, "");
    for (int c = 0; c < 256; c++) // every byte, in either half
        for (size_t half = 0; half < 2; half++) {
            uint8_t pair[2] = {'0', '0'}, value = 0xee;
            const char *digits = "0123456789abcdef", *found = c == 0 ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c);
            pair[half] = (uint8_t)c;
            assert_int_equal(toc_parse_hex(toc_slice(pair, 2), &value, 1), found != NULL);
            assert_int_equal(value, found == NULL ? 0xee : (found - digits) << (half == 0 ? 4 : 0));
        }
    assert_false(toc_parse_hex(TOC_S("abc"), back, 1));
    assert_false(toc_parse_hex(TOC_S("abcd"), back, 1));
    assert_true(toc_parse_hex(TOC_S(""), back, 0));
}

// ASCII is skipped eight bytes at a time: a bad byte is found wherever it stands.
static void utf8_in_long_text(void **state)
{
    (void)state;
    uint8_t text[40];
    for (size_t len = 1; len <= sizeof text; len++)
        for (size_t at = 0; at < len; at++) {
            memset(text, 'x', sizeof text);
            assert_true(toc_utf8_valid(toc_slice(text, len)));
            text[at] = 0xff;
            assert_false(toc_utf8_valid(toc_slice(text, len)));
            text[at] = 0xc3;
            assert_false(toc_utf8_valid(toc_slice(text, len)));
            if (at + 1 < len) {
                text[at + 1] = 0xa4;
                assert_true(toc_utf8_valid(toc_slice(text, len)));
            }
        }
}

static void utf8_round_trip(void **state)
{
    (void)state;
    struct toc_buf buf;
    toc_buf_init(&buf, 8);
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        if (c == 0xd800)
            c = 0xe000;
        size_t pos = 0;
        toc_buf_clear(&buf);
        toc_utf8_put(&buf, c);
        assert_int_equal(toc_utf8_next(toc_buf_slice(&buf), &pos), c);
        assert_int_equal(pos, buf.len);
    }
    toc_buf_done(&buf);
}

static void malformed_moves_one_byte(void **state)
{
    (void)state;
    struct toc_slice s = TOC_S("\xe2\x82"
                               "A");
    size_t pos = 0;
    assert_int_equal(toc_utf8_next(s, &pos), -1);
    assert_int_equal(pos, 1);
    assert_int_equal(toc_utf8_next(s, &pos), -1);
    assert_int_equal(toc_utf8_next(s, &pos), 'A');
    assert_int_equal(pos, 3);
}

static void safe_text(void **state)
{
    (void)state;
    static const struct row {
        struct toc_slice in;
        const char *want; // NULL: left as it is
    } rows[] = {
            {TOC_S_INIT(""), NULL}, {TOC_S_INIT("plain text, 100%"), NULL},
            {TOC_S_INIT("Gr\xc3\xbc\xc3\x9f"
                        "e \xe2\x82\xac \xf0\x9f\x9a\x91"),
                    NULL},
            {TOC_S_INIT("\\x41 is not an escape of ours"), NULL}, {TOC_S_INIT("a\tb"), "a b"},
            {TOC_S_INIT("a\nb"), "a b"}, {TOC_S_INIT("a\r\nb\rc"), "a b c"},
            {TOC_S_INIT("a\n\nb"), "a  b"},
            {TOC_S_INIT("a\xe2\x80\xa8"
                        "b\xe2\x80\xa9"
                        "c\xc2\x85"
                        "d\x0b"
                        "e\x0c"
                        "f"),
                    "a b c d e f"},
            {TOC_S_INIT("a\0b"), "ab"},
            {TOC_S_INIT("\x1b[31mred\x1b[0m"), "[31mred[0m"}, // terminal escapes
            {TOC_S_INIT("\x7f"
                        "a\xc2\x9b"
                        "31m"),
                    "a31m"}, // DEL, C1 CSI
            {TOC_S_INIT("a\xff"
                        "b\xc3"),
                    "a\\xffb\\xc3"},                         // malformed
            {TOC_S_INIT("\xed\xa0\x80"), "\\xed\\xa0\\x80"}, // surrogate
            {TOC_S_INIT("abc\xe2\x80\xae"
                        "gpj.exe"),
                    "abcgpj.exe"}, // U+202E
            {TOC_S_INIT("\xe2\x81\xa6"
                        "a\xe2\x81\xa9"
                        "\xd8\x9c"),
                    "a"}, // isolates, U+061C
            {TOC_S_INIT("a\xe2\x80\x8b"
                        "b\xe2\x80\x8d"
                        "c\xef\xbb\xbf"
                        "d\xc2\xad"
                        "e"),
                    "abcde"},
            {TOC_S_INIT("a\xf3\xa0\x81\x81"
                        "b"),
                    "ab"}, // tag letter
            {TOC_S_INIT("a\xee\x80\x80"
                        "b\xf4\x8f\xbf\xbd"),
                    "ab"}, // private use
            {TOC_S_INIT("a\xef\xb7\x90"
                        "b\xef\xbf\xbe"
                        "c\xf0\x9f\xbf\xbe\xf0\xaf\xbf\xbf"),
                    "abc"}, // noncharacters
            {TOC_S_INIT("a\xef\xb8\x8f"
                        "b"),
                    "ab"},                      // variation selector
            {TOC_S_INIT("\xef\xbf\xbd"), NULL}, // U+FFFD itself is fine
    };
    struct toc_buf out;
    toc_buf_init(&out, 8192);
    UNIT_EACH(const struct row, row, rows)
    {
        toc_buf_clear(&out);
        toc_text_safe(&out, row->in);
        assert_int_equal(toc_text_is_safe(row->in), row->want == NULL);
        assert_slices_equal(
                toc_buf_slice(&out), row->want == NULL ? row->in : toc_slice_of(row->want));
        assert_true(toc_text_is_safe(toc_buf_slice(&out)));
    }
    toc_buf_done(&out);
}

// Any bytes at all: the result is safe, and making it safe again changes nothing.
static void safe_text_of_any_bytes(void **state)
{
    (void)state;
    struct toc_buf out;
    uint32_t x = 1;
    toc_buf_init(&out, 8192);
    for (int round = 0; round < 2000; round++) {
        uint8_t bytes[64];
        for (size_t i = 0; i < sizeof bytes; i++) {
            x = x * 1664525 + 1013904223;
            bytes[i] = (uint8_t)(x >> 24);
            if (x >> 16 & 1 && i > 0) // continuation bytes more often than chance has them
                bytes[i] = (uint8_t)(0x80 | (bytes[i] & 0x3f));
        }
        toc_buf_clear(&out);
        toc_text_safe(&out, toc_slice(bytes, sizeof bytes));
        assert_true(toc_text_is_safe(toc_buf_slice(&out)));
    }
    toc_buf_done(&out);
}

static void long_text_is_cut_at_a_character(void **state)
{
    (void)state;
    struct toc_buf in, out;
    toc_buf_init(&in, 10000);
    toc_buf_init(&out, 10000);
    for (int i = 0; i < 2000; i++)
        toc_buf_put_text(&in, "\xe2\x82\xac"); // 3 bytes each
    assert_false(toc_text_is_safe(toc_buf_slice(&in)));
    toc_text_safe(&out, toc_buf_slice(&in));
    assert_int_equal(out.len, 4095 / 3 * 3 + 0);
    assert_true(toc_slice_ends(toc_buf_slice(&out), TOC_S("\xac...")));
    assert_true(toc_text_is_safe(toc_buf_slice(&out)));
    toc_buf_truncate(&in, TOC_TEXT_BYTES_MAX / 3 * 3);
    toc_buf_clear(&out);
    toc_text_safe(&out, toc_buf_slice(&in)); // just fits: no dots
    assert_slices_equal(toc_buf_slice(&out), toc_buf_slice(&in));
    toc_buf_done(&in);
    toc_buf_done(&out);
}

static void safe_text_needs_no_more_room_than_it_takes(void **state)
{
    (void)state;
    struct toc_buf out;
    toc_buf_init(&out, 5);
    toc_text_safe(&out, TOC_S("\x01\x02\x03\x04\x05\x06"
                              "abcde"));
    assert_false(out.failed);
    assert_slice(toc_buf_slice(&out), "abcde");
    toc_buf_clear(&out);
    toc_text_safe(&out, TOC_S("abcdef"));
    assert_true(out.failed);
    toc_buf_done(&out);
}

static void show_cuts_to_fit(void **state)
{
    (void)state;
    static const struct row {
        size_t size;
        const char *in, *want;
    } rows[] = {
            {8, "abcdefg", "abcdefg"},
            {8, "abcdefgh", "abcd..."},
            {8, "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", "\xe2\x82\xac..."},
            {3, "abc", ".."},
            {1, "abc", ""},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        char out[8];
        assert_string_equal(toc_text_show(out, row->size, toc_slice_of(row->in)), row->want);
    }
    assert_string_equal(TOC_SHOW(TOC_S("x\ny")), "x y");
}

static void ids_and_tags(void **state)
{
    (void)state;
    static const struct row {
        const char *in;
        bool id, tag;
    } rows[] = {
            {"a", true, true},
            {"0", true, true},
            {"st-mary.north_2", true, true},
            {"malware:emotet", false, true},
            {"sector=health", false, true},
            {"", false, false},
            {"-a", false, false},
            {".a", false, false},
            {":a", false, false},
            {"A", false, false},
            {"a b", false, false},
            {"a/b", false, false},
            {"\xc3\xa4", false, false},
            {"a23456789012345678901234567890123456789012345678901234567890123", true, true},
            {"a234567890123456789012345678901234567890123456789012345678901234", false, false},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        assert_int_equal(toc_id_valid(toc_slice_of(row->in)), row->id);
        assert_int_equal(toc_tag_valid(toc_slice_of(row->in)), row->tag);
    }
    assert_false(toc_id_valid(TOC_S("a\0b")));
    assert_false(toc_tag_valid(TOC_S("a\0")));
}

static void numbers(void **state)
{
    (void)state;
    static const struct row {
        const char *in;
        uint64_t max;
        bool good;
        uint64_t want;
    } rows[] = {
            {"0", UINT64_MAX, true, 0},
            {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
            {"18446744073709551616", UINT64_MAX, false, 0},
            {"99999999999999999999", UINT64_MAX, false, 0},
            {"65535", 65535, true, 65535},
            {"65536", 65535, false, 0},
            {"", 9, false, 0},
            {"00", 9, false, 0},
            {"01", 9, false, 0},
            {"+1", 9, false, 0},
            {"-1", 9, false, 0},
            {" 1", 9, false, 0},
            {"1 ", 9, false, 0},
            {"1.0", 9, false, 0},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        uint64_t out = 77;
        assert_int_equal(toc_parse_u64(toc_slice_of(row->in), row->max, &out), row->good);
        assert_int_equal(out, row->good ? row->want : 77);
    }
}

static void hex(void **state)
{
    (void)state;
    uint8_t out[2] = {7, 7};
    assert_true(toc_parse_hex(TOC_S("aF09"), out, 2));
    assert_memory_equal(out, "\xaf\x09", 2);
    static const char *const bad[] = {
            "", "aF0", "aF090", "aF0900", "aG09", "a 09", "a@09", "a\x10 9"};
    UNIT_EACH(const char *const, text, bad)
    {
        assert_false(toc_parse_hex(toc_slice_of(*text), out, 2));
    }
    assert_memory_equal(out, "\xaf\x09", 2); // untouched by the refusals
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(utf8_is_strict),
            cmocka_unit_test(utf8_is_cut_between_characters),
            cmocka_unit_test(hex_both_ways),
            cmocka_unit_test(utf8_in_long_text),
            cmocka_unit_test(utf8_round_trip),
            cmocka_unit_test(malformed_moves_one_byte),
            cmocka_unit_test(safe_text),
            cmocka_unit_test(safe_text_of_any_bytes),
            cmocka_unit_test(long_text_is_cut_at_a_character),
            cmocka_unit_test(safe_text_needs_no_more_room_than_it_takes),
            cmocka_unit_test(show_cuts_to_fit),
            cmocka_unit_test(ids_and_tags),
            cmocka_unit_test(numbers),
            cmocka_unit_test(hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
