// One output: a file, the sink that writes it, what stands in it, what waits to get in and what is held
// back from leaving. It keeps the lines, not the records: what others call an indicator is here a key
// with a rendered line and the few facts that decide whether it stands in the file now.
//
// A line's way: the picture wants it (offer) or no longer does (withdraw); the gate shuts it out, or it
// ages while the hub is silent, at once and uncounted; all else passes the brake at the next publish.
// @locality one thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "consumers/runner/brake.h"
#include "consumers/runner/fresh.h"
#include "consumers/sink/admit.h"
#include "consumers/sink/sink.h"
#include "lib/base/err.h"
#include "lib/indicator/key.h"

struct toc_output;

struct toc_output_fact {
    uint8_t key[TOC_KEY_BYTES];
    enum toc_kind kind;
    struct toc_slice value; // canonical; copied
    int32_t score;          // -1: none
    int32_t partition;      // of indicators.<audience>
    int64_t drop_after_ms;  // 0: never by itself
};

struct toc_output_counts {
    uint64_t shown;   // in the file as last written
    uint64_t waiting; // wanted, held off by the brake
    uint64_t held;    // no longer wanted, held in by the brake until a person accepts it
};

// "NAME:PATH" of the command line; *out_path lies within option. USAGE.
TOC_NODISCARD toc_rc toc_output_option(const char *option, const struct toc_sink **out_sink,
        const char **out_path, struct toc_err *err);
// `path` is copied. Nothing is read or written yet.
TOC_NODISCARD toc_rc toc_output_new(const struct toc_sink *sink, const char *path, unsigned mode,
        struct toc_output **out, struct toc_err *err);
void toc_output_free(struct toc_output *output); // NULL is fine
const struct toc_sink *toc_output_sink(const struct toc_output *output);
const char *toc_output_path(const struct toc_output *output);
struct toc_output_counts toc_output_counts(const struct toc_output *output);

// The picture is about to be told from the beginning: what it does not mention until
// toc_output_picture_ends is withdrawn then. Nothing of it is published in between.
void toc_output_picture_begins(struct toc_output *output);
void toc_output_picture_ends(struct toc_output *output);

// Wants this line for the key (copied); shut = the gate keeps it out for now.
TOC_NODISCARD toc_rc toc_output_offer(struct toc_output *output, const struct toc_output_fact *fact,
        struct toc_slice line, bool shut, struct toc_err *err);
void toc_output_withdraw(struct toc_output *output, const uint8_t key[TOC_KEY_BYTES]);
// Asks a changed gate about every line.
void toc_output_ask(struct toc_output *output, const struct toc_gate *gate);
// Takes out what has aged, lets in again what has not.
void toc_output_age(struct toc_output *output, const struct toc_fresh *fresh, int64_t now_ms);
// A person accepts what the brake holds: everything waiting enters, everything held leaves.
void toc_output_accept(struct toc_output *output);
// The header has something new to say (stale, the allow list): the file is written even if no line changed.
void toc_output_touch(struct toc_output *output);

// Writes the file if anything changed that the brake lets through; *out_written says so. page: its
// entries are counted here. On failure the old file stands and the next call tries again.
TOC_NODISCARD toc_rc toc_output_publish(struct toc_output *output, struct toc_sink_page *page,
        bool *out_written, struct toc_err *err);

// ---- across restarts ----
// What stands in the file, with its lines, its brake and how fresh its picture was. A state made under
// another `subscription` (what was asked of whom) is not used: its output begins anew.

void toc_output_save(const struct toc_output *output, struct toc_slice subscription,
        const struct toc_fresh *fresh, struct toc_buf *out);
// Into a new output. NOTFOUND: another subscription; SYNTAX: damaged. Then the output is as before.
TOC_NODISCARD toc_rc toc_output_load(struct toc_output *output, struct toc_slice saved,
        struct toc_slice subscription, struct toc_fresh *fresh, struct toc_err *err);
