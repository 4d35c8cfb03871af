#include "hub/fuse/publish.h"

#include <string.h>

#include "hub/fuse/due.h"
#include "hub/fuse/quota.h"
#include "hub/fuse/view.h"
#include "lib/base/digest.h"
#include "lib/base/time.h"
#include "lib/indicator/audience.h"
#include "lib/indicator/pivot.h"

toc_rc subject_load(struct toc_fuse *fuse, const uint8_t key[16], enum toc_kind kind, struct toc_slice value,
        struct subject *out, struct toc_err *err)
{
    memset(out, 0, sizeof *out);
    memcpy(out->key, key, 16);
    const struct toc_entry *entry = toc_state_find(fuse->state, key);
    out->stored = entry != NULL;
    if (out->stored) {
        toc_rc rc = toc_body_decode(toc_slice(entry->body, entry->body_len), toc_body_fingerprint, &fuse->scratch,
                &out->body, err);
        if (toc_failed(rc))
            return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_STATE, "an entry of the state cannot be read");
    } else {
        toc_body_init(&out->body);
        out->body.kind = kind;
        out->body.value = value;
    }
    toc_reference_judge(fuse->roll.sets, fuse->roll.sets_count, out->body.kind, out->body.value, &out->references);
    out->curve = decay_curve(out->body.kind, out->references.dynamic_dns);
    out->own_due = subject_next_over(fuse, out);
    return TOC_OK;
}

uint32_t subject_seen_by(const struct toc_fuse *fuse, const struct toc_contribution *c)
{
    uint32_t mask = 0;
    bool government = fuse->roll.sources[c->source].member->government;
    for (size_t a = 0; a < fuse->roll.genesis->audiences_count; a++)
        if (toc_audience_sees(&fuse->roll.genesis->audiences[a], c->marking, &c->release, government))
            mask |= 1u << a;
    return mask;
}

uint32_t subject_by_older_rules(const struct toc_fuse *fuse, const struct subject *s)
{
    uint32_t mask = 0;
    for (size_t i = 0; i < s->body.views_count; i++)
        if (s->body.views[i].rules != fuse->roll.clock.rules)
            mask |= 1u << s->body.views[i].audience;
    return mask;
}

struct toc_view *subject_view(const struct subject *s, int audience)
{
    for (size_t i = 0; i < s->body.views_count; i++)
        if (s->body.views[i].audience == audience)
            return &s->body.views[i];
    return NULL;
}

static struct toc_view *add_view(struct toc_fuse *fuse, struct toc_body *body, int audience, int64_t t)
{
    struct toc_view *grown = toc_arena_alloc(&fuse->scratch, body->views_count + 1, sizeof *grown);
    if (grown == NULL)
        return NULL;
    if (body->views_count != 0)
        memcpy(grown, body->views, body->views_count * sizeof *grown);
    struct toc_view *view = &grown[body->views_count];
    toc_view_init(view);
    view->audience = audience;
    view->born = t;
    body->views = grown;
    body->views_count++;
    return view;
}

static void remove_view(struct toc_body *body, struct toc_view *view)
{
    size_t at = (size_t)(view - body->views);
    memmove(view, view + 1, (body->views_count - at - 1) * sizeof *view);
    body->views_count--;
}

static uint64_t mix(uint64_t seed, struct toc_slice s)
{
    return toc_mix64(s, seed + s.len + 1);
}

// What a reader acts on beside the facts.
static uint64_t rest_digest(const struct toc_indicator *i)
{
    uint64_t d = 1;
    for (size_t k = 0; k < i->sources_count; k++) {
        const struct toc_source_row *row = &i->sources[k];
        d = mix(mix(d, row->member), row->feed) + (uint64_t)row->marking * 8 + (uint64_t)row->says;
        d = mix(mix(d, row->origin), row->description);
    }
    for (size_t k = 0; k < i->roles_count; k++)
        d = mix(d + (uint64_t)i->roles[k], TOC_S("role"));
    for (size_t k = 0; k < i->relations_count; k++)
        d = mix(d + (uint64_t)i->relations[k].type * 64 + (uint64_t)i->relations[k].kind, i->relations[k].value);
    for (size_t k = 0; k < i->references_count; k++)
        d = mix(mix(mix(d, i->references[k].source), i->references[k].id), i->references[k].url);
    for (size_t k = 0; k < i->annotations_count; k++)
        d = mix(mix(mix(d, i->annotations[k].set), i->annotations[k].effect), i->annotations[k].note);
    for (size_t k = 0; k < i->reasons_count; k++)
        d = mix(d, i->reasons[k]);
    return d + (uint64_t)i->more_sources;
}

