// What every unit test includes first: cmocka with what it needs before it, and a few helpers.
// Everything is static inline: a test program is one file.
#pragma once

#include <setjmp.h> // cmocka.h needs these four before it
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/slice.h"

#define UNIT_FILE_BYTES_MAX ((size_t)16 * 1024 * 1024)

// Runs `body` for each row of an array: UNIT_EACH(const struct row, row, rows) { ... row->in ... }
#define UNIT_EACH(type, row, rows)                                                                 \
    for (type *row = (rows); row < (rows) + sizeof(rows) / sizeof *(rows); row++)

// assert_ok(call(..., &err), err): shows the error's text when the call failed.
#define assert_ok(rc, err) unit_assert_ok((rc), &(err), __FILE__, __LINE__)
// assert_code(call(..., &err), TOC_E_SYNTAX, err): failed, and with just this code.
#define assert_code(rc, want, err) unit_assert_code((rc), (want), &(err), __FILE__, __LINE__)
// assert_slice(s, "text"): the bytes are exactly these; a NULL pointer equals "".
#define assert_slice(s, text) unit_assert_slice((s), toc_slice_of(text), __FILE__, __LINE__)
#define assert_slices_equal(a, b) unit_assert_slice((a), (b), __FILE__, __LINE__)
// assert_shows(text, part): `part` occurs in the C string `text`.
#define assert_shows(text, part) unit_assert_shows((text), (part), __FILE__, __LINE__)

static inline void unit_assert_ok(toc_rc rc, const struct toc_err *err, const char *file, int line)
{
    if (!toc_failed(rc))
        return;
    print_error("failed (%s): %s\n", toc_code_name(rc.code), err->text);
    _fail(file, line);
}

static inline void unit_assert_code(
        toc_rc rc, enum toc_code want, const struct toc_err *err, const char *file, int line)
{
    if (rc.code == want && (want == TOC_E_OK || err->code == want))
        return;
    print_error("code is %s, wanted %s; %s\n", toc_code_name(rc.code), toc_code_name(want),
            toc_failed(rc) ? err->text : "no error");
    _fail(file, line);
}

static inline void unit_assert_slice(
        struct toc_slice s, struct toc_slice want, const char *file, int line)
{
    if (toc_slice_eq(s, want))
        return;
    print_error("bytes (%zu) \"%.*s\"\nwanted (%zu) \"%.*s\"\n", s.len, TOC_SLICE_ARG(s), want.len,
            TOC_SLICE_ARG(want));
    _fail(file, line);
}

static inline void unit_assert_shows(const char *text, const char *part, const char *file, int line)
{
    if (strstr(text, part) != NULL)
        return;
    print_error("\"%s\" does not hold \"%s\"\n", text, part);
    _fail(file, line);
}

// A whole test file (tests/data/...) or, when it cannot be read, a failed test. The caller frees
// with toc_buf_done.
static inline struct toc_buf unit_read(const char *path)
{
    struct toc_buf buf;
    struct toc_err err = {0};
    toc_buf_init(&buf, UNIT_FILE_BYTES_MAX);
    assert_ok(toc_file_read(path, &buf, &err), err);
    return buf;
}

// A fresh folder of this test under $TMPDIR or /tmp; the path lands in `out`.
static inline void unit_temp_dir(char out[TOC_PATH_BYTES_MAX])
{
    const char *base = getenv("TMPDIR");
    snprintf(out, TOC_PATH_BYTES_MAX, "%s/tocsin-test-XXXXXX", base == NULL ? "/tmp" : base);
    assert_non_null(mkdtemp(out));
}

static inline int unit_remove_one(
        const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

// Removes a folder made by unit_temp_dir with all that is in it.
static inline void unit_remove_dir(const char *path)
{
    assert_int_equal(nftw(path, unit_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}
