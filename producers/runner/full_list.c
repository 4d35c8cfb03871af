#include "producers/runner/full_list.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "producers/runner/entry.h"

// A row of a list is the withdrawal that its absence will become.
struct join {
    FILE *last, *list; // last may be NULL
    struct toc_entry_row old, entry;
    bool old_more, entry_more;
    struct toc_arena arena;
    struct toc_buf row;
    struct toc_plan *plan, *out;
    struct toc_full_list *result;
};

static toc_rc io_fail(struct toc_err *err, const char *path)
{
    return toc_fail(err, TOC_E_IO, "%s: %s", path, strerror(errno));
}

static toc_rc next_old(struct join *j, struct toc_err *err)
{
    j->old_more = false;
    return j->last == NULL ? TOC_OK : toc_entry_read(j->last, &j->old, &j->old_more, err);
}

static toc_rc next_entry(struct join *j, struct toc_err *err)
{
    return toc_entry_read(j->plan->entries, &j->entry, &j->entry_more, err);
}

static toc_rc count_last(struct join *j, struct toc_err *err)
{
    TOC_TRY(next_old(j, err));
    while (j->old_more) {
        j->result->before++;
        TOC_TRY(next_old(j, err));
    }
    if (j->last != NULL && fseek(j->last, 0, SEEK_SET) != 0)
        return toc_fail(err, TOC_E_IO, "reading the last list: %s", strerror(errno));
    return TOC_OK;
}

// Puts an asserted entry on the new list.
static toc_rc list_entry(struct join *j, const struct toc_observation *obs, struct toc_err *err)
{
    struct toc_observation row;
    toc_observation_init(&row);
    row.kind = obs->kind;
    row.value = obs->value;
    row.action = TOC_ACTION_WITHDRAW;
    toc_buf_clear(&j->row);
    toc_entry_put(&row, &j->row);
    TOC_TRY(toc_buf_check(&j->row, "row of a list", err));
    return toc_entry_write(j->list, j->entry.key, toc_buf_slice(&j->row), err);
}

static toc_rc take_entry(struct join *j, struct toc_err *err)
{
    struct toc_observation obs;
    toc_arena_reset(&j->arena);
    TOC_TRY(toc_entry_get(toc_buf_slice(&j->entry.bytes), &j->arena, &obs, err));
    if (obs.action == TOC_ACTION_ASSERT && j->list != NULL)
        TOC_TRY(list_entry(j, &obs, err));
    TOC_TRY(toc_plan_add(j->out, j->entry.key, toc_buf_slice(&j->entry.bytes), err));
    return next_entry(j, err);
}

static toc_rc take_missing(struct join *j, struct toc_err *err)
{
    struct toc_slice bytes = toc_buf_slice(&j->old.bytes);
    j->result->missing++;
    if (!j->result->held)
        TOC_TRY(toc_plan_add(j->out, j->old.key, bytes, err));
    else if (j->list != NULL)
        TOC_TRY(toc_entry_write(j->list, j->old.key, bytes, err));
    return next_old(j, err);
}

static toc_rc join(struct join *j, struct toc_err *err)
{
    TOC_TRY(next_old(j, err));
    TOC_TRY(next_entry(j, err));
    while (j->old_more || j->entry_more) {
        int c = !j->old_more     ? 1
                : !j->entry_more ? -1
                                 : memcmp(j->old.key, j->entry.key, TOC_SORT_KEY_BYTES);
        if (c < 0) {
            TOC_TRY(take_missing(j, err));
            continue;
        }
        if (c == 0)
            TOC_TRY(next_old(j, err));
        TOC_TRY(take_entry(j, err));
    }
    return TOC_OK;
}

static toc_rc run(struct join *j, bool accept_shrink, struct toc_err *err)
{
    TOC_TRY(count_last(j, err));
    j->result->now = (uint64_t)j->plan->totals.assert;
    j->result->held = !accept_shrink && j->result->now < j->result->before - j->result->before / 2;
    TOC_TRY(toc_plan_rewind(j->plan, err));
    return join(j, err);
}

static toc_rc open_files(
        struct join *j, const char *last_path, const char *new_path, struct toc_err *err)
{
    j->last = fopen(last_path, "rbe");
    if (j->last == NULL && errno != ENOENT)
        return io_fail(err, last_path);
    if (new_path == NULL)
        return TOC_OK;
    j->list = fopen(new_path, "wbe");
    return j->list == NULL ? io_fail(err, new_path) : TOC_OK;
}

static toc_rc close_list(FILE *list, const char *path, struct toc_err *err)
{
    bool good = fflush(list) == 0 && fsync(fileno(list)) == 0;
    toc_rc rc = good ? TOC_OK : io_fail(err, path);
    fclose(list);
    return rc;
}

toc_rc toc_full_list_join(struct toc_plan *plan, const char *last_path, const char *new_path,
        bool accept_shrink, struct toc_plan *out, struct toc_full_list *result, struct toc_err *err)
{
    struct join j = {.plan = plan, .out = out, .result = result};
    *result = (struct toc_full_list){0};
    toc_entry_row_init(&j.old);
    toc_entry_row_init(&j.entry);
    toc_arena_init(&j.arena, TOC_ENTRY_ARENA_BYTES);
    toc_buf_init(&j.row, TOC_SORT_ENTRY_BYTES_MAX);
    toc_rc rc = open_files(&j, last_path, new_path, err);
    if (!toc_failed(rc))
        rc = run(&j, accept_shrink, err);
    if (j.list != NULL) {
        toc_rc closed = close_list(j.list, new_path, toc_failed(rc) ? NULL : err);
        rc = toc_failed(rc) ? rc : closed;
    }
    if (j.last != NULL)
        fclose(j.last);
    toc_entry_row_done(&j.old);
    toc_entry_row_done(&j.entry);
    toc_arena_done(&j.arena);
    toc_buf_done(&j.row);
    return rc;
}
