#include "hub/replay/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/mem.h"

struct book {
    uint8_t digest[32];
    char *path;
};

struct shelf {
    struct book *books;
    size_t count, cap;
};

static toc_rc read_book(const char *path, struct toc_buf *out, uint8_t digest[32], struct toc_err *err)
{
    toc_buf_init(out, TOC_REFERENCE_BYTES_MAX);
    TOC_TRY(toc_file_read(path, out, err));
    toc_sha256(out->ptr, out->len, digest);
    return TOC_OK;
}

static toc_rc add_book(struct shelf *shelf, const char *path, struct toc_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return TOC_OK;
    struct book book;
    struct toc_buf bytes;
    toc_rc rc = read_book(path, &bytes, book.digest, err);
    toc_buf_done(&bytes);
    TOC_TRY(rc);
    book.path = toc_mem_strdup(path);
    if (book.path == NULL || toc_mem_grow((void **)&shelf->books, &shelf->cap, shelf->count + 1, sizeof book) != 0) {
        toc_mem_free(book.path);
        return toc_fail(err, TOC_E_MEMORY, "out of memory for reference sets");
    }
    shelf->books[shelf->count++] = book;
    return TOC_OK;
}

static toc_rc add_dir(struct shelf *shelf, const char *dir, struct toc_err *err)
{
    struct dirent **names;
    int n = scandir(dir, &names, NULL, alphasort);
    TOC_ENSURE(n >= 0, err, TOC_E_IO, "%s: %s", dir, strerror(errno));
    toc_rc rc = TOC_OK;
    for (int i = 0; i < n; i++) {
        char path[TOC_PATH_BYTES_MAX];
        if (!toc_failed(rc))
            rc = toc_path_join(path, dir, names[i]->d_name, err);
        if (!toc_failed(rc))
            rc = add_book(shelf, path, err);
        free(names[i]);
    }
    free(names);
    return rc;
}

toc_rc shelf_open(const char *dir, struct shelf **out, struct toc_err *err)
{
    struct shelf *shelf = toc_mem_alloc(1, sizeof *shelf);
    TOC_ENSURE(shelf != NULL, err, TOC_E_MEMORY, "out of memory for reference sets");
    toc_rc rc = dir == NULL ? TOC_OK : add_dir(shelf, dir, err);
    if (toc_failed(rc)) {
        shelf_close(shelf);
        return rc;
    }
    *out = shelf;
    return TOC_OK;
}

void shelf_close(struct shelf *shelf)
{
    if (shelf == NULL)
        return;
    for (size_t i = 0; i < shelf->count; i++)
        toc_mem_free(shelf->books[i].path);
    toc_mem_free(shelf->books);
    toc_mem_free(shelf);
}

struct toc_reference_set *shelf_find(void *ctx, const struct toc_reference_use *use)
{
    const struct shelf *shelf = ctx;
    for (size_t i = 0; i < shelf->count; i++) {
        if (memcmp(shelf->books[i].digest, use->digest, 32) != 0)
            continue;
        struct toc_reference_set *set = NULL;
        struct toc_buf bytes;
        uint8_t digest[32];
        if (!toc_failed(read_book(shelf->books[i].path, &bytes, digest, NULL)) &&
                toc_failed(toc_reference_compile(use, toc_buf_slice(&bytes), &set, NULL)))
            set = NULL;
        toc_buf_done(&bytes);
        return set;
    }
    return NULL;
}
