// What the sets in force say of one value: its host's names and its network are worked out once, then
// every set is asked.
#include <string.h>

#include "hub/reference/set.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/special.h"

#define LABELS_MAX ((TOC_DOMAIN_BYTES_MAX + 1) / 2)

struct name {
    struct toc_slice text;
    uint64_t hash;
};

struct look {
    enum toc_kind kind;
    struct toc_slice host;
    enum toc_kind host_kind;
    struct name whole; // .text empty: the value is its host
    struct name names
            [LABELS_MAX]; // the host and the names above it, the longest first; no single label
    size_t names_count;
    struct toc_slice searched; // for substrings: the host, of an e-mail address with its @
    bool has_network;
    struct toc_network network;
};

// What one set says: the strictest effect, of the nearest entry that has it.
struct finding {
    bool found;
    enum toc_reference_effect effect;
    uint32_t entry;
    bool under; // some entry covers the value
};

static void look_at(enum toc_kind kind, struct toc_slice value, struct look *look)
{
    look->kind = kind;
    look->host = toc_value_host(kind, value);
    look->host_kind = toc_host_kind(look->host);
    look->whole = (struct name){0};
    if (!toc_slice_eq(look->host, value))
        look->whole = (struct name){value, names_hash(value)};
    look->searched = look->host.len == 0 ? value : look->host;
    if (kind == TOC_KIND_EMAIL)
        look->searched = toc_slice_sub(value, value.len - look->host.len - 1, SIZE_MAX);
    look->names_count = 0;
    look->has_network = toc_network_of(kind, value, &look->network);
    if (look->host_kind != TOC_KIND_DOMAIN)
        return;
    struct toc_slice rest = look->host;
    for (size_t dot = toc_slice_find(rest, '.'); dot < rest.len && look->names_count < LABELS_MAX;
            dot = toc_slice_find(rest, '.')) {
        look->names[look->names_count++] = (struct name){rest, names_hash(rest)};
        rest = toc_slice_sub(rest, dot + 1, SIZE_MAX);
    }
}

static void find(struct finding *f, enum toc_reference_effect effect, uint32_t entry)
{
    if (f->found && f->effect >= effect)
        return;
    f->found = true;
    f->effect = effect;
    f->entry = entry;
}

static void weigh(
        const struct toc_reference_set *set, uint32_t at, enum match how, struct finding *f)
{
    const struct entry *entry = &set->entries[at];
    if (entry->matches & how)
        find(f, set->effect, at);
    else if (set->apexes && how == MATCH_UNDER)
        find(f, TOC_REFERENCE_EFFECT_CAP, at);
    f->under = f->under || how == MATCH_UNDER;
}

static void ask_whole(
        const struct toc_reference_set *set, const struct look *look, struct finding *f)
{
    uint32_t at = look->whole.text.len == 0
                          ? NAMES_NONE
                          : names_find(&set->names, look->whole.text, look->whole.hash);
    if (at != NAMES_NONE && set->entries[at].kind == look->kind)
        weigh(set, at, MATCH_EQUAL, f);
}

static void ask_names(
        const struct toc_reference_set *set, const struct look *look, struct finding *f)
{
    uint32_t at;
    for (size_t i = 0; i < look->names_count; i++) {
        at = names_find(&set->names, look->names[i].text, look->names[i].hash);
        if (at != NAMES_NONE && set->entries[at].kind == TOC_KIND_DOMAIN)
            weigh(set, at, i == 0 ? MATCH_EQUAL : MATCH_UNDER, f);
    }
    if (look->kind != TOC_KIND_URL) {
        at = names_find(&set->parents, look->names[0].text, look->names[0].hash);
        if (at != NAMES_NONE)
            weigh(set, at, MATCH_OVER, f);
    }
}

static void ask_substrings(
        const struct toc_reference_set *set, const struct look *look, struct finding *f)
{
    uint32_t at = substrings_find(&set->substrings, look->searched);
    if (at != SUBSTRINGS_NONE)
        weigh(set, at, MATCH_EQUAL, f);
}

