#include "lib/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#define LINE_BYTES_MAX 2048
#define RATE_PERIOD_MS (10 * TOC_MS_SECOND)

static const char *const level_names[] = {
        [TOC_LOG_ERROR] = "error",
        [TOC_LOG_WARN] = "warn",
        [TOC_LOG_INFO] = "info",
        [TOC_LOG_DEBUG] = "debug",
};

static enum toc_log_level most_level = TOC_LOG_INFO;
static bool as_json;

void toc_log_setup(enum toc_log_level most, bool json)
{
    most_level = most;
    as_json = json;
}

bool toc_log_level_parse(const char *name, enum toc_log_level *out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++)
        if (toc_slice_is(toc_slice_of(name), level_names[i])) {
            *out = (enum toc_log_level)i;
            return true;
        }
    return false;
}

static void format_json(
        struct toc_buf *line, enum toc_log_level level, const char *subject, const char *message)
{
    struct toc_jw w;
    toc_jw_init(&w, line);
    toc_jw_open(&w, '{');
    toc_jw_key(&w, "time");
    toc_jw_time(&w, toc_now_ms(NULL));
    toc_jw_key(&w, "level");
    toc_jw_text(&w, toc_slice_of(level_names[level]));
    toc_jw_key(&w, "subject");
    toc_jw_text(&w, toc_slice_of(subject));
    toc_jw_key(&w, "message");
    toc_jw_text(&w, toc_slice_of(message));
    toc_jw_close(&w, '}');
}

static void format_text(
        struct toc_buf *line, enum toc_log_level level, const char *subject, const char *message)
{
    toc_time_put(line, toc_now_ms(NULL));
    toc_buf_printf(line, " %-5s %s: %s", level_names[level], subject, message);
}

// One write a line, so that the lines of two threads never mix.
static TOC_PRINTF(4, 0) void write_line(
        enum toc_log_level level, const char *subject, uint64_t held, const char *fmt, va_list ap)
{
    char raw[LINE_BYTES_MAX], message[LINE_BYTES_MAX];
    int n = vsnprintf(raw, sizeof raw, fmt, ap);
    if (held != 0 && n >= 0 && (size_t)n < sizeof raw)
        snprintf(raw + n, sizeof raw - (size_t)n, " (%llu more like it held back)",
                (unsigned long long)held);
    toc_text_show(message, sizeof message, toc_slice_of(raw));

    struct toc_buf line;
    toc_buf_init(&line, (size_t)8 * LINE_BYTES_MAX); // JSON escapes make six bytes of one
    if (as_json)
        format_json(&line, level, subject, message);
    else
        format_text(&line, level, subject, message);
    toc_buf_put_byte(&line, '\n');
    // Out of memory, or standard error gone: there is nowhere left to say so.
    ssize_t written = line.failed ? 0 : write(STDERR_FILENO, line.ptr, line.len);
    (void)written;
    toc_buf_done(&line);
}

void toc_log(enum toc_log_level level, const char *subject, const char *fmt, ...)
{
    if (level > most_level)
        return;
    va_list ap;
    va_start(ap, fmt);
    write_line(level, subject, 0, fmt, ap);
    va_end(ap);
}

void toc_log_rated(struct toc_log_rate *rate, enum toc_log_level level, const char *subject,
        const char *fmt, ...)
{
    if (level > most_level)
        return;
    int64_t now = toc_monotonic_ms(NULL) + 1; // never 0, which means "not yet"
    int64_t last = __atomic_load_n(&rate->last_ms, __ATOMIC_RELAXED);
    // Of several threads at once, the one that moves the time on is the one that speaks.
    if ((last != 0 && now - last < RATE_PERIOD_MS) ||
            !__atomic_compare_exchange_n(
                    &rate->last_ms, &last, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        __atomic_fetch_add(&rate->held, 1, __ATOMIC_RELAXED);
        return;
    }
    uint64_t held = __atomic_exchange_n(&rate->held, 0, __ATOMIC_RELAXED);
    va_list ap;
    va_start(ap, fmt);
    write_line(level, subject, held, fmt, ap);
    va_end(ap);
}
