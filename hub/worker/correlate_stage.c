#include "hub/worker/correlate_stage.h"

#include "hub/correlate/correlate.h"
#include "lib/base/mem.h"
#include "lib/indicator/key.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/topics.h"

// What all partitions of this process did, repeats after an abort included.
struct counters {
    struct toc_metric *records, *repeated, *unreadable, *published, *ended, *forgotten;
};

struct toc_correlate_stage {
    struct toc_correlate_stage_conf conf;
    struct counters counters;
    struct toc_stage stage;
    struct toc_topic_name pivots, state;
};

struct instance {
    const struct toc_correlate_stage *shared;
    struct toc_correlate *correlate;
    struct toc_correlate_totals counted; // what stands in the metrics already
};

struct publishing {
    const struct toc_correlate_stage *shared;
    toc_stage_emit *emit;
    void *ctx;
};

static toc_rc stage_open(void *ctx, int32_t partition, struct toc_state *state, void **out, struct toc_err *err)
{
    (void)partition;
    struct instance *instance = toc_mem_alloc(1, sizeof *instance);
    if (instance == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for a partition");
    instance->shared = ctx;
    toc_rc rc = toc_correlate_new(state, TOC_PIVOTS_REMEMBERED, &instance->correlate, err);
    if (toc_failed(rc)) {
        toc_mem_free(instance);
        return rc;
    }
    *out = instance;
    return TOC_OK;
}

static void stage_close(void *ctx)
{
    struct instance *instance = ctx;
    toc_correlate_free(instance->correlate);
    toc_mem_free(instance);
}

static toc_rc pass_on(void *ctx, const struct toc_correlate_record *record, struct toc_err *err)
{
    const struct publishing *p = ctx;
    struct toc_topic_name topic = toc_topic(p->shared->conf.prefix, TOC_TOPIC_CORRELATIONS, record->audience);
    const struct toc_stage_output out = {
            .topic = topic.text,
            .partition = (int32_t)toc_key_partition(record->id, (uint32_t)p->shared->conf.partitions),
            .key = record->key,
            .value = record->value,
            .time = record->time,
    };
    return p->emit(p->ctx, &out, err);
}

static void count(struct instance *instance)
{
    const struct toc_correlate_totals *is = toc_correlate_totals(instance->correlate);
    struct toc_correlate_totals *was = &instance->counted;
    const struct counters *c = &instance->shared->counters;
    toc_metric_add(c->records, is->records - was->records);
    toc_metric_add(c->repeated, is->repeated - was->repeated);
    toc_metric_add(c->unreadable, is->unreadable - was->unreadable);
    toc_metric_add(c->published, is->published - was->published);
    toc_metric_add(c->ended, is->ended - was->ended);
    toc_metric_add(c->forgotten, is->forgotten - was->forgotten);
    *was = *is;
}

static toc_rc stage_step(void *ctx, const struct toc_stage_input *input, toc_stage_emit *emit, void *emit_ctx,
        struct toc_err *err)
{
    struct instance *instance = ctx;
    (void)emit;
    (void)emit_ctx;
    const struct toc_correlate_input record = {
            .offset = input->offset, .time = input->append_time, .key = input->key, .value = input->value};
    return toc_correlate_step(instance->correlate, &record, err);
}

static toc_rc stage_finish(void *ctx, toc_stage_emit *emit, void *emit_ctx, struct toc_err *err)
{
    struct instance *instance = ctx;
    struct publishing publishing = {.shared = instance->shared, .emit = emit, .ctx = emit_ctx};
    toc_rc rc = toc_correlate_publish(instance->correlate, pass_on, &publishing, err);
    count(instance);
    return rc;
}

static struct counters make_counters(struct toc_metrics *m)
{
    return (struct counters){
            .records = toc_counter(m, "tocsin_pivots_total", "", "Pivots given or taken back, taken by correlate."),
            .repeated = toc_counter(m, "tocsin_pivots_repeated_total", "", "That came again or after something newer."),
            .unreadable = toc_counter(m, "tocsin_pivots_unreadable_total", "", "That could not be read: nobody but route may write them."),
            .published = toc_counter(m, "tocsin_correlations_published_total", "", "Correlation records written."),
            .ended = toc_counter(m, "tocsin_correlations_ended_total", "", "Correlations that fell below two indicators."),
            .forgotten = toc_counter(m, "tocsin_pivots_forgotten_total", "", "Pivots taken back and no longer remembered."),
    };
}

toc_rc toc_correlate_stage_new(const struct toc_correlate_stage_conf *conf, struct toc_correlate_stage **out,
        struct toc_err *err)
{
    struct toc_correlate_stage *s = toc_mem_alloc(1, sizeof *s);
    if (s == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for correlate");
    s->conf = *conf;
    s->counters = make_counters(conf->metrics);
    s->pivots = toc_topic(conf->prefix, TOC_TOPIC_PIVOTS, TOC_S(""));
    s->state = toc_topic(conf->prefix, TOC_TOPIC_STATE_CORRELATE, TOC_S(""));
    s->stage = (struct toc_stage){
            .name = "correlate",
            .input = s->pivots.text,
            .state_topic = s->state.text,
            .ctx = s,
            .open = stage_open,
            .close = stage_close,
            .step = stage_step,
            .finish = stage_finish,
    };
    *out = s;
    return TOC_OK;
}

void toc_correlate_stage_free(struct toc_correlate_stage *stage)
{
    toc_mem_free(stage);
}

const struct toc_stage *toc_correlate_stage(const struct toc_correlate_stage *stage)
{
    return &stage->stage;
}
