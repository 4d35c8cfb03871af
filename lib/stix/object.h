// Single properties of a STIX object: ids, times, texts, tags. Inside lib/stix only.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/slice.h"
#include "schemas/types.h"

// type "--" UUID in lower case (STIX 2.1 section 2.9), at most as long as an observation's origin.
bool toc_stix_id_valid(struct toc_slice id);
bool toc_stix_id_is(struct toc_slice id, const char *type);

// A property that must be a timestamp of STIX 2.1 section 3.9 (RFC 3339, T and Z in capitals).
bool toc_stix_time(const json_t *object, const char *name, int64_t *out);
// The same for one that may be absent: *out is then 0.
bool toc_stix_time_if(const json_t *object, const char *name, int64_t *out);

// Made safe and cut at a character to `max` bytes; .ptr is NULL when the arena is full.
struct toc_slice toc_stix_text(struct toc_arena *arena, struct toc_slice raw, size_t max);

// prefix:name in the tag alphabet: lower case, whatever else becomes one '-', cut to 63 bytes. Empty
// when nothing is left of the name. .ptr is NULL when the arena is full.
struct toc_slice toc_stix_tag(struct toc_arena *arena, const char *prefix, struct toc_slice name);

// "tlp:amber", "TLP:AMBER+STRICT": a label that is a marking. -1 when it is none; one that begins
// like a marking but is not known counts as red.
int toc_stix_label_marking(struct toc_slice label);

// A marking-definition's id: 0..4 for the TLP ids of the standards (v1, 2.0, OpenCTI's AMBER+STRICT),
// -1 for a known statement, -2 unknown.
int toc_stix_marking_known(struct toc_slice id);
// What a marking-definition object says: 0..4, -1 a statement, -2 something else.
int toc_stix_marking_says(const json_t *definition);

// TLP 2.0 as OASIS has it, by marking.
struct toc_stix_tlp {
    const char *id, *name, *word;
};
extern const struct toc_stix_tlp toc_stix_tlp[TOC_MARKING_COUNT];

// The properties by which traffic and mail refer to their ends; ended by NULL.
extern const char *const toc_stix_ends[];

// SHA-256, sha256, SHA256: the kind; UNKNOWN when it is no kind of ours.
enum toc_kind toc_stix_hash_kind(struct toc_slice name);

// The values a cyber observable holds, raw: one, or one a hash.
#define TOC_STIX_HASHES_MAX 4 // md5, sha1, sha256, sha512
struct toc_stix_raw {
    enum toc_kind kind;
    struct toc_slice value; // borrowed from the object
};
// Their number; 0 when the type has none or the property is missing; *wrong is set when a property is
// of the wrong type.
size_t toc_stix_observable(
        const json_t *object, struct toc_stix_raw out[TOC_STIX_HASHES_MAX], const char **wrong);
