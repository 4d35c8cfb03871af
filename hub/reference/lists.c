// MISP warninglists (https://www.misp-standard.org, misp-warninglist-format). A list may be far longer
// than what jansson is given elsewhere, so the outer object and the array are cut here and only their
// pieces are handed to it.
#include <string.h>

#include "hub/reference/set.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/limits.h"

enum list_type {
    LIST_STRING,
    LIST_HOSTNAME,
    LIST_SUBSTRING,
    LIST_CIDR,
    LIST_REGEX,
    LIST_TYPES
};

static const char *const list_types[LIST_TYPES] = {
        [LIST_STRING] = "string",
        [LIST_HOSTNAME] = "hostname",
        [LIST_SUBSTRING] = "substring",
        [LIST_CIDR] = "cidr",
        [LIST_REGEX] = "regex",
};

#define ADDRESS_KINDS                                                                              \
    (KIND_BIT(TOC_KIND_IPV4) | KIND_BIT(TOC_KIND_IPV6) | KIND_BIT(TOC_KIND_CIDR) |                 \
            KIND_BIT(TOC_KIND_ENDPOINT))

// MISP attribute types and the kinds they are here. An endpoint is judged by its address.
static const struct {
    const char *attribute;
    uint32_t kinds;
} attributes[] = {
        {"ip-src", ADDRESS_KINDS},
        {"ip-dst", ADDRESS_KINDS},
        {"ip-src|port", KIND_BIT(TOC_KIND_ENDPOINT)},
        {"ip-dst|port", KIND_BIT(TOC_KIND_ENDPOINT)},
        {"domain", KIND_BIT(TOC_KIND_DOMAIN)},
        {"hostname", KIND_BIT(TOC_KIND_DOMAIN)},
        {"hostname|port", KIND_BIT(TOC_KIND_DOMAIN)},
        {"domain|ip", KIND_BIT(TOC_KIND_DOMAIN) | ADDRESS_KINDS},
        {"url", KIND_BIT(TOC_KIND_URL)},
        {"uri", KIND_BIT(TOC_KIND_URL)},
        {"link", KIND_BIT(TOC_KIND_URL)},
        {"email", KIND_BIT(TOC_KIND_EMAIL)},
        {"email-src", KIND_BIT(TOC_KIND_EMAIL)},
        {"email-dst", KIND_BIT(TOC_KIND_EMAIL)},
        {"email-reply-to", KIND_BIT(TOC_KIND_EMAIL)},
        {"target-email", KIND_BIT(TOC_KIND_EMAIL)},
        {"whois-registrant-email", KIND_BIT(TOC_KIND_EMAIL)},
        {"md5", KIND_BIT(TOC_KIND_MD5)},
        {"sha1", KIND_BIT(TOC_KIND_SHA1)},
        {"sha256", KIND_BIT(TOC_KIND_SHA256)},
        {"sha512", KIND_BIT(TOC_KIND_SHA512)},
        {"filename|md5", KIND_BIT(TOC_KIND_MD5)},
        {"filename|sha1", KIND_BIT(TOC_KIND_SHA1)},
        {"filename|sha256", KIND_BIT(TOC_KIND_SHA256)},
        {"filename|sha512", KIND_BIT(TOC_KIND_SHA512)},
        {"vulnerability", KIND_BIT(TOC_KIND_CVE)},
};

// --- cutting JSON -------------------------------------------------------------------------------

static void skip_space(struct toc_slice *rest)
{
    size_t n = 0;
    while (n < rest->len && memchr(" \t\r\n", rest->ptr[n], 4) != NULL)
        n++;
    *rest = toc_slice_sub(*rest, n, SIZE_MAX);
}

static bool take_byte(struct toc_slice *rest, uint8_t byte)
{
    skip_space(rest);
    if (rest->len == 0 || rest->ptr[0] != byte)
        return false;
    *rest = toc_slice_sub(*rest, 1, SIZE_MAX);
    return true;
}

// Length of the string token that begins with the quote at s.ptr[0]; 0: it does not end.
static size_t string_len(struct toc_slice s)
{
    for (size_t i = 1; i < s.len; i++) {
        if (s.ptr[i] == '\\')
            i++;
        else if (s.ptr[i] == '"')
            return i + 1;
    }
    return 0;
}

