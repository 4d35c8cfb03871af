// Addresses as numbers, what covers what, special-purpose ranges and names.
#include "tests/support/unit.h"

#include <arpa/inet.h>

#include "lib/indicator/address.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/special.h"

static uint64_t random_state = 0x2545f4914f6cdd1du;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13; // xorshift64
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

// Written and read again it is the same address; libc reads the same from it.
static void ipv6_texts_round_trip(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint8_t address[16], again[16], text[TOC_ADDRESS_TEXT_MAX + 1];
        uint64_t zeros = next_random(); // which groups are zero, so that runs of them occur
        for (int group = 0; group < 8; group++) {
            uint64_t value = (zeros >> group & 1) != 0 ? 0 : next_random() >> (next_random() % 64);
            address[2 * group] = (uint8_t)(value >> 8);
            address[2 * group + 1] = (uint8_t)value;
        }
        size_t len = toc_ipv6_text(address, text);
        assert_true(len < TOC_ADDRESS_TEXT_MAX);
        assert_true(toc_ipv6_parse(toc_slice(text, len), again));
        assert_memory_equal(address, again, 16);
        text[len] = 0;
        assert_int_equal(inet_pton(AF_INET6, (const char *)text, again), 1);
        assert_memory_equal(address, again, 16);
        char theirs[INET6_ADDRSTRLEN]; // glibc follows RFC 5952 but writes some with a dotted tail
        inet_ntop(AF_INET6, address, theirs, sizeof theirs);
        if (strchr(theirs, '.') == NULL)
            assert_slice(toc_slice(text, len), theirs);
    }
}

static struct toc_network network_of(const char *text)
{
    struct toc_network network;
    enum toc_kind kind = strchr(text, '/') != NULL   ? TOC_KIND_CIDR
                         : strchr(text, ':') != NULL ? TOC_KIND_IPV6
                                                     : TOC_KIND_IPV4;
    assert_true(toc_network_of(kind, toc_slice_of(text), &network));
    return network;
}

static void covers(void **state)
{
    (void)state;
    static const struct row {
        const char *wide, *narrow;
        bool covers;
    } rows[] = {
            {"0.0.0.0/0", "192.0.2.1", true},
            {"0.0.0.0/0", "0.0.0.0/0", true},
            {"192.0.2.0/24", "192.0.2.255", true},
            {"192.0.2.0/24", "192.0.3.0", false},
            {"192.0.2.0/25", "192.0.2.128", false},
            {"192.0.2.128/25", "192.0.2.200/29", true},
            {"192.0.2.0/25", "192.0.2.0/24", false},
            {"192.0.2.1", "192.0.2.1", true},
            {"192.0.2.1", "192.0.2.0", false},
            {"::/0", "2001:db8::1", true},
            {"::/0", "192.0.2.1", false},
            {"0.0.0.0/0", "::1", false},
            {"2001:db8::/33", "2001:db8:8000::1", false},
            {"2001:db8::/33", "2001:db8:7fff::1", true},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_network wide = network_of(row->wide), narrow = network_of(row->narrow);
        if (toc_network_covers(&wide, &narrow) != row->covers)
            fail_msg("%s covers %s?", row->wide, row->narrow);
    }
}

static void networks_of_values(void **state)
{
    (void)state;
    struct toc_network network;
    assert_true(toc_network_of(TOC_KIND_ENDPOINT, TOC_S("192.0.2.1:80"), &network));
    assert_int_equal(network.prefix, 32);
    assert_true(toc_network_of(TOC_KIND_URL, TOC_S("http://[2001:db8::1]:8080/"), &network));
    assert_true(network.v6 && network.prefix == 128 && network.address[15] == 1);
    assert_false(toc_network_of(TOC_KIND_URL, TOC_S("http://example.com/"), &network));
    assert_false(toc_network_of(TOC_KIND_DOMAIN, TOC_S("example.com"), &network));
    assert_false(toc_network_of(TOC_KIND_EMAIL, TOC_S("a@example.com"), &network));
    assert_false(toc_network_of(TOC_KIND_CVE, TOC_S("CVE-2021-44228"), &network));
}

