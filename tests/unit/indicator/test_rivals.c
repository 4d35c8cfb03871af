// What other exchanges got wrong with the form of a value, each under the number its users reported it by.
// Every list is one thing in several spellings: one key must come out, or the one refusal.
#include "tests/support/unit.h"

#include "lib/indicator/canon.h"
#include "lib/indicator/key.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/refang.h"

// The way of a line: refang, guess, key. False when refused.
static bool key_of(const char *text, enum toc_kind *kind, uint8_t key[TOC_KEY_BYTES])
{
    struct toc_buf plain, value;
    unsigned notes = 0;
    toc_buf_init(&plain, TOC_RAW_BYTES_MAX);
    toc_buf_init(&value, TOC_VALUE_BYTES_MAX);
    toc_refang(toc_slice_of(text), &plain);
    bool taken =
            toc_canon_guess(toc_buf_slice(&plain), kind, &value, &notes, 0) == TOC_REFUSAL_NONE;
    if (taken)
        toc_indicator_key(*kind, toc_buf_slice(&value), key);
    toc_buf_done(&plain);
    toc_buf_done(&value);
    return taken;
}

static void one_key(const char *const *spellings, size_t count, enum toc_kind kind)
{
    uint8_t first[TOC_KEY_BYTES], key[TOC_KEY_BYTES];
    for (size_t i = 0; i < count; i++) {
        enum toc_kind found = TOC_KIND_UNKNOWN;
        if (!key_of(spellings[i], &found, i == 0 ? first : key))
            fail_msg("\"%s\" is refused", spellings[i]);
        assert_int_equal(found, kind);
        if (i > 0 && memcmp(first, key, sizeof key) != 0)
            fail_msg("\"%s\" has another key than \"%s\"", spellings[i], spellings[0]);
    }
}

#define ONE_KEY(kind, ...)                                                                         \
    do {                                                                                           \
        static const char *const spellings[] = {__VA_ARGS__};                                      \
        one_key(spellings, sizeof spellings / sizeof *spellings, kind);                            \
    } while (0)

static void two_keys(const char *a, const char *b)
{
    uint8_t first[TOC_KEY_BYTES], second[TOC_KEY_BYTES];
    enum toc_kind kind;
    assert_true(key_of(a, &kind, first) && key_of(b, &kind, second));
    assert_memory_not_equal(first, second, sizeof first);
}

// OpenCTI #14645: the hash's case is part of the id
static void test_rival_opencti_14645_hash_case(void **state)
{
    (void)state;
    ONE_KEY(TOC_KIND_MD5, "d41d8cd98f00b204e9800998ecf8427e", "D41D8CD98F00B204E9800998ECF8427E",
            "D41d8cd98f00b204e9800998ecf8427E");
}

// OpenCTI #11272, #11253: Example.com and example.com are two
static void test_rival_opencti_11272_domain_case(void **state)
{
    (void)state;
    ONE_KEY(TOC_KIND_DOMAIN, "example.com", "Example.com", "EXAMPLE.COM", "example.com.",
            "EXAMPLE[.]COM.");
}

// OpenCTI #7555, not to be mended there: an IPv6 address in each of its spellings is another
static void test_rival_opencti_7555_ipv6_spelling(void **state)
{
    (void)state;
    ONE_KEY(TOC_KIND_IPV6, "2001:db8:85a3::8a2e:370:7334",
            "2001:0db8:85a3:0000:0000:8a2e:0370:7334", "2001:DB8:85A3:0:0:8A2E:370:7334",
            "2001:db8:85a3::8a2e:3.112.115.52");
}

// OpenCTI #13803: quotes make duplicates (those inside a pattern are lib/stix's part)
static void test_rival_opencti_13803_quotes(void **state)
{
    (void)state;
    ONE_KEY(TOC_KIND_DOMAIN, "example.com", "\"example.com\"", "'example.com'", "`example.com`",
            "<example.com>", "\u201cexample.com\u201d", "example.com,", "(example.com)");
}

// OpenCTI #6708: one trailing space makes two hubs exchange an object for ever
static void test_rival_opencti_6708_trailing_space(void **state)
{
    (void)state;
    ONE_KEY(TOC_KIND_URL, "http://example.com/a", "http://example.com/a ",
            "\thttp://example.com/a\r", "http://example.com/a\u00a0",
            "\u200bhttp://example.com/a\ufeff");
}

