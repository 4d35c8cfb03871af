#include "hub/replay/replay.h"

#include <stdlib.h>
#include <string.h>

#include "hub/replay/relate.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/topics.h"

// Records held since the last commit, to be done again after a planned abort.
struct kept {
    int64_t offset, append_time;
    struct toc_slice value; // owned
};

struct place {
    struct toc_state *state;
    struct toc_fuse *fuse;
    struct kept *kept;
    size_t kept_count, kept_cap;
    int64_t next; // offset expected
    uint64_t commits;
    struct toc_buf log; // blocks, each behind its length, when restarts are asked for
};

struct toc_replay {
    struct toc_replay_conf conf;
    struct place places[TOC_PARTITIONS_MAX];
    struct toc_state *views[TOC_STATE_LANES]; // a map from id to record for each audience
    struct relate *relate; // NULL: no correlations are wanted
    bool quiet; // the first try of a transaction that will be rolled back: nothing goes out
};

static toc_rc no_memory(struct toc_err *err)
{
    return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for a replay");
}

toc_rc toc_replay_new(const struct toc_replay_conf *conf, struct toc_replay **out, struct toc_err *err)
{
    struct toc_replay *r = toc_mem_alloc(1, sizeof *r);
    if (r == NULL)
        return no_memory(err);
    r->conf = *conf;
    if (r->conf.way.batch == 0)
        r->conf.way.batch = 1;
    if (conf->correlations && toc_failed(relate_new(&r->relate, err))) {
        toc_replay_free(r);
        return no_memory(err);
    }
    *out = r;
    return TOC_OK;
}

static void keep_nothing(struct place *p)
{
    for (size_t i = 0; i < p->kept_count; i++)
        toc_mem_free((void *)(uintptr_t)p->kept[i].value.ptr);
    p->kept_count = 0;
}

static void close_place(struct place *p)
{
    keep_nothing(p);
    toc_mem_free(p->kept);
    toc_fuse_free(p->fuse);
    toc_state_free(p->state);
    toc_buf_done(&p->log);
}

void toc_replay_free(struct toc_replay *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < TOC_PARTITIONS_MAX; i++)
        close_place(&r->places[i]);
    for (size_t i = 0; i < TOC_STATE_LANES; i++)
        toc_state_free(r->views[i]);
    relate_free(r->relate);
    toc_mem_free(r);
}

static toc_rc open_fuse(struct toc_replay *r, int32_t partition, struct place *p, struct toc_err *err)
{
    struct toc_fuse_conf conf = {.partition = partition, .reference = r->conf.reference, .ctx = r->conf.ctx};
    memcpy(conf.genesis_digest, r->conf.genesis_digest, sizeof conf.genesis_digest);
    memcpy(conf.deployment_key, r->conf.deployment_key, sizeof conf.deployment_key);
    p->state = toc_state_new();
    if (p->state == NULL)
        return no_memory(err);
    return toc_fuse_new(&conf, p->state, &p->fuse, err);
}

static toc_rc open_place(struct toc_replay *r, int32_t partition, struct place *p, struct toc_err *err)
{
    toc_buf_init(&p->log, SIZE_MAX / 4);
    TOC_TRY(open_fuse(r, partition, p, err));
    return r->conf.lab == NULL
            ? TOC_OK
            : toc_fuse_lab(p->fuse, r->conf.lab, r->conf.members, r->conf.member_count, err);
}

// --- outputs -----------------------------------------------------------------------------------------

static toc_rc keep_view(struct toc_replay *r, int32_t partition, const struct toc_fuse_record *record, struct toc_err *err)
{
    uint8_t key[16];
    static const uint64_t none[TOC_ENTRY_SAID];
    struct toc_state **map = &r->views[record->audience];
    if (!toc_parse_hex(record->key, key, sizeof key))
        return TOC_OK; // a head
    if (*map == NULL && (*map = toc_state_new()) == NULL)
        return no_memory(err);
    if (record->value.ptr == NULL)
        return toc_state_find(*map, key) == NULL ? TOC_OK : toc_state_drop(*map, key, err);
    TOC_TRY(toc_state_put(*map, key, record->value, 0, none, err));
    toc_state_commit(*map);
    if (r->relate == NULL)
        return TOC_OK;
    const struct toc_genesis *genesis = toc_fuse_genesis(r->places[partition].fuse);
    return relate_view(r->relate, record->audience, genesis->audiences[record->audience].name, partition, record->value,
            record->time, err);
}

