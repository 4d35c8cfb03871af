// Freshness and ageing, with the clock in the test's hands: alone, and in an output's file.
#include "tests/support/unit.h"

#include "consumers/runner/fresh.h"
#include "consumers/runner/output.h"
#include "lib/base/time.h"

#define T0 INT64_C(1767225600000)
#define DAY TOC_MS_DAY

static struct toc_fresh fresh_of(int64_t first, int64_t second)
{
    return (struct toc_fresh){.stale_ms = 7 * DAY, .partitions = 2, .heads = {first, second}};
}

static void test_as_of_is_the_partition_that_lags(void **state)
{
    (void)state;
    struct toc_fresh fresh = {.stale_ms = 7 * DAY, .partitions = 3};
    assert_true(toc_fresh_as_of(&fresh) == 0);
    toc_fresh_head(&fresh, 0, T0);
    toc_fresh_head(&fresh, 2, T0 + 5);
    assert_true(toc_fresh_as_of(&fresh) == 0);
    toc_fresh_head(&fresh, 1, T0 + 9);
    assert_true(toc_fresh_as_of(&fresh) == T0);
    toc_fresh_head(&fresh, 0, T0 - 1); // never back
    assert_true(toc_fresh_as_of(&fresh) == T0);
    toc_fresh_head(&fresh, 0, T0 + 50);
    assert_true(toc_fresh_as_of(&fresh) == T0 + 5);
    toc_fresh_head(&fresh, -1, T0 + 99);
    toc_fresh_head(&fresh, 3, T0 + 99);
    assert_true(toc_fresh_as_of(&fresh) == T0 + 5);
    assert_true(toc_fresh_as_of(&(struct toc_fresh){0}) == 0);
}

static void test_ageing(void **state)
{
    (void)state;
    static const struct row {
        enum toc_kind kind;
        int64_t drop_after, silence;
        bool aged;
    } rows[] = {
            // the hub lives: it says itself when something goes
            {TOC_KIND_DOMAIN, T0 - DAY, 0, false},
            {TOC_KIND_DOMAIN, T0 - DAY, TOC_FRESH_CUT_OFF_MS, false},
            // cut off: by drop after
            {TOC_KIND_DOMAIN, T0, TOC_FRESH_CUT_OFF_MS + 1, true},
            {TOC_KIND_DOMAIN, T0 + 1, TOC_FRESH_CUT_OFF_MS + 1, false},
            {TOC_KIND_IPV4, T0 - DAY, TOC_FRESH_CUT_OFF_MS + 1, true},
            {TOC_KIND_SHA256, 0, 100 * DAY, false}, // nothing says when
            {TOC_KIND_DOMAIN, T0 + DAY, 100 * DAY, false},
            {TOC_KIND_DOMAIN, T0, 100 * DAY, true},
            // for over seven days: addresses and URLs
            {TOC_KIND_IPV4, T0 + DAY, 7 * DAY, false},
            {TOC_KIND_IPV4, T0 + DAY, 7 * DAY + 1, true},
            {TOC_KIND_IPV6, 0, 7 * DAY + 1, true},
            {TOC_KIND_CIDR, 0, 7 * DAY + 1, true},
            {TOC_KIND_ENDPOINT, 0, 7 * DAY + 1, true},
            {TOC_KIND_URL, 0, 7 * DAY + 1, true},
            {TOC_KIND_EMAIL, 0, 7 * DAY + 1, false},
            {TOC_KIND_CVE, 0, 7 * DAY + 1, false},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_fresh fresh = fresh_of(T0 - row->silence, T0);
        bool aged = toc_fresh_has_aged(&fresh, 0, row->kind, row->drop_after, T0);
        if (aged != row->aged)
            fail_msg("row %d: not %d", (int)(row - rows), row->aged);
        // the other partition is not silent
        assert_false(toc_fresh_has_aged(&fresh, 1, row->kind, row->drop_after, T0));
        assert_int_equal(toc_fresh_is_stale(&fresh, T0), row->silence > 7 * DAY);
    }
    struct toc_fresh never = fresh_of(0, 0); // no picture yet, so none that could be old
    assert_false(toc_fresh_is_stale(&never, T0));
    assert_false(toc_fresh_has_aged(&never, 0, TOC_KIND_IPV4, 0, T0));
    struct toc_fresh ahead = fresh_of(T0 + DAY, T0); // a clock behind the hub's
    assert_false(toc_fresh_has_aged(&ahead, 0, TOC_KIND_IPV4, T0 - DAY, T0));
}

