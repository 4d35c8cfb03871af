// Conservation (ARCHITECTURE.md 2.6): every observation of an authenticated segment is in exactly one of
// changed, unchanged, quarantined, repeated; receipts, quarantine and the counters of status agree; what is
// not authenticated is booked to nobody.
#include "tests/replay/run.h"

#include "lib/base/text.h"
#include "schemas/quarantine.h"

struct sums {
    int64_t segments, sent, changed, unchanged, quarantined, repeated;
};

static int member_of(struct toc_slice id)
{
    for (int m = 0; m < GEN_MEMBERS; m++)
        if (toc_slice_eq(gen_world.members[m].record.id, id))
            return m;
    return -1;
}

static void add_receipt(const struct run_out *o, struct run *run, struct sums *sums, uint64_t seed)
{
    struct toc_err err;
    struct toc_receipt r;
    assert_ok(toc_receipt_get(o->value, &run->arena, &r, &err), err);
    int m = member_of(r.member);
    if (m < 0 || r.observations != r.changed + r.unchanged + r.quarantined + r.repeated ||
            (r.code.len == 0 && (size_t)r.quarantined != r.refusals_count) ||
            (r.code.len != 0 && (r.changed != 0 || r.unchanged != 0)))
        fail_msg("receipt %.*s, TOC_SEED=%llu", TOC_SLICE_ARG(o->key), (unsigned long long)seed);
    sums[m].segments++;
    sums[m].sent += r.observations;
    sums[m].changed += r.changed;
    sums[m].unchanged += r.unchanged;
    sums[m].quarantined += r.quarantined;
    sums[m].repeated += r.repeated;
}

// What was sent, from the log itself; a signature that does not fit counts for nobody.
static void add_log(const struct gen_log *log, struct sums *sums, size_t *out_forged)
{
    *out_forged = 0;
    for (size_t i = 0; i < log->count; i++) {
        const struct gen_event *e = &log->events[i];
        if (e->what != GEN_SEGMENT)
            continue;
        if (e->spoiled) {
            ++*out_forged;
            continue;
        }
        sums[e->member].segments++;
        sums[e->member].sent += (int64_t)e->segment.observations_count;
    }
}

// The counters of the state, over both partitions.
static void add_status(struct run *run, struct sums *sums)
{
    for (int32_t p = 0; p < GEN_PARTITIONS; p++) {
        struct toc_err err;
        struct toc_buf text;
        struct toc_jw w;
        TOC_CLEANUP(toc_json_drop) json_t *status = NULL;
        const char *id;
        json_t *row;
        toc_buf_init(&text, (size_t)1 << 20);
        toc_jw_init(&w, &text);
        assert_ok(toc_fuse_status(toc_replay_fuse(run->replay, p), &w, &err), err);
        assert_ok(toc_json_parse(toc_buf_slice(&text), &status, &err), err);
        json_object_foreach(json_object_get(status, "members"), id, row)
        {
            struct sums *s = &sums[member_of(toc_slice_of(id))];
            s->segments += toc_json_int(row, "segments", 0);
            s->sent += toc_json_int(row, "sent", 0);
            s->changed += toc_json_int(row, "changed", 0);
            s->unchanged += toc_json_int(row, "unchanged", 0);
            s->quarantined += toc_json_int(row, "quarantined", 0);
            s->repeated += toc_json_int(row, "repeated", 0);
        }
        toc_buf_done(&text);
    }
}

