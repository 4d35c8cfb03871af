#include <inttypes.h>
#include <string.h>

#include "hub/state/block.h"
#include "hub/state/inner.h"
#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"

// Reading the state log. A block is applied as it comes: a later change of a key overrides. What it
// became is believed only when the last transaction is whole, every sum was right and every slot
// of the sweep was written since the first transaction that is still there.

// One decoded block: 65,536 items of each kind at most.
#define ARENA_BYTES ((size_t)16 * 1024 * 1024)

struct restore {
    struct toc_arena arena;
    uint64_t sum;        // of the open transaction's blocks
    int64_t first;       // transaction the log begins with
    int64_t transaction; // the one being read, or the last one read
    int32_t blocks;      // of it read so far, while `open`
    bool open;
    bool broken;
    int64_t input_next;
    int64_t keep; // as the last trailer said
};

static toc_rc bad_log(struct restore *restore, struct toc_err *err, const char *what)
{
    restore->broken = true;
    return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_STATE,
            "state log, transaction %" PRId64 ", block %" PRId32 ": %s", restore->transaction,
            restore->blocks, what);
}

static toc_rc restore_begin(struct toc_state *state, struct toc_err *err)
{
    if (state->restore != NULL)
        return TOC_OK;
    if (state->log.transaction != 0 || state->live != 0 || toc_state_changed(state) ||
            state->unlogged)
        return toc_fail_fate(
                err, TOC_FATE_FATAL, TOC_E_STATE, "a state that is not empty is not restored");
    struct restore *restore = toc_mem_alloc(1, sizeof *restore);
    if (restore == NULL)
        return state_no_memory(err);
    toc_arena_init(&restore->arena, ARENA_BYTES);
    state->restore = restore;
    return TOC_OK;
}

void restore_free(struct restore *restore)
{
    if (restore == NULL)
        return;
    toc_arena_done(&restore->arena);
    toc_mem_free(restore);
}

// --- one block -----------------------------------------------------------------------------------

static toc_rc check_order(
        struct restore *restore, const struct toc_block *block, struct toc_err *err)
{
    if (block->version != STATE_BLOCK_VERSION)
        return bad_log(restore, err, "of a version that this program does not know");
    if (!restore->open) {
        if (block->transaction < 1 ||
                (restore->first != 0 && block->transaction != restore->transaction + 1))
            return bad_log(restore, err, "the next transaction is missing");
        if (restore->first == 0)
            restore->first = block->transaction;
        restore->transaction = block->transaction;
        restore->blocks = 0;
        restore->sum = 0;
        restore->open = true;
    }
    if (block->transaction != restore->transaction || block->number != restore->blocks)
        return bad_log(restore, err, "the next block is missing");
    if (block->input_next < restore->input_next)
        return bad_log(restore, err, "the input goes back");
    restore->input_next = block->input_next;
    restore->blocks++;
    return TOC_OK;
}

static toc_rc apply(struct toc_state *state, const struct toc_block *block, struct toc_err *err)
{
    for (size_t i = 0; i < block->sets_count; i++) {
        if (i + 2 * STATE_AHEAD < block->sets_count)
            table_prefetch_early(&state->table, block->sets[i + 2 * STATE_AHEAD].key);
        if (i + STATE_AHEAD < block->sets_count)
            table_prefetch(&state->table, block->sets[i + STATE_AHEAD].key);
        TOC_TRY(state_place(state, block->sets[i].key, block->sets[i].body, err));
    }
    for (size_t i = 0; i < block->rows_count; i++) {
        struct toc_slice name = block->rows[i].name, value = block->rows[i].value;
        if (value.len == 0)
            value.ptr = NULL;
        if (!state_row_name_ok(name))
            return bad_log(state->restore, err, "a row with such a name");
        TOC_TRY(rows_set(&state->rows, name, value, err));
    }
    rows_commit(&state->rows);
    return TOC_OK;
}

// The sweep goes round without a gap: from the trailers follows when each slot was written last.
static toc_rc follow_sweep(
        struct toc_state *state, const struct toc_trailer *trailer, struct toc_err *err)
{
    struct restore *restore = state->restore;
    struct state_log *log = &state->log;
    bool known = restore->transaction != restore->first || restore->first == 1;
    if (trailer->sweep < 0 || trailer->sweep >= SWEEP_SLOTS || trailer->swept < 0 ||
            trailer->swept > SWEEP_SLOTS || (known && (unsigned)trailer->sweep != log->cursor))
        return bad_log(restore, err, "the sweep does not go on where it ended");
    log->cursor = (unsigned)trailer->sweep;
    for (int32_t i = 0; i < trailer->swept; i++) {
        log->begun[log->cursor] = restore->transaction;
        log->cursor = (log->cursor + 1) % SWEEP_SLOTS;
    }
    restore->keep = trailer->keep;
    return TOC_OK;
}

