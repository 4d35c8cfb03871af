// Indicators -> one STIX 2.1 bundle. Pure: the same records give the same bytes.
//
//   toc_stix_bundle_open(&w, &out); for each record: toc_stix_write_indicator(&w, ...);
//   toc_stix_bundle_close(&w);
//
// Every bundle carries what its objects refer to: the Tocsin identity, the TLP 2.0 marking of the
// audience with its extension definition. Each call writes one whole JSON value, so a caller may also
// write the objects one by one. Ids are UUIDv5 in Tocsin's own namespace (SHOULD be v4;
// MUST NOT use the OASIS one: STIX 2.1 section 2.9), so that the same indicator has the same id for
// ever and for everybody.
//
//   id        toc_identity_stix_id: readers know it again even when created_by_ref was taken off
//   created   born, when this view came to be
//   modified  published + (n - 1) ms: grows with each revision, even with two in one tick
//   revoked   status withdrawn or gone (an expired one is past its valid_until)
//   valid_from / valid_until   first seen (or born) / drop after (or the stated end, if there is one)
//   labels    the tags, and tocsin:advice=..., tocsin:score=...; readers refuse these as echo
// A cve becomes a vulnerability object, everything else an indicator. Relations are not written.
#pragma once

#include <stdint.h>

#include "lib/base/json.h"
#include "schemas/indicator.h"
#include "schemas/types.h"

struct toc_stix_bundle {
    const char *audience;     // names the bundle: part of its id
    enum toc_marking marking; // highest of the audience: what every view in it is marked
    int64_t time;             // of the picture (stream time, ms): the other part of the bundle's id
};

void toc_stix_bundle_open(struct toc_jw *w, const struct toc_stix_bundle *bundle);
// `published`: Kafka timestamp of the record (stream time, ms); 0 = born.
void toc_stix_write_indicator(struct toc_jw *w, const struct toc_stix_bundle *bundle,
        const struct toc_indicator *indicator, int64_t published);
void toc_stix_bundle_close(struct toc_jw *w);
