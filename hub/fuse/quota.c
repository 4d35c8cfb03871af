#include "hub/fuse/quota.h"

#include <stdio.h>

#include "lib/base/time.h"
#include "lib/indicator/audience.h"
#include "lib/indicator/limits.h"

#define ROW_NAME_MAX 160
#define HITTER_HOURS 24

static void count_name(char name[ROW_NAME_MAX], struct toc_slice member)
{
    snprintf(name, ROW_NAME_MAX, "count/%.*s", TOC_SLICE_ARG(member));
}

toc_rc count_load(struct toc_fuse *fuse, struct toc_slice member, struct toc_count_row *out, struct toc_err *err)
{
    char name[ROW_NAME_MAX];
    count_name(name, member);
    struct toc_slice row = toc_state_row(fuse->state, name);
    toc_count_row_init(out);
    return row.ptr == NULL ? TOC_OK
                           : toc_count_row_decode(row, toc_count_row_fingerprint, &fuse->scratch, out, err);
}

toc_rc count_save(struct toc_fuse *fuse, struct toc_slice member, const struct toc_count_row *row, struct toc_err *err)
{
    char name[ROW_NAME_MAX];
    count_name(name, member);
    toc_buf_clear(&fuse->encoded);
    toc_count_row_encode(row, &fuse->encoded);
    return step_row_put(fuse, name, err);
}

static void quota_name(char name[ROW_NAME_MAX], const struct roll_member *member, enum toc_marking marking)
{
    snprintf(name, ROW_NAME_MAX, "quota/%.*s/%s", TOC_SLICE_ARG(member->record.id), toc_marking_symbol(marking));
}

toc_rc quota_load(struct toc_fuse *fuse, const struct roll_member *member, enum toc_marking marking,
        struct quota *out, struct toc_err *err)
{
    char name[ROW_NAME_MAX];
    quota_name(name, member, marking);
    struct toc_slice row = toc_state_row(fuse->state, name);
    out->member = member;
    out->marking = marking;
    toc_quota_row_init(&out->row);
    if (row.ptr != NULL)
        TOC_TRY(toc_quota_row_decode(row, toc_quota_row_fingerprint, &fuse->scratch, &out->row, err));
    int32_t hour = (int32_t)(fuse->roll.clock.stream_time / TOC_MS_HOUR);
    if (out->row.hour != hour) {
        out->row.hour = hour;
        out->row.new = 0;
    }
    return TOC_OK;
}

toc_rc quota_save(struct toc_fuse *fuse, const struct quota *quota, struct toc_err *err)
{
    char name[ROW_NAME_MAX];
    quota_name(name, quota->member, quota->marking);
    toc_buf_clear(&fuse->encoded);
    toc_quota_row_encode(&quota->row, &fuse->encoded);
    return step_row_put(fuse, name, err);
}

// ceil(1.25 x limit / P): keys spread evenly, so a partition needs little more than its share.
static int64_t share(const struct toc_fuse *fuse, int64_t limit)
{
    int64_t p = fuse->roll.genesis->partitions;
    return (limit * 5 + 4 * p - 1) / (4 * p);
}

enum toc_refusal quota_admits(const struct toc_fuse *fuse, const struct quota *quota, const struct merge_effect *effect)
{
    if (effect->weight > 0 && quota->row.live + effect->weight > share(fuse, quota->member->record.live_limit))
        return TOC_REFUSAL_LIMIT_LIVE;
    if (effect->created && quota->row.new >= share(fuse, quota->member->record.hourly_limit))
        return TOC_REFUSAL_LIMIT_HOURLY;
    if (effect->refuting > 0 && quota->row.refuting >= share(fuse, TOC_REFUTATIONS_MAX))
        return TOC_REFUSAL_LIMIT_REFUTATIONS;
    return TOC_REFUSAL_NONE;
}

