// The rules of schemas/ADVICE.md, "Lists", one by one.
#include "tests/unit/hub/reference_kit.h"

struct ask {
    enum toc_kind kind;
    const char *value;
    const char *effect;
};

static void ask_all(const struct kit *kit, const struct ask *asks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *effect = kit_effect(kit, asks[i].kind, asks[i].value);
        assert_int_equal(
                toc_canon_check(asks[i].kind, toc_slice_of(asks[i].value)), TOC_REFUSAL_NONE);
        if (strcmp(effect, asks[i].effect) != 0)
            fail_msg("%s: \"%s\", wanted \"%s\"", asks[i].value, effect, asks[i].effect);
    }
}
#define ASK(kit, asks) ask_all((kit), (asks), sizeof(asks) / sizeof *(asks))

static const char never[] = "{\"value\": \"ehr.vendor.com\", \"kind\": \"domain\", \"match\": "
                            "[\"equal\", \"over\", \"under\"], \"why\": \"EHR\"}\n"
                            "\n"
                            "{\"value\": \"bigcdn.net\", \"kind\": \"domain\", \"match\": "
                            "[\"equal\", \"over\"], \"why\": \"CDN\"}\r\n"
                            "{\"value\": \"edge.bigcdn.net\", \"kind\": \"domain\", \"match\": "
                            "[\"equal\"], \"why\": \"alone\"}\n"
                            "{\"value\": \"8.8.8.8\", \"kind\": \"ipv4\", \"match\": [\"equal\", "
                            "\"over\", \"under\"], \"why\": \"resolver\"}\n"
                            "{\"value\": \"45.60.0.0/16\", \"kind\": \"cidr\", \"match\": "
                            "[\"equal\", \"over\", \"under\"], \"why\": \"clearing house\"}\n"
                            "{\"value\": \"104.16.0.0/13\", \"kind\": \"cidr\", \"match\": "
                            "[\"equal\", \"over\"], \"why\": \"CDN\"}\n"
                            "{\"value\": \"104.17.8.0/24\", \"kind\": \"cidr\", \"match\": "
                            "[\"equal\", \"under\"], \"why\": \"sign-on\"}\n"
                            "{\"value\": \"2620:fe::fe\", \"kind\": \"ipv6\", \"match\": "
                            "[\"equal\", \"over\"], \"why\": \"resolver\"}\n"
                            "{\"value\": \"d41d8cd98f00b204e9800998ecf8427e\", \"kind\": \"md5\", "
                            "\"match\": [\"equal\"], \"why\": \"empty\"}";

