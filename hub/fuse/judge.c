#include "hub/fuse/judge.h"

#include <stdlib.h>
#include <string.h>

#include "hub/fuse/step.h"
#include "lib/base/time.h"
#include "lib/indicator/audience.h"

#define FRESH_PER_MILLE 200 // below: expired

static const char *const reason_codes[REASON_COUNT] = {
        [REASON_RIGHT] = "block.right",
        [REASON_TWO_GROUPS] = "block.two-organisations",
        [REASON_OPERATOR] = "operator",
        [REASON_SCORE_LOW] = "score.low",
        [REASON_STATUS] = "status",
        [REASON_NOT_SCORED] = "not-scored",
        [REASON_NEVER_BLOCK] = "never-block",
        [REASON_CAPPED] = "cap.list",
        [REASON_SOLE_GROUP] = "cap.sole-organisation",
        [REASON_PROBATION] = "cap.probation",
        [REASON_PAP] = "cap.pap",
        [REASON_WIDE_NETWORK] = "cap.wide-network",
        [REASON_NEEDS_REVIEW] = "note.needs-review",
        [REASON_FALSE_POSITIVE] = "note.suspected-false-positive",
};

const char *reason_code(enum reason reason)
{
    return reason_codes[reason];
}

// Republication is spread over the day: each key has its own midnight.
static int64_t key_offset(const uint8_t key[16])
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | key[i];
    return (int64_t)(v % 86400) * TOC_MS_SECOND;
}

int32_t judge_step(const uint8_t key[16], int64_t t)
{
    return (int32_t)((t + key_offset(key)) / TOC_MS_DAY);
}

int64_t judge_last_seen(const uint8_t key[16], int32_t step)
{
    int64_t t = step * TOC_MS_DAY - key_offset(key);
    return t < 0 ? 0 : t;
}

bool judge_live(const struct toc_contribution *c, int64_t t)
{
    return c->says == TOC_SAYS_ASSERTED && (c->valid_until == 0 || t < c->valid_until);
}

int64_t judge_dead_since(const struct decay_curve *curve, const uint8_t key[16], const struct toc_contribution *c)
{
    switch (c->says) {
    case TOC_SAYS_REFUTING:
        return INT64_MAX;
    case TOC_SAYS_WITHDRAWN:
    case TOC_SAYS_NOTHING: // sightings and hits are kept for their retention time
        return c->changed;
    case TOC_SAYS_ASSERTED:
        break;
    }
    int64_t age = decay_age_below(curve, FRESH_PER_MILLE);
    int64_t aged = age == INT64_MAX ? INT64_MAX : judge_last_seen(key, c->last_step) + age;
    int64_t ended = c->valid_until == 0 ? INT64_MAX : c->valid_until;
    return aged < ended ? aged : ended;
}

static struct seen look_at(const struct judge_terms *terms, const struct toc_contribution *c)
{
    int64_t dead = judge_dead_since(terms->curve, terms->key, c);
    int64_t kept = terms->roll->policy[POLICY_RETENTION_DAYS] * TOC_MS_DAY;
    return (struct seen){
            .c = c,
            .last_seen = judge_last_seen(terms->key, c->last_step),
            .dead_since = dead,
            .forgotten = dead == INT64_MAX ? dead : dead + kept,
    };
}

toc_rc judge_collect(struct judge_terms *terms, struct toc_arena *arena, struct toc_err *err)
{
    const struct toc_body *body = terms->body;
    const struct toc_audience *audience =
            terms->audience < 0 ? NULL : &terms->roll->genesis->audiences[terms->audience];
    terms->seen = toc_arena_alloc(arena, body->contributions_count, sizeof *terms->seen);
    terms->voices = toc_arena_alloc(arena, body->contributions_count, sizeof *terms->voices);
    terms->organisations = toc_arena_alloc(arena, body->contributions_count, sizeof *terms->organisations);
    if (terms->seen == NULL || terms->voices == NULL || terms->organisations == NULL)
        return step_no_memory(err);
    terms->seen_count = 0;
    for (size_t i = 0; i < body->contributions_count; i++) {
        const struct toc_contribution *c = &body->contributions[i];
        if (!roll_counts(terms->roll, c))
            continue;
        bool government = terms->roll->sources[c->source].member->government;
        if (audience == NULL || toc_audience_sees(audience, c->marking, &c->release, government))
            terms->seen[terms->seen_count++] = look_at(terms, c);
    }
    return TOC_OK;
}

