// The saved form, integers little-endian: magic, subscription, brake, heads, lines in the file's order,
// SHA-256 over all before. It is this machine's own file, so a damaged one is only dropped.
#include "consumers/runner/output.h"

#include <string.h>

#include "consumers/runner/output_line.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/rd.h"

static const char magic[] = "tocsin output state 1\n";

static void put_le(struct toc_buf *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        toc_buf_put_byte(out, (uint8_t)(value >> (8 * i)));
}

static void put_bytes(struct toc_buf *out, struct toc_slice bytes)
{
    put_le(out, bytes.len, 4);
    toc_buf_put_slice(out, bytes);
}

static struct toc_slice get_bytes(struct toc_rd *rd)
{
    return toc_rd_bytes(rd, (size_t)toc_rd_le(rd, 4));
}

void toc_output_save(const struct toc_output *output, struct toc_slice subscription,
        const struct toc_fresh *fresh, struct toc_buf *out)
{
    uint8_t digest[TOC_SHA256_BYTES];
    size_t begin = out->len;
    toc_buf_put_text(out, magic);
    put_bytes(out, subscription);
    put_le(out, (uint64_t)output->brake.opened_ms, 8);
    put_le(out, output->brake.base, 8);
    put_le(out, output->brake.added, 8);
    put_le(out, output->brake.removed, 8);
    put_le(out, fresh->partitions, 4);
    for (size_t i = 0; i < fresh->partitions; i++)
        put_le(out, (uint64_t)fresh->heads[i], 8);
    put_le(out, output->counts.shown, 8);
    for (size_t i = 0; i < output->counts.shown; i++) {
        const struct line *line = output->order[i];
        toc_buf_put(out, line->key, sizeof line->key);
        put_le(out, (uint64_t)line->kind, 1);
        put_le(out, (uint32_t)line->score, 4);
        put_le(out, (uint32_t)line->partition, 4);
        put_le(out, (uint64_t)line->drop_after_ms, 8);
        put_bytes(out, line_value(line));
        put_bytes(out, line_text(line));
    }
    toc_sha256(out->ptr + begin, out->len - begin, digest);
    toc_buf_put(out, digest, sizeof digest);
}

static void get_fresh(struct toc_rd *rd, struct toc_fresh *fresh)
{
    fresh->partitions = (size_t)toc_rd_le(rd, 4);
    if (fresh->partitions > TOC_PARTITIONS_MAX)
        rd->failed = true;
    for (size_t i = 0; i < fresh->partitions && toc_rd_ok(rd); i++)
        fresh->heads[i] = (int64_t)toc_rd_le(rd, 8);
}

static toc_rc get_line(struct toc_rd *rd, struct toc_output *output, struct toc_err *err)
{
    struct toc_output_fact fact;
    struct line *line = NULL;
    struct toc_slice key = toc_rd_bytes(rd, sizeof fact.key);
    fact.kind = (enum toc_kind)toc_rd_byte(rd);
    fact.score = (int32_t)(uint32_t)toc_rd_le(rd, 4);
    fact.partition = (int32_t)(uint32_t)toc_rd_le(rd, 4);
    fact.drop_after_ms = (int64_t)toc_rd_le(rd, 8);
    fact.value = get_bytes(rd);
    struct toc_slice text = get_bytes(rd);
    TOC_ENSURE(toc_rd_ok(rd), err, TOC_E_SYNTAX, "the saved state ends too early");
    memcpy(fact.key, key.ptr, sizeof fact.key);
    TOC_ENSURE(toc_keymap_get(&output->lines, fact.key) == NULL, err, TOC_E_SYNTAX,
            "the saved state names an entry twice");
    TOC_TRY(output_line_add(output, &fact, text, &line, err));
    line->wanted = line->shown = true; // until the picture has been told
    output->order[output->counts.shown++] = line;
    return TOC_OK;
}

static toc_rc get_lines(struct toc_rd *rd, struct toc_output *output, struct toc_err *err)
{
    uint64_t count = toc_rd_le(rd, 8);
    TOC_ENSURE(toc_rd_ok(rd) && count <= toc_rd_left(rd), err, TOC_E_SYNTAX,
            "the saved state ends too early");
    output->order = toc_mem_alloc(count + 1, sizeof *output->order);
    TOC_ENSURE(output->order != NULL, err, TOC_E_MEMORY, "no memory for %s", output->path);
    for (uint64_t i = 0; i < count; i++)
        TOC_TRY(get_line(rd, output, err));
    TOC_ENSURE(toc_rd_finished(rd), err, TOC_E_SYNTAX, "the saved state goes on too long");
    return TOC_OK;
}

static toc_rc open_saved(struct toc_slice saved, struct toc_rd *out, struct toc_err *err)
{
    uint8_t digest[TOC_SHA256_BYTES];
    TOC_ENSURE(toc_slice_starts(saved, toc_slice_of(magic)) &&
                       saved.len >= strlen(magic) + sizeof digest,
            err, TOC_E_SYNTAX, "not a saved state of this version");
    struct toc_slice body = toc_slice_sub(saved, 0, saved.len - sizeof digest);
    toc_sha256(body.ptr, body.len, digest);
    TOC_ENSURE(memcmp(digest, saved.ptr + body.len, sizeof digest) == 0, err, TOC_E_SYNTAX,
            "the saved state is damaged");
    *out = toc_rd_over(toc_slice_sub(body, strlen(magic), SIZE_MAX));
    return TOC_OK;
}

static toc_rc read_into(struct toc_output *output, struct toc_slice saved,
        struct toc_slice subscription, struct toc_fresh *fresh, struct toc_err *err)
{
    struct toc_rd rd = {0};
    TOC_TRY(open_saved(saved, &rd, err));
    TOC_ENSURE(toc_slice_eq(get_bytes(&rd), subscription), err, TOC_E_NOTFOUND,
            "the saved state belongs to another subscription");
    output->brake.opened_ms = (int64_t)toc_rd_le(&rd, 8);
    output->brake.base = toc_rd_le(&rd, 8);
    output->brake.added = toc_rd_le(&rd, 8);
    output->brake.removed = toc_rd_le(&rd, 8);
    get_fresh(&rd, fresh);
    TOC_TRY(get_lines(&rd, output, err));
    output->first = false;
    return TOC_OK;
}

// Into a twin first, so that a damaged state leaves no half of itself.
toc_rc toc_output_load(struct toc_output *output, struct toc_slice saved,
        struct toc_slice subscription, struct toc_fresh *fresh, struct toc_err *err)
{
    struct toc_output *twin = NULL;
    struct toc_fresh heads = {0};
    TOC_TRY(toc_output_new(output->sink, output->path, output->mode, &twin, err));
    toc_rc rc = read_into(twin, saved, subscription, &heads, err);
    if (!toc_failed(rc)) {
        struct toc_output empty = *output;
        *output = *twin;
        *twin = empty;
        if (fresh->partitions == 0)
            fresh->partitions = heads.partitions;
        for (size_t i = 0; i < heads.partitions; i++)
            toc_fresh_head(fresh, (int32_t)i, heads.heads[i]);
    }
    toc_output_free(twin);
    return rc;
}