static void never_block(void **state)
{
    (void)state;
    struct kit kit = {0};
    kit_add(&kit, "never", TOC_REFERENCE_TYPE_NEVER_BLOCK, TOC_REFERENCE_EFFECT_NEVER_BLOCK,
            toc_slice_of(never));
    static const struct ask asks[] = {
            // all three
            {TOC_KIND_DOMAIN, "ehr.vendor.com", "never-block"},
            {TOC_KIND_DOMAIN, "portal.ehr.vendor.com", "never-block"},
            {TOC_KIND_DOMAIN, "a.b.c.ehr.vendor.com", "never-block"},
            {TOC_KIND_DOMAIN, "vendor.com", "never-block"},
            {TOC_KIND_DOMAIN, "notehr.vendor.com", ""},
            {TOC_KIND_DOMAIN, "xehr.vendor.com", ""},
            {TOC_KIND_DOMAIN, "ehr.vendor.com.evil.net", ""},
            // by its host
            {TOC_KIND_URL, "https://ehr.vendor.com/login", "never-block"},
            {TOC_KIND_URL, "https://a.ehr.vendor.com:8443/", "never-block"},
            {TOC_KIND_URL, "https://vendor.com/", ""}, // `over` does not apply to a URL
            {TOC_KIND_URL, "http://evil.net/ehr.vendor.com", ""},
            {TOC_KIND_EMAIL, "x@ehr.vendor.com", "never-block"},
            {TOC_KIND_EMAIL, "x@mail.ehr.vendor.com", "never-block"},
            {TOC_KIND_EMAIL, "x@vendor.com", "never-block"},
            {TOC_KIND_EMAIL, "ehr.vendor.com@evil.net", ""},
            {TOC_KIND_ENDPOINT, "8.8.8.8:53", "never-block"},
            {TOC_KIND_ENDPOINT, "8.8.8.9:53", ""},
            {TOC_KIND_ENDPOINT, "45.60.1.2:443", "never-block"},
            {TOC_KIND_URL, "http://8.8.8.8/", "never-block"},
            {TOC_KIND_URL, "http://[2620:fe::fe]/", "never-block"},
            // equal and over: what lies under it is capped, not cleared
            {TOC_KIND_DOMAIN, "bigcdn.net", "never-block"},
            {TOC_KIND_DOMAIN, "tenant.bigcdn.net", "cap"},
            {TOC_KIND_DOMAIN, "edge.bigcdn.net", "never-block"},
            {TOC_KIND_DOMAIN, "x.edge.bigcdn.net", "cap"},
            {TOC_KIND_URL, "https://tenant.bigcdn.net/x", "cap"},
            {TOC_KIND_URL, "https://bigcdn.net/x", "never-block"},
            // networks
            {TOC_KIND_IPV4, "8.8.8.8", "never-block"},
            {TOC_KIND_IPV4, "8.8.8.9", ""},
            {TOC_KIND_CIDR, "8.8.8.0/24", "never-block"},
            {TOC_KIND_CIDR, "8.0.0.0/8", "never-block"},
            {TOC_KIND_CIDR, "8.8.9.0/24", ""},
            {TOC_KIND_IPV4, "45.60.0.0", "never-block"},
            {TOC_KIND_IPV4, "45.60.255.255", "never-block"},
            {TOC_KIND_IPV4, "45.61.0.0", ""},
            {TOC_KIND_IPV4, "45.59.255.255", ""},
            {TOC_KIND_CIDR, "45.60.0.0/16", "never-block"},
            {TOC_KIND_CIDR, "45.60.7.0/24", "never-block"},
            {TOC_KIND_CIDR, "45.56.0.0/13", "never-block"},
            {TOC_KIND_IPV4, "104.16.0.1", "cap"},
            {TOC_KIND_CIDR, "104.18.0.0/24", "cap"},
            {TOC_KIND_CIDR, "104.16.0.0/13", "never-block"},
            {TOC_KIND_CIDR, "104.0.0.0/8", "never-block"},
            {TOC_KIND_IPV4, "104.17.8.77", "never-block"}, // the narrower entry says more
            {TOC_KIND_CIDR, "104.17.8.0/24", "never-block"},
            {TOC_KIND_CIDR, "104.17.8.0/23", "cap"}, // that entry has no `over`
            {TOC_KIND_IPV6, "2620:fe::fe", "never-block"},
            {TOC_KIND_IPV6, "2620:fe::ff", ""},
            {TOC_KIND_CIDR, "2620:fe::/48", "never-block"},
            {TOC_KIND_CIDR, "2620:ff::/48", ""},
            // hashes
            {TOC_KIND_MD5, "d41d8cd98f00b204e9800998ecf8427e", "never-block"},
            {TOC_KIND_MD5, "d41d8cd98f00b204e9800998ecf8427f", ""},
            {TOC_KIND_CVE, "CVE-2024-0001", ""},
    };
    ASK(&kit, asks);
    struct toc_reference_verdict v;
    kit_judge(&kit, TOC_KIND_CIDR, "8.0.0.0/8", &v);
    assert_int_equal(v.hits_count, 1);
    assert_slice(v.hits[0].note, "8.8.8.8: resolver");
    assert_slice(v.hits[0].use->version, "v1");
    kit_done(&kit);
}

