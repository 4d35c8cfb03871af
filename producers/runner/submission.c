#include "producers/runner/submission.h"

#include "producers/runner/entry.h"
#include "producers/runner/sorter.h"
#include "producers/runner/stage.h"

struct sorting {
    struct toc_sorter *sorter;
    struct toc_buf bytes;
    uint32_t partitions;
};

static toc_rc take(void *ctx, const uint8_t key[TOC_KEY_BYTES], enum toc_marking marking,
        const struct toc_observation *obs, struct toc_err *err)
{
    struct sorting *sorting = ctx;
    uint8_t sort_key[TOC_SORT_KEY_BYTES];
    toc_entry_key(toc_key_partition(key, sorting->partitions), marking, key, obs->action, sort_key);
    toc_buf_clear(&sorting->bytes);
    toc_entry_put(obs, &sorting->bytes);
    TOC_TRY(toc_buf_check(&sorting->bytes, "observation", err));
    return toc_sorter_add(sorting->sorter, sort_key, toc_buf_slice(&sorting->bytes), err);
}

static toc_rc read_all(struct toc_setup *setup, struct toc_reader *reader, FILE *stream,
        struct sorting *sorting, struct toc_report *report, struct toc_err *err)
{
    struct toc_stage_options options;
    struct toc_stage stage;
    toc_setup_stage(setup, &options);
    options.take = take;
    options.ctx = sorting;
    toc_stage_init(&stage, &options, report);
    struct toc_reader_sink sink = toc_stage_sink(&stage);
    toc_rc rc = toc_reader_read(reader, stream, &sink, err);
    if (!toc_failed(rc))
        rc = toc_stage_check(&stage, err);
    toc_stage_done(&stage);
    return rc;
}

toc_rc toc_submission_read(struct toc_setup *setup, struct toc_reader *reader, FILE *stream,
        const char *dir, struct toc_report *report, struct toc_plan *plan, struct toc_err *err)
{
    struct toc_arena merging;
    struct sorting sorting = {.partitions = (uint32_t)setup->partitions};
    struct toc_sorter_options options = {.dir = dir,
            .memory_bytes = TOC_SORT_MEMORY_BYTES,
            .merge = toc_entry_merge,
            .ctx = &merging};
    TOC_TRY(toc_plan_init(plan, dir, err));
    toc_arena_init(&merging, TOC_ENTRY_ARENA_BYTES);
    toc_buf_init(&sorting.bytes, TOC_SORT_ENTRY_BYTES_MAX);
    toc_rc rc = toc_sorter_new(&options, &sorting.sorter, err);
    if (!toc_failed(rc))
        rc = read_all(setup, reader, stream, &sorting, report, err);
    if (!toc_failed(rc))
        rc = toc_plan_take(plan, sorting.sorter, err);
    toc_sorter_free(sorting.sorter);
    toc_buf_done(&sorting.bytes);
    toc_arena_done(&merging);
    return rc;
}
