#include "hub/fuse/due.h"
#include "hub/fuse/fuse.h"
#include "hub/fuse/publish.h"
#include "hub/fuse/quota.h"
#include "hub/fuse/view.h"
#include "lib/indicator/audience.h"
#include "lib/indicator/key.h"
#include "schemas/receipt.h"

// Every number here comes from the same functions that published: whoever adds up the terms gets the score.

static void put_slice(struct toc_jw *w, const char *name, struct toc_slice s)
{
    toc_jw_key(w, name);
    toc_jw_text(w, s);
}

static void put_text(struct toc_jw *w, const char *name, const char *text)
{
    put_slice(w, name, toc_slice_of(text));
}

static void put_int(struct toc_jw *w, const char *name, int64_t value)
{
    toc_jw_key(w, name);
    toc_jw_int(w, value);
}

static void put_time(struct toc_jw *w, const char *name, int64_t ms)
{
    if (ms == 0 || ms == INT64_MAX)
        return;
    toc_jw_key(w, name);
    toc_jw_time(w, ms);
}

static void put_bool(struct toc_jw *w, const char *name, bool value)
{
    toc_jw_key(w, name);
    toc_jw_bool(w, value);
}

static void put_seen_by(const struct toc_fuse *fuse, const struct toc_contribution *c, struct toc_jw *w)
{
    uint32_t mask = subject_seen_by(fuse, c);
    toc_jw_key(w, "seen_by");
    toc_jw_open(w, '[');
    for (size_t a = 0; a < fuse->roll.genesis->audiences_count; a++)
        if (mask & 1u << a)
            toc_jw_text(w, fuse->roll.genesis->audiences[a].name);
    toc_jw_close(w, ']');
}

static void put_contribution(struct toc_fuse *fuse, const struct subject *s, const struct toc_contribution *c, int64_t t,
        struct toc_jw *w)
{
    const struct roll_source *source = &fuse->roll.sources[c->source];
    int64_t last = judge_last_seen(s->key, c->last_step);
    int64_t dead = judge_dead_since(s->curve, s->key, c);
    // Refutations do not age.
    int32_t d = c->says == TOC_SAYS_REFUTING ? 1000 : decay_at(s->curve, t - last);
    toc_jw_open(w, '{');
    put_slice(w, "member", source->member->record.id);
    put_slice(w, "organisation", source->member->record.organisation);
    put_slice(w, "group", source->group);
    put_slice(w, "feed", source->feed);
    put_text(w, "marking", toc_marking_spelling(c->marking));
    put_text(w, "says", toc_says_symbol(c->says));
    put_text(w, "attribution", toc_attribution_symbol(c->attribution));
    put_bool(w, "counts", roll_counts(&fuse->roll, c));
    put_int(w, "confidence", c->confidence);
    put_int(w, "reliability_pm", source->reliability);
    put_int(w, "decay_pm", d);
    put_int(w, "strength_pm", judge_strength(source, c, d));
    put_bool(w, "may_block", source->may_block);
    put_bool(w, "past_probation", source->may_block || t >= source->member->probation_end);
    put_text(w, "pap", toc_pap_symbol(c->pap));
    put_seen_by(fuse, c, w);
    put_time(w, "first_seen", c->first_seen);
    put_time(w, "last_seen", last);
    put_time(w, "valid_until", c->valid_until);
    put_time(w, "changed", c->changed);
    put_time(w, "lives_until", dead);
    put_int(w, "sightings", c->sightings);
    put_int(w, "hits", c->hits);
    toc_jw_close(w, '}');
}

