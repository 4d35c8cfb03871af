#include "tests/support/unit.h"

#include <stdbool.h>
#include <unistd.h>

#include "lib/base/json.h"
#include "lib/base/key.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

static uint8_t message[2048];

static struct toc_slice hex_member(const json_t *test, const char *name, uint8_t *out, size_t size)
{
    struct toc_slice hex = toc_json_text(test, name);
    assert_true(hex.len / 2 <= size);
    assert_true(toc_parse_hex(hex, out, hex.len / 2));
    return toc_slice(out, hex.len / 2);
}

static bool verifies(const uint8_t *key, struct toc_slice text, struct toc_slice signature)
{
    struct toc_err err = {0};
    struct toc_verifier *verifier = NULL;
    if (signature.len != TOC_SIGNATURE_BYTES || toc_failed(toc_verifier_new(key, &verifier, &err)))
        return false;
    toc_rc rc = toc_verify(verifier, text, signature.ptr, &err);
    toc_verifier_free(verifier);
    if (toc_failed(rc))
        assert_string_equal(err.text, "signature does not verify"); // and never more than that
    return !toc_failed(rc);
}

static void vectors_of_wycheproof(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_buf text = unit_read("tests/data/crypto/ed25519.json");
    json_t *vectors = NULL, *test;
    size_t i, valid = 0, invalid = 0;
    assert_ok(toc_json_parse(toc_buf_slice(&text), &vectors, &err), err);
    json_array_foreach(vectors, i, test)
    {
        uint8_t key[32], signature[256];
        hex_member(test, "key", key, sizeof key);
        struct toc_slice msg = hex_member(test, "msg", message, sizeof message);
        struct toc_slice sig = hex_member(test, "sig", signature, sizeof signature);
        bool good = toc_slice_is(toc_json_text(test, "result"), "valid");
        if (verifies(key, msg, sig) != good)
            fail_msg("case %d: %s", (int)toc_json_int(test, "tcId", 0),
                    json_string_value(json_object_get(test, "comment")));
        *(good ? &valid : &invalid) += 1;
    }
    assert_true(valid > 70);
    assert_true(invalid > 50);
    json_decref(vectors);
    toc_buf_done(&text);
}

