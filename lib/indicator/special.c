#include "lib/indicator/special.h"

#include "lib/indicator/address.h"
#include "lib/indicator/canon.h"

// IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), as of 2026-08, and the multicast and
// reserved blocks of the address space registries. Globally reachable entries are in as well: what
// stands there is a service of the Internet itself. Parts of a listed block are left out.
static const struct range {
    struct toc_network network;
    const char *name;
} ranges[] = {
#define V4(a, b, c, d, prefix, name)                                                               \
    {                                                                                              \
        {{a, b, c, d}, prefix, false}, name                                                        \
    }
        V4(0, 0, 0, 0, 8, "this network (RFC 791)"),
        V4(10, 0, 0, 0, 8, "private use (RFC 1918)"),
        V4(100, 64, 0, 0, 10, "shared address space (RFC 6598)"),
        V4(127, 0, 0, 0, 8, "loopback (RFC 1122)"),
        V4(169, 254, 0, 0, 16, "link-local (RFC 3927)"),
        V4(172, 16, 0, 0, 12, "private use (RFC 1918)"),
        V4(192, 0, 0, 0, 24, "IETF protocol assignments (RFC 6890)"),
        V4(192, 0, 2, 0, 24, "documentation (RFC 5737)"),
        V4(192, 31, 196, 0, 24, "AS112 (RFC 7535)"),
        V4(192, 52, 193, 0, 24, "AMT (RFC 7450)"),
        V4(192, 88, 99, 0, 24, "6to4 relay anycast (RFC 7526)"),
        V4(192, 168, 0, 0, 16, "private use (RFC 1918)"),
        V4(192, 175, 48, 0, 24, "AS112 (RFC 7534)"),
        V4(198, 18, 0, 0, 15, "benchmarking (RFC 2544)"),
        V4(198, 51, 100, 0, 24, "documentation (RFC 5737)"),
        V4(203, 0, 113, 0, 24, "documentation (RFC 5737)"),
        V4(224, 0, 0, 0, 4, "multicast (RFC 5771)"),
        V4(240, 0, 0, 0, 4, "reserved and broadcast (RFC 1112)"),
#undef V4
#define V6(prefix, name, ...)                                                                      \
    {                                                                                              \
        {{__VA_ARGS__}, prefix, true}, name                                                        \
    }
        V6(128, "unspecified (RFC 4291)", 0),
        V6(128, "loopback (RFC 4291)", [15] = 1),
        V6(96, "IPv4-compatible (RFC 4291)", 0),
        V6(96, "IPv4-mapped (RFC 4291)", [10] = 0xff, [11] = 0xff),
        V6(96, "IPv4-IPv6 translation (RFC 6052)", 0x00, 0x64, 0xff, 0x9b),
        V6(48, "local IPv4-IPv6 translation (RFC 8215)", 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01),
        V6(64, "discard only (RFC 6666)", 0x01),
        V6(64, "dummy prefix (RFC 9780)", 0x01, [7] = 1),
        V6(23, "IETF protocol assignments (RFC 2928)", 0x20, 0x01),
        V6(32, "documentation (RFC 3849)", 0x20, 0x01, 0x0d, 0xb8),
        V6(16, "6to4 (RFC 3056)", 0x20, 0x02),
        V6(48, "AS112 (RFC 7534)", 0x26, 0x20, 0x00, 0x4f, 0x80, 0x00),
        V6(20, "documentation (RFC 9637)", 0x3f, 0xff),
        V6(16, "segment routing (RFC 9602)", 0x5f),
        V6(7, "unique local (RFC 4193)", 0xfc),
        V6(10, "link-local (RFC 4291)", 0xfe, 0x80),
        V6(10, "site-local (RFC 3879)", 0xfe, 0xc0),
        V6(8, "multicast (RFC 4291)", 0xff),
#undef V6
};

// Special-Use Domain Names (IANA, as of 2026-08) but example.com, .net and .org, which resolve like any
// other name; and what networks use inside: names ICANN set aside (RFC 6762 appendix G, SAC113) and those
// it refuses to delegate for that reason.
static const struct suffix {
    struct toc_slice suffix;
    const char *name;
} suffixes[] = {
        {TOC_S_INIT("alt"), "outside the DNS (RFC 9476)"},
        {TOC_S_INIT("arpa"), "infrastructure, reverse and special-use names (RFC 3172)"},
        {TOC_S_INIT("corp"), "internal use (ICANN name collision)"},
        {TOC_S_INIT("example"), "documentation (RFC 6761)"},
        {TOC_S_INIT("home"), "internal use (ICANN name collision)"},
        {TOC_S_INIT("internal"), "internal use (ICANN SAC113)"},
        {TOC_S_INIT("intranet"), "internal use (RFC 6762 appendix G)"},
        {TOC_S_INIT("invalid"), "never a name (RFC 6761)"},
        {TOC_S_INIT("lan"), "internal use (RFC 6762 appendix G)"},
        {TOC_S_INIT("local"), "link-local names (RFC 6762)"},
        {TOC_S_INIT("localdomain"), "internal use"},
        {TOC_S_INIT("localhost"), "loopback (RFC 6761)"},
        {TOC_S_INIT("mail"), "internal use (ICANN name collision)"},
        {TOC_S_INIT("onion"), "Tor, outside the DNS (RFC 7686)"},
        {TOC_S_INIT("private"), "internal use (RFC 6762 appendix G)"},
        {TOC_S_INIT("test"), "testing (RFC 6761)"},
};

bool toc_special_address(enum toc_kind kind, struct toc_slice value, const char **name)
{
    struct toc_network network;
    if (!toc_network_of(kind, value, &network))
        return false;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct toc_network *range = &ranges[i].network;
        // Nearly every address differs here already.
        if (range->v6 != network.v6 || (range->prefix >= 8 && network.prefix >= 8 && range->address[0] != network.address[0]))
            continue;
        if (toc_network_covers(range, &network) || toc_network_covers(&network, range)) {
            if (name != NULL)
                *name = ranges[i].name;
            return true;
        }
    }
    return false;
}

// Every suffix is one label: the last one decides.
bool toc_special_name(struct toc_slice domain, const char **name)
{
    size_t from = domain.len;
    while (from > 0 && domain.ptr[from - 1] != '.')
        from--;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (toc_slice_eq(toc_slice_sub(domain, from, SIZE_MAX), suffixes[i].suffix)) {
            if (name != NULL)
                *name = suffixes[i].name;
            return true;
        }
    return false;
}