static void put_terms(const struct judgement *j, struct toc_jw *w)
{
    toc_jw_key(w, "groups");
    toc_jw_open(w, '[');
    for (size_t i = 0; i < j->voices_count; i++) {
        toc_jw_open(w, '{');
        put_slice(w, "group", j->voices[i].group);
        put_int(w, "strength_pm", j->voices[i].strength);
        put_int(w, "refuting_pm", j->voices[i].refuting);
        put_int(w, "actionable_pm", j->voices[i].actionable);
        put_bool(w, "past_probation", j->voices[i].proven);
        put_bool(w, "may_block", j->voices[i].may_block);
        toc_jw_close(w, '}');
    }
    toc_jw_close(w, ']');
    put_int(w, "confidence_pm", j->confidence_pm);
    put_int(w, "asserting_pm", j->asserting);
    put_int(w, "refuting_pm", j->refuting);
    if (j->scored) {
        put_int(w, "score", j->score);
        put_int(w, "score_without_refutations", j->plain_score);
        put_int(w, "block_score", j->block_score);
    }
    put_text(w, "status", toc_status_symbol(j->status));
    put_text(w, "advice", toc_advice_symbol(j->advice));
    toc_jw_key(w, "reasons");
    toc_jw_open(w, '[');
    for (int i = 0; i < REASON_COUNT; i++)
        if (j->reasons & 1u << i)
            toc_jw_text(w, toc_slice_of(reason_code((enum reason)i)));
    toc_jw_close(w, ']');
}

static toc_rc put_audience(struct toc_fuse *fuse, const struct subject *s, int audience, int64_t t, struct toc_jw *w,
        struct toc_err *err)
{
    struct judge_terms terms = {.roll = &fuse->roll, .body = &s->body, .key = s->key, .audience = audience,
            .references = &s->references, .curve = s->curve};
    struct judgement j;
    TOC_TRY(judge_collect(&terms, &fuse->scratch, err));
    TOC_TRY(quota_hitters(fuse, audience, t, &terms.hitters, err));
    int64_t changes = due_next(&terms, t), ends = due_advice_ends(&terms, t);
    judge_at(&terms, t, &j);
    const struct toc_view *view = subject_view(s, audience);
    toc_jw_open(w, '{');
    put_slice(w, "audience", fuse->roll.genesis->audiences[audience].name);
    put_bool(w, "published", view != NULL);
    if (view != NULL) {
        put_time(w, "born", view->born);
        put_int(w, "n", view->n);
    }
    put_terms(&j, w);
    put_int(w, "organisations_reporting_hits", terms.hitters);
    put_time(w, "changes_at", changes);
    put_time(w, "advice_until", ends);
    toc_jw_close(w, '}');
    return TOC_OK;
}

static void put_lists(const struct toc_reference_verdict *v, struct toc_jw *w)
{
    toc_jw_key(w, "lists");
    toc_jw_open(w, '[');
    for (size_t i = 0; i < v->hits_count; i++) {
        toc_jw_open(w, '{');
        put_slice(w, "set", v->hits[i].use->name);
        put_slice(w, "version", v->hits[i].use->version);
        put_text(w, "effect", toc_reference_effect_spelling(v->hits[i].effect));
        put_slice(w, "note", v->hits[i].note);
        toc_jw_close(w, '}');
    }
    toc_jw_close(w, ']');
}

static void put_policy(const struct toc_fuse *fuse, struct toc_jw *w)
{
    toc_jw_key(w, "policy");
    toc_jw_open(w, '{');
    for (int i = 0; i < POLICY_COUNT; i++)
        put_int(w, roll_policy_name((enum roll_policy)i), fuse->roll.policy[i]);
    toc_jw_close(w, '}');
}

