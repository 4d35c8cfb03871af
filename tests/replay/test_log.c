// Same log, same bytes: for any batch size, with transactions rolled back and with the state read back from
// its log. And what members say commutes, and saying it twice is saying it once.
#include "tests/replay/run.h"

// Everything that came out of each partition, in order.
static void same_runs(const struct run *a, const struct run *b, const char *what, uint64_t seed)
{
    static const enum toc_fuse_out wheres[] = {
            TOC_OUT_INDICATORS, TOC_OUT_RECEIPTS, TOC_OUT_QUARANTINE};
    for (int32_t p = 0; p < GEN_PARTITIONS; p++)
        for (int lane = 0; lane < GEN_AUDIENCES + 2; lane++) {
            enum toc_fuse_out where =
                    lane < GEN_AUDIENCES ? TOC_OUT_INDICATORS : wheres[lane - GEN_AUDIENCES + 1];
            size_t x = 0, y = 0;
            const struct run_out *one, *other;
            do {
                one = run_next(a, &x, p, where, lane);
                other = run_next(b, &y, p, where, lane);
                run_same_out(one, other, what, seed);
            } while (one != NULL || other != NULL);
        }
}

static void any_way_the_same(void **state)
{
    (void)state;
    static const struct toc_replay_way ways[] = {
            {.batch = 7},
            {.batch = 1000000},
            {.batch = 1, .abort = 1},
            {.batch = 5, .abort = 3},
            {.batch = 3, .restart = 1},
            {.batch = 11, .restart = 4, .abort = 2},
    };
    GEN_EACH_SEED(seed, 5)
    {
        struct gen_log log;
        struct run plain;
        gen_log_open(&log, &gen_world, seed, &(struct gen_way){.events = 220});
        run_log(&plain, &log, NULL);
        assert_true(plain.count > 300);
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
            struct run other;
            run_log(&other, &log, &ways[i]);
            same_runs(&plain, &other, "another way", seed);
            run_close(&other);
        }
        run_close(&plain);
        gen_log_close(&log);
    }
}

// --- saying it twice --------------------------------------------------------------------------------

static void same_indicators(
        const struct run *a, const struct run *b, const char *what, uint64_t seed)
{
    for (int32_t p = 0; p < GEN_PARTITIONS; p++)
        for (int audience = 0; audience < GEN_AUDIENCES; audience++) {
            size_t x = 0, y = 0;
            const struct run_out *one, *other;
            do {
                one = run_next(a, &x, p, TOC_OUT_INDICATORS, audience);
                other = run_next(b, &y, p, TOC_OUT_INDICATORS, audience);
                run_same_out(one, other, what, seed);
            } while (one != NULL || other != NULL);
        }
}

// A segment that comes again, at once or much later, is the same segment.
static void idempotent(void **state)
{
    (void)state;
    GEN_EACH_SEED(seed, 6)
    {
        struct gen_log log, twice;
        struct run plain, other;
        gen_log_open(&log, &gen_world, seed, &(struct gen_way){.events = 150, .calm = true});
        gen_log_copy(&twice, &log, NULL, NULL);
        for (size_t i = 0; i < twice.count; i++) {
            if (twice.events[i].what != GEN_SEGMENT || gen_random(&twice, 2) == 0)
                continue;
            size_t at = gen_random(&twice, 2) == 0 ? i + 1
                                                   : i + 1 + gen_random(&twice, twice.count - i);
            struct gen_event again = twice.events[i];
            again.time = twice.events[at - 1].time;
            gen_insert(&twice, at, &again);
            i += at == i + 1;
        }
        assert_true(twice.count > log.count + 20);
        run_log(&plain, &log, NULL);
        run_log(&other, &twice, NULL);
        same_indicators(&plain, &other, "segments come twice", seed);
        run_close(&plain);
        run_close(&other);
        gen_log_close(&log);
        gen_log_close(&twice);
    }
}

// --- another order of members -----------------------------------------------------------------------

// Between two ticks members are interleaved anew; each keeps its own order.
static void reorder(struct gen_log *log)
{
    for (size_t from = 0; from < log->count; from++) {
        size_t to = from;
        while (to < log->count && log->events[to].what == GEN_SEGMENT)
            to++;
        for (size_t round = 0; round < (to - from) * (to - from) && to - from > 1; round++) {
            struct gen_event *e = &log->events[from + gen_random(log, to - from - 1)];
            if (e[0].member == e[1].member)
                continue;
            struct gen_event second = e[1];
            e[1] = e[0];
            e[0] = second;
        }
        from = to;
    }
}

static void commutative(void **state)
{
    (void)state;
    GEN_EACH_SEED(seed, 8)
    {
        struct gen_log log, other;
        struct run a, b;
        gen_log_open(&log, &gen_world, seed, &(struct gen_way){.events = 200});
        gen_log_copy(&other, &log, NULL, NULL);
        reorder(&other);
        run_log(&a, &log, NULL);
        run_log(&b, &other, NULL);
        for (size_t i = 0; i < gen_values(); i++) {
            struct toc_slice value;
            enum toc_kind kind = gen_value(i, &value);
            run_same_explained(&a, &b, kind, value, seed);
            for (int audience = 0; audience < GEN_AUDIENCES; audience++) {
                struct toc_indicator one, two;
                bool there = run_view(&a, audience, kind, value, &one);
                assert_int_equal(there, run_view(&b, audience, kind, value, &two));
                if (there && !run_same_view(&one, &two))
                    fail_msg("%.*s, audience %d, TOC_SEED=%llu", TOC_SLICE_ARG(value), audience,
                            (unsigned long long)seed);
            }
        }
        run_close(&a);
        run_close(&b);
        gen_log_close(&log);
        gen_log_close(&other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(any_way_the_same),
            cmocka_unit_test(idempotent),
            cmocka_unit_test(commutative),
    };
    return cmocka_run_group_tests(tests, gen_open, gen_close);
}
