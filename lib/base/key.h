// Ed25519 signing keys (RFC 8032). TLS keys are another thing: lib/base/cert.h. Private keys live
// in PKCS#8 PEM files that only their owner may read; public keys travel as 32 raw bytes.
#pragma once

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

#define TOC_KEY_PUBLIC_BYTES 32
#define TOC_SIGNATURE_BYTES 64
#define TOC_KEY_ID_BYTES 16

// Key id: first 16 bytes of SHA-256 over the 32 raw public bytes.
void toc_key_id(const uint8_t public_key[TOC_KEY_PUBLIC_BYTES], uint8_t out[TOC_KEY_ID_BYTES]);

// What two people read to each other by telephone: the key id as 8 groups of 4 hex digits.
void toc_key_fingerprint(const uint8_t public_key[TOC_KEY_PUBLIC_BYTES], char out[40]);

struct toc_key; // private and public half; heap; signing is safe from one thread at a time

TOC_NODISCARD toc_rc toc_key_new(
        struct toc_key **out, struct toc_err *err); // fresh, from the system
// For vectors and tests: the key of a 32-byte seed.
TOC_NODISCARD toc_rc toc_key_of_seed(
        const uint8_t seed[32], struct toc_key **out, struct toc_err *err);
// Refuses (AUTH) a file that group or others may read or write, or that is not an Ed25519 key.
TOC_NODISCARD toc_rc toc_key_load(const char *path, struct toc_key **out, struct toc_err *err);
// Creates the file 0600, never overwrites (EXISTS).
TOC_NODISCARD toc_rc toc_key_save(const struct toc_key *key, const char *path, struct toc_err *err);
void toc_key_free(struct toc_key *key);

const uint8_t *toc_key_public(const struct toc_key *key);
TOC_NODISCARD toc_rc toc_key_sign(const struct toc_key *key, struct toc_slice message,
        uint8_t out[TOC_SIGNATURE_BYTES], struct toc_err *err);

// A public key made ready for many checks (the hub keeps one per member key). Immutable, any
// thread. AUTH for a point of small order: under such a key a signature would fit messages nobody
// signed.
struct toc_verifier;
TOC_NODISCARD toc_rc toc_verifier_new(const uint8_t public_key[TOC_KEY_PUBLIC_BYTES],
        struct toc_verifier **out, struct toc_err *err);
void toc_verifier_free(struct toc_verifier *verifier);
// OK, or AUTH. Never says more: a bad signature is a bad signature.
TOC_NODISCARD toc_rc toc_verify(const struct toc_verifier *verifier, struct toc_slice message,
        const uint8_t signature[TOC_SIGNATURE_BYTES], struct toc_err *err);