// The headers say: each code of the record once, in order, and how many observations it costs. True: and no more.
static int64_t check_headers(const struct run_out *o, const struct toc_quarantine *q, uint64_t seed)
{
    struct toc_buf codes;
    toc_buf_init(&codes, (size_t)1 << 16);
    if (q->code.len != 0)
        toc_buf_printf(&codes, "tocsin.error.code=%.*s\n", TOC_SLICE_ARG(q->code));
    for (size_t i = 0; i < q->refusals_count; i++) {
        size_t before = 0;
        while (!toc_slice_eq(q->refusals[before].code, q->refusals[i].code))
            before++;
        if (before == i)
            toc_buf_printf(
                    &codes, "tocsin.error.code=%.*s\n", TOC_SLICE_ARG(q->refusals[i].code));
    }
    toc_buf_put_text(&codes, "tocsin.error.observations=");
    uint64_t n = 0;
    struct toc_slice rest = o->headers;
    bool good = rest.len > codes.len && memcmp(rest.ptr, codes.ptr, codes.len) == 0;
    if (good) {
        rest = toc_slice(rest.ptr + codes.len, rest.len - codes.len - 1);
        good = toc_parse_u64(rest, UINT32_MAX, &n) &&
                (q->refusals_count == 0 || n == q->refusals_count);
    }
    toc_buf_done(&codes);
    if (!good)
        fail_msg("headers of quarantine %.*s: %.*s, TOC_SEED=%llu", TOC_SLICE_ARG(o->key),
                TOC_SLICE_ARG(o->headers), (unsigned long long)seed);
    return (int64_t)n;
}

// Observations in quarantine: of whole segments and single ones.
static void add_quarantine(const struct run_out *o, struct run *run, size_t *observations,
        size_t *nobodys, int64_t told[GEN_MEMBERS], uint64_t seed)
{
    struct toc_err err;
    struct toc_quarantine q;
    assert_ok(toc_quarantine_get(o->value, &run->arena, &q, &err), err);
    int64_t n = check_headers(o, &q, seed);
    int m = member_of(q.member);
    if (m < 0 && n != 0)
        fail_msg("%lld observations of nobody, TOC_SEED=%llu", (long long)n,
                (unsigned long long)seed);
    if (m >= 0)
        told[m] += n;
    *observations += q.refusals_count;
    *nobodys += q.member.len == 0;
}

static void conserved(void **state)
{
    (void)state;
    int64_t repeated = 0, some = 0;
    GEN_EACH_SEED(seed, 15)
    {
        struct gen_log log;
        struct run run;
        struct sums sent[GEN_MEMBERS] = {0}, receipts[GEN_MEMBERS] = {0}, status[GEN_MEMBERS] = {0};
        size_t forged, refused = 0, nobodys = 0;
        int64_t single = 0, told[GEN_MEMBERS] = {0};
        gen_log_open(&log, &gen_world, seed, &(struct gen_way){.events = 200});
        run_log(&run, &log, NULL);
        for (size_t i = 0; i < run.count; i++) {
            if (run.outs[i].where == TOC_OUT_RECEIPTS)
                add_receipt(&run.outs[i], &run, receipts, seed);
            if (run.outs[i].where == TOC_OUT_QUARANTINE)
                add_quarantine(&run.outs[i], &run, &refused, &nobodys, told, seed);
        }
        add_log(&log, sent, &forged);
        add_status(&run, status);
        for (int m = 0; m < GEN_MEMBERS; m++) {
            if (told[m] != status[m].quarantined || sent[m].segments != receipts[m].segments || sent[m].sent != receipts[m].sent ||
                    memcmp(&receipts[m], &status[m], sizeof status[m]) != 0 ||
                    status[m].sent != status[m].changed + status[m].unchanged +
                                              status[m].quarantined + status[m].repeated)
                fail_msg("%.*s, TOC_SEED=%llu", TOC_SLICE_ARG(gen_world.members[m].record.id),
                        (unsigned long long)seed);
            repeated += status[m].repeated;
            single += status[m].quarantined;
        }
        assert_int_equal(nobodys, forged);
        assert_true((int64_t)refused <= single);
        some += refused > 0;
        run_close(&run);
        gen_log_close(&log);
    }
    assert_true(repeated > 0 && some > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(conserved),
    };
    return cmocka_run_group_tests(tests, gen_open, gen_close);
}
