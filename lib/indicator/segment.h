// Sealing and opening the records of submit (schemas/SEGMENTS.md): a SignedSegment around a framed
// Segment, Tick or Control. The signature is the last 64 bytes of the Kafka value and covers
// "tocsin-segment-v1" 00 and all bytes before it, framing included.
//
// Order for a reader: toc_signed_open (form and limits; nothing is trusted yet), find the key by
// key_id, toc_signed_verify, toc_signed_payload, decode the payload. Verdicts depend on the bytes
// alone: where memory runs out these functions end the process, as a hub that guesses would write
// its guess into the log.
#pragma once

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/compress.h"
#include "lib/base/err.h"
#include "lib/base/key.h"
#include "lib/base/slice.h"
#include "lib/indicator/limits.h"
#include "schemas/control.h"
#include "schemas/refusal.h"
#include "schemas/signed_segment.h"

#define TOC_SEGMENT_DOMAIN                                                                         \
    "tocsin-segment-v1" // with its NUL: what is signed begins with these 18 bytes

// The whole Kafka value: the payload (TOC_SEGMENT_BYTES_MAX before compression) and what is around it.
#define TOC_SEGMENT_VALUE_BYTES_MAX (TOC_SEGMENT_BYTES_MAX + 256)

// Appends the Kafka value to out: framed_payload (single-object encoding, C3 01 first), packed when
// zstd is given and that makes it smaller, signed by key. observations: how many it holds (0 for
// Tick and Control). LENGTH or LIMIT beyond the maxima of limits.h; out is as before when it fails.
TOC_NODISCARD toc_rc toc_segment_seal(const uint8_t deployment[16], const struct toc_key *key,
        struct toc_slice framed_payload, int32_t observations, struct toc_zstd *zstd_or_null,
        struct toc_buf *out, struct toc_err *err);

// Decodes the frame and checks the limits; *out borrows from value. SEGMENT_FRAME, SEGMENT_LARGE,
// SEGMENT_CODEC. Nothing in it is trusted before toc_signed_verify said NONE.
TOC_NODISCARD enum toc_refusal toc_signed_open(
        struct toc_slice value, struct toc_arena *arena, struct toc_signed_segment *out);

// NONE, or SEGMENT_SIGNATURE. Any thread.
TOC_NODISCARD enum toc_refusal toc_signed_verify(
        struct toc_slice value, const struct toc_verifier *verifier);

// The two above for one key: SEGMENT_KEY when `signer`, the envelope's key_id, is another's or the key is none.
TOC_NODISCARD enum toc_refusal toc_signed_by(struct toc_slice value, const uint8_t signer[TOC_KEY_ID_BYTES],
        const uint8_t public_key[TOC_KEY_PUBLIC_BYTES]);
// The same for the root keys of a genesis: NONE when one of them signed the value.
TOC_NODISCARD enum toc_refusal toc_signed_by_root(
        struct toc_slice value, const uint8_t signer[TOC_KEY_ID_BYTES], const struct toc_genesis *genesis);

// The framed payload: borrowed from the value (codec none) or unpacked into scratch, which is cleared
// first, may hold TOC_SEGMENT_BYTES_MAX and owns the bytes. The raw length was checked by
// toc_signed_open before anything is allocated. SEGMENT_CODEC when the frame holds another length.
TOC_NODISCARD enum toc_refusal toc_signed_payload(const struct toc_signed_segment *s,
        struct toc_zstd *zstd, struct toc_buf *scratch, struct toc_slice *out_framed_payload);
