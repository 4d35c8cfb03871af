#include "tests/support/unit.h"

#include "lib/base/time.h"

static void parse_and_print(void **state)
{
    (void)state;
    static const struct row {
        const char *in, *want; // NULL: refused
    } rows[] = {
            {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
            {"2024-02-29T12:34:56.789Z", "2024-02-29T12:34:56.789Z"},
            {"2000-02-29", "2000-02-29T00:00:00.000Z"},
            {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
            {"2024-01-01t00:00:00z", "2024-01-01T00:00:00.000Z"},
            {"2024-01-01T00:00:00.1Z", "2024-01-01T00:00:00.100Z"},
            {"2024-01-01T00:00:00.123456789Z", "2024-01-01T00:00:00.123Z"},
            {"2024-01-01T00:30:00+01:00", "2023-12-31T23:30:00.000Z"},
            {"2023-12-31T23:30:00-00:45", "2024-01-01T00:15:00.000Z"},
            {"2024-01-01T00:00:00-00:00", "2024-01-01T00:00:00.000Z"},
            {"2024-01-01 10:11:12", "2024-01-01T10:11:12.000Z"},
            {"2024-01-01 10:11:12.5", "2024-01-01T10:11:12.500Z"},
            {"2024-01-01 10:11:12 UTC", "2024-01-01T10:11:12.000Z"},
            {"2024-01-01 10:11:12+02:00", "2024-01-01T08:11:12.000Z"},
            {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"}, // a leap second
            {"2017-01-01T00:59:60+01:00", "2017-01-01T00:00:00.000Z"},
            {"2016-12-31T22:59:60Z", NULL},
            {"2016-12-31T23:59:61Z", NULL},
            {"9999-12-31T23:59:60Z", NULL},
            {"9999-12-31T23:59:59-00:01", NULL},
            {"1970-01-01T00:00:00+00:01", NULL},
            {"1969-12-31T23:59:59Z", NULL},
            {"0000-01-01", NULL},
            {"2023-02-29", NULL},
            {"1900-02-29", NULL},
            {"2100-02-29", NULL},
            {"2024-13-01", NULL},
            {"2024-00-01", NULL},
            {"2024-04-31", NULL},
            {"2024-04-00", NULL},
            {"2024-01-01T24:00:00Z", NULL},
            {"2024-01-01T00:60:00Z", NULL},
            {"2024-01-01T00:00:00", NULL}, // RFC 3339 wants the offset
            {"2024-01-01T00:00:00.Z", NULL},
            {"2024-01-01T00:00:00+24:00", NULL},
            {"2024-01-01T00:00:00+01:60", NULL},
            {"2024-01-01T00:00:00+0100", NULL},
            {"2024-01-01T00:00:00Zx", NULL},
            {"2024-01-01 00:00:00 GMT", NULL},
            {"2024-01-01 00:00:00 UTC ", NULL},
            {"2024-1-1", NULL},
            {"20240101", NULL},
            {"2024-01-01T", NULL},
            {" 2024-01-01", NULL},
            {"-024-01-01", NULL},
            {"", NULL},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        int64_t ms = -1;
        struct toc_buf out;
        toc_buf_init(&out, 64);
        if (toc_time_parse(toc_slice_of(row->in), &ms) != (row->want != NULL))
            fail_msg("%s", row->in);
        if (row->want != NULL) {
            toc_time_put(&out, ms);
            assert_slice(toc_buf_slice(&out), row->want);
        } else {
            assert_int_equal(ms, -1);
        }
        toc_buf_done(&out);
    }
}

// Every day of more than a whole cycle of 400 years, and of every hundredth year after it, both ways,
// against a calendar counted up one day at a time.
static void every_day(void **state)
{
    (void)state;
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t ms = 0;
    char want[32];
    for (int year = 1970; year <= 9999; year++)
        for (int month = 1; month <= 12; month++) {
            bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
            int days = lengths[month - 1] + (month == 2 && leap);
            for (int day = 1; day <= days; day++, ms += TOC_MS_DAY) {
                int64_t parsed = -1;
                if (year > 2401 && year % 100 != 0 && year != 9999)
                    continue;
                snprintf(want, sizeof want, "%04d-%02d-%02dT00:00:00Z", year, month, day);
                assert_string_equal(TOC_TIME_SHOW(ms), want);
                assert_true(toc_time_parse(toc_slice_of(want), &parsed));
                assert_int_equal(parsed, ms);
            }
        }
    assert_int_equal(ms - 1, TOC_TIME_MAX);
}

static void show_clamps_and_fits(void **state)
{
    (void)state;
    assert_string_equal(TOC_TIME_SHOW(-5), "1970-01-01T00:00:00Z");
    assert_string_equal(TOC_TIME_SHOW(INT64_MAX), "9999-12-31T23:59:59Z");
    char small[5];
    assert_string_equal(toc_time_show(small, sizeof small, 0), "1970");
}

static void durations(void **state)
{
    (void)state;
    static const struct row {
        const char *in;
        int64_t want; // -1: refused
    } rows[] = {
            {"0s", 0},
            {"500ms", 500},
            {"30s", 30000},
            {"5m", 300000},
            {"24h", 86400000},
            {"7d", 604800000},
            {"106751991167d", 9223372036828800000},
            {"106751991168d", -1},
            {"9223372036854775807ms", INT64_MAX},
            {"9223372036854775808ms", -1},
            {"", -1},
            {"s", -1},
            {"5", -1},
            {"-5s", -1},
            {"5 s", -1},
            {"5S", -1},
            {"5w", -1},
            {"05s", -1},
            {"1h30m", -1},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        int64_t ms = -1;
        bool good = toc_duration_parse(toc_slice_of(row->in), &ms);
        if (good != (row->want >= 0))
            fail_msg("%s", row->in);
        if (good)
            assert_int_equal(ms, row->want);
    }
}

static int64_t fixed(void *ctx)
{
    return *(int64_t *)ctx;
}

static void clocks(void **state)
{
    (void)state;
    int64_t now = 42;
    struct toc_clock clock = {fixed, fixed, &now};
    assert_int_equal(toc_now_ms(&clock), 42);
    now = 43;
    assert_int_equal(toc_monotonic_ms(&clock), 43);
    assert_true(toc_now_ms(NULL) > INT64_C(1700000000000));
    int64_t before = toc_monotonic_ms(NULL);
    assert_true(toc_monotonic_ms(&toc_clock_system) >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(parse_and_print),
            cmocka_unit_test(every_day),
            cmocka_unit_test(show_clamps_and_fits),
            cmocka_unit_test(durations),
            cmocka_unit_test(clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
