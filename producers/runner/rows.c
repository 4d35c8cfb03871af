#include "producers/runner/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/limits.h"

#define STREAM_BUFFER_BYTES ((size_t)64 * 1024)

static toc_rc io_fail(struct toc_err *err, const char *what)
{
    return toc_fail(err, TOC_E_IO, "%s the spool: %s", what, strerror(errno));
}

toc_rc toc_nameless_open(const char *dir, FILE **out, struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    TOC_TRY(toc_path_join(path, dir, TOC_NAMELESS "XXXXXX", err));
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return toc_fail(err, TOC_E_IO, "%s: %s", dir, strerror(errno));
    FILE *file = unlink(path) != 0 ? NULL : fdopen(fd, "w+");
    if (file == NULL) {
        toc_rc rc = io_fail(err, "opening");
        close(fd);
        return rc;
    }
    setvbuf(file, NULL, _IOFBF, STREAM_BUFFER_BYTES);
    *out = file;
    return TOC_OK;
}

toc_rc toc_entry_write(
        FILE *file, const uint8_t *sort_key, struct toc_slice bytes, struct toc_err *err)
{
    uint32_t len = (uint32_t)bytes.len;
    if (fwrite(&len, sizeof len, 1, file) != 1 ||
            fwrite(sort_key, TOC_SORT_KEY_BYTES, 1, file) != 1 ||
            (bytes.len > 0 && fwrite(bytes.ptr, bytes.len, 1, file) != 1))
        return io_fail(err, "writing");
    return TOC_OK;
}

void toc_entry_row_init(struct toc_entry_row *row)
{
    toc_buf_init(&row->bytes, TOC_SORT_ENTRY_BYTES_MAX);
}

void toc_entry_row_done(struct toc_entry_row *row)
{
    toc_buf_done(&row->bytes);
}

toc_rc toc_entry_read(FILE *file, struct toc_entry_row *row, bool *out_more, struct toc_err *err)
{
    uint32_t len;
    toc_buf_clear(&row->bytes);
    *out_more = false;
    if (fread(&len, sizeof len, 1, file) != 1)
        return ferror(file) ? io_fail(err, "reading") : TOC_OK;
    uint8_t *room = toc_buf_reserve(&row->bytes, len);
    TOC_ENSURE(
            room != NULL, err, TOC_E_STATE, "the spool names an entry of %u bytes", (unsigned)len);
    if (fread(row->key, sizeof row->key, 1, file) != 1 ||
            (len > 0 && fread(room, len, 1, file) != 1))
        return ferror(file) ? io_fail(err, "reading")
                            : toc_fail(err, TOC_E_STATE, "the spool ends too early");
    row->bytes.len = len;
    *out_more = true;
    return TOC_OK;
}