static bool texts_differ(const struct toc_slice *a, size_t a_count, const struct toc_slice *b, size_t b_count)
{
    if (a_count != b_count)
        return true;
    for (size_t i = 0; i < a_count; i++)
        if (!toc_slice_eq(a[i], b[i]))
            return true;
    return false;
}

static bool facts_differ(const struct toc_facts *was, const struct toc_facts *is)
{
    int64_t moved = is->valid_until - was->valid_until;
    return was->status != is->status || was->advice != is->advice || was->has_score != is->has_score ||
            was->score / SCORE_BUCKET != is->score / SCORE_BUCKET || was->organisations != is->organisations ||
            was->corroborated != is->corroborated || was->severity != is->severity || was->pap != is->pap ||
            was->sightings != is->sightings || was->hits != is->hits || was->last_seen != is->last_seen ||
            moved > TOC_MS_DAY || moved < -TOC_MS_DAY || (was->valid_until == 0) != (is->valid_until == 0) ||
            !toc_slice_eq(was->registrable, is->registrable) ||
            texts_differ(was->tags, was->tags_count, is->tags, is->tags_count) ||
            texts_differ(was->lists, was->lists_count, is->lists, is->lists_count);
}

static toc_rc send(struct toc_fuse *fuse, const struct toc_indicator *i, int audience, int64_t t, struct toc_err *err)
{
    toc_buf_clear(&fuse->value);
    toc_indicator_put(i, &fuse->value);
    TOC_TRY(toc_buf_check(&fuse->value, "an indicator record", err));
    fuse->totals.published++;
    fuse->totals.published_bytes += fuse->value.len;
    return step_emit(fuse, TOC_OUT_INDICATORS, audience, i->id, toc_buf_slice(&fuse->value), t, err);
}

static bool is_gone(const struct toc_view *view)
{
    return view->facts.status == TOC_STATUS_GONE;
}

static toc_rc say_gone(struct toc_fuse *fuse, struct subject *s, struct toc_view *view, struct toc_indicator *i,
        int64_t t, struct toc_err *err)
{
    struct toc_indicator gone;
    toc_indicator_init(&gone);
    gone.id = i->id;
    gone.kind = i->kind;
    gone.value = i->value;
    gone.born = view->born;
    gone.n = view->n + 1;
    gone.now.status = TOC_STATUS_GONE;
    gone.prior = &view->facts;
    gone.unlinked = view->links;
    gone.unlinked_count = view->links_count;
    TOC_TRY(send(fuse, &gone, view->audience, t, err));
    TOC_TRY(step_emit(fuse, TOC_OUT_INDICATORS, view->audience, gone.id, toc_slice(NULL, 0), t, err));
    if (view->born < t) {
        remove_view(&s->body, view);
        return TOC_OK;
    }
    // Born and gone within one tick: should it come back in the same tick, its revisions must go on.
    view->n = gone.n;
    view->due = 0;
    view->links_count = 0;
    toc_facts_init(&view->facts);
    view->facts.status = TOC_STATUS_GONE;
    return TOC_OK;
}

static bool appears(const struct judgement *j)
{
    return j->status == TOC_STATUS_ACTIVE || j->status == TOC_STATUS_DISPUTED;
}

