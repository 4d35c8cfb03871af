// Random records: values of every field of a record's table, within the schema's limits, with the
// edges (empty, longest, smallest, greatest) far more often than chance would have them. The same seed
// gives the same values.
#pragma once

#include "lib/avro/rt.h"

struct any {
    uint64_t state;
    struct toc_arena *arena; // text, bytes, items
    size_t most_items;       // of an array, below the schema's own limit, so that tests stay quick
    bool for_json; // only what the JSON form can carry: times of 1970..9999, text without NUL
};

uint64_t any_number(struct any *any, uint64_t below);
void any_record(struct any *any, const struct toc_avro_record *record, void *out);
