// The second path: the same steps as the hub's, from captures, in memory. No broker, no disk, no clock. It
// is how a newcomer merges two feeds without Kafka, and what the hub's output is compared with.
#pragma once

#include "hub/fuse/fuse.h"
#include "schemas/capture.h"

// Ways of going through the log that must make no difference.
struct toc_replay_way {
    uint32_t batch;   // records a transaction, at least 1
    uint32_t abort;   // every n-th transaction is rolled back once and done again; 0: none
    uint32_t restart; // after every n-th transaction the state is read back from its log; 0: never
};

struct toc_replay_conf {
    uint8_t genesis_digest[32], deployment_key[32];
    // Laboratory: no genesis in the log; these stand for it.
    const struct toc_genesis *lab;
    const struct toc_member *members;
    size_t member_count;
    struct toc_reference_set *(*reference)(void *ctx, const struct toc_reference_use *use);
    void *ctx;
    struct toc_replay_way way;
    bool correlations; // keep them, too
    // Every output in order; may be NULL.
    void (*observe)(void *ctx, const struct toc_fuse_record *record, int32_t partition);
    void *observe_ctx;
};

struct toc_replay;

TOC_NODISCARD toc_rc toc_replay_new(const struct toc_replay_conf *conf, struct toc_replay **out, struct toc_err *err);
void toc_replay_free(struct toc_replay *replay);

// One record of submit. Those of one partition must come in order of offset; what is not above the last one
// is left out (captures overlap), but in a laboratory, where files are simply joined.
TOC_NODISCARD toc_rc toc_replay_take(struct toc_replay *replay, const struct toc_capture *record, struct toc_err *err);
// The end of the log: commits what is in hand.
TOC_NODISCARD toc_rc toc_replay_end(struct toc_replay *replay, struct toc_err *err);

// The audiences, once genesis was seen.
const struct toc_genesis *toc_replay_genesis(const struct toc_replay *replay);

// Every view as last published, gone ones left out: audience by audience, in order of id.
typedef toc_rc toc_replay_view_fn(void *ctx, struct toc_slice audience, struct toc_slice id, struct toc_slice value,
        struct toc_err *err);
TOC_NODISCARD toc_rc toc_replay_views(struct toc_replay *replay, toc_replay_view_fn *fn, void *ctx, struct toc_err *err);

// Every correlation likewise; none unless the configuration asked for them.
TOC_NODISCARD toc_rc toc_replay_correlations(struct toc_replay *replay, toc_replay_view_fn *fn, void *ctx, struct toc_err *err);

// The partition's fuse, for questions; NULL when nothing came for it.
struct toc_fuse *toc_replay_fuse(struct toc_replay *replay, int32_t partition);
