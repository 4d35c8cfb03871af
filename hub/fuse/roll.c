#include "hub/fuse/roll.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/state/body.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#define ROLL_BYTES_MAX ((size_t)1 << 30)

static const struct {
    const char *name;
    int64_t value;
} policies[POLICY_COUNT] = {
        [POLICY_BLOCK_SCORE] = {"block-score", 50},
        [POLICY_ALERT_SCORE] = {"alert-score", 20},
        [POLICY_RETENTION_DAYS] = {"retention-days", 90},
        [POLICY_PROBATION_DAYS] = {"probation-days", 30},
        [POLICY_K_ANONYMITY] = {"k-anonymity", 3},
};

int roll_policy_of(struct toc_slice name)
{
    for (int i = 0; i < POLICY_COUNT; i++)
        if (toc_slice_is(name, policies[i].name))
            return i;
    return -1;
}

const char *roll_policy_name(enum roll_policy policy)
{
    return policies[policy].name;
}

struct build {
    struct roll *roll;
    const struct toc_fuse_conf *conf;
    size_t members_cap, keys_cap;
};

static toc_rc no_memory(struct toc_err *err)
{
    return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for the roll");
}

static toc_rc grow(void **items, size_t *cap, size_t need, size_t size, struct toc_err *err)
{
    return toc_mem_grow(items, cap, need, size) == 0 ? TOC_OK : no_memory(err);
}

static toc_rc read_clock(struct build *b, const struct toc_state *state, struct toc_err *err)
{
    struct toc_slice row = toc_state_row(state, "clock");
    if (row.ptr == NULL)
        return TOC_OK;
    return toc_clock_row_decode(row, toc_clock_row_fingerprint, &b->roll->arena, &b->roll->clock, err);
}

// Rows are replaced while the roll lives: what the roll points into is a copy.
static toc_rc copy_row(struct build *b, struct toc_slice value, struct toc_slice *out, struct toc_err *err)
{
    *out = toc_arena_copy(&b->roll->arena, value);
    return out->ptr == NULL ? no_memory(err) : TOC_OK;
}

static toc_rc read_genesis(struct build *b, const struct toc_state *state, struct toc_err *err)
{
    struct toc_slice row = toc_state_row(state, "genesis");
    if (row.ptr == NULL)
        return TOC_OK;
    TOC_TRY(copy_row(b, row, &row, err));
    struct toc_genesis *genesis = toc_arena_alloc(&b->roll->arena, 1, sizeof *genesis);
    if (genesis == NULL)
        return no_memory(err);
    TOC_TRY(toc_genesis_decode(row, toc_genesis_fingerprint, &b->roll->arena, genesis, err));
    b->roll->genesis = genesis;
    return TOC_OK;
}

static toc_rc read_policy(void *ctx, const char *name, struct toc_slice value, struct toc_err *err)
{
    (void)err;
    struct build *b = ctx;
    int which = roll_policy_of(toc_slice_of(name + strlen("policy/")));
    if (which >= 0 && value.len == sizeof(int64_t))
        memcpy(&b->roll->policy[which], value.ptr, sizeof(int64_t));
    return TOC_OK;
}

static toc_rc read_member(void *ctx, const char *name, struct toc_slice value, struct toc_err *err)
{
    (void)name;
    struct build *b = ctx;
    struct roll *roll = b->roll;
    TOC_TRY(grow((void **)&roll->members, &b->members_cap, roll->members_count + 1, sizeof *roll->members, err));
    struct roll_member *member = &roll->members[roll->members_count];
    memset(member, 0, sizeof *member);
    TOC_TRY(copy_row(b, value, &value, err));
    TOC_TRY(toc_member_decode(value, toc_member_fingerprint, &roll->arena, &member->record, err));
    member->government = member->record.role == TOC_MEMBER_ROLE_GOVERNMENT;
    member->active = member->record.status == TOC_MEMBER_STATUS_ACTIVE;
    member->probation_end = member->record.admitted + roll->policy[POLICY_PROBATION_DAYS] * TOC_MS_DAY;
    roll->members_count++;
    return TOC_OK;
}

