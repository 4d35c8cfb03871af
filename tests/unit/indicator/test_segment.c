#include "tests/support/unit.h"

#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/indicator/identity.h"
#include "lib/indicator/segment.h"
#include "schemas/segment.h"

#define VECTORS "schemas/vectors/segments.json"
#define ARENA_BYTES (4 * 1024 * 1024)

static json_t *load_vectors(void)
{
    struct toc_buf text = unit_read(VECTORS);
    struct toc_err err = {0};
    json_t *vectors = NULL;
    assert_ok(toc_json_parse(toc_buf_slice(&text), &vectors, &err), err);
    toc_buf_done(&text);
    return vectors;
}

// A member of hex digits, appended as bytes.
static void put_hex(struct toc_buf *out, const json_t *object, const char *name)
{
    struct toc_slice hex = toc_json_text(object, name);
    uint8_t *room = toc_buf_reserve(out, hex.len / 2);
    assert_non_null(room);
    assert_true(toc_parse_hex(hex, room, hex.len / 2));
    out->len += hex.len / 2;
}

static struct toc_buf hex_of(const json_t *object, const char *name)
{
    struct toc_buf out;
    toc_buf_init(&out, 2 * TOC_SEGMENT_VALUE_BYTES_MAX);
    put_hex(&out, object, name);
    return out;
}

static struct toc_verifier *verifier_of(const json_t *object)
{
    struct toc_buf key = hex_of(object, "public_key");
    struct toc_verifier *verifier = NULL;
    struct toc_err err = {0};
    assert_int_equal(key.len, TOC_KEY_PUBLIC_BYTES);
    assert_ok(toc_verifier_new(key.ptr, &verifier, &err), err);
    toc_buf_done(&key);
    return verifier;
}

static enum toc_refusal take(
        const json_t *object, struct toc_slice value, struct toc_signed_segment *out)
{
    struct toc_arena TOC_CLEANUP(toc_arena_done) arena;
    struct toc_verifier *verifier = verifier_of(object);
    toc_arena_init(&arena, ARENA_BYTES);
    enum toc_refusal refusal = toc_signed_open(value, &arena, out);
    if (refusal == TOC_REFUSAL_NONE)
        refusal = toc_signed_verify(value, verifier);
    toc_verifier_free(verifier);
    return refusal;
}

static void test_sealed(void **state)
{
    (void)state;
    json_t *vectors = load_vectors(), *object;
    size_t i;
    json_array_foreach(json_object_get(vectors, "sealed"), i, object)
    {
        struct toc_buf value = hex_of(object, "value"), seed = hex_of(object, "seed"), again;
        struct toc_signed_segment s;
        struct toc_slice payload;
        struct toc_key *key = NULL;
        struct toc_err err = {0};
        toc_buf_init(&again, TOC_SEGMENT_VALUE_BYTES_MAX);
        assert_int_equal(take(object, toc_buf_slice(&value), &s), TOC_REFUSAL_NONE);
        assert_int_equal(toc_signed_payload(&s, NULL, NULL, &payload), TOC_REFUSAL_NONE);
        assert_int_equal(seed.len, 32);
        assert_ok(toc_key_of_seed(seed.ptr, &key, &err), err);
        assert_ok(toc_segment_seal(s.deployment, key, payload, s.observations, NULL, &again, &err),
                err);
        assert_slices_equal(toc_buf_slice(&again), toc_buf_slice(&value));
        toc_key_free(key);
        toc_buf_done(&again);
        toc_buf_done(&seed);
        toc_buf_done(&value);
    }
    assert_true(i >= 4);
    json_decref(vectors);
}

static void test_refused(void **state)
{
    (void)state;
    json_t *vectors = load_vectors(), *object;
    size_t i;
    json_array_foreach(json_object_get(vectors, "refused"), i, object)
    {
        struct toc_buf value = hex_of(object, "value");
        struct toc_signed_segment s;
        enum toc_refusal want = TOC_REFUSAL_NONE, have = take(object, toc_buf_slice(&value), &s);
        assert_true(toc_refusal_parse(toc_json_text(object, "refusal"), &want));
        if (have != want)
            print_error("%s: %s\n", json_string_value(json_object_get(object, "name")),
                    toc_refusal_code(have));
        assert_int_equal(have, want);
        toc_buf_done(&value);
    }
    assert_true(i >= 10);
    json_decref(vectors);
}

// A framed segment of `count` like domains.
static void put_segment(struct toc_buf *out, size_t count)
{
    struct toc_segment segment;
    struct toc_observation *observations = calloc(count, sizeof *observations);
    toc_segment_init(&segment);
    segment.member = TOC_S("m");
    for (size_t i = 0; i < count; i++) {
        toc_observation_init(&observations[i]);
        observations[i].kind = TOC_KIND_DOMAIN;
        observations[i].value = TOC_S("example.com");
    }
    segment.observations = observations;
    segment.observations_count = count;
    toc_segment_put(&segment, out);
    free(observations);
}

