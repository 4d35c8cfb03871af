#include "lib/privacy/privacy.h"

#include "lib/base/mem.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/special.h"
#include "lib/privacy/names.h"
#include "lib/privacy/scan.h"

struct toc_privacy {
    struct toc_own_names names;
    struct toc_slice *keys;
    struct toc_scan_rules scan;
    unsigned flags;
};

const char *toc_privacy_note_text(enum toc_privacy_note_index note)
{
#define X(name, text) [TOC_PRIVACY_NOTE_INDEX_##name] = text,
    static const char *const texts[] = {TOC_PRIVACY_NOTES(X)};
#undef X
    return texts[note];
}

// ---- rules -----------------------------------------------------------------------------------

// Normal form of a field name: its ASCII letters and digits, in lower case.
static toc_rc add_key(struct toc_privacy *p, struct toc_slice key, struct toc_err *err)
{
    size_t len = 0;
    uint8_t *copy = toc_mem_dup(key.ptr, key.len);
    TOC_ENSURE(copy != NULL, err, TOC_E_MEMORY, "query keys");
    for (size_t i = 0; i < key.len; i++) {
        uint8_t c = key.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            copy[len++] = c;
    }
    p->keys[p->scan.key_count++] = toc_slice(copy, len);
    TOC_ENSURE(len > 0, err, TOC_E_USAGE, "query key without a letter or digit");
    return TOC_OK;
}

static toc_rc fill(
        struct toc_privacy *p, const struct toc_privacy_rules *rules, struct toc_err *err)
{
    TOC_ENSURE(rules->query_key_count <= TOC_PRIVACY_KEYS_MAX, err, TOC_E_LIMIT,
            "%zu query keys, at most %d are taken", rules->query_key_count, TOC_PRIVACY_KEYS_MAX);
    TOC_TRY(toc_own_names_init(&p->names, rules->own_names, rules->own_name_count, err));
    p->keys = toc_mem_alloc(rules->query_key_count + 1, sizeof *p->keys);
    TOC_ENSURE(p->keys != NULL, err, TOC_E_MEMORY, "query keys");
    for (size_t i = 0; i < rules->query_key_count; i++)
        TOC_TRY(add_key(p, rules->query_keys[i], err));
    p->scan.names = &p->names;
    p->scan.keys = p->keys;
    p->flags = rules->flags;
    return TOC_OK;
}

toc_rc toc_privacy_new(
        const struct toc_privacy_rules *rules, struct toc_privacy **out, struct toc_err *err)
{
    struct toc_privacy *p = toc_mem_alloc(1, sizeof *p);
    TOC_ENSURE(p != NULL, err, TOC_E_MEMORY, "privacy guard");
    toc_rc rc = fill(p, rules, err);
    if (toc_failed(rc)) {
        toc_privacy_free(p);
        return rc;
    }
    *out = p;
    return TOC_OK;
}

void toc_privacy_free(struct toc_privacy *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->scan.key_count; i++)
        toc_mem_free((void *)(uintptr_t)p->keys[i].ptr);
    toc_mem_free(p->keys);
    toc_own_names_done(&p->names);
    toc_mem_free(p);
}

// ---- a value ---------------------------------------------------------------------------------

static enum toc_refusal refusal_of(enum toc_finding finding)
{
    switch (finding) {
    case TOC_FINDING_NONE:
        return TOC_REFUSAL_NONE;
    case TOC_FINDING_OWN:
        return TOC_REFUSAL_PRIVACY_OWN;
    case TOC_FINDING_MAIL:
        return TOC_REFUSAL_PRIVACY_EMAIL;
    case TOC_FINDING_PERSON:
        break;
    }
    return TOC_REFUSAL_PRIVACY_QUERY;
}

