#include "hub/ctl/scan.h"

#include "lib/base/mem.h"

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
    uint64_t uncounted = 0;
    const struct toc_walk walk = {.take = fn, .ctx = ctx, .skipped = skipped != NULL ? skipped : &uncounted};
    toc_rc rc = starts_of(ctl, topic, partition, from, starts, count, err);
    if (!toc_failed(rc))
        rc = toc_walk(&ctl->conf.kafka, ctl->log, &walk, starts, count, err);
    toc_mem_free(starts);
    return rc;
}
