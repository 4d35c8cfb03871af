#include "hub/fuse/fuse.h"

#include <string.h>

#include "hub/fuse/account.h"
#include "hub/fuse/admit.h"
#include "hub/fuse/control.h"
#include "hub/fuse/decay.h"
#include "hub/fuse/job.h"
#include "hub/fuse/merge.h"
#include "hub/fuse/publish.h"
#include "hub/fuse/quota.h"
#include "hub/fuse/step.h"
#include "hub/fuse/writer.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/indicator/key.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/topics.h"
#include "schemas/head.h"
#include "schemas/segment.h"
#include "schemas/tick.h"

// The way of one record: open -> admit -> (place among its writer's) -> merge -> judge -> publish, and a
// receipt at the end. Whatever is refused goes to quarantine with its code; nothing is ever lost.

#define ARENA_MAX ((size_t)256 << 20)
#define VALUE_MAX ((size_t)900 * 1024)

// The roll follows the rows: built anew after a decision or a rollback.
static toc_rc ensure_roll(struct toc_fuse *fuse, struct toc_err *err)
{
    if (fuse->rolled && fuse->roll.rollbacks == toc_state_rollbacks(fuse->state))
        return TOC_OK;
    roll_done(&fuse->roll);
    fuse->rolled = false;
    TOC_TRY(roll_build(&fuse->roll, fuse->state, &fuse->conf, err));
    fuse->rolled = true;
    return TOC_OK;
}

// For the state: when an entry is due.
static toc_rc derive(void *ctx, struct toc_slice bytes, struct toc_state_derived *out, struct toc_err *err)
{
    struct toc_fuse *fuse = ctx;
    struct subject s = {0};
    TOC_TRY(ensure_roll(fuse, err));
    toc_arena_reset(&fuse->scratch);
    TOC_TRY(toc_body_decode(bytes, toc_body_fingerprint, &fuse->scratch, &s.body, err));
    subject_derive(&s.body, out);
    toc_indicator_key(s.body.kind, s.body.value, s.key);
    s.curve = decay_curve(s.body.kind, true); // the shortest life it may have: the timer looks again
    out->due[LANE_OWN] = subject_next_over(fuse, &s);
    return TOC_OK;
}

toc_rc toc_fuse_new(const struct toc_fuse_conf *conf, struct toc_state *state, struct toc_fuse **out, struct toc_err *err)
{
    struct toc_fuse *fuse = toc_mem_alloc(1, sizeof *fuse);
    if (fuse == NULL)
        return step_no_memory(err);
    fuse->conf = *conf;
    fuse->state = state;
    toc_arena_init(&fuse->arena, ARENA_MAX);
    toc_arena_init(&fuse->scratch, ARENA_MAX);
    toc_buf_init(&fuse->payload, TOC_SEGMENT_BYTES_MAX);
    toc_buf_init(&fuse->encoded, (size_t)8 << 20);
    toc_buf_init(&fuse->value, VALUE_MAX);
    fuse->zstd = toc_zstd_new();
    if (fuse->zstd == NULL) {
        toc_fuse_free(fuse);
        return step_no_memory(err);
    }
    toc_state_derive_with(state, derive, fuse);
    *out = fuse;
    return TOC_OK;
}

void toc_fuse_free(struct toc_fuse *fuse)
{
    if (fuse == NULL)
        return;
    if (fuse->rolled)
        roll_done(&fuse->roll);
    toc_arena_done(&fuse->arena);
    toc_arena_done(&fuse->scratch);
    toc_buf_done(&fuse->payload);
    toc_buf_done(&fuse->encoded);
    toc_buf_done(&fuse->value);
    toc_zstd_free(fuse->zstd);
    toc_mem_free(fuse);
}

toc_rc toc_fuse_prepare(struct toc_fuse *fuse, struct toc_err *err)
{
    return ensure_roll(fuse, err);
}

// --- a segment ------------------------------------------------------------------------------------

