// Schemas as JSON: made self-contained, and in the Parsing Canonical Form of Avro 1.11 ("Parsing
// Canonical Form for Schemas"), whose CRC-64-AVRO is the fingerprint in the framing. Unlike the
// model these know all of Avro.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "lib/avro/gen/model.h"

// A copy of the type's definition with every type it refers to defined at its first use. New
// reference; attributes that are not Avro's (max, spelling, ...) and docs stay.
json_t *gen_close(struct gen_model *m, const struct gen_type *type);

// Appends the canonical form of a self-contained schema.
void gen_canonical(struct gen_model *m, const json_t *schema, struct toc_buf *out);

uint64_t gen_fingerprint(struct gen_model *m, const json_t *schema);
