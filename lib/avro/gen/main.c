// toc-avro-gen: schemas -> C. A build tool; lib/avro/gen.cmake calls it.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/avro/gen/emit.h"
#include "lib/avro/gen/model.h"
#include "lib/avro/gen/refusals.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"

#define OUTPUT_BYTES_MAX ((size_t)16 << 20)

_Noreturn void gen_die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("toc-avro-gen: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

static void must(toc_rc rc, const struct toc_err *err)
{
    if (toc_failed(rc))
        gen_die("%s", err->text);
}

void gen_read_file(const char *path, struct toc_buf *out)
{
    struct toc_err err;
    must(toc_file_read(path, out, &err), &err);
}

void gen_write_file(const char *path, const struct toc_buf *content)
{
    struct toc_err err;
    struct toc_buf old;
    toc_buf_init(&old, OUTPUT_BYTES_MAX);
    must(toc_buf_check(content, path, &err), &err);
    bool same = !toc_failed(toc_file_read(path, &old, NULL)) &&
            toc_slice_eq(toc_buf_slice(&old), toc_buf_slice(content));
    toc_buf_done(&old);
    if (same)
        return;
    char dir[TOC_PATH_BYTES_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash == NULL ? 0 : snprintf(dir, sizeof dir, "%.*s", (int)(slash - path), path);
    if (n < 0 || (size_t)n >= sizeof dir)
        gen_die("%s: the path is too long", path);
    if (slash != NULL)
        must(toc_dir_make(dir, 0755, &err), &err);
    must(toc_file_replace(path, 0644, toc_buf_slice(content), &err), &err);
}

static void write_c(struct gen_model *m, const char *out_dir)
{
    for (size_t i = 0; i < m->file_count; i++) {
        const struct gen_file *file = &m->files[i];
        struct toc_buf text;
        toc_buf_init(&text, OUTPUT_BYTES_MAX);
        if (!file->emit)
            continue;
        gen_emit_header(m, file, &text);
        gen_write_file(gen_format(m, "%s/%s.h", out_dir, file->stem), &text);
        toc_buf_clear(&text);
        gen_emit_source(m, file, &text);
        gen_write_file(gen_format(m, "%s/%s.c", out_dir, file->stem), &text);
        toc_buf_done(&text);
    }
}

static void usage(void)
{
    gen_die("usage:\n"
            "  toc-avro-gen c ROOT OUT_DIR SCHEMA... [--uses SCHEMA...]\n"
            "  toc-avro-gen refusals TABLE HEADER SOURCE INCLUDE");
}

static void load(struct gen_model *m, const char *root, char **paths, int count)
{
    bool emit = true;
    for (int i = 0; i < count; i++)
        if (strcmp(paths[i], "--uses") == 0)
            emit = false;
        else
            gen_model_add(m, paths[i], root, emit);
    gen_model_build(m);
}

int main(int argc, char **argv)
{
    struct gen_model m;
    gen_model_init(&m);
    if (argc >= 5 && strcmp(argv[1], "c") == 0) {
        load(&m, argv[2], argv + 4, argc - 4);
        write_c(&m, argv[3]);
    } else if (argc == 6 && strcmp(argv[1], "refusals") == 0) {
        gen_refusals(argv[2], argv[3], argv[4], argv[5]);
    } else {
        usage();
    }
    gen_model_done(&m);
    return 0;
}
