#include "hub/fuse/view.h"

#include <stdlib.h>
#include <string.h>

#include "hub/fuse/step.h"
#include "lib/base/digest.h"
#include "lib/base/time.h"
#include "lib/indicator/key.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/step.h"

#define RELATIONS_MAX 64
#define REFERENCES_MAX 32

struct compose {
    const struct judge_terms *terms;
    const struct judgement *j;
    int64_t t;
    const uint8_t *deployment_key;
    struct toc_arena *arena;
    const struct seen **speaking; // live assertions; when there are none, whatever was said
    size_t speaking_count;
    struct toc_indicator *out;
};

static bool named(const struct toc_contribution *c)
{
    return c->attribution == TOC_ATTRIBUTION_NAMED;
}

static toc_rc find_speaking(struct compose *x, struct toc_err *err)
{
    x->speaking = toc_arena_alloc(x->arena, x->terms->seen_count, sizeof *x->speaking);
    if (x->speaking == NULL)
        return step_no_memory(err);
    for (int live = 1; live >= 0 && x->speaking_count == 0; live--)
        for (size_t i = 0; i < x->terms->seen_count; i++) {
            const struct seen *s = &x->terms->seen[i];
            bool speaks = live ? judge_live(s->c, x->t) : s->c->says != TOC_SAYS_NOTHING;
            if (speaks && x->t < s->forgotten)
                x->speaking[x->speaking_count++] = s;
        }
    return TOC_OK;
}

// What is not named shows no time finer than a day.
static int64_t coarse(const struct toc_contribution *c, int64_t t)
{
    return named(c) ? t : t / TOC_MS_DAY * TOC_MS_DAY;
}

static void compose_times(struct compose *x)
{
    struct toc_facts *f = &x->out->now;
    bool unlimited = false;
    for (size_t i = 0; i < x->speaking_count; i++) {
        const struct seen *s = x->speaking[i];
        int64_t first = coarse(s->c, s->c->first_seen);
        if (f->first_seen == 0 || first < f->first_seen)
            f->first_seen = first;
        if (s->last_seen > f->last_seen)
            f->last_seen = s->last_seen;
        unlimited = unlimited || s->c->valid_until == 0;
        if (s->c->valid_until > f->valid_until)
            f->valid_until = named(s->c) ? s->c->valid_until
                                         : coarse(s->c, s->c->valid_until + TOC_MS_DAY - 1);
    }
    // Last seen is kept as the beginning of its step, which may lie before the very first time.
    if (f->last_seen < f->first_seen)
        f->last_seen = f->first_seen;
    if (unlimited)
        f->valid_until = 0;
}

// Sightings and hits: of named organisations always; of the others only when k of them stand behind.
static void compose_counts(struct compose *x)
{
    const struct judgement *j = x->j;
    struct toc_facts *f = &x->out->now;
    int64_t k = x->terms->roll->policy[POLICY_K_ANONYMITY], sighting = 0, hitting = 0, asserting = 0;
    bool government = false, private_named = false;
    for (size_t i = 0; i < j->organisations_count; i++) {
        const struct organisation *o = &j->organisations[i];
        f->organisations += o->asserts;
        government = government || (o->government && o->asserts);
        private_named = private_named || (!o->government && o->asserts && o->named);
        asserting += !o->government && o->asserts;
        sighting += !o->government && o->sights;
        hitting += !o->government && o->hits;
    }
    for (size_t i = 0; i < j->organisations_count; i++) {
        const struct organisation *o = &j->organisations[i];
        if (o->named || o->government || sighting >= k)
            f->sightings += o->sightings;
        if (o->named || o->government || hitting >= k)
            f->hits += o->hit_count;
    }
    f->organisations = toc_step(f->organisations);
    f->sightings = toc_step(f->sightings);
    f->hits = toc_step(f->hits);
    f->corroborated = government && (private_named || asserting >= k);
}

static int compare_slices(const void *a, const void *b)
{
    return toc_slice_cmp(*(const struct toc_slice *)a, *(const struct toc_slice *)b);
}

static toc_rc compose_tags(struct compose *x, struct toc_err *err)
{
    size_t most = 0, count = 0;
    for (size_t i = 0; i < x->speaking_count; i++)
        most += x->speaking[i]->c->tags_count;
    struct toc_slice *tags = toc_arena_alloc(x->arena, most, sizeof *tags);
    if (tags == NULL)
        return step_no_memory(err);
    for (size_t i = 0; i < x->speaking_count; i++)
        for (size_t k = 0; k < x->speaking[i]->c->tags_count; k++)
            tags[count++] = x->speaking[i]->c->tags[k];
    if (count > 1)
        qsort(tags, count, sizeof *tags, compare_slices);
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < TOC_VIEW_TAGS_MAX; i++)
        if (kept == 0 || !toc_slice_eq(tags[kept - 1], tags[i]))
            tags[kept++] = tags[i];
    x->out->now.tags = tags;
    x->out->now.tags_count = kept;
    return TOC_OK;
}