static enum toc_attribution attribution_of(const struct roll_member *member, const struct toc_segment *segment)
{
    if (segment->has_attribution)
        return segment->attribution;
    if (member->record.has_default_attribution)
        return member->record.default_attribution;
    return member->government ? TOC_ATTRIBUTION_NAMED : TOC_ATTRIBUTION_ANONYMOUS;
}

static struct merge_terms terms_of(const struct toc_fuse *fuse, const struct account *account, int32_t source,
        const struct roll_key *key)
{
    const struct toc_segment *segment = account->segment;
    const struct toc_member *record = &account->member->record;
    int64_t now = fuse->roll.clock.stream_time, append = account->input->append_time;
    struct merge_terms terms = {
            .roll = &fuse->roll,
            .segment = segment,
            .source = source,
            .key = key->row.ordinal,
            .pap = segment->has_pap ? segment->pap : record->default_pap,
            .attribution = attribution_of(account->member, segment),
            .stream_time = now,
            .latest = append > now && append <= now + TOC_CLAIM_AHEAD_MS ? append : now,
    };
    const struct toc_release *release = segment->release != NULL ? segment->release : record->default_release;
    if (release != NULL)
        terms.release = *release;
    merge_terms_seed(&terms, fuse->conf.deployment_key);
    return terms;
}

// 98 of 100 observations of real feeds say what they said before: one look-up tells.
static bool said_before(const struct toc_fuse *fuse, const struct merge_terms *terms, const uint8_t key[16],
        const struct toc_observation *o)
{
    const struct toc_entry *entry = toc_state_find(fuse->state, key);
    if (entry == NULL || o->action != TOC_ACTION_ASSERT || entry->rules != (uint32_t)fuse->roll.clock.rules)
        return false;
    uint64_t said = merge_said(terms, key, o);
    for (int i = 0; i < TOC_ENTRY_SAID; i++)
        if (entry->said[i] == said)
            return true;
    return false;
}

// Views judged by older rules are judged anew when what they see is touched, and no others: that would
// tell of the touch.
static uint32_t audiences_of(const struct toc_fuse *fuse, const struct merge_effect *effect)
{
    uint32_t mask = subject_seen_by(fuse, effect->after);
    return effect->created ? mask : mask | subject_seen_by(fuse, &effect->before);
}

static toc_rc merge_one(struct toc_fuse *fuse, const struct merge_terms *terms, const uint8_t key[16],
        const struct toc_observation *o, bool *out_changed, enum toc_refusal *out_refusal, struct toc_err *err)
{
    struct subject s;
    struct merge_effect effect;
    *out_changed = false;
    toc_arena_reset(&fuse->scratch);
    TOC_TRY(subject_load(fuse, key, o->kind, o->value, &s, err));
    *out_refusal = merge_observation(terms, key, o, &s.body, &fuse->scratch, &effect);
    if (*out_refusal == TOC_REFUSAL_NONE && effect.changed)
        *out_refusal = quota_admits(fuse, fuse->quota, &effect);
    if (*out_refusal != TOC_REFUSAL_NONE || effect.after == NULL)
        return TOC_OK;
    *out_changed = effect.changed;
    uint32_t audiences = audiences_of(fuse, &effect) & (effect.changed ? ALL_AUDIENCES : subject_by_older_rules(fuse, &s));
    if (audiences == 0 && !effect.changed)
        return TOC_OK;
    if (effect.changed)
        quota_count(fuse->quota, &effect);
    if (o->action == TOC_ACTION_HIT && effect.changed)
        TOC_TRY(quota_hit(fuse, terms->roll->sources[terms->source].member, terms->segment->marking, err));
    return subject_publish(fuse, &s, audiences, fuse->roll.clock.stream_time, err);
}

// A few observations at a time: their keys first, so that the table's cache lines are on their way while the
// others are checked.
#define AHEAD 16

struct ahead {
    uint8_t key[16];
    enum toc_refusal refusal;
};