static toc_rc read_key(void *ctx, const char *name, struct toc_slice value, struct toc_err *err)
{
    struct build *b = ctx;
    struct roll *roll = b->roll;
    TOC_TRY(grow((void **)&roll->keys, &b->keys_cap, roll->keys_count + 1, sizeof *roll->keys, err));
    struct roll_key *key = &roll->keys[roll->keys_count];
    memset(key, 0, sizeof *key);
    TOC_ENSURE(toc_parse_hex(toc_slice_of(name + strlen("key/")), key->id, sizeof key->id), err, TOC_E_STATE,
            "row %s names no key id", name);
    TOC_TRY(copy_row(b, value, &value, err));
    TOC_TRY(toc_key_row_decode(value, toc_key_row_fingerprint, &roll->arena, &key->row, err));
    if (key->row.role == TOC_KEY_ROLE_MEMBER || key->row.role == TOC_KEY_ROLE_GATEWAY)
        key->member = roll_member(roll, key->row.holder);
    roll->keys_count++;
    return TOC_OK;
}

const struct toc_feed *roll_feed(const struct roll_member *member, struct toc_slice feed)
{
    const struct toc_feed *row = NULL;
    for (size_t i = 0; i < member->record.feeds_count; i++) {
        const struct toc_feed *f = &member->record.feeds[i];
        if (toc_slice_eq(f->id, feed) || (f->id.len == 0 && row == NULL))
            row = f;
    }
    return row;
}

static void source_fill(struct roll_source *source, const struct roll_member *member, struct toc_slice feed)
{
    *source = (struct roll_source){
            .member = member,
            .feed = feed,
            .group = member->record.organisation,
            .reliability = member->government ? 800 : 700,
    };
    const struct toc_feed *row = roll_feed(member, feed);
    if (row != NULL) {
        source->reliability = row->reliability;
        source->may_block = row->may_block;
        if (row->group.len != 0)
            source->group = row->group;
    }
}

static toc_rc source_add(struct roll *roll, const struct roll_member *member, struct toc_slice feed, size_t ordinal,
        struct toc_err *err)
{
    TOC_TRY(grow((void **)&roll->sources, &roll->sources_cap, ordinal + 1, sizeof *roll->sources, err));
    while (roll->sources_count <= ordinal)
        roll->sources[roll->sources_count++] = (struct roll_source){0};
    source_fill(&roll->sources[ordinal], member, feed);
    return TOC_OK;
}

static toc_rc read_source(void *ctx, const char *name, struct toc_slice value, struct toc_err *err)
{
    struct build *b = ctx;
    uint64_t ordinal;
    TOC_ENSURE(toc_parse_u64(toc_slice_of(name + strlen("source/")), (uint64_t)b->roll->clock.sources, &ordinal), err,
            TOC_E_STATE, "row %s is beyond the sources given out", name);
    struct toc_source_name source;
    TOC_TRY(copy_row(b, value, &value, err));
    TOC_TRY(toc_source_name_decode(value, toc_source_name_fingerprint, &b->roll->arena, &source, err));
    const struct roll_member *member = roll_member(b->roll, source.member);
    TOC_ENSURE(member != NULL, err, TOC_E_STATE, "row %s names a member that is not there", name);
    TOC_TRY(source_add(b->roll, member, source.feed, (size_t)ordinal, err));
    b->roll->sources[ordinal].markings = source.markings;
    return TOC_OK;
}

static toc_rc read_reference(void *ctx, const char *name, struct toc_slice value, struct toc_err *err)
{
    struct build *b = ctx;
    struct toc_reference_use use;
    TOC_TRY(copy_row(b, value, &value, err));
    TOC_TRY(toc_reference_use_decode(value, toc_reference_use_fingerprint, &b->roll->arena, &use, err));
    TOC_ENSURE(b->roll->sets_count < TOC_REFERENCE_SETS_MAX, err, TOC_E_STATE, "too many reference sets");
    struct toc_reference_set *set = b->conf->reference == NULL ? NULL : b->conf->reference(b->conf->ctx, &use);
    if (set == NULL)
        return toc_fail_fate(err, TOC_FATE_RETRY, TOC_E_NOTFOUND, "reference set %s is not here yet", name);
    b->roll->sets[b->roll->sets_count++] = set;
    return TOC_OK;
}

