// Kind url: an absolute http, https or ftp URL, parsed as the WHATWG URL standard does without a base,
// then brought to one spelling of what RFC 3986 section 6.2.2 calls equivalent. CANONICAL.md lists where
// this departs from WHATWG; the test over its vectors holds the list to it.
#include "lib/indicator/form.h"

#include "lib/base/text.h"
#include "lib/indicator/address.h"
#include "lib/indicator/canon.h"

static const struct scheme {
    struct toc_slice name; // with "://"
    unsigned port;
} schemes[] = {
        {TOC_S_INIT("http://"), 80},
        {TOC_S_INIT("https://"), 443},
        {TOC_S_INIT("ftp://"), 21},
};

// The pieces of a URL, borrowed.
struct pieces {
    const struct scheme *scheme;
    struct toc_slice authority, path, query;
    bool has_query, has_fragment;
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static uint8_t hex_value(uint8_t c)
{
    return is_digit(c) ? (uint8_t)(c - '0') : (uint8_t)((c | 0x20) - 'a' + 10);
}

static bool is_slash(uint8_t c)
{
    return c == '/' || c == '\\'; // in the three schemes a backslash is a slash
}

static bool is_triplet(struct toc_slice s, size_t pos)
{
    return s.len - pos >= 3 && s.ptr[pos] == '%' && is_hex(s.ptr[pos + 1]) &&
           is_hex(s.ptr[pos + 2]);
}

static uint8_t triplet_value(struct toc_slice s, size_t pos)
{
    return (uint8_t)(hex_value(s.ptr[pos + 1]) << 4 | hex_value(s.ptr[pos + 2]));
}

/*= https://url.spec.whatwg.org/#concept-basic-url-parser
 *# Remove any leading and trailing C0 control or space from input. [...]
 *# Remove all ASCII tab or newline from input. */
static struct toc_slice clean(struct toc_slice raw, uint8_t scratch[TOC_RAW_BYTES_MAX])
{
    size_t len = 0;
    while (raw.len > 0 && raw.ptr[0] <= ' ')
        raw = toc_slice_sub(raw, 1, SIZE_MAX);
    while (raw.len > 0 && raw.ptr[raw.len - 1] <= ' ')
        raw.len--;
    for (size_t i = 0; i < raw.len; i++)
        if (raw.ptr[i] != '\t' && raw.ptr[i] != '\n' && raw.ptr[i] != '\r')
            scratch[len++] = raw.ptr[i];
    return toc_slice(scratch, len);
}

static const struct scheme *scheme_of(struct toc_slice name)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (toc_slice_eq_nocase(name, toc_slice_sub(schemes[i].name, 0, schemes[i].name.len - 3)))
            return &schemes[i];
    return NULL;
}

static size_t find_either(struct toc_slice s, const char *stops)
{
    size_t pos = 0;
    while (pos < s.len && (s.ptr[pos] == 0 || strchr(stops, s.ptr[pos]) == NULL))
        pos++;
    return pos;
}

static enum toc_refusal split(struct toc_slice s, struct pieces *out)
{
    size_t colon = toc_slice_find(s, ':');
    *out = (struct pieces){.scheme = colon == s.len ? NULL : scheme_of(toc_slice_sub(s, 0, colon))};
    if (out->scheme == NULL)
        return TOC_REFUSAL_CANON_URL_SCHEME;
    s = toc_slice_sub(s, colon + 1, SIZE_MAX);
    // "special authority ignore slashes state": any number of slashes, also none
    while (s.len > 0 && is_slash(s.ptr[0]))
        s = toc_slice_sub(s, 1, SIZE_MAX);

    size_t hash = toc_slice_find(s, '#');
    out->has_fragment = hash < s.len;
    s.len = hash;
    size_t mark = toc_slice_find(s, '?');
    out->has_query = mark < s.len;
    out->query = toc_slice_sub(s, mark + 1, SIZE_MAX);
    s.len = mark;
    size_t slash = find_either(s, "/\\");
    out->authority = toc_slice_sub(s, 0, slash);
    out->path = toc_slice_sub(s, slash, SIZE_MAX);
    return TOC_REFUSAL_NONE;
}

