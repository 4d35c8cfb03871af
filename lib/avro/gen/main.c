// toc-avro-gen: schemas -> C. A build tool; lib/avro/gen.cmake calls it.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/avro/canon.h"
#include "lib/avro/frame.h"
#include "lib/avro/gen/emit.h"
#include "lib/avro/gen/history.h"
#include "lib/avro/gen/model.h"
#include "lib/avro/gen/refusals.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/limits.h"

#define OUTPUT_BYTES_MAX ((size_t)16 << 20)

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

static void write_c(struct gen_model *m, const char *out_dir, const char *history)
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
        gen_emit_source(m, file, history, &text);
        gen_write_file(gen_format(m, "%s/%s.c", out_dir, file->stem), &text);
        toc_buf_done(&text);
    }
}

static void write_json_schemas(struct gen_model *m, const char *out_dir)
{
    for (size_t i = 0; i < m->type_count; i++) {
        struct toc_buf text;
        if (!m->types[i]->alone || !m->types[i]->file->emit)
            continue;
        toc_buf_init(&text, OUTPUT_BYTES_MAX);
        gen_emit_json_schema(m, m->types[i], &text);
        gen_write_file(gen_format(m, "%s/%s.schema.json", out_dir, m->types[i]->snake), &text);
        toc_buf_done(&text);
    }
}

// Fingerprint and canonical form of a self-contained schema, for tests and the curious.
static void print_canonical(const char *path)
{
    struct toc_buf text, canonical;
    struct toc_err err;
    json_t *schema;
    toc_buf_init(&text, OUTPUT_BYTES_MAX);
    toc_buf_init(&canonical, OUTPUT_BYTES_MAX);
    gen_read_file(path, &text);
    must(toc_json_parse(toc_buf_slice(&text), &schema, &err), &err);
    must(toc_avro_canonical(schema, &canonical, &err), &err);
    printf("%016" PRIx64 " %.*s\n", toc_avro_fingerprint(toc_buf_slice(&canonical)),
            TOC_SLICE_ARG(toc_buf_slice(&canonical)));
    json_decref(schema);
    toc_buf_done(&text);
    toc_buf_done(&canonical);
}

static const char usage[] =
        "usage: toc-avro-gen COMMAND ...\n"
        "  c ROOT OUT_DIR HISTORY SCHEMA...   structs and codecs; HISTORY may be -\n"
        "  check HISTORY SCHEMA...            the released versions fit the current schemas\n"
        "  release HISTORY SCHEMA...          a next version of each record that differs\n"
        "  rewrite HISTORY SCHEMA...          the newest version of each record written anew\n"
        "  json OUT_DIR SCHEMA...             JSON Schemas\n"
        "  canonical SCHEMA                   fingerprint and canonical form\n"
        "  refusals TABLE HEADER SOURCE INCLUDE\n"
        "  SCHEMA... may end in --uses SCHEMA..., which are only looked names up in.\n";

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

// The commands whose arguments are one folder and the schemas.
static bool run_on_folder(struct gen_model *m, const char *command, char **args, int count)
{
    bool check = strcmp(command, "check") == 0, release = strcmp(command, "release") == 0;
    bool rewrite = strcmp(command, "rewrite") == 0, json = strcmp(command, "json") == 0;
    if (count < 2 || (!check && !release && !rewrite && !json))
        return false;
    load(m, "", args + 1, count - 1);
    if (json)
        write_json_schemas(m, args[0]);
    else
        gen_check_history(m, args[0], release || rewrite, rewrite);
    return true;
}

int main(int argc, char **argv)
{
    struct gen_model m;
    const char *command = argc < 2 ? "" : argv[1];
    gen_model_init(&m);
    if (strcmp(command, "c") == 0 && argc >= 6) {
        load(&m, argv[2], argv + 5, argc - 5);
        write_c(&m, argv[3], strcmp(argv[4], "-") == 0 ? NULL : argv[4]);
    } else if (strcmp(command, "canonical") == 0 && argc == 3) {
        print_canonical(argv[2]);
    } else if (strcmp(command, "refusals") == 0 && argc == 6) {
        gen_refusals(argv[2], argv[3], argv[4], argv[5]);
    } else if (!run_on_folder(&m, command, argv + 2, argc - 2)) {
        fputs(usage, stderr);
        return 2;
    }
    gen_model_done(&m);
    return 0;
}
