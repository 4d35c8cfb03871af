#include "producers/runner/spool.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "producers/runner/publisher.h"
#include "producers/runner/rows.h"

#define META_BYTES_MAX (256 * 1024)
#define SEQ_DIGITS 19 // of INT64_MAX
#define STREAM_BUFFER_BYTES ((size_t)64 * 1024)
#define NO_FEED "_" // no id begins so
#define LISTS "lists"

struct toc_spool {
    char dir[TOC_PATH_BYTES_MAX], spool[TOC_PATH_BYTES_MAX], lists[TOC_PATH_BYTES_MAX],
            making[TOC_PATH_BYTES_MAX], publisher_path[TOC_PATH_BYTES_MAX];
    struct toc_lock *lock;
    struct toc_publisher publisher;
    struct toc_position *positions; // of the submission in the making
    FILE *segments;
};

static toc_rc io_fail(struct toc_err *err, const char *path)
{
    return toc_fail(err, TOC_E_IO, "%s: %s", path, strerror(errno));
}

// ---- names

static toc_rc set_paths(struct toc_spool *s, const char *dir, struct toc_err *err)
{
    TOC_TRY(toc_path_join(s->dir, dir, "", err));
    TOC_TRY(toc_path_join(s->spool, dir, "spool", err));
    TOC_TRY(toc_path_join(s->lists, dir, LISTS, err));
    TOC_TRY(toc_path_join(s->making, s->spool, "new", err));
    return toc_path_join(s->publisher_path, dir, "publisher.json", err);
}

toc_rc toc_spool_path(const struct toc_spool *spool, int64_t seq, const char *name,
        char out[TOC_PATH_BYTES_MAX], struct toc_err *err)
{
    char part[64];
    snprintf(part, sizeof part, "%0*lld%s%s", SEQ_DIGITS, (long long)seq,
            name[0] == '\0' ? "" : "/", name);
    return toc_path_join(out, spool->spool, part, err);
}

toc_rc toc_spool_list_path(
        const char *dir, const char *feed, char out[TOC_PATH_BYTES_MAX], struct toc_err *err)
{
    char lists[TOC_PATH_BYTES_MAX];
    TOC_TRY(toc_path_join(lists, dir, LISTS, err));
    return toc_path_join(out, lists, feed[0] == '\0' ? NO_FEED : feed, err);
}

toc_rc toc_spool_new_list_path(
        const struct toc_spool *spool, char out[TOC_PATH_BYTES_MAX], struct toc_err *err)
{
    return toc_path_join(out, spool->making, "list", err);
}

const uint8_t *toc_spool_writer(const struct toc_spool *spool)
{
    return spool->publisher.writer;
}

int64_t toc_spool_next_seq(const struct toc_spool *spool)
{
    return spool->publisher.next;
}

const char *toc_spool_dir(const struct toc_spool *spool)
{
    return spool->spool;
}

struct toc_position *toc_spool_positions(struct toc_spool *spool)
{
    return spool->positions;
}

