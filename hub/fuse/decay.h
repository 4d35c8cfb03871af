// Decay: how much of a claim is left by age. d(t) = 1 - (t/lifetime)^(1/speed) ("An indicator scoring
// method for MISP platforms"), as per mille from a checked-in table, because libm's pow differs between
// machines and a published byte must not.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "schemas/types.h"

#define DECAY_STEPS 1024

struct decay_curve {
    const uint16_t *steps; // NULL: never ages
    int64_t lifetime;      // ms
};

// dynamic_dns: the name's parent gives names to everybody; such a domain lives 30 days only.
const struct decay_curve *decay_curve(enum toc_kind kind, bool dynamic_dns);

// d per mille at that age in ms; 1000 below 0, 0 at the lifetime and beyond.
int32_t decay_at(const struct decay_curve *curve, int64_t age);

// The next age above `age` at which decay_at may be another number; INT64_MAX when there is none.
int64_t decay_next_step(const struct decay_curve *curve, int64_t age);

// The smallest age at which decay_at is below `per_mille` (1..1000); INT64_MAX when it never is.
int64_t decay_age_below(const struct decay_curve *curve, int32_t per_mille);

// Vulnerabilities (and later techniques) have no score, no decay and no advice.
bool decay_scored(enum toc_kind kind);
