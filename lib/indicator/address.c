// Kinds ipv4, ipv6, cidr and endpoint. Only plain spellings are read: what some tools take for an
// address and others do not (octal, hexadecimal, fewer than four parts) is refused.
#include "lib/indicator/address.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/form.h"

#define IPV6_GROUPS 8

bool toc_ipv4_parse(struct toc_slice s, uint8_t out[4])
{
    size_t pos = 0;
    for (size_t part = 0; part < 4; part++) {
        unsigned number = 0;
        size_t from = pos;
        while (pos < s.len && pos - from < 3 && s.ptr[pos] >= '0' && s.ptr[pos] <= '9')
            number = number * 10 + (s.ptr[pos++] - (unsigned)'0');
        if (pos == from || number > 255 || (pos - from > 1 && s.ptr[from] == '0'))
            return false;
        out[part] = (uint8_t)number;
        if (part < 3 && (pos == s.len || s.ptr[pos++] != '.'))
            return false;
    }
    return pos == s.len;
}

// One group of up to four hexadecimal digits.
static bool parse_group(struct toc_slice s, uint8_t out[2])
{
    unsigned number = 0;
    if (s.len == 0 || s.len > 4)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i] | 0x20;
        if (s.ptr[i] >= '0' && s.ptr[i] <= '9')
            number = number << 4 | (s.ptr[i] - (unsigned)'0');
        else if (c >= 'a' && c <= 'f')
            number = number << 4 | (c - (unsigned)'a' + 10);
        else
            return false;
    }
    out[0] = (uint8_t)(number >> 8);
    out[1] = (uint8_t)number;
    return true;
}

// Reads groups (the last may be a dotted IPv4 address: two groups) separated by single colons.
// Returns how many, or -1.
static int parse_groups(struct toc_slice s, uint8_t *out, int room)
{
    int groups = 0;
    for (size_t pos = 0;;) {
        struct toc_slice part = toc_slice_sub(s, pos, SIZE_MAX);
        size_t end = toc_slice_find(part, ':');
        bool last = end == part.len;
        part.len = end;
        if (last && groups + 2 <= room && toc_ipv4_parse(part, out + (ptrdiff_t)groups * 2))
            return groups + 2;
        if (groups == room || !parse_group(part, out + (ptrdiff_t)groups * 2))
            return -1;
        groups++;
        if (last)
            return groups;
        pos += end + 1;
    }
}

bool toc_ipv6_parse(struct toc_slice s, uint8_t out[16])
{
    size_t gap = 0;
    while (gap + 1 < s.len && !(s.ptr[gap] == ':' && s.ptr[gap + 1] == ':'))
        gap++;
    if (gap + 1 >= s.len) // no "::"
        return parse_groups(s, out, IPV6_GROUPS) == IPV6_GROUPS;

    // "::" stands for one group of zeros or more.
    uint8_t tail[16];
    struct toc_slice after = toc_slice_sub(s, gap + 2, SIZE_MAX);
    int head_groups = 0, tail_groups = 0;
    memset(out, 0, 16);
    if (gap > 0) {
        head_groups = parse_groups(toc_slice_sub(s, 0, gap), out, IPV6_GROUPS - 1);
        if (head_groups < 0 || memchr(s.ptr, '.', gap) != NULL)
            return false;
    }
    if (after.len > 0)
        tail_groups = parse_groups(after, tail, IPV6_GROUPS - 1 - head_groups);
    if (tail_groups < 0)
        return false;
    memcpy(out + 16 - 2 * tail_groups, tail, 2 * (size_t)tail_groups);
    return true;
}

bool toc_ipv6_is_mapped(const uint8_t address[16])
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(address, prefix, sizeof prefix) == 0;
}