static size_t nested_len(struct toc_slice s)
{
    size_t depth = 0;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c == '"') {
            size_t n = string_len(toc_slice_sub(s, i, SIZE_MAX));
            if (n == 0)
                return 0;
            i += n - 1;
        } else if (c == '[' || c == '{') {
            depth++;
        } else if ((c == ']' || c == '}') && --depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

// The extent of the next value; whether it is JSON is for jansson to say.
static bool take_value(struct toc_slice *rest, struct toc_slice *out)
{
    skip_space(rest);
    size_t n = 0;
    if (rest->len > 0 && rest->ptr[0] == '"')
        n = string_len(*rest);
    else if (rest->len > 0 && (rest->ptr[0] == '[' || rest->ptr[0] == '{'))
        n = nested_len(*rest);
    else
        while (n < rest->len && memchr(",]} \t\r\n", rest->ptr[n], 7) == NULL)
            n++;
    *out = toc_slice_sub(*rest, 0, n);
    *rest = toc_slice_sub(*rest, n, SIZE_MAX);
    return n > 0;
}

static toc_rc bad(struct toc_err *err, const char *what)
{
    return toc_fail(err, TOC_E_SYNTAX, "warninglist: %s", what);
}

struct pieces {
    struct toc_slice list;
    json_t *type, *attributes; // owned
};

static toc_rc keep_piece(
        struct pieces *pieces, struct toc_slice key, struct toc_slice value, struct toc_err *err)
{
    if (toc_slice_is(key, "\"list\"")) {
        if (pieces->list.ptr != NULL)
            return bad(err, "two members \"list\"");
        pieces->list = value;
        return TOC_OK;
    }
    json_t *parsed;
    TOC_TRY(toc_json_parse(value, &parsed, err));
    json_t **place = toc_slice_is(key, "\"type\"")                  ? &pieces->type
                     : toc_slice_is(key, "\"matching_attributes\"") ? &pieces->attributes
                                                                    : NULL;
    if (place == NULL) {
        json_decref(parsed);
    } else if (*place != NULL) {
        json_decref(parsed);
        return bad(err, "a member stands twice");
    } else {
        *place = parsed;
    }
    return TOC_OK;
}

static toc_rc cut_object(struct toc_slice rest, struct pieces *pieces, struct toc_err *err)
{
    if (!take_byte(&rest, '{'))
        return bad(err, "not a JSON object");
    if (!take_byte(&rest, '}')) {
        do {
            struct toc_slice key, value;
            skip_space(&rest);
            if (rest.len == 0 || rest.ptr[0] != '"' || !take_value(&rest, &key) ||
                    !take_byte(&rest, ':') || !take_value(&rest, &value))
                return bad(err, "its object is damaged");
            TOC_TRY(keep_piece(pieces, key, value, err));
        } while (take_byte(&rest, ','));
        if (!take_byte(&rest, '}'))
            return bad(err, "its object does not end");
    }
    skip_space(&rest);
    return rest.len == 0 ? TOC_OK : bad(err, "something stands behind its object");
}

// --- entries ------------------------------------------------------------------------------------

struct reading {
    struct toc_reference_set *set;
    enum list_type type;
    struct toc_buf value; // the canonical form of one entry
};

static bool is_network(enum toc_kind kind)
{
    return kind == TOC_KIND_IPV4 || kind == TOC_KIND_IPV6 || kind == TOC_KIND_CIDR;
}

static unsigned matches_of(const struct reading *r, enum toc_kind kind)
{
    // What must never be blocked must not be blocked by something wider either.
    bool never = r->set->use.effect == TOC_REFERENCE_EFFECT_NEVER_BLOCK;
    if (is_network(kind))
        return r->type == LIST_STRING && !never ? MATCH_EQUAL : MATCH_ALL;
    if (r->type == LIST_STRING)
        return never ? MATCH_EQUAL | MATCH_OVER : MATCH_EQUAL;
    return never ? MATCH_ALL : MATCH_EQUAL | MATCH_UNDER;
}

static bool fits(enum list_type type, enum toc_kind kind)
{
    return type == LIST_STRING || is_network(kind) ||
           (type == LIST_HOSTNAME && kind == TOC_KIND_DOMAIN);
}

static toc_rc add_substring(struct reading *r, struct toc_slice text, struct toc_err *err)
{
    toc_buf_clear(&r->value);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        toc_buf_put_byte(&r->value, c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c);
    }
    if (text.len == 0 || r->value.failed || !toc_text_is_safe(text)) {
        r->set->skipped++;
        return TOC_OK;
    }
    return set_add_substring(r->set, toc_buf_slice(&r->value), err);
}

static toc_rc add_text(struct reading *r, struct toc_slice text, struct toc_err *err)
{
    enum toc_kind kind;
    if (r->type == LIST_SUBSTRING)
        return add_substring(r, text, err);
    if (r->type == LIST_HOSTNAME && toc_slice_starts(text, TOC_S(".")))
        text = toc_slice_sub(
                text, 1, SIZE_MAX); // MISP's lists write ".name" for what lies under it
    if (!set_canon(text, &kind, &r->value) || !fits(r->type, kind)) {
        r->set->skipped++;
        return TOC_OK;
    }
    return set_add(
            r->set, kind, toc_buf_slice(&r->value), toc_slice(NULL, 0), matches_of(r, kind), err);
}

