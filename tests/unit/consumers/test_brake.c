// The brake as arithmetic, and how an output as a whole behaves under it: what waits, what is held, what
// a person lets through, what a restart remembers.
#include "tests/support/unit.h"

#include "consumers/runner/brake.h"
#include "consumers/runner/output.h"
#include "lib/base/time.h"

#define T0 INT64_C(1767225600000)
#define HOUR TOC_BRAKE_HOUR_MS

// ---- arithmetic ----

static void test_room(void **state)
{
    (void)state;
    static const struct row {
        uint64_t base, added, room;
    } rows[] = {
            {0, 0, 1000},
            {5000, 0, 1000},
            {5004, 0, 1000},
            {5010, 0, 1002},
            {100000, 0, 20000},
            {100000, 19999, 1},
            {100000, 20000, 0},
            {100000, 30000, 0},
            {UINT64_MAX, 0, UINT64_MAX / 5},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_brake brake = {.opened_ms = T0, .base = row->base, .added = row->added};
        assert_true(toc_brake_room(&brake) == row->room);
    }
}

static void test_leaving(void **state)
{
    (void)state;
    static const struct row {
        uint64_t base, removed, shown, leaving;
        bool lets;
    } rows[] = {
            {100, 0, 100, 50, true},
            {100, 0, 100, 51, false},
            {100, 40, 60, 10, true},
            {100, 40, 60, 11, false},  // counted over the hour
            {100, 0, 1000, 500, true}, // it has grown since
            {100, 0, 1000, 501, false},
            {3, 0, 3, 3, true}, // too few to mean anything
            {10, 0, 10, 9, true},
            {10, 0, 10, 10, false},
            {0, 0, 0, 0, true},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_brake brake = {.opened_ms = T0, .base = row->base, .removed = row->removed};
        assert_int_equal(toc_brake_lets_leave(&brake, row->shown, row->leaving), row->lets);
    }
}

static void test_hours(void **state)
{
    (void)state;
    struct toc_brake brake = {0};
    toc_brake_roll(&brake, 7000, T0);
    assert_int_equal(toc_brake_room(&brake), 1400);
    toc_brake_count(&brake, 1400, 3);
    toc_brake_roll(&brake, 8400, T0 + HOUR - 1); // the same hour
    assert_int_equal(toc_brake_room(&brake), 0);
    assert_int_equal(brake.removed, 3);
    toc_brake_roll(&brake, 8400, T0 + HOUR);
    assert_int_equal(toc_brake_room(&brake), 1680);
    assert_int_equal(brake.removed, 0);
    toc_brake_count(&brake, 1680, 0);
    toc_brake_roll(&brake, 10080, T0); // a clock that went back does not stop additions for ever
    assert_int_equal(toc_brake_room(&brake), 2016);
}

// ---- an output ----

struct bench {
    char dir[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX];
    struct toc_output *output;
    struct toc_fresh fresh;
    int64_t now;
};

static struct toc_sink_picture picture = {.audience = "green", .marking = TOC_MARKING_GREEN};

static int setup(void **state)
{
    static struct bench bench;
    struct toc_err err = {0};
    bench = (struct bench){
            .now = T0, .fresh = {.stale_ms = 7 * TOC_MS_DAY, .partitions = 1, .heads = {T0}}};
    unit_temp_dir(bench.dir);
    assert_ok(toc_path_join(bench.path, bench.dir, "list.txt", &err), err);
    assert_ok(toc_output_new(&toc_sink_list, bench.path, 0640, &bench.output, &err), err);
    *state = &bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    toc_output_free(b->output);
    unit_remove_dir(b->dir);
    return 0;
}

// The text borrows from a buffer of its own until the next call.
static struct toc_output_fact fact_of(uint32_t n, int32_t score)
{
    static char value[32];
    snprintf(value, sizeof value, "%06u.example.com", n);
    struct toc_output_fact fact = {
            .kind = TOC_KIND_DOMAIN, .value = toc_slice_of(value), .score = score};
    toc_indicator_key(TOC_KIND_DOMAIN, fact.value, fact.key);
    return fact;
}

