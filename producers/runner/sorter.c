// Runs of one size are merged FAN_IN at a time into a run of the next level, so an entry is written
// again once a level: twice for 2 GB, three times for 32 GB. Older entries lie in higher levels and,
// within a level, in earlier runs: that order decides what is `older` in a merge.
#include "producers/runner/sorter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

#define FAN_IN 16
#define LEVELS 6             // far beyond any disk
#define ENTRY_BYTES_LEAST 64 // room in the index: an entry is rarely shorter than this

// One run while it is read.
struct source {
    FILE *file;
    bool more;
    struct toc_entry_row row;
};

struct reading {
    struct source sources[FAN_IN * LEVELS]; // oldest first
    size_t count;
    struct toc_buf merged[2]; // the entry being formed, and room for the next merge
    uint8_t key[TOC_SORT_KEY_BYTES];
};

struct toc_sorter {
    struct toc_sorter_options options;
    char *dir;
    uint8_t *bytes; // entries one behind the other
    size_t used;
    uint32_t *index; // where each begins
    size_t count, index_max;
    FILE *runs[LEVELS][FAN_IN];
    size_t run_count[LEVELS];
    struct reading *reading;
};

// ---- merging runs

static toc_rc read_on(struct source *source, struct toc_err *err)
{
    return toc_entry_read(source->file, &source->row, &source->more, err);
}

static void reading_free(struct reading *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->count; i++) {
        fclose(r->sources[i].file);
        toc_entry_row_done(&r->sources[i].row);
    }
    toc_buf_done(&r->merged[0]);
    toc_buf_done(&r->merged[1]);
    toc_mem_free(r);
}

static struct reading *reading_new(void)
{
    struct reading *r = toc_mem_alloc(1, sizeof *r);
    if (r != NULL)
        for (size_t i = 0; i < 2; i++)
            toc_buf_init(&r->merged[i], TOC_SORT_ENTRY_BYTES_MAX);
    return r;
}

// Takes the file over.
static toc_rc add_source(struct reading *r, FILE *file, struct toc_err *err)
{
    struct source *source = &r->sources[r->count++];
    source->file = file;
    toc_entry_row_init(&source->row);
    if (fflush(file) != 0 || fseek(file, 0, SEEK_SET) != 0)
        return toc_fail(err, TOC_E_IO, "writing the spool: %s", strerror(errno));
    return read_on(source, err);
}

// The oldest source among those with the smallest key; NULL at the end.
static struct source *smallest(struct reading *r)
{
    struct source *least = NULL;
    for (size_t i = 0; i < r->count; i++) {
        struct source *source = &r->sources[i];
        if (source->more && (least == NULL || memcmp(source->row.key, least->row.key,
                                                      sizeof least->row.key) < 0))
            least = source;
    }
    return least;
}

// Puts `newer` on top of what merged[0] holds.
static toc_rc merge_into(const struct toc_sorter *sorter, struct toc_buf merged[2],
        struct toc_slice newer, struct toc_err *err)
{
    toc_buf_clear(&merged[1]);
    TOC_TRY(sorter->options.merge(
            sorter->options.ctx, toc_buf_slice(&merged[0]), newer, &merged[1], err));
    TOC_TRY(toc_buf_check(&merged[1], "entry", err));
    struct toc_buf swap = merged[0];
    merged[0] = merged[1];
    merged[1] = swap;
    return TOC_OK;
}

static toc_rc reading_next(const struct toc_sorter *sorter, struct reading *r,
        struct toc_sorted *out, bool *out_more, struct toc_err *err)
{
    struct source *source = smallest(r);
    *out_more = source != NULL;
    if (source == NULL)
        return TOC_OK;
    memcpy(r->key, source->row.key, sizeof r->key);
    toc_buf_clear(&r->merged[0]);
    toc_buf_put_slice(&r->merged[0], toc_buf_slice(&source->row.bytes));
    TOC_TRY(toc_buf_check(&r->merged[0], "entry", err));
    TOC_TRY(read_on(source, err));
    while ((source = smallest(r)) != NULL && memcmp(source->row.key, r->key, sizeof r->key) == 0) {
        TOC_TRY(merge_into(sorter, r->merged, toc_buf_slice(&source->row.bytes), err));
        TOC_TRY(read_on(source, err));
    }
    *out = (struct toc_sorted){r->key, toc_buf_slice(&r->merged[0])};
    return TOC_OK;
}

