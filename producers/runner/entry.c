#include "producers/runner/entry.h"

#include <string.h>

#include "lib/indicator/limits.h"

enum said {
    SAID_STANCE = 0,
    SAID_SIGHT,
    SAID_HIT,
};

static enum said said_by(enum toc_action action)
{
    return action == TOC_ACTION_SIGHT ? SAID_SIGHT
           : action == TOC_ACTION_HIT ? SAID_HIT
                                      : SAID_STANCE;
}

void toc_entry_key(uint32_t partition, enum toc_marking marking, const uint8_t key[TOC_KEY_BYTES],
        enum toc_action action, uint8_t out[TOC_SORT_KEY_BYTES])
{
    for (size_t i = 0; i < 4; i++)
        out[i] = (uint8_t)(partition >> (24 - 8 * i));
    out[4] = (uint8_t)marking;
    memcpy(out + 5, key, TOC_KEY_BYTES);
    out[TOC_ENTRY_SAME_BYTES] = (uint8_t)said_by(action);
}

uint32_t toc_entry_partition(const uint8_t *k)
{
    return (uint32_t)k[0] << 24 | (uint32_t)k[1] << 16 | (uint32_t)k[2] << 8 | k[3];
}

enum toc_marking toc_entry_marking(const uint8_t *sort_key)
{
    return (enum toc_marking)sort_key[4];
}

void toc_entry_put(const struct toc_observation *obs, struct toc_buf *out)
{
    toc_observation_encode(obs, out);
}

toc_rc toc_entry_get(struct toc_slice bytes, struct toc_arena *arena, struct toc_observation *out,
        struct toc_err *err)
{
    toc_rc rc = toc_observation_decode(bytes, toc_observation_fingerprint, arena, out, err);
    return toc_failed(rc) ? toc_fail(err, TOC_E_STATE,
                                    "the spool holds no observation where one should be")
                          : rc;
}

// ---- joining lists: what the older has, then what the newer adds, up to the schema's maximum

#define JOIN(name, type, max, same)                                                                \
    static type *join_##name(const type *a, size_t a_count, const type *b, size_t b_count,         \
            struct toc_arena *arena, size_t *out_count)                                            \
    {                                                                                              \
        type *all = toc_arena_alloc(arena, (max), sizeof *all);                                    \
        size_t count = 0;                                                                          \
        for (size_t i = 0; all != NULL && i < a_count + b_count && count < (max); i++) {           \
            type item = i < a_count ? a[i] : b[i - a_count];                                       \
            size_t at = 0;                                                                         \
            while (at < count && !same(&all[at], &item))                                           \
                at++;                                                                              \
            if (at == count)                                                                       \
                all[count++] = item;                                                               \
        }                                                                                          \
        *out_count = count;                                                                        \
        return all;                                                                                \
    }

static bool same_tag(const struct toc_slice *a, const struct toc_slice *b)
{
    return toc_slice_eq(*a, *b);
}

static bool same_relation(const struct toc_relation *a, const struct toc_relation *b)
{
    return a->type == b->type && a->kind == b->kind && toc_slice_eq(a->value, b->value);
}

static bool same_reference(const struct toc_reference *a, const struct toc_reference *b)
{
    return toc_slice_eq(a->source, b->source) && toc_slice_eq(a->id, b->id) &&
           toc_slice_eq(a->url, b->url);
}

JOIN(tags, struct toc_slice, TOC_OBSERVATION_TAGS_MAX, same_tag)
JOIN(relations, struct toc_relation, TOC_OBSERVATION_RELATIONS_MAX, same_relation)
JOIN(references, struct toc_reference, TOC_OBSERVATION_REFERENCES_MAX, same_reference)

// ---- merging

static int64_t earliest(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static int32_t merged_count(const struct toc_observation *a, const struct toc_observation *b)
{
    if (said_by(a->action) == SAID_STANCE)
        return a->count > b->count ? a->count : b->count;
    int32_t sum;
    return __builtin_add_overflow(a->count, b->count, &sum) ? INT32_MAX : sum;
}

static void merge(
        const struct toc_observation *older, struct toc_observation *newer, struct toc_arena *arena)
{
    newer->count = merged_count(older, newer);
    newer->first_seen = earliest(older->first_seen, newer->first_seen);
    newer->last_seen = older->last_seen > newer->last_seen ? older->last_seen : newer->last_seen;
    newer->severity = newer->severity == TOC_SEVERITY_UNKNOWN ? older->severity : newer->severity;
    newer->valid_until = newer->valid_until == 0 ? older->valid_until : newer->valid_until;
    newer->description = newer->description.len == 0 ? older->description : newer->description;
    newer->origin = newer->origin.len == 0 ? older->origin : newer->origin;
    newer->tags = join_tags(older->tags, older->tags_count, newer->tags, newer->tags_count, arena,
            &newer->tags_count);
    newer->relations = join_relations(older->relations, older->relations_count, newer->relations,
            newer->relations_count, arena, &newer->relations_count);
    newer->references = join_references(older->references, older->references_count,
            newer->references, newer->references_count, arena, &newer->references_count);
}

toc_rc toc_entry_merge(void *ctx, struct toc_slice older, struct toc_slice newer,
        struct toc_buf *out, struct toc_err *err)
{
    struct toc_arena *arena = ctx;
    struct toc_observation a, b;
    toc_arena_reset(arena);
    TOC_TRY(toc_entry_get(older, arena, &a, err));
    TOC_TRY(toc_entry_get(newer, arena, &b, err));
    merge(&a, &b, arena);
    toc_entry_put(&b, out);
    return TOC_OK;
}
