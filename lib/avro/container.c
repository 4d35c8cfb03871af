#include "lib/avro/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/avro/canon.h"
#include "lib/base/digest.h"
#include "lib/base/limits.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

#define SYNC_BYTES 16
#define BLOCK_BYTES ((size_t)256 * 1024)  // a block is written once it holds this much
#define META_BYTES_MAX TOC_JSON_BYTES_MAX // of one value in the header
#define META_ENTRIES_MAX 64

static const uint8_t magic[4] = {'O', 'b', 'j', 1};

struct toc_container_writer {
    FILE *file;
    const struct toc_avro_record *row;
    uint8_t sync[SYNC_BYTES];
    struct toc_buf rows; // of the block being gathered
    int64_t count;
};

struct toc_container_reader {
    FILE *file;
    const struct toc_avro_record *row;
    uint64_t fingerprint;
    uint8_t sync[SYNC_BYTES];
    struct toc_buf block;
    struct toc_avro_in in; // over the block
    int64_t left;          // rows of it not yet read
};

static toc_rc failed(const char *what, struct toc_err *err)
{
    return toc_fail(err, TOC_E_IO, "container file: %s: %s", what, strerror(errno));
}

// Reading the raw file ---------------------------------------------------------------------------

static toc_rc cut_off(FILE *file, struct toc_err *err)
{
    if (ferror(file))
        return failed("read", err);
    return toc_fail(err, TOC_E_TRUNCATED, "container file: ends in the middle, at byte %lld",
            (long long)ftello(file));
}

static toc_rc take(FILE *file, void *out, size_t len, struct toc_err *err)
{
    return fread(out, 1, len, file) == len ? TOC_OK : cut_off(file, err);
}

static toc_rc take_long(FILE *file, int64_t *out, struct toc_err *err)
{
    uint8_t bytes[TOC_AVRO_LONG_MAX];
    size_t len = 0;
    do {
        int c = getc(file);
        if (c == EOF)
            return cut_off(file, err);
        bytes[len++] = (uint8_t)c;
    } while (bytes[len - 1] >= 0x80 && len < sizeof bytes);
    struct toc_avro_in in = toc_avro_in_over(toc_slice(bytes, len), NULL);
    *out = toc_avro_long(&in);
    return toc_avro_in_finish(&in, "container file", err);
}

// A length and that many bytes.
static toc_rc take_bytes(FILE *file, size_t max, struct toc_buf *out, struct toc_err *err)
{
    int64_t len;
    TOC_TRY(take_long(file, &len, err));
    TOC_ENSURE(len >= 0 && (uint64_t)len <= max, err, TOC_E_LENGTH,
            "container file: a part of %lld bytes, at most %zu are read", (long long)len, max);
    toc_buf_clear(out);
    // In steps, so that a length alone does not take memory: the bytes must be there.
    for (size_t left = (size_t)len; left > 0;) {
        size_t step = left < BLOCK_BYTES ? left : BLOCK_BYTES;
        uint8_t *at = toc_buf_reserve(out, step);
        if (at == NULL)
            return toc_fail(
                    err, TOC_E_MEMORY, "container file: no room for %lld bytes", (long long)len);
        TOC_TRY(take(file, at, step, err));
        out->len += step;
        left -= step;
    }
    return TOC_OK;
}

static toc_rc check_sync(FILE *file, const uint8_t sync[SYNC_BYTES], struct toc_err *err)
{
    uint8_t found[SYNC_BYTES];
    TOC_TRY(take(file, found, sizeof found, err));
    TOC_ENSURE(memcmp(found, sync, sizeof found) == 0, err, TOC_E_SYNTAX,
            "container file: no sync marker before byte %lld", (long long)ftello(file));
    return TOC_OK;
}

static toc_rc schema_fingerprint(struct toc_slice text, uint64_t *out, struct toc_err *err)
{
    TOC_CLEANUP(toc_json_drop) json_t *schema = NULL;
    TOC_TRY(toc_json_parse(text, &schema, err));
    return toc_avro_schema_fingerprint(schema, out, err);
}

struct header {
    uint64_t fingerprint;
    bool has_schema;
    uint8_t sync[SYNC_BYTES];
};

// One entry of the metadata; those that are not Avro's are stepped over.
static toc_rc take_entry(FILE *file, struct toc_buf *key, struct toc_buf *value, struct header *h,
        struct toc_err *err)
{
    TOC_TRY(take_bytes(file, META_BYTES_MAX, key, err));
    TOC_TRY(take_bytes(file, META_BYTES_MAX, value, err));
    struct toc_slice name = toc_buf_slice(key), text = toc_buf_slice(value);
    if (toc_slice_is(name, "avro.codec"))
        TOC_ENSURE(toc_slice_is(text, "null"), err, TOC_E_SCHEMA,
                "container file: codec %s is not read, only null", TOC_SHOW(text));
    if (toc_slice_is(name, "avro.schema")) {
        TOC_TRY(toc_err_context(
                schema_fingerprint(text, &h->fingerprint, err), err, "container file: schema"));
        h->has_schema = true;
    }
    return TOC_OK;
}

