#include "producers/runner/stage.h"

#include <string.h>

#include "lib/base/limits.h"
#include "lib/base/text.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/identity.h"
#include "lib/indicator/kind.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/refang.h"
#include "producers/runner/clean.h"

#define ARENA_BYTES_MAX (1024 * 1024)
#define SOURCE_BYTES_MAX 128 // schemas/types.avsc: Reference
#define REFERENCE_ID_BYTES_MAX 256
#define ORIGIN_BYTES_MAX 128

void toc_stage_init(
        struct toc_stage *stage, const struct toc_stage_options *options, struct toc_report *report)
{
    *stage = (struct toc_stage){.options = *options, .report = report, .rc = TOC_OK};
    stage->now_ms = toc_now_ms(report->options.clock);
    toc_arena_init(&stage->arena, ARENA_BYTES_MAX);
    toc_buf_init(&stage->refanged, TOC_RAW_BYTES_MAX);
    toc_buf_init(&stage->value, TOC_VALUE_BYTES_MAX);
}

void toc_stage_done(struct toc_stage *stage)
{
    toc_arena_done(&stage->arena);
    toc_buf_done(&stage->refanged);
    toc_buf_done(&stage->value);
}

// ---- values

// The one kind of a claim; unknown when it leaves a choice.
static enum toc_kind only_kind(uint32_t claims)
{
    if (claims == 0 || (claims & (claims - 1)) != 0)
        return TOC_KIND_UNKNOWN;
    enum toc_kind kind = TOC_KIND_UNKNOWN;
    while (claims >> (kind + 1) != 0)
        kind++;
    return kind;
}

// Canonical form of a value as found into stage->value.
static enum toc_refusal canonical(struct toc_stage *stage, struct toc_slice raw, uint32_t claims,
        enum toc_kind *kind, unsigned *notes)
{
    unsigned flags = stage->options.assume_scheme ? TOC_GUESS_ASSUME_SCHEME : 0;
    enum toc_kind claimed = only_kind(claims);
    if (raw.len > TOC_RAW_BYTES_MAX)
        return TOC_REFUSAL_CANON_LENGTH;
    toc_buf_clear(&stage->refanged);
    toc_buf_clear(&stage->value);
    toc_refang(raw, &stage->refanged);
    struct toc_slice plain = toc_buf_slice(&stage->refanged);
    if (claimed != TOC_KIND_UNKNOWN && !(claimed == TOC_KIND_URL && stage->options.assume_scheme)) {
        *kind = claimed;
        return toc_canon(kind, plain, &stage->value, notes);
    }
    enum toc_refusal refusal = toc_canon_guess(plain, kind, &stage->value, notes, flags);
    if (refusal == TOC_REFUSAL_NONE && claims != 0 && (claims & TOC_CLAIM(*kind)) == 0)
        return TOC_REFUSAL_CANON_KIND;
    return refusal;
}

static enum toc_refusal take_value(struct toc_stage *stage, const struct toc_found *found,
        struct toc_observation *obs, unsigned *notes)
{
    enum toc_refusal refusal = canonical(stage, found->obs.value, found->claims, &obs->kind, notes);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    obs->value = toc_arena_copy(&stage->arena, toc_buf_slice(&stage->value));
    return obs->value.ptr == NULL ? TOC_REFUSAL_CANON_LENGTH : TOC_REFUSAL_NONE;
}

// Relations whose value is none that can be shared are left out; what is said about the indicator itself
// holds without them.
static void take_relations(struct toc_stage *stage, struct toc_observation *obs)
{
    struct toc_relation *relations =
            toc_arena_alloc(&stage->arena, TOC_OBSERVATION_RELATIONS_MAX, sizeof *relations);
    size_t kept = 0;
    for (size_t i = 0;
            relations != NULL && i < obs->relations_count && kept < TOC_OBSERVATION_RELATIONS_MAX;
            i++) {
        struct toc_relation relation = obs->relations[i];
        unsigned notes = 0;
        uint32_t claims = relation.kind == TOC_KIND_UNKNOWN ? 0 : TOC_CLAIM(relation.kind);
        if (canonical(stage, relation.value, claims, &relation.kind, &notes) != TOC_REFUSAL_NONE)
            continue;
        relation.value = toc_arena_copy(&stage->arena, toc_buf_slice(&stage->value));
        bool itself = relation.kind == obs->kind && toc_slice_eq(relation.value, obs->value);
        if (relation.value.ptr != NULL && !itself)
            relations[kept++] = relation;
    }
    stage->report->relations_dropped += obs->relations_count - kept;
    obs->relations = relations;
    obs->relations_count = kept;
}

// ---- texts

static void take_references(struct toc_stage *stage, struct toc_observation *obs)
{
    struct toc_reference *references =
            toc_arena_alloc(&stage->arena, TOC_OBSERVATION_REFERENCES_MAX, sizeof *references);
    size_t kept = 0;
    for (size_t i = 0; references != NULL && i < obs->references_count &&
                       kept < TOC_OBSERVATION_REFERENCES_MAX;
            i++) {
        struct toc_reference r = obs->references[i];
        if (r.url.len > TOC_VALUE_BYTES_MAX || !toc_text_is_safe(r.url))
            continue; // half a link leads elsewhere
        r.source = toc_clean_text(r.source, SOURCE_BYTES_MAX, &stage->arena);
        r.id = toc_clean_text(r.id, REFERENCE_ID_BYTES_MAX, &stage->arena);
        references[kept++] = r;
    }
    obs->references = references;
    obs->references_count = kept;
}