// Wants lines [from, to), all with this score.
static void offer(struct bench *b, uint32_t from, uint32_t to, int32_t score)
{
    struct toc_err err = {0};
    for (uint32_t n = from; n < to; n++) {
        struct toc_output_fact fact = fact_of(n, score);
        assert_ok(toc_output_offer(b->output, &fact, fact.value, false, &err), err);
    }
}

static void withdraw(struct bench *b, uint32_t from, uint32_t to)
{
    for (uint32_t n = from; n < to; n++)
        toc_output_withdraw(b->output, fact_of(n, 0).key);
}

static bool publish(struct bench *b)
{
    struct toc_sink_page page = {.picture = &picture, .written_ms = b->now};
    struct toc_err err = {0};
    bool written = false;
    assert_ok(toc_output_publish(b->output, &page, &written, &err), err);
    return written;
}

static void counts_are(struct bench *b, uint64_t shown, uint64_t waiting, uint64_t held)
{
    struct toc_output_counts c = toc_output_counts(b->output);
    if (c.shown != shown || c.waiting != waiting || c.held != held)
        fail_msg("shown %u waiting %u held %u, not %u %u %u", (unsigned)c.shown,
                (unsigned)c.waiting, (unsigned)c.held, (unsigned)shown, (unsigned)waiting,
                (unsigned)held);
}

// The first picture with `count` lines stands in the file.
static void begin_with(struct bench *b, uint32_t count)
{
    toc_output_picture_begins(b->output);
    offer(b, 0, count, 50);
    assert_false(publish(b)); // nothing before all of it is there
    toc_output_picture_ends(b->output);
    assert_true(publish(b));
    counts_are(b, count, 0, 0);
}

// The file holds just the lines of these ranges, sorted.
static void file_holds(struct bench *b, size_t pairs, const uint32_t *ranges)
{
    struct toc_buf file = unit_read(b->path), want;
    toc_buf_init(&want, UNIT_FILE_BYTES_MAX);
    for (size_t i = 0; i < pairs; i++)
        for (uint32_t n = ranges[2 * i]; n < ranges[2 * i + 1]; n++)
            toc_buf_printf(&want, "%06u.example.com\n", n);
    struct toc_slice text = toc_buf_slice(&file);
    while (text.len != 0 && text.ptr[0] == '#')
        text = toc_slice_sub(text, toc_slice_find(text, '\n') + 1, SIZE_MAX);
    assert_slices_equal(text, toc_buf_slice(&want));
    toc_buf_done(&want);
    toc_buf_done(&file);
}
#define FILE_HOLDS(b, ...)                                                                         \
    file_holds((b), sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t) / 2,                \
            (const uint32_t[]){__VA_ARGS__})

static void test_the_first_picture_is_exempt(void **state)
{
    begin_with(*state, 5000);
    FILE_HOLDS(*state, 0, 5000);
}

static void test_an_empty_first_picture_is_a_file(void **state)
{
    struct bench *b = *state;
    begin_with(b, 0);
    FILE_HOLDS(b, 0, 0);
    offer(b, 0, 1500, 50); // and the brake is on from then
    assert_true(publish(b));
    counts_are(b, 1000, 500, 0);
}

static void test_additions_wait_and_the_best_come_first(void **state)
{
    struct bench *b = *state;
    begin_with(b, 100);
    offer(b, 1000, 1800, 30);
    offer(b, 2000, 2900, 90);
    offer(b, 3000, 3500, -1); // no score: last
    assert_true(publish(b));
    counts_are(b, 1100, 1200, 0);
    struct toc_buf file = unit_read(b->path);
    assert_shows(toc_buf_cstr(&file), "\n002000.example.com\n"); // all of the best
    assert_shows(toc_buf_cstr(&file), "\n002899.example.com\n");
    assert_null(strstr(toc_buf_cstr(&file), "\n003000.example.com\n"));
    toc_buf_done(&file);

    b->now += HOUR - 1;
    assert_false(publish(b));
    offer(b, 4000, 4001, 100); // even the best waits in this hour
    assert_false(publish(b));
    counts_are(b, 1100, 1201, 0);
    b->now += 1;
    assert_true(publish(b));
    counts_are(b, 2100, 201, 0);
    b->now += HOUR;
    assert_true(publish(b));
    FILE_HOLDS(b, 0, 100, 1000, 1800, 2000, 2900, 3000, 3500, 4000, 4001);
    b->now += 10 * HOUR;
    assert_false(publish(b)); // nothing is left to do
}

