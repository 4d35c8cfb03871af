// libconfig parses, the rows decide. Each table is read in two passes: what stands in the file
// must have a row (so that a misspelt key is an error, not silence), then each row takes its
// value or its fallback. Fallbacks are parsed by libconfig too: they are written as in a file.
#include "lib/base/config.h"

#include <libconfig.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#define VALUES_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define GROUPS_MAX 10000
#define NAME_BYTES_MAX 256

struct toc_conf {
    struct toc_arena arena; // everything the filled struct points at
};

// What is being read, for errors and relative paths.
struct source {
    const char *path;
    struct toc_arena *arena;
};

struct spot {
    const struct source *source;
    const config_setting_t *setting;
    const char *name; // of the row
};

static const char *file_of(const struct spot *at)
{
    const char *file = config_setting_source_file(at->setting); // of an @include
    return file != NULL ? file : at->source->path;
}

static TOC_PRINTF(3, 4) toc_rc bad(const struct spot *at, struct toc_err *err, const char *fmt, ...)
{
    char text[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    unsigned line = config_setting_source_line(at->setting); // 0 of the root group
    return toc_fail(
            err, TOC_E_USAGE, "%s:%u: %s: %s", file_of(at), line == 0 ? 1 : line, at->name, text);
}

// ---- values ----

static toc_rc no_memory(const struct spot *at, struct toc_err *err)
{
    return bad(at, err, "the values of a configuration may take %zu bytes", VALUES_BYTES_MAX);
}

static toc_rc read_string(const struct spot *at, const char **out, struct toc_err *err)
{
    const char *text = config_setting_get_string(at->setting);
    if (text == NULL)
        return bad(at, err, "a text in \"quotes\" belongs here");
    struct toc_slice copy = toc_arena_copy(at->source->arena, toc_slice_of(text));
    if (copy.ptr == NULL)
        return no_memory(at, err);
    *out = (const char *)copy.ptr;
    return TOC_OK;
}

static toc_rc read_text(
        const struct spot *at, const struct toc_conf_row *row, void *field, struct toc_err *err)
{
    const char *text = NULL;
    TOC_TRY(read_string(at, &text, err));
    if (row->required && text[0] == '\0')
        return bad(at, err, "must not be empty");
    *(const char **)field = text;
    return TOC_OK;
}

static toc_rc read_path(
        const struct spot *at, const struct toc_conf_row *row, void *field, struct toc_err *err)
{
    const char *path = NULL;
    TOC_TRY(read_text(at, row, &path, err));
    const char *slash = strrchr(at->source->path, '/');
    if (path[0] == '\0' || path[0] == '/' || slash == NULL) {
        *(const char **)field = path;
        return TOC_OK;
    }
    size_t folder = (size_t)(slash - at->source->path) + 1, len = strlen(path);
    if (folder + len >= TOC_PATH_BYTES_MAX)
        return bad(at, err, "path is longer than %d bytes", TOC_PATH_BYTES_MAX);
    char *joined = toc_arena_alloc(at->source->arena, folder + len + 1, 1);
    if (joined == NULL)
        return no_memory(at, err);
    memcpy(joined, at->source->path, folder);
    memcpy(joined + folder, path, len);
    *(const char **)field = joined;
    return TOC_OK;
}

static bool in_range(const struct toc_conf_row *row, int64_t value)
{
    if (row->min == 0 && row->max == 0)
        return value >= 0;
    return value >= row->min && value <= row->max;
}

static toc_rc read_int(
        const struct spot *at, const struct toc_conf_row *row, void *field, struct toc_err *err)
{
    int type = config_setting_type(at->setting);
    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
        return bad(at, err, "a whole number belongs here");
    int64_t value = config_setting_get_int64(at->setting);
    if (!in_range(row, value))
        return bad(at, err, "%lld is not in %lld..%lld", (long long)value, (long long)row->min,
                row->max == 0 && row->min == 0 ? (long long)INT64_MAX : (long long)row->max);
    *(int64_t *)field = value;
    return TOC_OK;
}

static toc_rc read_bool(
        const struct spot *at, const struct toc_conf_row *row, void *field, struct toc_err *err)
{
    (void)row;
    if (config_setting_type(at->setting) != CONFIG_TYPE_BOOL)
        return bad(at, err, "true or false belongs here");
    *(bool *)field = config_setting_get_bool(at->setting) != 0;
    return TOC_OK;
}

static toc_rc read_duration(
        const struct spot *at, const struct toc_conf_row *row, void *field, struct toc_err *err)
{
    const char *text = config_setting_get_string(at->setting);
    int64_t ms;
    if (text == NULL || !toc_duration_parse(toc_slice_of(text), &ms))
        return bad(at, err,
                "a duration like \"500ms\", \"30s\", \"5m\", \"24h\" or \"7d\" belongs here");
    if (!in_range(row, ms))
        return bad(at, err, "%s is not in %lldms..%lldms", TOC_SHOW(toc_slice_of(text)),
                (long long)row->min, row->max == 0 ? (long long)INT64_MAX : (long long)row->max);
    *(int64_t *)field = ms;
    return TOC_OK;
}

static toc_rc read_list(
        const struct spot *at, const struct toc_conf_row *row, void *field, struct toc_err *err)
{
    (void)row;
    if (!config_setting_is_array(at->setting) && !config_setting_is_list(at->setting))
        return bad(at, err, "a list like [\"a\", \"b\"] belongs here");
    struct toc_conf_list list = {.count = (size_t)config_setting_length(at->setting)};
    list.items = toc_arena_alloc(at->source->arena, list.count, sizeof *list.items);
    if (list.items == NULL)
        return no_memory(at, err);
    for (size_t i = 0; i < list.count; i++) {
        const struct spot item = {
                at->source, config_setting_get_elem(at->setting, (unsigned)i), at->name};
        TOC_TRY(read_string(&item, &list.items[i], err));
    }
    *(struct toc_conf_list *)field = list;
    return TOC_OK;
}

static toc_rc read_table(const struct source *source, config_setting_t *group,
        const struct toc_conf_row *rows, void *into, struct toc_err *err);

static toc_rc read_groups(
        const struct spot *at, const struct toc_conf_row *row, void *field, struct toc_err *err)
{
    if (!config_setting_is_list(at->setting))
        return bad(at, err, "a list of groups like ( { ... }, { ... } ) belongs here");
    struct toc_conf_groups groups = {.count = (size_t)config_setting_length(at->setting)};
    if (groups.count > GROUPS_MAX)
        return bad(at, err, "%zu groups, at most %d may be", groups.count, GROUPS_MAX);
    groups.items = toc_arena_alloc(at->source->arena, groups.count, row->item_size);
    if (groups.items == NULL)
        return no_memory(at, err);
    for (size_t i = 0; i < groups.count; i++) {
        config_setting_t *group = config_setting_get_elem(at->setting, (unsigned)i);
        if (!config_setting_is_group(group))
            return bad(at, err, "entry %zu is no group in { }", i + 1);
        void *item = (char *)groups.items + i * row->item_size;
        TOC_TRY(read_table(at->source, group, row->rows, item, err));
    }
    *(struct toc_conf_groups *)field = groups;
    return TOC_OK;
}

static const struct reader {
    toc_rc (*read)(const struct spot *at, const struct toc_conf_row *row, void *field,
            struct toc_err *err);
    size_t field_size;
} readers[] = {
        [TOC_CONF_TEXT] = {read_text, sizeof(const char *)},
        [TOC_CONF_PATH] = {read_path, sizeof(const char *)},
        [TOC_CONF_INT] = {read_int, sizeof(int64_t)},
        [TOC_CONF_BOOL] = {read_bool, sizeof(bool)},
        [TOC_CONF_DURATION] = {read_duration, sizeof(int64_t)},
        [TOC_CONF_LIST] = {read_list, sizeof(struct toc_conf_list)},
        [TOC_CONF_GROUPS] = {read_groups, sizeof(struct toc_conf_groups)},
};

static toc_rc set_field(const struct source *source, const config_setting_t *setting,
        const struct toc_conf_row *row, void *into, struct toc_err *err)
{
    const struct spot at = {source, setting, row->name};
    void *field = (char *)into + row->offset;
    TOC_TRY(readers[row->type].read(&at, row, field, err));
    if (row->check == NULL)
        return TOC_OK;
    struct toc_err why = {0};
    if (!toc_failed(row->check(field, &why)))
        return TOC_OK;
    return bad(&at, err, "%s", why.text);
}

static toc_rc set_fallback(const struct source *source, const struct toc_conf_row *row, void *into,
        struct toc_err *err)
{
    struct toc_buf text;
    config_t parsed;
    toc_buf_init(&text, TOC_CONFIG_BYTES_MAX);
    toc_buf_printf(&text, "v = %s;", row->fallback);
    const char *written = toc_buf_cstr(&text);
    config_init(&parsed);
    toc_rc rc;
    if (written == NULL || config_read_string(&parsed, written) != CONFIG_TRUE)
        rc = toc_fail(err, TOC_E_USAGE, "%s: default %s is no value", row->name, row->fallback);
    else
        rc = set_field(source, config_lookup(&parsed, "v"), row, into, err);
    config_destroy(&parsed);
    toc_buf_done(&text);
    return rc;
}

// ---- tables ----

// Fewest letters to insert, drop, change or swap with the next to make b of a.
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NAME_BYTES_MAX]; // rotating: two before, one before, current
    size_t a_len = strnlen(a, NAME_BYTES_MAX - 1), b_len = strnlen(b, NAME_BYTES_MAX - 1);
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        const size_t *two = rows[(i + 1) % 3], *one = rows[(i + 2) % 3];
        size_t *now = rows[i % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = one[j - 1] + (a[i - 1] != b[j - 1]);
            if (one[j] + 1 < best)
                best = one[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                    two[j - 2] + 1 < best)
                best = two[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[a_len % 3][b_len];
}

static const char *nearest(const struct toc_conf_row *rows, const char *name)
{
    const char *best = rows->name;
    size_t best_distance = SIZE_MAX;
    for (const struct toc_conf_row *row = rows; row->name != NULL; row++) {
        size_t d = distance(name, row->name);
        if (d < best_distance) {
            best_distance = d;
            best = row->name;
        }
    }
    return best;
}

// Is `name` a row (leaf), or a group that rows stand in?
static bool is_row(const struct toc_conf_row *rows, const char *name)
{
    for (; rows->name != NULL; rows++)
        if (strcmp(rows->name, name) == 0)
            return true;
    return false;
}

static bool is_group(const struct toc_conf_row *rows, const char *name)
{
    size_t len = strlen(name);
    for (; rows->name != NULL; rows++)
        if (strncmp(rows->name, name, len) == 0 && rows->name[len] == '.')
            return true;
    return false;
}

static toc_rc check_names(const struct source *source, const config_setting_t *group,
        const char *prefix, const struct toc_conf_row *rows, struct toc_err *err)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        char name[NAME_BYTES_MAX];
        int n = snprintf(name, sizeof name, "%s%s%s", prefix, prefix[0] == '\0' ? "" : ".",
                config_setting_name(setting));
        const struct spot at = {source, setting, name};
        if (n < 0 || (size_t)n >= sizeof name)
            return bad(&at, err, "unknown key");
        if (is_row(rows, name))
            continue;
        if (!is_group(rows, name))
            return bad(&at, err, "unknown key; the nearest known one is %s", nearest(rows, name));
        if (!config_setting_is_group(setting))
            return bad(&at, err, "a group in { } belongs here");
        TOC_TRY(check_names(source, setting, name, rows, err));
    }
    return TOC_OK;
}

