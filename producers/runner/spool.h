// The state directory of a publisher: who it is (writer), how far it has counted (seq, previous), what is
// sealed but not yet sent, the last full list of each feed. One process at a time, by a lock.
//
//   lock               held while a publisher runs
//   publisher.json     member, deployment, writer, next seq, last position per partition
//   spool/new          a submission in the making; removed at the next start
//   spool/<seq>        a whole submission: meta.json, segments, acks; removed once all is sent
//   lists/<feed>       the last full list
//
// A submission exists from the moment its directory gets its number as name (one rename): before it
// nothing of it was sent and its number is still free, behind it the number is taken for good and
// the very same bytes are sent until the broker has them. What follows the rename (the list, publisher.json)
// is made up for at the next start.
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "lib/base/err.h"
#include "lib/base/limits.h"
#include "producers/runner/seal.h"
#include "schemas/types.h"

#define TOC_SPOOL_PENDING_MAX 1000 // submissions waiting for a broker; then reading stops

struct toc_spool_owner {
    const char *member;
    uint8_t deployment[16];
    int32_t partitions;
    const uint8_t *writer; // of a new directory; NULL: 8 random bytes
};

struct toc_spool; // one thread

// Makes the directory if need be. BUSY when another publisher holds it; STATE when it belongs to another
// member or deployment, or contradicts itself.
TOC_NODISCARD toc_rc toc_spool_open(const char *dir, const struct toc_spool_owner *owner,
        struct toc_spool **out, struct toc_err *err);
void toc_spool_close(struct toc_spool *spool); // NULL is fine; drops a submission in the making

const uint8_t *toc_spool_writer(const struct toc_spool *spool); // 8 bytes
int64_t toc_spool_next_seq(const struct toc_spool *spool);
const char *toc_spool_dir(const struct toc_spool *spool); // "spool": for files without a name
// Path of the last full list of a feed in a state directory, and of the one in the making.
TOC_NODISCARD toc_rc toc_spool_list_path(
        const char *dir, const char *feed, char out[TOC_PATH_BYTES_MAX], struct toc_err *err);
TOC_NODISCARD toc_rc toc_spool_new_list_path(
        const struct toc_spool *spool, char out[TOC_PATH_BYTES_MAX], struct toc_err *err);

// A submission: begin, seal into the sink with the positions, commit (or drop).
TOC_NODISCARD toc_rc toc_spool_begin(struct toc_spool *spool, struct toc_err *err);
struct toc_seal_sink toc_spool_sink(struct toc_spool *spool);
struct toc_position *toc_spool_positions(
        struct toc_spool *spool); // one per partition; moved by sealing
struct toc_spool_meta {
    const char *feed; // "" = none
    int64_t observations;
    int32_t segments;
};
TOC_NODISCARD toc_rc toc_spool_commit(
        struct toc_spool *spool, const struct toc_spool_meta *meta, struct toc_err *err);
void toc_spool_drop(struct toc_spool *spool);

// The numbers of whole submissions that wait, ascending. *out is for toc_mem_free.
TOC_NODISCARD toc_rc toc_spool_pending(
        const struct toc_spool *spool, int64_t **out, size_t *out_count, struct toc_err *err);
// All of it is sent.
TOC_NODISCARD toc_rc toc_spool_remove(struct toc_spool *spool, int64_t seq, struct toc_err *err);
TOC_NODISCARD toc_rc toc_spool_path(const struct toc_spool *spool, int64_t seq, const char *name,
        char out[TOC_PATH_BYTES_MAX], struct toc_err *err);

// Form of `segments`: per segment partition, index, observations, length (4 bytes each, little-endian),
// then the value; ascending by partition and index.
#define TOC_SPOOL_SEGMENTS "segments"
#define TOC_SPOOL_ACKS                                                                             \
    "acks" // the index (4 bytes, little-endian) of each segment the broker has stored
#define TOC_SPOOL_HEAD_BYTES 16
