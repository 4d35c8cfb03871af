#include "hub/fuse/control.h"

#include <stdio.h>
#include <string.h>

#include "hub/fuse/job.h"
#include "hub/fuse/publish.h"
#include "lib/base/digest.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/key.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/segment.h"
#include "schemas/control.h"

// Beyond these a slip of the pen is more likely than a wish; and sums with them cannot overflow.
#define POLICY_MAX 36500 // days, a hundred years
#define LIMIT_MAX INT64_C(1000000000000)

// --- rows ---

static void key_row_name(char name[ROW_NAME_MAX], const uint8_t id[16])
{
    char hex[33];
    toc_hex(hex, id, 16);
    snprintf(name, ROW_NAME_MAX, "key/%s", hex);
}

// A key keeps its ordinal for ever: contributions name it.
static toc_rc lay_key(struct toc_fuse *fuse, const uint8_t public_key[32], enum toc_key_role role,
        struct toc_slice holder, bool revoked, struct toc_err *err)
{
    uint8_t id[TOC_KEY_ID_BYTES];
    char name[ROW_NAME_MAX];
    toc_key_id(public_key, id);
    key_row_name(name, id);
    struct toc_key_row row;
    toc_key_row_init(&row);
    struct toc_slice known = toc_state_row(fuse->state, name);
    if (known.ptr != NULL)
        TOC_TRY(toc_key_row_decode(known, toc_key_row_fingerprint, &fuse->arena, &row, err));
    else
        row.ordinal = fuse->roll.clock.keys++;
    memcpy(row.public_key, public_key, sizeof row.public_key);
    row.role = role;
    row.holder = holder;
    row.revoked = revoked;
    toc_buf_clear(&fuse->encoded);
    toc_key_row_encode(&row, &fuse->encoded);
    return step_row_put(fuse, name, err);
}

toc_rc control_lay_member(struct toc_fuse *fuse, const struct toc_member *member, struct toc_err *err)
{
    for (size_t i = 0; i < member->keys_count; i++)
        TOC_TRY(lay_key(fuse, member->keys[i].public_key, member->keys[i].role, member->id, member->keys[i].revoked, err));
    char name[ROW_NAME_MAX];
    snprintf(name, sizeof name, "member/%.*s", TOC_SLICE_ARG(member->id));
    toc_buf_clear(&fuse->encoded);
    toc_member_encode(member, &fuse->encoded);
    return step_row_put(fuse, name, err);
}

toc_rc control_lay_genesis(struct toc_fuse *fuse, const struct toc_genesis *genesis, struct toc_err *err)
{
    for (size_t i = 0; i < genesis->root_keys_count; i++)
        TOC_TRY(lay_key(fuse, genesis->root_keys[i], TOC_KEY_ROLE_ROOT, TOC_S("root"), false, err));
    fuse->roll.clock.stream_time = genesis->first_stream_time;
    fuse->roll.clock.control = 1;
    fuse->roll.clock.rules = 1;
    toc_buf_clear(&fuse->encoded);
    toc_genesis_encode(genesis, &fuse->encoded);
    TOC_TRY(step_row_put(fuse, "genesis", err));
    return roll_clock_save(&fuse->roll, fuse->state, err);
}

// --- genesis ---

static bool genesis_sound(const struct toc_fuse *fuse, const struct toc_genesis *g, const uint8_t deployment[16])
{
    uint8_t digest[32];
    toc_sha256(fuse->conf.deployment_key, sizeof fuse->conf.deployment_key, digest);
    return g->partitions >= 1 && g->partitions <= TOC_PARTITIONS_MAX && g->root_keys_count >= 1 &&
            g->audiences_count >= 1 && g->audiences_count < TOC_STATE_LANES && g->first_stream_time > 0 &&
            memcmp(g->deployment, deployment, 16) == 0 &&
            memcmp(g->deployment_key_digest, digest, sizeof digest) == 0;
}

toc_rc control_genesis(struct toc_fuse *fuse, const struct toc_fuse_input *input, enum toc_refusal *out, struct toc_err *err)
{
    uint8_t digest[32];
    struct toc_signed_segment envelope;
    struct toc_slice payload;
    struct toc_control control;
    *out = TOC_REFUSAL_CONTROL_SEQUENCE;
    toc_sha256(input->value.ptr, input->value.len, digest);
    if (memcmp(digest, fuse->conf.genesis_digest, sizeof digest) != 0 ||
            toc_signed_open(input->value, &fuse->arena, &envelope) != TOC_REFUSAL_NONE ||
            toc_signed_payload(&envelope, fuse->zstd, &fuse->payload, &payload) != TOC_REFUSAL_NONE ||
            toc_failed(toc_control_get(payload, &fuse->arena, &control, NULL)) || control.genesis == NULL)
        return TOC_OK;
    *out = TOC_REFUSAL_CONTROL_DECISION;
    if (control.sequence != 1 || !genesis_sound(fuse, control.genesis, envelope.deployment) ||
            toc_signed_by_root(input->value, envelope.key_id, control.genesis) != TOC_REFUSAL_NONE)
        return TOC_OK;
    *out = TOC_REFUSAL_NONE;
    fuse->rolled = false;
    return control_lay_genesis(fuse, control.genesis, err);
}