static toc_rc read_row(const struct source *source, config_setting_t *group,
        const struct toc_conf_row *row, void *into, struct toc_err *err)
{
    const config_setting_t *setting = config_setting_lookup(group, row->name);
    if (setting != NULL)
        return set_field(source, setting, row, into, err);
    if (row->required) {
        const struct spot at = {source, group, row->name};
        return bad(&at, err, "this key is missing: %s", row->doc);
    }
    return row->fallback == NULL ? TOC_OK : set_fallback(source, row, into, err);
}

static toc_rc read_table(const struct source *source, config_setting_t *group,
        const struct toc_conf_row *rows, void *into, struct toc_err *err)
{
    TOC_TRY(check_names(source, group, "", rows, err));
    for (const struct toc_conf_row *row = rows; row->name != NULL; row++)
        TOC_TRY(read_row(source, group, row, into, err));
    return TOC_OK;
}

// ---- files ----

static toc_rc parse_into(config_t *config, struct toc_slice text, const struct source *source,
        const struct toc_conf_row *rows, void *into, struct toc_err *err)
{
    TOC_ENSURE(text.len <= TOC_CONFIG_BYTES_MAX, err, TOC_E_LENGTH, "%s is longer than %d bytes",
            source->path, TOC_CONFIG_BYTES_MAX);
    TOC_ENSURE(!toc_slice_has(text, '\0') && toc_utf8_valid(text), err, TOC_E_USAGE,
            "%s: not a text in UTF-8", source->path);
    char *copy = toc_mem_dup(text.ptr, text.len);
    TOC_ENSURE(copy != NULL, err, TOC_E_MEMORY, "no memory to read %s", source->path);
    int parsed = config_read_string(config, copy);
    toc_mem_free(copy);
    if (parsed == CONFIG_TRUE)
        return read_table(source, config_root_setting(config), rows, into, err);
    const char *file = config_error_file(config);
    return toc_fail(err, TOC_E_USAGE, "%s:%d: %s", file != NULL ? file : source->path,
            config_error_line(config), config_error_text(config));
}

