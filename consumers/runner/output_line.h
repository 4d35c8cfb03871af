// What output.c and output_state.c share. Nobody else includes this.
#pragma once

#include "consumers/runner/keymap.h"
#include "consumers/runner/output.h"

// A line exists while it is wanted or shown.
struct line {
    uint8_t key[TOC_KEY_BYTES]; // first: it lives in a keymap
    int64_t drop_after_ms;
    int32_t partition, score;
    enum toc_kind kind;
    bool wanted; // by the picture
    bool heard;  // in the picture that is being told
    bool shut;   // by the gate
    bool aged;
    bool shown; // in the file as last written
    bool left;  // not shown by our own decision alone (shut, aged): its return is no addition
    bool moved; // shown, but with other bytes than these
    bool next;  // in the file that is being written
    size_t len, value_len;
    uint8_t *bytes; // len of the line, then value_len of the indicator's value
};

struct toc_output {
    const struct toc_sink *sink;
    char *path;
    unsigned mode;
    struct toc_keymap lines;
    struct line **order; // those shown, as they stand in the file
    struct toc_output_counts counts;
    struct toc_brake brake;
    bool first;    // nothing was ever written: the brake is off once
    bool telling;  // between picture_begins and picture_ends
    bool accepted; // by a person, until the next write
    bool touched;  // write even if no line changed
    bool dirty;    // something may have changed since the last publish
};

TOC_NODISCARD toc_rc output_line_add(struct toc_output *output, const struct toc_output_fact *fact,
        struct toc_slice text, struct line **out, struct toc_err *err);
static inline struct toc_slice line_text(const struct line *line)
{
    return toc_slice(line->bytes, line->len);
}

static inline struct toc_slice line_value(const struct line *line)
{
    return toc_slice(line->bytes + line->len, line->value_len);
}
