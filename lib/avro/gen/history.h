// Released versions of a record: DIR/<record>.<n>.avsc, n = 1, 2, ..., each self-contained.
//
// A schema grows by fields with defaults and by enums with a default symbol, at their end; nothing
// else changes once it was released, so that whoever reads with any released version goes on reading.
#pragma once

#include <jansson.h>

#include "lib/avro/gen/model.h"

// A copy of the type's definition with every type it refers to defined at its first use. New
// reference; docs and the attributes that are Tocsin's own (max, spelling, ...) stay.
json_t *gen_close(struct gen_model *m, const struct gen_type *type);

uint64_t gen_fingerprint(const json_t *closed);

// Every released version of one record, in models of their own.
struct gen_history {
    struct gen_model *models;
    struct gen_type **types; // of version i + 1
    uint64_t *fingerprints;
    size_t count;
};
void gen_history_load(
        struct gen_model *m, const char *dir, const struct gen_type *type, struct gen_history *out);
void gen_history_done(struct gen_history *history);

// Ends the process when the step from `old` to `now` breaks the rule above.
void gen_check_step(const struct gen_type *old, const struct gen_type *now);

// For each record of the model's own files: the rule over all versions, and that the newest is the
// current one. With `write` a record that differs gets its next version instead; with `rewrite` the
// newest is written over.
void gen_check_history(struct gen_model *m, const char *dir, bool write, bool rewrite);