// RFC 8032 section 7.1, TEST 1 to 3.
static void signing_vectors(void **state)
{
    (void)state;
    static const struct row {
        const char *seed, *public_key, *message, *signature;
    } rows[] = {
            {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                    "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
            {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
            {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_err err = {0};
        uint8_t seed[32], public_key[32], text[4], want[64], out[64];
        struct toc_key *key = NULL;
        size_t len = strlen(row->message) / 2;
        assert_true(toc_parse_hex(toc_slice_of(row->seed), seed, 32));
        assert_true(toc_parse_hex(toc_slice_of(row->public_key), public_key, 32));
        assert_true(toc_parse_hex(toc_slice_of(row->message), text, len));
        assert_true(toc_parse_hex(toc_slice_of(row->signature), want, 64));
        assert_ok(toc_key_of_seed(seed, &key, &err), err);
        assert_memory_equal(toc_key_public(key), public_key, 32);
        assert_ok(toc_key_sign(key, toc_slice(text, len), out, &err), err);
        assert_memory_equal(out, want, 64);
        toc_key_free(key);
    }
}

static void every_bit_of_a_signature_counts(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_key *key = NULL;
    uint8_t text[] = "segment", signature[TOC_SIGNATURE_BYTES];
    assert_ok(toc_key_new(&key, &err), err);
    struct toc_slice s = toc_slice(text, sizeof text), sig = toc_slice(signature, sizeof signature);
    assert_ok(toc_key_sign(key, s, signature, &err), err);
    assert_true(verifies(toc_key_public(key), s, sig));
    for (size_t bit = 0; bit < sizeof signature * 8; bit++) {
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(verifies(toc_key_public(key), s, sig));
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < sizeof text * 8; bit++) {
        text[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(verifies(toc_key_public(key), s, sig));
        text[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(verifies(toc_key_public(key), s, sig));
    toc_key_free(key);
}

// Under the key that is the neutral element, R = S·B verifies for every message: with S = 0 that is
// the encoding of the neutral element and 32 zeros.
static void keys_of_small_order_are_refused(void **state)
{
    (void)state;
    static const char *const keys[] = {
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000080",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    UNIT_EACH(const char *const, hex, keys)
    {
        struct toc_err err = {0};
        struct toc_verifier *verifier = NULL;
        uint8_t key[32];
        assert_true(toc_parse_hex(toc_slice_of(*hex), key, 32));
        assert_code(toc_verifier_new(key, &verifier, &err), TOC_E_AUTH, err);
    }
}

static void ids_and_fingerprints(void **state)
{
    (void)state;
    uint8_t public_key[32], id[TOC_KEY_ID_BYTES], want[TOC_KEY_ID_BYTES];
    char fingerprint[40];
    assert_true(
            toc_parse_hex(TOC_S("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
                    public_key, 32));
    assert_true(toc_parse_hex(TOC_S("21fe31dfa154a261626bf854046fd227"), want, sizeof want));
    toc_key_id(public_key, id);
    assert_memory_equal(id, want, sizeof want); // computed with sha256sum
    toc_key_fingerprint(public_key, fingerprint);
    assert_string_equal(fingerprint, "21fe 31df a154 a261 626b f854 046f d227");
}

static char dir[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX];

static int set_up(void **state)
{
    (void)state;
    struct toc_err err = {0};
    unit_temp_dir(dir);
    assert_ok(toc_path_join(path, dir, "sign.key", &err), err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_remove_dir(dir);
    return 0;
}

static void saved_and_loaded(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_key *key = NULL, *again = NULL;
    struct stat st;
    assert_ok(toc_key_new(&key, &err), err);
    assert_ok(toc_key_save(key, path, &err), err);
    assert_code(toc_key_save(key, path, &err), TOC_E_EXISTS, err);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_ok(toc_key_load(path, &again, &err), err);
    assert_memory_equal(toc_key_public(key), toc_key_public(again), TOC_KEY_PUBLIC_BYTES);
    toc_key_free(again);
    toc_key_free(key);
}

static void loose_permissions_are_refused(void **state)
{
    (void)state;
    static const unsigned modes[] = {0640, 0604, 0660, 0620, 0602, 0644, 0610, 0601};
    struct toc_err err = {0};
    struct toc_key *key = NULL, *again = NULL;
    assert_ok(toc_key_new(&key, &err), err);
    assert_ok(toc_key_save(key, path, &err), err);
    UNIT_EACH(const unsigned, mode, modes)
    {
        assert_int_equal(chmod(path, *mode), 0);
        assert_code(toc_key_load(path, &again, &err), TOC_E_AUTH, err);
        assert_shows(err.text, "chmod 600");
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_ok(toc_key_load(path, &again, &err), err);
    toc_key_free(again);
    toc_key_free(key);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    static const struct row {
        const char *command; // makes "$f"
        enum toc_code want;
    } rows[] = {
            {":", TOC_E_NOTFOUND},
            {": > $f", TOC_E_AUTH},
            {"echo hello > $f", TOC_E_AUTH},
            {"openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $f 2>&1",
                    TOC_E_AUTH},
            {"openssl genpkey -algorithm ED25519 -aes128 -pass pass:x -out $f", TOC_E_AUTH},
            {"openssl genpkey -algorithm ED25519 | openssl pkey -pubout -out $f", TOC_E_AUTH},
            {"mkfifo $f", TOC_E_AUTH}, // and does not hang
            {"mkdir $f", TOC_E_AUTH},
            {"head -c 20000 /dev/zero > $f", TOC_E_LENGTH},
            {"openssl genpkey -algorithm ED25519 -out $f", TOC_E_OK},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_err err = {0};
        struct toc_key *key = NULL;
        char command[TOC_PATH_BYTES_MAX + 256];
        snprintf(command, sizeof command, "f='%s'; umask 077; rm -rf $f; %s", path, row->command);
        assert_int_equal(system(command), 0);
        assert_code(toc_key_load(path, &key, &err), row->want, err);
        toc_key_free(key);
    }
}

static void out_of_memory(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_key *key = NULL;
    struct toc_verifier *verifier = NULL;
    static const uint8_t seed[32];
    toc_mem_fail_at(1);
    assert_code(toc_key_new(&key, &err), TOC_E_MEMORY, err);
    assert_null(key);
    assert_ok(toc_key_of_seed(seed, &key, &err), err);
    toc_mem_fail_at(1);
    assert_code(toc_verifier_new(toc_key_public(key), &verifier, &err), TOC_E_MEMORY, err);
    assert_null(verifier);
    toc_key_free(key);
    toc_key_free(NULL);
    toc_verifier_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(vectors_of_wycheproof),
            cmocka_unit_test(signing_vectors),
            cmocka_unit_test(every_bit_of_a_signature_counts),
            cmocka_unit_test(keys_of_small_order_are_refused),
            cmocka_unit_test(ids_and_fingerprints),
            cmocka_unit_test(out_of_memory),
            cmocka_unit_test_setup_teardown(saved_and_loaded, set_up, tear_down),
            cmocka_unit_test_setup_teardown(loose_permissions_are_refused, set_up, tear_down),
            cmocka_unit_test_setup_teardown(other_files_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