static toc_rc explain(struct toc_fuse *fuse, struct subject *s, struct toc_jw *w, struct toc_err *err)
{
    int64_t t = fuse->roll.clock.stream_time;
    char id[TOC_KEY_HEX];
    toc_key_hex(s->key, id);
    toc_jw_open(w, '{');
    put_text(w, "id", id);
    put_text(w, "kind", toc_kind_symbol(s->body.kind));
    put_slice(w, "value", s->body.value);
    put_int(w, "partition", fuse->conf.partition);
    put_bool(w, "known", s->stored);
    put_time(w, "as_of", t);
    put_policy(fuse, w);
    put_slice(w, "registrable", s->references.registrable);
    put_lists(&s->references, w);
    if (s->body.ruling != NULL) {
        toc_jw_key(w, "overruled");
        toc_jw_open(w, '{');
        put_text(w, "advice", toc_advice_symbol(s->body.ruling->advice));
        put_slice(w, "why", s->body.ruling->why);
        put_slice(w, "operator", s->body.ruling->operator);
        put_time(w, "until", s->body.ruling->until);
        toc_jw_close(w, '}');
    }
    toc_jw_key(w, "contributions");
    toc_jw_open(w, '[');
    for (size_t i = 0; i < s->body.contributions_count; i++)
        put_contribution(fuse, s, &s->body.contributions[i], t, w);
    toc_jw_close(w, ']');
    toc_jw_key(w, "audiences");
    toc_jw_open(w, '[');
    for (size_t a = 0; a < fuse->roll.genesis->audiences_count; a++)
        TOC_TRY(put_audience(fuse, s, (int)a, t, w, err));
    toc_jw_close(w, ']');
    toc_jw_close(w, '}');
    return TOC_OK;
}

toc_rc toc_fuse_explain(struct toc_fuse *fuse, enum toc_kind kind, struct toc_slice value, struct toc_jw *w,
        struct toc_err *err)
{
    TOC_ENSURE(fuse->roll.genesis != NULL, err, TOC_E_NOTFOUND, "this partition has not seen genesis yet");
    struct subject s;
    uint8_t key[16];
    toc_indicator_key(kind, value, key);
    toc_arena_reset(&fuse->scratch);
    TOC_TRY(subject_load(fuse, key, kind, value, &s, err));
    toc_rc rc = explain(fuse, &s, w, err);
    toc_arena_reset(&fuse->scratch);
    return rc;
}

// --- status -----------------------------------------------------------------------------------------

struct members {
    struct toc_fuse *fuse;
    struct toc_jw *w;
};

static toc_rc put_member(void *ctx, const char *name, struct toc_slice value, struct toc_err *err)
{
    struct members *m = ctx;
    struct toc_count_row row;
    TOC_TRY(toc_count_row_decode(value, toc_count_row_fingerprint, &m->fuse->scratch, &row, err));
    toc_jw_key(m->w, name + sizeof "count/" - 1);
    toc_jw_open(m->w, '{');
    put_int(m->w, "segments", row.segments);
    put_int(m->w, "sent", row.sent);
    put_int(m->w, "changed", row.changed);
    put_int(m->w, "unchanged", row.unchanged);
    put_int(m->w, "quarantined", row.quarantined);
    put_int(m->w, "repeated", row.repeated);
    put_int(m->w, "gaps", row.gaps);
    put_int(m->w, "alarms", row.alarms);
    toc_jw_close(m->w, '}');
    return TOC_OK;
}

toc_rc toc_fuse_status(struct toc_fuse *fuse, struct toc_jw *w, struct toc_err *err)
{
    const struct toc_clock_row *clock = &fuse->roll.clock;
    struct toc_slice job = toc_state_row(fuse->state, "job");
    toc_jw_open(w, '{');
    put_int(w, "partition", fuse->conf.partition);
    put_bool(w, "genesis", fuse->roll.genesis != NULL);
    put_time(w, "stream_time", clock->stream_time);
    put_int(w, "tick", clock->tick);
    put_int(w, "control", clock->control);
    put_int(w, "entries", (int64_t)toc_state_count(fuse->state));
    put_int(w, "state_bytes", (int64_t)toc_state_bytes(fuse->state));
    put_bool(w, "job", job.ptr != NULL);
    put_int(w, "reference_sets", (int64_t)fuse->roll.sets_count);
    put_int(w, "unauthenticated", (int64_t)fuse->totals.unauthenticated);
    put_int(w, "ticks_refused", (int64_t)fuse->totals.ticks_refused);
    toc_jw_key(w, "members");
    toc_jw_open(w, '{');
    struct members m = {.fuse = fuse, .w = w};
    toc_rc rc = toc_state_rows(fuse->state, "count/", put_member, &m, err);
    toc_jw_close(w, '}');
    toc_jw_close(w, '}');
    toc_arena_reset(&fuse->scratch);
    return rc;
}