// Whatever active members enrolled as their own is never blocked: a set made here, in its place by name.
static toc_rc add_own_names(struct roll *roll, struct toc_err *err)
{
    size_t count = 0;
    for (size_t i = 0; i < roll->members_count; i++)
        count += roll->members[i].active ? roll->members[i].record.own_names_count : 0;
    if (count == 0)
        return TOC_OK;
    TOC_ENSURE(roll->sets_count < TOC_REFERENCE_SETS_MAX, err, TOC_E_STATE, "too many reference sets");
    struct toc_slice *names = toc_arena_alloc(&roll->arena, count, sizeof *names);
    if (names == NULL)
        return no_memory(err);
    size_t n = 0;
    for (size_t i = 0; i < roll->members_count; i++)
        for (size_t k = 0; roll->members[i].active && k < roll->members[i].record.own_names_count; k++)
            names[n++] = roll->members[i].record.own_names[k];
    struct toc_reference_set *own;
    if (toc_failed(toc_reference_own_names(names, n, &own, err)))
        return no_memory(err);
    size_t at = roll->sets_count++;
    for (; at > 0 && toc_slice_cmp(toc_reference_facts(roll->sets[at - 1])->name, toc_reference_facts(own)->name) > 0; at--)
        roll->sets[at] = roll->sets[at - 1];
    roll->sets[at] = own;
    return TOC_OK;
}

static toc_rc index_keys(struct roll *roll, struct toc_err *err)
{
    roll->keys_by_ordinal = toc_arena_alloc(&roll->arena, (size_t)roll->clock.keys + 1, sizeof *roll->keys_by_ordinal);
    if (roll->keys_by_ordinal == NULL)
        return no_memory(err);
    for (size_t i = 0; i < roll->keys_count; i++) {
        int32_t ordinal = roll->keys[i].row.ordinal;
        TOC_ENSURE(ordinal >= 0 && ordinal < roll->clock.keys, err, TOC_E_STATE, "key ordinal %d", ordinal);
        roll->keys_by_ordinal[ordinal] = &roll->keys[i];
    }
    return TOC_OK;
}

static toc_rc build_all(struct build *b, const struct toc_state *state, struct toc_err *err)
{
    TOC_TRY(read_clock(b, state, err));
    TOC_TRY(read_genesis(b, state, err));
    TOC_TRY(toc_state_rows(state, "policy/", read_policy, b, err));
    TOC_TRY(toc_state_rows(state, "member/", read_member, b, err));
    TOC_TRY(toc_state_rows(state, "key/", read_key, b, err));
    TOC_TRY(toc_state_rows(state, "source/", read_source, b, err));
    TOC_TRY(toc_state_rows(state, "reference/", read_reference, b, err));
    TOC_TRY(add_own_names(b->roll, err));
    return index_keys(b->roll, err);
}

toc_rc roll_build(struct roll *roll, const struct toc_state *state, const struct toc_fuse_conf *conf, struct toc_err *err)
{
    memset(roll, 0, sizeof *roll);
    toc_arena_init(&roll->arena, ROLL_BYTES_MAX);
    for (int i = 0; i < POLICY_COUNT; i++)
        roll->policy[i] = policies[i].value;
    roll->rollbacks = toc_state_rollbacks(state);
    struct build b = {.roll = roll, .conf = conf};
    toc_rc rc = build_all(&b, state, err);
    if (toc_failed(rc))
        roll_done(roll);
    return rc;
}

void roll_done(struct roll *roll)
{
    for (size_t i = 0; i < roll->keys_count; i++)
        toc_verifier_free(roll->keys[i].verifier);
    for (size_t i = 0; i < roll->members_count; i++)
        toc_privacy_free(roll->members[i].privacy);
    for (size_t i = 0; i < roll->sets_count; i++)
        toc_reference_unref(roll->sets[i]);
    toc_mem_free(roll->members);
    toc_mem_free(roll->keys);
    toc_mem_free(roll->sources);
    toc_arena_done(&roll->arena);
    memset(roll, 0, sizeof *roll);
}

