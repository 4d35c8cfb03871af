// A walk to the end takes as long as it takes, and ends when the broker falls silent. The consumer is played from a
// script, the time with it.
#include "tests/support/unit.h"

#include "lib/bus/walk.h"

#define SILENCE_MS 30000

struct turn { // what a poll gives, and after how long
    enum { RECORD, END, BATCH, NOTHING, NO_ANSWER, NO_RIGHT, GONE } what;
    int64_t ms;
    int times;
};

static struct {
    const struct turn *turn;
    int told; // of this turn
    int64_t now;
    bool closed;
} script;

static int64_t script_now(void *ctx)
{
    (void)ctx;
    return script.now;
}

toc_rc toc_consumer_read(const struct toc_bus_conf *conf, struct toc_bus_log log, const struct toc_consumer_opts *opts,
        const struct toc_consumer_start *starts, size_t count, struct toc_consumer **out, struct toc_err *err)
{
    (void)conf, (void)log, (void)starts, (void)count, (void)err;
    assert_int_equal(opts->isolation, TOC_READ_COMMITTED);
    *out = (struct toc_consumer *)&script;
    return TOC_OK;
}

bool toc_consumer_ended(const struct toc_consumer *consumer)
{
    (void)consumer;
    return script.turn->what == END;
}

toc_rc toc_consumer_poll(struct toc_consumer *consumer, int timeout_ms, struct toc_poll *out, struct toc_err *err)
{
    (void)consumer, (void)timeout_ms;
    const struct turn *turn = script.turn;
    script.now += turn->ms;
    if (++script.told == turn->times) {
        script.turn++;
        script.told = 0;
    }
    *out = (struct toc_poll){.kind = TOC_POLL_NOTHING, .topic = "t", .offset = 10, .next = 13};
    switch (turn->what) {
    case RECORD:
        out->kind = TOC_POLL_RECORD;
        break;
    case BATCH:
        out->kind = TOC_POLL_SKIPPED;
        break;
    case NO_ANSWER:
        return toc_fail_fate(err, TOC_FATE_RETRY, TOC_E_KAFKA, "no answer");
    case NO_RIGHT:
        return toc_fail_fate(err, TOC_FATE_RETRY, TOC_E_AUTH, "no right");
    case GONE:
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_NOTFOUND, "gone");
    case NOTHING:
    case END:
        break;
    }
    return TOC_OK;
}

toc_rc toc_consumer_close(struct toc_consumer *consumer, struct toc_err *err)
{
    (void)consumer, (void)err;
    script.closed = true;
    return TOC_OK;
}

static int taken;

static toc_rc take(void *ctx, const struct toc_record *record, struct toc_err *err)
{
    const int *most = ctx;
    (void)record;
    TOC_ENSURE(taken < *most, err, TOC_E_LIMIT, "enough");
    taken++;
    return TOC_OK;
}

static void walks_end_like_this(void **state)
{
    (void)state;
    static const struct row {
        const char *name;
        struct turn turns[6];
        bool batches_fail;
        int most;
        enum toc_code code;
        int taken;
        uint64_t skipped;
    } rows[] = {
            {"nothing is there", {{END, 0, 1}}, false, 99, TOC_E_OK, 0, 0},
            {"an hour of slow records", {{RECORD, 29000, 60}, {NOTHING, 500, 50}, {RECORD, 500, 1}, {END, 0, 1}}, false, 99,
                    TOC_E_OK, 61, 0},
            {"silence", {{RECORD, 500, 3}, {NOTHING, 500, 62}, {END, 0, 1}}, false, 99, TOC_E_TIMEOUT, 3, 0},
            {"a short fault", {{RECORD, 500, 1}, {NO_ANSWER, 500, 50}, {RECORD, 500, 1}, {END, 0, 1}}, false, 99, TOC_E_OK, 2, 0},
            {"a long fault says what", {{NO_ANSWER, 500, 62}, {END, 0, 1}}, false, 99, TOC_E_KAFKA, 0, 0},
            {"a right is missing", {{RECORD, 500, 1}, {NO_RIGHT, 500, 1}, {RECORD, 0, 1}, {END, 0, 1}}, false, 99, TOC_E_AUTH, 1, 0},
            {"what was there is gone", {{GONE, 0, 1}, {END, 0, 1}}, false, 99, TOC_E_NOTFOUND, 0, 0},
            {"a batch nobody can decode", {{BATCH, 0, 2}, {RECORD, 0, 1}, {END, 0, 1}}, false, 99, TOC_E_OK, 1, 6},
            {"nor may pass by", {{BATCH, 0, 1}, {RECORD, 0, 1}, {END, 0, 1}}, true, 99, TOC_E_STATE, 0, 0},
            {"who takes has enough", {{RECORD, 0, 9}, {END, 0, 1}}, false, 4, TOC_E_LIMIT, 4, 0},
    };
    const struct toc_clock clock = {.now_ms = script_now, .monotonic_ms = script_now};
    UNIT_EACH(const struct row, row, rows)
    {
        uint64_t skipped = 0;
        int most = row->most;
        struct toc_err err = {0};
        const struct toc_bus_conf conf = {0};
        const struct toc_consumer_start start = {.topic = "t", .end = 100};
        const struct toc_walk walk = {.take = take, .ctx = &most, .skipped = row->batches_fail ? NULL : &skipped,
                .silence_ms = SILENCE_MS, .clock = &clock};
        memset(&script, 0, sizeof script);
        script.turn = row->turns;
        taken = 0;
        print_message("%s\n", row->name);
        assert_code(toc_walk(&conf, (struct toc_bus_log){0}, &walk, &start, 1, &err), row->code, err);
        assert_true(row->code == TOC_E_OK || err.fate == TOC_FATE_FATAL);
        assert_int_equal(taken, row->taken);
        assert_int_equal(skipped, row->skipped);
        assert_true(script.closed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(walks_end_like_this),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
