// A whole deployment in memory and random logs over it: genesis, operator, reference sets, members of
// different organisations, clearances and rights, ticks, segments with every action, marking, release,
// attribution and claim of time, resends, gaps, forgeries, decisions in between. The same seed gives the
// same bytes. A log is a list of events, so that a property can leave some out, insert others, or change
// their order, and seal it again.
#pragma once

#include "tests/support/unit.h"

#include "hub/reference/reference.h"
#include "lib/base/arena.h"
#include "lib/base/key.h"
#include "lib/base/time.h"
#include "schemas/control.h"
#include "schemas/segment.h"
#include "schemas/tick.h"

#define GEN_PARTITIONS 2
#define GEN_AUDIENCES 5
#define GEN_SETS 5
#define GEN_WRITERS 3 // of a member in random logs; others use numbers from here on
#define GEN_START INT64_C(1767225600000) // 2026-01-01

// The cast; organisations in brackets.
enum gen_member_id {
    GEN_CISA,      // government, may block alone
    GEN_HHS,       // government, may not
    GEN_HOSPITAL,  // [hospital] released to government by default, own names
    GEN_HOSPITAL2, // [hospital] a second id
    GEN_CLINIC, // its feed `agg` is of the group that payer's `agg` is of; `alt` is of a group of its own
    GEN_PAYER,    // reliability 1000
    GEN_LAB,      // on probation
    GEN_PHARMACY, // named
    GEN_VENDOR,   // by role; attackers' mail, descriptions
    GEN_LATE,     // says nothing in random logs
    GEN_MEMBERS
};

struct gen_member {
    struct toc_member record;
    struct toc_key *key;
    bool may_block;
    int64_t seq[64];                              // by writer
    struct toc_position last[64][GEN_PARTITIONS]; // what it sent last
};

struct gen_world {
    struct toc_arena arena;
    struct gen_member members[GEN_MEMBERS];
    struct toc_key *root, *hub, *operator;
    struct toc_genesis genesis;
    struct toc_audience audiences[GEN_AUDIENCES];
    uint8_t genesis_digest[32], deployment_key[32];
    struct toc_reference_set *sets[GEN_SETS];
};

enum gen_what {
    GEN_SEGMENT,
    GEN_TICK,
    GEN_CONTROL
};

struct gen_event {
    enum gen_what what;
    int64_t time;      // append time; of a tick its own time too
    int32_t partition; // of a segment; the others go to all
    enum gen_member_id member;
    struct toc_segment segment;
    struct toc_control control;
    const struct toc_key *key; // who signs it
    struct toc_slice sealed[GEN_PARTITIONS];
    bool spoiled; // a signature that does not fit
};

struct gen_log {
    struct gen_world *world;
    uint64_t state; // of the random numbers
    struct gen_event *events;
    size_t count, cap;
    int64_t now; // stream time at the end
    int64_t decisions;
};

struct gen_way {
    size_t events; // after the beginning
    bool calm;     // no decisions in between
    bool slow;     // no jumps of time above minutes
};

void gen_world_open(struct gen_world *world);
void gen_world_close(struct gen_world *world);
// For toc_replay_conf: finds a set of the world by its digest.
struct toc_reference_set *gen_find_set(void *world, const struct toc_reference_use *use);

// A log that begins with genesis, keys, members, sets and a tick, and goes on at random.
void gen_log_open(
        struct gen_log *log, struct gen_world *world, uint64_t seed, const struct gen_way *way);
void gen_log_close(struct gen_log *log);
// Events of `from` for which `keep` says true (NULL: all), in order. Shares the bytes of `from`, so close it first.
void gen_log_copy(struct gen_log *log, const struct gen_log *from,
        bool (*keep)(void *ctx, const struct gen_event *e), void *ctx);

uint64_t gen_random(struct gen_log *log, uint64_t below);
void gen_insert(struct gen_log *log, size_t at, const struct gen_event *event);
void gen_tick(struct gen_log *log, int64_t ms); // time moves on by ms
void gen_decide(struct gen_log *log, const struct toc_control *control);
void gen_use_late(struct gen_log *log, bool removed); // the set `late` comes into force, or goes
// A segment of a random member about random indicators; `writer` is a number of its own counting.
struct gen_event gen_segment(struct gen_log *log, enum gen_member_id member, unsigned writer);
// One observation, by hand; of the default marking, release, feed.
struct gen_event gen_say(struct gen_log *log, enum gen_member_id member, unsigned writer,
        enum toc_marking marking, const struct toc_observation *observation);
struct toc_observation gen_observation(
        enum toc_kind kind, const char *value, enum toc_action action, int confidence);

// The pool that random observations are about.
size_t gen_values(void);
enum toc_kind gen_value(size_t at, struct toc_slice *out);
int32_t gen_partition(enum toc_kind kind, struct toc_slice value);

// The Kafka value of an event for a partition.
struct toc_slice gen_seal(struct gen_world *world, struct gen_event *event, int32_t partition);

// Seeds a test goes through: 1 to `usual`; with TOC_SEED=n that one alone, with TOC_SEEDS=n so many.
struct gen_seeds {
    uint64_t next, last;
};
struct gen_seeds gen_seeds(uint64_t usual);
#define GEN_EACH_SEED(seed, usual)                                                                 \
    for (struct gen_seeds gen_seeds_ = gen_seeds(usual); gen_seeds_.next <= gen_seeds_.last;       \
            gen_seeds_.next++)                                                                     \
        for (uint64_t seed = gen_seeds_.next, gen_once_ = 1; gen_once_ != 0; gen_once_ = 0)

// Group fixtures: one world for all tests of a program.
extern struct gen_world gen_world;
int gen_open(void **state);
int gen_close(void **state);