static toc_rc take_observation(struct toc_fuse *fuse, struct account *account, const struct merge_terms *terms, int32_t at,
        const struct ahead *ahead, struct toc_err *err)
{
    struct toc_observation *o = &account->segment->observations[at];
    struct toc_receipt *r = &account->receipt;
    bool changed = false;
    enum toc_refusal refusal = ahead->refusal;
    if (refusal == TOC_REFUSAL_NONE && !said_before(fuse, terms, ahead->key, o))
        TOC_TRY(merge_one(fuse, terms, ahead->key, o, &changed, &refusal, err));
    if (refusal != TOC_REFUSAL_NONE) {
        r->quarantined++;
        fuse->totals.refusals[refusal]++;
        r->refusals[r->refusals_count++] = (struct toc_refused_observation){
                .observation = at, .code = toc_slice_of(toc_refusal_code(refusal))};
    } else if (changed) {
        r->changed++;
    } else {
        r->unchanged++;
    }
    return TOC_OK;
}

static toc_rc take_some(struct toc_fuse *fuse, struct account *account, const struct merge_terms *terms, int32_t from,
        int32_t to, struct toc_err *err)
{
    struct ahead ahead[AHEAD];
    for (int32_t i = from; i < to; i++) {
        struct ahead *a = &ahead[i - from];
        a->refusal = admit_observation(fuse, account->member, account->segment, &account->segment->observations[i], a->key);
        if (a->refusal == TOC_REFUSAL_NONE)
            toc_state_prefetch_early(fuse->state, a->key);
    }
    for (int32_t i = from; i < to; i++)
        if (ahead[i - from].refusal == TOC_REFUSAL_NONE)
            toc_state_prefetch(fuse->state, ahead[i - from].key);
    for (int32_t i = from; i < to; i++)
        TOC_TRY(take_observation(fuse, account, terms, i, &ahead[i - from], err));
    return TOC_OK;
}

static toc_rc take_observations(struct toc_fuse *fuse, struct account *account, const struct roll_key *key, int32_t source,
        struct toc_err *err)
{
    struct merge_terms terms = terms_of(fuse, account, source, key);
    struct quota quota;
    TOC_TRY(quota_load(fuse, account->member, account->segment->marking, &quota, err));
    fuse->quota = &quota;
    toc_rc rc = TOC_OK;
    int32_t count = account->receipt.observations;
    for (int32_t i = 0; i < count && !toc_failed(rc); i += AHEAD)
        rc = take_some(fuse, account, &terms, i, count - i < AHEAD ? count : i + AHEAD, err);
    fuse->quota = NULL;
    return toc_failed(rc) ? rc : quota_save(fuse, &quota, err);
}

// Signed by a known key, but with a payload that key may not send, or that cannot be read.
static toc_rc refuse_authenticated(struct toc_fuse *fuse, const struct toc_fuse_input *input, const struct admitted *a,
        enum toc_refusal refusal, struct toc_err *err)
{
    if (a->key->member == NULL)
        return account_quarantine(fuse, input, a->key->row.holder, refusal, err);
    struct account *account = toc_arena_alloc(&fuse->arena, 1, sizeof *account);
    if (account == NULL)
        return step_no_memory(err);
    struct toc_segment unread;
    toc_segment_init(&unread);
    unread.member = a->key->row.holder;
    account_open(fuse, input, a, &unread, account);
    return account_refuse(fuse, account, refusal, err);
}

