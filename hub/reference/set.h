// Inside hub/reference only: a compiled set and the functions its forms are built with.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hub/reference/names.h"
#include "hub/reference/nets.h"
#include "hub/reference/reference.h"
#include "hub/reference/substrings.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/indicator/psl.h"

#define ENTRIES_MAX (8u * 1024 * 1024) // the longest MISP list has 1 million
#define NOTE_BYTES_MAX 256             // schemas/indicator.avsc, Annotation.note

// How a value may lie to an entry.
enum match {
    MATCH_EQUAL = 1,
    MATCH_OVER = 2,  // the value covers the entry
    MATCH_UNDER = 4, // the entry covers the value
    MATCH_ALL = 7,
};

struct entry {
    struct toc_slice note;
    uint8_t kind;    // enum toc_kind; unknown: a substring
    uint8_t matches; // bits of enum match
};

struct toc_reference_set {
    atomic_uint references;
    struct toc_reference_use use;
    struct toc_arena arena; // texts
    struct entry *entries;
    size_t count, cap, skipped;
    const char *unsupported; // NULL: works

    enum toc_reference_effect effect; // of what matches
    uint32_t kinds;                   // bit per enum toc_kind: the set may say something of it
    bool apexes;                      // an entry without MATCH_UNDER caps what lies under it
    bool spares_urls;                 // names and substrings say nothing of a URL

    struct names names;   // whole values and host names
    struct names parents; // names that cover an entry with MATCH_OVER
    struct nets v4, v6;
    struct substrings substrings;
    struct toc_psl *psl;
};

// Adds a canonical value. The note is "value" or "value: why", made safe and cut to NOTE_BYTES_MAX.
TOC_NODISCARD toc_rc set_add(struct toc_reference_set *set, enum toc_kind kind,
        struct toc_slice value, struct toc_slice why, unsigned matches, struct toc_err *err);
TOC_NODISCARD toc_rc set_add_substring(
        struct toc_reference_set *set, struct toc_slice text, struct toc_err *err);

// The canonical value of an entry by ASCII rules alone (no table of the system: every hub must agree); its
// form decides the kind. False: it has none. `out` comes from set_canon_room, so that what fails is the
// entry and never the memory.
bool set_canon(struct toc_slice raw, enum toc_kind *kind, struct toc_buf *out);
TOC_NODISCARD toc_rc set_canon_room(
        struct toc_buf *out, struct toc_err *err); // the caller calls toc_buf_done, always

// The forms.
TOC_NODISCARD toc_rc warninglist_read(
        struct toc_reference_set *set, struct toc_slice bytes, struct toc_err *err);
TOC_NODISCARD toc_rc never_block_read(
        struct toc_reference_set *set, struct toc_slice bytes, struct toc_err *err);
TOC_NODISCARD toc_rc suffixes_read(
        struct toc_reference_set *set, struct toc_slice bytes, struct toc_err *err);

#define KIND_BIT(kind) (1u << (kind))
#define KINDS_ALL UINT32_MAX
