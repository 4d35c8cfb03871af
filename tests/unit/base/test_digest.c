#include "tests/support/unit.h"

#include <pthread.h>

#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

static void assert_hex(const uint8_t *bytes, size_t len, const char *want)
{
    struct toc_buf hex;
    toc_buf_init(&hex, 1024);
    toc_buf_put_hex(&hex, bytes, len);
    assert_slice(toc_buf_slice(&hex), want);
    toc_buf_done(&hex);
}

#define SHA256_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA256_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA256_448 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
#define TEXT_448 "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"

// FIPS 180-2 appendix B, and the empty message.
static void sha256_vectors(void **state)
{
    (void)state;
    static const struct row {
        const char *in, *want;
    } rows[] = {{"", SHA256_EMPTY}, {"abc", SHA256_ABC}, {TEXT_448, SHA256_448}};
    UNIT_EACH(const struct row, row, rows)
    {
        uint8_t out[TOC_SHA256_BYTES];
        toc_sha256(row->in, strlen(row->in), out);
        assert_hex(out, sizeof out, row->want);
    }
}

static void sha256_in_parts_is_the_same(void **state)
{
    (void)state;
    struct toc_slice text = TOC_S(TEXT_448);
    struct toc_hash *hash = toc_hash_new();
    assert_non_null(hash);
    for (size_t cut = 0; cut <= text.len; cut++) {
        uint8_t out[TOC_SHA256_BYTES];
        struct toc_slice parts[] = {
                toc_slice_sub(text, 0, cut), {NULL, 0}, toc_slice_sub(text, cut, text.len)};
        toc_sha256_parts(parts, 3, out);
        assert_hex(out, sizeof out, SHA256_448);
        memset(out, 0, sizeof out);
        toc_hash_update(hash, parts[0].ptr, parts[0].len);
        toc_hash_update(hash, parts[2].ptr, parts[2].len);
        toc_hash_final(hash, out); // and starts over for the next cut
        assert_hex(out, sizeof out, SHA256_448);
    }
    toc_hash_free(hash);
    toc_hash_free(NULL);
}

