// The laws of lib/indicator/canon.h on one input, for the property tests and the fuzz target. Each
// function returns NULL, or which law does not hold.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/key.h"
#include "lib/indicator/limits.h"

// An accepted value: passes the check, is plain ASCII, is its own canonical form under its kind and
// under the guess, and its host is one.
static inline const char *canon_laws_accepted(enum toc_kind kind, struct toc_slice value)
{
    struct toc_buf again;
    const char *broken = NULL;
    enum toc_kind same = kind, guessed = TOC_KIND_UNKNOWN;
    unsigned notes = 0;
    struct toc_slice host = toc_value_host(kind, value);
    toc_buf_init(&again, TOC_RAW_BYTES_MAX);
    if (toc_canon_check(kind, value) != TOC_REFUSAL_NONE)
        broken = "what is accepted passes the check";
    else if (toc_canon(&same, value, &again, &notes) != TOC_REFUSAL_NONE || same != kind ||
             !toc_slice_eq(toc_buf_slice(&again), value))
        broken = "canonicalising twice changes nothing";
    else if (notes != 0)
        broken = "a canonical value needs no note";
    toc_buf_clear(&again);
    if (broken == NULL &&
            (toc_canon_guess(value, &guessed, &again, &notes, 0) != TOC_REFUSAL_NONE ||
                    guessed != kind || !toc_slice_eq(toc_buf_slice(&again), value)))
        broken = "a canonical value is guessed to be of its kind";
    toc_buf_done(&again);
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] <= ' ' || value.ptr[i] >= 0x7f)
            broken = "a canonical value is visible ASCII";
    if (broken == NULL && host.len > 0 &&
            toc_canon_check(toc_host_kind(host), host) != TOC_REFUSAL_NONE)
        broken = "a host is canonical";
    return broken;
}

// `raw` taken as `kind` (unknown: guessed, with these flags).
static inline const char *canon_laws_as(enum toc_kind kind, struct toc_slice raw, unsigned flags)
{
    struct toc_buf out;
    const char *broken = NULL;
    unsigned notes = 0;
    toc_buf_init(&out, TOC_RAW_BYTES_MAX);
    bool check = kind != TOC_KIND_UNKNOWN && toc_canon_check(kind, raw) == TOC_REFUSAL_NONE;
    enum toc_kind claimed = kind;
    enum toc_refusal refusal = kind == TOC_KIND_UNKNOWN
                                       ? toc_canon_guess(raw, &kind, &out, &notes, flags)
                                       : toc_canon(&kind, raw, &out, &notes);
    if (refusal == TOC_REFUSAL_NONE)
        broken = canon_laws_accepted(kind, toc_buf_slice(&out));
    else if (out.len != 0)
        broken = "a refusal appends nothing";
    if (check && (refusal != TOC_REFUSAL_NONE || kind != claimed ||
                         !toc_slice_eq(toc_buf_slice(&out), raw)))
        broken = "what passes the check is left as it is";
    toc_buf_done(&out);
    return broken;
}

static inline const char *canon_laws(struct toc_slice raw)
{
    const char *broken = canon_laws_as(TOC_KIND_UNKNOWN, raw, TOC_GUESS_ASSUME_SCHEME);
    for (enum toc_kind kind = TOC_KIND_UNKNOWN; kind <= TOC_KIND_CVE && broken == NULL; kind++)
        broken = canon_laws_as(kind, raw, 0);
    return broken;
}
