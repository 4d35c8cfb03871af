// Plans made of observations in any order, as a submission makes them.
#pragma once

#include "tests/support/unit.h"

#include "lib/indicator/key.h"
#include "producers/runner/entry.h"
#include "producers/runner/plan.h"

struct planning {
    char dir[TOC_PATH_BYTES_MAX];
    struct toc_sorter *sorter;
    struct toc_arena merging;
    uint32_t partitions;
};

static inline void planning_init(struct planning *p, uint32_t partitions)
{
    *p = (struct planning){.partitions = partitions};
    unit_temp_dir(p->dir);
    toc_arena_init(&p->merging, TOC_ENTRY_ARENA_BYTES);
}

// Starts a new collection of statements.
static inline void planning_start(struct planning *p)
{
    struct toc_err err = {0};
    struct toc_sorter_options options = {
            .dir = p->dir, .memory_bytes = 1 << 20, .merge = toc_entry_merge, .ctx = &p->merging};
    assert_ok(toc_sorter_new(&options, &p->sorter, &err), err);
}

static inline void planning_add(
        struct planning *p, enum toc_marking marking, const struct toc_observation *obs)
{
    uint8_t key[TOC_KEY_BYTES], sort_key[TOC_SORT_KEY_BYTES];
    struct toc_err err = {0};
    struct toc_buf bytes;
    toc_buf_init(&bytes, TOC_SORT_ENTRY_BYTES_MAX);
    toc_indicator_key(obs->kind, obs->value, key);
    toc_entry_key(toc_key_partition(key, p->partitions), marking, key, obs->action, sort_key);
    toc_entry_put(obs, &bytes);
    assert_ok(toc_sorter_add(p->sorter, sort_key, toc_buf_slice(&bytes), &err), err);
    toc_buf_done(&bytes);
}

static inline struct toc_observation planning_domain(const char *name, enum toc_action action)
{
    struct toc_observation obs;
    toc_observation_init(&obs);
    obs.kind = TOC_KIND_DOMAIN;
    obs.value = toc_slice_of(name);
    obs.action = action;
    return obs;
}

static inline void planning_say(struct planning *p, const char *name, enum toc_action action)
{
    struct toc_observation obs = planning_domain(name, action);
    planning_add(p, TOC_MARKING_GREEN, &obs);
}

static inline void planning_finish(struct planning *p, struct toc_plan *plan)
{
    struct toc_err err = {0};
    assert_ok(toc_plan_init(plan, p->dir, &err), err);
    assert_ok(toc_plan_take(plan, p->sorter, &err), err);
    toc_sorter_free(p->sorter);
    p->sorter = NULL;
}

static inline void planning_done(struct planning *p)
{
    toc_sorter_free(p->sorter);
    toc_arena_done(&p->merging);
    unit_remove_dir(p->dir);
}

// The plan as text: marking, action, value; sorted as it is sent.
static inline void planning_show(struct toc_plan *plan, struct toc_buf *out)
{
    struct toc_entry_row row;
    struct toc_err err = {0};
    bool more;
    toc_entry_row_init(&row);
    assert_ok(toc_plan_rewind(plan, &err), err);
    assert_ok(toc_entry_read(plan->entries, &row, &more, &err), err);
    while (more) {
        struct toc_observation obs;
        toc_arena_reset(&plan->arena);
        assert_ok(toc_entry_get(toc_buf_slice(&row.bytes), &plan->arena, &obs, &err), err);
        toc_buf_printf(out, "%s %s %.*s n=%d\n", toc_marking_symbol(toc_entry_marking(row.key)),
                toc_action_symbol(obs.action), TOC_SLICE_ARG(obs.value), (int)obs.count);
        assert_ok(toc_entry_read(plan->entries, &row, &more, &err), err);
    }
    toc_entry_row_done(&row);
}
