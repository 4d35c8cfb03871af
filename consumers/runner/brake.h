// The brake of one output: whatever goes wrong at the hub or at a member, a defence changes only as
// fast as people can look. In an hour at most max(1,000, 20 % of the output as it was when the hour
// began) entries are added; the rest waits. If more than half of an output would leave within the
// hour, what still has to leave stays until a person accepts it. Pure: counts and a clock's time.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TOC_BRAKE_HOUR_MS INT64_C(3600000)
#define TOC_BRAKE_ADD_LEAST 1000
#define TOC_BRAKE_ADD_PERCENT 20
// Below this many removals nothing is held: of a list of three, two are more than half, and a
// withdrawal must not wait for a person.
#define TOC_BRAKE_REMOVE_LEAST 10

struct toc_brake { // all zero: no hour has begun
    int64_t opened_ms;
    uint64_t base;           // entries of the output when the hour began
    uint64_t added, removed; // in it
};

// Begins a new hour when the old one is over, or lies ahead of a clock that went back. Call before
// asking; `shown` = entries in the output now.
void toc_brake_roll(struct toc_brake *brake, uint64_t shown, int64_t now_ms);
// How many may still be added in this hour.
uint64_t toc_brake_room(const struct toc_brake *brake);
// Whether so many more may leave an output of `shown`.
bool toc_brake_lets_leave(const struct toc_brake *brake, uint64_t shown, uint64_t leaving);
// What was done.
void toc_brake_count(struct toc_brake *brake, uint64_t added, uint64_t removed);
// A new hour begins with an output of `shown` that nothing is counted against: the first picture, or
// a change that a person accepted.
void toc_brake_reset(struct toc_brake *brake, uint64_t shown, int64_t now_ms);
