// Framing of records on the wire: Avro single-object encoding (Avro 1.11, "Single-object encoding"):
// C3 01, then the CRC-64-AVRO fingerprint of the schema's Parsing Canonical Form, little-endian, then
// the binary body. Self-contained: no registry is asked.
#pragma once

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

#define TOC_FRAME_BYTES 10 // of the header

// Splits a framed record; *body is borrowed from it. SCHEMA when the header is missing or another's.
TOC_NODISCARD toc_rc toc_frame_open(struct toc_slice framed, uint64_t *fingerprint,
        struct toc_slice *body, struct toc_err *err);

// Appends the header.
void toc_frame_put(struct toc_buf *out, uint64_t fingerprint);

// CRC-64-AVRO (Avro 1.11, "Schema Fingerprints") over the canonical form of a schema.
uint64_t toc_avro_fingerprint(struct toc_slice canonical);
