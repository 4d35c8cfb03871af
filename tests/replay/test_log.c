// Same log, same bytes: for any batch size, with transactions rolled back and with the state read back from
// its log. And what members say commutes, and saying it twice is saying it once.
#include "tests/replay/run.h"

// Everything that came out of each partition, in order.
static void same_runs(const struct run *a, const struct run *b, const char *what, uint64_t seed)
{
    static const enum toc_fuse_out wheres[] = {TOC_OUT_INDICATORS, TOC_OUT_RECEIPTS, TOC_OUT_QUARANTINE};
    for (int32_t p = 0; p < GEN_PARTITIONS; p++)
        for (int lane = 0; lane < GEN_AUDIENCES + 2; lane++) {
            enum toc_fuse_out where = lane < GEN_AUDIENCES ? TOC_OUT_INDICATORS : wheres[lane - GEN_AUDIENCES + 1];
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
    GEN_EACH_SEED(seed, 5) {
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

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(any_way_the_same),
    };
    return cmocka_run_group_tests(tests, gen_open, gen_close);
}