static enum toc_refusal put_ipv6(struct toc_slice host, struct toc_form *form)
{
    uint8_t address[16], spelled[TOC_ADDRESS_TEXT_MAX];
    if (!toc_slice_ends(host, TOC_S("]")) ||
            !toc_ipv6_parse(toc_slice_sub(host, 1, host.len - 2), address))
        return TOC_REFUSAL_CANON_URL_HOST;
    if (toc_ipv6_is_mapped(address))
        return TOC_REFUSAL_CANON_IPV6_MAPPED;
    toc_form_byte(form, '[');
    toc_form_put(form, toc_slice(spelled, toc_ipv6_text(address, spelled)));
    toc_form_byte(form, ']');
    return TOC_REFUSAL_NONE;
}

// WHATWG reads numbers that are no plain IPv4 address as one (0x7f.1); two readers of such a host may
// disagree, so it is refused. A name must be a canonical domain.
static enum toc_refusal put_host(
        struct toc_slice host, enum toc_idn_mode mode, struct toc_form *form, unsigned *notes)
{
    uint8_t decoded[TOC_VALUE_BYTES_MAX], address[16];
    size_t len = 0;
    if (host.len > 0 && host.ptr[0] == '[')
        return put_ipv6(host, form);
    for (size_t pos = 0; pos < host.len && len < sizeof decoded; len++) {
        bool triplet = is_triplet(host, pos);
        decoded[len] = triplet ? triplet_value(host, pos) : host.ptr[pos];
        pos += triplet ? 3 : 1;
    }
    host = toc_slice(decoded, len);
    if (len == 0 || len == sizeof decoded || !toc_utf8_valid(host))
        return TOC_REFUSAL_CANON_URL_HOST;
    if (toc_ipv4_parse(host, address)) {
        toc_form_put(form, host);
        return TOC_REFUSAL_NONE;
    }
    return toc_ends_in_number(host) ? TOC_REFUSAL_CANON_URL_HOST
                                    : toc_domain_put(host, mode, form, notes);
}

static enum toc_refusal put_port(
        struct toc_slice digits, unsigned default_port, struct toc_form *form, unsigned *notes)
{
    uint64_t port;
    if (digits.len == 0)
        return TOC_REFUSAL_NONE; // "http://host:/" has no port
    while (digits.len > 1 && digits.ptr[0] == '0')
        digits = toc_slice_sub(digits, 1, SIZE_MAX);
    if (!toc_parse_u64(digits, 65535, &port) || port == 0)
        return TOC_REFUSAL_CANON_URL_PORT;
    if (port == default_port) {
        *notes |= TOC_NOTE_DEFAULT_PORT;
        return TOC_REFUSAL_NONE;
    }
    toc_form_byte(form, ':');
    toc_form_put(form, digits);
    return TOC_REFUSAL_NONE;
}

static enum toc_refusal put_authority(
        const struct pieces *url, enum toc_idn_mode mode, struct toc_form *form, unsigned *notes)
{
    struct toc_slice host = url->authority;
    for (size_t at = host.len; at > 0; at--)
        if (host.ptr[at - 1] == '@') { // the last one: a password may hold others
            *notes |= TOC_NOTE_USERINFO_REMOVED;
            host = toc_slice_sub(host, at, SIZE_MAX);
            break;
        }
    size_t bracket = host.len > 0 && host.ptr[0] == '[' ? toc_slice_find(host, ']') : 0;
    struct toc_slice rest = toc_slice_sub(host, bracket, SIZE_MAX);
    size_t colon = bracket + toc_slice_find(rest, ':');
    enum toc_refusal refusal = put_host(toc_slice_sub(host, 0, colon), mode, form, notes);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    return put_port(toc_slice_sub(host, colon + 1, SIZE_MAX), url->scheme->port, form, notes);
}

/*= https://url.spec.whatwg.org/#path-percent-encode-set and #special-query-percent-encode-set
 * Beside these, controls, space, DEL and everything that is not ASCII. */
#define PATH_SET "\"#<>?^`{}"
#define QUERY_SET "\"#<>'"

static bool is_encoded_in(uint8_t c, const char *set)
{
    return c <= ' ' || c >= 0x7f || strchr(set, c) != NULL;
}

