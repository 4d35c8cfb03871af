// The heart of a subscriber, without Kafka, files of its own or a clock: records go in, outputs come to
// hold what the member is interested in. A picture is told from the beginning (begins, records...,
// ends), then followed. Records of a partition must come in its order; what is not above the highest
// position of its partition was had before and is ignored, so a restart or a second source may repeat.
// @locality one thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "consumers/runner/fresh.h"
#include "consumers/runner/output.h"
#include "consumers/sink/admit.h"
#include "consumers/sink/sink.h"
#include "lib/base/err.h"
#include "lib/indicator/expr.h"

#define TOC_PICTURE_OUTPUTS_MAX 16

struct toc_picture;

struct toc_picture_conf { // all borrowed for the picture's life
    const char *audience;
    enum toc_marking marking;        // highest of the audience
    const struct toc_expr *interest; // NULL: everything live
    struct toc_gate gate;            // allowed may change: toc_picture_allow
    int64_t stale_ms;                // silence after which addresses and URLs go
};

struct toc_picture_counts {
    uint64_t records;               // of indicators taken in
    uint64_t repeated;              // not above what was had
    uint64_t refused;               // could not be read, or not what its key says
    uint64_t shut[TOC_ADMIT_COUNT]; // verdicts of the gate, ADMITTED among them
};

TOC_NODISCARD toc_rc toc_picture_new(
        const struct toc_picture_conf *conf, struct toc_picture **out, struct toc_err *err);
void toc_picture_free(struct toc_picture *picture); // and its outputs; NULL is fine

// Takes the output over. Before anything is told. LIMIT.
TOC_NODISCARD toc_rc toc_picture_add(
        struct toc_picture *picture, struct toc_output *output, struct toc_err *err);
size_t toc_picture_outputs(const struct toc_picture *picture);
struct toc_output *toc_picture_output(const struct toc_picture *picture, size_t index);
// Saved heads may be put in before anything is told (toc_output_load).
struct toc_fresh *toc_picture_fresh(struct toc_picture *picture);
struct toc_picture_counts toc_picture_counts(const struct toc_picture *picture);

// From the beginning; also again, after too long an absence.
void toc_picture_begins(struct toc_picture *picture, size_t partitions);
// Everything up to where the log ended at the beginning was told. False (and nothing ends) while some
// partition has shown no head: then nobody can say how old it is.
bool toc_picture_ends(struct toc_picture *picture);

struct toc_picture_record {
    int32_t partition;
    int64_t offset;
    int64_t published_ms; // timestamp of the record
    struct toc_slice key; // of indicators.<audience>; not looked at for interest.<id>
    struct toc_slice value;
    bool tombstone;
};
// One record of indicators.<audience>, heads among them. A failure concerns this record only
// (fate RECORD): count it, say it, go on.
TOC_NODISCARD toc_rc toc_picture_record(
        struct toc_picture *picture, const struct toc_picture_record *record, struct toc_err *err);
// One record of interest.<id>: the position that counts is the one it carries.
TOC_NODISCARD toc_rc toc_picture_change(
        struct toc_picture *picture, const struct toc_picture_record *record, struct toc_err *err);

// A head that came by another way than the picture's own records.
TOC_NODISCARD toc_rc toc_picture_head(struct toc_picture *picture, int32_t partition,
        struct toc_slice value, struct toc_err *err);

// What the member allows has changed. Borrowed until the next call.
void toc_picture_allow(struct toc_picture *picture, const struct toc_guard *allowed, size_t count);

// Lets age what must, then writes this output if it has changed. After a failure it rests for
// TOC_PICTURE_RETRY_MS: then nothing is done and nothing is wrong.
#define TOC_PICTURE_RETRY_MS 10000
TOC_NODISCARD toc_rc toc_picture_publish(struct toc_picture *picture, size_t output, int64_t now_ms,
        bool *out_written, struct toc_err *err);
