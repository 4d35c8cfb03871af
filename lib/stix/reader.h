// What learn.c and read.c share. Inside lib/stix only.
#pragma once

#include "lib/base/buf.h"
#include "lib/stix/context.h"
#include "lib/stix/read.h"

struct toc_stix_reader {
    struct toc_stix_options options;
    struct toc_stix_context context;
    struct toc_stix_counts counts;
    struct toc_arena scratch; // of one learn: pattern terms
    struct toc_buf value;     // a canonical value under way
};

// Canonical form of a raw value in reader->value; *kind may become narrower.
enum toc_refusal toc_stix_canon(
        struct toc_stix_reader *reader, enum toc_kind *kind, struct toc_slice raw);

// The CVE numbers a vulnerability names, raw: at most `max`, the name itself among them.
size_t toc_stix_cves(const json_t *object, struct toc_slice *out, size_t max);