// Built in: no set in force at all.
static void special_purpose(void **state)
{
    (void)state;
    const struct kit kit = {0};
    static const struct ask asks[] = {
            {TOC_KIND_IPV4, "10.1.2.3", "never-block"},
            {TOC_KIND_IPV4, "11.1.2.3", ""},
            {TOC_KIND_CIDR, "192.168.0.0/16", "never-block"},
            {TOC_KIND_CIDR, "192.168.4.0/24", "never-block"},
            {TOC_KIND_CIDR, "192.0.0.0/8", "never-block"}, // covers some
            {TOC_KIND_CIDR, "0.0.0.0/0", "never-block"},
            {TOC_KIND_CIDR, "::/0", "never-block"},
            {TOC_KIND_IPV6, "fe80::1", "never-block"},
            {TOC_KIND_IPV6, "2a00::1", ""},
            {TOC_KIND_ENDPOINT, "127.0.0.1:80", "never-block"},
            {TOC_KIND_URL, "http://10.0.0.1/x", "never-block"},
            {TOC_KIND_DOMAIN, "evil.com", ""},
    };
    ASK(&kit, asks);
    struct toc_reference_verdict v;
    kit_judge(&kit, TOC_KIND_IPV4, "10.1.2.3", &v);
    assert_slice(v.hits[0].use->name, TOC_REFERENCE_SPECIAL);
    assert_slice(v.hits[0].note, "private use (RFC 1918)");
}

static void public_suffixes(void **state)
{
    (void)state;
    struct kit kit = {0};
    kit_add(&kit, "suffixes", TOC_REFERENCE_TYPE_PUBLIC_SUFFIXES, TOC_REFERENCE_EFFECT_ANNOTATE,
            TOC_S("// ===BEGIN ICANN DOMAINS===\ncom\nuk\nco.uk\nck\n*.ck\n!www.ck\n"
                  "// ===BEGIN PRIVATE DOMAINS===\npages.host.com trailing words\ngithub.io\n"));
    static const struct ask asks[] = {
            {TOC_KIND_DOMAIN, "co.uk", "never-block"},
            {TOC_KIND_DOMAIN, "github.io", "never-block"},
            {TOC_KIND_DOMAIN, "foo.ck", "never-block"}, // by the wildcard
            {TOC_KIND_DOMAIN, "www.ck", ""},            // the exception
            {TOC_KIND_DOMAIN, "a.foo.ck", ""},
            {TOC_KIND_DOMAIN, "evil.co.uk", ""}, // neither capped nor cleared
            {TOC_KIND_DOMAIN, "evil.github.io", ""},
            {TOC_KIND_DOMAIN, "pages.host.com", "never-block"},
            {TOC_KIND_DOMAIN, "host.com", "never-block"}, // covers a suffix
            {TOC_KIND_DOMAIN, "other.host.com", ""},
            {TOC_KIND_URL, "https://github.io/", "never-block"},
            {TOC_KIND_URL, "https://evil.github.io/", ""},
            {TOC_KIND_URL, "https://host.com/", ""},
            {TOC_KIND_EMAIL, "a@github.io", "never-block"},
            {TOC_KIND_IPV4, "45.1.2.3", ""},
    };
    ASK(&kit, asks);
    static const struct {
        enum toc_kind kind;
        const char *value, *registrable;
    } names[] = {
            {TOC_KIND_DOMAIN, "a.b.evil.co.uk", "evil.co.uk"},
            {TOC_KIND_DOMAIN, "evil.co.uk", "evil.co.uk"},
            {TOC_KIND_DOMAIN, "co.uk", ""},
            {TOC_KIND_DOMAIN, "x.www.ck", "www.ck"},
            {TOC_KIND_URL, "http://a.evil.com/x", "evil.com"},
            {TOC_KIND_EMAIL, "u@m.evil.github.io", "evil.github.io"},
            {TOC_KIND_ENDPOINT, "45.1.2.3:80", ""},
            {TOC_KIND_IPV4, "45.1.2.3", ""},
            {TOC_KIND_MD5, "d41d8cd98f00b204e9800998ecf8427e", ""},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct toc_reference_verdict v;
        kit_judge(&kit, names[i].kind, names[i].value, &v);
        assert_slice(v.registrable, names[i].registrable);
    }
    kit_done(&kit);
}