// What relations and references tie the view to, and what they no longer do: the prior facts do not tell
// it, and route, which decides from the record alone, has no memory.
static toc_rc tie(struct toc_fuse *fuse, struct toc_view *view, struct toc_indicator *i, struct toc_err *err)
{
    struct toc_shared_list now;
    TOC_TRY(toc_pivots_beside_facts(i, &fuse->scratch, &now, err));
    i->unlinked = toc_arena_alloc(&fuse->scratch, view->links_count, sizeof *i->unlinked);
    uint8_t(*links)[TOC_LINK_BYTES] = toc_arena_alloc(&fuse->scratch, now.count, sizeof *links);
    if (i->unlinked == NULL || links == NULL)
        return step_no_memory(err);
    for (size_t k = 0; k < view->links_count; k++)
        if (!toc_shared_has(&now, view->links[k]))
            memcpy(i->unlinked[i->unlinked_count++], view->links[k], TOC_LINK_BYTES);
    for (size_t k = 0; k < now.count; k++)
        memcpy(links[k], now.items[k].link, TOC_LINK_BYTES);
    view->links = links;
    view->links_count = now.count;
    return TOC_OK;
}

static toc_rc publish_view(struct toc_fuse *fuse, struct toc_view *view, struct toc_indicator *i, int64_t t,
        struct toc_err *err)
{
    uint64_t rest = rest_digest(i);
    bool first = view->n == 0 || is_gone(view);
    if (!first && (int64_t)rest == view->rest && !facts_differ(&view->facts, &i->now))
        return TOC_OK;
    i->born = view->born;
    i->n = view->n + 1;
    i->prior = first ? NULL : &view->facts;
    TOC_TRY(tie(fuse, view, i, err));
    TOC_TRY(send(fuse, i, view->audience, t, err));
    view->n = i->n;
    view->rest = (int64_t)rest;
    view->facts = i->now;
    return TOC_OK;
}

// Only then does it matter how many report hits at all.
static bool hit_often(const struct judge_terms *terms)
{
    int hit = 0;
    for (size_t i = 0; i < terms->seen_count; i++)
        hit += terms->seen[i].c->hits > 0;
    return hit >= 3;
}

static bool same_seen(const struct subject *s, const struct judge_terms *terms)
{
    if (s->shared.seen == NULL || s->shared.count != terms->seen_count || s->shared.hitters != terms->hitters)
        return false;
    for (size_t i = 0; i < terms->seen_count; i++)
        if (s->shared.seen[i].c != terms->seen[i].c)
            return false;
    return true;
}

// When the view changes next and when its advice ends.
static void look_ahead(struct subject *s, const struct judge_terms *terms, int64_t t)
{
    if (same_seen(s, terms))
        return;
    s->shared.seen = terms->seen;
    s->shared.count = terms->seen_count;
    s->shared.hitters = terms->hitters;
    s->shared.due = due_next(terms, t);
    s->shared.ends = due_advice_ends(terms, t);
}

static toc_rc judge_view(struct toc_fuse *fuse, struct subject *s, int audience, int64_t t, struct toc_err *err)
{
    struct judge_terms terms = {
            .roll = &fuse->roll,
            .body = &s->body,
            .key = s->key,
            .audience = audience,
            .references = &s->references,
            .curve = s->curve,
    };
    struct toc_view *view = subject_view(s, audience);
    if (view != NULL && is_gone(view) && view->born < t) {
        remove_view(&s->body, view);
        view = NULL;
    }
    TOC_TRY(judge_collect(&terms, &fuse->scratch, err));
    if (hit_often(&terms))
        TOC_TRY(quota_hitters(fuse, audience, t, &terms.hitters, err));
    struct judgement j;
    judge_at(&terms, t, &j);
    if ((view == NULL || is_gone(view)) && !appears(&j))
        return TOC_OK;
    look_ahead(s, &terms, t);
    judge_at(&terms, t, &j);
    struct toc_indicator i;
    TOC_TRY(view_compose(&terms, &j, t, fuse->conf.deployment_key, &fuse->scratch, &i, err));
    i.has_drop_after = s->shared.ends != 0;
    i.drop_after = s->shared.ends;
    if (!j.exists)
        return say_gone(fuse, s, view, &i, t, err);
    if (view == NULL)
        view = add_view(fuse, &s->body, audience, t);
    if (view == NULL)
        return step_no_memory(err);
    // A timer that stands for an earlier moment looks again by itself: a feed that says the same every day
    // must not leave one a day.
    bool waits = view->due > t && s->shared.due >= view->due;
    view->due = s->shared.due;
    view->rules = fuse->roll.clock.rules;
    if (view->due != 0 && !waits)
        TOC_TRY(toc_state_timer(fuse->state, (unsigned)audience, view->due, s->key, err));
    return publish_view(fuse, view, &i, t, err);
}

