#include "hub/fuse/writer.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/indicator/limits.h"

static void row_name(char name[ROW_NAME_MAX], const struct toc_segment *segment)
{
    uint64_t writer = 0;
    for (int i = 0; i < 8; i++)
        writer = writer << 8 | segment->writer[i];
    snprintf(name, ROW_NAME_MAX, "writer/%.*s/%016llx", TOC_SLICE_ARG(segment->member), (unsigned long long)writer);
}

static toc_rc count_row(void *ctx, const char *name, struct toc_slice value, struct toc_err *err)
{
    (void)name, (void)value, (void)err;
    ++*(size_t *)ctx;
    return TOC_OK;
}

static toc_rc room_for_writer(struct toc_fuse *fuse, const struct toc_segment *segment, bool *out, struct toc_err *err)
{
    char prefix[ROW_NAME_MAX];
    snprintf(prefix, sizeof prefix, "writer/%.*s/", TOC_SLICE_ARG(segment->member));
    size_t count = 0;
    TOC_TRY(toc_state_rows(fuse->state, prefix, count_row, &count, err));
    *out = count < TOC_WRITERS_MAX;
    return TOC_OK;
}

static int compare_position(int64_t seq, int32_t index, const struct toc_writer_row *row)
{
    if (seq != row->seq)
        return seq < row->seq ? -1 : 1;
    return (index > row->index) - (index < row->index);
}

static toc_rc save(struct toc_fuse *fuse, const char *name, const struct toc_writer_row *row, struct toc_err *err)
{
    toc_buf_clear(&fuse->encoded);
    toc_writer_row_encode(row, &fuse->encoded);
    return step_row_put(fuse, name, err);
}

static void find_gap(const struct toc_segment *segment, const struct toc_writer_row *held, bool known,
        struct writer_place *out)
{
    const struct toc_position *previous = segment->previous;
    bool fits = previous == NULL ? !known : known && compare_position(previous->seq, previous->index, held) == 0;
    out->has_missing = !fits && previous != NULL;
    if (out->has_missing)
        out->missing_after = (struct toc_position){.seq = held->seq, .index = held->index};
}

toc_rc writer_place(struct toc_fuse *fuse, const struct toc_segment *segment, struct toc_slice payload,
        struct writer_place *out, enum toc_refusal *out_refusal, struct toc_err *err)
{
    char name[ROW_NAME_MAX];
    row_name(name, segment);
    struct toc_slice bytes = toc_state_row(fuse->state, name);
    struct toc_writer_row row = {0};
    *out = (struct writer_place){0};
    *out_refusal = TOC_REFUSAL_NONE;
    uint8_t digest[32];
    toc_sha256(payload.ptr, payload.len, digest);
    if (bytes.ptr != NULL) {
        TOC_TRY(toc_writer_row_decode(bytes, toc_writer_row_fingerprint, &fuse->scratch, &row, err));
        int order = compare_position(segment->seq, segment->index, &row);
        if (order <= 0) {
            bool same = order < 0 || memcmp(digest, row.payload, sizeof digest) == 0;
            *out_refusal = same ? TOC_REFUSAL_SEGMENT_REPEATED : TOC_REFUSAL_SEGMENT_REUSED;
            return TOC_OK;
        }
    } else {
        bool room;
        TOC_TRY(room_for_writer(fuse, segment, &room, err));
        if (!room) {
            *out_refusal = TOC_REFUSAL_SEGMENT_WRITERS;
            return TOC_OK;
        }
    }
    find_gap(segment, &row, bytes.ptr != NULL, out);
    row.seq = segment->seq;
    row.index = segment->index;
    row.heard = fuse->roll.clock.stream_time;
    memcpy(row.payload, digest, sizeof digest);
    return save(fuse, name, &row, err);
}

// Rows must not change while they are walked: names are gathered first.
struct silent {
    struct toc_fuse *fuse;
    const char **names;
    size_t count, cap;
};

static toc_rc gather_silent(void *ctx, const char *name, struct toc_slice value, struct toc_err *err)
{
    struct silent *s = ctx;
    struct toc_writer_row row;
    TOC_TRY(toc_writer_row_decode(value, toc_writer_row_fingerprint, &s->fuse->scratch, &row, err));
    if (s->fuse->roll.clock.stream_time - row.heard <= TOC_WRITER_FORGET_MS)
        return TOC_OK;
    struct toc_slice kept = toc_arena_copy(&s->fuse->arena, toc_slice_of(name));
    if (kept.ptr == NULL || toc_mem_grow((void **)&s->names, &s->cap, s->count + 1, sizeof *s->names) != 0)
        return step_no_memory(err);
    s->names[s->count++] = (const char *)kept.ptr;
    return TOC_OK;
}

toc_rc writer_forget(struct toc_fuse *fuse, struct toc_err *err)
{
    struct silent s = {.fuse = fuse};
    toc_rc rc = toc_state_rows(fuse->state, "writer/", gather_silent, &s, err);
    for (size_t i = 0; i < s.count && !toc_failed(rc); i++)
        rc = toc_state_row_drop(fuse->state, s.names[i], err);
    toc_mem_free((void *)s.names);
    return rc;
}
