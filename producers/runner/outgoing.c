#include "producers/runner/outgoing.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/rd.h"
#include "lib/indicator/segment.h"
#include "producers/runner/spool.h"

static toc_rc io_fail(struct toc_err *err, const char *what)
{
    return toc_fail(err, TOC_E_IO, "%s: %s", what, strerror(errno));
}

// The head of the segment at the stream's position; *out_end when there is none.
static toc_rc read_head(
        FILE *file, struct toc_outgoing_segment *out, bool *out_end, struct toc_err *err)
{
    uint8_t head[TOC_SPOOL_HEAD_BYTES];
    size_t got = fread(head, 1, sizeof head, file);
    *out_end = got == 0 && !ferror(file);
    if (*out_end)
        return TOC_OK;
    if (ferror(file))
        return io_fail(err, "reading segments");
    struct toc_rd rd = toc_rd_over(toc_slice(head, got));
    *out = (struct toc_outgoing_segment){0};
    out->partition = (int32_t)toc_rd_le(&rd, 4);
    out->index = (int32_t)toc_rd_le(&rd, 4);
    out->observations = (int32_t)toc_rd_le(&rd, 4);
    out->value.len = (size_t)toc_rd_le(&rd, 4);
    TOC_ENSURE(toc_rd_finished(&rd) && out->partition >= 0 && out->index >= 0 &&
                       out->value.len <= TOC_SEGMENT_VALUE_BYTES_MAX,
            err, TOC_E_STATE, "a spooled segment has no head");
    return TOC_OK;
}

static toc_rc add_to_run(struct toc_outgoing *o, const struct toc_outgoing_segment *s, int64_t at,
        struct toc_err *err)
{
    if (o->run_count == 0 || o->runs[o->run_count - 1].partition != s->partition) {
        void *runs = o->runs;
        TOC_ENSURE(toc_mem_grow(&runs, &o->run_cap, o->run_count + 1, sizeof *o->runs) == 0, err,
                TOC_E_MEMORY, "no memory for %zu partitions", o->run_count);
        o->runs = runs;
        o->runs[o->run_count++] = (struct toc_outgoing_run){.partition = s->partition, .next = at};
    }
    o->runs[o->run_count - 1].end = at + TOC_SPOOL_HEAD_BYTES + (int64_t)s->value.len;
    return TOC_OK;
}

static toc_rc scan(struct toc_outgoing *o, struct toc_err *err)
{
    struct toc_outgoing_segment s;
    bool end = false;
    int64_t at = 0;
    while (true) {
        TOC_TRY(read_head(o->segments, &s, &end, err));
        if (end)
            return TOC_OK;
        TOC_ENSURE(s.index == o->count, err, TOC_E_STATE, "spooled segment %d has index %d",
                (int)o->count, (int)s.index);
        TOC_TRY(add_to_run(o, &s, at, err));
        o->count++;
        at = o->runs[o->run_count - 1].end;
        if (fseeko(o->segments, at, SEEK_SET) != 0)
            return io_fail(err, "reading segments");
    }
}

static void mark(struct toc_outgoing *o, int32_t index)
{
    uint8_t bit = (uint8_t)(1u << (index % 8));
    if ((o->stored[index / 8] & bit) != 0)
        return;
    o->stored[index / 8] |= bit;
    o->stored_count++;
}

static bool is_stored(const struct toc_outgoing *o, int32_t index)
{
    return (o->stored[index / 8] >> (index % 8) & 1) != 0;
}

// A number cut off by a power failure is no note: it is removed, and that segment is sent again and
// counted once.
static toc_rc read_acks(struct toc_outgoing *o, struct toc_err *err)
{
    uint8_t note[4];
    off_t whole = 0;
    while (fread(note, sizeof note, 1, o->acks) == 1) {
        whole += (off_t)sizeof note;
        struct toc_rd rd = toc_rd_over(toc_slice(note, sizeof note));
        int32_t index = (int32_t)toc_rd_le(&rd, 4);
        TOC_ENSURE(index >= 0 && index < o->count, err, TOC_E_STATE, "segment %d of %d was sent",
                (int)index, (int)o->count);
        mark(o, index);
    }
    if (ferror(o->acks) || ftruncate(fileno(o->acks), whole) != 0)
        return io_fail(err, "reading acks");
    return TOC_OK;
}

static toc_rc open_both(
        struct toc_outgoing *o, const char *segments, const char *acks, struct toc_err *err)
{
    o->segments = fopen(segments, "rbe");
    if (o->segments == NULL)
        return io_fail(err, segments);
    TOC_TRY(scan(o, err));
    o->stored = toc_mem_alloc((size_t)o->count / 8 + 1, 1);
    TOC_ENSURE(o->stored != NULL, err, TOC_E_MEMORY, "no memory for %d segments", (int)o->count);
    o->acks = fopen(acks, "a+be");
    if (o->acks == NULL)
        return io_fail(err, acks);
    return read_acks(o, err);
}

toc_rc toc_outgoing_open(const char *segments_path, const char *acks_path, struct toc_outgoing *out,
        struct toc_err *err)
{
    struct toc_outgoing o = {0};
    toc_rc rc = open_both(&o, segments_path, acks_path, err);
    if (toc_failed(rc))
        toc_outgoing_close(&o);
    else
        *out = o;
    return rc;
}

void toc_outgoing_close(struct toc_outgoing *outgoing)
{
    if (outgoing->segments != NULL)
        fclose(outgoing->segments);
    if (outgoing->acks != NULL)
        fclose(outgoing->acks);
    toc_mem_free(outgoing->runs);
    toc_mem_free(outgoing->stored);
    *outgoing = (struct toc_outgoing){0};
}

toc_rc toc_outgoing_next(struct toc_outgoing *outgoing, struct toc_outgoing_run *run,
        struct toc_buf *value, struct toc_outgoing_segment *out, bool *out_more,
        struct toc_err *err)
{
    bool end = false;
    *out_more = false;
    while (run->next < run->end) {
        if (fseeko(outgoing->segments, run->next, SEEK_SET) != 0)
            return io_fail(err, "reading segments");
        TOC_TRY(read_head(outgoing->segments, out, &end, err));
        TOC_ENSURE(!end, err, TOC_E_STATE, "the spooled segments end too early");
        run->next += TOC_SPOOL_HEAD_BYTES + (int64_t)out->value.len;
        if (is_stored(outgoing, out->index))
            continue;
        toc_buf_clear(value);
        uint8_t *room = toc_buf_reserve(value, out->value.len);
        TOC_ENSURE(room != NULL, err, TOC_E_MEMORY, "no memory for a segment");
        TOC_ENSURE(fread(room, 1, out->value.len, outgoing->segments) == out->value.len, err,
                TOC_E_STATE, "the spooled segments end too early");
        value->len = out->value.len;
        out->value = toc_buf_slice(value);
        *out_more = true;
        return TOC_OK;
    }
    return TOC_OK;
}

toc_rc toc_outgoing_store(struct toc_outgoing *outgoing, int32_t index, struct toc_err *err)
{
    uint8_t note[4];
    for (size_t i = 0; i < sizeof note; i++)
        note[i] = (uint8_t)((uint32_t)index >> (8 * i));
    mark(outgoing, index);
    if (fwrite(note, sizeof note, 1, outgoing->acks) != 1 || fflush(outgoing->acks) != 0)
        return io_fail(err, "noting what was sent");
    return TOC_OK;
}

bool toc_outgoing_done(const struct toc_outgoing *outgoing)
{
    return outgoing->stored_count == outgoing->count;
}