// When a contribution may be dropped from the body; INT64_MAX: not by itself.
static int64_t over(const struct toc_fuse *fuse, const struct subject *s, const struct toc_contribution *c)
{
    int64_t dead = judge_dead_since(s->curve, s->key, c);
    return dead == INT64_MAX ? dead : dead + fuse->roll.policy[POLICY_RETENTION_DAYS] * TOC_MS_DAY;
}

int64_t subject_next_over(const struct toc_fuse *fuse, const struct subject *s)
{
    int64_t next = s->body.ruling != NULL ? s->body.ruling->until : INT64_MAX;
    for (size_t i = 0; i < s->body.contributions_count; i++) {
        int64_t end = over(fuse, s, &s->body.contributions[i]);
        next = end < next ? end : next;
    }
    return next == INT64_MAX ? 0 : next;
}

// A view whose timer is due but not fired yet (they are fired in bounded numbers) must still find what it
// was due for.
bool subject_awaits(const struct subject *s, int64_t t)
{
    for (size_t i = 0; i < s->body.views_count; i++)
        if (s->body.views[i].due != 0 && s->body.views[i].due <= t)
            return true;
    return false;
}

toc_rc subject_forget(struct toc_fuse *fuse, struct subject *s, int64_t t, struct toc_err *err)
{
    if (subject_awaits(s, t))
        return TOC_OK;
    size_t kept = 0;
    for (size_t i = 0; i < s->body.contributions_count; i++) {
        struct toc_contribution *c = &s->body.contributions[i];
        if (over(fuse, s, c) <= t)
            TOC_TRY(quota_forget(fuse, c, err));
        else
            s->body.contributions[kept++] = *c;
    }
    s->body.contributions_count = kept;
    if (s->body.ruling != NULL && s->body.ruling->until <= t)
        s->body.ruling = NULL;
    return TOC_OK;
}

void subject_derive(const struct toc_body *body, struct toc_state_derived *out)
{
    *out = (struct toc_state_derived){0};
    int64_t rules = INT64_MAX;
    for (size_t i = 0; i < body->views_count; i++) {
        const struct toc_view *v = &body->views[i];
        rules = v->rules < rules ? v->rules : rules;
        if (v->audience >= 0 && v->audience < LANE_OWN)
            out->due[v->audience] = v->due;
    }
    out->rules = rules == INT64_MAX ? 0 : (uint32_t)rules;
    size_t n = 0;
    for (size_t i = body->contributions_count; i > 0 && n < TOC_ENTRY_SAID; i--)
        if (body->contributions[i - 1].said != 0)
            out->said[n++] = (uint64_t)body->contributions[i - 1].said;
}

toc_rc subject_store(struct toc_fuse *fuse, struct subject *s, struct toc_err *err)
{
    if (s->body.contributions_count == 0) // then no view is left but those that are gone
        s->body.views_count = 0;
    if (s->body.contributions_count == 0 && s->body.ruling == NULL)
        return s->stored ? toc_state_drop(fuse->state, s->key, err) : TOC_OK;
    struct toc_state_derived derived;
    subject_derive(&s->body, &derived);
    toc_buf_clear(&fuse->encoded);
    toc_body_encode(&s->body, &fuse->encoded);
    TOC_TRY(toc_buf_check(&fuse->encoded, "an entry of the state", err));
    int64_t next = subject_next_over(fuse, s);
    bool waits = s->stored && s->own_due != 0 && next >= s->own_due;
    if (next != 0 && !waits)
        TOC_TRY(toc_state_timer(fuse->state, LANE_OWN, next, s->key, err));
    return toc_state_put(fuse->state, s->key, toc_buf_slice(&fuse->encoded), derived.rules, derived.said, err);
}

toc_rc subject_publish(struct toc_fuse *fuse, struct subject *s, uint32_t audiences, int64_t t, struct toc_err *err)
{
    for (size_t a = 0; a < fuse->roll.genesis->audiences_count; a++)
        if (audiences & 1u << a)
            TOC_TRY(judge_view(fuse, s, (int)a, t, err));
    TOC_TRY(subject_forget(fuse, s, t, err));
    return subject_store(fuse, s, err);
}
