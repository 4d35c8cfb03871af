// The key of an indicator: first 16 bytes of SHA-256 over kind name, 00, canonical value. It is the
// indicator's id and Kafka key in every audience and chooses its partition. Frozen for ever:
// schemas/KEYS.md, vectors in schemas/vectors/keys.tsv. Pure, any thread.
#pragma once

#include <stdint.h>

#include "lib/base/slice.h"
#include "lib/indicator/kind.h"

#define TOC_KEY_BYTES 16
#define TOC_KEY_HEX (2 * TOC_KEY_BYTES + 1) // with the NUL

// `kind` must be a kind (not unknown) and `value` canonical.
void toc_indicator_key(enum toc_kind kind, struct toc_slice value, uint8_t out[TOC_KEY_BYTES]);

// First 8 bytes, big-endian, modulo the deployment's number of partitions (not 0).
uint32_t toc_key_partition(const uint8_t key[TOC_KEY_BYTES], uint32_t partitions);

void toc_key_hex(const uint8_t key[TOC_KEY_BYTES], char out[TOC_KEY_HEX]); // lower case
