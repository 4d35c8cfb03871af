// Reference sets: warninglists, public suffixes, never-block, dynamic DNS. Content-addressed: the log
// says which digest counts from where, the bytes lie in the topic `reference` (or in files for replay).
// A set is compiled once into an immutable snapshot that any number of workers share.
//
// No Kafka, no file, no clock here: bytes in, answers out.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "schemas/control.h"
#include "schemas/types.h"

#define TOC_REFERENCE_SETS_MAX 256
#define TOC_REFERENCE_HITS_MAX 32
#define TOC_REFERENCE_BYTES_MAX (256u * 1024 * 1024)

// Names of the sets that are always in force; no set of an operator may bear them.
#define TOC_REFERENCE_OWN_NAMES "own-names"     // of the members, made from their records
#define TOC_REFERENCE_SPECIAL "special-purpose" // lib/indicator/special.h, built in

// One compiled set. Immutable; counted references; any thread.
struct toc_reference_set;

// Compiles the bytes of a set whose SHA-256 is `use->digest` (checked: STATE when it is not). Forms:
//  warninglist      MISP JSON (github.com/MISP/misp-warninglists, schema.json): string, hostname, substring, cidr. regex: built empty, `unsupported` set.
//  public_suffixes  ASCII rules (lib/indicator/psl.h)
//  never_block      JSON lines {"value":..., "kind":"domain"|"cidr"|..., "match":["equal","over","under"], "why":...}
//  dynamic_dns      like a hostname warninglist; shortens the domain lifetime
TOC_NODISCARD toc_rc toc_reference_compile(const struct toc_reference_use *use,
        struct toc_slice bytes, struct toc_reference_set **out, struct toc_err *err);
// The set `own-names`: domains, addresses and networks that members enrolled as their own, in any order.
// Never blocked: equal, over and under. What has no canonical form is skipped.
TOC_NODISCARD toc_rc toc_reference_own_names(const struct toc_slice *names, size_t count,
        struct toc_reference_set **out, struct toc_err *err);
bool toc_reference_reserved(struct toc_slice name); // is it one of the names above?

struct toc_reference_set *toc_reference_ref(struct toc_reference_set *set);
void toc_reference_unref(struct toc_reference_set *set);
const struct toc_reference_use *toc_reference_facts(
        const struct toc_reference_set *set); // name, type, effect, version, digest
size_t toc_reference_entries(const struct toc_reference_set *set);
size_t toc_reference_skipped(const struct toc_reference_set
                *set); // entries without a canonical form: they match nothing
bool toc_reference_unsupported(const struct toc_reference_set *set, const char **out_why);

// What the sets in force say of a value.
struct toc_reference_hit {
    const struct toc_reference_use *use; // set name, version; borrowed from the set
    enum toc_reference_effect
            effect;        // annotate, cap or never_block, for this value (a name under a
                           // never-block apex of `equal, over` is only capped)
    struct toc_slice note; // entry and word on it ("tax.example: clearing house"), borrowed
};
struct toc_reference_verdict {
    struct toc_reference_hit
            hits[TOC_REFERENCE_HITS_MAX]; // in order of set name, at most one a set
    size_t hits_count;
    struct toc_slice
            registrable; // of the value or its host; empty for addresses and public suffixes
    bool dynamic_dns;
};

// sets: the sets in force in order of name. value is canonical. An endpoint, URL or e-mail is judged by
// its host (lists of popular names never apply to full URLs; `over` does not apply to a URL). Never fails.
void toc_reference_judge(struct toc_reference_set *const *sets, size_t count, enum toc_kind kind,
        struct toc_slice value, struct toc_reference_verdict *out);
