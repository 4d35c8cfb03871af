#include "lib/base/time.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "lib/base/rd.h"
#include "lib/base/text.h"

// Days between 1970-01-01 and a date of the proleptic Gregorian calendar, and back. Years are taken
// to begin in March, so that the leap day is the last one of its year; 400 years have 146,097 days.
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400, in_era = year % 400;
    int64_t in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

struct date {
    int year, month, day;
};

static struct date date_of(int64_t days)
{
    days += 719468;
    int64_t era = days / 146097, in_era = days % 146097;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * in_year + 2) / 153;
    int64_t day = in_year - (153 * month + 2) / 5 + 1;
    month += month < 10 ? 3 : -9;
    return (struct date){(int)(year + era * 400 + (month <= 2)), (int)month, (int)day};
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (leap && month == 2);
}

static int64_t digits(struct toc_rd *rd, unsigned count)
{
    int64_t v = 0;
    for (unsigned i = 0; i < count; i++) {
        uint8_t digit = (uint8_t)(toc_rd_byte(rd) - '0');
        if (digit > 9)
            rd->failed = true;
        v = v * 10 + digit;
    }
    return v;
}

static bool take(struct toc_rd *rd, char c)
{
    if (rd->failed || toc_rd_left(rd) == 0 || *rd->pos != (uint8_t)c)
        return false;
    rd->pos++;
    return true;
}

static void expect(struct toc_rd *rd, char c)
{
    if (!take(rd, c))
        rd->failed = true;
}

// Milliseconds of the fraction; digits beyond the third are dropped.
static int64_t fraction(struct toc_rd *rd)
{
    int64_t ms = 0, unit = 100;
    if (!take(rd, '.'))
        return 0;
    ms += unit * digits(rd, 1);
    while (!rd->failed && toc_rd_left(rd) > 0 && *rd->pos >= '0' && *rd->pos <= '9') {
        unit /= 10;
        ms += unit * digits(rd, 1);
    }
    return ms;
}

/*= https://www.rfc-editor.org/rfc/rfc3339#section-5.6
 *# time-numoffset  = ("+" / "-") time-hour ":" time-minute
 *# time-offset     = "Z" / time-numoffset */
static int64_t offset_minutes(struct toc_rd *rd)
{
    if (take(rd, 'Z') || take(rd, 'z'))
        return 0;
    bool east = take(rd, '+');
    if (!east)
        expect(rd, '-');
    int64_t hours = digits(rd, 2);
    expect(rd, ':');
    int64_t minutes = digits(rd, 2);
    if (hours > 23 || minutes > 59)
        rd->failed = true;
    return (hours * 60 + minutes) * (east ? 1 : -1);
}

static int64_t time_of_day(struct toc_rd *rd)
{
    bool rfc = take(rd, 'T') || take(rd, 't');
    if (!rfc)
        expect(rd, ' ');
    int64_t hour = digits(rd, 2);
    expect(rd, ':');
    int64_t minute = digits(rd, 2);
    expect(rd, ':');
    int64_t second = digits(rd, 2);
    int64_t ms = fraction(rd);
    int64_t offset = 0;
    if (rfc || (toc_rd_left(rd) > 0 && *rd->pos != ' '))
        offset = offset_minutes(rd);
    else if (take(rd, ' ') && !toc_slice_is(toc_rd_bytes(rd, toc_rd_left(rd)), "UTC"))
        rd->failed = true;
    int64_t utc_minute = hour * 60 + minute - offset;
    // Section 5.7: a leap second is the last of a UTC day. It counts as the first of the next.
    bool leap = second == 60 && (utc_minute + 1) % 1440 == 0;
    if (hour > 23 || minute > 59 || (second > 59 && !leap))
        rd->failed = true;
    return utc_minute * TOC_MS_MINUTE + (leap ? TOC_MS_MINUTE : second * TOC_MS_SECOND + ms);
}

bool toc_time_parse(struct toc_slice text, int64_t *out_ms)
{
    struct toc_rd rd = toc_rd_over(text);
    int64_t year = digits(&rd, 4);
    expect(&rd, '-');
    int64_t month = digits(&rd, 2);
    expect(&rd, '-');
    int64_t day = digits(&rd, 2);
    if (rd.failed || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    int64_t ms = days_of(year, month, day) * TOC_MS_DAY;
    if (toc_rd_left(&rd) > 0)
        ms += time_of_day(&rd);
    if (!toc_rd_finished(&rd) || ms < 0 || ms > TOC_TIME_MAX)
        return false;
    *out_ms = ms;
    return true;
}

static void format(char out[32], int64_t ms, bool fraction)
{
    ms = ms < 0 ? 0 : ms > TOC_TIME_MAX ? TOC_TIME_MAX : ms;
    struct date date = date_of(ms / TOC_MS_DAY);
    int rest = (int)(ms % TOC_MS_DAY);
    int n = snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d", date.year, date.month, date.day,
            rest / 3600000, rest / 60000 % 60, rest / 1000 % 60);
    if (fraction)
        snprintf(out + n, 32 - (size_t)n, ".%03dZ", rest % 1000);
    else
        snprintf(out + n, 32 - (size_t)n, "Z");
}

void toc_time_put(struct toc_buf *out, int64_t ms)
{
    char text[32];
    format(text, ms, true);
    toc_buf_put_text(out, text);
}

const char *toc_time_show(char *out, size_t size, int64_t ms)
{
    char text[32];
    format(text, ms, false);
    snprintf(out, size, "%s", text);
    return out;
}

bool toc_duration_parse(struct toc_slice text, int64_t *out_ms)
{
    static const struct {
        const char *suffix;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", TOC_MS_SECOND}, {"m", TOC_MS_MINUTE}, {"h", TOC_MS_HOUR},
            {"d", TOC_MS_DAY}};
    size_t count = 0;
    while (count < text.len && text.ptr[count] >= '0' && text.ptr[count] <= '9')
        count++;
    uint64_t n;
    if (!toc_parse_u64(toc_slice_sub(text, 0, count), INT64_MAX, &n))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        int64_t ms;
        if (!toc_slice_is(toc_slice_sub(text, count, text.len), units[i].suffix))
            continue;
        if (__builtin_mul_overflow((int64_t)n, units[i].ms, &ms))
            return false;
        *out_ms = ms;
        return true;
    }
    return false;
}

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return now.tv_sec * TOC_MS_SECOND + now.tv_nsec / 1000000;
}

static int64_t system_now(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_REALTIME);
}

static int64_t system_monotonic(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_MONOTONIC);
}

const struct toc_clock toc_clock_system = {system_now, system_monotonic, NULL};

int64_t toc_now_ms(const struct toc_clock *clock)
{
    clock = clock == NULL ? &toc_clock_system : clock;
    return clock->now_ms(clock->ctx);
}

int64_t toc_monotonic_ms(const struct toc_clock *clock)
{
    clock = clock == NULL ? &toc_clock_system : clock;
    return clock->monotonic_ms(clock->ctx);
}

void toc_pause_ms(int64_t ms)
{
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}
