// tocsinctl correlations [--audience NAME] [--what KIND] [--top N]: what indicators share, heaviest first.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/ctl/scan.h"
#include "hub/ctl/words.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/indicator/topics.h"
#include "schemas/correlation.h"

#define MEMORY_MAX ((size_t)1 << 30)

struct seen {
    struct toc_correlation record; // indicators 0: gone
    size_t order;
};

struct collected {
    struct toc_arena arena;
    struct seen *items;
    size_t count, cap;
};

static toc_rc take(void *ctx, const struct toc_record *record, struct toc_err *err)
{
    struct collected *c = ctx;
    struct seen seen = {.order = c->count};
    struct toc_slice bytes = record->has_value ? record->value : record->key;
    struct toc_slice kept = toc_arena_copy(&c->arena, bytes);
    if (kept.ptr == NULL || toc_mem_grow((void **)&c->items, &c->cap, c->count + 1, sizeof *c->items) != 0)
        return toc_fail(err, TOC_E_MEMORY, "out of memory for correlations");
    if (record->has_value)
        TOC_TRY(toc_correlation_get(kept, &c->arena, &seen.record, err));
    else
        seen.record.id = kept;
    c->items[c->count++] = seen;
    return TOC_OK;
}

static int by_id(const void *a, const void *b)
{
    const struct seen *p = a, *q = b;
    int c = toc_slice_cmp(p->record.id, q->record.id);
    return c != 0 ? c : (p->order > q->order) - (p->order < q->order);
}

// Leaves the latest record of each id that is not gone.
static void keep_latest(struct collected *c)
{
    size_t kept = 0;
    qsort(c->items, c->count, sizeof *c->items, by_id);
    for (size_t i = 0; i < c->count; i++) {
        bool last = i + 1 == c->count || !toc_slice_eq(c->items[i].record.id, c->items[i + 1].record.id);
        if (last && c->items[i].record.indicators != 0)
            c->items[kept++] = c->items[i];
    }
    c->count = kept;
}

// Heavy, then large, then by value, so that two runs print alike.
static int heavier(const void *a, const void *b)
{
    const struct toc_correlation *p = &((const struct seen *)a)->record, *q = &((const struct seen *)b)->record;
    int64_t x = (int64_t)p->weight * p->indicators, y = (int64_t)q->weight * q->indicators;
    if (x != y)
        return x > y ? -1 : 1;
    return toc_slice_cmp(p->value, q->value);
}

static void print_one(const struct toc_correlation *c)
{
    printf("  %10s or more share the %s %.*s, weight %.1f\n", WORDS_NUMBER(c->indicators), toc_pivot_kind_spelling(c->what),
            TOC_SLICE_ARG(c->value), (double)c->weight / 16);
}

toc_rc cmd_correlations(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    const char *audience = "green", *top = "20", *what = NULL;
    const struct ctl_option options[] = {{.name = "audience", .value = &audience}, {.name = "top", .value = &top},
            {.name = "what", .value = &what}, {0}};
    size_t words;
    uint64_t most, shown = 0;
    enum toc_pivot_kind kind = TOC_PIVOT_KIND_UNKNOWN;
    TOC_TRY(ctl_options(argc, argv, options, NULL, 0, &words, err));
    TOC_ENSURE(toc_parse_u64(toc_slice_of(top), 1000000, &most), err, TOC_E_USAGE, "--top wants a number");
    TOC_ENSURE(what == NULL || toc_pivot_kind_parse(toc_slice_of(what), &kind), err, TOC_E_USAGE,
            "--what is registrable-domain, network, relation or report");
    struct collected c = {0};
    struct toc_topic_name topic = toc_topic(ctl->conf.kafka.prefix, TOC_TOPIC_CORRELATIONS, toc_slice_of(audience));
    toc_arena_init(&c.arena, MEMORY_MAX);
    toc_rc rc = scan_topic(ctl, topic.text, -1, TOC_OFFSET_BEGINNING, take, &c, NULL, err);
    if (!toc_failed(rc) && c.count != 0) {
        keep_latest(&c);
        qsort(c.items, c.count, sizeof *c.items, heavier);
    }
    for (size_t i = 0; !toc_failed(rc) && i < c.count && shown < most; i++)
        if (what == NULL || c.items[i].record.what == kind) {
            print_one(&c.items[i].record);
            shown++;
        }
    if (!toc_failed(rc) && shown == 0)
        printf("  none yet\n");
    toc_mem_free(c.items);
    toc_arena_done(&c.arena);
    return rc;
}