static void ask_networks(
        const struct toc_reference_set *set, const struct look *look, struct finding *f)
{
    const struct nets *nets = look->network.v6 ? &set->v6 : &set->v4;
    uint32_t at, inside;
    nets_find(nets, &look->network, &at, &inside);
    for (; at != NETS_NONE; at = nets->items[at].wider)
        weigh(set, nets->items[at].entry,
                nets->items[at].prefix == look->network.prefix ? MATCH_EQUAL : MATCH_UNDER, f);
    if (inside != NETS_NONE)
        weigh(set, nets->items[inside].entry, MATCH_OVER, f);
}

// Room is for the strictest; of equals the first by name stay.
static void add_hit(struct toc_reference_verdict *out, const struct toc_reference_hit *hit)
{
    if (out->hits_count == TOC_REFERENCE_HITS_MAX) {
        size_t weakest = 0;
        for (size_t i = 1; i < out->hits_count; i++)
            if (out->hits[i].effect <= out->hits[weakest].effect)
                weakest = i;
        if (out->hits[weakest].effect >= hit->effect)
            return;
        out->hits_count--;
        memmove(&out->hits[weakest], &out->hits[weakest + 1],
                (out->hits_count - weakest) * sizeof *out->hits);
    }
    out->hits[out->hits_count++] = *hit;
}

static void ask(const struct toc_reference_set *set, const struct look *look,
        struct toc_reference_verdict *out)
{
    struct finding f = {0};
    ask_whole(set, look, &f);
    if (look->names_count > 0 && !(set->spares_urls && look->kind == TOC_KIND_URL))
        ask_names(set, look, &f);
    if (set->substrings.count > 0 && !(set->spares_urls && look->kind == TOC_KIND_URL))
        ask_substrings(set, look, &f);
    if (look->has_network)
        ask_networks(set, look, &f);
    if (!f.found)
        return;
    if (set->use.type == TOC_REFERENCE_TYPE_DYNAMIC_DNS && f.under)
        out->dynamic_dns = true;
    add_hit(out, &(struct toc_reference_hit){&set->use, f.effect, set->entries[f.entry].note});
}

// Below the list's wildcards stand suffixes that no entry names; blocking one blocks strangers.
static void ask_suffixes(const struct toc_reference_set *set, const struct look *look,
        struct toc_reference_verdict *out)
{
    struct toc_slice registrable = toc_psl_registrable(set->psl, look->host);
    if (registrable.len == 0)
        add_hit(out, &(struct toc_reference_hit){
                             &set->use, TOC_REFERENCE_EFFECT_NEVER_BLOCK, TOC_S("public suffix")});
    else
        ask(set, look, out);
    if (out->registrable.len == 0)
        out->registrable = registrable;
}

static const struct toc_reference_use special_use = {
        .name = TOC_S_INIT(TOC_REFERENCE_SPECIAL),
        .type = TOC_REFERENCE_TYPE_NEVER_BLOCK,
        .effect = TOC_REFERENCE_EFFECT_NEVER_BLOCK,
};

static bool is_special(const struct look *look, struct toc_slice value, const char **name)
{
    return look->has_network
                   ? toc_special_address(look->kind, value, name)
                   : look->host_kind == TOC_KIND_DOMAIN && toc_special_name(look->host, name);
}

void toc_reference_judge(struct toc_reference_set *const *sets, size_t count, enum toc_kind kind,
        struct toc_slice value, struct toc_reference_verdict *out)
{
    struct look look;
    const char *name;
    look_at(kind, value, &look);
    out->hits_count = 0;
    out->registrable = toc_slice(NULL, 0);
    out->dynamic_dns = false;
    bool special = is_special(&look, value, &name);
    for (size_t i = 0; i < count; i++) {
        if (special && toc_slice_cmp(sets[i]->use.name, special_use.name) > 0) {
            add_hit(out, &(struct toc_reference_hit){
                                 &special_use, special_use.effect, toc_slice_of(name)});
            special = false;
        }
        if (sets[i]->psl != NULL && look.names_count > 0)
            ask_suffixes(sets[i], &look, out);
        else if (sets[i]->kinds & KIND_BIT(kind))
            ask(sets[i], &look, out);
    }
    if (special)
        add_hit(out,
                &(struct toc_reference_hit){&special_use, special_use.effect, toc_slice_of(name)});
}