static size_t put_decimal(uint8_t *out, unsigned number)
{
    uint8_t digits[10];
    size_t count = 0;
    do {
        digits[count++] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    for (size_t i = 0; i < count; i++)
        out[i] = digits[count - 1 - i];
    return count;
}

size_t toc_ipv4_text(const uint8_t address[4], uint8_t out[TOC_ADDRESS_TEXT_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < 4; i++) {
        if (i > 0)
            out[len++] = '.';
        len += put_decimal(out + len, address[i]);
    }
    return len;
}

// Start and length, in groups, of what "::" replaces.
/*= https://www.rfc-editor.org/rfc/rfc5952#section-4.2
 *# The symbol "::" MUST NOT be used to shorten just one 16-bit 0 field. [...] the longest run of
 *# consecutive 16-bit 0 fields MUST be shortened [...] When the length of the consecutive 16-bit 0
 *# fields are equal [...], the first sequence of zero bits MUST be shortened. */
static size_t longest_zeros(const uint8_t address[16], size_t *start)
{
    size_t best = 1, run = 0;
    *start = IPV6_GROUPS;
    for (size_t i = 0; i < IPV6_GROUPS; i++) {
        run = address[2 * i] == 0 && address[2 * i + 1] == 0 ? run + 1 : 0;
        if (run > best) {
            best = run;
            *start = i + 1 - run;
        }
    }
    return best;
}

size_t toc_ipv6_text(const uint8_t address[16], uint8_t out[TOC_ADDRESS_TEXT_MAX])
{
    static const char digits[] = "0123456789abcdef";
    size_t start, zeros = longest_zeros(address, &start), len = 0;
    for (size_t i = 0; i < IPV6_GROUPS; i++) {
        if (i == start) {
            out[len++] = ':';
            out[len++] = ':';
            i += zeros - 1;
            continue;
        }
        if (i > 0 && i != start + zeros)
            out[len++] = ':';
        unsigned group = (unsigned)address[2 * i] << 8 | address[2 * i + 1];
        for (int shift = group > 0xfff  ? 12
                         : group > 0xff ? 8
                         : group > 0xf  ? 4
                                        : 0;
                shift >= 0; shift -= 4)
            out[len++] = (uint8_t)digits[group >> shift & 15];
    }
    return len;
}

// Either family; canonical spelling not asked for. The refusal names the family it looks like.
static enum toc_refusal parse_address(struct toc_slice s, struct toc_network *out)
{
    *out = (struct toc_network){.prefix = 32};
    if (!toc_slice_has(s, ':'))
        return toc_ipv4_parse(s, out->address) ? TOC_REFUSAL_NONE : TOC_REFUSAL_CANON_IPV4;
    out->v6 = true;
    out->prefix = 128;
    if (!toc_ipv6_parse(s, out->address))
        return TOC_REFUSAL_CANON_IPV6;
    return toc_ipv6_is_mapped(out->address) ? TOC_REFUSAL_CANON_IPV6_MAPPED : TOC_REFUSAL_NONE;
}

static void put_address(struct toc_form *form, const struct toc_network *network)
{
    uint8_t text[TOC_ADDRESS_TEXT_MAX];
    size_t len = network->v6 ? toc_ipv6_text(network->address, text)
                             : toc_ipv4_text(network->address, text);
    toc_form_put(form, toc_slice(text, len));
}

enum toc_refusal toc_ipv4_check(enum toc_kind kind, struct toc_slice value)
{
    uint8_t address[4];
    (void)kind;
    return toc_ipv4_parse(value, address) ? TOC_REFUSAL_NONE : TOC_REFUSAL_CANON_IPV4;
}

enum toc_refusal toc_ipv4_canon(
        enum toc_kind *kind, struct toc_slice raw, struct toc_form *form, unsigned *notes)
{
    (void)notes;
    toc_form_put(form, raw); // the plain spelling is the only one
    return toc_ipv4_check(*kind, raw);
}

enum toc_refusal toc_ipv6_canon(
        enum toc_kind *kind, struct toc_slice raw, struct toc_form *form, unsigned *notes)
{
    struct toc_network network;
    (void)kind;
    (void)notes;
    if (!toc_slice_has(raw, ':'))
        return TOC_REFUSAL_CANON_IPV6;
    enum toc_refusal refusal = parse_address(raw, &network);
    if (refusal == TOC_REFUSAL_NONE)
        put_address(form, &network);
    return refusal;
}

// Whether canon leaves the value as it is, for kinds where asking that is the shortest rule.
static enum toc_refusal same(enum toc_kind kind, struct toc_slice value,
        enum toc_refusal (*canon)(enum toc_kind *, struct toc_slice, struct toc_form *, unsigned *),
        enum toc_refusal otherwise)
{
    struct toc_form form;
    enum toc_kind narrowed = kind;
    unsigned notes = 0;
    form.len = 0;
    form.full = false;
    enum toc_refusal refusal = canon(&narrowed, value, &form, &notes);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    return narrowed == kind && toc_slice_eq(toc_form_slice(&form), value) ? TOC_REFUSAL_NONE
                                                                          : otherwise;
}

enum toc_refusal toc_ipv6_check(enum toc_kind kind, struct toc_slice value)
{
    return same(kind, value, toc_ipv6_canon, TOC_REFUSAL_CANON_IPV6);
}

static bool has_host_bits(const struct toc_network *network)
{
    size_t size = network->v6 ? 16 : 4, byte = network->prefix / 8u;
    if (byte < size && (network->address[byte] & (0xffu >> network->prefix % 8u)) != 0)
        return true;
    for (size_t i = byte + 1; i < size; i++)
        if (network->address[i] != 0)
            return true;
    return false;
}

static enum toc_refusal parse_cidr(struct toc_slice s, struct toc_network *out)
{
    size_t slash = toc_slice_find(s, '/');
    uint64_t prefix;
    enum toc_refusal refusal = parse_address(toc_slice_sub(s, 0, slash), out);
    if (refusal == TOC_REFUSAL_CANON_IPV6_MAPPED)
        return refusal;
    if (refusal != TOC_REFUSAL_NONE || slash == s.len ||
            !toc_parse_u64(toc_slice_sub(s, slash + 1, SIZE_MAX), out->prefix, &prefix))
        return TOC_REFUSAL_CANON_CIDR;
    out->prefix = (uint8_t)prefix;
    return has_host_bits(out) ? TOC_REFUSAL_CANON_CIDR_HOST_BITS : TOC_REFUSAL_NONE;
}

enum toc_refusal toc_cidr_canon(
        enum toc_kind *kind, struct toc_slice raw, struct toc_form *form, unsigned *notes)
{
    struct toc_network network;
    enum toc_refusal refusal = parse_cidr(raw, &network);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    put_address(form, &network);
    if (network.prefix == (network.v6 ? 128 : 32)) {
        *kind = network.v6 ? TOC_KIND_IPV6 : TOC_KIND_IPV4;
        *notes |= TOC_NOTE_SINGLE_ADDRESS;
        return TOC_REFUSAL_NONE;
    }
    uint8_t digits[4] = {'/'};
    toc_form_put(form, toc_slice(digits, 1 + put_decimal(digits + 1, network.prefix)));
    return TOC_REFUSAL_NONE;
}

enum toc_refusal toc_cidr_check(enum toc_kind kind, struct toc_slice value)
{
    return same(kind, value, toc_cidr_canon, TOC_REFUSAL_CANON_CIDR);
}

enum toc_refusal toc_endpoint_check(enum toc_kind kind, struct toc_slice value)
{
    size_t colon = toc_slice_find(value, ':');
    struct toc_slice host = toc_slice_sub(value, 0, colon);
    uint8_t address[16];
    uint64_t port;
    (void)kind;
    if (value.len > 0 && value.ptr[0] == '[')
        return TOC_REFUSAL_CANON_ENDPOINT_IPV6;
    if (colon == value.len || !toc_ipv4_parse(host, address))
        return TOC_REFUSAL_CANON_ENDPOINT;
    if (!toc_parse_u64(toc_slice_sub(value, colon + 1, SIZE_MAX), 65535, &port) || port == 0)
        return TOC_REFUSAL_CANON_ENDPOINT_PORT;
    return TOC_REFUSAL_NONE;
}

enum toc_refusal toc_endpoint_canon(
        enum toc_kind *kind, struct toc_slice raw, struct toc_form *form, unsigned *notes)
{
    (void)notes;
    toc_form_put(form, raw); // the plain spelling is the only one
    return toc_endpoint_check(*kind, raw);
}

bool toc_network_of(enum toc_kind kind, struct toc_slice value, struct toc_network *out)
{
    if (kind == TOC_KIND_CIDR)
        return parse_cidr(value, out) == TOC_REFUSAL_NONE;
    struct toc_slice host = toc_value_host(kind, value);
    return host.len > 0 && parse_address(host, out) == TOC_REFUSAL_NONE;
}

bool toc_network_covers(const struct toc_network *wide, const struct toc_network *narrow)
{
    size_t bytes = wide->prefix / 8u;
    unsigned rest = wide->prefix % 8u;
    if (wide->v6 != narrow->v6 || wide->prefix > narrow->prefix)
        return false;
    // Whoever asks walks a table, in which nearly every range differs here already.
    if (bytes > 0 && wide->address[0] != narrow->address[0])
        return false;
    if (memcmp(wide->address, narrow->address, bytes) != 0)
        return false;
    return rest == 0 || (wide->address[bytes] ^ narrow->address[bytes]) >> (8 - rest) == 0;
}
