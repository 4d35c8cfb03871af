// Log lines of programs (lib/ itself only returns errors): one line = time, level, subject,
// message, key=value. To stderr; as JSON lines when asked. Text is made safe here.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

enum toc_log_level {
    TOC_LOG_ERROR,
    TOC_LOG_WARN,
    TOC_LOG_INFO,
    TOC_LOG_DEBUG,
};

void toc_log_setup(enum toc_log_level most, bool json); // once, before threads
bool toc_log_level_parse(const char *name, enum toc_log_level *out);

// subject = a fixed word for the part that speaks ("worker", "publish", ...).
void toc_log(enum toc_log_level level, const char *subject, const char *fmt, ...) TOC_PRINTF(3, 4);
// The same at most once per period and call site; says how many were held back.
struct toc_log_rate {
    int64_t last_ms;
    uint64_t held;
};
void toc_log_rated(struct toc_log_rate *rate, enum toc_log_level level, const char *subject,
        const char *fmt, ...) TOC_PRINTF(4, 5);