struct sink {
    struct toc_replay *replay;
    int32_t partition;
};

static toc_rc emit(void *ctx, const struct toc_fuse_record *record, struct toc_err *err)
{
    const struct sink *sink = ctx;
    struct toc_replay *r = sink->replay;
    if (r->quiet)
        return TOC_OK;
    if (r->conf.observe != NULL)
        r->conf.observe(r->conf.observe_ctx, record, sink->partition);
    return record->where == TOC_OUT_INDICATORS ? keep_view(r, sink->partition, record, err) : TOC_OK;
}

// --- transactions --------------------------------------------------------------------------------------

static toc_rc step(struct toc_replay *r, int32_t partition, struct place *p, const struct kept *k, struct toc_err *err)
{
    struct sink sink = {.replay = r, .partition = partition};
    const struct toc_fuse_input input = {.offset = k->offset, .append_time = k->append_time, .value = k->value};
    if (r->conf.lab != NULL)
        TOC_TRY(toc_fuse_lab_tick(p->fuse, k->append_time / TOC_TICK_MS * TOC_TICK_MS, emit, &sink, err));
    return toc_fuse_step(p->fuse, &input, emit, &sink, err);
}

static toc_rc step_all(struct toc_replay *r, int32_t partition, struct place *p, struct toc_err *err)
{
    for (size_t i = 0; i < p->kept_count; i++)
        TOC_TRY(step(r, partition, p, &p->kept[i], err));
    return TOC_OK;
}

static toc_rc keep_block(void *ctx, struct toc_slice block, struct toc_err *err)
{
    struct place *p = ctx;
    uint64_t len = block.len;
    toc_buf_put(&p->log, &len, sizeof len);
    toc_buf_put_slice(&p->log, block);
    return toc_buf_check(&p->log, "the state log", err);
}

static toc_rc read_back(struct toc_replay *r, int32_t partition, struct place *p, struct toc_err *err)
{
    toc_fuse_free(p->fuse);
    toc_state_free(p->state);
    p->fuse = NULL;
    p->state = NULL;
    TOC_TRY(open_fuse(r, partition, p, err));
    for (size_t at = 0; at < p->log.len;) {
        uint64_t len;
        memcpy(&len, p->log.ptr + at, sizeof len);
        at += sizeof len;
        TOC_TRY(toc_state_restore(p->state, toc_slice(p->log.ptr + at, (size_t)len), err));
        at += (size_t)len;
    }
    int64_t next;
    TOC_TRY(toc_state_restored(p->state, &next, err));
    return toc_fuse_prepare(p->fuse, err);
}

static bool every(uint64_t count, uint32_t n)
{
    return n != 0 && count % n == 0;
}

static toc_rc commit(struct toc_replay *r, int32_t partition, struct place *p, struct toc_err *err)
{
    p->commits++;
    if (every(p->commits, r->conf.way.abort)) {
        r->quiet = true;
        toc_rc rc = step_all(r, partition, p, err);
        r->quiet = false;
        TOC_TRY(rc);
        toc_state_rollback(p->state);
    }
    TOC_TRY(step_all(r, partition, p, err));
    if (r->conf.way.restart != 0)
        TOC_TRY(toc_state_blocks(p->state, p->next, keep_block, p, err));
    toc_state_commit(p->state);
    keep_nothing(p);
    return every(p->commits, r->conf.way.restart) ? read_back(r, partition, p, err) : TOC_OK;
}