static toc_rc take_segment(struct toc_fuse *fuse, const struct toc_fuse_input *input, const struct admitted *a,
        struct toc_err *err)
{
    struct toc_segment segment;
    if (toc_failed(toc_segment_get(a->payload, &fuse->arena, &segment, NULL)))
        return refuse_authenticated(fuse, input, a, TOC_REFUSAL_SEGMENT_FRAME, err);
    struct account *account = toc_arena_alloc(&fuse->arena, 1, sizeof *account);
    if (account == NULL)
        return step_no_memory(err);
    enum toc_refusal refusal = admit_segment(fuse, a, &segment, &account->member);
    if (refusal == TOC_REFUSAL_SEGMENT_MEMBER)
        segment.member = a->key->row.holder;
    account_open(fuse, input, a, &segment, account);
    struct writer_place place = {0};
    if (refusal == TOC_REFUSAL_NONE)
        TOC_TRY(writer_place(fuse, &segment, a->payload, &place, &refusal, err));
    int32_t source = 0;
    if (refusal == TOC_REFUSAL_NONE) {
        toc_rc rc = roll_source_ordinal(&fuse->roll, fuse->state, account->member, segment.feed, segment.marking, &source, err);
        if (rc.code == TOC_E_REFUSED)
            refusal = TOC_REFUSAL_SEGMENT_FEED;
        else if (toc_failed(rc))
            return rc;
    }
    if (refusal != TOC_REFUSAL_NONE)
        return account_refuse(fuse, account, refusal, err);
    account->receipt.missing_after = place.has_missing ? &place.missing_after : NULL;
    TOC_TRY(take_observations(fuse, account, a->key, source, err));
    struct toc_receipt *r = &account->receipt;
    if (r->refusals_count != 0)
        TOC_TRY(account_quarantine_segment(fuse, account, TOC_REFUSAL_NONE, err));
    TOC_TRY(account_book(fuse, account, err));
    return account_receipt(fuse, account, err);
}

// --- time -------------------------------------------------------------------------------------------

static toc_rc put_heads(struct toc_fuse *fuse, struct toc_err *err)
{
    struct toc_head head = {.stream_time = fuse->roll.clock.stream_time, .tick = fuse->roll.clock.tick};
    for (size_t a = 0; a < fuse->roll.genesis->audiences_count; a++) {
        toc_buf_clear(&fuse->value);
        toc_head_put(&head, &fuse->value);
        TOC_TRY(step_emit(fuse, TOC_OUT_INDICATORS, (int)a, TOC_S(TOC_HEAD_KEY), toc_buf_slice(&fuse->value),
                head.stream_time, err));
    }
    return TOC_OK;
}

// Two clocks must concur: the hub's and the broker's. Either may say anything.
static bool tick_counts(const struct toc_fuse *fuse, const struct toc_tick *tick, int64_t append_time)
{
    uint64_t hub = (uint64_t)tick->time, broker = (uint64_t)append_time;
    uint64_t apart = tick->time > append_time ? hub - broker : broker - hub;
    return tick->partition == fuse->conf.partition && tick->time > fuse->roll.clock.stream_time && apart <= TOC_TICK_SKEW_MS;
}

static toc_rc move_time(struct toc_fuse *fuse, int64_t time, struct toc_err *err)
{
    struct toc_clock_row *clock = &fuse->roll.clock;
    bool new_hour = time / TOC_MS_HOUR != clock->stream_time / TOC_MS_HOUR;
    clock->stream_time = time;
    clock->tick++;
    fuse->totals.ticks++;
    TOC_TRY(roll_clock_save(&fuse->roll, fuse->state, err));
    TOC_TRY(timers_fire(fuse, err));
    TOC_TRY(job_move(fuse, err));
    if (new_hour)
        TOC_TRY(writer_forget(fuse, err));
    return put_heads(fuse, err);
}

static toc_rc take_tick(struct toc_fuse *fuse, const struct toc_fuse_input *input, const struct admitted *a,
        struct toc_err *err)
{
    struct toc_tick tick;
    if (toc_failed(toc_tick_get(a->payload, &fuse->arena, &tick, NULL)) || !tick_counts(fuse, &tick, input->append_time)) {
        fuse->totals.ticks_refused++;
        return account_quarantine(fuse, input, TOC_S(""), TOC_REFUSAL_TICK_TIME, err);
    }
    return move_time(fuse, tick.time, err);
}

// --- any record ---------------------------------------------------------------------------------------

static toc_rc take_control(struct toc_fuse *fuse, const struct toc_fuse_input *input, const struct admitted *a,
        struct toc_err *err)
{
    enum toc_refusal refusal;
    TOC_TRY(control_take(fuse, a, &refusal, err));
    fuse->totals.controls++;
    return refusal == TOC_REFUSAL_NONE ? TOC_OK : account_quarantine(fuse, input, TOC_S(""), refusal, err);
}

