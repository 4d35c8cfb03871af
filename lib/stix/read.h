// STIX 2.1 and 2.0 objects -> observations. The caller splits the bundle and hands over one object
// at a time; memory does not grow with the file beyond TOC_STIX_CONTEXT_BYTES_MAX.
//
// Two passes: toc_stix_learn over all objects first (names, relations, who refers to whom), then
// toc_stix_read over all again. A stream that cannot be read twice calls learn and read for each
// object in turn: it then knows what came before the object only.
//
// What becomes what (STIX 2.1 sections 4 to 6):
//   indicator (pattern_type stix)   assert, one observation a value; revoked: withdraw;
//                                   indicator type "benign": refused, it accuses nobody
//   vulnerability                   assert of kind cve
//   file, artifact hashes;          assert, when nothing else in the bundle refers to it: what an
//   ipv4-addr, ipv6-addr,           observed-data holds is seen, what a domain resolves to is a
//   domain-name, url, email-addr    relation, and one end of traffic or mail (network-traffic,
//                                   email-message) is refused stix.role: it may be the victim
//   observed-data                   sight of what it holds (2.1 object_refs, 2.0 objects)
//   sighting of an indicator        sight of that indicator's values
//   relationship                    tags (indicates malware X -> malware:x; prefixes malware, tool,
//                                   actor, campaign, technique, vulnerability) or relations
//   report, grouping                a reference {source "report", id, url} on all they list: that is
//                                   how "same report" is stated
//   other known types               context or nothing; not refused, counted
//   anything else                   refused stix.type
// What the reader takes from an object must be right, what it does not take is not looked at: an
// indicator with a wrong `lang` is read. Names and descriptions of reports stay out: free text leaves a
// member only as a description, which the privacy guard drops unless the feed allows it.
// An object counts at its highest marking, granular ones included; context (a name, a report) that
// is marked stricter than the object is left off it. A marking that is neither TLP nor a statement
// is refused read.marking: fail closed.
// Texts are made safe, tags brought to the tag alphabet, lists cut at the limits of the schema.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "schemas/observation.h"
#include "schemas/refusal.h"
#include "schemas/types.h"

#define TOC_STIX_CONTEXT_BYTES_MAX (16 * 1024 * 1024) // what one bundle's context may take
#define TOC_STIX_VALUES_MAX 1000                      // observations of one object

struct toc_stix_options {
    bool has_marking;         // false: an object that states no marking is refused marking.missing
    enum toc_marking marking; // of an object that states none
    enum toc_marking floor;   // a statement below it counts as this (0 = clear: as stated)
    enum toc_marking
            limit;      // a stricter one is refused read.marking (0 = clear: nothing else passes)
    bool assume_scheme; // URL without scheme: see toc_canon_assumed
    bool take_echo;     // tests only: read what carries Tocsin's own identity
    // What every observation starts from: the feed's confidence, severity, tags. NULL: defaults.
    const struct toc_observation *base; // borrowed while the reader lives
};

// Counts of objects and what became of them; sums are the caller's (one object, many observations).
struct toc_stix_counts {
    uint64_t objects, observations, refused;
    uint64_t context;      // objects that carry no value of their own
    uint64_t context_lost; // names, relations and references left out: limit reached
};

struct toc_stix_sink {
    void *ctx;
    // The observation is canonical; it and all it points at are valid during the call. A failure ends
    // the read.
    toc_rc (*emit)(void *ctx, const struct toc_observation *obs, enum toc_marking marking,
            struct toc_err *err);
    // `detail` is printable, names the property or type, NUL-terminated; never the value.
    toc_rc (*refuse)(void *ctx, enum toc_refusal refusal, const char *detail, struct toc_err *err);
};

struct toc_stix_reader; // heap, one thread, one bundle

struct toc_stix_reader *toc_stix_reader_new(const struct toc_stix_options *options); // NULL: memory
void toc_stix_reader_free(struct toc_stix_reader *reader);

// Keeps what the object tells of others. Never refuses or fails: read does the one, and what does not
// fit is counted (context_lost).
void toc_stix_learn(struct toc_stix_reader *reader, const json_t *object);

// Calls emit and refuse any number of times. `arena` holds the observations and may be reset
// between two calls. Fails by MEMORY (arena full) or with what a callback returned.
TOC_NODISCARD toc_rc toc_stix_read(struct toc_stix_reader *reader, const json_t *object,
        struct toc_arena *arena, const struct toc_stix_sink *sink, struct toc_err *err);

const struct toc_stix_counts *toc_stix_reader_counts(const struct toc_stix_reader *reader);