static toc_rc write_merged(
        const struct toc_sorter *sorter, struct reading *r, FILE *file, struct toc_err *err)
{
    struct toc_sorted entry;
    bool more;
    TOC_TRY(reading_next(sorter, r, &entry, &more, err));
    while (more) {
        TOC_TRY(toc_entry_write(file, entry.key, entry.bytes, err));
        TOC_TRY(reading_next(sorter, r, &entry, &more, err));
    }
    return TOC_OK;
}

// Moves the runs of a level into r.
static toc_rc take_level(
        struct toc_sorter *sorter, size_t level, struct reading *r, struct toc_err *err)
{
    toc_rc rc = TOC_OK;
    for (size_t i = 0; i < sorter->run_count[level]; i++) {
        toc_rc one = add_source(r, sorter->runs[level][i], err);
        rc = toc_failed(rc) ? rc : one;
    }
    sorter->run_count[level] = 0;
    return rc;
}

static toc_rc add_run(struct toc_sorter *sorter, size_t level, FILE *file, struct toc_err *err);

// A full level becomes one run of the next.
static toc_rc lift_level(struct toc_sorter *sorter, size_t level, struct toc_err *err)
{
    struct reading *r = reading_new();
    FILE *file = NULL;
    TOC_ENSURE(r != NULL, err, TOC_E_MEMORY, "no memory to sort");
    toc_rc rc = take_level(sorter, level, r, err);
    if (!toc_failed(rc))
        rc = toc_nameless_open(sorter->dir, &file, err);
    if (!toc_failed(rc))
        rc = write_merged(sorter, r, file, err);
    reading_free(r);
    if (!toc_failed(rc))
        return add_run(sorter, level + 1, file, err);
    if (file != NULL)
        fclose(file);
    return rc;
}

// Takes the file over.
static toc_rc add_run(struct toc_sorter *sorter, size_t level, FILE *file, struct toc_err *err)
{
    if (level == LEVELS) {
        fclose(file);
        return toc_fail(err, TOC_E_LIMIT, "the input is too large to sort");
    }
    toc_rc rc = TOC_OK;
    if (sorter->run_count[level] == FAN_IN)
        rc = lift_level(sorter, level, err);
    if (toc_failed(rc)) {
        fclose(file);
        return rc;
    }
    sorter->runs[level][sorter->run_count[level]++] = file;
    return TOC_OK;
}

// ---- collecting a run

static uint32_t entry_len(const struct toc_sorter *sorter, uint32_t at)
{
    uint32_t len;
    memcpy(&len, sorter->bytes + at, sizeof len);
    return len;
}

static const uint8_t *entry_key(const struct toc_sorter *sorter, uint32_t at)
{
    return sorter->bytes + at + sizeof(uint32_t);
}

static struct toc_slice entry_bytes(const struct toc_sorter *sorter, uint32_t at)
{
    return toc_slice(entry_key(sorter, at) + TOC_SORT_KEY_BYTES, entry_len(sorter, at));
}

static int compare(const void *a, const void *b, void *ctx)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int c = memcmp(entry_key(ctx, x), entry_key(ctx, y), TOC_SORT_KEY_BYTES);
    return c != 0 ? c : (x > y) - (x < y);
}

static toc_rc write_collected(
        struct toc_sorter *sorter, FILE *file, struct toc_buf merged[2], struct toc_err *err)
{
    for (size_t i = 0, next; i < sorter->count; i = next) {
        const uint8_t *key = entry_key(sorter, sorter->index[i]);
        struct toc_slice bytes = entry_bytes(sorter, sorter->index[i]);
        next = i + 1;
        while (next < sorter->count &&
                memcmp(key, entry_key(sorter, sorter->index[next]), TOC_SORT_KEY_BYTES) == 0) {
            if (next == i + 1) {
                toc_buf_clear(&merged[0]);
                toc_buf_put_slice(&merged[0], bytes);
            }
            TOC_TRY(merge_into(sorter, merged, entry_bytes(sorter, sorter->index[next++]), err));
            bytes = toc_buf_slice(&merged[0]);
        }
        TOC_TRY(toc_entry_write(file, key, bytes, err));
    }
    return TOC_OK;
}

