// Records stepped but not yet committed, in the order they came: what an abort does again.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/bus/record.h"

struct held {
    struct toc_record *items;
    size_t count, cap, bytes;
};

bool held_add(struct held *held, const struct toc_record *record); // takes the message over; false: no memory
void held_clear(struct held *held);                                // all done: frees the messages
void held_drop_partition(struct held *held, int32_t partition);    // another owner does them
void held_done(struct held *held);