static struct voice *voice_of(struct judgement *j, struct toc_slice group)
{
    for (size_t i = 0; i < j->voices_count; i++)
        if (toc_slice_eq(j->voices[i].group, group))
            return &j->voices[i];
    j->voices[j->voices_count] = (struct voice){.group = group};
    return &j->voices[j->voices_count++];
}

static struct organisation *organisation_of(struct judgement *j, const struct roll_member *member)
{
    for (size_t i = 0; i < j->organisations_count; i++)
        if (toc_slice_eq(j->organisations[i].name, member->record.organisation))
            return &j->organisations[i];
    j->organisations[j->organisations_count] =
            (struct organisation){.name = member->record.organisation, .government = member->government};
    return &j->organisations[j->organisations_count++];
}

static int32_t more(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

int32_t judge_strength(const struct roll_source *source, const struct toc_contribution *c, int32_t d)
{
    return (int32_t)((int64_t)source->reliability * c->confidence * d / 100000);
}

static void hear_assertion(const struct judge_terms *terms, const struct seen *seen, int64_t t, struct voice *voice,
        struct organisation *organisation, struct judgement *j)
{
    const struct toc_contribution *c = seen->c;
    const struct roll_source *source = &terms->roll->sources[c->source];
    int32_t d = decay_at(terms->curve, t - seen->last_seen);
    int32_t s = judge_strength(source, c, d);
    voice->strength = more(voice->strength, s);
    organisation->asserts = true;
    if (c->pap <= TOC_PAP_GREEN && s > 0) {
        bool proven = source->may_block || t >= source->member->probation_end;
        voice->actionable = more(voice->actionable, s);
        voice->may_block = voice->may_block || source->may_block;
        voice->proven = voice->proven || proven;
        organisation->proven = organisation->proven || proven;
    }
    if (c->confidence >= 50 && c->severity > j->severity)
        j->severity = c->severity;
    if (c->pap > j->pap)
        j->pap = c->pap;
    if (d >= FRESH_PER_MILLE)
        j->status = TOC_STATUS_ACTIVE;
}

static void hear(const struct judge_terms *terms, const struct seen *seen, int64_t t, struct judgement *j)
{
    const struct toc_contribution *c = seen->c;
    const struct roll_source *source = &terms->roll->sources[c->source];
    struct organisation *organisation = organisation_of(j, source->member);
    struct voice *voice = voice_of(j, source->group);
    organisation->named = organisation->named || c->attribution == TOC_ATTRIBUTION_NAMED;
    organisation->sights = organisation->sights || c->sightings > 0;
    organisation->hits = organisation->hits || c->hits > 0;
    organisation->sightings = more(organisation->sightings, c->sightings);
    organisation->hit_count = more(organisation->hit_count, c->hits);
    if (c->says == TOC_SAYS_REFUTING) {
        int32_t s = judge_strength(source, c, 1000);
        voice->refuting = more(voice->refuting, s);
        organisation->refutes = organisation->refutes || s > 0;
    } else if (judge_live(c, t)) {
        hear_assertion(terms, seen, t, voice, organisation, j);
    }
}

static int by_group(const void *a, const void *b)
{
    return toc_slice_cmp(((const struct voice *)a)->group, ((const struct voice *)b)->group);
}

// remainder = 1,000,000; for each group floor(remainder x (1000 - strength) / 1000).
static int32_t combine(const struct voice *voices, size_t count, bool actionable_only)
{
    int64_t remainder = 1000000;
    int groups = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t s = actionable_only ? voices[i].actionable : voices[i].strength;
        if (s == 0)
            continue;
        remainder = remainder * (1000 - s) / 1000;
        groups++;
    }
    int32_t confidence = (int32_t)(1000 - (remainder + 999) / 1000);
    int32_t most = groups == 1 ? 900 : 990;
    return confidence > most ? most : confidence;
}

static int32_t score_of(int32_t confidence_pm, int32_t refuting, int32_t asserting)
{
    int32_t share = refuting == 0 ? 0 : 500 * refuting / (refuting + asserting);
    return confidence_pm * (1000 - share) / 10000;
}

