#include "producers/runner/plan.h"

#include <errno.h>
#include <string.h>

#include "lib/indicator/limits.h"
#include "producers/runner/entry.h"

// What a Segment holds beside its observations: texts at their limits, numbers, framing.
#define SEGMENT_HEAD_BYTES_MAX 4096

bool toc_cutter_cuts(struct toc_cutter *cutter, const uint8_t *sort_key, size_t bytes)
{
    bool cuts = cutter->count == 0 || memcmp(cutter->group, sort_key, sizeof cutter->group) != 0 ||
                cutter->count == TOC_SEGMENT_OBSERVATIONS_MAX ||
                cutter->bytes + bytes > TOC_SEGMENT_BYTES_MAX - SEGMENT_HEAD_BYTES_MAX;
    if (cuts) {
        memcpy(cutter->group, sort_key, sizeof cutter->group);
        cutter->count = cutter->bytes = 0;
    }
    cutter->count++;
    cutter->bytes += bytes;
    return cuts;
}

toc_rc toc_plan_init(struct toc_plan *plan, const char *dir, struct toc_err *err)
{
    *plan = (struct toc_plan){0};
    toc_arena_init(&plan->arena, TOC_ENTRY_ARENA_BYTES);
    return toc_nameless_open(dir, &plan->entries, err);
}

void toc_plan_done(struct toc_plan *plan)
{
    if (plan->entries != NULL)
        fclose(plan->entries);
    plan->entries = NULL;
    toc_arena_done(&plan->arena);
}

static void count_action(struct toc_totals *totals, enum toc_action action)
{
    switch (action) {
    case TOC_ACTION_ASSERT:
        totals->assert++;
        break;
    case TOC_ACTION_SIGHT:
        totals->sight++;
        break;
    case TOC_ACTION_HIT:
        totals->hit++;
        break;
    case TOC_ACTION_WITHDRAW:
        totals->withdraw++;
        break;
    case TOC_ACTION_REFUTE:
        totals->refute++;
        break;
    case TOC_ACTION_PURGE:
        totals->purge++;
        break;
    case TOC_ACTION_UNKNOWN:
        break;
    }
}

toc_rc toc_plan_add(
        struct toc_plan *plan, const uint8_t *sort_key, struct toc_slice bytes, struct toc_err *err)
{
    struct toc_observation obs;
    toc_arena_reset(&plan->arena);
    TOC_TRY(toc_entry_get(bytes, &plan->arena, &obs, err));
    TOC_TRY(toc_entry_write(plan->entries, sort_key, bytes, err));
    if (toc_cutter_cuts(&plan->cutter, sort_key, bytes.len))
        TOC_ENSURE(plan->segments++ < INT32_MAX, err, TOC_E_LIMIT, "too many segments");
    count_action(&plan->totals, obs.action);
    plan->observations++;
    return TOC_OK;
}

toc_rc toc_plan_take(struct toc_plan *plan, struct toc_sorter *sorter, struct toc_err *err)
{
    struct toc_sorted entry;
    bool more;
    TOC_TRY(toc_sorter_next(sorter, &entry, &more, err));
    while (more) {
        TOC_TRY(toc_plan_add(plan, entry.key, entry.bytes, err));
        TOC_TRY(toc_sorter_next(sorter, &entry, &more, err));
    }
    return TOC_OK;
}

toc_rc toc_plan_rewind(struct toc_plan *plan, struct toc_err *err)
{
    if (fflush(plan->entries) != 0 || fseek(plan->entries, 0, SEEK_SET) != 0)
        return toc_fail(err, TOC_E_IO, "writing the spool: %s", strerror(errno));
    return TOC_OK;
}