static toc_rc flush_collected(struct toc_sorter *sorter, struct toc_err *err)
{
    FILE *file = NULL;
    struct toc_buf merged[2];
    if (sorter->count == 0)
        return TOC_OK;
    TOC_TRY(toc_nameless_open(sorter->dir, &file, err));
    toc_buf_init(&merged[0], TOC_SORT_ENTRY_BYTES_MAX);
    toc_buf_init(&merged[1], TOC_SORT_ENTRY_BYTES_MAX);
    qsort_r(sorter->index, sorter->count, sizeof *sorter->index, compare, sorter);
    toc_rc rc = write_collected(sorter, file, merged, err);
    toc_buf_done(&merged[0]);
    toc_buf_done(&merged[1]);
    sorter->used = sorter->count = 0;
    if (toc_failed(rc)) {
        fclose(file);
        return rc;
    }
    return add_run(sorter, 0, file, err);
}

// ---- the module's face

toc_rc toc_sorter_new(
        const struct toc_sorter_options *options, struct toc_sorter **out, struct toc_err *err)
{
    struct toc_sorter *sorter = toc_mem_alloc(1, sizeof *sorter);
    TOC_ENSURE(sorter != NULL, err, TOC_E_MEMORY, "no memory to sort");
    sorter->options = *options;
    sorter->index_max = options->memory_bytes / ENTRY_BYTES_LEAST;
    sorter->dir = toc_mem_strdup(options->dir);
    sorter->bytes = toc_mem_resize(NULL, options->memory_bytes, 1);
    sorter->index = toc_mem_resize(NULL, sorter->index_max, sizeof *sorter->index);
    if (sorter->dir == NULL || sorter->bytes == NULL || sorter->index == NULL) {
        toc_sorter_free(sorter);
        return toc_fail(err, TOC_E_MEMORY, "no memory to sort");
    }
    *out = sorter;
    return TOC_OK;
}

void toc_sorter_free(struct toc_sorter *sorter)
{
    if (sorter == NULL)
        return;
    for (size_t level = 0; level < LEVELS; level++)
        for (size_t i = 0; i < sorter->run_count[level]; i++)
            fclose(sorter->runs[level][i]);
    reading_free(sorter->reading);
    toc_mem_free(sorter->dir);
    toc_mem_free(sorter->bytes);
    toc_mem_free(sorter->index);
    toc_mem_free(sorter);
}

toc_rc toc_sorter_add(struct toc_sorter *sorter, const uint8_t key[TOC_SORT_KEY_BYTES],
        struct toc_slice bytes, struct toc_err *err)
{
    uint32_t len = (uint32_t)bytes.len;
    size_t need = sizeof len + TOC_SORT_KEY_BYTES + bytes.len;
    TOC_ENSURE(bytes.len <= TOC_SORT_ENTRY_BYTES_MAX && need <= sorter->options.memory_bytes, err,
            TOC_E_LENGTH, "entry of %zu bytes", bytes.len);
    if (need > sorter->options.memory_bytes - sorter->used || sorter->count == sorter->index_max)
        TOC_TRY(flush_collected(sorter, err));
    uint8_t *at = sorter->bytes + sorter->used;
    memcpy(at, &len, sizeof len);
    memcpy(at + sizeof len, key, TOC_SORT_KEY_BYTES);
    if (bytes.len > 0)
        memcpy(at + sizeof len + TOC_SORT_KEY_BYTES, bytes.ptr, bytes.len);
    sorter->index[sorter->count++] = (uint32_t)sorter->used;
    sorter->used += need;
    return TOC_OK;
}

// Everything that was added becomes sources of one reading, oldest first.
static toc_rc start_reading(struct toc_sorter *sorter, struct toc_err *err)
{
    TOC_TRY(flush_collected(sorter, err));
    toc_mem_free(sorter->bytes); // its room is for the sources now
    sorter->bytes = NULL;
    sorter->reading = reading_new();
    TOC_ENSURE(sorter->reading != NULL, err, TOC_E_MEMORY, "no memory to sort");
    for (size_t level = LEVELS; level > 0; level--)
        TOC_TRY(take_level(sorter, level - 1, sorter->reading, err));
    return TOC_OK;
}

toc_rc toc_sorter_next(
        struct toc_sorter *sorter, struct toc_sorted *out, bool *out_more, struct toc_err *err)
{
    if (sorter->reading == NULL)
        TOC_TRY(start_reading(sorter, err));
    return reading_next(sorter, sorter->reading, out, out_more, err);
}
