#include "lib/privacy/report.h"

#include <inttypes.h>

void toc_privacy_report_add(
        struct toc_privacy_report *report, enum toc_refusal refusal, unsigned notes)
{
    report->checked++;
    if (refusal != TOC_REFUSAL_NONE) {
        report->refused[refusal]++;
        return;
    }
    for (unsigned i = 0; i < TOC_PRIVACY_NOTE_COUNT; i++)
        report->noted[i] += notes >> i & 1u;
}

static void put_line(struct toc_buf *out, uint64_t count, const char *code, const char *text)
{
    if (count > 0)
        toc_buf_printf(out, "%10" PRIu64 "  %-20s %s\n", count, code, text);
}

void toc_privacy_report_put(const struct toc_privacy_report *report, struct toc_buf *out)
{
    for (unsigned i = 0; i < TOC_REFUSAL_COUNT; i++)
        put_line(out, report->refused[i], toc_refusal_code((enum toc_refusal)i),
                toc_refusal_meaning((enum toc_refusal)i));
    for (unsigned i = 0; i < TOC_PRIVACY_NOTE_COUNT; i++)
        put_line(out, report->noted[i], toc_privacy_note_code((enum toc_privacy_note_index)i),
                toc_privacy_note_text((enum toc_privacy_note_index)i));
}

static void put_count(struct toc_jw *w, const char *code, uint64_t count)
{
    if (count == 0)
        return;
    toc_jw_key(w, code);
    toc_jw_int(w, (int64_t)count);
}

void toc_privacy_report_json(const struct toc_privacy_report *report, struct toc_jw *w)
{
    toc_jw_open(w, '{');
    toc_jw_key(w, "checked");
    toc_jw_int(w, (int64_t)report->checked);
    toc_jw_key(w, "refused");
    toc_jw_open(w, '{');
    for (unsigned i = 0; i < TOC_REFUSAL_COUNT; i++)
        put_count(w, toc_refusal_code((enum toc_refusal)i), report->refused[i]);
    toc_jw_close(w, '}');
    toc_jw_key(w, "changed");
    toc_jw_open(w, '{');
    for (unsigned i = 0; i < TOC_PRIVACY_NOTE_COUNT; i++)
        put_count(w, toc_privacy_note_code((enum toc_privacy_note_index)i), report->noted[i]);
    toc_jw_close(w, '}');
    toc_jw_close(w, '}');
}