static void *hash_a_lot(void *failed)
{
    for (int i = 0; i < 1000; i++) {
        uint8_t out[TOC_SHA256_BYTES];
        toc_sha256("abc", 3, out);
        if (out[0] != 0xba || out[31] != 0xad)
            *(bool *)failed = true;
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    pthread_t threads[4];
    bool failed[4] = {false};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_a_lot, &failed[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(failed[i]);
    }
}

static void sha1_vector(void **state)
{
    (void)state;
    uint8_t out[20];
    toc_sha1("abc", 3, out); // FIPS 180-2 appendix A
    assert_hex(out, sizeof out, "a9993e364706816aba3e25717850c26c9cd0d89d");
}

static size_t hex_member(const json_t *test, const char *name, uint8_t *out, size_t size)
{
    struct toc_slice hex = toc_json_text(test, name);
    assert_true(hex.len / 2 <= size);
    assert_true(toc_parse_hex(hex, out, hex.len / 2));
    return hex.len / 2;
}

static void hmac_vectors_of_wycheproof(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_buf text = unit_read("tests/data/crypto/hmac_sha256.json");
    json_t *vectors = NULL, *test;
    size_t i, checked = 0;
    assert_ok(toc_json_parse(toc_buf_slice(&text), &vectors, &err), err);
    json_array_foreach(vectors, i, test)
    {
        uint8_t key[512], message[1024], tag[TOC_SHA256_BYTES], out[TOC_SHA256_BYTES];
        size_t key_len = hex_member(test, "key", key, sizeof key);
        size_t len = hex_member(test, "msg", message, sizeof message);
        size_t tag_len = hex_member(test, "tag", tag, sizeof tag);
        toc_hmac_sha256(toc_slice(key, key_len), toc_slice(message, len), out);
        bool valid = toc_slice_is(toc_json_text(test, "result"), "valid");
        assert_int_equal(memcmp(out, tag, tag_len) == 0, valid);
        checked++;
    }
    assert_true(checked > 60);
    json_decref(vectors);
    toc_buf_done(&text);
}

// A key of just one block is used as it is; only a longer one is hashed first.
static void hmac_with_a_key_of_one_block(void **state)
{
    (void)state;
    uint8_t key[64], out[TOC_SHA256_BYTES];
    memset(key, 'k', sizeof key);
    toc_hmac_sha256(toc_slice(key, sizeof key), TOC_S("data"), out);
    assert_hex(out, sizeof out,
            "93244b031118b8060c6619e5900fcf916faefb2d8d020fecb22ae0f62275db08"); // Python's hmac
}

// Part of the state format: a change of these numbers is a change of that format.
static void mix64_is_fixed(void **state)
{
    (void)state;
    static const struct row {
        const char *in;
        uint64_t seed, want;
    } rows[] = {
            {"", 0, UINT64_C(0x4e931b8a44c9e5c4)},
            {"", 1, UINT64_C(0xe253b684d6e69bb4)},
            {"a", 0, UINT64_C(0x908033fde2b1278a)},
            {"a", UINT64_MAX, UINT64_C(0x3b9ae19af31c8fe1)},
            {"ab", 0, UINT64_C(0xa7ead6f87bbb0e47)},
            {"abc", 0, UINT64_C(0xef5c66609d2a7df4)},
            {"abcd", 0, UINT64_C(0xb72085bf9824ca53)},
            {"abcdefg", 0, UINT64_C(0xc8ca3352820347e0)},
            {"abcdefgh", 0, UINT64_C(0xa4eea1dd28a84749)},
            {"abcdefghi", 0, UINT64_C(0x7b5f5b766e31a3c9)},
            {"abcdefghijklmnop", 0, UINT64_C(0x194784760a30047e)},
            {"abcdefghijklmnopq", 7, UINT64_C(0xf8a1c48cf77a8cf8)},
            {"abcdefghijklmnopqrstuvwxyz012345", 7, UINT64_C(0xafc3ba0ab9cbbf7b)},
            {"The quick brown fox jumps over the lazy dog", 0, UINT64_C(0xe2bdf6d2728a5841)},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        assert_int_equal(toc_mix64(toc_slice_of(row->in), row->seed), row->want);
    }
}

// One flipped bit of input or seed changes about half of the output bits.
static void mix64_spreads(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 40; len++) {
        uint8_t bytes[40];
        unsigned flipped = 0, trials = 0;
        for (size_t bit = 0; bit < len * 8; bit++)
            for (uint8_t fill = 0; fill < 8; fill++) {
                memset(bytes, 37 * fill + 1, sizeof bytes);
                uint64_t before = toc_mix64(toc_slice(bytes, len), fill);
                bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
                uint64_t after = toc_mix64(toc_slice(bytes, len), fill);
                assert_true(before != after);
                flipped += (unsigned)__builtin_popcountll(before ^ after);
                trials++;
            }
        assert_in_range(flipped * 100 / trials, 3000, 3400);
    }
}

static void mix64_tells_lengths_apart(void **state)
{
    (void)state;
    static const uint8_t zeros[64];
    uint64_t seen[65];
    for (size_t len = 0; len <= 64; len++) {
        seen[len] = toc_mix64(toc_slice(zeros, len), 0);
        for (size_t i = 0; i < len; i++)
            assert_true(seen[i] != seen[len]);
    }
}

static void random_fills_all_of_it(void **state)
{
    (void)state;
    struct toc_err err = {0};
    uint8_t a[3000] = {0}, b[3000] = {0};
    assert_ok(toc_random(a, sizeof a, &err), err);
    assert_ok(toc_random(b, sizeof b, &err), err);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a + 2968, b + 2968, 32); // the last round was filled too
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(sha256_vectors),
            cmocka_unit_test(sha256_in_parts_is_the_same),
            cmocka_unit_test(threads_do_not_disturb_each_other),
            cmocka_unit_test(sha1_vector),
            cmocka_unit_test(hmac_vectors_of_wycheproof),
            cmocka_unit_test(hmac_with_a_key_of_one_block),
            cmocka_unit_test(mix64_is_fixed),
            cmocka_unit_test(mix64_spreads),
            cmocka_unit_test(mix64_tells_lengths_apart),
            cmocka_unit_test(random_fills_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
