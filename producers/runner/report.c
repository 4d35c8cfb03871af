#include "producers/runner/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/limits.h"
#include "lib/base/text.h"
#include "lib/indicator/canon.h"

#define PROGRESS_MS 100
#define SHOWN_BYTES_MAX 160

static const struct {
    unsigned note;
    const char *text;
} note_texts[] = {
        {TOC_NOTE_USERINFO_REMOVED, "user name and password were cut from the URL"},
        {TOC_NOTE_FRAGMENT_REMOVED, "the part behind # was cut from the URL"},
        {TOC_NOTE_DEFAULT_PORT, "the scheme's own port was left out of the URL"},
        {TOC_NOTE_IDN, "an international name was put into its ASCII form"},
        {TOC_NOTE_SINGLE_ADDRESS, "a network of one address was taken for the address"},
        {TOC_NOTE_SCHEME_ASSUMED, "http:// was assumed, as the feed is configured"},
};
#define NOTES (sizeof note_texts / sizeof *note_texts)

static toc_rc open_rejects(struct toc_report *report, struct toc_err *err)
{
    const char *path = report->options.rejects;
    if (path == NULL)
        return TOC_OK;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && fchmod(fd, 0600) == 0)
        report->rejects = fdopen(fd, "w");
    if (report->rejects == NULL) {
        toc_rc rc = toc_fail(err, TOC_E_IO, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return rc;
    }
    fputs("# line\tcolumn\tcode\ttext\twhat it means\twhat to do\n", report->rejects);
    return TOC_OK;
}

toc_rc toc_report_open(
        struct toc_report *report, const struct toc_report_options *options, struct toc_err *err)
{
    *report = (struct toc_report){.options = *options};
    return open_rejects(report, err);
}

toc_rc toc_report_close(struct toc_report *report, struct toc_err *err)
{
    if (report->rejects == NULL)
        return TOC_OK;
    bool good = ferror(report->rejects) == 0;
    good = fclose(report->rejects) == 0 && good;
    report->rejects = NULL;
    TOC_ENSURE(good, err, TOC_E_IO, "%s: not written to its end: %s", report->options.rejects,
            strerror(errno));
    return TOC_OK;
}

static void end_progress(struct toc_report *report)
{
    if (report->progress_shown)
        fputs("\r\033[K", report->options.out);
    report->progress_shown = false;
}

static bool is_private(enum toc_refusal code)
{
    return strncmp(toc_refusal_code(code), "privacy.", 8) == 0;
}

static void keep(struct toc_report *report, const struct toc_refused *r)
{
    struct toc_buf TOC_CLEANUP(toc_buf_done) text;
    toc_buf_init(&text, 2 * TOC_TEXT_BYTES_MAX);
    toc_text_safe(&text, r->text);
    fprintf(report->rejects, "%llu\t%u\t%s\t%.*s\t%s\t%s\n", (unsigned long long)r->line,
            (unsigned)r->column, toc_refusal_code(r->code), TOC_SLICE_ARG(toc_buf_slice(&text)),
            toc_refusal_meaning(r->code), toc_refusal_todo(r->code));
}

static void print(struct toc_report *report, const struct toc_refused *r)
{
    // Where nobody looks on, this ends in a log: there the line's number must do, for what it holds beside
    // the value may be a person's. --rejects keeps the text in a file of the member's own.
    bool quoted = report->options.quote && !is_private(r->code);
    char column[24] = "", shown[SHOWN_BYTES_MAX];
    if (r->column > 0)
        snprintf(column, sizeof column, ", column %u", (unsigned)r->column);
    end_progress(report);
    fprintf(report->options.out, "%s:%llu%s: %s: %s%s%s%s\n", report->options.input,
            (unsigned long long)r->line, column, toc_refusal_code(r->code),
            toc_refusal_meaning(r->code), quoted ? ": \"" : "",
            quoted ? toc_text_show(shown, sizeof shown, r->text) : "", quoted ? "\"" : "");
}

void toc_report_refuse(struct toc_report *report, const struct toc_refused *refused)
{
    report->refused[refused->code]++;
    report->refused_total++;
    if (report->rejects != NULL)
        keep(report, refused);
    else
        print(report, refused);
}

void toc_report_notes(struct toc_report *report, unsigned notes, unsigned privacy_notes)
{
    for (size_t i = 0; notes != 0 && i < NOTES; i++)
        report->notes[i] += (notes & note_texts[i].note) != 0;
    for (unsigned i = 0; privacy_notes != 0 && i < TOC_PRIVACY_NOTE_COUNT; i++)
        report->privacy_notes[i] += privacy_notes >> i & 1u;
}

void toc_report_progress(struct toc_report *report)
{
    if (!report->options.terminal)
        return;
    int64_t now = toc_monotonic_ms(report->options.clock);
    if (report->shown_ms != 0 && now - report->shown_ms < PROGRESS_MS)
        return;
    report->shown_ms = now;
    report->progress_shown = true;
    fprintf(report->options.out, "\r%s: line %llu, %llu taken, %llu refused\033[K",
            report->options.input, (unsigned long long)report->lines,
            (unsigned long long)report->taken, (unsigned long long)report->refused_total);
    fflush(report->options.out);
}

struct reason {
    enum toc_refusal code;
    uint64_t count;
};

static int by_count(const void *a, const void *b)
{
    const struct reason *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count) - (x->count > y->count)
                                : (int)x->code - (int)y->code;
}

void toc_report_summary(struct toc_report *report)
{
    struct reason reasons[TOC_REFUSAL_COUNT];
    FILE *out = report->options.out;
    size_t count = 0;
    end_progress(report);
    if (!report->options.terminal && report->refused_total == 0 && report->expired == 0)
        return;
    for (size_t i = 0; i < TOC_REFUSAL_COUNT; i++)
        if (report->refused[i] > 0)
            reasons[count++] = (struct reason){(enum toc_refusal)i, report->refused[i]};
    qsort(reasons, count, sizeof *reasons, by_count);
    fprintf(out, "%s: %llu taken, %llu refused\n", report->options.input,
            (unsigned long long)report->taken, (unsigned long long)report->refused_total);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%9llu  %-24s %s: %s\n", (unsigned long long)reasons[i].count,
                toc_refusal_code(reasons[i].code), toc_refusal_meaning(reasons[i].code),
                toc_refusal_todo(reasons[i].code));
    for (size_t i = 0; i < NOTES; i++)
        if (report->notes[i] > 0)
            fprintf(out, "%9llu  note: %s\n", (unsigned long long)report->notes[i],
                    note_texts[i].text);
    if (report->expired > 0)
        fprintf(out, "%9llu  note: older than its kind lives, or ended: it arrives expired\n",
                (unsigned long long)report->expired);
    if (report->relations_dropped > 0)
        fprintf(out, "%9llu  note: a relation was left out, its value is none that can be shared\n",
                (unsigned long long)report->relations_dropped);
    for (size_t i = 0; i < TOC_PRIVACY_NOTE_COUNT; i++)
        if (report->privacy_notes[i] > 0)
            fprintf(out, "%9llu  note: %s\n", (unsigned long long)report->privacy_notes[i],
                    toc_privacy_note_text((enum toc_privacy_note_index)i));
    if (report->rejects != NULL && report->refused_total > 0)
        fprintf(out, "the refused lines are in %s\n", report->options.rejects);
}
