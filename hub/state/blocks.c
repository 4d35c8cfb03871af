#include <string.h>

#include "hub/state/block.h"
#include "hub/state/inner.h"
#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"

// Writing the state log. A transaction's blocks hold what changed and then whole slots of the sweep:
// as many as the bytes changed since the last sweep pay for. So the log from the oldest slot's sweep
// on holds everything, and stays near twice the live state. What is swept is not written twice.

// An encoded block beside its items: numbers, array counts, trailer.
#define FRAME_BYTES 256
_Static_assert(TOC_STATE_VALUE_BYTES_MAX + TOC_STATE_NAME_BYTES_MAX + 2 * FRAME_BYTES <=
                       TOC_STATE_BLOCK_BYTES_MAX,
        "the largest row fits into a block");
#define ITEMS_MAX 65536 // as block.avsc says

struct writer {
    struct toc_state *state;
    toc_state_block_fn *fn;
    void *ctx;
    struct toc_block block;
    size_t sets_cap, rows_cap;
    size_t bytes; // of the items
    struct toc_buf encoded;
    uint64_t sum; // of the blocks so far
};

static size_t slot_bytes(const struct toc_state *state, unsigned slot)
{
    return slot == 0 ? state->rows.value_bytes : state->slice_bytes[slot - 1];
}

// --- blocks --------------------------------------------------------------------------------------

// The items were counted, so only memory can be missing.
static toc_rc encode(struct writer *w, struct toc_err *err)
{
    toc_buf_clear(&w->encoded);
    if (toc_buf_reserve(&w->encoded, w->bytes + FRAME_BYTES) == NULL)
        return state_no_memory(err);
    toc_block_encode(&w->block, &w->encoded);
    return toc_buf_check(&w->encoded, "a block of the state log", err);
}

static toc_rc flush(struct writer *w, struct toc_err *err)
{
    TOC_TRY(encode(w, err));
    w->sum = toc_mix64(toc_buf_slice(&w->encoded), w->sum);
    TOC_TRY(w->fn(w->ctx, toc_buf_slice(&w->encoded), err));
    w->block.number++;
    w->block.sets_count = w->block.rows_count = 0;
    w->bytes = 0;
    return TOC_OK;
}

static toc_rc finish(struct writer *w, struct toc_trailer *trailer, struct toc_err *err)
{
    trailer->blocks = w->block.number + 1;
    w->block.trailer = trailer;
    TOC_TRY(encode(w, err));
    state_sum_put(state_last_sum(toc_buf_slice(&w->encoded), w->sum),
            w->encoded.ptr + w->encoded.len - STATE_SUM_BYTES);
    return w->fn(w->ctx, toc_buf_slice(&w->encoded), err);
}

static toc_rc make_room(struct writer *w, size_t bytes, struct toc_err *err)
{
    if (w->bytes + bytes > TOC_STATE_BLOCK_BYTES_MAX - FRAME_BYTES ||
            w->block.sets_count == ITEMS_MAX || w->block.rows_count == ITEMS_MAX)
        TOC_TRY(flush(w, err));
    if (toc_mem_grow((void **)&w->block.sets, &w->sets_cap, w->block.sets_count + 1,
                sizeof *w->block.sets) != 0 ||
            toc_mem_grow((void **)&w->block.rows, &w->rows_cap, w->block.rows_count + 1,
                    sizeof *w->block.rows) != 0)
        return state_no_memory(err);
    w->bytes += bytes;
    return TOC_OK;
}

static toc_rc put_entry(struct writer *w, const struct toc_entry *entry, struct toc_err *err)
{
    TOC_TRY(make_room(w, STATE_SET_BYTES + entry->body_len, err));
    struct toc_entry_bytes *set = &w->block.sets[w->block.sets_count++];
    memcpy(set->key, entry->key, sizeof set->key);
    set->body = toc_slice(entry->body, entry->body_len);
    return TOC_OK;
}

static toc_rc put_row(struct writer *w, const struct row *row, struct toc_err *err)
{
    TOC_TRY(make_room(w, ROW_SET_BYTES + row->name_len + (row->now.there ? row->now.len : 0), err));
    w->block.rows[w->block.rows_count++] = (struct toc_row_bytes){
            .name = toc_slice(row->name, row->name_len),
            .value = row->now.there ? toc_slice(row->now.ptr, row->now.len) : TOC_S(""),
    };
    return TOC_OK;
}

// --- what a transaction writes -------------------------------------------------------------------

static uint64_t changed_bytes(const struct toc_state *state)
{
    uint64_t bytes = state->changed_bytes;
    for (size_t i = 0; i < state->rows.touched_count; i++)
        bytes += row_logged_bytes(state->rows.touched[i]);
    return bytes;
}

