#include "lib/privacy/names.h"

#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/limits.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_byte(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-';
}

static bool is_address_byte(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
}

// "192.0.2.1", "192.0.2.0/24" and their IPv6 forms; host bits are ignored: what is meant is clear.
static bool network_parse(struct toc_slice text, struct toc_network *out)
{
    size_t slash = toc_slice_find(text, '/');
    struct toc_slice address = toc_slice_sub(text, 0, slash);
    struct toc_network net = {.v6 = false};
    if (!toc_ipv4_parse(address, net.address)) {
        if (!toc_ipv6_parse(address, net.address))
            return false;
        net.v6 = true;
    }
    uint64_t prefix = net.v6 ? 128 : 32;
    if (slash < text.len &&
            !toc_parse_u64(toc_slice_sub(text, slash + 1, text.len), prefix, &prefix))
        return false;
    net.prefix = (uint8_t)prefix;
    for (size_t i = 0; i < sizeof net.address; i++) {
        size_t kept = prefix > 8 * i ? prefix - 8 * i : 0;
        if (kept < 8)
            net.address[i] &= (uint8_t)(0xff00u >> kept);
    }
    *out = net;
    return true;
}

static bool domain_valid(struct toc_slice s)
{
    if (s.len == 0 || s.len > TOC_DOMAIN_BYTES_MAX)
        return false;
    for (size_t i = 0, label = 0; i <= s.len; i++) {
        if (i < s.len && s.ptr[i] != '.') {
            if (!is_name_byte(s.ptr[i]) && s.ptr[i] != '_')
                return false;
            continue;
        }
        if (i == label || i - label > TOC_LABEL_BYTES_MAX)
            return false;
        label = i + 1;
    }
    return true;
}

// Lower case, without the dots and wildcard around it; .ptr is NULL when out of memory.
static struct toc_slice domain_copy(struct toc_slice text)
{
    if (toc_slice_starts(text, TOC_S("*.")))
        text = toc_slice_sub(text, 2, text.len);
    else if (toc_slice_starts(text, TOC_S(".")))
        text = toc_slice_sub(text, 1, text.len);
    if (toc_slice_ends(text, TOC_S(".")))
        text.len--;
    uint8_t *copy = toc_mem_dup(text.ptr, text.len);
    for (size_t i = 0; copy != NULL && i < text.len; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z')
            copy[i] = (uint8_t)(copy[i] - 'A' + 'a');
    return toc_slice(copy, text.len);
}

static toc_rc add(struct toc_own_names *names, struct toc_slice text, struct toc_err *err)
{
    text = toc_slice_trim(text);
    if (network_parse(text, &names->networks[names->network_count])) {
        names->network_count++;
        return TOC_OK;
    }
    struct toc_slice domain = domain_copy(text);
    TOC_ENSURE(domain.ptr != NULL, err, TOC_E_MEMORY, "own names");
    names->domains[names->domain_count++] = domain;
    TOC_ENSURE(domain_valid(domain), err, TOC_E_USAGE,
            "own name '%s' is neither domain, address nor network (write international names as "
            "xn--...)",
            TOC_SHOW(text));
    return TOC_OK;
}

toc_rc toc_own_names_init(struct toc_own_names *names, const struct toc_slice *texts, size_t count,
        struct toc_err *err)
{
    *names = (struct toc_own_names){.domains = NULL};
    TOC_ENSURE(count <= TOC_PRIVACY_NAMES_MAX, err, TOC_E_LIMIT,
            "%zu own names, at most %d are taken", count, TOC_PRIVACY_NAMES_MAX);
    names->domains = toc_mem_alloc(count + 1, sizeof *names->domains);
    names->networks = toc_mem_alloc(count + 1, sizeof *names->networks);
    TOC_ENSURE(names->domains != NULL && names->networks != NULL, err, TOC_E_MEMORY, "own names");
    for (size_t i = 0; i < count; i++)
        TOC_TRY(add(names, texts[i], err));
    return TOC_OK;
}

void toc_own_names_done(struct toc_own_names *names)
{
    for (size_t i = 0; i < names->domain_count; i++)
        toc_mem_free((void *)(uintptr_t)names->domains[i].ptr);
    toc_mem_free(names->domains);
    toc_mem_free(names->networks);
    *names = (struct toc_own_names){.domains = NULL};
}

static bool network_held(const struct toc_own_names *names, const struct toc_network *net)
{
    for (size_t i = 0; i < names->network_count; i++)
        if (toc_network_covers(&names->networks[i], net) ||
                toc_network_covers(net, &names->networks[i]))
            return true;
    return false;
}

bool toc_own_names_hold(
        const struct toc_own_names *names, enum toc_kind kind, struct toc_slice value)
{
    struct toc_network net;
    if (toc_network_of(kind, value, &net))
        return network_held(names, &net);
    struct toc_slice host = toc_value_host(kind, value);
    for (size_t i = 0; i < names->domain_count; i++)
        if (toc_domain_covers(names->domains[i], host))
            return true;
    return false;
}

static bool domain_in(struct toc_slice own, struct toc_slice text)
{
    for (size_t from = 0; own.len <= text.len && from <= text.len - own.len; from++) {
        from += toc_slice_find(toc_slice_sub(text, from, text.len), own.ptr[0]);
        size_t end = from + own.len;
        if (end > text.len || from >= text.len)
            return false;
        if (toc_slice_eq(toc_slice_sub(text, from, own.len), own) &&
                (from == 0 || !is_name_byte(text.ptr[from - 1])) &&
                (end == text.len || !is_name_byte(text.ptr[end])))
            return true;
    }
    return false;
}

// A run of address characters, without the dots and colons of the sentence around it.
static bool run_held(const struct toc_own_names *names, struct toc_slice run)
{
    struct toc_network net;
    struct toc_slice v4 = run;
    size_t colon = toc_slice_find(run, ':'); // 192.0.2.1:443
    if (colon < run.len && toc_slice_find(run, '.') < colon)
        v4 = toc_slice_sub(run, 0, colon);
    while (v4.len > 0 && v4.ptr[v4.len - 1] == '.')
        v4.len--;
    return (network_parse(v4, &net) || network_parse(run, &net)) && network_held(names, &net);
}

static bool address_in(const struct toc_own_names *names, struct toc_slice text)
{
    size_t pos = 0;
    while (names->network_count > 0 && pos < text.len) {
        size_t end = pos;
        while (end < text.len && is_address_byte(text.ptr[end]))
            end++;
        struct toc_slice run = toc_slice_sub(text, pos, end - pos);
        bool whole = run.len >= 7 && toc_slice_has(run, '.'); // 0.0.0.0
        if ((whole || (run.len >= 3 && toc_slice_has(run, ':'))) && run_held(names, run))
            return true;
        pos = end + 1;
    }
    return false;
}

bool toc_own_names_in(const struct toc_own_names *names, struct toc_slice text)
{
    for (size_t i = 0; i < names->domain_count; i++)
        if (domain_in(names->domains[i], text))
            return true;
    return address_in(names, text);
}
