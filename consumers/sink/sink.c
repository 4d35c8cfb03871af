#include "consumers/sink/sink.h"

#include "lib/base/file.h"
#include "lib/base/time.h"
#include "lib/indicator/identity.h"

#define PREVIOUS_BYTES 4096 // enough for the header of any format

static const struct toc_sink *const sinks[] = {
        &toc_sink_list,
        &toc_sink_rpz,
        &toc_sink_csv,
        &toc_sink_jsonl,
        &toc_sink_stix,
};

const struct toc_sink *toc_sink_at(size_t index)
{
    return index < sizeof sinks / sizeof *sinks ? sinks[index] : NULL;
}

const struct toc_sink *toc_sink_by_name(struct toc_slice name)
{
    for (size_t i = 0; toc_sink_at(i) != NULL; i++)
        if (toc_slice_is(name, sinks[i]->name))
            return sinks[i];
    return NULL;
}

void toc_sink_comment(const struct toc_sink_page *page, const char *comment, const char *what,
        struct toc_buf *out)
{
    const struct toc_sink_picture *picture = page->picture;
    const char *as_of = picture->as_of_ms == 0 ? "not known" : TOC_TIME_SHOW(picture->as_of_ms);
    toc_buf_printf(out, "%s" TOC_IDENTITY_MARK "\n", comment);
    toc_buf_printf(out, "%s%s; %zu entries; audience %s\n", comment, what, page->entries,
            picture->audience);
    toc_buf_printf(out, "%swritten %s, picture as of %s\n", comment,
            TOC_TIME_SHOW(page->written_ms), as_of);
    if (picture->stale)
        toc_buf_printf(out,
                "%sSTALE: no word from the hub since %s; addresses and URLs were taken out\n",
                comment, as_of);
}

// How the present file begins; nothing when there is none.
static struct toc_slice begin_of(const char *path, uint8_t bytes[PREVIOUS_BYTES])
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return (struct toc_slice){0};
    size_t len = fread(bytes, 1, PREVIOUS_BYTES, file);
    fclose(file);
    return toc_slice(bytes, len);
}

static toc_rc put_part(void (*part)(const struct toc_sink_page *page, struct toc_buf *out),
        const struct toc_sink_page *page, struct toc_replace *file, struct toc_err *err)
{
    struct toc_buf bytes;
    if (part == NULL)
        return TOC_OK;
    toc_buf_init(&bytes, TOC_SINK_HEAD_BYTES_MAX);
    part(page, &bytes);
    toc_rc rc = toc_buf_check(&bytes, "header or footer", err);
    if (!toc_failed(rc))
        toc_replace_put(file, toc_buf_slice(&bytes));
    toc_buf_done(&bytes);
    return rc;
}

static toc_rc put_all(const struct toc_sink *sink, const struct toc_sink_page *page,
        bool (*next)(void *ctx, struct toc_slice *out), void *ctx, struct toc_replace *file,
        struct toc_err *err)
{
    struct toc_slice end = toc_slice_of(sink->entry_end(page)), line;
    TOC_TRY(put_part(sink->header, page, file, err));
    while (next(ctx, &line)) {
        toc_replace_put(file, line);
        toc_replace_put(file, end);
    }
    return put_part(sink->footer, page, file, err);
}

toc_rc toc_sink_publish(const struct toc_sink *sink, const char *path, unsigned mode,
        struct toc_sink_page *page, bool (*next)(void *ctx, struct toc_slice *out), void *ctx,
        struct toc_err *err)
{
    uint8_t previous[PREVIOUS_BYTES];
    struct toc_replace *file = NULL;
    page->previous = begin_of(path, previous);
    TOC_TRY(toc_replace_open(path, mode, &file, err));
    toc_rc rc = put_all(sink, page, next, ctx, file, err);
    page->previous = (struct toc_slice){0};
    if (toc_failed(rc)) {
        toc_replace_drop(file);
        return rc;
    }
    return toc_replace_commit(file, err);
}
