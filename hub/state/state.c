#include "hub/state/state.h"

#include <string.h>

#include "hub/state/inner.h"
#include "lib/base/mem.h"

// Undo: the first touch of an entry in a transaction keeps it as it was, body and all, and marks it.
// A dropped entry keeps its slot (without a body) until the commit, so that rollback finds every
// slot where it was and never needs memory.

#define UNDO_KEPT 65536 // entries of undo whose memory is kept for the next transaction

toc_rc state_no_memory(struct toc_err *err)
{
    return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "no memory for the state");
}

struct toc_state *toc_state_new(void)
{
    uint64_t seed[3];
    struct toc_state *state = toc_mem_alloc(1, sizeof *state);
    if (state == NULL || toc_failed(toc_random(seed, sizeof seed, NULL))) {
        toc_mem_free(state);
        return NULL;
    }
    table_init(&state->table, seed);
    rows_init(&state->rows, seed[2]);
    return state;
}

static void free_large_bodies(struct toc_state *state)
{
    for (unsigned s = 0; s < TOC_STATE_SLICES; s++) {
        const struct table_slice *slice = &state->table.slices[s];
        for (uint32_t i = 0; i < table_slots(slice); i++)
            if (table_at(slice, i) != NULL && slice->entries[i].body_len > SLAB_BYTES_MAX)
                slab_free(&state->slab, slice->entries[i].body, slice->entries[i].body_len);
    }
    for (size_t i = 0; i < state->undo_count; i++)
        if (state->undo[i].body_len > SLAB_BYTES_MAX)
            slab_free(&state->slab, state->undo[i].body, state->undo[i].body_len);
}

void toc_state_free(struct toc_state *state)
{
    if (state == NULL)
        return;
    free_large_bodies(state);
    slab_done(&state->slab);
    table_done(&state->table);
    rows_done(&state->rows);
    for (unsigned i = 0; i < TOC_STATE_LANES; i++)
        timers_done(&state->lanes[i]);
    toc_mem_free(state->undo);
    walk_done(&state->walk);
    restore_free(state->restore);
    toc_mem_free(state);
}

// --- entries -------------------------------------------------------------------------------------

const struct toc_entry *toc_state_find(const struct toc_state *state, const uint8_t key[16])
{
    const struct toc_entry *entry = table_find(&state->table, key);
    return entry == NULL || entry->body == NULL ? NULL : entry;
}

void toc_state_prefetch(const struct toc_state *state, const uint8_t key[16])
{
    table_prefetch(&state->table, key);
}

void toc_state_prefetch_early(const struct toc_state *state, const uint8_t key[16])
{
    table_prefetch_early(&state->table, key);
}

// Takes an entry out of the sums (before it changes) or into them (after).
static void uncount(struct toc_state *state, const struct toc_entry *entry)
{
    state->live -= entry->body != NULL;
    state->slice_bytes[table_slice_of(table_key(entry->key))] -= state_logged_bytes(entry);
}

static void count(struct toc_state *state, const struct toc_entry *entry)
{
    state->live += entry->body != NULL;
    state->slice_bytes[table_slice_of(table_key(entry->key))] += state_logged_bytes(entry);
}

// The entry of a key, ready for another body: it has a slot, undo keeps it as it was before the
// transaction, and a body that it got in this one is freed.
static struct toc_entry *touch(struct toc_state *state, const uint8_t key[16])
{
    struct toc_entry *entry = table_find(&state->table, key);
    if (entry != NULL && entry->touched) {
        state->changed_bytes -= STATE_SET_BYTES + entry->body_len;
        slab_free(&state->slab, entry->body, entry->body_len);
        return entry;
    }
    if (toc_mem_grow((void **)&state->undo, &state->undo_cap, state->undo_count + 1,
                sizeof *state->undo) != 0)
        return NULL;
    if (entry == NULL)
        entry = table_insert(&state->table, key);
    if (entry == NULL)
        return NULL;
    state->undo[state->undo_count++] = *entry;
    entry->touched = 1;
    return entry;
}

static void set_body(struct toc_state *state, struct toc_entry *entry, uint8_t *body, uint32_t len)
{
    uncount(state, entry);
    entry->body = body;
    entry->body_len = len & 0xffffff;
    count(state, entry);
}

static void set_touched(
        struct toc_state *state, struct toc_entry *entry, uint8_t *body, uint32_t len)
{
    set_body(state, entry, body, len);
    state->changed_bytes += STATE_SET_BYTES + len;
    state->pending.written = false;
}

