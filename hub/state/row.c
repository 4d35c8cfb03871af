#include "hub/state/row.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/mem.h"

#define SLOTS_LEAST 64

static struct toc_slice name_of(const struct row *row)
{
    return toc_slice(row->name, row->name_len);
}

static uint64_t memory_of(const struct row *row)
{
    return sizeof *row + row->name_len + 1 + row->now.cap + row->before.cap;
}

void rows_init(struct rows *rows, uint64_t seed)
{
    *rows = (struct rows){.seed = seed};
}

static void row_free(struct row *row)
{
    toc_mem_free(row->now.ptr);
    toc_mem_free(row->before.ptr);
    toc_mem_free(row);
}

void rows_done(struct rows *rows)
{
    for (size_t i = 0; i < rows->slot_count; i++)
        if (rows->slots[i] != NULL)
            row_free(rows->slots[i]);
    toc_mem_free(rows->slots);
    toc_mem_free(rows->touched);
    toc_mem_free(rows->sorted);
    *rows = (struct rows){0};
}

// --- the table of names --------------------------------------------------------------------------

// The row's slot, or the empty one where it belongs.
static size_t slot_of(const struct rows *rows, struct toc_slice name, uint64_t hash)
{
    size_t mask = rows->slot_count - 1, slot = hash & mask;
    for (; rows->slots[slot] != NULL; slot = (slot + 1) & mask)
        if (rows->slots[slot]->hash == hash && toc_slice_eq(name_of(rows->slots[slot]), name))
            break;
    return slot;
}

static struct row *lookup(const struct rows *rows, struct toc_slice name)
{
    if (rows->slot_count == 0)
        return NULL;
    return rows->slots[slot_of(rows, name, toc_mix64(name, rows->seed))];
}

static toc_rc no_memory(struct toc_err *err)
{
    return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "no memory for the rows of the state");
}

static toc_rc widen(struct rows *rows, struct toc_err *err)
{
    if (rows->count + 1 <= rows->slot_count / 2)
        return TOC_OK;
    size_t old_count = rows->slot_count;
    size_t slot_count = old_count == 0 ? SLOTS_LEAST : old_count * 2;
    struct row **old = rows->slots, **slots = toc_mem_alloc(slot_count, sizeof *slots);
    if (slots == NULL)
        return no_memory(err);
    rows->slots = slots;
    rows->slot_count = slot_count;
    for (size_t i = 0; i < old_count; i++)
        if (old[i] != NULL)
            slots[slot_of(rows, name_of(old[i]), old[i]->hash)] = old[i];
    rows->bytes += (slot_count - old_count) * sizeof *slots;
    toc_mem_free(old);
    return TOC_OK;
}

static toc_rc add(struct rows *rows, struct toc_slice name, struct row **out, struct toc_err *err)
{
    TOC_TRY(widen(rows, err));
    struct row *row = toc_mem_alloc(1, sizeof *row + name.len + 1);
    if (row == NULL)
        return no_memory(err);
    row->hash = toc_mix64(name, rows->seed);
    row->name_len = (uint8_t)name.len;
    memcpy(row->name, name.ptr, name.len);
    rows->slots[slot_of(rows, name, row->hash)] = row;
    rows->count++;
    rows->bytes += memory_of(row);
    rows->in_order = false;
    *out = row;
    return TOC_OK;
}

// The ones after it in its probe move up, so that no marks of erased slots are needed.
static void erase(struct rows *rows, struct row *row)
{
    size_t mask = rows->slot_count - 1, hole = slot_of(rows, name_of(row), row->hash);
    for (size_t i = (hole + 1) & mask; rows->slots[i] != NULL; i = (i + 1) & mask) {
        size_t home = rows->slots[i]->hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            rows->slots[hole] = rows->slots[i];
            hole = i;
        }
    }
    rows->slots[hole] = NULL;
    rows->count--;
    rows->bytes -= memory_of(row);
    rows->in_order = false;
    row_free(row);
}

// --- values --------------------------------------------------------------------------------------

