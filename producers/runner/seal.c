#include "producers/runner/seal.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/segment.h"
#include "producers/runner/entry.h"

// Bytes of a segment's entries, and what decoding them takes: at most 32 tags, 16 relations and 8
// references each.
#define SEALING_ARENA_BYTES_MAX ((size_t)16 * 1024 * 1024)

struct sealing {
    struct toc_plan *plan;
    const struct toc_seal_head *head;
    const struct toc_key *key;
    struct toc_zstd *zstd;
    struct toc_position *previous;
    const struct toc_seal_sink *sink;
    struct toc_observation *observations; // of the segment in the making
    size_t count;
    uint32_t partition;
    enum toc_marking marking;
    int32_t index;
    struct toc_arena arena;
    struct toc_buf payload, value;
};

static void fill_segment(const struct sealing *s, struct toc_segment *segment)
{
    toc_segment_init(segment);
    segment->member = s->head->member;
    memcpy(segment->writer, s->head->writer, sizeof segment->writer);
    segment->seq = s->head->seq;
    segment->index = s->index;
    segment->count = s->plan->segments;
    segment->previous = s->previous[s->partition].seq == 0 ? NULL : &s->previous[s->partition];
    segment->partition = (int32_t)s->partition;
    segment->partitions = s->head->partitions;
    segment->created = s->head->created;
    segment->feed = s->head->feed;
    segment->marking = s->marking;
    segment->has_pap = s->head->has_pap;
    segment->pap = s->head->pap;
    segment->release = s->head->release;
    segment->has_attribution = s->head->has_attribution;
    segment->attribution = s->head->attribution;
    segment->agreement = s->head->agreement;
    segment->totals = s->plan->totals;
    segment->observations = s->observations;
    segment->observations_count = s->count;
}

static toc_rc finish_segment(struct sealing *s, struct toc_err *err)
{
    struct toc_segment segment;
    if (s->count == 0)
        return TOC_OK;
    fill_segment(s, &segment);
    toc_buf_clear(&s->payload);
    toc_buf_clear(&s->value);
    toc_segment_put(&segment, &s->payload);
    TOC_TRY(toc_buf_check(&s->payload, "segment", err));
    TOC_TRY(toc_segment_seal(s->head->deployment, s->key, toc_buf_slice(&s->payload),
            (int32_t)s->count, s->zstd, &s->value, err));
    struct toc_sealed sealed = {.partition = (int32_t)s->partition,
            .index = s->index,
            .observations = (int32_t)s->count,
            .value = toc_buf_slice(&s->value)};
    TOC_TRY(s->sink->emit(s->sink->ctx, &sealed, err));
    s->previous[s->partition] = (struct toc_position){.seq = s->head->seq, .index = s->index++};
    s->count = 0;
    toc_arena_reset(&s->arena);
    return TOC_OK;
}

static toc_rc add_entry(struct sealing *s, const struct toc_entry_row *row, struct toc_err *err)
{
    struct toc_slice bytes = toc_arena_copy(&s->arena, toc_buf_slice(&row->bytes));
    TOC_ENSURE(bytes.ptr != NULL, err, TOC_E_MEMORY, "no memory for a segment");
    TOC_TRY(toc_entry_get(bytes, &s->arena, &s->observations[s->count], err));
    s->partition = toc_entry_partition(row->key);
    s->marking = toc_entry_marking(row->key);
    TOC_ENSURE((int64_t)s->partition < s->head->partitions, err, TOC_E_STATE, "partition %u of %d",
            (unsigned)s->partition, (int)s->head->partitions);
    s->count++;
    return TOC_OK;
}

static toc_rc seal_entries(struct sealing *s, struct toc_entry_row *row, struct toc_err *err)
{
    struct toc_cutter cutter = {0};
    bool more;
    TOC_TRY(toc_plan_rewind(s->plan, err));
    TOC_TRY(toc_entry_read(s->plan->entries, row, &more, err));
    while (more) {
        if (toc_cutter_cuts(&cutter, row->key, row->bytes.len))
            TOC_TRY(finish_segment(s, err));
        TOC_TRY(add_entry(s, row, err));
        TOC_TRY(toc_entry_read(s->plan->entries, row, &more, err));
    }
    TOC_TRY(finish_segment(s, err));
    TOC_ENSURE(s->index == s->plan->segments, err, TOC_E_STATE, "%d segments of %d", (int)s->index,
            (int)s->plan->segments);
    return TOC_OK;
}

toc_rc toc_seal_plan(struct toc_plan *plan, const struct toc_seal_head *head,
        const struct toc_key *key, struct toc_zstd *zstd, struct toc_position *previous,
        const struct toc_seal_sink *sink, struct toc_err *err)
{
    struct sealing s = {.plan = plan,
            .head = head,
            .key = key,
            .zstd = zstd,
            .previous = previous,
            .sink = sink};
    struct toc_entry_row row;
    toc_entry_row_init(&row);
    toc_arena_init(&s.arena, SEALING_ARENA_BYTES_MAX);
    toc_buf_init(&s.payload, TOC_SEGMENT_BYTES_MAX);
    toc_buf_init(&s.value, TOC_SEGMENT_VALUE_BYTES_MAX);
    s.observations = toc_mem_alloc(TOC_SEGMENT_OBSERVATIONS_MAX, sizeof *s.observations);
    toc_rc rc = s.observations == NULL ? toc_fail(err, TOC_E_MEMORY, "no memory for a segment")
                                       : seal_entries(&s, &row, err);
    toc_mem_free(s.observations);
    toc_buf_done(&s.payload);
    toc_buf_done(&s.value);
    toc_arena_done(&s.arena);
    toc_entry_row_done(&row);
    return rc;
}
