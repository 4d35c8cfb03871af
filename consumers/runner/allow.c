#include "consumers/runner/allow.h"

#include "consumers/sink/admit.h"
#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/text.h"
#include "lib/indicator/refang.h"

#define ARENA_BYTES_MAX ((size_t)16 * 1024 * 1024)

static const char first_lines[] =
        "# Values that no Tocsin output on this machine holds, whatever the hub advises.\n"
        "# value <tab> until (RFC 3339; empty: no end) <tab> since <tab> why\n";

// ---- one line ----

enum line_kind {
    LINE_NOTHING, // blank or a comment
    LINE_ROW,
    LINE_BAD,
};

static struct toc_slice next_field(struct toc_slice *rest)
{
    size_t tab = toc_slice_find(*rest, '\t');
    struct toc_slice field = toc_slice_trim(toc_slice_sub(*rest, 0, tab));
    *rest = toc_slice_sub(*rest, tab + 1, SIZE_MAX);
    return field;
}

static bool time_field(struct toc_slice field, int64_t *out)
{
    *out = 0;
    return field.len == 0 || toc_time_parse(field, out);
}

// As people write it: defanged, too.
static bool read_value(struct toc_slice text, struct toc_arena *arena, struct toc_guard *out)
{
    struct toc_buf plain;
    toc_buf_init(&plain, TOC_TEXT_BYTES_MAX);
    toc_refang(text, &plain);
    bool good = !plain.failed && toc_guard_read(toc_buf_slice(&plain), arena, out);
    toc_buf_done(&plain);
    return good;
}

static enum line_kind read_line(
        struct toc_slice line, struct toc_arena *arena, struct toc_allow_row *out)
{
    struct toc_allow_row row = {0};
    line = toc_slice_trim(line);
    if (line.len == 0 || line.ptr[0] == '#')
        return LINE_NOTHING;
    struct toc_slice value = next_field(&line), until = next_field(&line),
                     since = next_field(&line);
    row.why = next_field(&line);
    if (!time_field(until, &row.until_ms) || !time_field(since, &row.since_ms) ||
            !read_value(value, arena, &row.guard))
        return LINE_BAD;
    *out = row;
    return LINE_ROW;
}

static bool is_in_force(const struct toc_allow_row *row, int64_t now_ms)
{
    return row->until_ms == 0 || now_ms < row->until_ms;
}

// Takes the next line off *rest, without its end; false behind the last.
static bool take_line(struct toc_slice *rest, struct toc_slice *out)
{
    size_t end = toc_slice_find(*rest, '\n');
    bool more = rest->len != 0;
    *out = toc_slice_sub(*rest, 0, end);
    *rest = toc_slice_sub(*rest, end + 1, SIZE_MAX);
    return more;
}

// The file; nothing when it is not there.
static toc_rc read_text(const char *path, struct toc_buf *out, struct toc_err *err)
{
    toc_rc rc = toc_file_read(path, out, err);
    return rc.code == TOC_E_NOTFOUND ? TOC_OK : rc;
}

// ---- loading ----

static toc_rc read_rows(struct toc_slice text, struct toc_allow *allow, struct toc_err *err)
{
    struct toc_slice line;
    for (size_t number = 1; take_line(&text, &line); number++) {
        struct toc_allow_row row;
        enum line_kind kind = read_line(line, &allow->arena, &row);
        if (kind == LINE_BAD && allow->bad_line == 0)
            allow->bad_line = number;
        if (kind != LINE_ROW)
            continue;
        TOC_ENSURE(allow->count < TOC_ALLOW_ROWS_MAX, err, TOC_E_LIMIT,
                "more than %d allowed values", TOC_ALLOW_ROWS_MAX);
        allow->rows[allow->count++] = row;
    }
    return TOC_OK;
}

static void put_in_force_first(struct toc_allow *allow, int64_t now_ms)
{
    for (size_t i = 0; i < allow->count; i++) {
        struct toc_allow_row row = allow->rows[i];
        if (!is_in_force(&row, now_ms))
            continue;
        allow->rows[i] = allow->rows[allow->in_force];
        allow->rows[allow->in_force] = row;
        allow->guards[allow->in_force++] = row.guard;
        if (row.until_ms != 0 && row.until_ms < allow->next_end_ms)
            allow->next_end_ms = row.until_ms;
    }
}

static toc_rc load(
        struct toc_slice text, int64_t now_ms, struct toc_allow *allow, struct toc_err *err)
{
    struct toc_slice copy = toc_arena_copy(&allow->arena, text);
    allow->rows = toc_arena_alloc(&allow->arena, TOC_ALLOW_ROWS_MAX, sizeof *allow->rows);
    allow->guards = toc_arena_alloc(&allow->arena, TOC_ALLOW_ROWS_MAX, sizeof *allow->guards);
    TOC_ENSURE(copy.ptr != NULL && allow->rows != NULL && allow->guards != NULL, err, TOC_E_MEMORY,
            "no memory for the allow file");
    TOC_TRY(read_rows(copy, allow, err));
    put_in_force_first(allow, now_ms);
    return TOC_OK;
}