// Removes a directory of plain files; one that is not there is removed already.
static toc_rc remove_dir(const char *path, struct toc_err *err)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    if (dir == NULL)
        return errno == ENOENT ? TOC_OK : io_fail(err, path);
    while ((entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    return rmdir(path) == 0 ? TOC_OK : io_fail(err, path);
}

// Files without a name that a killed publisher had not yet unlinked.
static toc_rc remove_leftovers(const char *path, struct toc_err *err)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    if (dir == NULL)
        return io_fail(err, path);
    while ((entry = readdir(dir)) != NULL)
        if (strncmp(entry->d_name, TOC_NAMELESS, sizeof TOC_NAMELESS - 1) == 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    return TOC_OK;
}

// ---- whole submissions

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool seq_of_name(const char *name, int64_t *out)
{
    uint64_t number;
    struct toc_slice digits = toc_slice_of(name);
    if (digits.len != SEQ_DIGITS)
        return false;
    while (digits.len > 1 && digits.ptr[0] == '0')
        digits = toc_slice_sub(digits, 1, digits.len);
    if (!toc_parse_u64(digits, INT64_MAX, &number))
        return false;
    *out = (int64_t)number;
    return true;
}

toc_rc toc_spool_pending(
        const struct toc_spool *spool, int64_t **out, size_t *out_count, struct toc_err *err)
{
    void *seqs = NULL;
    size_t count = 0, cap = 0;
    int64_t seq;
    struct dirent *entry;
    DIR *dir = opendir(spool->spool);
    if (dir == NULL)
        return io_fail(err, spool->spool);
    while ((entry = readdir(dir)) != NULL) {
        if (!seq_of_name(entry->d_name, &seq))
            continue;
        if (toc_mem_grow(&seqs, &cap, count + 1, sizeof seq) != 0) {
            closedir(dir);
            toc_mem_free(seqs);
            return toc_fail(err, TOC_E_MEMORY, "no memory for %zu submissions", count);
        }
        ((int64_t *)seqs)[count++] = seq;
    }
    closedir(dir);
    if (count > 0)
        qsort(seqs, count, sizeof seq, by_number);
    *out = seqs;
    *out_count = count;
    return TOC_OK;
}

toc_rc toc_spool_remove(struct toc_spool *spool, int64_t seq, struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    TOC_TRY(toc_spool_path(spool, seq, "", path, err));
    return remove_dir(path, err);
}

static toc_rc read_meta(const struct toc_spool *s, int64_t seq, json_t **out, struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_buf TOC_CLEANUP(toc_buf_done) text;
    toc_buf_init(&text, META_BYTES_MAX);
    TOC_TRY(toc_spool_path(s, seq, "meta.json", path, err));
    TOC_TRY(toc_file_read(path, &text, err));
    return toc_err_context(toc_json_parse(toc_buf_slice(&text), out, err), err, "%s", path);
}

// The list of a whole submission becomes the last one of its feed; doing it again changes nothing.
static toc_rc install_list(
        const struct toc_spool *s, int64_t seq, const char *feed, struct toc_err *err)
{
    char from[TOC_PATH_BYTES_MAX], to[TOC_PATH_BYTES_MAX];
    TOC_TRY(toc_spool_path(s, seq, "list", from, err));
    TOC_TRY(toc_spool_list_path(s->dir, feed, to, err));
    if (rename(from, to) != 0)
        return errno == ENOENT ? TOC_OK : io_fail(err, to);
    return toc_dir_sync(to, err);
}

static toc_rc install(struct toc_spool *s, int64_t seq, struct toc_err *err)
{
    json_t TOC_CLEANUP(toc_json_drop) *meta = NULL;
    char feed[TOC_ID_BYTES_MAX + 1] = "";
    TOC_TRY(read_meta(s, seq, &meta, err));
    struct toc_slice id = toc_json_text(meta, "feed");
    TOC_ENSURE(id.len == 0 || toc_id_valid(id), err, TOC_E_STATE, "submission %lld names no feed",
            (long long)seq);
    if (id.len > 0)
        memcpy(feed, id.ptr, id.len);
    TOC_TRY(install_list(s, seq, feed, err));
    if (seq < s->publisher.next)
        return TOC_OK;
    TOC_TRY(toc_positions_get(meta, s->publisher.previous, s->publisher.partitions, err));
    s->publisher.next = seq + 1;
    return toc_publisher_save(s->publisher_path, &s->publisher, err);
}

// ---- opening

static toc_rc new_publisher(
        struct toc_spool *s, const struct toc_spool_owner *owner, struct toc_err *err)
{
    struct toc_publisher *p = &s->publisher;
    snprintf(p->member, sizeof p->member, "%s", owner->member);
    memcpy(p->deployment, owner->deployment, sizeof p->deployment);
    p->partitions = owner->partitions;
    p->next = 1;
    p->previous = toc_mem_alloc((size_t)owner->partitions, sizeof *p->previous);
    TOC_ENSURE(p->previous != NULL, err, TOC_E_MEMORY, "no memory for %d positions",
            (int)owner->partitions);
    if (owner->writer != NULL)
        memcpy(p->writer, owner->writer, sizeof p->writer);
    else
        TOC_TRY(toc_random(p->writer, sizeof p->writer, err));
    return toc_publisher_save(s->publisher_path, p, err);
}

static toc_rc know_publisher(
        struct toc_spool *s, const struct toc_spool_owner *owner, struct toc_err *err)
{
    toc_rc rc = toc_publisher_load(s->publisher_path, &s->publisher, err);
    if (rc.code == TOC_E_NOTFOUND)
        return new_publisher(s, owner, err);
    TOC_TRY(rc);
    TOC_ENSURE(strcmp(s->publisher.member, owner->member) == 0, err, TOC_E_STATE,
            "%s belongs to member %s: use another state directory", s->dir, s->publisher.member);
    TOC_ENSURE(memcmp(s->publisher.deployment, owner->deployment, sizeof owner->deployment) == 0 &&
                       s->publisher.partitions == owner->partitions,
            err, TOC_E_STATE, "%s belongs to another deployment: use another state directory",
            s->dir);
    return TOC_OK;
}

static toc_rc make_up(struct toc_spool *s, struct toc_err *err)
{
    int64_t *seqs = NULL;
    size_t count = 0;
    TOC_TRY(remove_dir(s->making, err));
    TOC_TRY(remove_leftovers(s->spool, err));
    TOC_TRY(toc_spool_pending(s, &seqs, &count, err));
    toc_rc rc = TOC_OK;
    for (size_t i = 0; i < count && !toc_failed(rc); i++)
        rc = install(s, seqs[i], err);
    toc_mem_free(seqs);
    return rc;
}

static toc_rc open_dirs(
        struct toc_spool *s, const struct toc_spool_owner *owner, struct toc_err *err)
{
    char lock[TOC_PATH_BYTES_MAX];
    TOC_TRY(toc_dir_make(s->spool, 0700, err));
    TOC_TRY(toc_dir_make(s->lists, 0700, err));
    TOC_TRY(toc_path_join(lock, s->dir, "lock", err));
    TOC_TRY(toc_lock_take(lock, &s->lock, err));
    TOC_TRY(know_publisher(s, owner, err));
    s->positions = toc_mem_alloc((size_t)s->publisher.partitions, sizeof *s->positions);
    TOC_ENSURE(s->positions != NULL, err, TOC_E_MEMORY, "no memory for positions");
    return make_up(s, err);
}

toc_rc toc_spool_open(const char *dir, const struct toc_spool_owner *owner, struct toc_spool **out,
        struct toc_err *err)
{
    struct toc_spool *s = toc_mem_alloc(1, sizeof *s);
    TOC_ENSURE(s != NULL, err, TOC_E_MEMORY, "no memory for a spool");
    toc_rc rc = set_paths(s, dir, err);
    if (!toc_failed(rc))
        rc = open_dirs(s, owner, err);
    if (toc_failed(rc)) {
        toc_spool_close(s);
        return rc;
    }
    *out = s;
    return TOC_OK;
}

void toc_spool_close(struct toc_spool *spool)
{
    if (spool == NULL)
        return;
    toc_spool_drop(spool);
    toc_publisher_done(&spool->publisher);
    toc_mem_free(spool->positions);
    toc_lock_drop(spool->lock);
    toc_mem_free(spool);
}

// ---- making one

toc_rc toc_spool_begin(struct toc_spool *spool, struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    TOC_TRY(toc_dir_make(spool->making, 0700, err));
    TOC_TRY(toc_path_join(path, spool->making, TOC_SPOOL_SEGMENTS, err));
    spool->segments = fopen(path, "wbxe");
    if (spool->segments == NULL)
        return io_fail(err, path);
    setvbuf(spool->segments, NULL, _IOFBF, STREAM_BUFFER_BYTES);
    memcpy(spool->positions, spool->publisher.previous,
            (size_t)spool->publisher.partitions * sizeof *spool->positions);
    return TOC_OK;
}

static void put_le32(uint8_t *out, uint32_t value)
{
    for (size_t i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static toc_rc emit(void *ctx, const struct toc_sealed *sealed, struct toc_err *err)
{
    struct toc_spool *spool = ctx;
    uint8_t head[TOC_SPOOL_HEAD_BYTES];
    put_le32(head, (uint32_t)sealed->partition);
    put_le32(head + 4, (uint32_t)sealed->index);
    put_le32(head + 8, (uint32_t)sealed->observations);
    put_le32(head + 12, (uint32_t)sealed->value.len);
    if (fwrite(head, sizeof head, 1, spool->segments) != 1 ||
            fwrite(sealed->value.ptr, sealed->value.len, 1, spool->segments) != 1)
        return io_fail(err, spool->making);
    return TOC_OK;
}

struct toc_seal_sink toc_spool_sink(struct toc_spool *spool)
{
    return (struct toc_seal_sink){emit, spool};
}

static toc_rc write_meta(
        const struct toc_spool *s, const struct toc_spool_meta *meta, struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_buf TOC_CLEANUP(toc_buf_done) text;
    struct toc_jw w;
    toc_buf_init(&text, META_BYTES_MAX);
    toc_jw_init(&w, &text);
    toc_jw_open(&w, '{');
    toc_jw_key(&w, "feed");
    toc_jw_text(&w, toc_slice_of(meta->feed));
    toc_jw_key(&w, "observations");
    toc_jw_int(&w, meta->observations);
    toc_jw_key(&w, "segments");
    toc_jw_int(&w, meta->segments);
    toc_positions_put(&w, s->positions, s->publisher.partitions);
    toc_jw_close(&w, '}');
    TOC_TRY(toc_buf_check(&text, "meta.json", err));
    TOC_TRY(toc_path_join(path, s->making, "meta.json", err));
    return toc_file_replace(path, 0600, toc_buf_slice(&text), err);
}

static toc_rc finish_segments(struct toc_spool *s, struct toc_err *err)
{
    bool good = fflush(s->segments) == 0 && fsync(fileno(s->segments)) == 0;
    toc_rc rc = good ? TOC_OK : io_fail(err, s->making);
    fclose(s->segments);
    s->segments = NULL;
    return rc;
}

toc_rc toc_spool_commit(
        struct toc_spool *spool, const struct toc_spool_meta *meta, struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    int64_t seq = spool->publisher.next;
    TOC_TRY(finish_segments(spool, err));
    TOC_TRY(write_meta(spool, meta, err));
    TOC_TRY(toc_spool_path(spool, seq, "", path, err));
    if (rename(spool->making, path) != 0)
        return io_fail(err, path);
    TOC_TRY(toc_dir_sync(path, err));
    return install(spool, seq, err);
}

void toc_spool_drop(struct toc_spool *spool)
{
    if (spool->segments != NULL) {
        fclose(spool->segments);
        spool->segments = NULL;
    }
    if (spool->lock != NULL && toc_failed(remove_dir(spool->making, NULL)))
        return; // the next start tries again
}