static toc_rc check_value(struct toc_slice value, const char *what, struct toc_err *err)
{
    TOC_ENSURE(value.len > 0, err, TOC_E_RANGE, "%s of no bytes", what);
    TOC_ENSURE(value.len <= TOC_STATE_VALUE_BYTES_MAX, err, TOC_E_LIMIT,
            "%s of %zu bytes, at most %d (TOC_STATE_VALUE_BYTES_MAX)", what, value.len,
            TOC_STATE_VALUE_BYTES_MAX);
    return TOC_OK;
}

toc_rc toc_state_put(struct toc_state *state, const uint8_t key[16], struct toc_slice body,
        uint32_t rules, const uint64_t said[TOC_ENTRY_SAID], struct toc_err *err)
{
    TOC_TRY(check_value(body, "an entry", err));
    uint8_t *copy = slab_take(&state->slab, (uint32_t)body.len);
    if (copy == NULL)
        return state_no_memory(err);
    memcpy(copy, body.ptr, body.len); // before anything is freed: it may be this entry's own
    struct toc_entry *entry = touch(state, key);
    if (entry == NULL) {
        slab_free(&state->slab, copy, (uint32_t)body.len);
        return state_no_memory(err);
    }
    set_touched(state, entry, copy, (uint32_t)body.len);
    entry->rules = rules;
    memcpy(entry->said, said, sizeof entry->said);
    return TOC_OK;
}

static toc_rc place_body(struct toc_state *state, struct toc_entry *entry, struct toc_slice body,
        struct toc_err *err)
{
    uint32_t len = (uint32_t)body.len;
    uint8_t *place = slab_exchange(&state->slab, entry->body, entry->body_len, len);
    if (place == NULL)
        return state_no_memory(err);
    memcpy(place, body.ptr, len);
    set_body(state, entry, place, len);
    return TOC_OK;
}

toc_rc state_place(
        struct toc_state *state, const uint8_t key[16], struct toc_slice body, struct toc_err *err)
{
    struct toc_entry *entry = table_find(&state->table, key);
    if (body.len == 0 && entry == NULL)
        return TOC_OK;
    if (body.len == 0) {
        slab_free(&state->slab, entry->body, entry->body_len);
        set_body(state, entry, NULL, 0);
        table_erase(&state->table, entry);
        return TOC_OK;
    }
    if (entry == NULL)
        entry = table_insert(&state->table, key);
    return entry == NULL ? state_no_memory(err) : place_body(state, entry, body, err);
}

toc_rc toc_state_drop(struct toc_state *state, const uint8_t key[16], struct toc_err *err)
{
    if (toc_state_find(state, key) == NULL)
        return TOC_OK;
    struct toc_entry *entry = touch(state, key);
    if (entry == NULL)
        return state_no_memory(err);
    set_touched(state, entry, NULL, 0);
    return TOC_OK;
}

uint64_t toc_state_count(const struct toc_state *state)
{
    return state->live;
}

uint64_t toc_state_bytes(const struct toc_state *state)
{
    uint64_t bytes = sizeof *state + state->table.bytes + state->rows.bytes + state->slab.bytes +
                     state->undo_cap * sizeof *state->undo;
    for (unsigned i = 0; i < TOC_STATE_LANES; i++)
        bytes += (state->lanes[i].count + state->lanes[i].taken) * sizeof(struct timer);
    return bytes;
}

// --- rows ----------------------------------------------------------------------------------------

struct toc_slice toc_state_row(const struct toc_state *state, const char *name)
{
    return rows_get(&state->rows, toc_slice_of(name));
}

bool state_row_name_ok(struct toc_slice name)
{
    if (name.len == 0 || name.len > TOC_STATE_NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] < ' ' || name.ptr[i] > '~')
            return false;
    return true;
}

toc_rc toc_state_row_put(
        struct toc_state *state, const char *name, struct toc_slice value, struct toc_err *err)
{
    TOC_ENSURE(state_row_name_ok(toc_slice_of(name)), err, TOC_E_RANGE, "a row with such a name");
    TOC_TRY(check_value(value, "a row", err));
    state->pending.written = false;
    return rows_set(&state->rows, toc_slice_of(name), value, err);
}

toc_rc toc_state_row_drop(struct toc_state *state, const char *name, struct toc_err *err)
{
    state->pending.written = false;
    return rows_set(&state->rows, toc_slice_of(name), (struct toc_slice){NULL, 0}, err);
}

