// Belief moves one way only (ARCHITECTURE.md 2.4), and a withdrawal can be taken back (2.5).
#include "tests/replay/run.h"

static json_int_t term(const json_t *explained, int audience, const char *name)
{
    return json_integer_value(json_object_get(
            json_array_get(json_object_get(explained, "audiences"), (size_t)audience), name));
}

static void open_random(struct gen_log *log, struct run *run, uint64_t seed)
{
    gen_log_open(log, &gen_world, seed, &(struct gen_way){.events = 140});
    run_log(run, log, NULL);
}

static void say(struct gen_log *log, struct run *run, const struct toc_observation *o)
{
    struct gen_event e = gen_say(log, GEN_LATE, 0, TOC_MARKING_CLEAR, o);
    gen_insert(log, log->count, &e);
    run_feed(run, log, log->count - 1, log->count);
}

static struct toc_observation about(size_t at, enum toc_action action, int confidence)
{
    struct toc_slice value;
    enum toc_kind kind = gen_value(at, &value);
    struct toc_observation o = gen_observation(kind, "", action, confidence);
    o.value = value;
    return o;
}

// One organisation more asserts every other indicator and refutes the rest.
static void one_more_voice(void **state)
{
    (void)state;
    GEN_EACH_SEED(seed, 8)
    {
        struct gen_log log;
        struct run run;
        int raised = 0, lowered = 0;
        open_random(&log, &run, seed);
        for (size_t i = 0; i < gen_values(); i++) {
            bool assert_it = i % 2 == seed % 2;
            const struct toc_observation o = about(i,
                    assert_it ? TOC_ACTION_ASSERT : TOC_ACTION_REFUTE, (int)gen_random(&log, 101));
            TOC_CLEANUP(toc_json_drop) json_t *before = run_explain(&run, o.kind, o.value);
            say(&log, &run, &o);
            TOC_CLEANUP(toc_json_drop) json_t *after = run_explain(&run, o.kind, o.value);
            for (int a = 0; a < GEN_AUDIENCES; a++) {
                json_int_t was = term(before, a, "confidence_pm"),
                           is = term(after, a, "confidence_pm");
                json_int_t score_was = term(before, a, "score"), score = term(after, a, "score");
                if (assert_it ? is < was || score < score_was : score > score_was)
                    fail_msg("%.*s, audience %d: confidence %lld to %lld, score %lld to %lld, "
                             "TOC_SEED=%llu",
                            TOC_SLICE_ARG(o.value), a, (long long)was, (long long)is,
                            (long long)score_was, (long long)score, (unsigned long long)seed);
                raised += is > was;
                lowered += score < score_was;
            }
        }
        assert_true(raised > 10);
        assert_true(lowered > 3);
        run_close(&run);
        gen_log_close(&log);
    }
}

