#include "hub/worker/held.h"

#include "lib/base/mem.h"

bool held_add(struct held *held, const struct toc_record *record)
{
    if (toc_mem_grow((void **)&held->items, &held->cap, held->count + 1, sizeof *held->items) != 0)
        return false;
    held->items[held->count++] = *record;
    held->bytes += record->value.len;
    return true;
}

void held_clear(struct held *held)
{
    for (size_t i = 0; i < held->count; i++)
        toc_record_done(&held->items[i]);
    held->count = held->bytes = 0;
}

void held_drop_partition(struct held *held, int32_t partition)
{
    size_t kept = 0;
    for (size_t i = 0; i < held->count; i++) {
        if (held->items[i].partition == partition) {
            held->bytes -= held->items[i].value.len;
            toc_record_done(&held->items[i]);
        } else {
            held->items[kept++] = held->items[i];
        }
    }
    held->count = kept;
}

void held_done(struct held *held)
{
    held_clear(held);
    toc_mem_free(held->items);
    held->items = NULL;
    held->cap = 0;
}
