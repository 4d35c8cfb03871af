// OpenSSL's digests, fetched once: a fetch for each call costs three times the hash of a key.
// A digest that cannot be computed leaves nothing sensible to go on with, so it ends the program.
#include "lib/base/digest.h"

#include <endian.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

#define HMAC_BLOCK_BYTES 64 // FIPS 180-4: block of SHA-256

struct toc_hash {
    EVP_MD_CTX *ctx;
};

static EVP_MD *sha256, *sha1;
static pthread_key_t context_key; // frees a thread's context when the thread ends
static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static _Thread_local EVP_MD_CTX *thread_context;

static void must(int ok, const char *what)
{
    if (ok == 1)
        return;
    fprintf(stderr, "fatal: the crypto library cannot %s: %s\n", what,
            ERR_error_string(ERR_peek_last_error(), NULL));
    abort();
}

static void free_context(void *ctx)
{
    EVP_MD_CTX_free(ctx);
}

static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    must(sha256 != NULL && sha1 != NULL, "fetch SHA-256 and SHA-1");
    must(pthread_key_create(&context_key, free_context) == 0, "get a thread key");
}

static EVP_MD_CTX *new_context(void)
{
    must(pthread_once(&fetched, fetch) == 0, "start");
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    must(ctx != NULL, "make a digest context");
    return ctx;
}

static EVP_MD_CTX *context(void)
{
    if (thread_context == NULL) {
        thread_context = new_context();
        must(pthread_setspecific(context_key, thread_context) == 0, "keep a context");
    }
    return thread_context;
}

static void start(EVP_MD_CTX *ctx, const EVP_MD *md)
{
    must(EVP_DigestInit_ex(ctx, md, NULL), "start a digest");
}

static void add(EVP_MD_CTX *ctx, const void *bytes, size_t len)
{
    if (len != 0)
        must(EVP_DigestUpdate(ctx, bytes, len), "digest");
}

void toc_sha256(const void *bytes, size_t len, uint8_t out[TOC_SHA256_BYTES])
{
    EVP_MD_CTX *ctx = context();
    start(ctx, sha256);
    add(ctx, bytes, len);
    must(EVP_DigestFinal_ex(ctx, out, NULL), "end a digest");
}

void toc_sha256_parts(const struct toc_slice *parts, size_t count, uint8_t out[TOC_SHA256_BYTES])
{
    EVP_MD_CTX *ctx = context();
    start(ctx, sha256);
    for (size_t i = 0; i < count; i++)
        add(ctx, parts[i].ptr, parts[i].len);
    must(EVP_DigestFinal_ex(ctx, out, NULL), "end a digest");
}

void toc_sha1(const void *bytes, size_t len, uint8_t out[20])
{
    EVP_MD_CTX *ctx = context();
    start(ctx, sha1);
    add(ctx, bytes, len);
    must(EVP_DigestFinal_ex(ctx, out, NULL), "end a digest");
}

struct toc_hash *toc_hash_new(void)
{
    struct toc_hash *hash = toc_mem_alloc(1, sizeof *hash);
    if (hash == NULL)
        return NULL;
    hash->ctx = new_context();
    start(hash->ctx, sha256);
    return hash;
}

void toc_hash_update(struct toc_hash *hash, const void *bytes, size_t len)
{
    add(hash->ctx, bytes, len);
}

void toc_hash_final(struct toc_hash *hash, uint8_t out[TOC_SHA256_BYTES])
{
    must(EVP_DigestFinal_ex(hash->ctx, out, NULL), "end a digest");
    start(hash->ctx, sha256);
}

void toc_hash_free(struct toc_hash *hash)
{
    if (hash == NULL)
        return;
    EVP_MD_CTX_free(hash->ctx);
    toc_mem_free(hash);
}

// RFC 2104 section 2. Written out because EVP_MAC costs a fetch and several allocations a call.
void toc_hmac_sha256(struct toc_slice key, struct toc_slice data, uint8_t out[TOC_SHA256_BYTES])
{
    uint8_t block[HMAC_BLOCK_BYTES] = {0}, inner[HMAC_BLOCK_BYTES], outer[HMAC_BLOCK_BYTES];
    uint8_t digest[TOC_SHA256_BYTES];

    if (key.len > sizeof block)
        toc_sha256(key.ptr, key.len, block);
    else if (key.len != 0)
        memcpy(block, key.ptr, key.len);
    for (size_t i = 0; i < sizeof block; i++) {
        inner[i] = block[i] ^ 0x36;
        outer[i] = block[i] ^ 0x5c;
    }
    toc_sha256_parts((struct toc_slice[]){toc_slice(inner, sizeof inner), data}, 2, digest);
    toc_sha256_parts(
            (struct toc_slice[]){toc_slice(outer, sizeof outer), toc_slice(digest, sizeof digest)},
            2, out);
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(inner, sizeof inner);
    OPENSSL_cleanse(outer, sizeof outer);
}

__extension__ typedef unsigned __int128 wide;

// Both halves of the full product: every input bit reaches every output bit.
static uint64_t fold(uint64_t a, uint64_t b)
{
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t word8(const uint8_t *at)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return le64toh(v);
}

static uint64_t word4(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return le32toh(v);
}

// Digits of pi after the point (as in Blowfish), made odd: nothing up the sleeve.
#define MIX_A UINT64_C(0x243f6a8885a308d3)
#define MIX_B UINT64_C(0x13198a2e03707345)
#define MIX_C UINT64_C(0xa4093822299f31d1)

// Multiply and fold, 16 bytes a step, as wyhash does; the last step takes the last 16 bytes,
// which may overlap with those before. Shorter texts are read in overlapping halves, so that no
// byte needs a loop of its own; the length in the last step tells apart what reads alike ("a",
// "aa", "aaa").
uint64_t toc_mix64(struct toc_slice s, uint64_t seed)
{
    uint64_t h = fold(seed ^ MIX_A, MIX_B), a = 0, b = 0;
    const uint8_t *at = s.ptr;

    if (s.len > 16) {
        size_t left = s.len;
        for (; left > 16; at += 16, left -= 16)
            h = fold(word8(at) ^ MIX_B, word8(at + 8) ^ h);
        a = word8(s.ptr + s.len - 16);
        b = word8(s.ptr + s.len - 8);
    } else if (s.len >= 8) {
        a = word8(at);
        b = word8(at + s.len - 8);
    } else if (s.len >= 4) {
        a = word4(at);
        b = word4(at + s.len - 4);
    } else if (s.len > 0) {
        a = (uint64_t)at[0] << 16 | (uint64_t)at[s.len / 2] << 8 | at[s.len - 1];
    }
    h = fold(a ^ MIX_B, b ^ h);
    return fold(h ^ MIX_C, (uint64_t)s.len ^ MIX_A);
}

toc_rc toc_random(void *out, size_t len, struct toc_err *err)
{
    uint8_t *at = out;
    while (len > 0) {
        int n = len > 1024 ? 1024 : (int)len;
        TOC_ENSURE(RAND_bytes(at, n) == 1, err, TOC_E_CRYPTO, "no random bytes from the system");
        at += n;
        len -= (size_t)n;
    }
    return TOC_OK;
}
