#include "consumers/runner/output.h"

#include <stdlib.h>
#include <string.h>

#include "consumers/runner/output_line.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

// ---- lines ----

static void line_free(struct line *line)
{
    if (line == NULL)
        return;
    toc_mem_free(line->bytes);
    toc_mem_free(line);
}

static void forget(struct toc_output *output, struct line *line)
{
    toc_keymap_remove(&output->lines, line->key);
    line_free(line);
}

static void set_fact(struct line *line, const struct toc_output_fact *fact)
{
    memcpy(line->key, fact->key, sizeof line->key);
    line->kind = fact->kind;
    line->score = fact->score;
    line->partition = fact->partition;
    line->drop_after_ms = fact->drop_after_ms;
}

static toc_rc set_bytes(
        struct line *line, struct toc_slice text, struct toc_slice value, struct toc_err *err)
{
    uint8_t *copy = toc_mem_resize(NULL, text.len + value.len + 1, 1);
    TOC_ENSURE(copy != NULL, err, TOC_E_MEMORY, "no memory for an entry of %zu bytes", text.len);
    if (text.len != 0)
        memcpy(copy, text.ptr, text.len);
    if (value.len != 0)
        memcpy(copy + text.len, value.ptr, value.len);
    toc_mem_free(line->bytes);
    line->bytes = copy;
    line->len = text.len;
    line->value_len = value.len;
    return TOC_OK;
}

toc_rc output_line_add(struct toc_output *output, const struct toc_output_fact *fact,
        struct toc_slice text, struct line **out, struct toc_err *err)
{
    struct line *line = toc_mem_alloc(1, sizeof *line);
    TOC_ENSURE(line != NULL, err, TOC_E_MEMORY, "no memory for an entry of %s", output->path);
    set_fact(line, fact);
    toc_rc rc = set_bytes(line, text, fact->value, err);
    if (!toc_failed(rc))
        rc = toc_keymap_add(&output->lines, line, err);
    if (toc_failed(rc)) {
        line_free(line);
        return rc;
    }
    *out = line;
    return TOC_OK;
}

// *out_changed: it reads otherwise than before.
static toc_rc replace_text(struct line *line, struct toc_slice text, struct toc_slice value,
        bool *out_changed, struct toc_err *err)
{
    *out_changed = !toc_slice_eq(line_text(line), text);
    if (!*out_changed)
        return TOC_OK;
    line->moved = line->shown;
    return set_bytes(line, text, value, err);
}

// ---- life ----

toc_rc toc_output_option(const char *option, const struct toc_sink **out_sink,
        const char **out_path, struct toc_err *err)
{
    struct toc_slice text = toc_slice_of(option);
    size_t colon = toc_slice_find(text, ':');
    const struct toc_sink *sink = toc_sink_by_name(toc_slice_sub(text, 0, colon));
    TOC_ENSURE(sink != NULL && colon + 1 < text.len, err, TOC_E_USAGE,
            "--sink %s: write list:PATH, rpz:PATH, csv:PATH, jsonl:PATH or stix:PATH",
            TOC_SHOW(text));
    *out_sink = sink;
    *out_path = option + colon + 1;
    return TOC_OK;
}

toc_rc toc_output_new(const struct toc_sink *sink, const char *path, unsigned mode,
        struct toc_output **out, struct toc_err *err)
{
    struct toc_output *output = toc_mem_alloc(1, sizeof *output);
    char *copy = toc_mem_strdup(path);
    if (output == NULL || copy == NULL) {
        toc_mem_free(output);
        toc_mem_free(copy);
        return toc_fail(err, TOC_E_MEMORY, "no memory for the output %s", path);
    }
    *output = (struct toc_output){.sink = sink, .path = copy, .mode = mode, .first = true};
    *out = output;
    return TOC_OK;
}

void toc_output_free(struct toc_output *output)
{
    if (output == NULL)
        return;
    size_t at = 0;
    for (struct line *line; (line = toc_keymap_next(&output->lines, &at)) != NULL;)
        line_free(line);
    toc_keymap_done(&output->lines);
    toc_mem_free(output->order);
    toc_mem_free(output->path);
    toc_mem_free(output);
}

const struct toc_sink *toc_output_sink(const struct toc_output *output)
{
    return output->sink;
}

const char *toc_output_path(const struct toc_output *output)
{
    return output->path;
}

struct toc_output_counts toc_output_counts(const struct toc_output *output)
{
    return output->counts;
}

// ---- what is wanted ----

void toc_output_picture_begins(struct toc_output *output)
{
    size_t at = 0;
    for (struct line *line; (line = toc_keymap_next(&output->lines, &at)) != NULL;)
        line->heard = false;
    output->telling = true;
}

