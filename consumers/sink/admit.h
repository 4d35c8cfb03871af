// The gate: what no output may ever hold, whatever the hub advises. Hub and other members may be
// mistaken or broken into; this is the member's own last word, so it asks nobody. Every entry of every
// sink passes it. Pure, any thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "consumers/sink/sink.h"
#include "lib/base/arena.h"
#include "lib/indicator/psl.h"

struct toc_guard toc_guard_of(enum toc_kind kind, struct toc_slice value);
// The same of a text, whose canonical form then lies in the arena; false when it has none, or no room.
bool toc_guard_read(struct toc_slice text, struct toc_arena *arena, struct toc_guard *out);

struct toc_gate {
    const struct toc_guard *allowed; // the allow file: always wins
    size_t allowed_count;
    const struct toc_guard *own; // the member's names and networks (privacy.own_names)
    size_t own_count;
    const struct toc_psl *suffixes;
};

enum toc_admit {
    TOC_ADMITTED = 0,
    TOC_ADMIT_ALLOWED, // by the member's allow file
    TOC_ADMIT_OWN,     // the member's own
    TOC_ADMIT_FORM,    // not canonical: a hub that sends such a value is not to be trusted with it
    TOC_ADMIT_SUFFIX,  // a public suffix: would hit strangers
    TOC_ADMIT_SPECIAL, // a private or special-purpose address
    TOC_ADMIT_WIDE,    // a network wider than /16 (IPv4) or /32 (IPv6)
    TOC_ADMIT_FLOOR,   // on the list in admit.c
    TOC_ADMIT_COUNT,
};

// ADMITTED, or why not; *why (may be NULL) becomes a static sentence for people.
//
// A guard g keeps a value v out when they are equal; when v lies under g (a name below g's name, an
// address in g's network, a URL, endpoint or e-mail address whose host does); and when v covers g (a
// name above g's, a network around it), since blocking v would block g. A URL, an endpoint or an e-mail
// address covers nothing.
enum toc_admit toc_sink_admit(
        const struct toc_gate *gate, enum toc_kind kind, struct toc_slice value, const char **why);

const char *toc_admit_name(enum toc_admit verdict); // one word, for counters and logs