static toc_rc dispatch(struct toc_fuse *fuse, const struct toc_fuse_input *input, struct toc_err *err)
{
    enum toc_refusal refusal;
    if (fuse->roll.genesis == NULL) {
        TOC_TRY(control_genesis(fuse, input, &refusal, err));
        return refusal == TOC_REFUSAL_NONE ? TOC_OK : account_quarantine(fuse, input, TOC_S(""), refusal, err);
    }
    struct admitted a;
    refusal = admit_open(fuse, input->value, &a);
    if (!a.authenticated) {
        // Booked to nobody: anyone can write another's name.
        fuse->totals.unauthenticated++;
        return account_quarantine(fuse, input, TOC_S(""), refusal, err);
    }
    if (refusal != TOC_REFUSAL_NONE)
        return refuse_authenticated(fuse, input, &a, refusal, err);
    if (toc_tick_knows(a.payload_fingerprint))
        return take_tick(fuse, input, &a, err);
    if (toc_control_knows(a.payload_fingerprint))
        return take_control(fuse, input, &a, err);
    return take_segment(fuse, input, &a, err);
}

static void begin_step(struct toc_fuse *fuse, toc_fuse_emit_fn *emit, void *ctx)
{
    fuse->emit = emit;
    fuse->emit_ctx = ctx;
}

static toc_rc end_step(struct toc_fuse *fuse, toc_rc rc, struct toc_err *err)
{
    toc_arena_reset(&fuse->arena);
    toc_arena_reset(&fuse->scratch);
    // A new decision counts from the next record on; build the roll now, while a missing reference set can
    // still stop this record.
    return toc_failed(rc) ? rc : ensure_roll(fuse, err);
}

toc_rc toc_fuse_step(struct toc_fuse *fuse, const struct toc_fuse_input *input, toc_fuse_emit_fn *emit, void *ctx,
        struct toc_err *err)
{
    TOC_TRY(ensure_roll(fuse, err));
    begin_step(fuse, emit, ctx);
    return end_step(fuse, dispatch(fuse, input, err), err);
}

toc_rc toc_fuse_skipped(struct toc_fuse *fuse, int64_t from, int64_t next, toc_fuse_emit_fn *emit, void *ctx,
        struct toc_err *err)
{
    TOC_TRY(ensure_roll(fuse, err));
    begin_step(fuse, emit, ctx);
    toc_rc rc = TOC_OK;
    for (int64_t offset = from; offset < next && !toc_failed(rc); offset++) {
        const struct toc_fuse_input unread = {.offset = offset};
        rc = account_quarantine(fuse, &unread, TOC_S(""), TOC_REFUSAL_SEGMENT_BATCH, err);
    }
    return end_step(fuse, rc, err);
}

// --- laboratory, questions ---------------------------------------------------------------------

toc_rc toc_fuse_lab(struct toc_fuse *fuse, const struct toc_genesis *genesis, const struct toc_member *members,
        size_t count, struct toc_err *err)
{
    TOC_TRY(ensure_roll(fuse, err));
    TOC_TRY(control_lay_genesis(fuse, genesis, err));
    for (size_t i = 0; i < count; i++)
        TOC_TRY(control_lay_member(fuse, &members[i], err));
    TOC_TRY(roll_clock_save(&fuse->roll, fuse->state, err));
    fuse->rolled = false;
    return ensure_roll(fuse, err);
}

toc_rc toc_fuse_lab_tick(struct toc_fuse *fuse, int64_t time, toc_fuse_emit_fn *emit, void *ctx, struct toc_err *err)
{
    TOC_TRY(ensure_roll(fuse, err));
    if (time <= fuse->roll.clock.stream_time)
        return TOC_OK;
    begin_step(fuse, emit, ctx);
    return end_step(fuse, move_time(fuse, time, err), err);
}

const struct toc_genesis *toc_fuse_genesis(const struct toc_fuse *fuse)
{
    return fuse->roll.genesis;
}

const struct toc_fuse_totals *toc_fuse_totals(const struct toc_fuse *fuse)
{
    return &fuse->totals;
}