void toc_output_picture_ends(struct toc_output *output)
{
    size_t at = 0;
    for (struct line *line; (line = toc_keymap_next(&output->lines, &at)) != NULL;)
        if (!line->heard) {
            line->wanted = false;
            if (!line->shown) {
                forget(output, line);
                at--;
            }
        }
    output->telling = false;
    output->dirty = output->touched = true;
}

toc_rc toc_output_offer(struct toc_output *output, const struct toc_output_fact *fact,
        struct toc_slice text, bool shut, struct toc_err *err)
{
    struct line *line = toc_keymap_get(&output->lines, fact->key);
    bool changed = true;
    if (line == NULL) {
        TOC_TRY(output_line_add(output, fact, text, &line, err));
    } else {
        TOC_TRY(replace_text(line, text, fact->value, &changed, err));
        set_fact(line, fact);
    }
    changed = changed || !line->wanted || line->shut != shut;
    line->wanted = line->heard = true;
    line->shut = shut;
    output->dirty = output->dirty || changed;
    return TOC_OK;
}

void toc_output_withdraw(struct toc_output *output, const uint8_t key[TOC_KEY_BYTES])
{
    struct line *line = toc_keymap_get(&output->lines, key);
    if (line == NULL)
        return;
    output->dirty = true;
    line->wanted = false;
    if (!line->shown)
        forget(output, line);
}

void toc_output_ask(struct toc_output *output, const struct toc_gate *gate)
{
    size_t at = 0;
    for (struct line *line; (line = toc_keymap_next(&output->lines, &at)) != NULL;) {
        bool shut = toc_sink_admit(gate, line->kind, line_value(line), NULL) != TOC_ADMITTED;
        output->dirty = output->dirty || shut != line->shut;
        line->shut = shut;
    }
}

void toc_output_age(struct toc_output *output, const struct toc_fresh *fresh, int64_t now_ms)
{
    size_t at = 0;
    for (struct line *line; (line = toc_keymap_next(&output->lines, &at)) != NULL;) {
        bool aged =
                toc_fresh_has_aged(fresh, line->partition, line->kind, line->drop_after_ms, now_ms);
        output->dirty = output->dirty || aged != line->aged;
        line->aged = aged;
    }
}

void toc_output_accept(struct toc_output *output)
{
    output->accepted = output->dirty = true;
}

void toc_output_touch(struct toc_output *output)
{
    output->touched = output->dirty = true;
}

// ---- publishing ----

// The file to be written, as far as it is decided.
struct plan {
    struct line **order; // all of it, sorted; room for every line
    struct line **fresh; // those that were not in the old one with these bytes; likewise
    size_t count, fresh_count;
    uint64_t waiting; // wanted and not shown; the first `entering` of fresh enter
    uint64_t back;    // of these, left by our own decision only
    uint64_t entering, leaving, forced, moved;
    bool unbraked, hold;
};

static bool is_out(const struct line *line)
{
    return line->shut || line->aged;
}

static int compare_text(const void *a, const void *b)
{
    const struct line *x = *(struct line *const *)a, *y = *(struct line *const *)b;
    return toc_slice_cmp(line_text(x), line_text(y));
}

// Those that only come back, then the best score.
static int compare_score(const void *a, const void *b)
{
    const struct line *x = *(struct line *const *)a, *y = *(struct line *const *)b;
    if (x->left != y->left)
        return x->left ? -1 : 1;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return memcmp(x->key, y->key, sizeof x->key);
}

// Counts what wants to change; those waiting are collected in plan->fresh.
static void look(struct toc_output *output, struct plan *plan)
{
    size_t at = 0;
    for (struct line *line; (line = toc_keymap_next(&output->lines, &at)) != NULL;) {
        if (line->shown && is_out(line)) {
            plan->forced++;
        } else if (line->shown && !line->wanted) {
            plan->leaving += !output->telling;
        } else if (line->shown) {
            plan->moved += line->moved;
        } else if (!is_out(line) && !output->telling) {
            plan->back += line->left;
            plan->fresh[plan->waiting++] = line;
        }
    }
}

static void ask_brake(struct toc_output *output, struct plan *plan, int64_t now_ms)
{
    plan->unbraked = output->first || output->accepted;
    toc_brake_roll(&output->brake, output->counts.shown, now_ms);
    plan->entering = plan->waiting;
    if (plan->unbraked)
        return;
    plan->hold = !toc_brake_lets_leave(&output->brake, output->counts.shown, plan->leaving);
    uint64_t room = plan->back + toc_brake_room(&output->brake);
    if (plan->waiting > room) {
        qsort(plan->fresh, plan->waiting, sizeof *plan->fresh, compare_score);
        plan->entering = room;
    }
}