// ---- in a file ----

struct entry {
    enum toc_kind kind;
    const char *value;
    int32_t partition;
    int64_t drop_after;
};

static const struct entry entries[] = {
        {TOC_KIND_DOMAIN, "a.example.com", 0, T0 + 2 * DAY},
        {TOC_KIND_DOMAIN, "b.example.com", 1, T0 + 2 * DAY},
        {TOC_KIND_DOMAIN, "c.example.com", 0, T0 + 30 * DAY},
        {TOC_KIND_IPV4, "185.220.101.7", 0, T0 + 30 * DAY},
        {TOC_KIND_IPV4, "185.220.101.8", 1, T0 + 30 * DAY},
        {TOC_KIND_URL, "http://u.example.com/", 0, T0 + 30 * DAY},
};

static struct toc_sink_picture picture = {.audience = "green", .marking = TOC_MARKING_GREEN};

static void offer_all(struct toc_output *output)
{
    struct toc_err err = {0};
    UNIT_EACH(const struct entry, entry, entries)
    {
        struct toc_output_fact fact = {.kind = entry->kind,
                .value = toc_slice_of(entry->value),
                .score = 60,
                .partition = entry->partition,
                .drop_after_ms = entry->drop_after};
        toc_indicator_key(entry->kind, toc_slice_of(entry->value), fact.key);
        assert_ok(toc_output_offer(output, &fact, toc_slice_of(entry->value), false, &err), err);
    }
}

// Ages and publishes as a runner does at this time; then the file holds `want`.
static void passes(
        struct toc_output *output, const struct toc_fresh *fresh, int64_t now, const char *want)
{
    struct toc_err err = {0};
    bool written;
    picture.as_of_ms = toc_fresh_as_of(fresh);
    if (picture.stale != toc_fresh_is_stale(fresh, now))
        toc_output_touch(output);
    picture.stale = toc_fresh_is_stale(fresh, now);
    toc_output_age(output, fresh, now);
    struct toc_sink_page page = {.picture = &picture, .written_ms = now};
    assert_ok(toc_output_publish(output, &page, &written, &err), err);
    struct toc_buf file = unit_read(toc_output_path(output));
    struct toc_slice text = toc_buf_slice(&file);
    assert_int_equal(strstr(toc_buf_cstr(&file), "# STALE") != NULL, picture.stale);
    while (text.len != 0 && text.ptr[0] == '#')
        text = toc_slice_sub(text, toc_slice_find(text, '\n') + 1, SIZE_MAX);
    assert_slice(text, want);
    toc_buf_done(&file);
}

