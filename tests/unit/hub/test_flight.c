// Offsets are committed only below what has landed, whatever the order of reports; behind a failure nothing is.
#include "tests/support/unit.h"

#include "hub/worker/flight.h"

#define RECORDS 400
#define SENDS_MAX 5

struct sent {
    struct flown *flown;
    int record;
};

static uint64_t seed;

static size_t random_below(size_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % below;
}

struct run {
    struct flight flight;
    struct sent sends[RECORDS * SENDS_MAX];
    size_t count;
    int open[RECORDS];    // sends without a report, and one while it is being taken
    bool failed[RECORDS]; // one of its reports was bad
    int taken;
};

static struct lane *open_lane(struct flight *flight, const char *topic, int64_t next)
{
    struct toc_err err = {0};
    assert_ok(flight_open(flight, topic, 0, 0, next, &err), err);
    struct lane *lane = flight_find(flight, topic, 0);
    assert_non_null(lane);
    assert_int_equal(lane->confirmed, next);
    return lane;
}

static void take_one(struct run *run, struct lane *lane)
{
    int record = run->taken++;
    struct flown *flown = flight_take(lane, 10 + record * 2); // offsets have holes
    assert_non_null(flown);
    size_t sends = random_below(SENDS_MAX);
    for (size_t i = 0; i < sends; i++) {
        flight_sent(&run->flight, flown);
        run->sends[run->count++] = (struct sent){flown, record};
        run->open[record]++;
    }
    flight_taken(&run->flight, flown, true);
}

static void land_one(struct run *run, bool ok)
{
    size_t at = random_below(run->count);
    struct sent sent = run->sends[at];
    run->sends[at] = run->sends[--run->count];
    run->open[sent.record]--;
    run->failed[sent.record] = run->failed[sent.record] || !ok;
    flight_landed(&run->flight, sent.flown, ok);
}

static int64_t plain_confirmed(const struct run *run, int from, int64_t before)
{
    for (int i = from; i < run->taken && run->open[i] == 0 && !run->failed[i]; i++)
        before = 10 + i * 2 + 1;
    return before;
}

static void reports_come_in_any_order(void **state)
{
    (void)state;
    static struct run run;
    for (seed = 1; seed < 40; seed++) {
        uint64_t kept = seed;
        run = (struct run){0};
        struct lane *lane = open_lane(&run.flight, "a", 10);
        while (run.taken < RECORDS || run.count > 0) {
            if (run.taken < RECORDS && (run.count == 0 || random_below(2) == 0))
                take_one(&run, lane);
            else
                land_one(&run, true);
            assert_int_equal(lane->confirmed, plain_confirmed(&run, 0, 10));
            assert_int_equal(run.flight.waiting, run.count);
        }
        assert_int_equal(lane->confirmed, 10 + (RECORDS - 1) * 2 + 1);
        assert_false(run.flight.failed);
        flight_done(&run.flight);
        seed = kept;
    }
}

static void behind_a_failure_nothing_is_confirmed(void **state)
{
    (void)state;
    static struct run run;
    for (seed = 1; seed < 40; seed++) {
        uint64_t kept = seed;
        run = (struct run){0};
        struct lane *lane = open_lane(&run.flight, "a", 10);
        while (run.taken < RECORDS / 2)
            take_one(&run, lane);
        while (run.count > 0) {
            land_one(&run, random_below(50) != 0);
            assert_int_equal(lane->confirmed, plain_confirmed(&run, 0, 10));
        }
        bool any = false;
        for (int i = 0; i < run.taken; i++)
            any = any || run.failed[i];
        assert_int_equal(run.flight.failed, any);
        int64_t confirmed = lane->confirmed;
        flight_back(&run.flight);
        assert_false(run.flight.failed);
        assert_int_equal(lane->confirmed, confirmed);
        // What was not confirmed comes again, and now lands.
        struct flown *again = flight_take(lane, confirmed + 3);
        assert_non_null(again);
        flight_taken(&run.flight, again, true);
        assert_int_equal(lane->confirmed, confirmed + 4);
        flight_done(&run.flight);
        seed = kept;
    }
}

// A partition left while records of it were on their way: their reports touch nobody else.
static void a_closed_lane_asks_for_nothing(void **state)
{
    (void)state;
    struct flight flight = {0};
    struct lane *left = open_lane(&flight, "left", 0), *kept = open_lane(&flight, "kept", 5);
    struct flown *flown = flight_take(left, 0), *other = flight_take(kept, 5);
    flight_sent(&flight, flown);
    flight_taken(&flight, flown, true);
    flight_close(&flight, left);
    assert_null(flight_find(&flight, "left", 0));
    flight_landed(&flight, flown, false);
    assert_false(flight.failed);
    assert_int_equal(flight.waiting, 0);
    flight_taken(&flight, other, true);
    assert_int_equal(kept->confirmed, 6);
    flight_done(&flight);
}

static void a_record_that_could_not_be_sent_is_taken_again(void **state)
{
    (void)state;
    struct flight flight = {0};
    struct lane *lane = open_lane(&flight, "a", 0);
    struct flown *flown = flight_take(lane, 0);
    flight_sent(&flight, flown);
    flight_taken(&flight, flown, false); // the second of its sends found no room
    assert_true(flight.failed);
    flight_landed(&flight, flown, true);
    assert_int_equal(lane->confirmed, 0);
    flight_back(&flight);
    flown = flight_take(lane, 0);
    flight_taken(&flight, flown, true);
    assert_int_equal(lane->confirmed, 1);
    flight_done(&flight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(reports_come_in_any_order),
            cmocka_unit_test(behind_a_failure_nothing_is_confirmed),
            cmocka_unit_test(a_closed_lane_asks_for_nothing),
            cmocka_unit_test(a_record_that_could_not_be_sent_is_taken_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
