// Time is milliseconds since 1970 UTC in an int64_t, everywhere. 0 means "not stated" in records.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/slice.h"

#define TOC_MS_SECOND INT64_C(1000)
#define TOC_MS_MINUTE (60 * TOC_MS_SECOND)
#define TOC_MS_HOUR (60 * TOC_MS_MINUTE)
#define TOC_MS_DAY (24 * TOC_MS_HOUR)
#define TOC_TIME_MAX INT64_C(253402300799999) // 9999-12-31T23:59:59.999Z

// RFC 3339 section 5.6 with any offset, or a date alone (midnight UTC), or "YYYY-MM-DD hh:mm:ss"
// with nothing or " UTC" behind it (UTC, as many feeds write). Digits below the millisecond are
// dropped, a leap second is the first of the next day. False when it is none of them or outside
// 1970..9999.
bool toc_time_parse(struct toc_slice text, int64_t *out_ms);

// YYYY-MM-DDThh:mm:ss.mmmZ (24 bytes), as STIX 2.1 section 3.9 wants it.
void toc_time_put(struct toc_buf *out, int64_t ms);
// The same without fraction, for people.
const char *toc_time_show(char *out, size_t size, int64_t ms);
#define TOC_TIME_SHOW(ms) toc_time_show((char[24]){0}, 24, (ms))

// Durations people write: 500ms, 30s, 5m, 24h, 7d.
bool toc_duration_parse(struct toc_slice text, int64_t *out_ms);

// A clock is passed in wherever time matters outside the log, so that tests can drive it.
struct toc_clock {
    int64_t (*now_ms)(void *ctx);       // wall clock
    int64_t (*monotonic_ms)(void *ctx); // for intervals
    void *ctx;
};
extern const struct toc_clock toc_clock_system;
int64_t toc_now_ms(const struct toc_clock *clock); // NULL = system
int64_t toc_monotonic_ms(const struct toc_clock *clock);

// Nothing for that long: between two samples, or two questions to whoever cannot tell by itself; never where an
// event can be awaited.
void toc_pause_ms(int64_t ms);
