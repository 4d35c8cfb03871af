#include "hub/fuse/admit.h"

#include <string.h>

#include "lib/avro/frame.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/key.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/segment.h"
#include "lib/privacy/privacy.h"
#include "schemas/control.h"
#include "schemas/tick.h"

static bool role_may_send(enum toc_key_role role, uint64_t payload)
{
    switch (role) {
    case TOC_KEY_ROLE_ROOT:
    case TOC_KEY_ROLE_OPERATOR:
        return toc_control_knows(payload);
    case TOC_KEY_ROLE_HUB:
        return toc_tick_knows(payload);
    case TOC_KEY_ROLE_GATEWAY:
    case TOC_KEY_ROLE_MEMBER:
        return toc_segment_knows(payload);
    case TOC_KEY_ROLE_NONE:
        break;
    }
    return false;
}

static enum toc_refusal authenticate(struct roll_key *key, struct toc_slice value)
{
    if (key->verifier == NULL && toc_failed(toc_verifier_new(key->row.public_key, &key->verifier, NULL)))
        return TOC_REFUSAL_SEGMENT_KEY;
    return toc_signed_verify(value, key->verifier);
}

enum toc_refusal admit_open(struct toc_fuse *fuse, struct toc_slice value, struct admitted *out)
{
    *out = (struct admitted){0};
    enum toc_refusal refusal = toc_signed_open(value, &fuse->arena, &out->envelope);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    if (memcmp(out->envelope.deployment, fuse->roll.genesis->deployment, sizeof out->envelope.deployment) != 0)
        return TOC_REFUSAL_SEGMENT_DEPLOYMENT;
    struct roll_key *key = roll_key(&fuse->roll, out->envelope.key_id);
    if (key == NULL || key->row.revoked)
        return TOC_REFUSAL_SEGMENT_KEY;
    if (key->row.distrusted_from != 0 && fuse->roll.clock.stream_time >= key->row.distrusted_from)
        return TOC_REFUSAL_SEGMENT_KEY;
    refusal = authenticate(key, value);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    out->key = key;
    out->authenticated = true;
    refusal = toc_signed_payload(&out->envelope, fuse->zstd, &fuse->payload, &out->payload);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    struct toc_slice body;
    if (toc_failed(toc_frame_open(out->payload, &out->payload_fingerprint, &body, NULL)))
        return TOC_REFUSAL_SEGMENT_FRAME;
    return role_may_send(key->row.role, out->payload_fingerprint) ? TOC_REFUSAL_NONE : TOC_REFUSAL_SEGMENT_ROLE;
}

static enum toc_refusal check_sender(const struct toc_fuse *fuse, const struct admitted *a,
        const struct toc_segment *segment, const struct roll_member **out_member)
{
    const struct roll_member *member = roll_member(&fuse->roll, segment->member);
    const struct roll_member *sender = a->key->member;
    if (sender == NULL || member == NULL)
        return TOC_REFUSAL_SEGMENT_MEMBER;
    struct toc_slice by = segment->submitted_by.len == 0 ? segment->member : segment->submitted_by;
    if (!toc_slice_eq(by, sender->record.id))
        return TOC_REFUSAL_SEGMENT_MEMBER;
    // Only a gateway key may speak for another member.
    if (member != sender && a->key->row.role != TOC_KEY_ROLE_GATEWAY)
        return TOC_REFUSAL_SEGMENT_MEMBER;
    if (!member->active || !sender->active)
        return TOC_REFUSAL_SEGMENT_SUSPENDED;
    *out_member = member;
    return TOC_REFUSAL_NONE;
}

static bool segment_texts_safe(const struct toc_segment *segment)
{
    const struct toc_release *release = segment->release;
    for (size_t i = 0; release != NULL && i < release->communities_count; i++)
        if (!toc_id_valid(release->communities[i]))
            return false;
    return toc_text_is_safe(segment->agreement);
}

enum toc_refusal admit_segment(struct toc_fuse *fuse, const struct admitted *a, const struct toc_segment *segment,
        const struct roll_member **out_member)
{
    enum toc_refusal refusal = check_sender(fuse, a, segment, out_member);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    if (segment->partition != fuse->conf.partition || segment->partitions != fuse->roll.genesis->partitions)
        return TOC_REFUSAL_SEGMENT_PARTITION;
    if (segment->observations_count != (size_t)a->envelope.observations || segment->seq < 1 || segment->index < 0 ||
            segment->count < 1 || segment->index >= segment->count)
        return TOC_REFUSAL_SEGMENT_COUNT;
    if (segment->feed.len != 0 && !toc_id_valid(segment->feed))
        return TOC_REFUSAL_SEGMENT_FEED;
    if (!segment_texts_safe(segment))
        return TOC_REFUSAL_SEGMENT_TEXT;
    int64_t now = fuse->roll.clock.stream_time; // the sender's number may be any: no arithmetic with it
    if (segment->created < now - TOC_SEGMENT_BEHIND_MS || segment->created > now + TOC_SEGMENT_AHEAD_MS)
        return TOC_REFUSAL_SEGMENT_STALE;
    return TOC_REFUSAL_NONE;
}

