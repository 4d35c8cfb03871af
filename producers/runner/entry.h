// An observation between reading and sealing: bytes of its Avro form under a sort key
//   partition (4, big-endian), marking (1), indicator key (16), what is said (1)
// so that sorting brings together what goes into one segment, and what is said twice.
#pragma once

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/indicator/key.h"
#include "producers/runner/sorter.h"
#include "schemas/observation.h"
#include "schemas/types.h"

// Bytes of a sort key without its last: one indicator under one marking.
#define TOC_ENTRY_SAME_BYTES (TOC_SORT_KEY_BYTES - 1)

// assert, withdraw and refute are one stance, of which the last statement counts; sightings and hits are
// counted beside it.
void toc_entry_key(uint32_t partition, enum toc_marking marking, const uint8_t key[TOC_KEY_BYTES],
        enum toc_action action, uint8_t out[TOC_SORT_KEY_BYTES]);
uint32_t toc_entry_partition(const uint8_t *sort_key);
enum toc_marking toc_entry_marking(const uint8_t *sort_key);

void toc_entry_put(const struct toc_observation *obs, struct toc_buf *out);
// Reads back what toc_entry_put wrote. STATE when it is something else.
TOC_NODISCARD toc_rc toc_entry_get(struct toc_slice bytes, struct toc_arena *arena,
        struct toc_observation *out, struct toc_err *err);

// The sorter's merge of two statements under one sort key; ctx is a struct toc_arena of its own. The newer
// one counts; first seen is the earliest, last seen the latest, tags, relations and references
// are joined; sightings and hits add up, of a stance the larger count stays.
toc_rc toc_entry_merge(void *ctx, struct toc_slice older, struct toc_slice newer,
        struct toc_buf *out, struct toc_err *err);
#define TOC_ENTRY_ARENA_BYTES (1024 * 1024)
