// tocsinctl correlations --audience NAME [--top N]: what indicators share, heaviest first.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/ctl/scan.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/indicator/topics.h"
#include "schemas/correlation.h"

#define MEMORY_MAX ((size_t)1 << 30)

// The latest record of each id: later ones come later in its partition.
struct collected {
    struct toc_arena arena;
    struct toc_correlation *items;
    size_t count, cap;
};

static struct toc_correlation *find(struct collected *c, struct toc_slice id)
{
    for (size_t i = c->count; i > 0; i--)
        if (toc_slice_eq(c->items[i - 1].id, id))
            return &c->items[i - 1];
    return NULL;
}

static toc_rc take(void *ctx, const struct toc_record *record, struct toc_err *err)
{
    struct collected *c = ctx;
    struct toc_correlation *known = find(c, record->key);
    if (!record->has_value) {
        if (known != NULL)
            known->indicators = 0;
        return TOC_OK;
    }
    struct toc_slice kept = toc_arena_copy(&c->arena, record->value);
    if (kept.ptr == NULL || toc_mem_grow((void **)&c->items, &c->cap, c->count + 1, sizeof *c->items) != 0)
        return toc_fail(err, TOC_E_MEMORY, "out of memory for correlations");
    struct toc_correlation correlation;
    TOC_TRY(toc_correlation_get(kept, &c->arena, &correlation, err));
    known = find(c, correlation.id);
    if (known == NULL)
        known = &c->items[c->count++];
    *known = correlation;
    return TOC_OK;
}

// Heavy, then large, then by value, so that two runs print alike.
static int heavier(const void *a, const void *b)
{
    const struct toc_correlation *p = a, *q = b;
    int64_t x = (int64_t)p->weight * p->indicators, y = (int64_t)q->weight * q->indicators;
    if (x != y)
        return x > y ? -1 : 1;
    return toc_slice_cmp(p->value, q->value);
}

toc_rc cmd_correlations(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    const char *audience = "green", *top = "20";
    const struct ctl_option options[] = {{.name = "audience", .value = &audience}, {.name = "top", .value = &top}, {0}};
    size_t words;
    uint64_t most;
    TOC_TRY(ctl_options(argc, argv, options, NULL, 0, &words, err));
    TOC_ENSURE(toc_parse_u64(toc_slice_of(top), 1000000, &most), err, TOC_E_USAGE, "--top wants a number");
    struct collected c = {0};
    struct toc_topic_name topic = toc_topic(ctl->conf.kafka.prefix, TOC_TOPIC_CORRELATIONS, toc_slice_of(audience));
    toc_arena_init(&c.arena, MEMORY_MAX);
    toc_rc rc = scan_topic(ctl, topic.text, -1, TOC_OFFSET_BEGINNING, take, &c, NULL, err);
    if (!toc_failed(rc) && c.count != 0) {
        qsort(c.items, c.count, sizeof *c.items, heavier);
        for (size_t i = 0; i < c.count && i < most; i++)
            if (c.items[i].indicators != 0)
                printf("  %4d or more indicators share %s %.*s (weight %.1f)\n", c.items[i].indicators,
                        toc_pivot_kind_spelling(c.items[i].what), TOC_SLICE_ARG(c.items[i].value),
                        (double)c.items[i].weight / 16);
    } else if (!toc_failed(rc)) {
        printf("  none yet\n");
    }
    toc_mem_free(c.items);
    toc_arena_done(&c.arena);
    return rc;
}