static toc_rc take_header(FILE *file, struct header *out, struct toc_err *err)
{
    TOC_CLEANUP(toc_buf_done) struct toc_buf key, value;
    struct header h = {0};
    uint8_t start[sizeof magic];
    toc_buf_init(&key, META_BYTES_MAX);
    toc_buf_init(&value, META_BYTES_MAX);
    TOC_ENSURE(fread(start, 1, sizeof start, file) == sizeof start &&
                       memcmp(start, magic, sizeof start) == 0,
            err, TOC_E_SYNTAX, "no Avro container file");
    int64_t count = 0, entries = 0;
    do { // a map: blocks of entries up to an empty one
        TOC_TRY(take_long(file, &count, err));
        if (count < 0) {
            int64_t bytes;
            TOC_TRY(take_long(file, &bytes, err));
            count = count < -META_ENTRIES_MAX ? META_ENTRIES_MAX + 1 : -count;
        }
        TOC_ENSURE(count <= META_ENTRIES_MAX - entries, err, TOC_E_LIMIT,
                "container file: more than %d entries in its header", META_ENTRIES_MAX);
        entries += count;
        for (int64_t i = 0; i < count; i++)
            TOC_TRY(take_entry(file, &key, &value, &h, err));
    } while (count != 0);
    TOC_TRY(take(file, h.sync, sizeof h.sync, err));
    TOC_ENSURE(h.has_schema, err, TOC_E_SCHEMA, "container file: without a schema");
    *out = h;
    return TOC_OK;
}

// Writing ----------------------------------------------------------------------------------------

static toc_rc write_all(FILE *file, const struct toc_buf *bytes, struct toc_err *err)
{
    TOC_TRY(toc_buf_check(bytes, "a block of a container file", err));
    if (fwrite(bytes->ptr, 1, bytes->len, file) != bytes->len)
        return failed("write", err);
    return TOC_OK;
}

static toc_rc write_header(FILE *file, const struct toc_avro_record *row,
        const uint8_t sync[SYNC_BYTES], struct toc_err *err)
{
    TOC_CLEANUP(toc_buf_done) struct toc_buf out, schema;
    toc_buf_init(&out, 2 * META_BYTES_MAX);
    toc_buf_init(&schema, META_BYTES_MAX);
    toc_avro_put_schema(row, &schema);
    TOC_TRY(toc_buf_check(&schema, "a schema", err));
    toc_buf_put(&out, magic, sizeof magic);
    toc_avro_put_count(&out, 2, META_ENTRIES_MAX);
    toc_avro_put_bytes(&out, TOC_S("avro.codec"), META_BYTES_MAX);
    toc_avro_put_bytes(&out, TOC_S("null"), META_BYTES_MAX);
    toc_avro_put_bytes(&out, TOC_S("avro.schema"), META_BYTES_MAX);
    toc_avro_put_bytes(&out, toc_buf_slice(&schema), META_BYTES_MAX);
    toc_avro_put_end(&out);
    toc_buf_put(&out, sync, SYNC_BYTES);
    return write_all(file, &out, err);
}

static toc_rc flush_block(struct toc_container_writer *w, struct toc_err *err)
{
    if (w->count == 0)
        return TOC_OK;
    TOC_CLEANUP(toc_buf_done) struct toc_buf head;
    toc_buf_init(&head, 2 * TOC_AVRO_LONG_MAX);
    toc_avro_put_long(&head, w->count);
    toc_avro_put_long(&head, (int64_t)w->rows.len);
    TOC_TRY(write_all(w->file, &head, err));
    toc_buf_put(&w->rows, w->sync, SYNC_BYTES);
    TOC_TRY(write_all(w->file, &w->rows, err));
    toc_buf_clear(&w->rows);
    w->count = 0;
    return TOC_OK;
}

static toc_rc new_writer(FILE *file, const struct toc_avro_record *row,
        const uint8_t sync[SYNC_BYTES], struct toc_container_writer **out, struct toc_err *err)
{
    struct toc_container_writer *w = toc_mem_alloc(1, sizeof *w);
    if (w == NULL)
        return toc_fail(err, TOC_E_MEMORY, "no room for a container file");
    w->file = file;
    w->row = row;
    memcpy(w->sync, sync, SYNC_BYTES);
    toc_buf_init(&w->rows, TOC_CONTAINER_BLOCK_MAX + BLOCK_BYTES + SYNC_BYTES);
    *out = w;
    return TOC_OK;
}

static toc_rc start(FILE *file, const struct toc_avro_record *row,
        struct toc_container_writer **out, struct toc_err *err)
{
    uint8_t sync[SYNC_BYTES];
    TOC_TRY(toc_random(sync, sizeof sync, err));
    TOC_TRY(write_header(file, row, sync, err));
    return new_writer(file, row, sync, out, err);
}

