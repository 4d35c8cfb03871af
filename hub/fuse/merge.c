#include "hub/fuse/merge.h"

#include <string.h>

#include "hub/fuse/decay.h"
#include "hub/fuse/judge.h"
#include "lib/base/digest.h"
#include "lib/base/time.h"

#define COUNT_MAX 1000000 // sightings and hits saturate

static uint64_t mix_slice(uint64_t seed, struct toc_slice s)
{
    return toc_mix64(s, seed + s.len);
}

static uint64_t mix_ints(uint64_t seed, const int64_t *ints, size_t count)
{
    return toc_mix64(toc_slice(ints, count * sizeof *ints), seed);
}

void merge_terms_seed(struct merge_terms *terms, const uint8_t deployment_key[32])
{
    const int64_t ints[] = {terms->source, (int64_t)terms->segment->marking, (int64_t)terms->pap,
            (int64_t)terms->attribution, (int64_t)terms->release.federal, terms->key};
    terms->seed = mix_ints(mix_slice(0, toc_slice(deployment_key, 32)), ints, sizeof ints / sizeof *ints);
    for (size_t i = 0; i < terms->release.communities_count; i++)
        terms->seed = mix_slice(terms->seed, terms->release.communities[i]);
}

static int64_t clamp(const struct merge_terms *terms, int64_t claimed)
{
    return claimed > terms->latest ? terms->latest : claimed;
}

// An observation without times is seen when the segment was made.
static int64_t seen_last(const struct merge_terms *terms, const struct toc_observation *o)
{
    int64_t t = o->last_seen != 0 ? o->last_seen : o->first_seen;
    return clamp(terms, t != 0 ? t : terms->segment->created);
}

static int64_t seen_first(const struct merge_terms *terms, const struct toc_observation *o, int64_t last)
{
    int64_t t = o->first_seen != 0 ? clamp(terms, o->first_seen) : last;
    return t < last ? t : last;
}

static int64_t valid_until(const struct merge_terms *terms, const struct toc_observation *o)
{
    int64_t lifetime = decay_curve(o->kind, false)->lifetime;
    if (o->valid_until == 0 || lifetime == INT64_MAX)
        return o->valid_until;
    int64_t most = terms->stream_time + lifetime;
    return o->valid_until > most ? most : o->valid_until;
}

uint64_t merge_said(const struct merge_terms *terms, const uint8_t key[16], const struct toc_observation *o)
{
    const int64_t ints[] = {o->confidence, (int64_t)o->severity, o->first_seen,
            judge_step(key, seen_last(terms, o)), o->valid_until, (int64_t)o->tags_count,
            (int64_t)o->relations_count, (int64_t)o->references_count};
    uint64_t said = mix_ints(terms->seed, ints, sizeof ints / sizeof *ints);
    for (size_t i = 0; i < o->tags_count; i++)
        said = mix_slice(said, o->tags[i]);
    for (size_t i = 0; i < o->relations_count; i++)
        said = mix_slice(said + (uint64_t)o->relations[i].type * 64 + (uint64_t)o->relations[i].kind,
                o->relations[i].value);
    for (size_t i = 0; i < o->references_count; i++) {
        said = mix_slice(said, o->references[i].source);
        said = mix_slice(said, o->references[i].id);
        said = mix_slice(said, o->references[i].url);
    }
    said = mix_slice(said, o->description);
    said = mix_slice(said, o->origin);
    return said != 0 ? said : 1;
}

static struct toc_contribution *find(const struct merge_terms *terms, struct toc_body *body)
{
    for (size_t i = 0; i < body->contributions_count; i++) {
        struct toc_contribution *c = &body->contributions[i];
        if (c->source == terms->source && c->marking == terms->segment->marking)
            return c;
    }
    return NULL;
}

static enum toc_marking limit_class(enum toc_marking marking)
{
    return marking > TOC_MARKING_AMBER ? TOC_MARKING_RED : marking;
}

// Does it count against the same limits as what is said now?
static bool beside(const struct merge_terms *terms, const struct toc_contribution *c)
{
    return limit_class(c->marking) == limit_class(terms->segment->marking);
}

