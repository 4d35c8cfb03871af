// Pivots: what an indicator may share with others, read off its published record. Two indicators of an
// audience that have one in common are correlated. Kinds and the values they have:
//   registrable_domain  the registrable domain of the value or its host
//   network             the /24 (IPv4) or /48 (IPv6) that holds the address, the host's address, or the whole network
//   relation            what the indicator is stated to be related to, as kind:value. The related indicator does not
//                       get this pivot of itself: it would cost one posting for every indicator there is, and whoever
//                       states a relation names the other end in its own record
//   report              the id (or link) of a report that lists it: a reference with source "report", a reference
//                       that is a bare link, or a tag report:<id>
// Pure, any thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "schemas/indicator.h"
#include "schemas/pivot.h"

#define TOC_LINK_BYTES 16

// A pivot is known by its link: the id of the correlation of those who have it, in any audience. First 16
// bytes of SHA-256 over the kind's symbol, 00, value.
void toc_link_id(enum toc_pivot_kind what, struct toc_slice value, uint8_t out[TOC_LINK_BYTES]);
// Its key in the topic `pivots`: first 16 bytes of SHA-256 over audience, 00, link. So one can be taken
// back whose value nobody remembers.
void toc_pivot_key(struct toc_slice audience, const uint8_t link[TOC_LINK_BYTES], uint8_t out[16]);

struct toc_shared {
    uint8_t link[TOC_LINK_BYTES];
    enum toc_pivot_kind what;
    struct toc_slice value;
};

struct toc_shared_list { // ascending by link, each once
    struct toc_shared *items;
    size_t count;
};

// All pivots of the record as it stands, whatever its status. Memory from the arena, which must outlive
// them as must the record. MEMORY, fate FATAL.
TOC_NODISCARD toc_rc toc_pivots_now(const struct toc_indicator *indicator, struct toc_arena *arena,
        struct toc_shared_list *out, struct toc_err *err);
// Those of them that its prior facts tell of and `now` has not (registrable domain, tags).
TOC_NODISCARD toc_rc toc_pivots_lost(const struct toc_indicator *indicator, const struct toc_shared_list *now,
        struct toc_arena *arena, struct toc_shared_list *out, struct toc_err *err);
// Those that facts do not tell: of relations and references. What fuse remembers of a view, to say in
// the next record which are gone (Indicator.unlinked).
TOC_NODISCARD toc_rc toc_pivots_beside_facts(const struct toc_indicator *indicator, struct toc_arena *arena,
        struct toc_shared_list *out, struct toc_err *err);

bool toc_shared_has(const struct toc_shared_list *list, const uint8_t link[TOC_LINK_BYTES]);