// Which of the old lines stay where they are; those with new bytes join the fresh ones.
static void choose(struct toc_output *output, struct plan *plan)
{
    plan->fresh_count = plan->entering;
    for (size_t i = 0; i < plan->waiting; i++)
        plan->fresh[i]->next = i < plan->entering;
    for (size_t i = 0; i < output->counts.shown; i++) {
        struct line *line = output->order[i];
        line->next = !is_out(line) && (line->wanted || plan->hold || output->telling);
        if (line->next && line->moved)
            plan->fresh[plan->fresh_count++] = line;
        else if (line->next)
            plan->order[plan->count++] = line;
    }
}

// Both are sorted; from the back, so that it works in place.
static void merge(struct plan *plan)
{
    size_t old = plan->count, fresh = plan->fresh_count;
    plan->count += plan->fresh_count;
    for (size_t to = plan->count; fresh > 0; to--) {
        bool take_old = old > 0 && compare_text(&plan->order[old - 1], &plan->fresh[fresh - 1]) > 0;
        plan->order[to - 1] = take_old ? plan->order[--old] : plan->fresh[--fresh];
    }
}

struct walk {
    const struct plan *plan;
    size_t at;
};

static bool next_line(void *ctx, struct toc_slice *out)
{
    struct walk *walk = ctx;
    if (walk->at == walk->plan->count)
        return false;
    *out = line_text(walk->plan->order[walk->at++]);
    return true;
}

static uint64_t leaves(const struct plan *plan)
{
    return plan->hold ? 0 : plan->leaving;
}

// The file stands: what the plan said is so now.
static void commit(struct toc_output *output, struct plan *plan, int64_t now_ms)
{
    uint64_t before = output->counts.shown;
    for (size_t i = 0; i < before; i++) {
        struct line *line = output->order[i];
        line->shown = line->next;
        line->left = !line->shown && line->wanted;
        if (!line->shown && !line->wanted)
            forget(output, line);
    }
    for (size_t i = 0; i < plan->count; i++) {
        plan->order[i]->shown = true;
        plan->order[i]->moved = false;
    }
    toc_mem_free(output->order);
    output->order = plan->order;
    plan->order = NULL;
    output->counts.shown = plan->count;
    if (plan->unbraked && !output->telling)
        toc_brake_reset(&output->brake, plan->count, now_ms);
    else
        toc_brake_count(&output->brake, plan->entering - plan->back, leaves(plan));
    output->touched = false;
    output->first = output->first && output->telling;
}

static toc_rc write_file(struct toc_output *output, struct plan *plan, struct toc_sink_page *page,
        struct toc_err *err)
{
    choose(output, plan);
    qsort(plan->fresh, plan->fresh_count, sizeof *plan->fresh, compare_text);
    merge(plan);
    struct walk walk = {.plan = plan};
    page->entries = plan->count;
    TOC_TRY(toc_sink_publish(
            output->sink, output->path, output->mode, page, next_line, &walk, err));
    commit(output, plan, page->written_ms);
    return TOC_OK;
}

static toc_rc carry_out(struct toc_output *output, struct plan *plan, struct toc_sink_page *page,
        bool *out_written, struct toc_err *err)
{
    look(output, plan);
    ask_brake(output, plan, page->written_ms);
    bool changes = plan->forced + leaves(plan) + plan->moved + plan->entering > 0;
    if (changes || output->touched) {
        TOC_TRY(write_file(output, plan, page, err));
        *out_written = true;
    }
    output->counts.waiting = plan->waiting - plan->entering;
    output->counts.held = plan->hold ? plan->leaving : 0;
    output->accepted = output->accepted && output->telling;
    output->dirty = false;
    return TOC_OK;
}

toc_rc toc_output_publish(struct toc_output *output, struct toc_sink_page *page, bool *out_written,
        struct toc_err *err)
{
    bool hour_over = output->counts.waiting + output->counts.held > 0 &&
                     page->written_ms - output->brake.opened_ms >= TOC_BRAKE_HOUR_MS;
    bool knows_nothing = output->telling && output->first;
    *out_written = false;
    if ((!output->dirty && !hour_over) || knows_nothing)
        return TOC_OK;
    size_t room = output->lines.count + 1;
    struct plan plan = {.order = toc_mem_alloc(room, sizeof *plan.order),
            .fresh = toc_mem_alloc(room, sizeof *plan.fresh)};
    toc_rc rc = plan.order != NULL && plan.fresh != NULL
                        ? carry_out(output, &plan, page, out_written, err)
                        : toc_fail(err, TOC_E_MEMORY, "no memory to write %s", output->path);
    toc_mem_free(plan.order);
    toc_mem_free(plan.fresh);
    return rc;
}