static bool texts_safe(const struct toc_observation *o)
{
    for (size_t i = 0; i < o->tags_count; i++)
        if (!toc_tag_valid(o->tags[i]))
            return false;
    for (size_t i = 0; i < o->references_count; i++)
        if (!toc_text_is_safe(o->references[i].source) || !toc_text_is_safe(o->references[i].id) ||
                !toc_text_is_safe(o->references[i].url))
            return false;
    return toc_text_is_safe(o->description) && toc_text_is_safe(o->origin);
}

static enum toc_refusal check_ranges(const struct toc_observation *o)
{
    if (o->confidence < 0 || o->confidence > 100 || o->count < 0 || o->first_seen < 0 || o->last_seen < 0 ||
            o->valid_until < 0 || o->first_seen > TOC_TIME_MAX || o->last_seen > TOC_TIME_MAX ||
            o->valid_until > TOC_TIME_MAX || !texts_safe(o))
        return TOC_REFUSAL_OBSERVATION_RANGE;
    for (size_t i = 0; i < o->relations_count; i++)
        if (o->relations[i].type == TOC_RELATION_TYPE_UNKNOWN ||
                toc_canon_check(o->relations[i].kind, o->relations[i].value) != TOC_REFUSAL_NONE)
            return TOC_REFUSAL_OBSERVATION_CANONICAL;
    switch (o->action) {
    case TOC_ACTION_REFUTE: // facts about software are not for voting
        return o->kind == TOC_KIND_CVE ? TOC_REFUSAL_OBSERVATION_ACTION : TOC_REFUSAL_NONE;
    case TOC_ACTION_ASSERT:
    case TOC_ACTION_SIGHT:
    case TOC_ACTION_HIT:
    case TOC_ACTION_WITHDRAW:
        return TOC_REFUSAL_NONE;
    case TOC_ACTION_PURGE:
    case TOC_ACTION_UNKNOWN:
        break;
    }
    return TOC_REFUSAL_OBSERVATION_ACTION;
}

static const struct toc_privacy *privacy_of(const struct toc_fuse *fuse, const struct roll_member *member)
{
    struct roll_member *m = roll_member(&fuse->roll, member->record.id);
    if (m->privacy == NULL) {
        struct toc_privacy_rules rules = {
                .own_names = m->record.own_names,
                .own_name_count = m->record.own_names_count,
                .flags = TOC_PRIVACY_HUB,
        };
        if (toc_failed(toc_privacy_new(&rules, &m->privacy, NULL)))
            return NULL;
    }
    return m->privacy;
}

static unsigned feed_allows(const struct roll_member *member, struct toc_slice feed)
{
    const struct toc_feed *row = roll_feed(member, feed);
    return row == NULL ? 0
                       : (row->attacker_mail ? TOC_PRIVACY_MAIL : 0) |
                    (row->descriptions ? TOC_PRIVACY_DESCRIPTION : 0);
}

enum toc_refusal admit_observation(struct toc_fuse *fuse, const struct roll_member *member,
        const struct toc_segment *segment, struct toc_observation *o, uint8_t out_key[16])
{
    if (toc_canon_check(o->kind, o->value) != TOC_REFUSAL_NONE)
        return TOC_REFUSAL_OBSERVATION_CANONICAL;
    enum toc_refusal refusal = check_ranges(o);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    toc_indicator_key(o->kind, o->value, out_key);
    if (toc_key_partition(out_key, (uint32_t)fuse->roll.genesis->partitions) != (uint32_t)fuse->conf.partition)
        return TOC_REFUSAL_OBSERVATION_KEY;
    const struct toc_privacy *privacy = privacy_of(fuse, member);
    unsigned notes = 0;
    if (privacy == NULL)
        return TOC_REFUSAL_PRIVACY_OWN; // rules that cannot be read let nothing pass
    return toc_privacy_check(privacy, feed_allows(member, segment->feed), o, &fuse->arena, &notes);
}
