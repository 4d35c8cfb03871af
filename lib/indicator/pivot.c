#include "lib/indicator/pivot.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/indicator/address.h"
#include "lib/indicator/kind.h"
#include "lib/indicator/limits.h"

#define REPORT "report"
#define NETWORK_BITS_V4 24u
#define NETWORK_BITS_V6 48u

static void short_digest(const struct toc_slice *parts, size_t count, uint8_t out[16])
{
    uint8_t digest[TOC_SHA256_BYTES];
    toc_sha256_parts(parts, count, digest);
    memcpy(out, digest, 16);
}

void toc_link_id(enum toc_pivot_kind what, struct toc_slice value, uint8_t out[TOC_LINK_BYTES])
{
    const struct toc_slice parts[] = {toc_slice_of(toc_pivot_kind_symbol(what)), TOC_S("\0"), value};
    short_digest(parts, 3, out);
}

void toc_pivot_key(struct toc_slice audience, const uint8_t link[TOC_LINK_BYTES], uint8_t out[16])
{
    const struct toc_slice parts[] = {audience, TOC_S("\0"), toc_slice(link, TOC_LINK_BYTES)};
    short_digest(parts, 3, out);
}

// --- gathering -----------------------------------------------------------------------------------

struct gather {
    struct toc_arena *arena;
    struct toc_shared_list *out;
    size_t room;
    bool failed;
};

static void add(struct gather *g, enum toc_pivot_kind what, struct toc_slice value)
{
    if (value.ptr == NULL && value.len == 0)
        g->failed = true;
    if (value.len == 0 || g->out->count == g->room)
        return;
    struct toc_shared *s = &g->out->items[g->out->count++];
    s->what = what;
    s->value = value;
    toc_link_id(what, value, s->link);
}

static bool begin(struct gather *g, struct toc_arena *arena, size_t room, struct toc_shared_list *out)
{
    *g = (struct gather){.arena = arena, .out = out, .room = room};
    *out = (struct toc_shared_list){.items = toc_arena_alloc(arena, room, sizeof *out->items)};
    return out->items != NULL;
}

static int by_link(const void *a, const void *b)
{
    return memcmp(((const struct toc_shared *)a)->link, ((const struct toc_shared *)b)->link, TOC_LINK_BYTES);
}

static toc_rc finish(struct gather *g, struct toc_err *err)
{
    struct toc_shared_list *list = g->out;
    if (g->failed)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for pivots");
    size_t kept = 0;
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, by_link);
    for (size_t i = 0; i < list->count; i++)
        if (kept == 0 || by_link(&list->items[kept - 1], &list->items[i]) != 0)
            list->items[kept++] = list->items[i];
    list->count = kept;
    return TOC_OK;
}

// The networks of one /24 or /48 that lie in it whole; empty for what is wider or no address.
static void add_network(struct gather *g, const struct toc_indicator *i)
{
    struct toc_network n;
    if (!toc_network_of(i->kind, i->value, &n))
        return;
    size_t bits = n.v6 ? NETWORK_BITS_V6 : NETWORK_BITS_V4, kept = bits / 8;
    if (n.prefix < bits)
        return;
    uint8_t text[TOC_ADDRESS_TEXT_MAX + 3];
    memset(n.address + kept, 0, sizeof n.address - kept);
    size_t len = n.v6 ? toc_ipv6_text(n.address, text) : toc_ipv4_text(n.address, text);
    memcpy(text + len, n.v6 ? "/48" : "/24", 3);
    add(g, TOC_PIVOT_KIND_NETWORK, toc_arena_copy(g->arena, toc_slice(text, len + 3)));
}

static void add_relation(struct gather *g, const struct toc_relation *relation)
{
    struct toc_slice kind = toc_slice_of(toc_kind_symbol(relation->kind));
    uint8_t *text = toc_arena_alloc(g->arena, kind.len + 1 + relation->value.len, 1);
    if (text == NULL) {
        g->failed = true;
        return;
    }
    memcpy(text, kind.ptr, kind.len);
    text[kind.len] = ':';
    if (relation->value.len != 0)
        memcpy(text + kind.len + 1, relation->value.ptr, relation->value.len);
    add(g, TOC_PIVOT_KIND_RELATION, toc_slice(text, kind.len + 1 + relation->value.len));
}

static void add_reference(struct gather *g, const struct toc_reference *reference)
{
    bool bare = reference->source.len == 0 && reference->id.len == 0;
    if (toc_slice_is(reference->source, REPORT) && reference->id.len != 0)
        add(g, TOC_PIVOT_KIND_REPORT, reference->id);
    else if ((bare || toc_slice_is(reference->source, REPORT)) && reference->url.len != 0)
        add(g, TOC_PIVOT_KIND_REPORT, reference->url);
}

static void add_beside_facts(struct gather *g, const struct toc_indicator *i)
{
    for (size_t k = 0; k < i->relations_count; k++)
        if (toc_kind_row(i->relations[k].kind) != NULL)
            add_relation(g, &i->relations[k]);
    for (size_t k = 0; k < i->references_count; k++)
        add_reference(g, &i->references[k]);
}

static void add_facts(struct gather *g, const struct toc_facts *facts)
{
    if (facts->registrable.len != 0)
        add(g, TOC_PIVOT_KIND_REGISTRABLE_DOMAIN, facts->registrable);
    for (size_t k = 0; k < facts->tags_count; k++)
        if (toc_slice_starts(facts->tags[k], TOC_S(REPORT ":")) && facts->tags[k].len > sizeof REPORT)
            add(g, TOC_PIVOT_KIND_REPORT, toc_slice_sub(facts->tags[k], sizeof REPORT, SIZE_MAX));
}

static toc_rc no_memory(struct toc_err *err)
{
    return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for pivots");
}

toc_rc toc_pivots_now(const struct toc_indicator *i, struct toc_arena *arena, struct toc_shared_list *out,
        struct toc_err *err)
{
    struct gather g;
    if (!begin(&g, arena, 2 + i->now.tags_count + i->relations_count + i->references_count, out))
        return no_memory(err);
    add_network(&g, i);
    add_facts(&g, &i->now);
    add_beside_facts(&g, i);
    return finish(&g, err);
}

toc_rc toc_pivots_lost(const struct toc_indicator *i, const struct toc_shared_list *now, struct toc_arena *arena,
        struct toc_shared_list *out, struct toc_err *err)
{
    struct gather g;
    if (!begin(&g, arena, 1 + (i->prior == NULL ? 0 : i->prior->tags_count), out))
        return no_memory(err);
    if (i->prior != NULL)
        add_facts(&g, i->prior);
    TOC_TRY(finish(&g, err));
    size_t kept = 0;
    for (size_t k = 0; k < out->count; k++)
        if (!toc_shared_has(now, out->items[k].link))
            out->items[kept++] = out->items[k];
    out->count = kept;
    return TOC_OK;
}

toc_rc toc_pivots_beside_facts(const struct toc_indicator *i, struct toc_arena *arena, struct toc_shared_list *out,
        struct toc_err *err)
{
    struct gather g;
    if (!begin(&g, arena, i->relations_count + i->references_count, out))
        return no_memory(err);
    add_beside_facts(&g, i);
    return finish(&g, err);
}

bool toc_shared_has(const struct toc_shared_list *list, const uint8_t link[TOC_LINK_BYTES])
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = memcmp(list->items[mid].link, link, TOC_LINK_BYTES);
        if (c == 0)
            return true;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}