static const struct toc_ruling *ruling_at(const struct judge_terms *terms, int64_t t)
{
    const struct toc_ruling *ruling = terms->body->ruling;
    return ruling != NULL && t < ruling->until ? ruling : NULL;
}

// expired / withdrawn / unknown (never asserted) when nothing fresh is there.
static enum toc_status resting_status(const struct judge_terms *terms, int64_t t)
{
    enum toc_status status = TOC_STATUS_UNKNOWN;
    for (size_t i = 0; i < terms->seen_count; i++) {
        if (t >= terms->seen[i].forgotten)
            continue;
        enum toc_says says = terms->seen[i].c->says;
        if (says == TOC_SAYS_WITHDRAWN || says == TOC_SAYS_REFUTING)
            return TOC_STATUS_WITHDRAWN;
        if (says == TOC_SAYS_ASSERTED)
            status = TOC_STATUS_EXPIRED;
    }
    return status;
}

static void settle_status(const struct judge_terms *terms, int64_t t, struct judgement *j)
{
    int refuting = 0, organisations = 0;
    for (size_t i = 0; i < j->voices_count; i++)
        refuting += j->voices[i].refuting > 0;
    for (size_t i = 0; i < j->organisations_count; i++)
        organisations += j->organisations[i].refutes;
    if (j->status != TOC_STATUS_ACTIVE) {
        j->status = resting_status(terms, t);
        return;
    }
    const struct toc_ruling *ruling = ruling_at(terms, t);
    // Groups of one organisation are one hand.
    bool refuted = refuting >= 2 && organisations >= 2;
    if (refuted || (ruling != NULL && ruling->advice == TOC_ADVICE_NONE))
        j->status = TOC_STATUS_DISPUTED;
    else if (refuting > 0)
        j->reasons |= 1u << REASON_NEEDS_REVIEW;
}

static void settle_score(struct judgement *j)
{
    for (size_t i = 0; i < j->voices_count; i++) {
        j->asserting += j->voices[i].strength;
        j->refuting += j->voices[i].refuting;
        j->groups += j->voices[i].strength > 0;
    }
    int32_t actionable = 0;
    for (size_t i = 0; i < j->voices_count; i++)
        actionable += j->voices[i].actionable;
    j->confidence_pm = combine(j->voices, j->voices_count, false);
    j->plain_score = score_of(j->confidence_pm, 0, j->asserting);
    j->score = score_of(j->confidence_pm, j->refuting, j->asserting);
    int32_t pm = combine(j->voices, j->voices_count, true);
    // One refutation never takes a block away; a dispute may.
    j->block_score = score_of(pm, j->status == TOC_STATUS_DISPUTED ? j->refuting : 0, actionable);
}

// Is it a network wider than these prefix lengths? The value is a canonical CIDR.
static bool too_wide(const struct toc_body *body, int v4, int v6)
{
    if (body->kind != TOC_KIND_CIDR)
        return false;
    size_t slash = toc_slice_find(body->value, '/');
    int bits = 0;
    for (size_t i = slash + 1; i < body->value.len; i++)
        bits = bits * 10 + (body->value.ptr[i] - '0');
    return bits < (toc_slice_has(body->value, ':') ? v6 : v4);
}

static bool reference_says(const struct judge_terms *terms, enum toc_reference_effect effect)
{
    for (size_t i = 0; i < terms->references->hits_count; i++)
        if (terms->references->hits[i].effect == effect)
            return true;
    return false;
}

// An indicator of one organisation that others keep hitting is probably a mistake.
static bool false_positive(const struct judge_terms *terms, const struct judgement *j)
{
    int64_t asserting = 0, hitting = 0;
    for (size_t i = 0; i < j->organisations_count; i++) {
        asserting += j->organisations[i].asserts;
        hitting += j->organisations[i].hits;
    }
    return asserting == 1 && hitting >= 3 && hitting * 100 >= terms->hitters * 30;
}

