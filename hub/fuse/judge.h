// What the contributions an audience may see amount to at one moment: confidence, score, status, advice
// (ARCHITECTURE.md, section 5; schemas/ADVICE.md). A pure function; explain prints the same terms that
// publishing used.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "hub/fuse/decay.h"
#include "hub/fuse/roll.h"
#include "hub/reference/reference.h"
#include "hub/state/body.h"
#include "lib/base/arena.h"

// One independence group.
struct voice {
    struct toc_slice group;
    int32_t strength;   // per mille: its strongest live assertion
    int32_t actionable; // the same over assertions whose PAP lets a receiver block (clear, green)
    int32_t refuting;   // its strongest refutation; refutations do not age
    bool proven;        // an actionable assertion by a member past its probation
    bool may_block;     // an actionable assertion by a source with the right to block alone
};

// One legal organisation.
struct organisation {
    struct toc_slice name;
    bool government, named, asserts, refutes, proven, sights, hits;
    int32_t sightings, hit_count; // the most any one contribution of it counted
};

enum reason {
    REASON_RIGHT,          // block: a source with the right to block alone
    REASON_TWO_GROUPS,     // block: two or more independent organisations
    REASON_OPERATOR,       // the operator's overrule
    REASON_SCORE_LOW,      // score below what advice needs
    REASON_STATUS,         // not active or disputed
    REASON_NOT_SCORED,     // vulnerabilities get no advice
    REASON_NEVER_BLOCK,    // a never-block entry
    REASON_CAPPED,         // a capping list
    REASON_SOLE_GROUP,     // one group without the right is never enough
    REASON_PROBATION,      // a second group is there but on probation
    REASON_PAP,            // PAP forbids blocking on what the others said
    REASON_WIDE_NETWORK,   // network wider than /24 or /48
    REASON_NEEDS_REVIEW,   // note: one refutation
    REASON_FALSE_POSITIVE, // note: hit widely, asserted by one organisation
    REASON_COUNT
};
const char *reason_code(enum reason reason);

struct seen {
    const struct toc_contribution *c;
    int64_t last_seen; // start of its step
    int64_t dead_since, forgotten;
};

struct judge_terms { // what is judged, the same for every moment
    const struct roll *roll;
    const struct toc_body *body;
    const uint8_t *key;
    int audience; // index; -1: the operator, who sees everything
    const struct toc_reference_verdict *references;
    const struct decay_curve *curve;
    // Contributions the audience sees, counted ones only (roll_counts).
    struct seen *seen;
    size_t seen_count;
    int64_t hitters; // organisations that reported hits in the 24 full hours before, as far as the audience may know
    struct voice *voices; // room for judge_at: one a contribution
    struct organisation *organisations;
};

struct judgement {
    bool exists; // something is left to say of it
    enum toc_status status;
    enum toc_advice advice;
    uint32_t reasons; // bit per enum reason
    bool scored;
    int32_t score, plain_score;  // 0-100; plain: without refutations
    int32_t block_score;         // what block was decided by
    int32_t confidence_pm;
    int32_t asserting, refuting; // sums of group strengths
    int32_t groups;              // that assert
    struct voice *voices;        // ascending group id
    size_t voices_count;
    struct organisation *organisations; // as first met
    size_t organisations_count;
    enum toc_severity severity;
    enum toc_pap pap;
};

// Collects what the audience sees. Memory from the arena. MEMORY only.
TOC_NODISCARD toc_rc judge_collect(struct judge_terms *terms, struct toc_arena *arena, struct toc_err *err);

// What it all amounts to at t. out->voices and ->organisations live in terms until the next judge_at.
void judge_at(const struct judge_terms *terms, int64_t t, struct judgement *out);

// Of one statement, per mille, aged to d per mille (decay_at; a refutation does not age: 1000).
int32_t judge_strength(const struct roll_source *source, const struct toc_contribution *c, int32_t d);

// Start of the day-step a contribution was last seen in, as stream time.
int64_t judge_last_seen(const uint8_t key[16], int32_t step);
int32_t judge_step(const uint8_t key[16], int64_t t);

// When a contribution ceases to live (withdrawn, run out, aged below 0.2); INT64_MAX: not by itself.
int64_t judge_dead_since(const struct decay_curve *curve, const uint8_t key[16], const struct toc_contribution *c);
// Asserted and not run out at t (it may have aged to nothing).
bool judge_live(const struct toc_contribution *c, int64_t t);