// --- later decisions ---

static toc_rc open_job(struct toc_fuse *fuse, const char *what, struct toc_slice whom, struct toc_err *err)
{
    char text[128];
    snprintf(text, sizeof text, "%s %.*s", what, TOC_SLICE_ARG(whom));
    fuse->roll.clock.rules++;
    return job_open(fuse, text, err);
}

static bool member_sound(const struct toc_member *m)
{
    if (!toc_id_valid(m->id) || !toc_id_valid(m->organisation) || m->live_limit < 0 || m->live_limit > LIMIT_MAX ||
            m->hourly_limit < 0 || m->hourly_limit > LIMIT_MAX || m->feed_limit < 0 || m->admitted < 0 ||
            m->admitted > TOC_TIME_MAX)
        return false;
    for (size_t i = 0; i < m->feeds_count; i++)
        if (m->feeds[i].reliability < 200 || m->feeds[i].reliability > 1000 ||
                (m->feeds[i].id.len != 0 && !toc_id_valid(m->feeds[i].id)) ||
                (m->feeds[i].group.len != 0 && !toc_id_valid(m->feeds[i].group)))
            return false;
    for (size_t i = 0; i < m->keys_count; i++)
        if (m->keys[i].role != TOC_KEY_ROLE_MEMBER && m->keys[i].role != TOC_KEY_ROLE_GATEWAY)
            return false;
    return true;
}

// A key belongs to one holder for ever.
static bool keys_free(const struct toc_fuse *fuse, const struct toc_member *m)
{
    for (size_t i = 0; i < m->keys_count; i++) {
        uint8_t id[TOC_KEY_ID_BYTES];
        toc_key_id(m->keys[i].public_key, id);
        const struct roll_key *known = roll_key(&fuse->roll, id);
        if (known != NULL && !toc_slice_eq(known->row.holder, m->id))
            return false;
    }
    return true;
}

static toc_rc take_member(struct toc_fuse *fuse, const struct toc_member *m, enum toc_refusal *out, struct toc_err *err)
{
    const struct roll_member *known = roll_member(&fuse->roll, m->id);
    bool revoked = known != NULL && known->record.status == TOC_MEMBER_STATUS_REVOKED;
    if (!member_sound(m) || !keys_free(fuse, m) || (revoked && m->status != TOC_MEMBER_STATUS_REVOKED))
        return TOC_OK; // revoked is for good
    *out = TOC_REFUSAL_NONE;
    bool moves = known != NULL || m->own_names_count != 0; // a newcomer without names of its own moves no view
    TOC_TRY(control_lay_member(fuse, m, err));
    return moves ? open_job(fuse, "member", m->id, err) : TOC_OK;
}

static toc_rc take_key(struct toc_fuse *fuse, const struct toc_key_grant *k, enum toc_refusal *out, struct toc_err *err)
{
    if ((k->role != TOC_KEY_ROLE_OPERATOR && k->role != TOC_KEY_ROLE_HUB) || !toc_id_valid(k->holder))
        return TOC_OK;
    *out = TOC_REFUSAL_NONE;
    return lay_key(fuse, k->public_key, k->role, k->holder, k->revoked, err);
}

static toc_rc take_reference(struct toc_fuse *fuse, const struct toc_reference_use *use, enum toc_refusal *out,
        struct toc_err *err)
{
    char name[ROW_NAME_MAX];
    if (!toc_id_valid(use->name) || toc_reference_reserved(use->name))
        return TOC_OK;
    snprintf(name, sizeof name, "reference/%.*s", TOC_SLICE_ARG(use->name));
    if (use->removed) {
        *out = TOC_REFUSAL_NONE;
        TOC_TRY(toc_state_row_drop(fuse->state, name, err));
        return open_job(fuse, "reference", use->name, err);
    }
    // One place is kept for the members' own names.
    if (fuse->roll.sets_count + 1 >= TOC_REFERENCE_SETS_MAX && toc_state_row(fuse->state, name).ptr == NULL)
        return TOC_OK;
    struct toc_reference_set *set = fuse->conf.reference == NULL ? NULL : fuse->conf.reference(fuse->conf.ctx, use);
    if (set == NULL)
        return toc_fail_fate(err, TOC_FATE_RETRY, TOC_E_NOTFOUND, "reference set %.*s is not here yet",
                TOC_SLICE_ARG(use->name));
    toc_reference_unref(set);
    *out = TOC_REFUSAL_NONE;
    toc_buf_clear(&fuse->encoded);
    toc_reference_use_encode(use, &fuse->encoded);
    TOC_TRY(step_row_put(fuse, name, err));
    return open_job(fuse, "reference", use->name, err);
}