// MISP #2272: a URL is not brought together with its domain
static void test_rival_misp_2272_url_and_its_domain(void **state)
{
    (void)state;
    static const char *const urls[] = {
            "http://example.com/", "https://example.com:8443/a?b", "ftp://example.com/x@y:z"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        assert_slice(toc_value_host(TOC_KIND_URL, toc_slice_of(urls[i])), "example.com");
}

// MISP #3602 asks for normal URLs; #2286 and #603 are of the family
static void test_rival_misp_3602_url_spelling(void **state)
{
    (void)state;
    ONE_KEY(TOC_KIND_URL, "http://example.com/~a/b?c=1", "HTTP://EXAMPLE.com:80/%7Ea/./b?c=1#top",
            "hxxp://example[.]com/%7ea/x/../b?c=1", "http://user:secret@example.com./~a/b?c=1",
            "http[:]//example[.]com/~%61/b?c=1", "http:\\\\example.com\\~a\\b?c=1");
    two_keys("http://example.com/A", "http://example.com/a");
    two_keys("http://example.com/?a&b", "http://example.com/?b&a");
    two_keys("http://example.com/a", "https://example.com/a");
}

// MISP #5203: "..." in a value is mangled
static void test_rival_misp_5203_dots_in_a_path(void **state)
{
    (void)state;
    uint8_t key[TOC_KEY_BYTES];
    enum toc_kind kind;
    two_keys("http://example.com/a...b", "http://example.com/a.b");
    two_keys("http://example.com/...", "http://example.com/");
    assert_false(key_of("example...com", &kind, key));
}

// MISP, values cut to 191 characters: long URLs with a common beginning are taken for one
static void test_rival_misp_191_characters(void **state)
{
    (void)state;
    char a[400], b[400];
    memset(a, 'a', sizeof a);
    memcpy(a, "http://example.com/", 19);
    a[sizeof a - 1] = 0;
    memcpy(b, a, sizeof b);
    b[sizeof b - 2] = 'b';
    two_keys(a, b);
}

// MISP #11117: a feed's block is dropped when one value repeats in another case
static void test_rival_misp_11117_repeat_in_other_case(void **state)
{
    (void)state;
    ONE_KEY(TOC_KIND_EMAIL, "user@example.com", "user@Example.COM", "user[@]example[.]com",
            "user[at]example[dot]com");
    two_keys("user@example.com", "User@example.com"); // the local part is its server's
}

// MISP's warninglists cut neither port nor user info off a URL's host
static void test_rival_misp_warninglist_host(void **state)
{
    (void)state;
    struct toc_buf value;
    enum toc_kind kind = TOC_KIND_URL;
    unsigned notes = 0;
    toc_buf_init(&value, TOC_VALUE_BYTES_MAX);
    assert_int_equal(toc_canon(&kind, TOC_S("https://a:b@Example.com.:8443/x"), &value, &notes),
            TOC_REFUSAL_NONE);
    assert_slice(toc_value_host(kind, toc_buf_slice(&value)), "example.com");
    toc_buf_done(&value);
}

// CIF joins its key's fields with "_", which the fields may hold: two things, one key
static void test_rival_cif_joined_key(void **state)
{
    (void)state;
    uint8_t a[TOC_KEY_BYTES], b[TOC_KEY_BYTES];
    toc_indicator_key(TOC_KIND_SHA1, TOC_S("256\0a"), a);
    toc_indicator_key(TOC_KIND_SHA256, TOC_S("a"), b);
    assert_memory_not_equal(a, b, sizeof a);
}

// The spec's trap (STIX 2.1, 6.8): 198.51.100.3 and 198.51.100.3/32 have two ids
static void test_rival_stix_single_address_network(void **state)
{
    (void)state;
    ONE_KEY(TOC_KIND_IPV4, "198.51.100.3", "198.51.100.3/32", "198[.]51.100[.]3", "198.51.100.3.");
    ONE_KEY(TOC_KIND_IPV6, "2001:db8::7", "2001:db8::7/128", "2001[:]db8[:][:]7");
}

// An international name in both of its forms, by three members
static void test_rival_idn_in_both_forms(void **state)
{
    (void)state;
    ONE_KEY(TOC_KIND_DOMAIN, "xn--bcher-kva.de", "b\u00fccher.de", "B\u00dcCHER.DE",
            "bu\u0308cher[.]de.", "XN--BCHER-KVA.DE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_rival_opencti_14645_hash_case),
            cmocka_unit_test(test_rival_opencti_11272_domain_case),
            cmocka_unit_test(test_rival_opencti_7555_ipv6_spelling),
            cmocka_unit_test(test_rival_opencti_13803_quotes),
            cmocka_unit_test(test_rival_opencti_6708_trailing_space),
            cmocka_unit_test(test_rival_misp_2272_url_and_its_domain),
            cmocka_unit_test(test_rival_misp_3602_url_spelling),
            cmocka_unit_test(test_rival_misp_5203_dots_in_a_path),
            cmocka_unit_test(test_rival_misp_191_characters),
            cmocka_unit_test(test_rival_misp_11117_repeat_in_other_case),
            cmocka_unit_test(test_rival_misp_warninglist_host),
            cmocka_unit_test(test_rival_cif_joined_key),
            cmocka_unit_test(test_rival_stix_single_address_network),
            cmocka_unit_test(test_rival_idn_in_both_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
