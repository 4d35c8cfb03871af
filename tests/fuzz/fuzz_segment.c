// Any bytes as a value of `submit`: what opens is within the limits, says itself which bytes were signed,
// and gives a payload of exactly the length it claims; nothing verifies that was not signed.
#include <string.h>

#include "lib/indicator/segment.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t public_key[TOC_KEY_PUBLIC_BYTES] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1,
            0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3,
            0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51,
            0x1a}; // RFC 8032 section 7.1, test 1
    static struct toc_verifier *verifier;
    static struct toc_zstd *zstd;
    struct toc_slice value = toc_slice(data, size), payload;
    struct toc_signed_segment s;
    struct toc_arena arena;
    struct toc_buf scratch;
    struct toc_err err = {0};
    if (verifier == NULL)
        FUZZ_CHECK(!toc_failed(toc_verifier_new(public_key, &verifier, &err)) &&
                   (zstd = toc_zstd_new()) != NULL);
    toc_arena_init(&arena, 1 << 20);
    toc_buf_init(&scratch, TOC_SEGMENT_BYTES_MAX);
    if (toc_signed_open(value, &arena, &s) == TOC_REFUSAL_NONE) {
        FUZZ_CHECK(size <= TOC_SEGMENT_VALUE_BYTES_MAX &&
                   s.observations <= TOC_SEGMENT_OBSERVATIONS_MAX);
        FUZZ_CHECK(memcmp(s.signature, data + size - sizeof s.signature, sizeof s.signature) == 0);
        if (toc_signed_payload(&s, zstd, &scratch, &payload) == TOC_REFUSAL_NONE)
            FUZZ_CHECK(payload.len == (size_t)s.raw_length);
    }
    if (toc_signed_verify(value, verifier) ==
            TOC_REFUSAL_NONE) { // only the seeds, signed with that key
        uint8_t *changed = malloc(size);
        FUZZ_CHECK(changed != NULL);
        memcpy(changed, data, size);
        changed[size / 2] ^= 1;
        FUZZ_CHECK(toc_signed_verify(toc_slice(changed, size), verifier) != TOC_REFUSAL_NONE);
        free(changed);
    }
    toc_buf_done(&scratch);
    toc_arena_done(&arena);
    return 0;
}