static toc_rc take_policy(struct toc_fuse *fuse, const struct toc_policy *policy, enum toc_refusal *out,
        struct toc_err *err)
{
    for (size_t i = 0; i < policy->settings_count; i++)
        if (roll_policy_of(policy->settings[i].name) < 0 || policy->settings[i].value < 0 ||
                policy->settings[i].value > POLICY_MAX)
            return TOC_OK;
    *out = TOC_REFUSAL_NONE;
    for (size_t i = 0; i < policy->settings_count; i++) {
        char name[ROW_NAME_MAX];
        snprintf(name, sizeof name, "policy/%.*s", TOC_SLICE_ARG(policy->settings[i].name));
        int64_t value = policy->settings[i].value;
        TOC_TRY(toc_state_row_put(fuse->state, name, toc_slice(&value, sizeof value), err));
    }
    return open_job(fuse, "policy", TOC_S(""), err);
}

static toc_rc take_overrule(struct toc_fuse *fuse, const struct toc_overrule *o, struct toc_slice operator_id,
        enum toc_refusal *out, struct toc_err *err)
{
    if (toc_canon_check(o->kind, o->value) != TOC_REFUSAL_NONE || !toc_text_is_safe(o->why) || o->why.len == 0 ||
            o->until > fuse->roll.clock.stream_time + TOC_CONTROL_UNTIL_MS)
        return TOC_OK;
    *out = TOC_REFUSAL_NONE;
    uint8_t key[16];
    toc_indicator_key(o->kind, o->value, key);
    if (toc_key_partition(key, (uint32_t)fuse->roll.genesis->partitions) != (uint32_t)fuse->conf.partition)
        return TOC_OK;
    struct subject s;
    TOC_TRY(subject_load(fuse, key, o->kind, o->value, &s, err));
    struct toc_ruling ruling = {.advice = o->advice, .why = o->why, .until = o->until, .operator = operator_id};
    s.body.ruling = &ruling;
    return subject_publish(fuse, &s, ALL_AUDIENCES, fuse->roll.clock.stream_time, err);
}

static toc_rc take_distrust(struct toc_fuse *fuse, const struct toc_distrust *d, enum toc_refusal *out, struct toc_err *err)
{
    char name[ROW_NAME_MAX];
    key_row_name(name, d->key_id);
    struct toc_slice bytes = toc_state_row(fuse->state, name);
    if (bytes.ptr == NULL || d->from <= 0)
        return TOC_OK;
    struct toc_key_row row;
    TOC_TRY(toc_key_row_decode(bytes, toc_key_row_fingerprint, &fuse->arena, &row, err));
    if (row.distrusted_from == 0 || d->from < row.distrusted_from) // for good: a later hour gives nothing back
        row.distrusted_from = d->from;
    toc_buf_clear(&fuse->encoded);
    toc_key_row_encode(&row, &fuse->encoded);
    TOC_TRY(step_row_put(fuse, name, err));
    *out = TOC_REFUSAL_NONE;
    return open_job(fuse, "distrust", toc_slice_of(name + sizeof "key/" - 1), err);
}

static int decisions(const struct toc_control *c)
{
    return (c->genesis != NULL) + (c->key != NULL) + (c->member != NULL) + (c->interest != NULL) +
            (c->reference_use != NULL) + (c->policy != NULL) + (c->overrule != NULL) + (c->distrust != NULL) +
            (c->skip != NULL);
}

static toc_rc decide(struct toc_fuse *fuse, const struct toc_control *c, enum toc_key_role role, enum toc_refusal *out,
        struct toc_err *err)
{
    // Only root makes keys.
    if (c->key != NULL)
        return role == TOC_KEY_ROLE_ROOT ? take_key(fuse, c->key, out, err) : TOC_OK;
    if (c->member != NULL)
        return take_member(fuse, c->member, out, err);
    if (c->reference_use != NULL)
        return take_reference(fuse, c->reference_use, out, err);
    if (c->policy != NULL)
        return take_policy(fuse, c->policy, out, err);
    if (c->overrule != NULL)
        return take_overrule(fuse, c->overrule, c->operator, out, err);
    if (c->distrust != NULL)
        return take_distrust(fuse, c->distrust, out, err);
    // Interests are route's; their place in the sequence is everybody's. A skip is reserved, so it is refused.
    if (c->interest != NULL)
        *out = TOC_REFUSAL_NONE;
    return TOC_OK;
}

toc_rc control_take(struct toc_fuse *fuse, const struct admitted *a, enum toc_refusal *out, struct toc_err *err)
{
    struct toc_control control;
    *out = TOC_REFUSAL_CONTROL_DECISION;
    if (toc_failed(toc_control_get(a->payload, &fuse->arena, &control, NULL)))
        return TOC_OK;
    if (control.sequence != fuse->roll.clock.control + 1) {
        *out = TOC_REFUSAL_CONTROL_SEQUENCE;
        return TOC_OK;
    }
    // The sequence advances whatever the decision is worth, or one bad record would stop all later ones.
    fuse->roll.clock.control++;
    if (decisions(&control) == 1)
        TOC_TRY(decide(fuse, &control, a->key->row.role, out, err));
    TOC_TRY(roll_clock_save(&fuse->roll, fuse->state, err));
    fuse->rolled = false;
    return TOC_OK;
}
