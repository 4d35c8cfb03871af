#include "lib/base/key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/pem.h"

struct toc_key {
    EVP_PKEY *pkey;
    uint8_t public_key[TOC_KEY_PUBLIC_BYTES];
};

struct toc_verifier {
    EVP_PKEY *pkey;
};

void toc_key_id(const uint8_t public_key[TOC_KEY_PUBLIC_BYTES], uint8_t out[TOC_KEY_ID_BYTES])
{
    uint8_t digest[TOC_SHA256_BYTES];
    toc_sha256(public_key, TOC_KEY_PUBLIC_BYTES, digest);
    memcpy(out, digest, TOC_KEY_ID_BYTES);
}

void toc_key_fingerprint(const uint8_t public_key[TOC_KEY_PUBLIC_BYTES], char out[40])
{
    uint8_t id[TOC_KEY_ID_BYTES];
    toc_key_id(public_key, id);
    for (size_t i = 0; i < sizeof id; i += 2)
        snprintf(out + i / 2 * 5, 6, "%02x%02x%s", id[i], id[i + 1], i + 2 < sizeof id ? " " : "");
}

// Takes pkey over, also on failure.
static toc_rc wrap(EVP_PKEY *pkey, struct toc_key **out, struct toc_err *err)
{
    struct toc_key *key = toc_mem_alloc(1, sizeof *key);
    size_t len = TOC_KEY_PUBLIC_BYTES;
    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return toc_fail(err, TOC_E_MEMORY, "no memory for a key");
    }
    key->pkey = pkey;
    if (EVP_PKEY_get_raw_public_key(pkey, key->public_key, &len) != 1 ||
            len != TOC_KEY_PUBLIC_BYTES) {
        toc_key_free(key);
        return toc_crypto_fail(err, "reading the public half of a key");
    }
    *out = key;
    return TOC_OK;
}

toc_rc toc_key_new(struct toc_key **out, struct toc_err *err)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (pkey == NULL)
        return toc_crypto_fail(err, "making an Ed25519 key");
    return wrap(pkey, out, err);
}

toc_rc toc_key_of_seed(const uint8_t seed[32], struct toc_key **out, struct toc_err *err)
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    if (pkey == NULL)
        return toc_crypto_fail(err, "making an Ed25519 key of a seed");
    return wrap(pkey, out, err);
}

toc_rc toc_key_load(const char *path, struct toc_key **out, struct toc_err *err)
{
    EVP_PKEY *pkey = NULL;
    TOC_TRY(toc_pem_key_load(path, &pkey, err));
    if (EVP_PKEY_get_id(pkey) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(pkey);
        return toc_fail(err, TOC_E_AUTH, "%s is no Ed25519 key", path);
    }
    return wrap(pkey, out, err);
}

toc_rc toc_key_save(const struct toc_key *key, const char *path, struct toc_err *err)
{
    return toc_pem_key_save(key->pkey, path, err);
}

void toc_key_free(struct toc_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey); // wipes the private half
    toc_mem_free(key);
}

const uint8_t *toc_key_public(const struct toc_key *key)
{
    return key->public_key;
}

toc_rc toc_key_sign(const struct toc_key *key, struct toc_slice message,
        uint8_t out[TOC_SIGNATURE_BYTES], struct toc_err *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t signature[TOC_SIGNATURE_BYTES];
    size_t len = sizeof signature;
    bool done = ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) == 1 &&
                EVP_DigestSign(ctx, signature, &len, message.ptr, message.len) == 1 &&
                len == sizeof signature;
    EVP_MD_CTX_free(ctx);
    if (!done)
        return toc_crypto_fail(err, "signing");
    memcpy(out, signature, sizeof signature);
    return TOC_OK;
}

// Encodings of the points of small order (RFC 8032 section 5.1.2 form, sign bit left out): under
// such a "key" signatures verify for messages that nobody signed, so no member may enrol one.
static const uint8_t small_order[][TOC_KEY_PUBLIC_BYTES] = {
        {0}, // y = 0
        {1}, // y = 1, the neutral element
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
                0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d,
                0x53, 0xfc, 0x05}, // order 8
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
                0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92,
                0xac, 0x03, 0x7a}, // order 8
};

// y = p - 1 (order 2), and p and p + 1, which are 0 and 1 again: 0xec..0xee, 0xff x 30, 0x7f.
static bool is_near_p(const uint8_t key[TOC_KEY_PUBLIC_BYTES])
{
    for (size_t i = 1; i < TOC_KEY_PUBLIC_BYTES - 1; i++)
        if (key[i] != 0xff)
            return false;
    return key[0] >= 0xec && key[0] <= 0xee && key[TOC_KEY_PUBLIC_BYTES - 1] == 0x7f;
}

static bool is_small_order(const uint8_t public_key[TOC_KEY_PUBLIC_BYTES])
{
    uint8_t y[TOC_KEY_PUBLIC_BYTES];
    memcpy(y, public_key, sizeof y);
    y[sizeof y - 1] &= 0x7f;
    for (size_t i = 0; i < sizeof small_order / sizeof *small_order; i++)
        if (memcmp(y, small_order[i], sizeof y) == 0)
            return true;
    return is_near_p(y);
}

toc_rc toc_verifier_new(const uint8_t public_key[TOC_KEY_PUBLIC_BYTES], struct toc_verifier **out,
        struct toc_err *err)
{
    TOC_ENSURE(
            !is_small_order(public_key), err, TOC_E_AUTH, "public key is a point of small order");
    struct toc_verifier *verifier = toc_mem_alloc(1, sizeof *verifier);
    TOC_ENSURE(verifier != NULL, err, TOC_E_MEMORY, "no memory for a key");
    verifier->pkey =
            EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, TOC_KEY_PUBLIC_BYTES);
    if (verifier->pkey == NULL) {
        toc_mem_free(verifier);
        return toc_crypto_fail(err, "taking a public key");
    }
    *out = verifier;
    return TOC_OK;
}

void toc_verifier_free(struct toc_verifier *verifier)
{
    if (verifier == NULL)
        return;
    EVP_PKEY_free(verifier->pkey);
    toc_mem_free(verifier);
}

toc_rc toc_verify(const struct toc_verifier *verifier, struct toc_slice message,
        const uint8_t signature[TOC_SIGNATURE_BYTES], struct toc_err *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good =
            ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, verifier->pkey) == 1 &&
            EVP_DigestVerify(ctx, signature, TOC_SIGNATURE_BYTES, message.ptr, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    TOC_ENSURE(good, err, TOC_E_AUTH, "signature does not verify");
    return TOC_OK;
}