static bool by_own_organisation(const struct merge_terms *terms, const struct toc_contribution *c)
{
    const struct roll_source *sources = terms->roll->sources;
    return toc_slice_eq(sources[c->source].member->record.organisation, sources[terms->source].member->record.organisation);
}

static enum toc_refusal add(const struct merge_terms *terms, struct toc_body *body, struct toc_arena *arena,
        struct toc_contribution **out)
{
    size_t all = 0, own = 0, count = body->contributions_count;
    for (size_t i = 0; i < count; i++)
        if (beside(terms, &body->contributions[i])) {
            all++;
            own += by_own_organisation(terms, &body->contributions[i]);
        }
    if (own >= MERGE_OF_ORGANISATION_MAX || all >= MERGE_CONTRIBUTIONS_MAX)
        return TOC_REFUSAL_LIMIT_CONTRIBUTIONS;
    struct toc_contribution *grown = toc_arena_alloc(arena, count + 1, sizeof *grown);
    if (grown == NULL)
        return TOC_REFUSAL_LIMIT_CONTRIBUTIONS;
    if (count != 0)
        memcpy(grown, body->contributions, count * sizeof *grown);
    grown[count] = (struct toc_contribution){.source = terms->source, .marking = terms->segment->marking};
    body->contributions = grown;
    body->contributions_count = count + 1;
    *out = &grown[count];
    return TOC_REFUSAL_NONE;
}

static void assert_it(const struct merge_terms *terms, const uint8_t key[16], const struct toc_observation *o,
        struct toc_contribution *c)
{
    int64_t last = seen_last(terms, o), first = seen_first(terms, o, last);
    int32_t step = judge_step(key, last);
    bool fresh = c->says == TOC_SAYS_NOTHING;
    if (fresh || first < c->first_seen)
        c->first_seen = first;
    if (fresh || step > c->last_step)
        c->last_step = step;
    c->says = TOC_SAYS_ASSERTED;
    c->confidence = o->confidence;
    c->severity = o->severity;
    c->valid_until = valid_until(terms, o);
    c->tags = o->tags;
    c->tags_count = o->tags_count;
    c->relations = o->relations;
    c->relations_count = o->relations_count;
    c->references = o->references;
    c->references_count = o->references_count;
    c->description = o->description;
    c->origin = o->origin;
    c->said = (int64_t)merge_said(terms, key, o);
}

static void refute_it(const struct toc_observation *o, struct toc_contribution *c)
{
    c->says = TOC_SAYS_REFUTING;
    c->confidence = o->confidence;
    c->said = 0;
}

// At most one an organisation and hour is counted: a view takes the most any one contribution of an
// organisation counted (judge.c), so here it is enough to count by the hour.
static bool count_hour(const struct merge_terms *terms, int32_t *count, int32_t *hour)
{
    int32_t now = (int32_t)(terms->stream_time / TOC_MS_HOUR);
    if (*hour == now || *count >= COUNT_MAX)
        return false;
    *hour = now;
    (*count)++;
    return true;
}

static bool sight_it(const struct merge_terms *terms, const uint8_t key[16], const struct toc_observation *o,
        struct toc_contribution *c)
{
    bool changed = count_hour(terms, &c->sightings, &c->sight_hour);
    int32_t step = judge_step(key, seen_last(terms, o));
    if (c->says == TOC_SAYS_ASSERTED && step > c->last_step) {
        c->last_step = step;
        c->said = 0; // the next assertion of the older date is a change again
        changed = true;
    }
    return changed;
}

// Applies the action; false: the contribution is as it was.
static bool apply(const struct merge_terms *terms, const uint8_t key[16], const struct toc_observation *o,
        struct toc_contribution *c)
{
    switch (o->action) {
    case TOC_ACTION_ASSERT:
        if (c->says == TOC_SAYS_ASSERTED && (uint64_t)c->said == merge_said(terms, key, o))
            return false;
        assert_it(terms, key, o, c);
        return true;
    case TOC_ACTION_WITHDRAW:
        if (c->says == TOC_SAYS_WITHDRAWN || c->says == TOC_SAYS_NOTHING)
            return false;
        c->says = TOC_SAYS_WITHDRAWN;
        c->said = 0;
        return true;
    case TOC_ACTION_REFUTE:
        if (c->says == TOC_SAYS_REFUTING && c->confidence == o->confidence)
            return false;
        refute_it(o, c);
        return true;
    case TOC_ACTION_SIGHT:
        return sight_it(terms, key, o, c);
    case TOC_ACTION_HIT:
        return count_hour(terms, &c->hits, &c->hit_hour);
    case TOC_ACTION_PURGE:
    case TOC_ACTION_UNKNOWN:
        break;
    }
    return false;
}

