// What a run tells the one who started it: every refused line with its reason, the progress on a
// terminal, the sums at the end. On a machine (cron) it is silent unless something was refused or
// is of no effect.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/err.h"
#include "lib/base/time.h"
#include "lib/privacy/privacy.h"
#include "producers/reader/reader.h"
#include "schemas/refusal.h"

struct toc_report_options {
    const char *input;   // file name, made safe to be shown; "-" for standard input
    const char *rejects; // file for refused lines, 0600; NULL: they go to `out`
    FILE *out;           // messages for people, usually stderr
    bool terminal;       // out is one: show progress
    bool quote;          // refused lines are quoted: somebody looks on, and no log keeps it
    const struct toc_clock *clock; // NULL = the system's
};

struct toc_report {
    struct toc_report_options options;
    FILE *rejects;
    uint64_t lines; // last line seen
    uint64_t taken; // observations, duplicates included
    uint64_t refused[TOC_REFUSAL_COUNT];
    uint64_t refused_total;
    uint64_t expired;           // too old to count, or ended, when they were read
    uint64_t relations_dropped; // whose value is nothing that can be shared
    uint64_t notes[8]; // by row of the table in report.c
    uint64_t privacy_notes[TOC_PRIVACY_NOTE_COUNT];
    int64_t shown_ms;
    bool progress_shown;
};

TOC_NODISCARD toc_rc toc_report_open(
        struct toc_report *report, const struct toc_report_options *options, struct toc_err *err);
// IO when the rejects could not be written to their end.
TOC_NODISCARD toc_rc toc_report_close(struct toc_report *report, struct toc_err *err);

// One refused line. Text refused by a privacy rule goes to the rejects file only: what is printed ends
// up in mails.
void toc_report_refuse(struct toc_report *report, const struct toc_refused *refused);
// What was changed in one observation: bits of enum toc_note and of enum toc_privacy_note.
void toc_report_notes(struct toc_report *report, unsigned notes, unsigned privacy_notes);
void toc_report_progress(struct toc_report *report); // at most ten times a second
// The reasons, most frequent first, and what was changed on the way.
void toc_report_summary(struct toc_report *report);
