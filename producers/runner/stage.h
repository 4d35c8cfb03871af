// From what a reader found to what may leave: refang, canonical form, own identity, texts, privacy
// guard, marking, key. Each statement ends in one of two places: the caller's `take`, or the report.
#pragma once

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/indicator/key.h"
#include "lib/privacy/privacy.h"
#include "producers/reader/reader.h"
#include "producers/runner/report.h"

struct toc_stage_options {
    const struct toc_privacy *guard;
    unsigned allow; // TOC_PRIVACY_MAIL, TOC_PRIVACY_DESCRIPTION
    bool has_marking;
    enum toc_marking marking, limit; // of what states none; the strictest that is taken
    bool assume_scheme;
    const struct toc_slice *tags; // on everything
    size_t tag_count;
    // Borrowed during the call. A failure ends the run.
    toc_rc (*take)(void *ctx, const uint8_t key[TOC_KEY_BYTES], enum toc_marking marking,
            const struct toc_observation *obs, struct toc_err *err);
    void *ctx;
};

struct toc_stage {
    struct toc_stage_options options;
    struct toc_report *report;
    int64_t now_ms;         // by the report's clock, at the start
    struct toc_arena arena; // of one statement
    struct toc_buf refanged, value;
    toc_rc rc; // why the read was ended
    struct toc_err err;
};

void toc_stage_init(struct toc_stage *stage, const struct toc_stage_options *options,
        struct toc_report *report);
void toc_stage_done(struct toc_stage *stage);

// The sink to give to a reader. After the read, toc_stage_check tells whether the stage ended it.
struct toc_reader_sink toc_stage_sink(struct toc_stage *stage);
TOC_NODISCARD toc_rc toc_stage_check(const struct toc_stage *stage, struct toc_err *err);