static void test_cut_off_and_back(void **state)
{
    (void)state;
    char dir[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX];
    struct toc_output *output = NULL;
    struct toc_err err = {0};
    struct toc_fresh fresh = fresh_of(T0, T0);
    unit_temp_dir(dir);
    assert_ok(toc_path_join(path, dir, "list.txt", &err), err);
    assert_ok(toc_output_new(&toc_sink_list, path, 0640, &output, &err), err);
    toc_output_picture_begins(output);
    offer_all(output);
    toc_output_picture_ends(output);
    passes(output, &fresh, T0,
            "185.220.101.7\n185.220.101.8\na.example.com\nb.example.com\n"
            "c.example.com\nhttp://u.example.com/\n");

    // Partition 0 falls silent; partition 1 goes on, where the hub itself says what ends.
    toc_fresh_head(&fresh, 1, T0 + 2 * DAY);
    passes(output, &fresh, T0 + 2 * DAY,
            "185.220.101.7\n185.220.101.8\nb.example.com\n"
            "c.example.com\nhttp://u.example.com/\n");
    toc_fresh_head(&fresh, 1, T0 + 8 * DAY);
    passes(output, &fresh, T0 + 8 * DAY, "185.220.101.8\nb.example.com\nc.example.com\n");

    // A restart while still cut off: the file is all there is, and it goes on ageing.
    struct toc_buf saved;
    toc_buf_init(&saved, 1 << 20);
    toc_output_save(output, TOC_S("s"), &fresh, &saved);
    toc_output_free(output);
    assert_ok(toc_output_new(&toc_sink_list, path, 0640, &output, &err), err);
    fresh = (struct toc_fresh){.stale_ms = 7 * DAY};
    assert_ok(toc_output_load(output, toc_buf_slice(&saved), TOC_S("s"), &fresh, &err), err);
    toc_buf_done(&saved);
    toc_output_picture_begins(output); // nobody answers
    passes(output, &fresh, T0 + 16 * DAY, "c.example.com\n");

    // The hub is back with the whole picture: what is still said comes back.
    offer_all(output);
    toc_fresh_head(&fresh, 0, T0 + 16 * DAY);
    toc_fresh_head(&fresh, 1, T0 + 16 * DAY);
    toc_output_picture_ends(output);
    passes(output, &fresh, T0 + 16 * DAY,
            "185.220.101.7\n185.220.101.8\na.example.com\n"
            "b.example.com\nc.example.com\nhttp://u.example.com/\n");
    toc_output_free(output);
    unit_remove_dir(dir);
}

// However much ages, it is the machine's own decision: no brake, and no brake on the way back.
static void test_ageing_passes_the_brake(void **state)
{
    (void)state;
    char dir[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX];
    struct toc_output *output = NULL;
    struct toc_err err = {0};
    struct toc_fresh fresh = fresh_of(T0, T0);
    bool written;
    unit_temp_dir(dir);
    assert_ok(toc_path_join(path, dir, "list.txt", &err), err);
    assert_ok(toc_output_new(&toc_sink_list, path, 0640, &output, &err), err);
    for (uint32_t n = 0; n < 3000; n++) {
        struct toc_output_fact fact = {.kind = TOC_KIND_IPV4, .score = 60};
        char line[32];
        toc_indicator_key(TOC_KIND_IPV4, toc_slice(&n, sizeof n), fact.key);
        snprintf(line, sizeof line, "185.220.%u.%u", n / 256, n % 256);
        assert_ok(toc_output_offer(output, &fact, toc_slice_of(line), false, &err), err);
    }
    struct toc_sink_page page = {.picture = &picture, .written_ms = T0};
    assert_ok(toc_output_publish(output, &page, &written, &err), err);
    assert_int_equal(toc_output_counts(output).shown, 3000);
    page.written_ms = T0 + 8 * DAY;
    toc_output_age(output, &fresh, page.written_ms);
    assert_ok(toc_output_publish(output, &page, &written, &err), err);
    assert_int_equal(toc_output_counts(output).shown, 0);
    toc_fresh_head(&fresh, 0, page.written_ms);
    toc_output_age(output, &fresh, page.written_ms);
    assert_ok(toc_output_publish(output, &page, &written, &err), err);
    assert_int_equal(toc_output_counts(output).shown, 3000);
    toc_output_free(output);
    unit_remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_as_of_is_the_partition_that_lags),
            cmocka_unit_test(test_ageing),
            cmocka_unit_test(test_cut_off_and_back),
            cmocka_unit_test(test_ageing_passes_the_brake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