struct roll_member *roll_member(const struct roll *roll, struct toc_slice id)
{
    size_t low = 0, high = roll->members_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = toc_slice_cmp(roll->members[mid].record.id, id);
        if (c == 0)
            return &roll->members[mid];
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static int compare_key(const void *id, const void *key)
{
    return memcmp(id, ((const struct roll_key *)key)->id, 16);
}

struct roll_key *roll_key(const struct roll *roll, const uint8_t id[16])
{
    return roll->keys_count == 0
            ? NULL
            : bsearch(id, roll->keys, roll->keys_count, sizeof *roll->keys, compare_key);
}

toc_rc roll_clock_save(const struct roll *roll, struct toc_state *state, struct toc_err *err)
{
    struct toc_buf buf;
    toc_buf_init(&buf, 256);
    toc_clock_row_encode(&roll->clock, &buf);
    toc_rc rc = toc_buf_check(&buf, "clock row", err);
    if (!toc_failed(rc))
        rc = toc_state_row_put(state, "clock", toc_buf_slice(&buf), err);
    toc_buf_done(&buf);
    return rc;
}

static toc_rc source_row_put(struct toc_state *state, const struct roll_source *source, size_t ordinal, struct toc_err *err)
{
    struct toc_source_name row = {.member = source->member->record.id, .feed = source->feed, .markings = source->markings};
    struct toc_buf buf;
    toc_buf_init(&buf, 256);
    toc_source_name_encode(&row, &buf);
    char name[32];
    snprintf(name, sizeof name, "source/%zu", ordinal);
    toc_rc rc = toc_buf_check(&buf, "source row", err);
    if (!toc_failed(rc))
        rc = toc_state_row_put(state, name, toc_buf_slice(&buf), err);
    toc_buf_done(&buf);
    return rc;
}

static toc_rc source_new(struct roll *roll, struct toc_state *state, const struct roll_member *member, struct toc_slice feed,
        struct toc_err *err)
{
    struct toc_slice kept = toc_arena_copy(&roll->arena, feed);
    if (kept.ptr == NULL)
        return no_memory(err);
    TOC_TRY(source_add(roll, member, kept, (size_t)roll->clock.sources, err));
    roll->clock.sources++;
    return roll_clock_save(roll, state, err);
}

toc_rc roll_source_ordinal(struct roll *roll, struct toc_state *state, const struct roll_member *member,
        struct toc_slice feed, enum toc_marking marking, int32_t *out, struct toc_err *err)
{
    const int32_t bit = 1 << marking;
    int32_t feeds = 0;
    size_t at = (size_t)roll->clock.sources;
    for (size_t i = 0; i < roll->sources_count; i++) {
        if (roll->sources[i].member != member)
            continue;
        feeds += (roll->sources[i].markings & bit) != 0;
        if (toc_slice_eq(roll->sources[i].feed, feed))
            at = i;
    }
    *out = (int32_t)at;
    if (at < roll->sources_count && (roll->sources[at].markings & bit) != 0)
        return TOC_OK;
    TOC_ENSURE(feeds < member->record.feed_limit, err, TOC_E_REFUSED, "more than %d feeds", member->record.feed_limit);
    if (at == (size_t)roll->clock.sources)
        TOC_TRY(source_new(roll, state, member, feed, err));
    roll->sources[at].markings |= bit;
    return source_row_put(state, &roll->sources[at], at, err);
}

bool roll_void(const struct roll *roll, const struct toc_contribution *c)
{
    const struct roll_key *key = roll->keys_by_ordinal[c->key];
    return key != NULL && key->row.distrusted_from != 0 && c->changed >= key->row.distrusted_from;
}

bool roll_counts(const struct roll *roll, const struct toc_contribution *c)
{
    const struct roll_source *source = &roll->sources[c->source];
    return source->member != NULL && source->member->active && !roll_void(roll, c);
}