static enum toc_refusal take_tags(struct toc_stage *stage, struct toc_observation *obs)
{
    struct toc_slice *tags = toc_arena_alloc(&stage->arena, TOC_OBSERVATION_TAGS_MAX, sizeof *tags);
    size_t kept = 0;
    if (tags == NULL)
        return TOC_REFUSAL_READ_TAG;
    for (size_t i = 0;
            i < obs->tags_count + stage->options.tag_count && kept < TOC_OBSERVATION_TAGS_MAX;
            i++) {
        struct toc_slice tag =
                i < obs->tags_count ? obs->tags[i] : stage->options.tags[i - obs->tags_count];
        size_t at = 0;
        if (toc_identity_tags(tag))
            return TOC_REFUSAL_READ_ECHO;
        while (at < kept && !toc_slice_eq(tags[at], tag))
            at++;
        if (at == kept)
            tags[kept++] = tag;
    }
    obs->tags = tags;
    obs->tags_count = kept;
    return TOC_REFUSAL_NONE;
}

static enum toc_refusal take_texts(
        struct toc_stage *stage, const uint8_t key[TOC_KEY_BYTES], struct toc_observation *obs)
{
    if (toc_identity_minted(obs->origin, key))
        return TOC_REFUSAL_READ_ECHO;
    if (obs->origin.len > ORIGIN_BYTES_MAX || !toc_text_is_safe(obs->origin))
        obs->origin = (struct toc_slice){NULL, 0};
    if (obs->description.len > 0)
        obs->description =
                toc_clean_text(obs->description, TOC_DESCRIPTION_BYTES_MAX, &stage->arena);
    take_references(stage, obs);
    return take_tags(stage, obs);
}

// ---- marking

static enum toc_refusal take_marking(
        const struct toc_stage *stage, const struct toc_found *found, enum toc_marking *out)
{
    if (!found->has_marking && !stage->options.has_marking)
        return TOC_REFUSAL_MARKING_MISSING;
    *out = found->has_marking ? found->marking : stage->options.marking;
    if (stage->options.has_marking && *out < stage->options.marking)
        *out = stage->options.marking; // who submits may only be stricter than who wrote
    return *out > stage->options.limit ? TOC_REFUSAL_READ_MARKING : TOC_REFUSAL_NONE;
}

// ---- one statement

struct taken {
    struct toc_observation obs;
    enum toc_marking marking;
    uint8_t key[TOC_KEY_BYTES];
    unsigned notes, privacy; // bits of enum toc_note, enum toc_privacy_note
};

static enum toc_refusal take(
        struct toc_stage *stage, const struct toc_found *found, struct taken *out)
{
    out->obs = found->obs;
    enum toc_refusal refusal = take_marking(stage, found, &out->marking);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    refusal = take_value(stage, found, &out->obs, &out->notes);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    toc_indicator_key(out->obs.kind, out->obs.value, out->key);
    take_relations(stage, &out->obs);
    refusal = take_texts(stage, out->key, &out->obs);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    refusal = toc_privacy_check(
            stage->options.guard, stage->options.allow, &out->obs, &stage->arena, &out->privacy);
    // The guard may have cut the value.
    if (refusal == TOC_REFUSAL_NONE && out->privacy != 0)
        toc_indicator_key(out->obs.kind, out->obs.value, out->key);
    return refusal;
}

// What the hub takes without it ever counting. A domain under a dynamic-DNS name lives shorter, which only the
// hub can tell.
static bool is_expired(const struct toc_observation *obs, int64_t now_ms)
{
    int64_t seen = obs->last_seen != 0 ? obs->last_seen : obs->first_seen;
    if (obs->action != TOC_ACTION_ASSERT)
        return false;
    return (obs->valid_until != 0 && obs->valid_until <= now_ms) ||
           (seen != 0 && now_ms - seen >= toc_kind_lifetime(obs->kind));
}

static bool on_refused(void *ctx, const struct toc_refused *refused)
{
    struct toc_stage *stage = ctx;
    stage->report->lines = refused->line;
    toc_report_refuse(stage->report, refused);
    toc_report_progress(stage->report);
    return true;
}

static bool on_found(void *ctx, const struct toc_found *found)
{
    struct toc_stage *stage = ctx;
    struct taken taken = {0};
    toc_arena_reset(&stage->arena);
    enum toc_refusal refusal = take(stage, found, &taken);
    if (refusal != TOC_REFUSAL_NONE) {
        struct toc_refused refused = {.code = refusal, .line = found->line, .text = found->text};
        return on_refused(stage, &refused);
    }
    if (taken.obs.count < 1)
        taken.obs.count = 1;
    toc_report_notes(stage->report, taken.notes, taken.privacy);
    stage->report->lines = found->line;
    stage->report->taken++;
    stage->report->expired += is_expired(&taken.obs, stage->now_ms);
    toc_report_progress(stage->report);
    stage->rc = stage->options.take(
            stage->options.ctx, taken.key, taken.marking, &taken.obs, &stage->err);
    return !toc_failed(stage->rc);
}

struct toc_reader_sink toc_stage_sink(struct toc_stage *stage)
{
    return (struct toc_reader_sink){stage, on_found, on_refused};
}

toc_rc toc_stage_check(const struct toc_stage *stage, struct toc_err *err)
{
    if (toc_failed(stage->rc) && err != NULL)
        *err = stage->err;
    return stage->rc;
}
