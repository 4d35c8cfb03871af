// What must never leave a member. One guard, run twice: by the connector with the member's own
// configuration, before anything is signed, and by the hub at admission with the member record's
// own names. The connector rewrites what can be saved and notes it; the hub rewrites nothing: what
// would need a rewrite there is refused (TOC_PRIVACY_HUB).
//
// Pure: no clock, no file, no table of the system, no allocation but from the caller's arena. The
// same observation and rules give the same result on any machine. Neither notes nor refusals ever
// hold the value.
//
// Why by role and not by scrubbing (45 CFR 164.514(b)(2) counts URLs and IP addresses among the 18
// identifiers): an attacker's address is the point of the exchange, so the guard looks for what
// belongs to the member, to a patient or to a person, and where it may stand.
#pragma once

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "schemas/observation.h"
#include "schemas/refusal.h"

// Flags of a guard.
#define TOC_PRIVACY_HUB 1u // refuse where the connector would rewrite

#define TOC_PRIVACY_KEYS_MAX 256 // query keys of one configuration

// What a feed allows, per call.
#define TOC_PRIVACY_MAIL 1u        // its e-mail addresses are the attackers'
#define TOC_PRIVACY_DESCRIPTION 2u // its descriptions were read and may leave

// What the connector changed in an observation; bits of *notes.
#define TOC_PRIVACY_NOTES(X)                                                                       \
    X(QUERY, "the URL's query held what looks like a person's data, or an own name")               \
    X(DESCRIPTION, "not allowed for this feed, or it held such data")                              \
    X(REFERENCE, "an external reference held such data")                                           \
    X(RELATION, "a related value may not leave")                                                   \
    X(TAG, "a tag held such data")                                                                 \
    X(ORIGIN, "the origin id held such data")

enum toc_privacy_note_index {
#define X(name, text) TOC_PRIVACY_NOTE_INDEX_##name,
    TOC_PRIVACY_NOTES(X)
#undef X
    TOC_PRIVACY_NOTE_COUNT
};

enum toc_privacy_note {
#define X(name, text) TOC_PRIVACY_NOTE_##name = 1u << TOC_PRIVACY_NOTE_INDEX_##name,
    TOC_PRIVACY_NOTES(X)
#undef X
};

const char *toc_privacy_note_text(enum toc_privacy_note_index note); // a sentence for people

struct toc_privacy; // immutable once made: any number of threads may check with it

// Borrowed during toc_privacy_new only.
struct toc_privacy_rules {
    const struct toc_slice *own_names; // domains (with all below), addresses, networks as a.b.c.d/n
    size_t own_name_count;
    const struct toc_slice *query_keys; // beside the built-in table: a query that names one is cut
    size_t query_key_count;
    unsigned flags; // TOC_PRIVACY_HUB or 0
};

// USAGE with the entry in the text when an own name is neither domain, address nor network, or a
// query key has no ASCII letter or digit; LIMIT above TOC_PRIVACY_NAMES_MAX (names.h) or KEYS_MAX.
TOC_NODISCARD toc_rc toc_privacy_new(
        const struct toc_privacy_rules *rules, struct toc_privacy **out, struct toc_err *err);
void toc_privacy_free(struct toc_privacy *privacy); // NULL is fine

// TOC_REFUSAL_NONE: `obs` may leave, perhaps changed, and *notes says how (0: untouched). Otherwise
// the reason, and `obs` must not be used. The value must be canonical (toc_canon_check). New values
// live in `arena`, or in what obs borrowed from before; a full arena refuses, it never lets pass.
enum toc_refusal toc_privacy_check(const struct toc_privacy *privacy, unsigned allow,
        struct toc_observation *obs, struct toc_arena *arena, unsigned *notes);
