#include "hub/reference/set.h"

#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/limits.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/limits.h"

#define TEXTS_MAX ((size_t)2 * 1024 * 1024 * 1024)

static toc_rc no_memory(struct toc_err *err)
{
    return toc_fail(err, TOC_E_MEMORY, "no memory for a reference set");
}

static toc_rc keep(struct toc_reference_set *set, struct toc_slice s, struct toc_slice *out,
        struct toc_err *err)
{
    struct toc_slice copy = toc_arena_copy(&set->arena, s);
    if (copy.ptr == NULL)
        return no_memory(err);
    *out = copy;
    return TOC_OK;
}

static toc_rc make_note(struct toc_reference_set *set, struct toc_slice value, struct toc_slice why,
        struct toc_slice *out, struct toc_err *err)
{
    struct toc_buf note;
    toc_buf_init(&note, 2 * TOC_TEXT_BYTES_MAX + 16);
    toc_text_safe(&note, value);
    if (value.len > 0 && why.len > 0)
        toc_buf_put_text(&note, ": ");
    toc_text_safe(&note, why);
    toc_rc rc = toc_buf_check(&note, "note", err);
    if (!toc_failed(rc))
        rc = keep(set, toc_utf8_cut(toc_buf_slice(&note), NOTE_BYTES_MAX), out, err);
    toc_buf_done(&note);
    return rc;
}

static toc_rc add_entry(
        struct toc_reference_set *set, struct entry entry, uint32_t *out, struct toc_err *err)
{
    TOC_ENSURE(set->count < ENTRIES_MAX, err, TOC_E_LIMIT, "more than %u entries in one set",
            ENTRIES_MAX);
    if (toc_mem_grow((void **)&set->entries, &set->cap, set->count + 1, sizeof *set->entries) != 0)
        return no_memory(err);
    set->entries[set->count] = entry;
    *out = (uint32_t)set->count++;
    return TOC_OK;
}

static toc_rc add_network(struct toc_reference_set *set, enum toc_kind kind, struct toc_slice value,
        uint32_t entry, unsigned matches, struct toc_err *err)
{
    struct toc_network network;
    TOC_ENSURE(toc_network_of(kind, value, &network), err, TOC_E_SYNTAX, "%s is no network",
            TOC_SHOW(value));
    return nets_add(
            network.v6 ? &set->v6 : &set->v4, &network, entry, (matches & MATCH_OVER) != 0, err);
}

// The names above a domain, but single labels: they cover it.
static toc_rc add_parents(
        struct toc_reference_set *set, struct toc_slice domain, uint32_t entry, struct toc_err *err)
{
    for (size_t dot = toc_slice_find(domain, '.'); dot < domain.len;
            dot = toc_slice_find(domain, '.')) {
        domain = toc_slice_sub(domain, dot + 1, SIZE_MAX);
        if (toc_slice_has(domain, '.'))
            TOC_TRY(names_add(&set->parents, domain, entry, err));
    }
    return TOC_OK;
}

toc_rc set_add(struct toc_reference_set *set, enum toc_kind kind, struct toc_slice value,
        struct toc_slice why, unsigned matches, struct toc_err *err)
{
    struct entry entry = {.kind = (uint8_t)kind, .matches = (uint8_t)matches};
    uint32_t at = 0;
    TOC_TRY(keep(set, value, &value, err));
    entry.note = value;
    if (why.len > 0 || value.len > NOTE_BYTES_MAX)
        TOC_TRY(make_note(set, value, why, &entry.note, err));
    TOC_TRY(add_entry(set, entry, &at, err));
    if (kind == TOC_KIND_IPV4 || kind == TOC_KIND_IPV6 || kind == TOC_KIND_CIDR)
        return add_network(set, kind, value, at, matches, err);
    TOC_TRY(names_add(&set->names, value, at, err));
    return kind == TOC_KIND_DOMAIN && matches & MATCH_OVER ? add_parents(set, value, at, err)
                                                           : TOC_OK;
}