toc_rc toc_allow_load(const char *path, int64_t now_ms, struct toc_allow *out, struct toc_err *err)
{
    struct toc_allow allow = {.next_end_ms = INT64_MAX};
    struct toc_buf text;
    toc_buf_init(&text, TOC_ALLOW_BYTES_MAX);
    toc_arena_init(&allow.arena, ARENA_BYTES_MAX);
    toc_rc rc = read_text(path, &text, err);
    if (!toc_failed(rc))
        rc = toc_err_context(load(toc_buf_slice(&text), now_ms, &allow, err), err, "%s", path);
    toc_buf_done(&text);
    if (toc_failed(rc))
        toc_allow_done(&allow);
    else
        *out = allow;
    return rc;
}

void toc_allow_done(struct toc_allow *allow)
{
    toc_arena_done(&allow->arena);
    *allow = (struct toc_allow){0};
}

// ---- editing ----

struct edit {
    const char *path;
    int64_t now_ms;
    struct toc_guard value;
    struct toc_arena arena;
    struct toc_buf before, after;
    bool found;
};

// Everything of the old file but the value's own row and what has ended: comments and lines that
// cannot be read are somebody's words.
static void copy_others(struct edit *edit)
{
    struct toc_slice rest = toc_buf_slice(&edit->before), line;
    if (rest.len == 0)
        toc_buf_put_text(&edit->after, first_lines);
    while (take_line(&rest, &line)) {
        struct toc_allow_row row;
        bool is_row = read_line(line, &edit->arena, &row) == LINE_ROW;
        bool same = is_row && row.guard.kind == edit->value.kind &&
                    toc_slice_eq(row.guard.value, edit->value.value);
        edit->found = edit->found || same;
        if (same || (is_row && !is_in_force(&row, edit->now_ms)))
            continue;
        toc_buf_put_slice(&edit->after, line);
        toc_buf_put_byte(&edit->after, '\n');
    }
}

static toc_rc edit_open(struct edit *edit, struct toc_slice value, struct toc_err *err)
{
    TOC_ENSURE(read_value(value, &edit->arena, &edit->value), err, TOC_E_USAGE,
            "%s is no address, network, domain, URL, e-mail address or hash", TOC_SHOW(value));
    TOC_TRY(read_text(edit->path, &edit->before, err));
    copy_others(edit);
    return TOC_OK;
}

static toc_rc edit_save(struct edit *edit, struct toc_err *err)
{
    TOC_TRY(toc_buf_check(&edit->after, "allow file", err));
    return toc_file_replace(edit->path, 0600, toc_buf_slice(&edit->after), err);
}

static toc_rc add_row(struct edit *edit, int64_t for_ms, struct toc_slice why, struct toc_err *err)
{
    toc_buf_put_slice(&edit->after, edit->value.value);
    toc_buf_put_byte(&edit->after, '\t');
    toc_time_put(&edit->after, edit->now_ms + for_ms);
    toc_buf_put_byte(&edit->after, '\t');
    toc_time_put(&edit->after, edit->now_ms);
    toc_buf_put_byte(&edit->after, '\t');
    toc_buf_put_slice(&edit->after, why);
    toc_buf_put_byte(&edit->after, '\n');
    return edit_save(edit, err);
}

static toc_rc remove_row(struct edit *edit, struct toc_err *err)
{
    TOC_ENSURE(edit->found, err, TOC_E_NOTFOUND, "%s does not stand in %s",
            TOC_SHOW(edit->value.value), edit->path);
    return edit_save(edit, err);
}

// for_ms = 0: remove.
static toc_rc edit_file(const char *path, struct toc_slice value, int64_t for_ms,
        struct toc_slice why, int64_t now_ms, struct toc_err *err)
{
    char lock_path[TOC_PATH_BYTES_MAX];
    struct toc_lock *lock = NULL;
    struct edit edit = {.path = path, .now_ms = now_ms};
    int n = snprintf(lock_path, sizeof lock_path, "%s.lock", path);
    TOC_ENSURE(n > 0 && (size_t)n < sizeof lock_path, err, TOC_E_LENGTH, "%s: path too long", path);
    TOC_TRY(toc_lock_take(lock_path, &lock, err));
    toc_arena_init(&edit.arena, ARENA_BYTES_MAX);
    toc_buf_init(&edit.before, TOC_ALLOW_BYTES_MAX);
    toc_buf_init(&edit.after, TOC_ALLOW_BYTES_MAX);
    toc_rc rc = edit_open(&edit, value, err);
    if (!toc_failed(rc))
        rc = for_ms == 0 ? remove_row(&edit, err) : add_row(&edit, for_ms, why, err);
    toc_buf_done(&edit.after);
    toc_buf_done(&edit.before);
    toc_arena_done(&edit.arena);
    toc_lock_drop(lock);
    return rc;
}

toc_rc toc_allow_add(const char *path, struct toc_slice value, int64_t for_ms, struct toc_slice why,
        int64_t now_ms, struct toc_err *err)
{
    TOC_ENSURE(for_ms > 0 && for_ms <= TOC_ALLOW_FOR_MAX, err, TOC_E_USAGE,
            "at most 366d: what must stand longer belongs into privacy.own_names");
    why = toc_slice_trim(why);
    TOC_ENSURE(why.len != 0 && why.len <= TOC_ALLOW_WHY_BYTES_MAX && toc_text_is_safe(why), err,
            TOC_E_USAGE, "the reason must be one line of 1 to %d bytes", TOC_ALLOW_WHY_BYTES_MAX);
    return edit_file(path, value, for_ms, why, now_ms, err);
}

toc_rc toc_allow_remove(
        const char *path, struct toc_slice value, int64_t now_ms, struct toc_err *err)
{
    return edit_file(path, value, 0, (struct toc_slice){0}, now_ms, err);
}
