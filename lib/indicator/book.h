// The book: what operators have decided, as far as readers of decisions need it (genesis, operators' keys,
// members, interests), taken from a compacted topic: `control` (route), roster.<member> (a subscriber). A decision
// counts when it is signed by root, or by an operator key that root granted and had not revoked by then; of each
// thing the highest sequence counts. So a forged decision or an old one played again changes nothing. Compaction may
// have moved a key's record behind decisions that it signed: hence nothing is judged before toc_book_settle.
#pragma once

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/indicator/expr.h"
#include "schemas/control.h"

struct toc_book; // one thread

struct toc_book_interest {
    struct toc_slice id;
    int audience; // index into genesis' audiences: the one its member reads
    const struct toc_expr *expr;
};

// text: what is wrong with which decision; borrowed for the call.
typedef void toc_book_complain_fn(void *ctx, const char *text);

TOC_NODISCARD toc_rc toc_book_new(const uint8_t genesis_digest[32], toc_book_complain_fn *complain, void *ctx,
        struct toc_book **out, struct toc_err *err);
void toc_book_free(struct toc_book *book); // NULL is fine

// One value of the topic; what cannot be read is complained of and left out. MEMORY only.
TOC_NODISCARD toc_rc toc_book_take(struct toc_book *book, struct toc_slice value, struct toc_err *err);
// Judges what was taken since. MEMORY only.
TOC_NODISCARD toc_rc toc_book_settle(struct toc_book *book, struct toc_err *err);

const struct toc_genesis *toc_book_genesis(const struct toc_book *book); // NULL before it
// In force as last settled: interests of admitted members in order of id, and what was decided last of one member
// or interest (NULL: nothing). Borrowed until the next take or settle. MEMORY only.
const struct toc_book_interest *toc_book_interests(const struct toc_book *book, size_t *out_count);
TOC_NODISCARD toc_rc toc_book_member(
        struct toc_book *book, struct toc_slice id, const struct toc_member **out, struct toc_err *err);
TOC_NODISCARD toc_rc toc_book_interest(
        struct toc_book *book, struct toc_slice id, const struct toc_interest **out, struct toc_err *err);