static int compare_relations(const void *a, const void *b)
{
    const struct toc_relation *p = a, *q = b;
    if (p->type != q->type)
        return p->type < q->type ? -1 : 1;
    if (p->kind != q->kind)
        return p->kind < q->kind ? -1 : 1;
    return toc_slice_cmp(p->value, q->value);
}

static int compare_references(const void *a, const void *b)
{
    const struct toc_reference *p = a, *q = b;
    int c = toc_slice_cmp(p->source, q->source);
    c = c != 0 ? c : toc_slice_cmp(p->id, q->id);
    return c != 0 ? c : toc_slice_cmp(p->url, q->url);
}

static toc_rc compose_relations(struct compose *x, struct toc_err *err)
{
    size_t relations = 0, references = 0;
    for (size_t i = 0; i < x->speaking_count; i++) {
        relations += x->speaking[i]->c->relations_count;
        references += named(x->speaking[i]->c) ? x->speaking[i]->c->references_count : 0;
    }
    struct toc_relation *rel = toc_arena_alloc(x->arena, relations, sizeof *rel);
    struct toc_reference *ref = toc_arena_alloc(x->arena, references, sizeof *ref);
    if (rel == NULL || ref == NULL)
        return step_no_memory(err);
    size_t n = 0, m = 0;
    for (size_t i = 0; i < x->speaking_count; i++) {
        const struct toc_contribution *c = x->speaking[i]->c;
        for (size_t k = 0; k < c->relations_count; k++)
            rel[n++] = c->relations[k];
        for (size_t k = 0; named(c) && k < c->references_count; k++)
            ref[m++] = c->references[k];
    }
    qsort(rel, n, sizeof *rel, compare_relations);
    qsort(ref, m, sizeof *ref, compare_references);
    struct toc_indicator *out = x->out;
    out->relations = rel;
    out->references = ref;
    for (size_t i = 0; i < n && out->relations_count < RELATIONS_MAX; i++)
        if (out->relations_count == 0 || compare_relations(&rel[out->relations_count - 1], &rel[i]) != 0)
            rel[out->relations_count++] = rel[i];
    for (size_t i = 0; i < m && out->references_count < REFERENCES_MAX; i++)
        if (out->references_count == 0 || compare_references(&ref[out->references_count - 1], &ref[i]) != 0)
            ref[out->references_count++] = ref[i];
    return TOC_OK;
}

// Provenance proves to the operator, and tells nobody else, which segment last changed a row.
static void provenance(const struct compose *x, const struct toc_contribution *c, uint8_t out[32])
{
    const struct roll_key *key = x->terms->roll->keys_by_ordinal[c->key];
    struct toc_slice audience = x->terms->roll->genesis->audiences[x->terms->audience].name;
    uint8_t text[16 + 8 + 8 + 4 + 16 + 32] = {0};
    if (key != NULL)
        memcpy(text, key->id, 16);
    memcpy(text + 16, c->writer, 8);
    for (int i = 0; i < 8; i++)
        text[24 + i] = (uint8_t)((uint64_t)c->seq >> (56 - 8 * i));
    for (int i = 0; i < 4; i++)
        text[32 + i] = (uint8_t)((uint32_t)c->index >> (24 - 8 * i));
    memcpy(text + 36, x->terms->key, 16);
    memcpy(text + 52, audience.ptr, audience.len < 32 ? audience.len : 32);
    toc_hmac_sha256(toc_slice(x->deployment_key, 32), toc_slice(text, sizeof text), out);
}

static int compare_rows(const void *a, const void *b)
{
    const struct toc_source_row *p = a, *q = b;
    int c = toc_slice_cmp(p->member, q->member);
    c = c != 0 ? c : toc_slice_cmp(p->feed, q->feed);
    return c != 0 ? c : (p->marking > q->marking) - (p->marking < q->marking);
}

static enum toc_action says(const struct toc_contribution *c)
{
    switch (c->says) {
    case TOC_SAYS_WITHDRAWN:
        return TOC_ACTION_WITHDRAW;
    case TOC_SAYS_REFUTING:
        return TOC_ACTION_REFUTE;
    case TOC_SAYS_ASSERTED:
        return TOC_ACTION_ASSERT;
    case TOC_SAYS_NOTHING:
        break;
    }
    return TOC_ACTION_SIGHT;
}

