#include "hub/worker/fuse_stage.h"

#include <stdio.h>
#include <string.h>

#include "hub/fuse/fuse.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/segment.h"
#include "lib/indicator/topics.h"
#include "schemas/tick.h"

#define TICK_BYTES_MAX 512

// What all partitions of this process did, repeats after an abort included.
struct counters {
    struct toc_metric *segments, *observations, *changed, *unchanged, *quarantined, *repeated, *published, *ticks,
            *ticks_refused, *controls, *timers, *unauthenticated, *refusals[TOC_REFUSAL_COUNT];
};

struct toc_fuse_stage {
    struct toc_fuse_stage_conf conf;
    struct counters counters;
    struct toc_stage stage;
    struct toc_topic_name submit, state, receipts, quarantine;
};

struct instance {
    struct toc_fuse_stage *shared;
    struct toc_fuse *fuse;
    int32_t partition;
    struct toc_fuse_totals counted; // what stands in the metrics already
    toc_stage_emit *emit; // of the step in hand
    void *emit_ctx;
};

static struct toc_reference_set *find_set(void *ctx, const struct toc_reference_use *use)
{
    return toc_library_get(ctx, use);
}

static toc_rc stage_open(void *ctx, int32_t partition, struct toc_state *state, void **out, struct toc_err *err)
{
    struct toc_fuse_stage *shared = ctx;
    struct instance *instance = toc_mem_alloc(1, sizeof *instance);
    if (instance == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for a partition");
    struct toc_fuse_conf conf = {.partition = partition, .reference = find_set, .ctx = shared->conf.library};
    memcpy(conf.genesis_digest, shared->conf.genesis_digest, sizeof conf.genesis_digest);
    memcpy(conf.deployment_key, shared->conf.deployment_key, sizeof conf.deployment_key);
    instance->shared = shared;
    instance->partition = partition;
    toc_rc rc = toc_fuse_new(&conf, state, &instance->fuse, err);
    if (toc_failed(rc)) {
        toc_mem_free(instance);
        return rc;
    }
    *out = instance;
    return TOC_OK;
}

static toc_rc stage_ready(void *ctx, struct toc_err *err)
{
    struct instance *instance = ctx;
    return toc_fuse_prepare(instance->fuse, err);
}

static void stage_close(void *ctx)
{
    struct instance *instance = ctx;
    toc_fuse_free(instance->fuse);
    toc_mem_free(instance);
}

static toc_rc pass_on(void *ctx, const struct toc_fuse_record *record, struct toc_err *err)
{
    const struct instance *instance = ctx;
    const struct toc_fuse_stage *shared = instance->shared;
    struct toc_topic_name indicators;
    struct toc_stage_output out = {.partition = -1, .key = record->key, .value = record->value, .time = record->time,
            .headers = record->headers, .header_count = record->header_count};
    switch (record->where) {
    case TOC_OUT_INDICATORS:
        indicators = toc_topic(shared->conf.prefix, TOC_TOPIC_INDICATORS,
                toc_fuse_genesis(instance->fuse)->audiences[record->audience].name);
        out.topic = indicators.text;
        break;
    case TOC_OUT_RECEIPTS:
        out.topic = shared->receipts.text;
        break;
    case TOC_OUT_QUARANTINE: // few partitions, by operator's need: all in the first
        out.topic = shared->quarantine.text;
        out.partition = 0;
        break;
    }
    return instance->emit(instance->emit_ctx, &out, err);
}

static void count(struct instance *instance)
{
    const struct toc_fuse_totals *is = toc_fuse_totals(instance->fuse);
    struct toc_fuse_totals *was = &instance->counted;
    const struct counters *c = &instance->shared->counters;
#define ADD(field) toc_metric_add(c->field, is->field - was->field)
    ADD(segments);
    ADD(observations);
    ADD(changed);
    ADD(unchanged);
    ADD(quarantined);
    ADD(repeated);
    ADD(published);
    ADD(ticks);
    ADD(ticks_refused);
    ADD(controls);
    ADD(timers);
    ADD(unauthenticated);
    for (int i = 1; i < TOC_REFUSAL_COUNT; i++)
        if (is->refusals[i] != was->refusals[i])
            ADD(refusals[i]);
#undef ADD
    *was = *is;
}

static toc_rc stage_step(void *ctx, const struct toc_stage_input *input, toc_stage_emit *emit, void *emit_ctx,
        struct toc_err *err)
{
    struct instance *instance = ctx;
    instance->emit = emit;
    instance->emit_ctx = emit_ctx;
    const struct toc_fuse_input record = {
            .offset = input->offset, .append_time = input->append_time, .value = input->value};
    toc_rc rc = toc_fuse_step(instance->fuse, &record, pass_on, instance, err);
    count(instance);
    return rc;
}

static toc_rc stage_skipped(void *ctx, int64_t from, int64_t next, toc_stage_emit *emit, void *emit_ctx, struct toc_err *err)
{
    struct instance *instance = ctx;
    instance->emit = emit;
    instance->emit_ctx = emit_ctx;
    return toc_fuse_skipped(instance->fuse, from, next, pass_on, instance, err);
}

static toc_rc ask_explain(struct instance *instance, const json_t *question, struct toc_jw *w, struct toc_err *err)
{
    enum toc_kind kind;
    struct toc_slice value = toc_json_text(question, "value");
    TOC_ENSURE(toc_kind_parse(toc_json_text(question, "kind"), &kind), err, TOC_E_SYNTAX, "explain: no such kind");
    TOC_ENSURE(toc_canon_check(kind, value) == TOC_REFUSAL_NONE, err, TOC_E_SYNTAX, "explain: the value is not canonical");
    return toc_fuse_explain(instance->fuse, kind, value, w, err);
}

static toc_rc stage_ask(void *ctx, struct toc_slice text, struct toc_buf *answer, struct toc_err *err)
{
    struct instance *instance = ctx;
    TOC_CLEANUP(toc_json_drop) json_t *question = NULL;
    struct toc_jw w;
    TOC_TRY(toc_json_parse(text, &question, err));
    toc_jw_init(&w, answer);
    struct toc_slice what = toc_json_text(question, "ask");
    if (toc_slice_is(what, "status"))
        return toc_fuse_status(instance->fuse, &w, err);
    if (toc_slice_is(what, "explain"))
        return ask_explain(instance, question, &w, err);
    return toc_fail(err, TOC_E_NOTFOUND, "fuse is not asked that");
}

static toc_rc stage_tick(void *ctx, int64_t time, struct toc_buf *out, struct toc_err *err)
{
    struct instance *instance = ctx;
    const struct toc_genesis *genesis = toc_fuse_genesis(instance->fuse);
    if (genesis == NULL)
        return TOC_OK;
    const struct toc_tick tick = {
            .hub = toc_slice_of(instance->shared->conf.hub_id), .partition = instance->partition, .time = time};
    struct toc_buf payload;
    toc_buf_init(&payload, TICK_BYTES_MAX);
    toc_tick_put(&tick, &payload);
    toc_rc rc = toc_buf_check(&payload, "a tick", err);
    if (!toc_failed(rc))
        rc = toc_segment_seal(genesis->deployment, instance->shared->conf.key, toc_buf_slice(&payload), 0, NULL, out, err);
    toc_buf_done(&payload);
    return rc;
}

static struct counters make_counters(struct toc_metrics *m)
{
    struct counters c = {
            .segments = toc_counter(m, "tocsin_segments_total", "", "Authenticated segments."),
            .observations = toc_counter(m, "tocsin_observations_total", "", "Observations of authenticated segments."),
            .changed = toc_counter(m, "tocsin_observations_changed_total", "", "That changed their sender's contribution."),
            .unchanged = toc_counter(m, "tocsin_observations_unchanged_total", "", "That said what was said before."),
            .quarantined = toc_counter(m, "tocsin_observations_quarantined_total", "", "That were refused."),
            .repeated = toc_counter(m, "tocsin_observations_repeated_total", "", "Of segments taken before."),
            .published = toc_counter(m, "tocsin_views_published_total", "", "Indicator records written."),
            .ticks = toc_counter(m, "tocsin_ticks_total", "", "Ticks that moved the time."),
            .ticks_refused = toc_counter(m, "tocsin_ticks_refused_total", "", "Ticks that did not: compare the clocks."),
            .controls = toc_counter(m, "tocsin_decisions_total", "", "Operators' decisions taken."),
            .timers = toc_counter(m, "tocsin_timers_total", "", "Views judged anew because of age."),
            .unauthenticated = toc_counter(m, "tocsin_unauthenticated_total", "", "Records without a valid signature."),
    };
    for (int i = 1; i < TOC_REFUSAL_COUNT; i++) {
        char label[128];
        snprintf(label, sizeof label, "code=\"%s\"", toc_refusal_code((enum toc_refusal)i));
        c.refusals[i] = toc_counter(m, "tocsin_refusals_total", label, "Refusals by code (schemas/refusals.tsv).");
    }
    return c;
}

toc_rc toc_fuse_stage_new(const struct toc_fuse_stage_conf *conf, struct toc_fuse_stage **out, struct toc_err *err)
{
    struct toc_fuse_stage *s = toc_mem_alloc(1, sizeof *s);
    if (s == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for fuse");
    s->conf = *conf;
    s->counters = make_counters(conf->metrics);
    s->submit = toc_topic(conf->prefix, TOC_TOPIC_SUBMIT, TOC_S(""));
    s->state = toc_topic(conf->prefix, TOC_TOPIC_STATE_FUSE, TOC_S(""));
    s->receipts = toc_topic(conf->prefix, TOC_TOPIC_RECEIPTS, TOC_S(""));
    s->quarantine = toc_topic(conf->prefix, TOC_TOPIC_QUARANTINE, TOC_S(""));
    s->stage = (struct toc_stage){
            .name = "fuse",
            .input = s->submit.text,
            .state_topic = s->state.text,
            .ticks = true,
            .ctx = s,
            .open = stage_open,
            .ready = stage_ready,
            .close = stage_close,
            .step = stage_step,
            .skipped = stage_skipped,
            .ask = stage_ask,
            .tick = stage_tick,
    };
    *out = s;
    return TOC_OK;
}

void toc_fuse_stage_free(struct toc_fuse_stage *stage)
{
    toc_mem_free(stage);
}

const struct toc_stage *toc_fuse_stage(const struct toc_fuse_stage *stage)
{
    return &stage->stage;
}
