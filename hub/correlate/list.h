// The posting list of one pivot: who has it and who had it. Any length, bounded work: a list of up to 64
// postings is one entry of the state; a longer one is a tree of entries, 16 ways by the hex digits of the
// indicator, and each inner node keeps the sum of what is below. A change rewrites one leaf and the few nodes
// above it. The shape depends on the order in which postings came, what is read off it does not.
// Inside hub/correlate only.
//
//     list_open -> list_find -> list_put -> list_close        list_root -> list_sum -> list_close
#pragma once

#include "hub/correlate/posting.h"
#include "hub/state/state.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"

#define LIST_DEPTH_MAX 32 // hex digits of an indicator

struct list_node {
    uint8_t key[16];
    struct toc_posting_node node;
    int64_t due; // when the first posting is to be forgotten, as stored; 0: never
};

struct list {
    struct toc_state *state;
    struct toc_arena *arena; // for all that is decoded; the caller resets it when done
    struct toc_buf *encoded; // scratch
    unsigned depth;          // of the leaf where the indicator belongs
    struct list_node way[LIST_DEPTH_MAX + 1]; // from the root to that leaf
};

// Failures of all: MEMORY, or STATE when the state cannot be read; both FATAL.
TOC_NODISCARD toc_rc list_open(struct list *list, const uint8_t pivot[16], const uint8_t indicator[16], struct toc_err *err);
// The root alone: enough to read the sum and title, and to close.
TOC_NODISCARD toc_rc list_root(struct list *list, const uint8_t pivot[16], struct toc_err *err);
// NULL before the first posting.
struct toc_posting_title *list_title(struct list *list);
const struct toc_posting *list_find(const struct list *list, const uint8_t indicator[16]);
// Adds or replaces the indicator's posting; the indicator must be the one it was opened for.
TOC_NODISCARD toc_rc list_put(struct list *list, const struct toc_posting *posting, struct toc_err *err);
TOC_NODISCARD toc_rc list_sum(const struct list *list, struct toc_posting_sum *out, struct toc_err *err);
// Stores the root, or drops it when nothing is left and nothing is published that would have to be taken back.
TOC_NODISCARD toc_rc list_close(struct list *list, struct toc_err *err);

// Forgets the absent postings of one entry whose time is up (until <= now), if there are any.
TOC_NODISCARD toc_rc list_forget(struct list *list, const uint8_t entry_key[16], int64_t now, uint64_t *forgotten,
        struct toc_err *err);

// The lane of the state's timers that says which entries to forget from.
#define LIST_LANE 0u
int64_t list_due(const struct toc_posting_node *node);