static toc_rc compose_sources(struct compose *x, struct toc_err *err)
{
    struct toc_source_row *rows = toc_arena_alloc(x->arena, x->terms->seen_count, sizeof *rows);
    if (rows == NULL)
        return step_no_memory(err);
    size_t n = 0;
    for (size_t i = 0; i < x->terms->seen_count; i++) {
        const struct seen *s = &x->terms->seen[i];
        if (!named(s->c) || s->c->says == TOC_SAYS_NOTHING || x->t >= s->forgotten)
            continue;
        const struct roll_source *source = &x->terms->roll->sources[s->c->source];
        rows[n] = (struct toc_source_row){
                .member = source->member->record.id,
                .feed = source->feed,
                .marking = s->c->marking,
                .says = says(s->c),
                .confidence = s->c->confidence,
                .first_seen = s->c->first_seen,
                .last_seen = s->last_seen < s->c->first_seen ? s->c->first_seen : s->last_seen,
                .valid_until = s->c->valid_until,
                .origin = s->c->origin,
                .description = s->c->description,
        };
        provenance(x, s->c, rows[n++].provenance);
    }
    qsort(rows, n, sizeof *rows, compare_rows);
    x->out->sources = rows;
    x->out->sources_count = n < TOC_VIEW_SOURCES_MAX ? n : TOC_VIEW_SOURCES_MAX;
    x->out->more_sources = (int32_t)(n - x->out->sources_count);
    return TOC_OK;
}

// Who is shown by role is one of its kind: a set, so that one more or one less of them moves nothing.
static toc_rc compose_roles(struct compose *x, struct toc_err *err)
{
    bool there[TOC_MEMBER_ROLE_COUNT] = {false};
    struct toc_indicator *out = x->out;
    out->roles = toc_arena_alloc(x->arena, TOC_MEMBER_ROLE_COUNT, sizeof *out->roles);
    if (out->roles == NULL)
        return step_no_memory(err);
    for (size_t i = 0; i < x->speaking_count; i++) {
        const struct toc_contribution *c = x->speaking[i]->c;
        if (c->attribution == TOC_ATTRIBUTION_ROLE && c->says == TOC_SAYS_ASSERTED)
            there[x->terms->roll->sources[c->source].member->record.role] = true;
    }
    for (int role = 0; role < TOC_MEMBER_ROLE_COUNT; role++)
        if (there[role])
            out->roles[out->roles_count++] = (enum toc_member_role)role;
    return TOC_OK;
}

static toc_rc compose_annotations(struct compose *x, struct toc_err *err)
{
    const struct toc_reference_verdict *v = x->terms->references;
    struct toc_indicator *out = x->out;
    out->annotations = toc_arena_alloc(x->arena, v->hits_count, sizeof *out->annotations);
    out->now.lists = toc_arena_alloc(x->arena, v->hits_count, sizeof *out->now.lists);
    if (out->annotations == NULL || out->now.lists == NULL)
        return step_no_memory(err);
    for (size_t i = 0; i < v->hits_count; i++) {
        const struct toc_reference_hit *hit = &v->hits[i];
        out->now.lists[i] = hit->use->name;
        out->annotations[i] = (struct toc_annotation){
                .set = hit->use->name,
                .version = hit->use->version,
                .effect = toc_slice_of(toc_reference_effect_spelling(hit->effect)),
                .note = hit->note,
        };
    }
    out->annotations_count = out->now.lists_count = v->hits_count;
    out->now.registrable = v->registrable;
    return TOC_OK;
}

static toc_rc compose_reasons(struct compose *x, struct toc_err *err)
{
    struct toc_slice *reasons = toc_arena_alloc(x->arena, REASON_COUNT, sizeof *reasons);
    if (reasons == NULL)
        return step_no_memory(err);
    for (int i = 0; i < REASON_COUNT; i++)
        if (x->j->reasons & 1u << i)
            reasons[x->out->reasons_count++] = toc_slice_of(reason_code((enum reason)i));
    x->out->reasons = reasons;
    return TOC_OK;
}

static toc_rc compose_id(struct compose *x, struct toc_err *err)
{
    char hex[TOC_KEY_HEX];
    toc_key_hex(x->terms->key, hex);
    x->out->id = toc_arena_copy(x->arena, toc_slice(hex, 32));
    return x->out->id.ptr != NULL
            ? TOC_OK
            : step_no_memory(err);
}

toc_rc view_compose(const struct judge_terms *terms, const struct judgement *j, int64_t t,
        const uint8_t deployment_key[32], struct toc_arena *arena, struct toc_indicator *out, struct toc_err *err)
{
    toc_indicator_init(out);
    struct compose x = {.terms = terms, .j = j, .t = t, .deployment_key = deployment_key, .arena = arena, .out = out};
    out->kind = terms->body->kind;
    out->value = terms->body->value;
    struct toc_facts *f = &out->now;
    toc_facts_init(f);
    f->status = j->status;
    f->advice = j->advice;
    f->has_score = j->scored;
    f->score = j->scored ? j->score : 0;
    f->confidence = j->confidence_pm / 10;
    f->severity = j->severity;
    f->pap = j->pap;
    TOC_TRY(compose_id(&x, err));
    TOC_TRY(find_speaking(&x, err));
    compose_times(&x);
    compose_counts(&x);
    TOC_TRY(compose_tags(&x, err));
    TOC_TRY(compose_relations(&x, err));
    TOC_TRY(compose_sources(&x, err));
    TOC_TRY(compose_roles(&x, err));
    TOC_TRY(compose_annotations(&x, err));
    return compose_reasons(&x, err);
}