toc_rc toc_container_create(const char *path, const struct toc_avro_record *row,
        struct toc_container_writer **out, struct toc_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return toc_fail(
                err, errno == EEXIST ? TOC_E_EXISTS : TOC_E_IO, "%s: %s", path, strerror(errno));
    FILE *file = fdopen(fd, "wb");
    if (file == NULL) {
        close(fd);
        return failed("open", err);
    }
    toc_rc rc = start(file, row, out, err);
    if (toc_failed(rc))
        fclose(file);
    return toc_err_context(rc, err, "%s", path);
}

toc_rc toc_container_put(struct toc_container_writer *w, const void *value, struct toc_err *err)
{
    size_t before = w->rows.len;
    w->row->write(value, &w->rows);
    if (w->rows.failed || w->rows.len - before > TOC_CONTAINER_BLOCK_MAX) {
        w->rows.failed = false; // the row is dropped, those before it stay
        toc_buf_truncate(&w->rows, before);
        return toc_fail(
                err, TOC_E_LIMIT, "container file: a row beyond the limits of %s", w->row->name);
    }
    w->count++;
    return w->rows.len < BLOCK_BYTES ? TOC_OK : flush_block(w, err);
}

toc_rc toc_container_finish(struct toc_container_writer *w, struct toc_err *err)
{
    if (w == NULL)
        return TOC_OK;
    toc_rc rc = flush_block(w, err);
    if (!toc_failed(rc) && (fflush(w->file) != 0 || fsync(fileno(w->file)) != 0))
        rc = failed("sync", err);
    toc_container_abandon(w);
    return rc;
}

void toc_container_abandon(struct toc_container_writer *w)
{
    if (w == NULL)
        return;
    fclose(w->file);
    toc_buf_done(&w->rows);
    toc_mem_free(w);
}

// Reading rows -----------------------------------------------------------------------------------

toc_rc toc_container_open(const char *path, const struct toc_avro_record *row,
        struct toc_container_reader **out, struct toc_err *err)
{
    struct header h = {0};
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return toc_fail(
                err, errno == ENOENT ? TOC_E_NOTFOUND : TOC_E_IO, "%s: %s", path, strerror(errno));
    toc_rc rc = take_header(file, &h, err);
    if (!toc_failed(rc) && !toc_avro_knows(row, h.fingerprint))
        rc = toc_fail(
                err, TOC_E_SCHEMA, "container file: its rows are no version of %s", row->name);
    struct toc_container_reader *r = toc_failed(rc) ? NULL : toc_mem_alloc(1, sizeof *r);
    if (r == NULL) {
        fclose(file);
        return toc_failed(rc) ? toc_err_context(rc, err, "%s", path)
                              : toc_fail(err, TOC_E_MEMORY, "no room for a container file");
    }
    *r = (struct toc_container_reader){.file = file, .row = row, .fingerprint = h.fingerprint};
    memcpy(r->sync, h.sync, sizeof h.sync);
    toc_buf_init(&r->block, TOC_CONTAINER_BLOCK_MAX);
    r->in = toc_avro_in_over((struct toc_slice){0}, NULL);
    *out = r;
    return TOC_OK;
}

static toc_rc next_block(struct toc_container_reader *r, bool *end, struct toc_err *err)
{
    int c = getc(r->file);
    if (c == EOF && !ferror(r->file)) {
        *end = true;
        return TOC_OK;
    }
    ungetc(c, r->file);
    int64_t count;
    TOC_TRY(take_long(r->file, &count, err));
    TOC_TRY(take_bytes(r->file, TOC_CONTAINER_BLOCK_MAX, &r->block, err));
    TOC_TRY(check_sync(r->file, r->sync, err));
    // A row takes at least a byte; an empty block is allowed.
    TOC_ENSURE(count >= 0 && (uint64_t)count <= r->block.len, err, TOC_E_SYNTAX,
            "container file: a block of %lld rows in %zu bytes", (long long)count, r->block.len);
    r->left = count;
    r->in = toc_avro_in_over(toc_buf_slice(&r->block), NULL);
    return count != 0 ? TOC_OK : toc_avro_in_finish(&r->in, "container file: an empty block", err);
}

toc_rc toc_container_next(struct toc_container_reader *r, struct toc_arena *arena, void *value,
        bool *end, struct toc_err *err)
{
    *end = false;
    while (r->left == 0) {
        TOC_TRY(next_block(r, end, err));
        if (*end)
            return TOC_OK;
    }
    r->in.arena = arena;
    toc_avro_read_version(r->row, r->fingerprint, &r->in, value);
    r->left--;
    bool more = r->left != 0 && toc_avro_in_ok(&r->in);
    return more ? TOC_OK : toc_avro_in_finish(&r->in, r->row->name, err);
}

void toc_container_close(struct toc_container_reader *r)
{
    if (r == NULL)
        return;
    fclose(r->file);
    toc_buf_done(&r->block);
    toc_mem_free(r);
}
