// The state of one partition: entries (one per indicator, keyed by 16 bytes) and rows (everything
// else, keyed by a name). What is kept in memory of an entry is one cache line and the encoded Body;
// the same bytes go into the state log. All changes since the last commit can be rolled back.
//
// Order: entries live in 1,024 slices by the top 10 bits of the last 8 bytes of the key. "Key order"
// everywhere is by the last 8 bytes (big-endian), then the first 8: so slices are in order, too.
//
// @locality: one worker thread. Memory: toc_mem; failure is TOC_E_MEMORY with fate FATAL.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/indicator/limits.h"

#define TOC_ENTRY_SAID 4

// One cache line.
struct toc_entry {
    uint8_t key[16];
    uint8_t *body; // encoded Body, owned by the state; replaced whole, never edited
    uint32_t body_len : 24; // TOC_STATE_VALUE_BYTES_MAX is less
    uint32_t touched : 8;   // the state's own: changed in the open transaction
    uint32_t rules; // low bits of the oldest View.rules: cheap test whether all were judged by the rules in force
    uint64_t said[TOC_ENTRY_SAID]; // Contribution.said of the newest contributions: redelivery ends here
};
_Static_assert(sizeof(struct toc_entry) == 64, "an entry is one cache line");

struct toc_state;

struct toc_state *toc_state_new(void); // NULL when out of memory
void toc_state_free(struct toc_state *state);

// --- entries -----------------------------------------------------------------------------------
// Valid until the next put or drop.
const struct toc_entry *toc_state_find(const struct toc_state *state, const uint8_t key[16]);
// Before a find soon to come, some dozen keys ahead; early: some dozen before that, as it never waits.
void toc_state_prefetch(const struct toc_state *state, const uint8_t key[16]);
void toc_state_prefetch_early(const struct toc_state *state, const uint8_t key[16]);

// Creates or replaces. `body` (1 to TOC_STATE_VALUE_BYTES_MAX bytes, else RANGE or LIMIT) is copied.
// said: up to TOC_ENTRY_SAID digests, zero = unused.
TOC_NODISCARD toc_rc toc_state_put(struct toc_state *state, const uint8_t key[16], struct toc_slice body, uint32_t rules,
        const uint64_t said[TOC_ENTRY_SAID], struct toc_err *err);
// What is not there is dropped already.
TOC_NODISCARD toc_rc toc_state_drop(struct toc_state *state, const uint8_t key[16], struct toc_err *err);
uint64_t toc_state_count(const struct toc_state *state);
uint64_t toc_state_bytes(const struct toc_state *state); // resident, about

// The first entry in key order above `after` (NULL: the first of all); NULL at the end.
const struct toc_entry *toc_state_next(struct toc_state *state, const uint8_t *after);
int toc_state_key_cmp(const uint8_t a[16], const uint8_t b[16]); // key order

// --- rows --------------------------------------------------------------------------------------
// name: at most TOC_STATE_NAME_BYTES_MAX printable ASCII characters. value: 1 to
// TOC_STATE_VALUE_BYTES_MAX bytes. Borrowed until the next change of that row; .ptr NULL = none.
struct toc_slice toc_state_row(const struct toc_state *state, const char *name);
TOC_NODISCARD toc_rc toc_state_row_put(struct toc_state *state, const char *name, struct toc_slice value, struct toc_err *err);
TOC_NODISCARD toc_rc toc_state_row_drop(struct toc_state *state, const char *name, struct toc_err *err);
// Every row whose name starts with prefix, in bytewise order of names. The callback must not change rows.
typedef toc_rc toc_state_row_fn(void *ctx, const char *name, struct toc_slice value, struct toc_err *err);
TOC_NODISCARD toc_rc toc_state_rows(const struct toc_state *state, const char *prefix, toc_state_row_fn *fn, void *ctx,
        struct toc_err *err);

// --- transactions ------------------------------------------------------------------------------
void toc_state_commit(struct toc_state *state);   // forgets the undo log
void toc_state_rollback(struct toc_state *state); // everything as at the last commit
bool toc_state_changed(const struct toc_state *state);
// Raised by every rollback: whoever caches decoded rows compares it.
uint64_t toc_state_rollbacks(const struct toc_state *state);

// --- timers ------------------------------------------------------------------------------------
// One queue per lane (audience index; the last lane is the hub's own). A timer is only a hint to look
// at the key at that time: whoever takes it checks the body whether it is still meant; some are taken
// twice or for an entry that has another time. Timers of entries that are gone are not taken. After a
// rollback or restore the queues hold at least every timer meant. Order: (due, key in key order).
// 16 bytes each, until taken: whoever moves a time later leaves the old timer where it is and sets the
// new one when the old one is taken; else a queue grows with every change.
#define TOC_STATE_LANES 9
TOC_NODISCARD toc_rc toc_state_timer(struct toc_state *state, unsigned lane, int64_t due, const uint8_t key[16], struct toc_err *err);
// Takes the earliest with due <= now; false when there is none. Taking is under undo.
bool toc_state_timer_take(struct toc_state *state, unsigned lane, int64_t now, int64_t *out_due, uint8_t out_key[16]);

// --- state log (blocks.c) ----------------------------------------------------------------------
// What changed since the last commit and, as many bytes, the next slots of the sweep, as encoded Block
// records of at most TOC_STATE_BLOCK_BYTES_MAX, borrowed for the call. After the last change of a
// transaction and before its commit; a rollback forgets them. `input_next` goes into each block.
// Nothing is emitted when nothing changed. A state that once committed a change without its blocks
// (tocsin-replay keeps no log) has no log from then on: STATE.
typedef toc_rc toc_state_block_fn(void *ctx, struct toc_slice block, struct toc_err *err);
TOC_NODISCARD toc_rc toc_state_blocks(struct toc_state *state, int64_t input_next, toc_state_block_fn *fn, void *ctx,
        struct toc_err *err);
// Blocks of transactions below this one (Block.transaction) are no longer needed after this commit.
int64_t toc_state_trim_below(const struct toc_state *state);
// Whether any transaction of it stands in the log, written or read back.
bool toc_state_has_log(const struct toc_state *state);

// What bodies say: a restore needs it, and with it (NULL: none) a lane in which hints have piled up that nobody
// means any more is made anew at a commit; without it such hints stay until they are taken, 16 bytes each, and
// who changes a due time often makes many. It is called by toc_state_restored and at commits, when all entries are
// as they will be.
struct toc_state_derived;
typedef toc_rc toc_state_derive_fn(void *ctx, struct toc_slice body, struct toc_state_derived *out, struct toc_err *err);
void toc_state_derive_with(struct toc_state *state, toc_state_derive_fn *derive, void *ctx);

// Reading the log back, block by block in order, into a state that began empty. Any contradiction is
// STATE, FATAL, and ends it: the state can only be freed.
struct toc_state_derived {
    uint32_t rules;
    uint64_t said[TOC_ENTRY_SAID];
    int64_t due[TOC_STATE_LANES]; // 0: none
};
TOC_NODISCARD toc_rc toc_state_restore(struct toc_state *state, struct toc_slice block, struct toc_err *err);
// After the last block: STATE when the last transaction is not whole or the log was trimmed too far.
// Then derives rules, said and timers of every entry (toc_state_derive_with), once, in no order, and gives the next input
// offset: 0 when there was no block at all.
TOC_NODISCARD toc_rc toc_state_restored(struct toc_state *state, int64_t *out_input_next, struct toc_err *err);
