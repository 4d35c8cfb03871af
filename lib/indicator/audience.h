// Who may see what. The one place where visibility is decided.
#pragma once

#include <stdbool.h>

#include "schemas/control.h"
#include "schemas/types.h"

// The order of markings is the order of the enum: clear < green < amber < amber_strict < red.

// May a statement with this marking and release, by a government source or not, be seen by the
// audience? AMBER+STRICT and RED never: they are not republished. sector: marking within its highest.
// federal: CLEAR, what its owner released to government (yes; via-ais goes by way of AIS, not here), and
// what government says itself, within its highest. community: released to it by name, within its highest.
bool toc_audience_sees(const struct toc_audience *audience, enum toc_marking marking,
        const struct toc_release *release, bool government);

// May a member read the audience's topics?
bool toc_audience_admits(const struct toc_audience *audience, const struct toc_member *member);

// The audience a member subscribes to: the one with the highest marking among those that admit it.
// Index into audiences, or -1.
int toc_audience_of(const struct toc_audience *audiences, size_t count, const struct toc_member *member);

// clear, green, amber (sector) and federal (amber).
extern const struct toc_audience toc_audience_defaults[4];
