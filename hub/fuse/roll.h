// The roll: what the rows of the state say of members, keys, sources, audiences, reference sets and
// policy, decoded for use. Built from the rows; built anew after a decision or a rollback.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "hub/fuse/fuse.h"
#include "hub/state/state.h"
#include "lib/base/arena.h"
#include "lib/base/key.h"
#include "lib/privacy/privacy.h"
#include "schemas/control.h"
#include "hub/state/rows.h"

struct roll_member {
    struct toc_member record;
    bool government;
    bool active;
    struct toc_privacy *privacy; // made when first used
    int64_t probation_end;
};

struct roll_key {
    uint8_t id[16];
    struct toc_key_row row;
    struct toc_verifier *verifier; // made when first used
    const struct roll_member *member; // for member keys; NULL otherwise
};

// A (member, feed); contributions name it by ordinal.
struct roll_source {
    const struct roll_member *member;
    struct toc_slice feed;
    struct toc_slice group; // independence group: of the feed's row, else the organisation
    int32_t reliability;    // per mille
    bool may_block;
    int32_t markings; // bit of each it was used with
};

// Numbers an operator may change by a policy record; defaults in roll.c.
enum roll_policy {
    POLICY_BLOCK_SCORE,
    POLICY_ALERT_SCORE,
    POLICY_RETENTION_DAYS,
    POLICY_PROBATION_DAYS,
    POLICY_K_ANONYMITY,
    POLICY_COUNT
};

struct roll {
    struct toc_arena arena;
    struct toc_clock_row clock;
    struct toc_genesis *genesis; // NULL before it
    struct roll_member *members; // by id, ascending
    size_t members_count;
    struct roll_key *keys; // by key id, ascending
    size_t keys_count;
    const struct roll_key **keys_by_ordinal;
    struct roll_source *sources; // by ordinal
    size_t sources_count, sources_cap;
    struct toc_reference_set *sets[TOC_REFERENCE_SETS_MAX]; // in force, by name, referenced
    size_t sets_count;
    int64_t policy[POLICY_COUNT];
    uint64_t rollbacks; // of the state when this was built
};

// Decodes all rows. RETRY when a reference set in force is not there. On failure *roll is empty.
TOC_NODISCARD toc_rc roll_build(struct roll *roll, const struct toc_state *state, const struct toc_fuse_conf *conf,
        struct toc_err *err);
void roll_done(struct roll *roll);

struct roll_member *roll_member(const struct roll *roll, struct toc_slice id); // NULL: unknown
struct roll_key *roll_key(const struct roll *roll, const uint8_t id[16]);      // NULL: unknown
// The row of a member's record that is on the feed: its own, else the one for all others; NULL: neither.
const struct toc_feed *roll_feed(const struct roll_member *member, struct toc_slice feed);

// The ordinal of a (member, feed), given out and written as a row when it is new. REFUSED when the
// member has as many feeds of this marking as it may: no marking tells of another.
TOC_NODISCARD toc_rc roll_source_ordinal(struct roll *roll, struct toc_state *state, const struct roll_member *member,
        struct toc_slice feed, enum toc_marking marking, int32_t *out, struct toc_err *err);

// Is what this contribution says to be counted: its member active, its key not distrusted since?
struct toc_contribution;
bool roll_counts(const struct roll *roll, const struct toc_contribution *c);
// Was it last changed by a key that is distrusted since?
bool roll_void(const struct roll *roll, const struct toc_contribution *c);

TOC_NODISCARD toc_rc roll_clock_save(const struct roll *roll, struct toc_state *state, struct toc_err *err);

// Name of a policy number, for control records; -1 when unknown.
int roll_policy_of(struct toc_slice name);
const char *roll_policy_name(enum roll_policy policy);