toc_rc set_add_substring(struct toc_reference_set *set, struct toc_slice text, struct toc_err *err)
{
    struct entry entry = {.kind = TOC_KIND_UNKNOWN, .matches = MATCH_ALL};
    uint32_t at = 0;
    TOC_TRY(keep(set, text, &text, err));
    TOC_TRY(make_note(set, text, toc_slice(NULL, 0), &entry.note, err));
    TOC_TRY(add_entry(set, entry, &at, err));
    return substrings_add(&set->substrings, text, at, err);
}

static toc_rc close_set(struct toc_reference_set *set, struct toc_err *err)
{
    TOC_TRY(names_close(&set->names, err));
    TOC_TRY(names_close(&set->parents, err));
    TOC_TRY(substrings_close(&set->substrings, err));
    nets_close(&set->v4);
    nets_close(&set->v6);
    // Two words on one value would have to be merged; in a safety set they are refused.
    TOC_ENSURE(set->use.type != TOC_REFERENCE_TYPE_NEVER_BLOCK ||
                       set->names.dropped + set->v4.dropped + set->v6.dropped == 0 ||
                       toc_slice_is(set->use.name, TOC_REFERENCE_OWN_NAMES),
            err, TOC_E_SYNTAX, "%s: an entry stands twice", TOC_SHOW(set->use.name));
    return TOC_OK;
}

static toc_rc new_set(
        const struct toc_reference_use *use, struct toc_reference_set **out, struct toc_err *err)
{
    struct toc_reference_set *set = toc_mem_alloc(1, sizeof *set);
    if (set == NULL)
        return no_memory(err);
    atomic_init(&set->references, 1);
    toc_arena_init(&set->arena, TEXTS_MAX);
    set->use = *use;
    set->kinds = KINDS_ALL;
    set->effect = use->type == TOC_REFERENCE_TYPE_NEVER_BLOCK ||
                                  use->type == TOC_REFERENCE_TYPE_PUBLIC_SUFFIXES
                          ? TOC_REFERENCE_EFFECT_NEVER_BLOCK
                          : use->effect;
    toc_rc rc = keep(set, use->name, &set->use.name, err);
    if (!toc_failed(rc))
        rc = keep(set, use->version, &set->use.version, err);
    if (toc_failed(rc))
        toc_reference_unref(set);
    else
        *out = set;
    return rc;
}

static toc_rc check_bytes(
        const struct toc_reference_use *use, struct toc_slice bytes, struct toc_err *err)
{
    uint8_t digest[TOC_SHA256_BYTES];
    TOC_ENSURE(bytes.len <= TOC_REFERENCE_BYTES_MAX, err, TOC_E_LENGTH,
            "reference set of %zu bytes, %u are read", bytes.len, TOC_REFERENCE_BYTES_MAX);
    toc_sha256(bytes.ptr, bytes.len, digest);
    TOC_ENSURE(memcmp(digest, use->digest, sizeof digest) == 0, err, TOC_E_STATE,
            "the bytes of reference set %s are not those of its digest", TOC_SHOW(use->name));
    return TOC_OK;
}

static toc_rc read_form(struct toc_reference_set *set, struct toc_slice bytes, struct toc_err *err)
{
    switch (set->use.type) {
    case TOC_REFERENCE_TYPE_WARNINGLIST:
    case TOC_REFERENCE_TYPE_DYNAMIC_DNS:
        return warninglist_read(set, bytes, err);
    case TOC_REFERENCE_TYPE_PUBLIC_SUFFIXES:
        return suffixes_read(set, bytes, err);
    case TOC_REFERENCE_TYPE_NEVER_BLOCK:
        return never_block_read(set, bytes, err);
    case TOC_REFERENCE_TYPE_UNKNOWN:
        break;
    }
    return toc_fail(
            err, TOC_E_SYNTAX, "reference set %s is of an unknown type", TOC_SHOW(set->use.name));
}

