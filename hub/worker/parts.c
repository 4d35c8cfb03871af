#include "hub/worker/parts.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/bus/admin.h"
#include "lib/bus/walk.h"

#define ADMIN_TIMEOUT_MS 30000
#define RESTORE_SILENCE_MS 60000

struct part *parts_find(struct parts *parts, int32_t partition)
{
    for (size_t i = 0; i < parts->count; i++)
        if (parts->items[i].partition == partition)
            return &parts->items[i];
    return NULL;
}

static void part_free(const struct parts *parts, struct part *part)
{
    if (part->instance != NULL)
        parts->conf->stage->close(part->instance);
    toc_state_free(part->state);
}

void parts_drop(struct parts *parts, int32_t partition)
{
    struct part *part = parts_find(parts, partition);
    if (part == NULL)
        return;
    part_free(parts, part);
    *part = parts->items[--parts->count];
}

void parts_drop_all(struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        part_free(parts, &parts->items[i]);
    toc_mem_free(parts->items);
    parts->items = NULL;
    parts->count = parts->cap = 0;
}

static toc_rc part_add(struct parts *parts, int32_t partition, struct toc_err *err)
{
    if (toc_mem_grow((void **)&parts->items, &parts->cap, parts->count + 1, sizeof *parts->items) != 0)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for a partition");
    struct part part = {.partition = partition, .state = toc_state_new()};
    if (part.state == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for a partition");
    toc_rc rc = parts->conf->stage->open(parts->conf->stage->ctx, partition, part.state, &part.instance, err);
    if (toc_failed(rc)) {
        toc_state_free(part.state);
        return rc;
    }
    parts->items[parts->count++] = part;
    return TOC_OK;
}

// The high watermark, not the last stable offset: markers of a decided transaction arrive late.
static toc_rc log_ends(const struct parts *parts, struct toc_consumer_start *starts, size_t count, struct toc_err *err)
{
    struct toc_admin *admin;
    TOC_TRY(toc_admin_open(parts->conf->bus, parts->conf->log, ADMIN_TIMEOUT_MS, &admin, err));
    toc_rc rc = TOC_OK;
    for (size_t i = 0; i < count && !toc_failed(rc); i++)
        rc = toc_admin_offsets(admin, starts[i].topic, starts[i].partition, TOC_READ_UNCOMMITTED, &starts[i].offset,
                &starts[i].end, err);
    toc_admin_close(admin);
    return rc;
}

static toc_rc restore_record(void *ctx, const struct toc_record *record, struct toc_err *err)
{
    return toc_state_restore(parts_find(ctx, record->partition)->state, record->value, err);
}

static toc_rc restore(struct parts *parts, const struct toc_assigned *assigned, size_t count, struct toc_err *err)
{
    struct toc_consumer_start *starts = toc_mem_alloc(count, sizeof *starts);
    const struct toc_walk walk = {.take = restore_record, .ctx = parts, .silence_ms = RESTORE_SILENCE_MS};
    if (starts == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for a restore");
    for (size_t i = 0; i < count; i++)
        starts[i] = (struct toc_consumer_start){
                .topic = parts->conf->stage->state_topic, .partition = assigned[i].partition};
    toc_rc rc = log_ends(parts, starts, count, err);
    if (!toc_failed(rc))
        rc = toc_walk(parts->conf->bus, parts->conf->log, &walk, starts, count, err);
    toc_mem_free(starts);
    return rc;
}

// What was committed with the last state is the truth about the input; transactions that changed no state
// moved it on.
static toc_rc settle(struct parts *parts, struct toc_assigned *assigned, struct toc_err *err)
{
    struct part *part = parts_find(parts, assigned->partition);
    int64_t next = 0;
    TOC_TRY(toc_state_restored(part->state, &next, err));
    if (parts->conf->stage->ready != NULL)
        TOC_TRY(parts->conf->stage->ready(part->instance, err));
    bool committed = assigned->committed != TOC_OFFSET_NONE;
    if (committed ? assigned->committed < next : next > 0)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_STATE,
                "partition %" PRId32 ": the state log is ahead (%" PRId64 ") of the committed offset (%" PRId64 ")",
                part->partition, next, assigned->committed);
    // Genesis is the first record and changes the state: whoever passed it has a state log.
    if (committed && assigned->committed > 0 && !toc_state_has_log(part->state))
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_STATE,
                "partition %" PRId32 ": offsets are committed but the state log is empty: the topic was lost, or genesis was "
                "passed by (compare genesis_digest with `tocsinctl init`)", part->partition);
    assigned->start = committed ? assigned->committed : TOC_OFFSET_BEGINNING;
    part->next = part->saved = committed ? assigned->committed : 0;
    toc_metric_add(parts->restored, toc_state_count(part->state));
    toc_log(TOC_LOG_INFO, parts->conf->stage->name, "partition %" PRId32 " is here: %" PRIu64 " entries, from offset %" PRId64,
            part->partition, toc_state_count(part->state), part->next);
    return TOC_OK;
}

toc_rc parts_assigned(struct parts *parts, struct toc_assigned *assigned, size_t count, struct toc_err *err)
{
    for (size_t i = 0; i < count; i++)
        TOC_TRY(part_add(parts, assigned[i].partition, err));
    if (count != 0)
        TOC_TRY(restore(parts, assigned, count, err));
    for (size_t i = 0; i < count; i++)
        TOC_TRY(settle(parts, &assigned[i], err));
    return TOC_OK;
}