toc_rc toc_replay_take(struct toc_replay *r, const struct toc_capture *record, struct toc_err *err)
{
    TOC_ENSURE(record->partition >= 0 && record->partition < TOC_PARTITIONS_MAX, err, TOC_E_RANGE,
            "partition %d in a capture", record->partition);
    struct place *p = &r->places[record->partition];
    if (p->state == NULL)
        TOC_TRY(open_place(r, record->partition, p, err));
    if (r->conf.lab == NULL && record->offset < p->next)
        return TOC_OK;
    void *value = toc_mem_dup(record->value.ptr, record->value.len);
    if (value == NULL || toc_mem_grow((void **)&p->kept, &p->kept_cap, p->kept_count + 1, sizeof *p->kept) != 0) {
        toc_mem_free(value);
        return no_memory(err);
    }
    p->kept[p->kept_count++] = (struct kept){.offset = record->offset, .append_time = record->append_time,
            .value = toc_slice(value, record->value.len)};
    p->next = record->offset + 1;
    return p->kept_count < r->conf.way.batch ? TOC_OK : commit(r, record->partition, p, err);
}

toc_rc toc_replay_end(struct toc_replay *r, struct toc_err *err)
{
    for (int32_t i = 0; i < TOC_PARTITIONS_MAX; i++)
        if (r->places[i].kept_count != 0)
            TOC_TRY(commit(r, i, &r->places[i], err));
    return TOC_OK;
}

const struct toc_genesis *toc_replay_genesis(const struct toc_replay *r)
{
    for (size_t i = 0; i < TOC_PARTITIONS_MAX; i++)
        if (r->places[i].fuse != NULL && toc_fuse_genesis(r->places[i].fuse) != NULL)
            return toc_fuse_genesis(r->places[i].fuse);
    return NULL;
}

struct toc_fuse *toc_replay_fuse(struct toc_replay *r, int32_t partition)
{
    return partition >= 0 && partition < TOC_PARTITIONS_MAX ? r->places[partition].fuse : NULL;
}

struct listed {
    uint8_t key[16];
    struct toc_slice value;
};

static int compare_listed(const void *a, const void *b)
{
    return memcmp(((const struct listed *)a)->key, ((const struct listed *)b)->key, 16);
}

static toc_rc list_map(struct toc_state *map, struct toc_slice audience, toc_replay_view_fn *fn, void *ctx,
        struct toc_err *err)
{
    size_t count = (size_t)toc_state_count(map), n = 0;
    struct listed *all = toc_mem_alloc(count, sizeof *all);
    if (all == NULL)
        return no_memory(err);
    for (const struct toc_entry *e = toc_state_next(map, NULL); e != NULL && n < count; e = toc_state_next(map, e->key)) {
        memcpy(all[n].key, e->key, 16);
        all[n++].value = toc_slice(e->body, e->body_len);
    }
    qsort(all, n, sizeof *all, compare_listed);
    toc_rc rc = TOC_OK;
    struct toc_buf id;
    toc_buf_init(&id, 64);
    for (size_t i = 0; i < n && !toc_failed(rc); i++) {
        toc_buf_clear(&id);
        toc_buf_put_hex(&id, all[i].key, 16);
        rc = fn(ctx, audience, toc_buf_slice(&id), all[i].value, err);
    }
    toc_buf_done(&id);
    toc_mem_free(all);
    return rc;
}

static toc_rc list_all(struct toc_replay *r, bool correlations, toc_replay_view_fn *fn, void *ctx, struct toc_err *err)
{
    const struct toc_genesis *genesis = toc_replay_genesis(r);
    for (size_t a = 0; genesis != NULL && a < genesis->audiences_count; a++) {
        struct toc_state *map = !correlations ? r->views[a]
                : r->relate == NULL           ? NULL
                                              : relate_correlations(r->relate, (int)a);
        if (map != NULL)
            TOC_TRY(list_map(map, genesis->audiences[a].name, fn, ctx, err));
    }
    return TOC_OK;
}

toc_rc toc_replay_views(struct toc_replay *r, toc_replay_view_fn *fn, void *ctx, struct toc_err *err)
{
    return list_all(r, false, fn, ctx, err);
}

toc_rc toc_replay_correlations(struct toc_replay *r, toc_replay_view_fn *fn, void *ctx, struct toc_err *err)
{
    return list_all(r, true, fn, ctx, err);
}
