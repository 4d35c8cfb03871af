// Which kind a bare value is. A value fits one kind only or none: the questions are asked from the form
// that shows itself most (a scheme) to the one that shows least (a name), and the first that fits
// decides; a value that then breaks the kind's rules is refused, never tried as another kind.
#include "lib/indicator/canon.h"

#include "lib/base/text.h"
#include "lib/indicator/address.h"
#include "lib/indicator/form.h"

#define HASH_LIKE_MIN 24 // so many hex digits without a dot are meant as a hash

static bool all_in(struct toc_slice s, const char *set)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] == 0 || strchr(set, s.ptr[i]) == NULL)
            return false;
    return s.len > 0;
}

#define DIGITS "0123456789"
#define HEX DIGITS "abcdefABCDEF"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool has_scheme(struct toc_slice s)
{
    static const struct toc_slice bare[] = {
            TOC_S_INIT("http"), TOC_S_INIT("https"), TOC_S_INIT("ftp")};
    struct toc_slice name = toc_slice_sub(s, 0, toc_slice_find(s, ':'));
    struct toc_slice behind = toc_slice_sub(s, name.len, 3);
    if (name.len == s.len || name.len == 0)
        return false;
    for (size_t i = 0; i < sizeof bare / sizeof *bare; i++)
        if (toc_slice_eq_nocase(name, bare[i]))
            return true;
    return toc_slice_eq(behind, TOC_S("://")) && all_in(toc_slice_sub(name, 0, 1), LETTERS) &&
            all_in(name, LETTERS DIGITS "+-.");
}

static bool is_ipv4(struct toc_slice s)
{
    uint8_t address[4];
    return toc_ipv4_parse(s, address);
}

// address/digits, whatever the digits are
static bool is_network_like(struct toc_slice s)
{
    uint8_t address[16];
    size_t slash = toc_slice_find(s, '/');
    struct toc_slice head = toc_slice_sub(s, 0, slash);
    return all_in(toc_slice_sub(s, slash + 1, SIZE_MAX), DIGITS) &&
           (is_ipv4(head) || toc_ipv6_parse(head, address));
}

static enum toc_kind kind_with_colon(struct toc_slice s, enum toc_refusal *otherwise)
{
    size_t colon = toc_slice_find(s, ':');
    struct toc_slice head = toc_slice_sub(s, 0, colon);
    struct toc_slice tail = toc_slice_sub(s, colon + 1, SIZE_MAX);
    if (is_ipv4(head) || (s.ptr[0] == '[' && toc_slice_has(s, ']') && s.ptr[s.len - 1] != ']'))
        return TOC_KIND_ENDPOINT;
    if (toc_slice_has(tail, ':'))
        return TOC_KIND_IPV6;
    *otherwise = toc_slice_has(head, '.') ? TOC_REFUSAL_CANON_ENDPOINT : TOC_REFUSAL_CANON_KIND;
    return TOC_KIND_UNKNOWN;
}

static enum toc_kind hash_kind(struct toc_slice s, enum toc_refusal *otherwise)
{
    for (enum toc_kind kind = TOC_KIND_MD5; kind <= TOC_KIND_SHA512; kind++)
        if (toc_kind_row(kind)->value_max == s.len)
            return kind;
    *otherwise = TOC_REFUSAL_CANON_HASH;
    return TOC_KIND_UNKNOWN;
}

// Unknown, with the refusal that helps most in *otherwise.
static enum toc_kind guess_kind(struct toc_slice s, enum toc_refusal *otherwise)
{
    *otherwise = TOC_REFUSAL_CANON_KIND;
    if (has_scheme(s))
        return TOC_KIND_URL;
    if (is_network_like(s))
        return TOC_KIND_CIDR;
    if (toc_slice_has(s, '/') || toc_slice_has(s, '?')) {
        *otherwise = TOC_REFUSAL_CANON_URL_SCHEME;
        return TOC_KIND_UNKNOWN;
    }
    if (toc_slice_has(s, '@'))
        return TOC_KIND_EMAIL;
    if (toc_slice_has(s, ':'))
        return kind_with_colon(s, otherwise);
    if (all_in(s, HEX) && s.len >= HASH_LIKE_MIN)
        return hash_kind(s, otherwise);
    if (toc_ends_in_number(s))
        return TOC_KIND_IPV4;
    if (toc_slice_eq_nocase(toc_slice_sub(s, 0, 4), TOC_S("CVE-")) && !toc_slice_has(s, '.'))
        return TOC_KIND_CVE;
    return TOC_KIND_DOMAIN;
}

enum toc_refusal toc_canon_assumed(struct toc_slice raw, struct toc_buf *out, unsigned *notes)
{
    static const struct toc_slice scheme = TOC_S_INIT("http://");
    uint8_t whole[TOC_RAW_BYTES_MAX];
    enum toc_kind kind = TOC_KIND_URL;
    raw = toc_slice_trim(raw);
    if (raw.len == 0)
        return TOC_REFUSAL_CANON_EMPTY;
    if (raw.len > sizeof whole - scheme.len)
        return TOC_REFUSAL_CANON_LENGTH;
    // /path has no host; user@host/x may be user info, or an address of something else
    if (has_scheme(raw) || raw.ptr[0] == '/' ||
            toc_slice_has(toc_slice_sub(raw, 0, toc_slice_find(raw, '/')), '@'))
        return TOC_REFUSAL_CANON_URL_SCHEME;
    memcpy(whole, scheme.ptr, scheme.len);
    memcpy(whole + scheme.len, raw.ptr, raw.len);
    enum toc_refusal refusal = toc_canon(&kind, toc_slice(whole, scheme.len + raw.len), out, notes);
    if (refusal == TOC_REFUSAL_NONE)
        *notes |= TOC_NOTE_SCHEME_ASSUMED;
    return refusal;
}

enum toc_refusal toc_canon_guess(struct toc_slice raw, enum toc_kind *kind, struct toc_buf *out,
        unsigned *notes, unsigned flags)
{
    enum toc_refusal refusal = TOC_REFUSAL_CANON_EMPTY;
    raw = toc_slice_trim(raw);
    enum toc_kind found = raw.len == 0 ? TOC_KIND_UNKNOWN : guess_kind(raw, &refusal);
    if (found != TOC_KIND_UNKNOWN) {
        refusal = toc_canon(&found, raw, out, notes);
    } else if (refusal == TOC_REFUSAL_CANON_URL_SCHEME && (flags & TOC_GUESS_ASSUME_SCHEME) != 0) {
        found = TOC_KIND_URL;
        refusal = toc_canon_assumed(raw, out, notes);
    }
    if (refusal == TOC_REFUSAL_NONE)
        *kind = found;
    return refusal;
}
