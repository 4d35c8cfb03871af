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

// --- saying it twice --------------------------------------------------------------------------------

static void same_indicators(const struct run *a, const struct run *b, const char *what, uint64_t seed)
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
    GEN_EACH_SEED(seed, 6) {
        struct gen_log log, twice;
        struct run plain, other;
        gen_log_open(&log, &gen_world, seed, &(struct gen_way){.events = 150, .calm = true});
        gen_log_copy(&twice, &log, NULL, NULL);
        for (size_t i = 0; i < twice.count; i++) {
            if (twice.events[i].what != GEN_SEGMENT || gen_random(&twice, 2) == 0)
                continue;
            size_t at = gen_random(&twice, 2) == 0 ? i + 1 : i + 1 + gen_random(&twice, twice.count - i);
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

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// What explain says, as text in which the order of arrival does not show.
static void flatten(json_t *explained, struct toc_buf *out)
{
    json_t *list = json_object_get(explained, "contributions"), *view;
    char *texts[64];
    size_t n = json_array_size(list), i;
    assert_true(n <= 64);
    for (i = 0; i < n; i++)
        texts[i] = json_dumps(json_array_get(list, i), JSON_SORT_KEYS);
    qsort(texts, n, sizeof *texts, compare_texts);
    for (i = 0; i < n; i++) {
        toc_buf_printf(out, "%s\n", texts[i]);
        free(texts[i]);
    }
    json_array_foreach(json_object_get(explained, "audiences"), i, view)
    {
        json_object_del(view, "born");
        json_object_del(view, "n");
        char *text = json_dumps(view, JSON_SORT_KEYS);
        toc_buf_printf(out, "%s\n", text);
        free(text);
    }
}

static void same_explained(struct run *a, struct run *b, enum toc_kind kind, struct toc_slice value, uint64_t seed)
{
    struct run *runs[] = {a, b};
    struct toc_buf texts[2];
    for (int i = 0; i < 2; i++) {
        TOC_CLEANUP(toc_json_drop) json_t *explained = run_explain(runs[i], kind, value);
        toc_buf_init(&texts[i], (size_t)1 << 20);
        flatten(explained, &texts[i]);
        assert_false(texts[i].failed);
    }
    if (!toc_slice_eq(toc_buf_slice(&texts[0]), toc_buf_slice(&texts[1])))
        fail_msg("%.*s\n%.*sand\n%.*sTOC_SEED=%llu", TOC_SLICE_ARG(value), TOC_SLICE_ARG(toc_buf_slice(&texts[0])),
                TOC_SLICE_ARG(toc_buf_slice(&texts[1])), (unsigned long long)seed);
    toc_buf_done(&texts[0]);
    toc_buf_done(&texts[1]);
}

// What a reader acts on; the rest may have moved within what is not worth a record.
static bool same_view(const struct toc_indicator *a, const struct toc_indicator *b)
{
    const struct toc_facts *p = &a->now, *q = &b->now;
    if (p->status != q->status || p->advice != q->advice || p->score / 5 != q->score / 5 || p->severity != q->severity ||
            p->organisations != q->organisations || p->corroborated != q->corroborated || p->sightings != q->sightings ||
            p->hits != q->hits || p->last_seen != q->last_seen || p->pap != q->pap || p->tags_count != q->tags_count ||
            p->lists_count != q->lists_count || a->sources_count != b->sources_count ||
            a->relations_count != b->relations_count || a->references_count != b->references_count ||
            a->reasons_count != b->reasons_count)
        return false;
    for (size_t i = 0; i < p->tags_count; i++)
        if (!toc_slice_eq(p->tags[i], q->tags[i]))
            return false;
    for (size_t i = 0; i < a->reasons_count; i++)
        if (!toc_slice_eq(a->reasons[i], b->reasons[i]))
            return false;
    for (size_t i = 0; i < a->sources_count; i++)
        if (!toc_slice_eq(a->sources[i].member, b->sources[i].member) || !toc_slice_eq(a->sources[i].feed, b->sources[i].feed) ||
                a->sources[i].says != b->sources[i].says || a->sources[i].marking != b->sources[i].marking)
            return false;
    return true;
}

static void commutative(void **state)
{
    (void)state;
    GEN_EACH_SEED(seed, 8) {
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
            same_explained(&a, &b, kind, value, seed);
            for (int audience = 0; audience < GEN_AUDIENCES; audience++) {
                struct toc_indicator one, two;
                bool there = run_view(&a, audience, kind, value, &one);
                assert_int_equal(there, run_view(&b, audience, kind, value, &two));
                if (there && !same_view(&one, &two))
                    fail_msg("%.*s, audience %d, TOC_SEED=%llu", TOC_SLICE_ARG(value), audience, (unsigned long long)seed);
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
