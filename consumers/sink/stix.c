// One STIX 2.1 bundle with all indicators of interest (lib/stix/write.h). When the picture is stale the
// bundle carries a note on Tocsin's identity that says so.
#include "consumers/sink/sink.h"

#include "lib/base/json.h"
#include "lib/base/time.h"
#include "lib/indicator/identity.h"
#include "lib/stix/write.h"

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

static void header(const struct toc_sink_page *page, struct toc_buf *out)
{
    struct toc_stix_bundle bundle = bundle_of(page->picture);
    struct toc_jw w;
    toc_jw_init(&w, out);
    toc_stix_bundle_open(&w, &bundle);
}

static void footer(const struct toc_sink_page *page, struct toc_buf *out)
{
    (void)page;
    toc_buf_put_text(out, "\n]}\n");
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
