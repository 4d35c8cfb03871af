// Container files for oracle.py, and seeds for tests/fuzz.
//   samples write DIR ROWS   random rows of every record: DIR/<Record>.avro, and their JSON form, one a
//                            line, in DIR/<Record>.jsonl
//   samples read DIR         the rows of each DIR/<Record>.avro in JSON form on standard output, with the
//                            record's name and a blank in front
//   samples seeds DIR        two small random values of every record as tests/fuzz/fuzz_codec.c takes them
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/avro/container.h"
#include "lib/avro/json.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/text.h"
#include "tests/support/any.h"
#include "tests/support/records.h"

#define BYTES_MAX ((size_t)64 << 20)

static void must(toc_rc rc, const struct toc_err *err)
{
    if (!toc_failed(rc))
        return;
    fprintf(stderr, "samples: %s: %s\n", toc_code_name(rc.code), err->text);
    exit(1);
}

static void *room(struct toc_arena *arena, const struct toc_avro_record *record)
{
    void *value = toc_arena_alloc(arena, 1, record->size);
    if (value == NULL)
        abort();
    return value;
}

static void print_row(
        FILE *out, const char *prefix, const struct toc_avro_record *record, const void *value)
{
    struct toc_buf text;
    struct toc_jw w;
    struct toc_err err = {0};
    toc_buf_init(&text, BYTES_MAX);
    toc_jw_init(&w, &text);
    toc_avro_json_put(record, value, &w);
    must(toc_buf_check(&text, record->name, &err), &err);
    fprintf(out, "%s%.*s\n", prefix, TOC_SLICE_ARG(toc_buf_slice(&text)));
    toc_buf_done(&text);
}

static void path_of(
        char *out, const char *dir, const struct toc_avro_record *record, const char *suffix)
{
    char name[128];
    struct toc_err err = {0};
    snprintf(name, sizeof name, "%s%s", record->name, suffix);
    must(toc_path_join(out, dir, name, &err), &err);
}

static void write_one(
        const char *dir, uint64_t rows, const struct toc_avro_record *record, struct any *any)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_container_writer *w = NULL;
    struct toc_err err = {0};
    path_of(path, dir, record, ".avro");
    must(toc_container_create(path, record, &w, &err), &err);
    path_of(path, dir, record, ".jsonl");
    FILE *lines = fopen(path, "wbe");
    if (lines == NULL)
        exit(1);
    for (uint64_t i = 0; i < rows; i++) {
        toc_arena_reset(any->arena);
        void *value = room(any->arena, record);
        any_record(any, record, value);
        must(toc_container_put(w, value, &err), &err);
        print_row(lines, "", record, value);
    }
    fclose(lines);
    must(toc_container_finish(w, &err), &err);
}

static void read_one(const char *dir, const struct toc_avro_record *record, struct toc_arena *arena)
{
    char path[TOC_PATH_BYTES_MAX], prefix[128];
    struct toc_container_reader *r = NULL;
    struct toc_err err = {0};
    path_of(path, dir, record, ".avro");
    snprintf(prefix, sizeof prefix, "%s ", record->name);
    must(toc_container_open(path, record, &r, &err), &err);
    for (;;) {
        bool end;
        toc_arena_reset(arena);
        void *value = room(arena, record);
        must(toc_container_next(r, arena, value, &end, &err), &err);
        if (end)
            break;
        print_row(stdout, prefix, record, value);
    }
    toc_container_close(r);
}

static void write_seed(const char *dir, const struct toc_avro_record *record, struct any *any)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_buf body;
    struct toc_err err = {0};
    void *value = room(any->arena, record);
    any_record(any, record, value);
    path_of(path, dir, record, ".json");
    FILE *json = fopen(path, "wbe");
    if (json == NULL)
        exit(1);
    print_row(json, record->name, record, value);
    fclose(json);
    toc_buf_init(&body, BYTES_MAX);
    toc_buf_put(&body, record->name, strlen(record->name) + 1);
    record->write(value, &body);
    path_of(path, dir, record, ".body");
    must(toc_file_replace(path, 0644, toc_buf_slice(&body), &err), &err);
    toc_buf_done(&body);
}

int main(int argc, char **argv)
{
    struct toc_arena arena;
    struct any any = {.state = 23, .arena = &arena, .most_items = 20, .for_json = true};
    uint64_t rows = 0;
    bool write = argc == 4 && strcmp(argv[1], "write") == 0 &&
                 toc_parse_u64(toc_slice_of(argv[3]), 100000, &rows);
    bool read = argc == 3 && strcmp(argv[1], "read") == 0;
    bool seeds = argc == 3 && strcmp(argv[1], "seeds") == 0;
    if (!write && !read && !seeds) {
        fputs("usage: samples write DIR ROWS | samples read DIR | samples seeds DIR\n", stderr);
        return 2;
    }
    toc_arena_init(&arena, (size_t)1 << 30);
    if (seeds)
        any.most_items = 2;
    for (size_t i = 0; i < record_count; i++)
        if (write)
            write_one(argv[2], rows, records[i], &any);
        else if (seeds)
            write_seed(argv[2], records[i], &any);
        else
            read_one(argv[2], records[i], &arena);
    toc_arena_done(&arena);
    return 0;
}