void quota_count(struct quota *quota, const struct merge_effect *effect)
{
    int64_t live = quota->row.live + effect->weight;
    quota->row.live = live > 0 ? live : 0;
    quota->row.new += effect->created;
    quota->row.refuting += effect->refuting;
}

toc_rc quota_forget(struct toc_fuse *fuse, const struct toc_contribution *c, struct toc_err *err)
{
    const struct roll_member *member = fuse->roll.sources[c->source].member;
    struct quota other, *q = fuse->quota;
    bool in_hand = q != NULL && q->member == member && q->marking == c->marking;
    if (!in_hand) {
        q = &other;
        TOC_TRY(quota_load(fuse, member, c->marking, q, err));
    }
    int64_t live = q->row.live - merge_weight(c);
    q->row.live = live > 0 ? live : 0;
    if (c->says == TOC_SAYS_REFUTING)
        q->row.refuting -= q->row.refuting > 0;
    return in_hand ? TOC_OK : quota_save(fuse, q, err);
}

toc_rc quota_hit(struct toc_fuse *fuse, const struct roll_member *member, enum toc_marking marking, struct toc_err *err)
{
    char name[ROW_NAME_MAX];
    snprintf(name, sizeof name, "hitter/%.*s/%s", TOC_SLICE_ARG(member->record.organisation), toc_marking_symbol(marking));
    struct toc_slice known = toc_state_row(fuse->state, name);
    int32_t hour = (int32_t)(fuse->roll.clock.stream_time / TOC_MS_HOUR);
    struct toc_hitter_row row;
    toc_hitter_row_init(&row);
    if (known.ptr != NULL)
        TOC_TRY(toc_hitter_row_decode(known, toc_hitter_row_fingerprint, &fuse->scratch, &row, err));
    if (row.hour == hour && row.government == member->government)
        return TOC_OK;
    if (row.hour != hour)
        row.before = row.hour;
    row.hour = hour;
    row.government = member->government;
    toc_buf_clear(&fuse->encoded);
    toc_hitter_row_encode(&row, &fuse->encoded);
    return step_row_put(fuse, name, err);
}

struct hitters {
    const struct toc_audience *audience;
    struct toc_arena *arena;
    int32_t hour; // of the judgement
    struct toc_slice last; // organisation counted last: rows of one organisation stand together
    char last_text[64];
    int64_t count;
};

static toc_rc count_hitter(void *ctx, const char *name, struct toc_slice value, struct toc_err *err)
{
    struct hitters *h = ctx;
    struct toc_hitter_row row;
    TOC_TRY(toc_hitter_row_decode(value, toc_hitter_row_fingerprint, h->arena, &row, err));
    struct toc_slice rest = toc_slice_of(name + sizeof "hitter/" - 1);
    struct toc_slice organisation = toc_slice_sub(rest, 0, toc_slice_find(rest, '/'));
    enum toc_marking marking;
    int32_t hit = row.hour < h->hour ? row.hour : row.before;
    if (hit < h->hour - HITTER_HOURS || toc_slice_eq(organisation, h->last) ||
            !toc_marking_parse(toc_slice_sub(rest, organisation.len + 1, rest.len), &marking) ||
            !toc_audience_sees(h->audience, marking, NULL, row.government))
        return TOC_OK;
    h->count++;
    snprintf(h->last_text, sizeof h->last_text, "%.*s", TOC_SLICE_ARG(organisation));
    h->last = toc_slice_of(h->last_text);
    return TOC_OK;
}

toc_rc quota_hitters(struct toc_fuse *fuse, int audience, int64_t t, int64_t *out, struct toc_err *err)
{
    struct hitters h = {
            .audience = &fuse->roll.genesis->audiences[audience],
            .arena = &fuse->scratch,
            .hour = (int32_t)(t / TOC_MS_HOUR),
    };
    TOC_TRY(toc_state_rows(fuse->state, "hitter/", count_hitter, &h, err));
    *out = h.count;
    return TOC_OK;
}
