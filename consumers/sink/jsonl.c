// JSON Lines: the JSON form of Indicator (schemas/), one a line, for SIEMs and scripts. In a stale file
// every line says so in a member of its own, "stale": true, which the schema does not have: a line is
// read without the lines before it.
#include "consumers/sink/sink.h"

#include "lib/base/json.h"

// The closing bracket is the entry's end, so that "stale" can stand before it without writing every
// entry anew.
static bool entry(const struct toc_sink_picture *picture, const struct toc_indicator *indicator,
        int64_t published_ms, struct toc_buf *out)
{
    struct toc_jw w;
    (void)picture;
    (void)published_ms;
    toc_jw_init(&w, out);
    toc_indicator_json(indicator, &w);
    if (!out->failed)
        toc_buf_truncate(out, out->len - 1);
    return true;
}

static const char *entry_end(const struct toc_sink_page *page)
{
    return page->picture->stale ? ",\"stale\":true}\n" : "}\n";
}

const struct toc_sink toc_sink_jsonl = {
        .name = "jsonl",
        .takes = TOC_SINK_TAKES_INTEREST,
        .entry = entry,
        .entry_end = entry_end,
};