static void test_what_waits_may_be_withdrawn(void **state)
{
    struct bench *b = *state;
    begin_with(b, 10);
    offer(b, 100, 1200, 50);
    assert_true(publish(b));
    counts_are(b, 1010, 100, 0);
    withdraw(b, 100, 1200);
    offer(b, 0, 10, 60); // the same lines: no change
    assert_false(publish(b));
    counts_are(b, 1010, 0, 1000); // more than half: held, but nothing waits any more
    toc_output_accept(b->output);
    assert_true(publish(b));
    FILE_HOLDS(b, 0, 10);
}

static void test_a_withdrawal_leaves_at_once(void **state)
{
    struct bench *b = *state;
    begin_with(b, 3);
    withdraw(b, 1, 2);
    assert_true(publish(b));
    FILE_HOLDS(b, 0, 1, 2, 3);
    offer(b, 1, 2, 50); // and comes back
    assert_true(publish(b));
    FILE_HOLDS(b, 0, 3);
    withdraw(b, 0, 3);
    assert_true(publish(b));
    FILE_HOLDS(b, 0, 0);
}

static void test_a_mass_removal_is_held(void **state)
{
    struct bench *b = *state;
    begin_with(b, 100);
    withdraw(b, 0, 50);
    assert_true(publish(b)); // half is not more than half
    withdraw(b, 50, 51);
    assert_false(publish(b));
    counts_are(b, 50, 0, 1);
    FILE_HOLDS(b, 50, 100);
    b->now += HOUR; // one line is not half of what is there now
    assert_true(publish(b));
    FILE_HOLDS(b, 51, 100);

    withdraw(b, 51, 100);
    assert_false(publish(b));
    b->now += 50 * HOUR; // but this waits for a person, however long
    assert_false(publish(b));
    counts_are(b, 49, 0, 49);
    offer(b, 60, 100, 50);   // the hub comes to its senses
    assert_true(publish(b)); // of those that stay withdrawn nine are few
    FILE_HOLDS(b, 60, 100);
}

static void test_acceptance_covers_what_was_held_then(void **state)
{
    struct bench *b = *state;
    begin_with(b, 100);
    withdraw(b, 0, 90);
    offer(b, 1000, 3000, 50);
    assert_true(publish(b));
    counts_are(b, 1100, 1000, 90);
    toc_output_accept(b->output);
    assert_true(publish(b));
    FILE_HOLDS(b, 90, 100, 1000, 3000);
    counts_are(b, 2010, 0, 0);
    withdraw(b, 1000, 3000);
    assert_false(publish(b)); // not the next change
    counts_are(b, 2010, 0, 2000);
    offer(b, 1000, 3000, 50);
    publish(b);
    toc_output_accept(b->output); // accepting nothing is spent, too
    publish(b);
    withdraw(b, 1000, 3000);
    assert_false(publish(b));
    counts_are(b, 2010, 0, 2000);
}

