// Everything a hospital's log may carry, planted at every place of an observation: whatever the guard
// lets leave is written in its wire form and must not hold one planted secret, in any encoding used.
#include "tests/unit/privacy/guard.h"

#include "lib/indicator/canon.h"

static const char *const secrets[] = {
        "jane.doe@example.com",
        "Jane+Doe",
        "4711-MRN-99",
        "1970-01-31",
        "078-05-1120",
        "mercy-clinic.org",
        "portal.mercy-clinic.org",
        "db01.mercy.internal",
        "ehrprod",
        "8.20.30.200",
        "2a00:1234:5678::77",
        "+1-555-0100",
        "POLICY-778899",
};

// Field names a secret comes with, where it is not known by itself.
static const char *const keys[] = {
        "",
        "name=",
        "mrn=",
        "patient_dob=",
        "ssn=",
        "url=",
        "u=",
        "host=",
        "h=",
        "ip=",
        "addr=",
        "phone=",
        "insurancePolicyNumber=",
};

static void put_percent(struct toc_buf *out, struct toc_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        toc_buf_printf(out, "%%%02X", s.ptr[i]);
}

static void put_base64(struct toc_buf *out, struct toc_slice s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < s.len; i++) {
        bits = bits << 8 | s.ptr[i];
        for (have += 8; have >= 6; have -= 6)
            toc_buf_put_byte(out, (uint8_t)digits[bits >> (have - 6) & 63]);
    }
    if (have > 0)
        toc_buf_put_byte(out, (uint8_t)digits[bits << (6 - have) & 63]);
}

// 0 plain, 1 percent, 2 percent twice, 3 base64, 4 percent over base64
#define ENCODINGS 5

static void put_encoded(struct toc_buf *out, const char *key, const char *secret, int encoding)
{
    struct toc_buf once, twice;
    toc_buf_init(&once, 4096);
    toc_buf_init(&twice, 4096);
    toc_buf_put_text(&once, key);
    toc_buf_put_text(&once, secret);
    if (encoding == 1 || encoding == 2)
        put_percent(&twice, toc_buf_slice(&once));
    else if (encoding >= 3)
        put_base64(&twice, toc_buf_slice(&once));
    else
        toc_buf_put_slice(&twice, toc_buf_slice(&once));
    if (encoding == 2 || encoding == 4)
        put_percent(out, toc_buf_slice(&twice));
    else
        toc_buf_put_slice(out, toc_buf_slice(&twice));
    toc_buf_done(&once);
    toc_buf_done(&twice);
}

static bool holds(struct toc_slice text, struct toc_slice part)
{
    for (size_t i = 0; part.len <= text.len && i <= text.len - part.len; i++)
        if (toc_slice_eq_nocase(toc_slice_sub(text, i, part.len), part))
            return true;
    return false;
}

// Nothing planted stands in the wire form: not the secret, not as it was encoded.
static void assert_clean(
        const struct toc_observation *obs, struct toc_slice secret, struct toc_slice encoded)
{
    struct toc_buf wire;
    toc_buf_init(&wire, 1 << 16);
    toc_observation_encode(obs, &wire);
    if (holds(toc_buf_slice(&wire), secret) || holds(toc_buf_slice(&wire), encoded)) {
        print_error("left: %.*s in %.*s\n", TOC_SLICE_ARG(encoded), TOC_SLICE_ARG(obs->value));
        fail();
    }
    toc_buf_done(&wire);
}

enum place {
    QUERY,
    PATH,
    REFERENCE,
    DESCRIPTION,
    PLACES
};

static struct toc_observation plant(enum place place, struct toc_slice what,
        struct toc_reference *reference, struct toc_buf *url)
{
    struct toc_observation obs;
    toc_observation_init(&obs);
    unsigned notes = 0;
    enum toc_kind kind = TOC_KIND_URL;
    struct toc_buf raw;
    toc_buf_init(&raw, 4096);
    toc_buf_clear(url);
    toc_buf_put_text(&raw, place == PATH ? "https://user:pw@evil.com/r/" : "https://evil.com/go");
    if (place == QUERY)
        toc_buf_put_text(&raw, "?a=1&b=%3C&");
    if (place == QUERY || place == PATH)
        toc_buf_put_slice(&raw, what);
    // The raw value passes the canonical form first, as in a connector; it must be a URL still.
    assert_int_equal(toc_canon(&kind, toc_buf_slice(&raw), url, &notes), TOC_REFUSAL_NONE);
    obs.kind = kind;
    obs.value = toc_buf_slice(url);
    if (place == REFERENCE) {
        *reference = (struct toc_reference){TOC_S("ticket"), TOC_S("1"), what};
        obs.references = reference;
        obs.references_count = 1;
    } else if (place == DESCRIPTION) {
        obs.description = what;
    }
    toc_buf_done(&raw);
    return obs;
}

static void nothing_planted_leaves(void **state)
{
    (void)state;
    struct toc_privacy *connector = guard_new(0), *hub = guard_new(TOC_PRIVACY_HUB);
    struct toc_arena arena;
    struct toc_buf what, url;
    toc_arena_init(&arena, 1 << 16);
    toc_buf_init(&what, 4096);
    toc_buf_init(&url, 4096);
    size_t left = 0, stayed = 0;
    for (size_t s = 0; s < sizeof secrets / sizeof *secrets; s++)
        for (int encoding = 0; encoding < ENCODINGS; encoding++)
            for (enum place place = QUERY; place < PLACES; place++) {
                struct toc_reference reference;
                unsigned notes;
                toc_arena_reset(&arena);
                toc_buf_clear(&what);
                put_encoded(&what, keys[s], secrets[s], encoding);
                struct toc_observation obs = plant(place, toc_buf_slice(&what), &reference, &url),
                                       copy = obs;
                // The hub refuses every one of them: with another version of the connector, too.
                assert_int_not_equal(
                        toc_privacy_check(hub, TOC_PRIVACY_DESCRIPTION, &copy, &arena, &notes),
                        TOC_REFUSAL_NONE);
                if (toc_privacy_check(connector, TOC_PRIVACY_DESCRIPTION, &obs, &arena, &notes) !=
                        TOC_REFUSAL_NONE) {
                    stayed++;
                    continue;
                }
                left++;
                assert_int_not_equal(notes, 0);
                assert_clean(&obs, toc_slice_of(secrets[s]), toc_buf_slice(&what));
                assert_int_equal(
                        toc_privacy_check(hub, TOC_PRIVACY_DESCRIPTION, &obs, &arena, &notes),
                        TOC_REFUSAL_NONE);
            }
    // A path cannot be cut, everything else can.
    assert_int_equal(stayed, sizeof secrets / sizeof *secrets * ENCODINGS);
    assert_int_equal(left, 3 * stayed);
    toc_buf_done(&what);
    toc_buf_done(&url);
    toc_arena_done(&arena);
    toc_privacy_free(connector);
    toc_privacy_free(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_planted_leaves)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