// The value lies in a special-purpose range. A network that only covers such a range does not: it is
// wide, and what may be done with it is a matter of advice. First and last address in a range of one
// name lie in one range, since no network of two of them begins inside either.
static bool is_special(enum toc_kind kind, struct toc_slice value)
{
    struct toc_network net;
    const char *first, *last;
    if (!toc_special_address(kind, value, NULL))
        return false;
    if (kind != TOC_KIND_CIDR || !toc_network_of(kind, value, &net))
        return true;
    enum toc_kind one = net.v6 ? TOC_KIND_IPV6 : TOC_KIND_IPV4;
    uint8_t text[TOC_ADDRESS_TEXT_MAX];
    size_t len = net.v6 ? toc_ipv6_text(net.address, text) : toc_ipv4_text(net.address, text);
    if (!toc_special_address(one, toc_slice(text, len), &first))
        return false;
    for (size_t i = 0, bits = net.prefix; i < (net.v6 ? 16u : 4u); i++, bits -= bits < 8 ? bits : 8)
        net.address[i] |= (uint8_t)(bits < 8 ? 0xffu >> bits : 0);
    len = net.v6 ? toc_ipv6_text(net.address, text) : toc_ipv4_text(net.address, text);
    return toc_special_address(one, toc_slice(text, len), &last) && strcmp(first, last) == 0;
}

// Where the path of a canonical URL begins, and whether user info stands before its host.
static size_t url_path(struct toc_slice url, bool *userinfo)
{
    size_t host = toc_slice_find(url, ':') + 3; // "://"
    struct toc_slice rest = toc_slice_sub(url, host, url.len);
    size_t len = toc_slice_find(rest, '/');
    *userinfo = toc_slice_find(toc_slice_sub(rest, 0, len), '@') < len;
    return host + len;
}

// *cut is how much of the URL may leave: up to the query, or all of it.
static enum toc_refusal check_url(const struct toc_privacy *p, struct toc_slice url, size_t *cut)
{
    bool userinfo;
    size_t path = url_path(url, &userinfo), query = toc_slice_find(url, '?');
    *cut = url.len;
    if (userinfo)
        return TOC_REFUSAL_OBSERVATION_CANONICAL;
    enum toc_finding in_path = toc_scan(&p->scan, toc_slice_sub(url, path, query - path));
    if (in_path != TOC_FINDING_NONE)
        return in_path == TOC_FINDING_OWN ? TOC_REFUSAL_PRIVACY_OWN : TOC_REFUSAL_PRIVACY_QUERY;
    if (toc_scan(&p->scan, toc_slice_sub(url, query, url.len)) != TOC_FINDING_NONE)
        *cut = query;
    return TOC_REFUSAL_NONE;
}

// May the value leave, its first *cut bytes at least?
static enum toc_refusal check_value(const struct toc_privacy *p, unsigned allow, enum toc_kind kind,
        struct toc_slice value, size_t *cut)
{
    *cut = value.len;
    if (is_special(kind, value))
        return TOC_REFUSAL_PRIVACY_ADDRESS;
    if (toc_own_names_hold(&p->names, kind, value))
        return TOC_REFUSAL_PRIVACY_OWN;
    if (kind == TOC_KIND_EMAIL && (allow & TOC_PRIVACY_MAIL) == 0)
        return TOC_REFUSAL_PRIVACY_EMAIL;
    return kind == TOC_KIND_URL ? check_url(p, value, cut) : TOC_REFUSAL_NONE;
}

// ---- an observation --------------------------------------------------------------------------

// One check under way: what is found is either noted and removed, or refused.
struct pass {
    const struct toc_privacy *privacy;
    struct toc_arena *arena;
    unsigned allow, notes;
    enum toc_refusal refusal; // the first one
};

// A rewrite is needed because of `why`. True: do it.
static bool rewrite(struct pass *pass, enum toc_refusal why, enum toc_privacy_note note)
{
    if ((pass->privacy->flags & TOC_PRIVACY_HUB) == 0) {
        pass->notes |= note;
        return true;
    }
    if (pass->refusal == TOC_REFUSAL_NONE)
        pass->refusal = why;
    return false;
}

static bool text_clean(struct pass *pass, struct toc_slice text, enum toc_privacy_note note)
{
    enum toc_refusal why = refusal_of(toc_scan(&pass->privacy->scan, text));
    return why == TOC_REFUSAL_NONE || !rewrite(pass, why, note);
}