static void clear_fields(const struct toc_conf_row *rows, void *into)
{
    for (; rows->name != NULL; rows++)
        memset((char *)into + rows->offset, 0, readers[rows->type].field_size);
}

// @include reads what stands beside the file.
static void set_include_dir(config_t *config, const char *path)
{
    char folder[TOC_PATH_BYTES_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash == NULL ? 0
                          : snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path);
    if (n > 0 && (size_t)n < sizeof folder)
        config_set_include_dir(config, folder);
}

toc_rc toc_conf_parse(struct toc_slice text, const char *path, const struct toc_conf_row *rows,
        void *into, struct toc_conf **out, struct toc_err *err)
{
    struct toc_conf *conf = toc_mem_alloc(1, sizeof *conf);
    TOC_ENSURE(conf != NULL, err, TOC_E_MEMORY, "no memory to read %s", path);
    toc_arena_init(&conf->arena, VALUES_BYTES_MAX);
    config_t config;
    config_init(&config);
    set_include_dir(&config, path);
    const struct source source = {path, &conf->arena};
    toc_rc rc = parse_into(&config, text, &source, rows, into, err);
    config_destroy(&config);
    if (toc_failed(rc)) {
        clear_fields(rows, into);
        toc_conf_free(conf);
        return rc;
    }
    *out = conf;
    return TOC_OK;
}

toc_rc toc_conf_load(const char *path, const struct toc_conf_row *rows, void *into,
        struct toc_conf **out, struct toc_err *err)
{
    struct toc_buf text;
    toc_buf_init(&text, TOC_CONFIG_BYTES_MAX);
    toc_rc rc = toc_file_read(path, &text, err);
    if (!toc_failed(rc))
        rc = toc_conf_parse(toc_buf_slice(&text), path, rows, into, out, err);
    toc_buf_done(&text);
    return rc;
}

void toc_conf_free(struct toc_conf *conf)
{
    if (conf == NULL)
        return;
    toc_arena_done(&conf->arena);
    toc_mem_free(conf);
}
