// A plain block list: one canonical value a line, comments with '#'. What firewalls, proxies and mail
// gateways take as an external list. Give a device only the kinds it knows: --interest 'kind in (...)'.
#include "consumers/sink/sink.h"

static bool entry(const struct toc_sink_picture *picture, const struct toc_indicator *indicator,
        int64_t published_ms, struct toc_buf *out)
{
    (void)picture;
    (void)published_ms;
    toc_buf_put_slice(out, indicator->value);
    return true;
}

static void header(const struct toc_sink_page *page, struct toc_buf *out)
{
    toc_sink_comment(page, "# ", "block list, one value a line", out);
}

static const char *entry_end(const struct toc_sink_page *page)
{
    (void)page;
    return "\n";
}

const struct toc_sink toc_sink_list = {
        .name = "list",
        .takes = TOC_SINK_TAKES_BLOCK,
        .entry = entry,
        .header = header,
        .entry_end = entry_end,
};
