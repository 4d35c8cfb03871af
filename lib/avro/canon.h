// The Parsing Canonical Form of a schema (Avro 1.11, "Parsing Canonical Form for Schemas") and its
// fingerprint. All of Avro is known here, not only what Tocsin's records use: container files carry
// schemas that others wrote.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

// Appends the canonical form. SYNTAX when the JSON is no schema; names are not looked up.
TOC_NODISCARD toc_rc toc_avro_canonical(
        const json_t *schema, struct toc_buf *out, struct toc_err *err);

// CRC-64-AVRO of the canonical form.
TOC_NODISCARD toc_rc toc_avro_schema_fingerprint(
        const json_t *schema, uint64_t *out, struct toc_err *err);

bool toc_avro_is_primitive(const char *name);