// Nothing but time passes.
static void ageing(void **state)
{
    (void)state;
    static const int64_t waits[] = {5000, TOC_MS_HOUR, 7 * TOC_MS_HOUR, TOC_MS_DAY, 3 * TOC_MS_DAY,
            11 * TOC_MS_DAY, 40 * TOC_MS_DAY, 90 * TOC_MS_DAY, 200 * TOC_MS_DAY, 300 * TOC_MS_DAY};
    GEN_EACH_SEED(seed, 6)
    {
        struct gen_log log;
        struct run run;
        json_int_t scores[64][GEN_AUDIENCES], confidences[64][GEN_AUDIENCES];
        int fell = 0;
        open_random(&log, &run, seed);
        for (size_t tick = 0; tick < sizeof waits / sizeof *waits; tick++) {
            size_t since = run.count;
            gen_tick(&log, waits[tick]);
            run_feed(&run, &log, log.count - 1, log.count);
            for (size_t i = 0; i < gen_values(); i++) {
                struct toc_slice value;
                enum toc_kind kind = gen_value(i, &value);
                TOC_CLEANUP(toc_json_drop) json_t *explained = run_explain(&run, kind, value);
                for (int a = 0; a < GEN_AUDIENCES; a++) {
                    json_int_t score = term(explained, a, "score"),
                               confidence = term(explained, a, "confidence_pm");
                    if (tick > 0 && (score > scores[i][a] || confidence > confidences[i][a]))
                        fail_msg("%.*s rose by age, TOC_SEED=%llu", TOC_SLICE_ARG(value),
                                (unsigned long long)seed);
                    fell += tick > 0 && score < scores[i][a];
                    scores[i][a] = score;
                    confidences[i][a] = confidence;
                }
            }
            for (; tick > 1 && since < run.count; since++) {
                struct toc_err err;
                struct toc_indicator i;
                const struct run_out *o = &run.outs[since];
                if (o->where != TOC_OUT_INDICATORS || o->value.ptr == NULL || o->key.len != 32)
                    continue;
                assert_ok(toc_indicator_get(o->value, &run.arena, &i, &err), err);
                assert_non_null(i.prior);
                if (i.now.score > i.prior->score)
                    fail_msg("%.*s was published with more by age, TOC_SEED=%llu",
                            TOC_SLICE_ARG(i.value), (unsigned long long)seed);
            }
        }
        assert_true(fell > 50);
        // Longer than any lifetime and the time things are kept: nothing is left of it all but vulnerabilities
        // and what is refuted.
        for (int tick = 0; tick < 3; tick++) {
            gen_tick(&log, 400 * TOC_MS_DAY);
            run_feed(&run, &log, log.count - 1, log.count);
        }
        for (size_t i = 0; i < gen_values(); i++) {
            struct toc_slice value;
            struct toc_indicator view;
            enum toc_kind kind = gen_value(i, &value);
            for (int a = 0; a < GEN_AUDIENCES; a++)
                if (kind != TOC_KIND_CVE && run_view(&run, a, kind, value, &view))
                    assert_int_equal(view.now.status, TOC_STATUS_WITHDRAWN);
        }
        run_close(&run);
        gen_log_close(&log);
    }
}

// Assert, withdraw, the same assert.
static void taken_back(void **state)
{
    (void)state;
    GEN_EACH_SEED(seed, 8)
    {
        struct gen_log log;
        struct run run;
        int withdrawn = 0;
        open_random(&log, &run, seed);
        for (size_t i = 0; i < gen_values(); i++) {
            const struct toc_observation it = about(i, TOC_ACTION_ASSERT, 60),
                                         back = about(i, TOC_ACTION_WITHDRAW, 60);
            struct toc_indicator first[GEN_AUDIENCES], last;
            bool there[GEN_AUDIENCES];
            struct toc_buf texts[3];
            for (int step = 0; step < 3; step++) {
                say(&log, &run, step == 1 ? &back : &it);
                TOC_CLEANUP(toc_json_drop) json_t *explained = run_explain(&run, it.kind, it.value);
                toc_buf_init(&texts[step], (size_t)1 << 20);
                run_flatten(explained, &texts[step]);
                for (int a = 0; step == 0 && a < GEN_AUDIENCES; a++)
                    there[a] = run_view(&run, a, it.kind, it.value, &first[a]);
            }
            if (!toc_slice_eq(toc_buf_slice(&texts[0]), toc_buf_slice(&texts[2]))) {
                fprintf(stderr, "%s\nand\n%s\n", toc_buf_cstr(&texts[0]), toc_buf_cstr(&texts[2]));
                fail_msg("%.*s, TOC_SEED=%llu", TOC_SLICE_ARG(it.value), (unsigned long long)seed);
            }
            withdrawn += !toc_slice_eq(toc_buf_slice(&texts[0]), toc_buf_slice(&texts[1]));
            for (int a = 0; a < GEN_AUDIENCES; a++) {
                assert_int_equal(run_view(&run, a, it.kind, it.value, &last), there[a]);
                assert_true(!there[a] || run_same_view(&first[a], &last));
            }
            for (int step = 0; step < 3; step++)
                toc_buf_done(&texts[step]);
        }
        assert_int_equal(
                withdrawn, gen_values() - 1); // e-mail addresses are not for this member to send
        run_close(&run);
        gen_log_close(&log);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(one_more_voice),
            cmocka_unit_test(ageing),
            cmocka_unit_test(taken_back),
    };
    return cmocka_run_group_tests(tests, gen_open, gen_close);
}
