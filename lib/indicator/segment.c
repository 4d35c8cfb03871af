#include "lib/indicator/segment.h"

#include <stdlib.h>
#include <string.h>

#define DOMAIN_BYTES (sizeof TOC_SEGMENT_DOMAIN) // the NUL is part of it

// What is signed: the domain and the value without its signature.
static void put_signed_bytes(struct toc_buf *out, struct toc_slice unsigned_value)
{
    toc_buf_put(out, TOC_SEGMENT_DOMAIN, DOMAIN_BYTES);
    toc_buf_put_slice(out, unsigned_value);
}

static void fill(struct toc_signed_segment *s, const uint8_t deployment[16],
        const struct toc_key *key, struct toc_slice framed_payload, int32_t observations)
{
    toc_signed_segment_init(s);
    memcpy(s->deployment, deployment, sizeof s->deployment);
    toc_key_id(toc_key_public(key), s->key_id);
    s->codec = TOC_CODEC_NONE;
    s->raw_length = (int64_t)framed_payload.len;
    s->observations = observations;
    s->payload = framed_payload;
}

// Signs what was encoded from `start` on with an empty signature, and fills the signature in.
static toc_rc sign_tail(
        const struct toc_key *key, struct toc_buf *out, size_t start, struct toc_err *err)
{
    struct toc_slice whole = toc_slice_sub(toc_buf_slice(out), start, out->len - start);
    struct toc_buf TOC_CLEANUP(toc_buf_done) message;
    toc_buf_init(&message, DOMAIN_BYTES + TOC_SEGMENT_VALUE_BYTES_MAX);
    put_signed_bytes(&message, toc_slice_sub(whole, 0, whole.len - TOC_SIGNATURE_BYTES));
    TOC_TRY(toc_buf_check(&message, "segment", err));
    return toc_key_sign(
            key, toc_buf_slice(&message), out->ptr + out->len - TOC_SIGNATURE_BYTES, err);
}

toc_rc toc_segment_seal(const uint8_t deployment[16], const struct toc_key *key,
        struct toc_slice framed_payload, int32_t observations, struct toc_zstd *zstd_or_null,
        struct toc_buf *out, struct toc_err *err)
{
    TOC_ENSURE(framed_payload.len <= TOC_SEGMENT_BYTES_MAX, err, TOC_E_LENGTH,
            "segment of %zu bytes, at most %d", framed_payload.len, TOC_SEGMENT_BYTES_MAX);
    TOC_ENSURE(observations >= 0 && observations <= TOC_SEGMENT_OBSERVATIONS_MAX, err, TOC_E_LIMIT,
            "segment of %d observations, at most %d", (int)observations,
            TOC_SEGMENT_OBSERVATIONS_MAX);
    struct toc_buf TOC_CLEANUP(toc_buf_done) packed;
    toc_buf_init(&packed, 2 * TOC_SEGMENT_BYTES_MAX); // what does not shrink is not kept
    struct toc_signed_segment s;
    fill(&s, deployment, key, framed_payload, observations);
    if (zstd_or_null != NULL) {
        TOC_TRY(toc_zstd_pack(zstd_or_null, framed_payload, &packed, err));
        if (packed.len < framed_payload.len) {
            s.codec = TOC_CODEC_ZSTD;
            s.payload = toc_buf_slice(&packed);
        }
    }
    size_t start = out->len;
    toc_signed_segment_put(&s, out);
    toc_rc rc = toc_buf_check(out, "segment", err);
    if (!toc_failed(rc))
        rc = sign_tail(key, out, start, err);
    if (toc_failed(rc))
        toc_buf_truncate(out, start);
    return rc;
}