#define POPULAR                                                                                    \
    "{\"name\": \"Popular\", \"description\": \"\", \"version\": 1, \"type\": \"hostname\", "      \
    "\"list\": [\"popular.com\"]}"

static void popular_names(void **state)
{
    (void)state;
    struct kit kit = {0};
    kit_list(&kit, "popular", TOC_REFERENCE_EFFECT_CAP, POPULAR);
    kit_list(&kit, "clouds", TOC_REFERENCE_EFFECT_CAP,
            "{\"type\": \"cidr\", \"list\": [\"45.60.0.0/16\"]}");
    kit_list(&kit, "pages", TOC_REFERENCE_EFFECT_CAP,
            "{\"type\": \"string\", \"list\": [\"https://good.example.com/page\"]}");
    kit_list(&kit, "words", TOC_REFERENCE_EFFECT_CAP,
            "{\"type\": \"substring\", \"list\": [\"sandbox\"]}");
    kit_list(&kit, "zz", TOC_REFERENCE_EFFECT_ANNOTATE,
            "{\"type\": \"hostname\", \"list\": [\"short.link.com\"]}");
    static const struct ask asks[] = {
            {TOC_KIND_DOMAIN, "popular.com", "cap"}, {TOC_KIND_DOMAIN, "www.popular.com", "cap"},
            {TOC_KIND_DOMAIN, "unpopular.com", ""},
            {TOC_KIND_URL, "https://www.popular.com/phish", ""}, // a page on a big host
            {TOC_KIND_URL, "https://my.sandbox.com/", ""},
            {TOC_KIND_DOMAIN, "my.sandbox.com", "cap"}, {TOC_KIND_EMAIL, "x@popular.com", "cap"},
            {TOC_KIND_URL, "https://good.example.com/page", "cap"}, // names the very page
            {TOC_KIND_URL, "https://good.example.com/pages", ""},
            {TOC_KIND_URL, "http://45.60.1.1/x", "cap"}, // a list of networks is no list of names
            {TOC_KIND_CIDR, "45.0.0.0/8", "cap"},        // covers some of it
            {TOC_KIND_CIDR, "45.60.1.0/24", "cap"}, {TOC_KIND_ENDPOINT, "45.60.1.1:80", "cap"},
            {TOC_KIND_URL, "https://short.link.com/a", "annotate"}, // caps nothing
    };
    ASK(&kit, asks);
    kit_done(&kit);
}