toc_rc toc_state_rows(const struct toc_state *state, const char *prefix, toc_state_row_fn *fn,
        void *ctx, struct toc_err *err)
{
    struct rows *rows = (struct rows *)(uintptr_t)&state->rows; // the order is only a cache
    struct toc_slice start = toc_slice_of(prefix);
    TOC_TRY(rows_sort(rows, err));
    for (size_t i = rows_from(rows, start); i < rows->count; i++) {
        const struct row *row = rows->sorted[i];
        if (!toc_slice_starts(toc_slice(row->name, row->name_len), start))
            break;
        if (row->now.there)
            TOC_TRY(fn(ctx, row->name, toc_slice(row->now.ptr, row->now.len), err));
    }
    return TOC_OK;
}

// --- timers --------------------------------------------------------------------------------------

toc_rc toc_state_timer(struct toc_state *state, unsigned lane, int64_t due, const uint8_t key[16],
        struct toc_err *err)
{
    if (!timers_push(&state->lanes[lane], (struct timer){due, table_key(key).low}))
        return state_no_memory(err);
    return TOC_OK;
}

bool toc_state_timer_take(
        struct toc_state *state, unsigned lane, int64_t now, int64_t *out_due, uint8_t out_key[16])
{
    const struct toc_entry *entry = timers_take(&state->lanes[lane], &state->table, now, out_due);
    if (entry == NULL)
        return false;
    memcpy(out_key, entry->key, sizeof entry->key);
    return true;
}

// --- transactions --------------------------------------------------------------------------------

bool toc_state_changed(const struct toc_state *state)
{
    return state->undo_count != 0 || state->rows.touched_count != 0;
}

uint64_t toc_state_rollbacks(const struct toc_state *state)
{
    return state->rollbacks;
}

static void log_commit(struct toc_state *state)
{
    struct state_log *log = &state->log;
    if (!state->pending.written) {
        state->unlogged = state->unlogged || toc_state_changed(state);
        return;
    }
    log->transaction++;
    for (unsigned i = 0; i < state->pending.swept; i++) {
        log->begun[log->cursor] = log->transaction;
        log->cursor = (log->cursor + 1) % SWEEP_SLOTS;
    }
    log->owed = state->pending.owed;
}

static void end_transaction(struct toc_state *state)
{
    if (state->undo_cap > UNDO_KEPT) {
        toc_mem_free(state->undo);
        state->undo = NULL;
        state->undo_cap = 0;
    }
    state->undo_count = 0;
    state->changed_bytes = 0;
    state->pending.written = false;
}

// After the sweep: those that are left have an entry each and differ, but are not meant.
static bool lanes_overgrown(const struct toc_state *state)
{
    bool overgrown = false;
    for (unsigned i = 0; i < TOC_STATE_LANES && state->derive != NULL; i++)
        overgrown = overgrown || timers_overgrown(&state->lanes[i], state->live);
    return overgrown;
}

void toc_state_derive_with(struct toc_state *state, toc_state_derive_fn *derive, void *ctx)
{
    state->derive = derive;
    state->derive_ctx = ctx;
}

void toc_state_commit(struct toc_state *state)
{
    log_commit(state);
    for (size_t i = 0; i < state->undo_count; i++) {
        struct toc_entry *entry = state_undone(state, i);
        entry->touched = 0;
        slab_free(&state->slab, state->undo[i].body, state->undo[i].body_len);
        if (entry->body == NULL)
            table_erase(&state->table, entry);
    }
    rows_commit(&state->rows);
    for (unsigned i = 0; i < TOC_STATE_LANES; i++)
        timers_commit(&state->lanes[i], &state->table, state->live);
    end_transaction(state);
    if (lanes_overgrown(state))
        state_rebuild_lanes(state);
}

void toc_state_rollback(struct toc_state *state)
{
    for (size_t i = 0; i < state->undo_count; i++) {
        const struct toc_entry *before = &state->undo[i];
        struct toc_entry *entry = table_find(&state->table, before->key);
        uncount(state, entry);
        slab_free(&state->slab, entry->body, entry->body_len);
        *entry = *before;
        count(state, entry);
        if (entry->body == NULL)
            table_erase(&state->table, entry);
    }
    rows_rollback(&state->rows);
    for (unsigned i = 0; i < TOC_STATE_LANES; i++)
        timers_rollback(&state->lanes[i]);
    end_transaction(state);
    state->rollbacks++;
}