enum toc_refusal toc_signed_open(
        struct toc_slice value, struct toc_arena *arena, struct toc_signed_segment *out)
{
    struct toc_signed_segment s;
    if (value.len > TOC_SEGMENT_VALUE_BYTES_MAX)
        return TOC_REFUSAL_SEGMENT_LARGE;
    if (toc_failed(toc_signed_segment_get(value, arena, &s, NULL)) || s.encryption.len != 0)
        return TOC_REFUSAL_SEGMENT_FRAME;
    if (s.raw_length < 0 || s.observations < 0)
        return TOC_REFUSAL_SEGMENT_FRAME;
    if (s.raw_length > TOC_SEGMENT_BYTES_MAX || s.observations > TOC_SEGMENT_OBSERVATIONS_MAX)
        return TOC_REFUSAL_SEGMENT_LARGE;
    if (s.codec != TOC_CODEC_NONE && s.codec != TOC_CODEC_ZSTD)
        return TOC_REFUSAL_SEGMENT_CODEC;
    if (s.codec == TOC_CODEC_NONE && s.payload.len != (size_t)s.raw_length)
        return TOC_REFUSAL_SEGMENT_CODEC;
    *out = s;
    return TOC_REFUSAL_NONE;
}

enum toc_refusal toc_signed_verify(struct toc_slice value, const struct toc_verifier *verifier)
{
    if (value.len < TOC_SIGNATURE_BYTES || value.len > TOC_SEGMENT_VALUE_BYTES_MAX)
        return TOC_REFUSAL_SEGMENT_SIGNATURE;
    size_t body = value.len - TOC_SIGNATURE_BYTES;
    struct toc_buf TOC_CLEANUP(toc_buf_done) message;
    toc_buf_init(&message, DOMAIN_BYTES + TOC_SEGMENT_VALUE_BYTES_MAX);
    put_signed_bytes(&message, toc_slice_sub(value, 0, body));
    if (message.failed)
        abort(); // within the limit, so this is memory
    bool good = !toc_failed(toc_verify(verifier, toc_buf_slice(&message), value.ptr + body, NULL));
    return good ? TOC_REFUSAL_NONE : TOC_REFUSAL_SEGMENT_SIGNATURE;
}

enum toc_refusal toc_signed_by(struct toc_slice value, const uint8_t signer[TOC_KEY_ID_BYTES],
        const uint8_t public_key[TOC_KEY_PUBLIC_BYTES])
{
    uint8_t id[TOC_KEY_ID_BYTES];
    struct toc_verifier *verifier;
    toc_key_id(public_key, id);
    if (memcmp(id, signer, sizeof id) != 0 || toc_failed(toc_verifier_new(public_key, &verifier, NULL)))
        return TOC_REFUSAL_SEGMENT_KEY;
    enum toc_refusal refusal = toc_signed_verify(value, verifier);
    toc_verifier_free(verifier);
    return refusal;
}

enum toc_refusal toc_signed_by_root(
        struct toc_slice value, const uint8_t signer[TOC_KEY_ID_BYTES], const struct toc_genesis *genesis)
{
    enum toc_refusal refusal = TOC_REFUSAL_SEGMENT_KEY;
    for (size_t i = 0; i < genesis->root_keys_count && refusal == TOC_REFUSAL_SEGMENT_KEY; i++)
        refusal = toc_signed_by(value, signer, genesis->root_keys[i]);
    return refusal;
}

enum toc_refusal toc_signed_payload(const struct toc_signed_segment *s, struct toc_zstd *zstd,
        struct toc_buf *scratch, struct toc_slice *out_framed_payload)
{
    if (s->codec == TOC_CODEC_NONE) {
        *out_framed_payload = s->payload;
        return TOC_REFUSAL_NONE;
    }
    toc_buf_clear(scratch);
    toc_rc rc = toc_zstd_unpack(zstd, s->payload, (size_t)s->raw_length, scratch, NULL);
    if (rc.code == TOC_E_MEMORY)
        abort();
    if (toc_failed(rc))
        return TOC_REFUSAL_SEGMENT_CODEC;
    *out_framed_payload = toc_buf_slice(scratch);
    return TOC_REFUSAL_NONE;
}
