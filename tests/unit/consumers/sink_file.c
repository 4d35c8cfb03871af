// sink_file SINK PATH [stale]: writes PATH through the sink. Lines of stdin: "KIND VALUE" makes an entry
// with advice block, "allow KIND VALUE" something the member lets through. For scripts that hand the file
// to the programs it is meant for.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumers/sink/admit.h"
#include "consumers/sink/sink.h"
#include "lib/base/mem.h"
#include "lib/indicator/key.h"

#define ENTRIES_MAX 1024

static struct toc_slice entries[ENTRIES_MAX];
static struct toc_guard allowed[ENTRIES_MAX];
static size_t entry_count, allowed_count;

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "sink_file: %s: %s\n", what, detail);
    exit(1);
}

static struct toc_slice keep(struct toc_slice s)
{
    return toc_slice(toc_mem_dup(s.ptr, s.len), s.len); // as long as the program
}

static void add_entry(const struct toc_sink *sink, const struct toc_sink_picture *picture,
        enum toc_kind kind, struct toc_slice value)
{
    struct toc_indicator indicator;
    struct toc_buf line;
    uint8_t key[TOC_KEY_BYTES];
    char id[TOC_KEY_HEX];
    toc_indicator_init(&indicator);
    toc_indicator_key(kind, value, key);
    toc_key_hex(key, id);
    indicator.id = toc_slice_of(id);
    indicator.kind = kind;
    indicator.value = value;
    indicator.born = INT64_C(1767225600000);
    indicator.n = 2;
    indicator.now.status = TOC_STATUS_ACTIVE;
    indicator.now.advice = TOC_ADVICE_BLOCK;
    indicator.now.confidence = 80;
    indicator.now.has_score = kind != TOC_KIND_CVE;
    indicator.now.score = 80;
    toc_buf_init(&line, TOC_SINK_LINE_BYTES_MAX);
    if (sink->entry(picture, &indicator, indicator.born, &line))
        entries[entry_count++] = keep(toc_buf_slice(&line));
    toc_buf_done(&line);
}

static void read_line(
        const struct toc_sink *sink, const struct toc_sink_picture *picture, char *line)
{
    struct toc_slice rest = toc_slice_trim(toc_slice_of(line)), kind_text;
    bool allow = toc_slice_starts(rest, TOC_S("allow "));
    rest = toc_slice_sub(rest, allow ? strlen("allow ") : 0, SIZE_MAX);
    kind_text = toc_slice_sub(rest, 0, toc_slice_find(rest, ' '));
    enum toc_kind kind;
    if (!toc_kind_parse(kind_text, &kind) || entry_count == ENTRIES_MAX ||
            allowed_count == ENTRIES_MAX)
        die("line", line);
    struct toc_slice value = toc_slice_sub(rest, kind_text.len + 1, SIZE_MAX);
    if (allow)
        allowed[allowed_count++] = toc_guard_of(kind, keep(value));
    else
        add_entry(sink, picture, kind, value);
}

static bool next_entry(void *ctx, struct toc_slice *out)
{
    size_t *at = ctx;
    if (*at == entry_count)
        return false;
    *out = entries[(*at)++];
    return true;
}

int main(int argc, char **argv)
{
    const struct toc_sink *sink = argc < 3 ? NULL : toc_sink_by_name(toc_slice_of(argv[1]));
    if (sink == NULL)
        die("usage", "sink_file SINK PATH [stale]");
    struct toc_sink_picture picture = {.audience = "amber",
            .marking = TOC_MARKING_AMBER,
            .as_of_ms = INT64_C(1767312000000),
            .stale = argc > 3};
    char line[4096];
    while (fgets(line, sizeof line, stdin) != NULL)
        read_line(sink, &picture, line);
    struct toc_sink_page page = {.picture = &picture,
            .written_ms = INT64_C(1767312000000),
            .entries = entry_count,
            .allowed = allowed,
            .allowed_count = allowed_count};
    struct toc_err err;
    size_t at = 0;
    if (toc_failed(toc_sink_publish(sink, argv[2], 0644, &page, next_entry, &at, &err)))
        die("publish", err.text);
    return 0;
}
