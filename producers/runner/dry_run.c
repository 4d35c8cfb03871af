#include "producers/runner/dry_run.h"

#include <errno.h>
#include <string.h>

#include "lib/avro/json.h"
#include "producers/runner/entry.h"

static void put_words(const struct toc_observation *obs, struct toc_buf *line)
{
    toc_buf_printf(line, "%-8s %-8s %.*s", toc_action_spelling(obs->action),
            toc_kind_spelling(obs->kind), TOC_SLICE_ARG(obs->value));
    toc_buf_printf(line, "  confidence %d", (int)obs->confidence);
    for (size_t i = 0; i < obs->tags_count; i++)
        toc_buf_printf(line, "%s%.*s", i == 0 ? "  tags " : ",", TOC_SLICE_ARG(obs->tags[i]));
}

static void put_json(const struct toc_observation *obs, struct toc_buf *line)
{
    struct toc_jw w;
    toc_jw_init(&w, line);
    toc_observation_json(obs, &w);
}

static toc_rc print_all(struct toc_plan *plan, bool json, FILE *out, struct toc_entry_row *row,
        struct toc_buf *line, struct toc_err *err)
{
    struct toc_observation obs;
    bool more;
    TOC_TRY(toc_plan_rewind(plan, err));
    TOC_TRY(toc_entry_read(plan->entries, row, &more, err));
    while (more) {
        toc_arena_reset(&plan->arena);
        toc_buf_clear(line);
        TOC_TRY(toc_entry_get(toc_buf_slice(&row->bytes), &plan->arena, &obs, err));
        if (json)
            put_json(&obs, line);
        else
            put_words(&obs, line);
        toc_buf_put_byte(line, '\n');
        TOC_TRY(toc_buf_check(line, "line", err));
        TOC_ENSURE(fwrite(line->ptr, 1, line->len, out) == line->len, err, TOC_E_IO, "writing: %s",
                strerror(errno));
        TOC_TRY(toc_entry_read(plan->entries, row, &more, err));
    }
    TOC_ENSURE(fflush(out) == 0, err, TOC_E_IO, "writing: %s", strerror(errno));
    return TOC_OK;
}

toc_rc toc_dry_run_print(struct toc_plan *plan, bool json, FILE *out, struct toc_err *err)
{
    struct toc_entry_row row;
    struct toc_buf line;
    toc_entry_row_init(&row);
    toc_buf_init(&line, 4 * TOC_SORT_ENTRY_BYTES_MAX);
    toc_rc rc = print_all(plan, json, out, &row, &line, err);
    toc_entry_row_done(&row);
    toc_buf_done(&line);
    return rc;
}