static void test_own_decisions_are_not_counted(void **state)
{
    struct bench *b = *state;
    struct toc_psl *suffixes = NULL;
    struct toc_err err = {0};
    assert_ok(toc_psl_open(TOC_S("com\n"), &suffixes, &err), err);
    struct toc_guard allowed = toc_guard_of(TOC_KIND_DOMAIN, TOC_S("example.com"));
    struct toc_gate open = {.suffixes = suffixes},
                    shut = {.suffixes = suffixes, .allowed = &allowed, .allowed_count = 1};
    begin_with(b, 3000);
    toc_output_ask(b->output, &shut);
    assert_true(publish(b));
    counts_are(b, 0, 0, 0);
    FILE_HOLDS(b, 0, 0);
    withdraw(b, 7, 8); // meanwhile: does not come back
    toc_output_ask(b->output, &open);
    assert_true(publish(b)); // coming back is no addition
    FILE_HOLDS(b, 0, 7, 8, 3000);
    toc_output_ask(b->output, &open);
    assert_false(publish(b));
    toc_psl_free(suffixes);
}

static void test_a_full_disk_changes_nothing(void **state)
{
    struct bench *b = *state;
    struct toc_err err = {0};
    begin_with(b, 100);
    char moved[TOC_PATH_BYTES_MAX + 8];
    snprintf(moved, sizeof moved, "%s.away", b->dir);
    assert_int_equal(rename(b->dir, moved), 0);
    withdraw(b, 0, 10);
    offer(b, 200, 210, 50);
    struct toc_sink_page page = {.picture = &picture, .written_ms = b->now};
    bool written = true;
    assert_code(toc_output_publish(b->output, &page, &written, &err), TOC_E_NOTFOUND, err);
    assert_false(written);
    counts_are(b, 100, 0, 0);
    assert_int_equal(rename(moved, b->dir), 0);
    assert_true(publish(b)); // the next call does it
    FILE_HOLDS(b, 10, 100, 200, 210);
}

// ---- restarts ----

static toc_rc restart_as(struct bench *b, const char *subscription, struct toc_err *err)
{
    struct toc_buf saved;
    toc_buf_init(&saved, UNIT_FILE_BYTES_MAX);
    toc_output_save(b->output, TOC_S("amber; interest a"), &b->fresh, &saved);
    toc_output_free(b->output);
    b->output = NULL;
    assert_ok(toc_output_new(&toc_sink_list, b->path, 0640, &b->output, err), *err);
    b->fresh = (struct toc_fresh){0};
    toc_rc rc = toc_output_load(
            b->output, toc_buf_slice(&saved), toc_slice_of(subscription), &b->fresh, err);
    toc_buf_done(&saved);
    return rc;
}

static void test_a_restart_keeps_the_brake(void **state)
{
    struct bench *b = *state;
    struct toc_err err = {0};
    begin_with(b, 6000);
    offer(b, 10000, 11000, 50);
    assert_true(publish(b));
    assert_ok(restart_as(b, "amber; interest a", &err), err);
    assert_int_equal(b->fresh.partitions, 1);
    assert_int_equal(b->fresh.heads[0], T0);
    counts_are(b, 7000, 0, 0);

    toc_output_picture_begins(b->output); // the picture is told anew, and has changed
    offer(b, 100, 6000, 50);
    offer(b, 10000, 11500, 50);
    toc_output_picture_ends(b->output);
    assert_true(publish(b));
    counts_are(b, 7100, 300, 0); // 1,200 an hour, 1,000 were used before; 100 left
    b->now += HOUR;
    assert_true(publish(b));
    FILE_HOLDS(b, 100, 6000, 10000, 11500);
}

static void test_a_restart_keeps_what_is_held(void **state)
{
    struct bench *b = *state;
    struct toc_err err = {0};
    begin_with(b, 100);
    assert_ok(restart_as(b, "amber; interest a", &err), err);
    toc_output_picture_begins(b->output);
    offer(b, 0, 20, 50);
    toc_output_picture_ends(b->output);
    assert_true(publish(b)); // always written once, whatever was done to the file meanwhile
    counts_are(b, 100, 0, 80);
    FILE_HOLDS(b, 0, 100);
    assert_ok(restart_as(b, "amber; interest a", &err), err);
    toc_output_picture_begins(b->output);
    offer(b, 0, 20, 50);
    toc_output_picture_ends(b->output);
    toc_output_accept(b->output);
    assert_true(publish(b));
    FILE_HOLDS(b, 0, 20);
}