struct sweep {
    unsigned first, count;
    uint64_t owed; // after it
};

static struct sweep plan_sweep(const struct toc_state *state)
{
    struct sweep sweep = {state->log.cursor, 0, state->log.owed + changed_bytes(state)};
    while (sweep.count < SWEEP_SLOTS) {
        uint64_t bytes = slot_bytes(state, (sweep.first + sweep.count) % SWEEP_SLOTS);
        if (bytes > sweep.owed)
            return sweep;
        sweep.owed -= bytes;
        sweep.count++;
    }
    sweep.owed = 0; // all is written: nothing is left to pay for
    return sweep;
}

static bool is_swept(const struct sweep *sweep, unsigned slot)
{
    return (slot + SWEEP_SLOTS - sweep->first) % SWEEP_SLOTS < sweep->count;
}

static toc_rc put_changes(struct writer *w, const struct sweep *sweep, struct toc_err *err)
{
    const struct toc_state *state = w->state;
    for (size_t i = 0; i < state->undo_count; i++) {
        const struct toc_entry *before = &state->undo[i];
        const struct toc_entry *entry = state_undone(state, i);
        bool swept = is_swept(sweep, table_slice_of(table_key(entry->key)) + 1);
        if (entry->body != NULL ? !swept : before->body != NULL)
            TOC_TRY(put_entry(w, entry, err));
    }
    for (size_t i = 0; i < state->rows.touched_count; i++) {
        const struct row *row = state->rows.touched[i];
        if (row->now.there ? !is_swept(sweep, 0) : row->before.there)
            TOC_TRY(put_row(w, row, err));
    }
    return TOC_OK;
}

static toc_rc put_rows_slot(struct writer *w, struct toc_err *err)
{
    struct rows *rows = &w->state->rows;
    TOC_TRY(rows_sort(rows, err));
    for (size_t i = 0; i < rows->count; i++)
        if (rows->sorted[i]->now.there)
            TOC_TRY(put_row(w, rows->sorted[i], err));
    return TOC_OK;
}

static toc_rc put_slot(struct writer *w, unsigned slot, struct toc_err *err)
{
    if (slot == 0)
        return put_rows_slot(w, err);
    const struct table_slice *slice = &w->state->table.slices[slot - 1];
    for (uint32_t i = 0; i < table_slots(slice); i++) {
        const struct toc_entry *entry = table_at(slice, i);
        if (entry != NULL && entry->body != NULL)
            TOC_TRY(put_entry(w, entry, err));
    }
    return TOC_OK;
}

static toc_rc put_all(struct writer *w, const struct sweep *sweep, struct toc_err *err)
{
    const struct state_log *log = &w->state->log;
    TOC_TRY(put_changes(w, sweep, err));
    for (unsigned i = 0; i < sweep->count; i++)
        TOC_TRY(put_slot(w, (sweep->first + i) % SWEEP_SLOTS, err));
    struct toc_trailer trailer = {
            .sweep = (int32_t)sweep->first,
            .swept = (int32_t)sweep->count,
            .keep = sweep->count == SWEEP_SLOTS
                            ? w->block.transaction
                            : log->begun[(sweep->first + sweep->count) % SWEEP_SLOTS],
    };
    return finish(w, &trailer, err);
}

toc_rc toc_state_blocks(struct toc_state *state, int64_t input_next, toc_state_block_fn *fn,
        void *ctx, struct toc_err *err)
{
    if (!toc_state_changed(state))
        return TOC_OK;
    if (state->unlogged || state->restore != NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_STATE,
                "the state log cannot go on: it lacks an earlier change");
    struct sweep sweep = plan_sweep(state);
    struct writer w = {
            .state = state,
            .fn = fn,
            .ctx = ctx,
            .block = {.version = STATE_BLOCK_VERSION,
                    .transaction = state->log.transaction + 1,
                    .input_next = input_next},
    };
    toc_buf_init(&w.encoded, TOC_STATE_BLOCK_BYTES_MAX);
    toc_rc rc = put_all(&w, &sweep, err);
    if (!toc_failed(rc)) {
        state->pending.written = true;
        state->pending.swept = sweep.count;
        state->pending.owed = sweep.owed;
    }
    toc_buf_done(&w.encoded);
    toc_mem_free(w.block.sets);
    toc_mem_free(w.block.rows);
    return rc;
}

int64_t toc_state_trim_below(const struct toc_state *state)
{
    return state->log.begun[state->log.cursor];
}

bool toc_state_has_log(const struct toc_state *state)
{
    return state->log.transaction > 0;
}