static toc_rc check_sum(struct restore *restore, struct toc_slice block,
        const struct toc_trailer *trailer, struct toc_err *err)
{
    uint8_t sum[STATE_SUM_BYTES];
    state_sum_put(state_last_sum(block, restore->sum), sum);
    if (memcmp(sum, trailer->sum, sizeof sum) != 0)
        return bad_log(restore, err, "the sum is wrong");
    if (trailer->blocks != restore->blocks)
        return bad_log(restore, err, "the number of blocks is wrong");
    return TOC_OK;
}

static toc_rc read_block(struct toc_state *state, struct toc_slice bytes, struct toc_err *err)
{
    struct restore *restore = state->restore;
    struct toc_block block;
    toc_arena_reset(&restore->arena);
    struct toc_avro_in in = toc_avro_in_over(bytes, &restore->arena);
    toc_block_read(&in, &block);
    toc_rc rc = toc_avro_in_finish(&in, "Block", err);
    if (toc_failed(rc))
        return rc.code == TOC_E_MEMORY ? state_no_memory(err)
                                       : bad_log(restore, err, "not a block");
    TOC_TRY(check_order(restore, &block, err));
    TOC_TRY(apply(state, &block, err));
    if (block.trailer == NULL) {
        restore->sum = toc_mix64(bytes, restore->sum);
        return TOC_OK;
    }
    TOC_TRY(check_sum(restore, bytes, block.trailer, err));
    restore->open = false;
    state->log.transaction = restore->transaction;
    return follow_sweep(state, block.trailer, err);
}

toc_rc toc_state_restore(struct toc_state *state, struct toc_slice block, struct toc_err *err)
{
    TOC_TRY(restore_begin(state, err));
    if (state->restore->broken)
        return bad_log(state->restore, err, "broken before");
    toc_rc rc = read_block(state, block, err);
    state->restore->broken = toc_failed(rc);
    return rc;
}

// --- after the last block ------------------------------------------------------------------------

static toc_rc derive_entry(
        struct toc_state *state, struct toc_entry *entry, struct toc_err *err)
{
    struct toc_state_derived derived = {0};
    TOC_TRY(state->derive(
            state->derive_ctx, toc_slice(entry->body, entry->body_len), &derived, err));
    entry->rules = derived.rules;
    memcpy(entry->said, derived.said, sizeof entry->said);
    for (unsigned lane = 0; lane < TOC_STATE_LANES; lane++)
        if (derived.due[lane] != 0 &&
                !timers_append(&state->lanes[lane],
                        (struct timer){derived.due[lane], table_key(entry->key).low}))
            return state_no_memory(err);
    return TOC_OK;
}

static toc_rc derive_all(struct toc_state *state, struct toc_err *err)
{
    for (unsigned s = 0; s < TOC_STATE_SLICES; s++) {
        struct table_slice *slice = &state->table.slices[s];
        for (uint32_t i = 0; i < table_slots(slice); i++)
            if (table_at(slice, i) != NULL)
                TOC_TRY(derive_entry(state, &slice->entries[i], err));
    }
    for (unsigned lane = 0; lane < TOC_STATE_LANES; lane++)
        timers_settle(&state->lanes[lane]);
    return TOC_OK;
}

void state_rebuild_lanes(struct toc_state *state)
{
    struct timers before[TOC_STATE_LANES];
    memcpy(before, state->lanes, sizeof before);
    memset(state->lanes, 0, sizeof state->lanes);
    bool done = !toc_failed(derive_all(state, NULL));
    for (unsigned lane = 0; lane < TOC_STATE_LANES; lane++)
        timers_done(done ? &before[lane] : &state->lanes[lane]);
    if (!done)
        memcpy(state->lanes, before, sizeof before);
}

static toc_rc check_whole(const struct toc_state *state, struct toc_err *err)
{
    struct restore *restore = state->restore;
    int64_t oldest = toc_state_trim_below(state);
    if (restore->broken)
        return bad_log(restore, err, "broken before");
    if (restore->open)
        return bad_log(restore, err, "the transaction is not whole");
    if (oldest != restore->keep || (restore->first != 1 && oldest < restore->first))
        return bad_log(restore, err, "its beginning is missing");
    return TOC_OK;
}

toc_rc toc_state_restored(struct toc_state *state, int64_t *out_input_next, struct toc_err *err)
{
    int64_t input_next = 0;
    if (state->restore != NULL) {
        TOC_TRY(check_whole(state, err));
        TOC_TRY(derive_all(state, err));
        input_next = state->restore->input_next;
        restore_free(state->restore);
        state->restore = NULL;
    }
    *out_input_next = input_next;
    return TOC_OK;
}
