#include "hub/replay/refused.h"

#include "lib/base/json.h"
#include "schemas/quarantine.h"

#define ARENA_MAX ((size_t)1 << 20)
#define LINES_MAX ((size_t)1 << 40)

void refused_init(struct refused *refused)
{
    for (int i = 0; i < TOC_PARTITIONS_MAX; i++) {
        toc_buf_init(&refused->lines[i], LINES_MAX);
        refused->counts[i] = 0;
    }
}

void refused_done(struct refused *refused)
{
    for (int i = 0; i < TOC_PARTITIONS_MAX; i++)
        toc_buf_done(&refused->lines[i]);
}

static void put_headers(const struct toc_fuse_record *record, struct toc_jw *w)
{
    toc_jw_key(w, "headers");
    toc_jw_open(w, '[');
    for (size_t i = 0; i < record->header_count; i++) {
        toc_jw_open(w, '[');
        toc_jw_text(w, toc_slice_of(record->headers[i].name));
        toc_jw_text(w, record->headers[i].value);
        toc_jw_close(w, ']');
    }
    toc_jw_close(w, ']');
}

void refused_observe(void *ctx, const struct toc_fuse_record *record, int32_t partition)
{
    struct refused *refused = ctx;
    struct toc_quarantine q;
    struct toc_arena arena;
    struct toc_jw w;
    if (record->where != TOC_OUT_QUARANTINE)
        return;
    struct toc_buf *out = &refused->lines[partition];
    toc_arena_init(&arena, ARENA_MAX);
    if (toc_failed(toc_quarantine_get(record->value, &arena, &q, NULL))) {
        out->failed = true; // we wrote it ourselves: only memory can be missing
    } else {
        toc_jw_init(&w, out);
        toc_jw_open(&w, '{');
        toc_jw_key(&w, "quarantine");
        toc_quarantine_json(&q, &w);
        put_headers(record, &w);
        toc_jw_close(&w, '}');
        toc_buf_put_byte(out, '\n');
        refused->counts[partition]++;
    }
    toc_arena_done(&arena);
}