struct toc_slice rows_get(const struct rows *rows, struct toc_slice name)
{
    const struct row *row = lookup(rows, name);
    if (row == NULL || !row->now.there)
        return (struct toc_slice){NULL, 0};
    return toc_slice(row->now.ptr, row->now.len);
}

// Room for a new value: in the buffer the row has beside the committed value.
static toc_rc make_room(struct rows *rows, struct row *row, size_t len, struct toc_err *err)
{
    struct row_value *into = row->touched ? &row->now : &row->before;
    if (len <= into->cap)
        return TOC_OK;
    size_t cap = len + len / 4;
    uint8_t *grown = toc_mem_resize(into->ptr, cap, 1);
    if (grown == NULL)
        return no_memory(err);
    rows->bytes += cap - into->cap;
    into->ptr = grown;
    into->cap = (uint32_t)cap;
    return TOC_OK;
}

static toc_rc reserve_touch(struct rows *rows, struct toc_err *err)
{
    if (toc_mem_grow((void **)&rows->touched, &rows->touched_cap, rows->touched_count + 1,
                sizeof(struct row *)) != 0)
        return no_memory(err);
    return TOC_OK;
}

static void touch(struct rows *rows, struct row *row)
{
    if (row->touched)
        return;
    struct row_value committed = row->now;
    row->now = row->before;
    row->before = committed;
    row->touched = true;
    rows->touched[rows->touched_count++] = row;
}

toc_rc rows_set(
        struct rows *rows, struct toc_slice name, struct toc_slice value, struct toc_err *err)
{
    struct row *row = lookup(rows, name);
    if (value.ptr == NULL && (row == NULL || !row->now.there))
        return TOC_OK;
    TOC_TRY(reserve_touch(rows, err));
    if (row == NULL)
        TOC_TRY(add(rows, name, &row, err));
    toc_rc rc = make_room(rows, row, value.len, err);
    if (toc_failed(rc)) {
        if (!row->touched && !row->now.there)
            erase(rows, row); // it was made just now
        return rc;
    }
    rows->value_bytes -= row_logged_bytes(row);
    touch(rows, row);
    row->now.there = value.ptr != NULL;
    row->now.len = (uint32_t)value.len;
    if (value.len != 0)
        memmove(row->now.ptr, value.ptr, value.len);
    rows->value_bytes += row_logged_bytes(row);
    return TOC_OK;
}

void rows_commit(struct rows *rows)
{
    for (size_t i = 0; i < rows->touched_count; i++) {
        struct row *row = rows->touched[i];
        row->touched = false;
        if (!row->now.there)
            erase(rows, row);
    }
    rows->touched_count = 0;
}

void rows_rollback(struct rows *rows)
{
    for (size_t i = 0; i < rows->touched_count; i++) {
        struct row *row = rows->touched[i];
        struct row_value now = row->now;
        rows->value_bytes -= row_logged_bytes(row);
        row->now = row->before;
        row->before = now;
        row->touched = false;
        rows->value_bytes += row_logged_bytes(row);
        if (!row->now.there)
            erase(rows, row);
    }
    rows->touched_count = 0;
}

// --- order ---------------------------------------------------------------------------------------

static int by_name(const void *a, const void *b)
{
    return toc_slice_cmp(name_of(*(struct row *const *)a), name_of(*(struct row *const *)b));
}

toc_rc rows_sort(struct rows *rows, struct toc_err *err)
{
    if (rows->in_order)
        return TOC_OK;
    if (toc_mem_grow(
                (void **)&rows->sorted, &rows->sorted_cap, rows->count, sizeof(struct row *)) != 0)
        return no_memory(err);
    size_t n = 0;
    for (size_t i = 0; i < rows->slot_count; i++)
        if (rows->slots[i] != NULL)
            rows->sorted[n++] = rows->slots[i];
    if (n != 0)
        qsort(rows->sorted, n, sizeof(struct row *), by_name);
    rows->in_order = true;
    return TOC_OK;
}

size_t rows_from(const struct rows *rows, struct toc_slice name)
{
    size_t low = 0, high = rows->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (toc_slice_cmp(name_of(rows->sorted[mid]), name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}