// The items that `clean` lets stay: the same array when all do, else a shorter one in the arena, since
// the old one may be shared by other observations.
static void *keep_clean(struct pass *pass, void *items, size_t *count, size_t size,
        bool (*clean)(struct pass *pass, const void *item))
{
    const uint8_t *from = items;
    uint64_t gone = 0;
    size_t kept = 0;
    if (*count > 64) { // the schema's limits are far below
        pass->refusal = TOC_REFUSAL_OBSERVATION_RANGE;
        return items;
    }
    for (size_t i = 0; i < *count; i++)
        if (!clean(pass, from + i * size))
            gone |= UINT64_C(1) << i;
    if (gone == 0)
        return items;
    uint8_t *to = toc_arena_alloc(pass->arena, *count, size);
    if (to == NULL) {
        pass->refusal = TOC_REFUSAL_OBSERVATION_RANGE;
        return items;
    }
    for (size_t i = 0; i < *count; i++)
        if ((gone >> i & 1) == 0)
            memcpy(to + kept++ * size, from + i * size, size);
    *count = kept;
    return to;
}

static bool tag_clean(struct pass *pass, const void *item)
{
    const struct toc_slice *tag = item;
    return text_clean(pass, *tag, TOC_PRIVACY_NOTE_TAG);
}

static bool reference_clean(struct pass *pass, const void *item)
{
    const struct toc_reference *ref = item;
    return text_clean(pass, ref->source, TOC_PRIVACY_NOTE_REFERENCE) &&
           text_clean(pass, ref->id, TOC_PRIVACY_NOTE_REFERENCE) &&
           text_clean(pass, ref->url, TOC_PRIVACY_NOTE_REFERENCE);
}

static bool relation_clean(struct pass *pass, const void *item)
{
    const struct toc_relation *relation = item;
    size_t cut;
    enum toc_refusal why =
            check_value(pass->privacy, pass->allow, relation->kind, relation->value, &cut);
    if (why == TOC_REFUSAL_NONE && cut < relation->value.len)
        why = TOC_REFUSAL_PRIVACY_QUERY; // cut, it would be a relation to something else
    return why == TOC_REFUSAL_NONE || !rewrite(pass, why, TOC_PRIVACY_NOTE_RELATION);
}

static void check_texts(struct pass *pass, struct toc_observation *obs)
{
    bool allowed = (pass->allow & TOC_PRIVACY_DESCRIPTION) != 0;
    if (obs->description.len > 0 &&
            (allowed ? !text_clean(pass, obs->description, TOC_PRIVACY_NOTE_DESCRIPTION)
                     : rewrite(pass, TOC_REFUSAL_PRIVACY_DESCRIPTION,
                               TOC_PRIVACY_NOTE_DESCRIPTION)))
        obs->description = TOC_S("");
    if (!text_clean(pass, obs->origin, TOC_PRIVACY_NOTE_ORIGIN))
        obs->origin = TOC_S("");
}

enum toc_refusal toc_privacy_check(const struct toc_privacy *privacy, unsigned allow,
        struct toc_observation *obs, struct toc_arena *arena, unsigned *notes)
{
    struct pass state = {.privacy = privacy, .arena = arena, .allow = allow}, *pass = &state;
    size_t cut;
    *notes = 0;
    enum toc_refusal refusal = check_value(privacy, allow, obs->kind, obs->value, &cut);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    if (cut < obs->value.len && rewrite(pass, TOC_REFUSAL_PRIVACY_QUERY, TOC_PRIVACY_NOTE_QUERY)) {
        obs->value.len = cut;
        if (toc_canon_check(obs->kind, obs->value) != TOC_REFUSAL_NONE)
            return TOC_REFUSAL_PRIVACY_QUERY;
    }
    check_texts(pass, obs);
    obs->tags = keep_clean(pass, obs->tags, &obs->tags_count, sizeof *obs->tags, tag_clean);
    obs->references = keep_clean(pass, obs->references, &obs->references_count,
            sizeof *obs->references, reference_clean);
    obs->relations = keep_clean(
            pass, obs->relations, &obs->relations_count, sizeof *obs->relations, relation_clean);
    *notes = state.notes;
    return state.refusal;
}