static size_t bytes_of(const struct toc_contribution *c)
{
    size_t bytes = 160 + c->description.len + c->origin.len;
    for (size_t i = 0; i < c->tags_count; i++)
        bytes += 2 + c->tags[i].len;
    for (size_t i = 0; i < c->relations_count; i++)
        bytes += 4 + c->relations[i].value.len;
    for (size_t i = 0; i < c->references_count; i++)
        bytes += 6 + c->references[i].source.len + c->references[i].id.len + c->references[i].url.len;
    for (size_t i = 0; i < c->release.communities_count; i++)
        bytes += 1 + c->release.communities[i].len;
    return bytes;
}

int64_t merge_weight(const struct toc_contribution *c)
{
    return 1 + (int64_t)(bytes_of(c) / 1024);
}

// An entry fits a record of the state log, whoever sends what; and no organisation takes more than its share.
static bool fits(const struct merge_terms *terms, const struct toc_body *body)
{
    size_t all = 0, own = 0;
    for (size_t i = 0; i < body->contributions_count; i++) {
        const struct toc_contribution *c = &body->contributions[i];
        size_t bytes = beside(terms, c) ? bytes_of(c) : 0;
        all += bytes;
        own += by_own_organisation(terms, c) ? bytes : 0;
    }
    return all <= MERGE_BYTES_MAX && own <= MERGE_BYTES_OF_ORGANISATION_MAX;
}

// What a distrusted key said is no ground to build on: the member speaks as if for the first time. To withdraw it
// all the same, the member says it and takes it back, in its own words; so its limits come back.
static void begin_anew(const struct merge_terms *terms, const uint8_t key[16], const struct toc_observation *o,
        struct toc_contribution *c)
{
    bool said = c->says != TOC_SAYS_NOTHING;
    *c = (struct toc_contribution){.source = c->source, .marking = c->marking};
    if (said && o->action == TOC_ACTION_WITHDRAW)
        assert_it(terms, key, o, c);
}

enum toc_refusal merge_observation(const struct merge_terms *terms, const uint8_t key[16],
        const struct toc_observation *o, struct toc_body *body, struct toc_arena *arena, struct merge_effect *out)
{
    *out = (struct merge_effect){0};
    struct toc_contribution *c = find(terms, body);
    if (c == NULL && o->action == TOC_ACTION_WITHDRAW)
        return TOC_REFUSAL_NONE; // nothing to withdraw: unchanged
    if (c == NULL) {
        enum toc_refusal refusal = add(terms, body, arena, &c);
        if (refusal != TOC_REFUSAL_NONE)
            return refusal;
        out->created = true;
    }
    out->before = *c;
    out->after = c;
    if (!out->created && roll_void(terms->roll, c))
        begin_anew(terms, key, o, c);
    out->changed = apply(terms, key, o, c);
    if (!out->changed) {
        *c = out->before;
        return TOC_REFUSAL_NONE;
    }
    c->changed = terms->stream_time;
    c->pap = terms->pap;
    c->attribution = terms->attribution;
    c->release = terms->release;
    c->key = terms->key;
    memcpy(c->writer, terms->segment->writer, sizeof c->writer);
    c->seq = terms->segment->seq;
    c->index = terms->segment->index;
    if (!fits(terms, body)) {
        *c = out->before;
        body->contributions_count -= out->created;
        *out = (struct merge_effect){0};
        return TOC_REFUSAL_LIMIT_CONTRIBUTIONS;
    }
    out->weight = merge_weight(c) - (out->created ? 0 : merge_weight(&out->before));
    out->refuting = (c->says == TOC_SAYS_REFUTING) - (out->before.says == TOC_SAYS_REFUTING);
    return TOC_REFUSAL_NONE;
}
