#include "hub/ctl/scan.h"

#include "lib/base/mem.h"
#include "lib/base/time.h"

#define POLL_MS 500
#define SILENCE_MS 30000

static toc_rc walk(struct toc_consumer *reader, scan_fn *fn, void *ctx, uint64_t *skipped, struct toc_err *err)
{
    int64_t heard = toc_monotonic_ms(NULL);
    while (!toc_consumer_ended(reader)) {
        struct toc_poll poll;
        toc_rc rc = toc_consumer_poll(reader, POLL_MS, &poll, err);
        if (toc_failed(rc) && err->fate != TOC_FATE_RETRY)
            return rc;
        if (!toc_failed(rc) && poll.kind != TOC_POLL_NOTHING)
            heard = toc_monotonic_ms(NULL);
        if (toc_monotonic_ms(NULL) - heard > SILENCE_MS)
            return toc_failed(rc) ? rc : toc_fail(err, TOC_E_TIMEOUT, "the broker is silent");
        if (!toc_failed(rc) && poll.kind == TOC_POLL_SKIPPED && skipped != NULL)
            *skipped += (uint64_t)(poll.next - poll.offset);
        if (toc_failed(rc) || poll.kind != TOC_POLL_RECORD)
            continue;
        rc = fn(ctx, &poll.record, err);
        toc_record_done(&poll.record);
        TOC_TRY(rc);
    }
    return TOC_OK;
}

static toc_rc starts_of(struct ctl *ctl, const char *topic, int32_t partition, int64_t from, struct toc_consumer_start *out,
        size_t count, struct toc_err *err)
{
    for (size_t i = 0; i < count; i++) {
        out[i].topic = topic;
        out[i].partition = partition >= 0 ? partition : (int32_t)i;
        TOC_TRY(toc_admin_offsets(ctl->admin, topic, out[i].partition, TOC_READ_COMMITTED, &out[i].offset, &out[i].end, err));
        if (from > out[i].offset)
            out[i].offset = from < out[i].end ? from : out[i].end;
    }
    return TOC_OK;
}

toc_rc scan_topic(struct ctl *ctl, const char *topic, int32_t partition, int64_t from, scan_fn *fn, void *ctx,
        uint64_t *skipped, struct toc_err *err)
{
    int32_t partitions;
    TOC_TRY(ctl_admin(ctl, err));
    TOC_TRY(toc_admin_partitions(ctl->admin, topic, &partitions, err));
    TOC_ENSURE(partition < partitions, err, TOC_E_NOTFOUND, "%s has %d partitions", topic, partitions);
    size_t count = partition >= 0 ? 1 : (size_t)partitions;
    struct toc_consumer_start *starts = toc_mem_alloc(count, sizeof *starts);
    TOC_ENSURE(starts != NULL, err, TOC_E_MEMORY, "out of memory");
    const struct toc_consumer_opts opts = {.isolation = TOC_READ_COMMITTED, .small_waits = true};
    struct toc_consumer *reader = NULL;
    toc_rc rc = starts_of(ctl, topic, partition, from, starts, count, err);
    if (!toc_failed(rc))
        rc = toc_consumer_read(&ctl->conf.kafka, ctl->log, &opts, starts, count, &reader, err);
    if (!toc_failed(rc))
        rc = walk(reader, fn, ctx, skipped, err);
    toc_consumer_close(reader, NULL);
    toc_mem_free(starts);
    return rc;
}
