// Counts what the guard did, for the summary at the end of a run: how much stayed with the member,
// and by which rule. Holds numbers and rule names only, never a value.
#pragma once

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/privacy/privacy.h"

struct toc_privacy_report {
    uint64_t checked;
    uint64_t refused[TOC_REFUSAL_COUNT]; // by refusal; 0 is never counted
    uint64_t noted[TOC_PRIVACY_NOTE_COUNT];
};

// One result of toc_privacy_check. A zeroed report is an empty one.
void toc_privacy_report_add(
        struct toc_privacy_report *report, enum toc_refusal refusal, unsigned notes);

// One line a rule that did something: "  12  privacy.own  one of your own names or networks".
// Nothing when the guard had nothing to do.
void toc_privacy_report_put(const struct toc_privacy_report *report, struct toc_buf *out);

// {"checked": n, "refused": {"privacy.own": n}, "changed": {"query-cut": n}}
void toc_privacy_report_json(const struct toc_privacy_report *report, struct toc_jw *w);