static bool is_unreserved(uint8_t c) // RFC 3986 section 2.3
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

static void put_triplet(struct toc_form *form, uint8_t c)
{
    static const char digits[] = "0123456789ABCDEF";
    toc_form_put(
            form, toc_slice((uint8_t[]){'%', (uint8_t)digits[c >> 4], (uint8_t)digits[c & 15]}, 3));
}

// Writes s with one spelling for each byte: triplets in upper case, those of unreserved characters
// decoded. A '%' that begins no triplet stays, as WHATWG has it; a digit decoded right behind it would
// make it begin one (%%41 -> %A..), so there the triplet stays too and twice gives the same as once.
static void put_encoded(struct toc_form *form, struct toc_slice s, const char *set)
{
    unsigned open = 0; // characters that a lone '%' still waits for
    for (size_t pos = 0; pos < s.len;) {
        bool triplet = is_triplet(s, pos);
        uint8_t c = triplet ? triplet_value(s, pos) : s.ptr[pos];
        pos += triplet ? 3 : 1;
        if (triplet ? !is_unreserved(c) || (open > 0 && is_hex(c)) : is_encoded_in(c, set)) {
            put_triplet(form, c);
            open = 0;
            continue;
        }
        toc_form_byte(form, c);
        if (!triplet && c == '%')
            open = 2;
        else
            open = open > 0 && is_hex(c) ? open - 1 : 0;
    }
}

// Segments one by one, dropping "." and letting ".." take the one before with it.
static void put_path(struct toc_form *form, struct toc_slice path)
{
    size_t start = form->len, pos = path.len > 0 ? 1 : 0;
    for (;;) {
        struct toc_slice rest = toc_slice_sub(path, pos, SIZE_MAX);
        size_t end = find_either(rest, "/\\"), before = form->len;
        bool last = end == rest.len;
        toc_form_byte(form, '/');
        put_encoded(form, toc_slice_sub(rest, 0, end), PATH_SET);
        struct toc_slice segment = toc_slice_sub(toc_form_slice(form), before, SIZE_MAX);
        bool dot = toc_slice_eq(segment, TOC_S("/.")), dots = toc_slice_eq(segment, TOC_S("/.."));
        if (dot || dots)
            form->len = before;
        while (dots && form->len > start && form->bytes[--form->len] != '/')
            ;
        if (last) {
            if (dot || dots)
                toc_form_byte(form, '/');
            return;
        }
        pos += end + 1;
    }
}

static enum toc_refusal put_url(
        struct toc_slice raw, enum toc_idn_mode mode, struct toc_form *form, unsigned *notes)
{
    uint8_t scratch[TOC_RAW_BYTES_MAX];
    struct pieces url;
    enum toc_refusal refusal = split(clean(raw, scratch), &url);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    toc_form_put(form, url.scheme->name);
    refusal = put_authority(&url, mode, form, notes);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    put_path(form, url.path);
    if (url.has_query) {
        toc_form_byte(form, '?');
        put_encoded(form, url.query, QUERY_SET);
    }
    if (url.has_fragment)
        *notes |= TOC_NOTE_FRAGMENT_REMOVED;
    return form->full ? TOC_REFUSAL_CANON_LENGTH : TOC_REFUSAL_NONE;
}

enum toc_refusal toc_url_canon(
        enum toc_kind *kind, struct toc_slice raw, struct toc_form *form, unsigned *notes)
{
    (void)kind;
    return put_url(raw, TOC_IDN_CONVERT, form, notes);
}

enum toc_refusal toc_url_check(enum toc_kind kind, struct toc_slice value)
{
    struct toc_form form;
    unsigned notes = 0;
    (void)kind;
    if (value.len > TOC_VALUE_BYTES_MAX)
        return TOC_REFUSAL_CANON_LENGTH;
    form.len = 0;
    form.full = false;
    enum toc_refusal refusal = put_url(value, TOC_IDN_REFUSE, &form, &notes);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    return toc_slice_eq(toc_form_slice(&form), value) ? TOC_REFUSAL_NONE : TOC_REFUSAL_CANON_URL;
}