// Who may cause a block: the right, or two groups of two organisations past their probation.
static bool backed(struct judgement *j)
{
    int groups = 0, proven = 0, organisations = 0, actionable = 0;
    for (size_t i = 0; i < j->voices_count; i++) {
        if (j->voices[i].may_block) {
            j->reasons |= 1u << REASON_RIGHT;
            return true;
        }
        groups += j->voices[i].strength > 0;
        actionable += j->voices[i].actionable > 0;
        proven += j->voices[i].proven;
    }
    for (size_t i = 0; i < j->organisations_count; i++)
        organisations += j->organisations[i].proven;
    if (proven >= 2 && organisations >= 2) {
        j->reasons |= 1u << REASON_TWO_GROUPS;
        return true;
    }
    j->reasons |= 1u << (groups < 2 ? REASON_SOLE_GROUP : actionable < 2 ? REASON_PAP : REASON_PROBATION);
    return false;
}

static bool may_block(const struct judge_terms *terms, struct judgement *j)
{
    if (too_wide(terms->body, 24, 48)) {
        j->reasons |= 1u << REASON_WIDE_NETWORK;
        return false;
    }
    if (false_positive(terms, j)) {
        j->reasons |= 1u << REASON_FALSE_POSITIVE;
        return false;
    }
    if (reference_says(terms, TOC_REFERENCE_EFFECT_CAP)) {
        j->reasons |= 1u << REASON_CAPPED;
        return false;
    }
    if (j->block_score < terms->roll->policy[POLICY_BLOCK_SCORE]) {
        j->reasons |= 1u << REASON_SCORE_LOW;
        return false;
    }
    return backed(j);
}

static void settle_advice(const struct judge_terms *terms, int64_t t, struct judgement *j)
{
    j->advice = TOC_ADVICE_NONE;
    if (!j->scored) {
        j->reasons |= 1u << REASON_NOT_SCORED;
        return;
    }
    if (j->status != TOC_STATUS_ACTIVE && j->status != TOC_STATUS_DISPUTED) {
        j->reasons |= 1u << REASON_STATUS;
        return;
    }
    if (reference_says(terms, TOC_REFERENCE_EFFECT_NEVER_BLOCK)) {
        j->reasons |= 1u << REASON_NEVER_BLOCK;
        return;
    }
    const struct toc_ruling *ruling = ruling_at(terms, t);
    if (ruling != NULL) {
        j->reasons |= 1u << REASON_OPERATOR;
        j->advice = ruling->advice;
        if (ruling->advice == TOC_ADVICE_BLOCK && too_wide(terms->body, 16, 32)) {
            j->reasons |= 1u << REASON_WIDE_NETWORK;
            j->advice = TOC_ADVICE_ALERT;
        }
        return;
    }
    if (may_block(terms, j))
        j->advice = TOC_ADVICE_BLOCK;
    else if (j->score >= terms->roll->policy[POLICY_ALERT_SCORE])
        j->advice = TOC_ADVICE_ALERT;
    else
        j->reasons |= 1u << REASON_SCORE_LOW;
}

// What is blocked rests on contributions whose PAP allows it, so its PAP is theirs.
static void settle_pap(const struct judge_terms *terms, int64_t t, struct judgement *j)
{
    if (j->advice != TOC_ADVICE_BLOCK || j->pap <= TOC_PAP_GREEN)
        return;
    j->pap = TOC_PAP_CLEAR;
    for (size_t i = 0; i < terms->seen_count; i++) {
        const struct toc_contribution *c = terms->seen[i].c;
        if (judge_live(c, t) && c->pap <= TOC_PAP_GREEN && c->pap > j->pap)
            j->pap = c->pap;
    }
}

void judge_at(const struct judge_terms *terms, int64_t t, struct judgement *out)
{
    struct judgement j = {
            .scored = decay_scored(terms->body->kind),
            .status = TOC_STATUS_UNKNOWN,
            .voices = terms->voices,
            .organisations = terms->organisations,
    };
    for (size_t i = 0; i < terms->seen_count; i++)
        if (t < terms->seen[i].forgotten)
            hear(terms, &terms->seen[i], t, &j);
    if (j.voices_count > 1)
        qsort(j.voices, j.voices_count, sizeof *j.voices, by_group);
    settle_status(terms, t, &j);
    j.exists = j.status != TOC_STATUS_UNKNOWN;
    settle_score(&j);
    settle_advice(terms, t, &j);
    settle_pap(terms, t, &j);
    *out = j;
}