static void special_addresses(void **state)
{
    (void)state;
    static const struct row {
        enum toc_kind kind;
        const char *value, *name; // NULL: not special
    } rows[] = {
            {TOC_KIND_IPV4, "10.255.255.255", "private use (RFC 1918)"},
            {TOC_KIND_IPV4, "172.15.255.255", NULL},
            {TOC_KIND_IPV4, "172.31.0.1", "private use (RFC 1918)"},
            {TOC_KIND_IPV4, "172.32.0.0", NULL},
            {TOC_KIND_IPV4, "192.168.1.1", "private use (RFC 1918)"},
            {TOC_KIND_IPV4, "100.64.0.1", "shared address space (RFC 6598)"},
            {TOC_KIND_IPV4, "100.128.0.1", NULL},
            {TOC_KIND_IPV4, "127.0.0.1", "loopback (RFC 1122)"},
            {TOC_KIND_IPV4, "169.254.169.254", "link-local (RFC 3927)"},
            {TOC_KIND_IPV4, "0.0.0.0", "this network (RFC 791)"},
            {TOC_KIND_IPV4, "224.0.0.1", "multicast (RFC 5771)"},
            {TOC_KIND_IPV4, "255.255.255.255", "reserved and broadcast (RFC 1112)"},
            {TOC_KIND_IPV4, "192.0.2.1", "documentation (RFC 5737)"},
            {TOC_KIND_IPV4, "8.8.8.8", NULL},
            {TOC_KIND_IPV4, "1.0.0.1", NULL},
            {TOC_KIND_ENDPOINT, "10.0.0.1:80", "private use (RFC 1918)"},
            {TOC_KIND_URL, "http://192.168.0.1/", "private use (RFC 1918)"},
            {TOC_KIND_URL, "http://[fe80::1]/", "link-local (RFC 4291)"},
            {TOC_KIND_URL, "http://example.com/", NULL},
            {TOC_KIND_CIDR, "10.1.0.0/16", "private use (RFC 1918)"},
            {TOC_KIND_CIDR, "0.0.0.0/0", "this network (RFC 791)"}, // covers the first
            {TOC_KIND_CIDR, "192.0.0.0/8", "IETF protocol assignments (RFC 6890)"},
            {TOC_KIND_CIDR, "8.0.0.0/8", NULL},
            {TOC_KIND_CIDR, "::/0", "unspecified (RFC 4291)"},
            {TOC_KIND_CIDR, "2a00::/16", NULL},
            {TOC_KIND_IPV6, "::1", "loopback (RFC 4291)"},
            {TOC_KIND_IPV6, "fd00::1", "unique local (RFC 4193)"},
            {TOC_KIND_IPV6, "fe80::1", "link-local (RFC 4291)"},
            {TOC_KIND_IPV6, "ff02::1", "multicast (RFC 4291)"},
            {TOC_KIND_IPV6, "2001:db8::1", "documentation (RFC 3849)"},
            {TOC_KIND_IPV6, "2001::1", "IETF protocol assignments (RFC 2928)"},
            {TOC_KIND_IPV6, "2002:102:304::1", "6to4 (RFC 3056)"},
            {TOC_KIND_IPV6, "2606:4700:4700::1111", NULL},
            {TOC_KIND_DOMAIN, "example.com", NULL},
            {TOC_KIND_MD5, "d41d8cd98f00b204e9800998ecf8427e", NULL},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        const char *name = NULL;
        bool special = toc_special_address(row->kind, toc_slice_of(row->value), &name);
        if (special != (row->name != NULL) || (special && strcmp(name, row->name) != 0))
            fail_msg("%s: %s", row->value, special ? name : "not special");
        assert_int_equal(toc_special_address(row->kind, toc_slice_of(row->value), NULL), special);
    }
}

// First and last address of each IPv4 range; those just outside are ordinary.
static void special_ranges_end_where_they_should(void **state)
{
    (void)state;
    static const struct row {
        const char *before, *first, *last, *behind; // NULL: no neighbour, or another range
    } rows[] = {
            {NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
            {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
            {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
            {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
            {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
            {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
            {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
            {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
            {"192.31.195.255", "192.31.196.0", "192.31.196.255", "192.31.197.0"},
            {"192.52.192.255", "192.52.193.0", "192.52.193.255", "192.52.194.0"},
            {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
            {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
            {"192.175.47.255", "192.175.48.0", "192.175.48.255", "192.175.49.0"},
            {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
            {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
            {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
            {"223.255.255.255", "224.0.0.0", "239.255.255.255", NULL},
            {NULL, "240.0.0.0", "255.255.255.255", NULL},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        assert_true(toc_special_address(TOC_KIND_IPV4, toc_slice_of(row->first), NULL));
        assert_true(toc_special_address(TOC_KIND_IPV4, toc_slice_of(row->last), NULL));
        assert_false(row->before != NULL &&
                toc_special_address(TOC_KIND_IPV4, toc_slice_of(row->before), NULL));
        assert_false(row->behind != NULL &&
                toc_special_address(TOC_KIND_IPV4, toc_slice_of(row->behind), NULL));
    }
}

// Every name that is special is refused as a domain: the list of last labels sees to that.
static void special_names_are_no_domains(void **state)
{
    (void)state;
    static const char *const names[] = {"a.local", "x.y.internal", "nas.home.arpa",
            "1.0.0.10.in-addr.arpa", "a.onion", "a.test", "a.example", "a.invalid", "a.localhost",
            "pc.lan", "a.home", "a.corp", "a.mail", "a.alt", "a.private", "a.intranet",
            "a.localdomain", "localhost", "local"};
    const char *why = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(toc_special_name(toc_slice_of(names[i]), &why));
        assert_non_null(why);
        assert_true(toc_canon_check(TOC_KIND_DOMAIN, toc_slice_of(names[i])) != TOC_REFUSAL_NONE);
    }
    assert_false(toc_special_name(TOC_S("example.com"), NULL));
    assert_false(toc_special_name(TOC_S("mylocal"), NULL));
    assert_false(toc_special_name(TOC_S("local.com"), NULL));
    assert_false(toc_special_name(TOC_S(""), NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(ipv6_texts_round_trip),
            cmocka_unit_test(covers),
            cmocka_unit_test(networks_of_values),
            cmocka_unit_test(special_addresses),
            cmocka_unit_test(special_ranges_end_where_they_should),
            cmocka_unit_test(special_names_are_no_domains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