toc_rc toc_reference_compile(const struct toc_reference_use *use, struct toc_slice bytes,
        struct toc_reference_set **out, struct toc_err *err)
{
    struct toc_reference_set *set;
    TOC_TRY(check_bytes(use, bytes, err));
    TOC_TRY(new_set(use, &set, err));
    toc_rc rc = read_form(set, bytes, err);
    if (!toc_failed(rc))
        rc = close_set(set, err);
    if (toc_failed(rc))
        toc_reference_unref(set);
    else
        *out = set;
    return rc;
}

toc_rc set_canon_room(struct toc_buf *out, struct toc_err *err)
{
    toc_buf_init(out, TOC_RAW_BYTES_MAX);
    return toc_buf_reserve(out, TOC_RAW_BYTES_MAX) == NULL ? no_memory(err) : TOC_OK;
}

bool set_canon(struct toc_slice raw, enum toc_kind *kind, struct toc_buf *out)
{
    unsigned notes = 0;
    for (size_t i = 0; i < raw.len; i++)
        if (raw.ptr[i] >= 0x80)
            return false;
    toc_buf_clear(out);
    return toc_canon_guess(raw, kind, out, &notes, 0) == TOC_REFUSAL_NONE;
}

// What has no canonical form is no indicator's value either.
static toc_rc add_own_names(struct toc_reference_set *set, const struct toc_slice *names,
        size_t count, struct toc_err *err)
{
    struct toc_buf value;
    toc_rc rc = set_canon_room(&value, err);
    for (size_t i = 0; i < count && !toc_failed(rc); i++) {
        enum toc_kind kind;
        if (set_canon(names[i], &kind, &value))
            rc = set_add(set, kind, toc_buf_slice(&value), toc_slice(NULL, 0), MATCH_ALL, err);
        else
            set->skipped++;
    }
    toc_buf_done(&value);
    for (size_t i = 0; i < set->count; i++)
        set->entries[i].note =
                TOC_S("enrolled by a member as its own"); // whose, and which, is not for everybody
    return rc;
}

toc_rc toc_reference_own_names(const struct toc_slice *names, size_t count,
        struct toc_reference_set **out, struct toc_err *err)
{
    const struct toc_reference_use use = {
            .name = TOC_S(TOC_REFERENCE_OWN_NAMES),
            .type = TOC_REFERENCE_TYPE_NEVER_BLOCK,
            .effect = TOC_REFERENCE_EFFECT_NEVER_BLOCK,
    };
    struct toc_reference_set *set;
    TOC_TRY(new_set(&use, &set, err));
    toc_rc rc = add_own_names(set, names, count, err);
    if (!toc_failed(rc))
        rc = close_set(set, err);
    if (toc_failed(rc))
        toc_reference_unref(set);
    else
        *out = set;
    return rc;
}

struct toc_reference_set *toc_reference_ref(struct toc_reference_set *set)
{
    atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
    return set;
}

void toc_reference_unref(struct toc_reference_set *set)
{
    if (set == NULL || atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) != 1)
        return;
    names_done(&set->names);
    names_done(&set->parents);
    nets_done(&set->v4);
    nets_done(&set->v6);
    substrings_done(&set->substrings);
    toc_psl_free(set->psl);
    toc_mem_free(set->entries);
    toc_arena_done(&set->arena);
    toc_mem_free(set);
}

const struct toc_reference_use *toc_reference_facts(const struct toc_reference_set *set)
{
    return &set->use;
}

size_t toc_reference_entries(const struct toc_reference_set *set)
{
    return set->count;
}

size_t toc_reference_skipped(const struct toc_reference_set *set)
{
    return set->skipped;
}

bool toc_reference_unsupported(const struct toc_reference_set *set, const char **out_why)
{
    if (out_why != NULL)
        *out_why = set->unsupported;
    return set->unsupported != NULL;
}

bool toc_reference_reserved(struct toc_slice name)
{
    return toc_slice_is(name, TOC_REFERENCE_OWN_NAMES) || toc_slice_is(name, TOC_REFERENCE_SPECIAL);
}
