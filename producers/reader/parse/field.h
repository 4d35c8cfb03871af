// Inside producers/reader: the text of one cell or JSON member turned into a field of an observation.
// Nothing is guessed; what cannot be read is refused with a code.
#pragma once

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/slice.h"
#include "producers/reader/reader.h"

// True for "", "-", "N/A", "null", "none", "(empty)": the cell says nothing.
bool toc_field_unset(struct toc_slice text);

enum toc_refusal toc_field_number(struct toc_slice text, int32_t max, int32_t *out);
enum toc_refusal toc_field_time(
        struct toc_slice text, int64_t *out_ms); // also with " UTC" behind it
enum toc_refusal toc_field_action(struct toc_slice text, enum toc_action *out);
enum toc_refusal toc_field_severity(struct toc_slice text, enum toc_severity *out);

// Adds the tags of a cell ("Cobalt Strike, c2" or with ; or |) to the observation, with `prefix` before
// each: lower case, what no tag may hold becomes '-'. READ_TAG when nothing is left or the letters are
// not ASCII; READ_ECHO for a tag only a hub may give. Beyond TOC_OBSERVATION_TAGS_MAX they are left out.
// Tags live in the arena; the observation's array is replaced, never written to.
enum toc_refusal toc_field_tags(struct toc_slice text, const char *prefix, struct toc_arena *arena,
        struct toc_observation *obs);

// What a word for a type of indicator, as publishers write it, claims.
struct toc_type_word {
    const char *word; // lower case
    uint32_t claims;  // 0 = a type that is not taken
    char joint;       // '|': a value "name|hash" of which the last part counts; ':': "address|port"
};
const struct toc_type_word *toc_type_word(struct toc_slice text); // NULL when nobody knows it
