// Sinks: an indicator becomes the line (or object) of one output format. A sink is a pure function
// record -> bytes with a header and a footer around; one file per format, one row of the table in
// sink.c registers it. Writing the file is toc_sink_publish's business, choosing what goes into it the
// runner's, and whether a value may be written at all the gate's (consumers/sink/admit.h).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/indicator/address.h"
#include "schemas/indicator.h"

#define TOC_SINK_LINE_BYTES_MAX (4 * 1024 * 1024) // an indicator as JSON; its record is below 1 MiB
#define TOC_SINK_HEAD_BYTES_MAX (4 * 1024 * 1024) // header or footer; RPZ lists what is allowed there

// The picture a file is cut from. Texts are borrowed for as long as the struct is used.
struct toc_sink_picture {
    const char *audience;
    enum toc_marking marking; // highest of the audience
    int64_t as_of_ms;         // stream time up to which it is whole; 0 = not known
    bool stale;               // as_of is so old that addresses and URLs were taken out
};

// A canonical value with what it is compared by. Made by toc_guard_of (admit.h); borrows the value.
struct toc_guard {
    enum toc_kind kind;
    struct toc_slice value;
    struct toc_slice name; // of a domain, or the host if that is a name; else empty
    bool has_network;      // of an address or network, or of the host if that is an address
    struct toc_network network;
};

// What header and footer say of the file as a whole.
struct toc_sink_page {
    const struct toc_sink_picture *picture;
    int64_t written_ms;
    size_t entries;
    struct toc_slice previous;       // how the file begins that this one replaces; empty if none
    const struct toc_guard *allowed; // what the member lets through (admit.h)
    size_t allowed_count;
};

enum toc_sink_takes {
    TOC_SINK_TAKES_BLOCK,    // only what has advice block, whatever the interest says
    TOC_SINK_TAKES_INTEREST, // all the interest says
};

struct toc_sink {
    const char *name; // as in --sink NAME:PATH
    enum toc_sink_takes takes;
    // Appends what stands for the indicator, without the line's end; `published_ms` is the timestamp
    // of its Kafka record. False (and nothing appended) when the format cannot express it.
    bool (*entry)(const struct toc_sink_picture *picture, const struct toc_indicator *indicator,
            int64_t published_ms, struct toc_buf *out);
    void (*header)(const struct toc_sink_page *page, struct toc_buf *out); // NULL: none
    void (*footer)(const struct toc_sink_page *page, struct toc_buf *out); // NULL: none
    // What ends every entry: "\n", or something that depends on the page.
    const char *(*entry_end)(const struct toc_sink_page *page);
};

extern const struct toc_sink toc_sink_list, toc_sink_rpz, toc_sink_csv, toc_sink_jsonl,
        toc_sink_stix;

// NULL when there is none of that name.
const struct toc_sink *toc_sink_by_name(struct toc_slice name);
// All of them: index 0, 1, ... ; NULL behind the last.
const struct toc_sink *toc_sink_at(size_t index);

// Replaces `path` atomically: a reader sees the old file or the new one. `next` yields the entries in
// the order in which they shall stand, then false. On failure (IO: a full disk) the old file stands.
// Fills page->previous itself. @locality one thread per path.
TOC_NODISCARD toc_rc toc_sink_publish(const struct toc_sink *sink, const char *path, unsigned mode,
        struct toc_sink_page *page, bool (*next)(void *ctx, struct toc_slice *out), void *ctx,
        struct toc_err *err);

// Lines of a comment header shared by the formats that have comments: Tocsin's mark, what the file
// is, how fresh, and in capitals when it is stale. `comment` = "# " or "; ".
void toc_sink_comment(const struct toc_sink_page *page, const char *comment, const char *what,
        struct toc_buf *out);
