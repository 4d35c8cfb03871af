// SHA-256 (FIPS 180-4), HMAC-SHA-256 (RFC 2104); CRC-64-AVRO is in lib/avro. Over OpenSSL,
// algorithms fetched once per process (one-shot calls cost three times as much). Any thread. A
// library that cannot hash leaves nothing to go on with: then the program ends (abort) with a
// sentence.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

#define TOC_SHA256_BYTES 32

void toc_sha256(const void *bytes, size_t len, uint8_t out[TOC_SHA256_BYTES]);

// Over several parts, without joining them.
void toc_sha256_parts(const struct toc_slice *parts, size_t count, uint8_t out[TOC_SHA256_BYTES]);

struct toc_hash; // incremental, heap, one thread
struct toc_hash *toc_hash_new(void);
void toc_hash_update(struct toc_hash *hash, const void *bytes, size_t len);
void toc_hash_final(struct toc_hash *hash, uint8_t out[TOC_SHA256_BYTES]); // and starts over
void toc_hash_free(struct toc_hash *hash);

void toc_hmac_sha256(struct toc_slice key, struct toc_slice data, uint8_t out[TOC_SHA256_BYTES]);

// Only to form ids that standards prescribe (UUIDv5); never for trust.
void toc_sha1(const void *bytes, size_t len, uint8_t out[20]);

// 64-bit mixing hash for tables and change digests (not against an adversary who picks both sides):
// fixed for ever, part of the state format.
uint64_t toc_mix64(struct toc_slice s, uint64_t seed);

TOC_NODISCARD toc_rc toc_random(void *out, size_t len, struct toc_err *err);
