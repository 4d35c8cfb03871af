// What the files of this folder share of a state.
#pragma once

#include "hub/state/row.h"
#include "hub/state/slab.h"
#include "hub/state/state.h"
#include "hub/state/table.h"
#include "hub/state/timers.h"
#include "lib/base/digest.h"

#define STATE_AHEAD 12 // entries whose cache lines are on their way while one is worked on

// Sweep slot 0 is the rows, slot i + 1 is slice i.
#define SWEEP_SLOTS (TOC_STATE_SLICES + 1)

struct walk {
    struct table_key *keys; // of `slice`, in key order
    size_t count, cap;
    unsigned slice;
    uint32_t inserted; // the slice's, when they were sorted
    bool valid;
};
void walk_done(struct walk *walk);

// Where the log stands: advanced by commit only.
struct state_log {
    int64_t transaction; // ordinal of the last committed one, 0 before the first
    unsigned cursor;     // the slot to be written next
    uint64_t owed;       // bytes changed and not yet matched by bytes swept
    // The transaction that last wrote each slot whole; 0: none since the log began.
    int64_t begun[SWEEP_SLOTS];
};

struct toc_state {
    struct table table;
    struct slab slab; // bodies
    struct rows rows;
    struct timers lanes[TOC_STATE_LANES];
    struct walk walk;
    uint64_t live;                          // entries with a body
    uint64_t slice_bytes[TOC_STATE_SLICES]; // of live entries, as the log counts them

    // The open transaction.
    struct toc_entry *undo; // each touched entry as it was before; body NULL: it was not there
    size_t undo_count, undo_cap;
    uint64_t changed_bytes; // what the touched entries take in the log
    uint64_t rollbacks;

    struct state_log log;
    struct { // what toc_state_blocks wrote and the commit will count
        bool written;
        unsigned swept;
        uint64_t owed;
    } pending;
    bool unlogged;           // something was committed past the log: it cannot be continued
    struct restore *restore; // while the log is being read
    toc_state_derive_fn *derive; // NULL: timers are swept by what they are, not by what is meant
    void *derive_ctx;
};

// The entry that undo[i] is about; they are visited in turn.
static inline struct toc_entry *state_undone(const struct toc_state *state, size_t i)
{
    if (state->undo_count - i > 2 * STATE_AHEAD)
        table_prefetch_early(&state->table, state->undo[i + 2 * STATE_AHEAD].key);
    if (state->undo_count - i > STATE_AHEAD)
        table_prefetch(&state->table, state->undo[i + STATE_AHEAD].key);
    return table_find(&state->table, state->undo[i].key);
}

#define STATE_BLOCK_VERSION 1
#define STATE_SUM_BYTES 8 // at the end of a transaction's last block

// The sum of a transaction, given its last block and the sum of those before.
static inline uint64_t state_last_sum(struct toc_slice block, uint64_t sum)
{
    return toc_mix64(toc_slice_sub(block, 0, block.len - STATE_SUM_BYTES), sum);
}

static inline void state_sum_put(uint64_t sum, uint8_t out[STATE_SUM_BYTES])
{
    for (unsigned i = 0; i < STATE_SUM_BYTES; i++)
        out[i] = (uint8_t)(sum >> 8 * i);
}

#define STATE_SET_BYTES (16 + 3) // a key and the length of its body in the log, at most

// What an entry takes in a sweep.
static inline uint64_t state_logged_bytes(const struct toc_entry *entry)
{
    return entry->body == NULL ? 0 : STATE_SET_BYTES + (uint64_t)entry->body_len;
}

// Sets a body (empty: the entry goes) without undo, for a state that is being restored.
TOC_NODISCARD toc_rc state_place(
        struct toc_state *state, const uint8_t key[16], struct toc_slice body, struct toc_err *err);
bool state_row_name_ok(struct toc_slice name);
// Makes every lane anew from the bodies; when memory is missing they stay as they are.
void state_rebuild_lanes(struct toc_state *state);
toc_rc state_no_memory(struct toc_err *err);
void restore_free(struct restore *restore);
