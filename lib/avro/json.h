// The JSON form of records, over the tables of the generated code. Rules (schemas/JSON.md has them
// for writers in other languages): an enum is its spelling, a timestamp RFC 3339, a fixed lower-case
// hex, bytes base64 (RFC 4648 section 4); empty text, empty arrays, nulls and timestamps of 0 are left
// out, all else is written. Reading takes symbols beside spellings, gives missing fields their
// default, and refuses unknown fields, wrong types and what is beyond the schema's limits.
#pragma once

#include "lib/avro/rt.h"
#include "lib/base/json.h"

void toc_avro_json_put(const struct toc_avro_record *record, const void *value, struct toc_jw *w);

// Text and bytes are copied into the arena, nothing of `json` is held. A failure's text starts with a
// refusal code of schemas/refusals.tsv and ": ", then names the field.
TOC_NODISCARD toc_rc toc_avro_json_get(const struct toc_avro_record *record, const json_t *json,
        struct toc_arena *arena, void *out, struct toc_err *err);

// The refusal code at the front of such a failure, for toc_refusal_parse. Borrowed from err.
struct toc_slice toc_avro_json_refusal(const struct toc_err *err);