static void test_zstd(void **state)
{
    (void)state;
    static const uint8_t deployment[16] = {7}, seed[32] = {1};
    struct toc_buf payload, value, scratch;
    struct toc_zstd *zstd = toc_zstd_new();
    struct toc_key *key = NULL;
    struct toc_err err = {0};
    struct toc_arena arena;
    struct toc_signed_segment s;
    struct toc_slice unpacked;
    toc_buf_init(&payload, TOC_SEGMENT_BYTES_MAX);
    toc_buf_init(&value, TOC_SEGMENT_VALUE_BYTES_MAX);
    toc_buf_init(&scratch, TOC_SEGMENT_BYTES_MAX);
    toc_arena_init(&arena, ARENA_BYTES);
    put_segment(&payload, TOC_SEGMENT_OBSERVATIONS_MAX);
    assert_ok(toc_key_of_seed(seed, &key, &err), err);
    assert_ok(toc_segment_seal(deployment, key, toc_buf_slice(&payload),
                      TOC_SEGMENT_OBSERVATIONS_MAX, zstd, &value, &err),
            err);
    assert_true(value.len < payload.len / 10);
    assert_int_equal(toc_signed_open(toc_buf_slice(&value), &arena, &s), TOC_REFUSAL_NONE);
    assert_int_equal(s.codec, TOC_CODEC_ZSTD);
    assert_int_equal(toc_signed_payload(&s, zstd, &scratch, &unpacked), TOC_REFUSAL_NONE);
    assert_slices_equal(unpacked, toc_buf_slice(&payload));
    s.raw_length--;
    assert_int_equal(toc_signed_payload(&s, zstd, &scratch, &unpacked), TOC_REFUSAL_SEGMENT_CODEC);
    s.raw_length++;
    s.payload.len--;
    assert_int_equal(toc_signed_payload(&s, zstd, &scratch, &unpacked), TOC_REFUSAL_SEGMENT_CODEC);
    toc_key_free(key);
    toc_zstd_free(zstd);
    toc_buf_done(&payload);
    toc_buf_done(&value);
    toc_buf_done(&scratch);
    toc_arena_done(&arena);
}

static void test_limits(void **state)
{
    (void)state;
    static const uint8_t deployment[16] = {7}, seed[32] = {1};
    uint8_t *large = calloc(1, TOC_SEGMENT_BYTES_MAX + 1);
    struct toc_key *key = NULL;
    struct toc_buf out;
    struct toc_err err = {0};
    toc_buf_init(&out, TOC_SEGMENT_VALUE_BYTES_MAX);
    toc_buf_put_text(&out, "before");
    assert_ok(toc_key_of_seed(seed, &key, &err), err);
    assert_code(toc_segment_seal(deployment, key, toc_slice(large, TOC_SEGMENT_BYTES_MAX + 1), 1,
                        NULL, &out, &err),
            TOC_E_LENGTH, err);
    assert_code(toc_segment_seal(deployment, key, toc_slice(large, 1), 1001, NULL, &out, &err),
            TOC_E_LIMIT, err);
    assert_slice(toc_buf_slice(&out), "before");
    toc_buf_clear(&out);
    assert_ok(toc_segment_seal(deployment, key, toc_slice(large, TOC_SEGMENT_BYTES_MAX), 1000, NULL,
                      &out, &err),
            err);
    assert_true(out.len <= TOC_SEGMENT_VALUE_BYTES_MAX);
    free(large);
    toc_key_free(key);
    toc_buf_done(&out);
}

// UUIDv5 made by Python's uuid module: uuid5(uuid5(NAMESPACE_DNS, "tocsin.invalid"), name).
static void test_identity(void **state)
{
    (void)state;
    uint8_t key[TOC_KEY_BYTES];
    char id[TOC_STIX_ID_MAX];
    toc_indicator_key(TOC_KIND_DOMAIN, TOC_S("example.com"), key);
    toc_identity_stix_id("indicator", key, id);
    assert_string_equal(id, "indicator--ad2a6800-eb02-57ca-8c48-0b7e65ff82f8");
    assert_true(toc_identity_minted(toc_slice_of(id), key));
    toc_identity_stix_id("observed-data", key, id);
    assert_string_equal(id, "observed-data--2d8084de-b251-50ad-bd38-22566f5717a0");
    assert_true(toc_identity_minted(toc_slice_of(id), key));
    key[0] ^= 1;
    assert_false(toc_identity_minted(toc_slice_of(id), key));
    assert_false(toc_identity_minted(TOC_S(""), key));
    assert_false(
            toc_identity_minted(TOC_S("indicator--a740531e-63ff-4e49-a9e1-a0a3eed0e3e7"), key));
    assert_true(toc_identity_marks(TOC_S(" Tocsin output, list, 2026-01-01")));
    assert_false(toc_identity_marks(TOC_S(" a Tocsin output")));
    assert_true(toc_identity_tags(TOC_S("tocsin:green")));
    assert_false(toc_identity_tags(TOC_S("tocsin-like")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_sealed),
            cmocka_unit_test(test_refused),
            cmocka_unit_test(test_zstd),
            cmocka_unit_test(test_limits),
            cmocka_unit_test(test_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