static void test_another_subscription_begins_anew(void **state)
{
    struct bench *b = *state;
    struct toc_err err = {0};
    begin_with(b, 100);
    assert_code(restart_as(b, "amber; interest b", &err), TOC_E_NOTFOUND, err);
    counts_are(b, 0, 0, 0);
    begin_with(b, 5000);
}

static void test_a_damaged_state_is_dropped(void **state)
{
    struct bench *b = *state;
    struct toc_err err = {0};
    struct toc_buf saved;
    begin_with(b, 3);
    toc_buf_init(&saved, UNIT_FILE_BYTES_MAX);
    toc_output_save(b->output, TOC_S("s"), &b->fresh, &saved);
    for (size_t cut = 0; cut < saved.len; cut++) {
        struct toc_output *output = NULL;
        struct toc_fresh fresh = {0};
        assert_ok(toc_output_new(&toc_sink_list, b->path, 0640, &output, &err), err);
        struct toc_slice shorter = toc_slice_sub(toc_buf_slice(&saved), 0, cut);
        assert_code(toc_output_load(output, shorter, TOC_S("s"), &fresh, &err), TOC_E_SYNTAX, err);
        saved.ptr[cut] ^= 1;
        assert_code(toc_output_load(output, toc_buf_slice(&saved), TOC_S("s"), &fresh, &err),
                TOC_E_SYNTAX, err);
        saved.ptr[cut] ^= 1;
        assert_int_equal(toc_output_counts(output).shown, 0);
        assert_int_equal(fresh.partitions, 0);
        assert_ok(toc_output_load(output, toc_buf_slice(&saved), TOC_S("s"), &fresh, &err), err);
        assert_int_equal(toc_output_counts(output).shown, 3);
        toc_output_free(output);
    }
    toc_buf_done(&saved);
}

// A picture told twice in one process (away for too long) replaces the whole output.
static void test_told_again(void **state)
{
    struct bench *b = *state;
    begin_with(b, 2000);
    offer(b, 5000, 6500, 50); // 1,000 enter, 500 wait
    assert_true(publish(b));
    toc_output_picture_begins(b->output);
    offer(b, 0, 1500, 50);
    offer(b, 5000, 5100, 50);
    assert_false(publish(b));
    toc_output_picture_ends(b->output);
    assert_true(publish(b));
    struct toc_output_counts c = toc_output_counts(b->output);
    assert_int_equal(c.waiting + c.shown, 1600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_room),
            cmocka_unit_test(test_leaving),
            cmocka_unit_test(test_hours),
            cmocka_unit_test_setup_teardown(test_the_first_picture_is_exempt, setup, teardown),
            cmocka_unit_test_setup_teardown(test_an_empty_first_picture_is_a_file, setup, teardown),
            cmocka_unit_test_setup_teardown(
                    test_additions_wait_and_the_best_come_first, setup, teardown),
            cmocka_unit_test_setup_teardown(test_what_waits_may_be_withdrawn, setup, teardown),
            cmocka_unit_test_setup_teardown(test_a_withdrawal_leaves_at_once, setup, teardown),
            cmocka_unit_test_setup_teardown(test_a_mass_removal_is_held, setup, teardown),
            cmocka_unit_test_setup_teardown(
                    test_acceptance_covers_what_was_held_then, setup, teardown),
            cmocka_unit_test_setup_teardown(test_own_decisions_are_not_counted, setup, teardown),
            cmocka_unit_test_setup_teardown(test_a_full_disk_changes_nothing, setup, teardown),
            cmocka_unit_test_setup_teardown(test_a_restart_keeps_the_brake, setup, teardown),
            cmocka_unit_test_setup_teardown(test_a_restart_keeps_what_is_held, setup, teardown),
            cmocka_unit_test_setup_teardown(test_another_subscription_begins_anew, setup, teardown),
            cmocka_unit_test_setup_teardown(test_a_damaged_state_is_dropped, setup, teardown),
            cmocka_unit_test_setup_teardown(test_told_again, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
