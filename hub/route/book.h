// The book: what operators have decided, as far as route needs it (genesis, operators' keys, members,
// interests), read from the compacted topic `control`. A decision counts when it is signed by root, or by an
// operator key that root granted and had not revoked by then; of each thing the highest sequence counts. So a
// forged decision or an old one played again changes nothing. Compaction may have moved a key's record behind
// decisions that it signed: hence nothing is judged before book_settle. Inside hub/route only.
#pragma once

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/indicator/expr.h"
#include "schemas/control.h"

struct book;

struct interest {
    struct toc_slice id;
    int audience; // index into genesis' audiences: the one its member reads
    const struct toc_expr *expr;
};

typedef void book_complain_fn(void *ctx, const char *text);

TOC_NODISCARD toc_rc book_new(const uint8_t genesis_digest[32], book_complain_fn *complain, void *ctx, struct book **out,
        struct toc_err *err);
void book_free(struct book *book); // NULL is fine

// One value of `control`; what cannot be read is complained of and left out. MEMORY only.
TOC_NODISCARD toc_rc book_take(struct book *book, struct toc_slice value, struct toc_err *err);
// Judges what was taken since. MEMORY only.
TOC_NODISCARD toc_rc book_settle(struct book *book, struct toc_err *err);

const struct toc_genesis *book_genesis(const struct book *book); // NULL before it
// In order of id, as last settled; borrowed until the next settle.
const struct interest *book_interests(const struct book *book, size_t *out_count);
