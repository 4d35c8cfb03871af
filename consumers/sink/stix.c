// One STIX 2.1 bundle with all indicators of interest (lib/stix/write.h). When the picture is stale the
// bundle carries a note on Tocsin's identity that says so.
#include "consumers/sink/sink.h"

#include <stdio.h>

#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/time.h"
#include "lib/indicator/identity.h"
#include "lib/stix/write.h"

static void put(struct toc_jw *w, const char *key, const char *text)
{
    toc_jw_key(w, key);
    toc_jw_text(w, toc_slice_of(text));
}

static struct toc_stix_bundle bundle_of(const struct toc_sink_picture *picture)
{
    return (struct toc_stix_bundle){
            .audience = picture->audience, .marking = picture->marking, .time = picture->as_of_ms};
}

// Every entry brings the comma in front of it: the objects that all bundles carry come first.
static bool entry(const struct toc_sink_picture *picture, const struct toc_indicator *indicator,
        int64_t published_ms, struct toc_buf *out)
{
    struct toc_stix_bundle bundle = bundle_of(picture);
    struct toc_jw w;
    toc_buf_put_text(out, ",\n");
    toc_jw_init(&w, out);
    toc_stix_write_indicator(&w, &bundle, indicator, published_ms);
    return true;
}

// A note (STIX 2.1 section 4.10) on Tocsin's own identity, which every bundle carries. One silence is
// one note: its id comes from where and when it began.
static void write_stale_note(struct toc_jw *w, const struct toc_sink_picture *picture)
{
    char id[TOC_STIX_ID_MAX], text[160], since[24];
    uint8_t digest[TOC_SHA256_BYTES];
    toc_time_show(since, sizeof since, picture->as_of_ms);
    const struct toc_slice parts[] = {
            TOC_S("stale\n"), toc_slice_of(picture->audience), TOC_S("\n"), toc_slice_of(since)};
    toc_sha256_parts(parts, sizeof parts / sizeof *parts, digest);
    toc_identity_stix_id("note", digest, id);
    snprintf(text, sizeof text,
            "No word from the hub since %s; addresses and URLs were taken out of this bundle.",
            since);
    toc_jw_open(w, '{');
    put(w, "type", "note");
    put(w, "spec_version", "2.1");
    put(w, "id", id);
    put(w, "created_by_ref", TOC_IDENTITY_STIX);
    toc_jw_key(w, "created");
    toc_jw_time(w, picture->as_of_ms);
    toc_jw_key(w, "modified");
    toc_jw_time(w, picture->as_of_ms);
    put(w, "abstract", "STALE");
    put(w, "content", text);
    toc_jw_key(w, "object_refs");
    toc_jw_open(w, '[');
    toc_jw_text(w, TOC_S(TOC_IDENTITY_STIX));
    toc_jw_close(w, ']');
    toc_jw_close(w, '}');
}

static void header(const struct toc_sink_page *page, struct toc_buf *out)
{
    struct toc_stix_bundle bundle = bundle_of(page->picture);
    struct toc_jw w;
    toc_jw_init(&w, out);
    toc_stix_bundle_open(&w, &bundle);
    if (page->picture->stale)
        write_stale_note(&w, page->picture);
}

static void footer(const struct toc_sink_page *page, struct toc_buf *out)
{
    struct toc_jw w;
    (void)page;
    toc_jw_init(&w, out);
    toc_stix_bundle_close(&w);
    toc_buf_put_byte(out, '\n');
}

static const char *entry_end(const struct toc_sink_page *page)
{
    (void)page;
    return "";
}

const struct toc_sink toc_sink_stix = {
        .name = "stix",
        .takes = TOC_SINK_TAKES_INTEREST,
        .entry = entry,
        .header = header,
        .footer = footer,
        .entry_end = entry_end,
};
