// Merging: what one observation does to its sender's own contribution, and to nobody else's
// (ARCHITECTURE.md, section 5). Statements of one contribution are ordered by log offset.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "hub/fuse/roll.h"
#include "hub/state/body.h"
#include "lib/base/arena.h"
#include "schemas/refusal.h"
#include "schemas/segment.h"

// Of one indicator and marking: no marking tells of another, and what no audience sees (AMBER+STRICT, RED)
// counts as one. With its views an entry of four full markings stays below a Kafka message.
#define MERGE_CONTRIBUTIONS_MAX 1024
#define MERGE_OF_ORGANISATION_MAX 24 // so that no organisation crowds others out
#define MERGE_BYTES_MAX ((size_t)160 * 1024)
// Real contributions have a few hundred. What one segment or tick touches, 1,000 or 5,000 entries, is written
// in one transaction: to the state log as it is, to each audience as it sees it.
#define MERGE_BYTES_OF_ORGANISATION_MAX ((size_t)4 * 1024)

// The same for all observations of a segment.
struct merge_terms {
    const struct roll *roll;
    const struct toc_segment *segment;
    int32_t source;
    int32_t key; // ordinal of the signing key
    enum toc_pap pap;
    enum toc_attribution attribution;
    struct toc_release release;
    int64_t stream_time;
    int64_t latest; // what is claimed later than this counts as this
    uint64_t seed;  // digest of the deployment's secret and of all of the above that belongs to a statement
};

// Without the secret nobody can make a statement whose digest is that of another's: it would be taken for said.
void merge_terms_seed(struct merge_terms *terms, const uint8_t deployment_key[32]);

// Digest of an assertion as this source says it: equal means "the same again". Never 0.
uint64_t merge_said(const struct merge_terms *terms, const uint8_t key[16], const struct toc_observation *o);

// What a contribution takes of its member's live limit: 1, and 1 more for each KiB.
int64_t merge_weight(const struct toc_contribution *c);

struct merge_effect {
    bool changed;
    bool created;                  // a contribution that was not there
    int refuting;                  // +1, 0, -1: open refutations of the sender
    int64_t weight;                // how much heavier the contribution became
    struct toc_contribution before; // valid when !created: who saw it must be told
    struct toc_contribution *after; // in body->contributions
};

// Changes body (decoded; new arrays from the arena). On a refusal nothing changed.
enum toc_refusal merge_observation(const struct merge_terms *terms, const uint8_t key[16],
        const struct toc_observation *o, struct toc_body *body, struct toc_arena *arena, struct merge_effect *out);
