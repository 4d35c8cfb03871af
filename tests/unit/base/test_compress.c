#include "tests/support/unit.h"

#include "lib/base/compress.h"
#include "lib/base/text.h"

static struct toc_zstd *zstd;

static int set_up(void **state)
{
    (void)state;
    zstd = toc_zstd_new();
    return zstd == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    toc_zstd_free(zstd);
    toc_zstd_free(NULL);
    return 0;
}

// Bytes that zstd can hardly make smaller (noise) or can (zeros and text).
static void fill(struct toc_buf *out, size_t len, unsigned kind)
{
    uint32_t x = kind + 1;
    toc_buf_init(out, len + 1);
    uint8_t *at = toc_buf_reserve(out, len + 1);
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525 + 1013904223;
        at[i] = kind == 0 ? 0 : kind == 1 ? (uint8_t)(x >> 24) : (uint8_t)("example.net\n"[i % 12]);
    }
    out->len = len;
}

static void round_trip(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 100, 65536, 524288, 3000000};
    struct toc_err err = {0};
    UNIT_EACH(const size_t, len, lengths)
    {
        for (unsigned kind = 0; kind < 3; kind++) {
            struct toc_buf raw, frame, again;
            fill(&raw, *len, kind);
            toc_buf_init(&frame, 4000000);
            toc_buf_init(&again, 4000000);
            toc_buf_put_text(&frame, "before ");
            toc_buf_put_text(&again, "before ");
            assert_ok(toc_zstd_pack(zstd, toc_buf_slice(&raw), &frame, &err), err);
            struct toc_slice packed = toc_slice_sub(toc_buf_slice(&frame), 7, frame.len);
            assert_ok(toc_zstd_unpack(zstd, packed, *len, &again, &err), err);
            assert_slices_equal(
                    toc_slice_sub(toc_buf_slice(&again), 7, again.len), toc_buf_slice(&raw));
            if (kind != 1 && *len > 1000)
                assert_true(packed.len < *len / 10);
            toc_buf_done(&raw);
            toc_buf_done(&frame);
            toc_buf_done(&again);
        }
    }
}

static void packed_into_too_little(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_buf raw, out;
    fill(&raw, 1000, 1);
    toc_buf_init(&out, 500);
    assert_code(toc_zstd_pack(zstd, toc_buf_slice(&raw), &out, &err), TOC_E_LENGTH, err);
    assert_int_equal(out.len, 0);
    toc_buf_done(&raw);
    fill(&raw, 1000, 0); // its bound is above 500 too, but it fits
    assert_ok(toc_zstd_pack(zstd, toc_buf_slice(&raw), &out, &err), err);
    toc_buf_done(&raw);
    toc_buf_done(&out);
}

static void wrong_lengths(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_buf raw, frame, out;
    fill(&raw, 1000, 2);
    toc_buf_init(&frame, 4096);
    toc_buf_init(&out, 1000);
    assert_ok(toc_zstd_pack(zstd, toc_buf_slice(&raw), &frame, &err), err);
    struct toc_slice packed = toc_buf_slice(&frame);
    assert_code(toc_zstd_unpack(zstd, packed, 999, &out, &err), TOC_E_LENGTH, err);
    assert_code(toc_zstd_unpack(zstd, packed, 1001, &out, &err), TOC_E_LENGTH, err);
    assert_int_equal(out.cap, 0); // refused before anything was allocated
    toc_buf_put_byte(&out, 'x');
    assert_code(toc_zstd_unpack(zstd, packed, 1000, &out, &err), TOC_E_LENGTH, err);
    assert_int_equal(out.len, 1);
    assert_false(out.failed);
    toc_buf_done(&raw);
    toc_buf_done(&frame);
    toc_buf_done(&out);
}

// Every cut, and every byte changed: refused, or the very same bytes (a checksum is not asked for).
static void damaged_frames(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_buf raw, frame, out;
    fill(&raw, 3000, 2);
    toc_buf_init(&frame, 4096);
    assert_ok(toc_zstd_pack(zstd, toc_buf_slice(&raw), &frame, &err), err);
    for (size_t len = 0; len < frame.len; len++) {
        toc_buf_init(&out, 4096);
        assert_true(toc_failed(toc_zstd_unpack(zstd, toc_slice(frame.ptr, len), 3000, &out, &err)));
        assert_int_equal(out.len, 0);
        toc_buf_done(&out);
    }
    for (size_t i = 0; i < frame.len; i++)
        for (unsigned flip = 1; flip < 256; flip <<= 1) {
            toc_buf_init(&out, 4096);
            frame.ptr[i] ^= (uint8_t)flip;
            toc_rc rc = toc_zstd_unpack(zstd, toc_buf_slice(&frame), 3000, &out, &err);
            assert_int_equal(out.len, toc_failed(rc) ? 0 : 3000);
            frame.ptr[i] ^= (uint8_t)flip;
            toc_buf_done(&out);
        }
    toc_buf_put_byte(&frame, 0);
    toc_buf_init(&out, 4096);
    assert_code(
            toc_zstd_unpack(zstd, toc_buf_slice(&frame), 3000, &out, &err), TOC_E_TRUNCATED, err);
    toc_buf_done(&out);
    toc_buf_done(&frame);
    toc_buf_done(&raw);
}

static void crafted_frames(void **state)
{
    (void)state;
    static const struct row {
        const char *hex;
        size_t raw_len;
        enum toc_code want;
    } rows[] = {
            {"", 0, TOC_E_TRUNCATED}, {"28b52ffd", 0, TOC_E_TRUNCATED},
            {"1f8b080000000000", 0, TOC_E_SYNTAX},           // gzip
            {"502a4d1804000000aabbccdd", 0, TOC_E_SYNTAX},   // a skippable frame is no content
            {"28b52ffd0058010000", 0, TOC_E_LENGTH},         // size not stated
            {"28b52ffd2000010000", 0, TOC_E_OK},             // an empty single segment
            {"28b52ffd806800000000010000", 0, TOC_E_OK},     // window 8 MiB: the most that may be
            {"28b52ffd806900000000010000", 0, TOC_E_LENGTH}, // window 9 MiB
            {"28b52ffd80ff00000000010000", 0, TOC_E_LENGTH}, // window 3.75 TiB
            {"28b52ffda00000004001000000", 0x40000000,
                    TOC_E_LENGTH}, // 1 GiB stated, out holds less
            {"28b52ffda0ffffffff010000", 5, TOC_E_LENGTH},
            {"28b52ffd210100010000", 0, TOC_E_SYNTAX}, // wants a dictionary
            {"28b52ffd2800010000", 0, TOC_E_SYNTAX},   // reserved bit
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_err err = {0};
        uint8_t frame[64];
        struct toc_buf out;
        size_t len = strlen(row->hex) / 2;
        toc_buf_init(&out, 1 << 20);
        assert_true(toc_parse_hex(toc_slice_of(row->hex), frame, len));
        toc_rc rc = toc_zstd_unpack(zstd, toc_slice(frame, len), row->raw_len, &out, &err);
        if (rc.code != row->want)
            print_error("%s\n", row->hex);
        assert_code(rc, row->want, err);
        toc_buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(round_trip),
            cmocka_unit_test(packed_into_too_little),
            cmocka_unit_test(wrong_lengths),
            cmocka_unit_test(damaged_frames),
            cmocka_unit_test(crafted_frames),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