static void dynamic_dns(void **state)
{
    (void)state;
    struct kit kit = {0};
    kit_add(&kit, "dyn", TOC_REFERENCE_TYPE_DYNAMIC_DNS, TOC_REFERENCE_EFFECT_ANNOTATE,
            TOC_S("{\"type\": \"hostname\", \"matching_attributes\": [\"domain\"], \"list\": "
                  "[\".dyn.com\", \"home.dyn.com\"]}"));
    static const struct {
        enum toc_kind kind;
        const char *value;
        bool dynamic, hit;
    } rows[] = {
            {TOC_KIND_DOMAIN, "evil.dyn.com", true, true},
            {TOC_KIND_DOMAIN, "a.b.dyn.com", true, true},
            {TOC_KIND_DOMAIN, "home.dyn.com", true, true}, // an entry, and under another
            {TOC_KIND_DOMAIN, "dyn.com", false, true},     // the service itself does not move
            {TOC_KIND_DOMAIN, "xdyn.com", false, false},
            {TOC_KIND_URL, "http://evil.dyn.com/", true, true},
            {TOC_KIND_IPV4, "45.1.2.3", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct toc_reference_verdict v;
        kit_judge(&kit, rows[i].kind, rows[i].value, &v);
        assert_int_equal(v.dynamic_dns, rows[i].dynamic);
        assert_int_equal(v.hits_count, rows[i].hit);
    }
    kit_done(&kit);
}

static void own_names(void **state)
{
    (void)state;
    static const struct toc_slice names[] = {TOC_S_INIT("Hospital.org"),
            TOC_S_INIT("clinic.hospital.org"), TOC_S_INIT("45.61.7.0/24"),
            TOC_S_INIT("2a01:1::/32"), TOC_S_INIT("intranet.local"), TOC_S_INIT("hospital.org"),
            TOC_S_INIT("not a name"), TOC_S_INIT("45.62.0.9")};
    struct kit kit = {0};
    struct toc_err err;
    struct toc_reference_set *set;
    assert_ok(toc_reference_own_names(names, sizeof names / sizeof *names, &set, &err), err);
    assert_int_equal(toc_reference_entries(set), 6);
    assert_int_equal(toc_reference_skipped(set), 2);
    kit_put(&kit, set);
    static const struct ask asks[] = {
            {TOC_KIND_DOMAIN, "hospital.org", "never-block"},
            {TOC_KIND_DOMAIN, "portal.hospital.org", "never-block"},
            {TOC_KIND_URL, "https://portal.hospital.org/", "never-block"},
            {TOC_KIND_IPV4, "45.61.7.9", "never-block"},
            {TOC_KIND_CIDR, "45.61.0.0/16", "never-block"},
            {TOC_KIND_CIDR, "45.61.7.128/25", "never-block"},
            {TOC_KIND_CIDR, "2a01:1:5::/48", "never-block"},
            {TOC_KIND_CIDR, "45.62.0.0/24", "never-block"},
            {TOC_KIND_DOMAIN, "hospital.com", ""},
    };
    ASK(&kit, asks);
    // What the others see does not say which of its names a member enrolled.
    struct toc_reference_verdict v;
    kit_judge(&kit, TOC_KIND_CIDR, "45.61.0.0/16", &v);
    assert_slice(v.hits[0].note, "enrolled by a member as its own");
    assert_slice(v.hits[0].use->name, TOC_REFERENCE_OWN_NAMES);
    assert_true(toc_reference_reserved(TOC_S("own-names")));
    assert_true(toc_reference_reserved(TOC_S("special-purpose")));
    assert_false(toc_reference_reserved(TOC_S("own-name")));
    kit_done(&kit);
}

// Hits stand in order of set name, the built-in one in its place; when there are too many the strictest stay.
static void order_and_room(void **state)
{
    (void)state;
    struct kit kit = {0};
    char name[32];
    for (int i = 39; i >= 0; i--) {
        snprintf(name, sizeof name, "set%02d", i);
        enum toc_reference_effect effect = i == 39       ? TOC_REFERENCE_EFFECT_NEVER_BLOCK
                                           : i % 13 == 0 ? TOC_REFERENCE_EFFECT_CAP
                                                         : TOC_REFERENCE_EFFECT_ANNOTATE;
        kit_list(&kit, name, effect, "{\"type\": \"cidr\", \"list\": [\"10.0.0.0/8\"]}");
    }
    kit_list(&kit, "z", TOC_REFERENCE_EFFECT_ANNOTATE,
            "{\"type\": \"cidr\", \"list\": [\"10.0.0.1\"]}");
    struct toc_reference_verdict v;
    kit_judge(&kit, TOC_KIND_IPV4, "10.0.0.1", &v);
    assert_int_equal(v.hits_count, TOC_REFERENCE_HITS_MAX);
    int caps = 0;
    for (size_t i = 1; i < v.hits_count; i++) {
        assert_true(toc_slice_cmp(v.hits[i - 1].use->name, v.hits[i].use->name) < 0);
        caps += v.hits[i].effect == TOC_REFERENCE_EFFECT_CAP;
    }
    assert_non_null(kit_hit(&v, "set00"));
    assert_int_equal(caps, 2); // set13 and set26 beside the first
    assert_int_equal(kit_hit(&v, "set39")->effect, TOC_REFERENCE_EFFECT_NEVER_BLOCK);
    assert_non_null(kit_hit(&v, TOC_REFERENCE_SPECIAL));
    assert_null(kit_hit(&v, "z"));
    kit_done(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(never_block),
            cmocka_unit_test(special_purpose),
            cmocka_unit_test(public_suffixes),
            cmocka_unit_test(popular_names),
            cmocka_unit_test(dynamic_dns),
            cmocka_unit_test(own_names),
            cmocka_unit_test(order_and_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