static bool is_plain(struct toc_slice token)
{
    for (size_t i = 1; i + 1 < token.len; i++)
        if (token.ptr[i] < 0x20 || token.ptr[i] >= 0x7f || token.ptr[i] == '\\')
            return false;
    return true;
}

static toc_rc add_token(struct reading *r, struct toc_slice token, struct toc_err *err)
{
    if (token.ptr[0] != '"')
        return bad(err, "an entry is no string");
    if (is_plain(token))
        return add_text(r, toc_slice_sub(token, 1, token.len - 2), err);
    TOC_CLEANUP(toc_json_drop) json_t *string = NULL;
    TOC_TRY(toc_json_parse(token, &string, err));
    return add_text(r, toc_json_string(string), err);
}

static toc_rc read_entries(struct reading *r, struct toc_slice rest, struct toc_err *err)
{
    if (!take_byte(&rest, '['))
        return bad(err, "it has no list");
    if (take_byte(&rest, ']'))
        return TOC_OK;
    do {
        struct toc_slice token;
        if (!take_value(&rest, &token))
            return bad(err, "its list is damaged");
        TOC_TRY(add_token(r, token, err));
    } while (take_byte(&rest, ','));
    return take_byte(&rest, ']') && rest.len == 0 ? TOC_OK : bad(err, "its list does not end");
}

// --- the outer object ---------------------------------------------------------------------------

static toc_rc find_type(const struct pieces *pieces, enum list_type *out, struct toc_err *err)
{
    const char *name = json_string_value(pieces->type);
    for (int i = 0; name != NULL && i < LIST_TYPES; i++)
        if (strcmp(name, list_types[i]) == 0) {
            *out = (enum list_type)i;
            return TOC_OK;
        }
    return bad(err, "its type is none of string, hostname, substring, cidr, regex");
}

static uint32_t kinds_of(const json_t *names)
{
    uint32_t kinds = 0;
    if (names == NULL)
        return KINDS_ALL;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        for (size_t k = 0; name != NULL && k < sizeof attributes / sizeof *attributes; k++)
            if (strcmp(name, attributes[k].attribute) == 0)
                kinds |= attributes[k].kinds;
    }
    return kinds;
}

static uint32_t with_hosts(uint32_t kinds)
{
    uint32_t hosts = KIND_BIT(TOC_KIND_DOMAIN) | KIND_BIT(TOC_KIND_IPV4) | KIND_BIT(TOC_KIND_IPV6);
    return kinds & hosts ? kinds | KIND_BIT(TOC_KIND_URL) | KIND_BIT(TOC_KIND_EMAIL) |
                                   KIND_BIT(TOC_KIND_ENDPOINT)
                         : kinds;
}

static toc_rc read_list(
        struct toc_reference_set *set, const struct pieces *pieces, struct toc_err *err)
{
    struct reading r = {.set = set};
    TOC_TRY(find_type(pieces, &r.type, err));
    if (pieces->attributes != NULL && !json_is_array(pieces->attributes))
        return bad(err, "matching_attributes is no array");
    set->kinds = kinds_of(pieces->attributes);
    if (set->use.effect == TOC_REFERENCE_EFFECT_NEVER_BLOCK)
        set->kinds = with_hosts(set->kinds); // whatever is judged by such a host
    set->spares_urls = set->use.effect == TOC_REFERENCE_EFFECT_CAP; // popular names: schemas/ADVICE.md
    if (set->use.type == TOC_REFERENCE_TYPE_DYNAMIC_DNS) {
        if (r.type != LIST_HOSTNAME && r.type != LIST_STRING)
            return bad(err, "dynamic DNS is a list of host names");
        r.type = LIST_HOSTNAME;
        set->kinds = KINDS_ALL;
    }
    if (r.type == LIST_REGEX) {
        set->unsupported = "regular expressions are not matched";
        return TOC_OK;
    }
    toc_rc rc = set_canon_room(&r.value, err);
    if (!toc_failed(rc))
        rc = read_entries(&r, pieces->list, err);
    toc_buf_done(&r.value);
    return rc;
}

toc_rc warninglist_read(struct toc_reference_set *set, struct toc_slice bytes, struct toc_err *err)
{
    struct pieces pieces = {0};
    toc_rc rc = cut_object(bytes, &pieces, err);
    if (!toc_failed(rc))
        rc = read_list(set, &pieces, err);
    json_decref(pieces.type);
    json_decref(pieces.attributes);
    return toc_err_context(rc, err, "%s", TOC_SHOW(set->use.name));
}
