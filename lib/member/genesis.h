// The genesis of a deployment, as members and hubs hold it: a file with the signed segment of the first
// control record, and its SHA-256 pinned in the configuration. Everything a connector must know of
// the deployment stands in it: id, number of partitions, audiences.
#pragma once

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "schemas/control.h"

struct toc_genesis_file {
    struct toc_genesis facts; // borrows from what is below: move the whole, copy nothing out
    struct toc_buf value;     // the Kafka value
    struct toc_arena arena;
};

// digest_hex: 64 hex digits. AUTH when the file has another digest, was not signed by one of its own
// root keys, or holds no usable genesis; NOTFOUND, IO.
TOC_NODISCARD toc_rc toc_genesis_load(const char *path, const char *digest_hex,
        struct toc_genesis_file *out, struct toc_err *err);
void toc_genesis_done(struct toc_genesis_file *genesis); // zeroed ones are fine
