#include "tests/support/unit.h"

#include <unistd.h>

#include "lib/avro/container.h"
#include "schemas/capture.h"
#include "tests/unit/avro/sample.h"

static char dir[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX];
static struct toc_arena arena;

static int set_up(void **state)
{
    (void)state;
    unit_temp_dir(dir);
    toc_arena_init(&arena, (size_t)1 << 20);
    return toc_failed(toc_path_join(path, dir, "capture.avro", NULL)) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    toc_arena_done(&arena);
    unit_remove_dir(dir);
    return 0;
}

static struct toc_capture row_of(int32_t i)
{
    static uint8_t bytes[2000];
    memset(bytes, i & 0xff, sizeof bytes);
    return (struct toc_capture){.partition = i % 12,
            .offset = i,
            .append_time = INT64_C(1790000000000) + i,
            .value = toc_slice(bytes, (size_t)i % sizeof bytes)};
}

static void put_rows(struct toc_container_writer *w, int32_t from, int32_t to)
{
    struct toc_err err = {0};
    for (int32_t i = from; i < to; i++) {
        struct toc_capture row = row_of(i);
        assert_ok(toc_container_put(w, &row, &err), err);
    }
}

static void write_rows(int32_t count)
{
    struct toc_container_writer *w = NULL;
    struct toc_err err = {0};
    unlink(path);
    assert_ok(toc_container_create(path, &toc_capture_avro, &w, &err), err);
    put_rows(w, 0, count);
    assert_ok(toc_container_finish(w, &err), err);
}

// Reads all rows and checks each; returns how the last call ended.
static toc_rc read_rows(int32_t *count, struct toc_err *err)
{
    struct toc_container_reader *r = NULL;
    *count = 0;
    toc_rc rc = toc_container_open(path, &toc_capture_avro, &r, err);
    for (bool end = false; !toc_failed(rc) && !end;) {
        struct toc_capture row;
        rc = toc_container_next(r, &arena, &row, &end, err);
        if (toc_failed(rc) || end)
            break;
        struct toc_capture want = row_of(*count);
        assert_int_equal(row.offset, want.offset);
        assert_int_equal(row.append_time, want.append_time);
        assert_slices_equal(row.value, want.value);
        ++*count;
    }
    toc_container_close(r);
    return rc;
}

static void reads_what_it_wrote(void **state)
{
    (void)state;
    static const int32_t counts[] = {0, 1, 2, 500}; // 500: several blocks
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int32_t count;
        struct toc_err err = {0};
        struct stat st;
        write_rows(counts[i]);
        assert_ok(read_rows(&count, &err), err);
        assert_int_equal(count, counts[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void refuses_to_clobber_or_mix(void **state)
{
    (void)state;
    struct toc_container_writer *w = NULL;
    struct toc_container_reader *r = NULL;
    struct toc_err err = {0};
    write_rows(3);
    assert_code(toc_container_create(path, &toc_capture_avro, &w, &err), TOC_E_EXISTS, err);
    assert_code(toc_container_open(path, &toc_sample_avro, &r, &err), TOC_E_SCHEMA, err);
    unlink(path);
    assert_code(toc_container_open(path, &toc_capture_avro, &r, &err), TOC_E_NOTFOUND, err);
}

static void drops_a_row_beyond_limits(void **state)
{
    (void)state;
    static uint8_t large[1100001];
    struct toc_container_writer *w = NULL;
    struct toc_err err = {0};
    struct toc_capture row = {.value = toc_slice(large, sizeof large)};
    int32_t count;
    unlink(path);
    assert_ok(toc_container_create(path, &toc_capture_avro, &w, &err), err);
    put_rows(w, 0, 2);
    assert_code(toc_container_put(w, &row, &err), TOC_E_LIMIT, err);
    put_rows(w, 2, 4);
    assert_ok(toc_container_finish(w, &err), err);
    assert_ok(read_rows(&count, &err), err);
    assert_int_equal(count, 4);
}

static void write_raw(const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

// Cut anywhere: a prefix of the rows, then an error; nothing but whole files ends well.
static void notices_every_cut(void **state)
{
    (void)state;
    write_rows(3);
    struct toc_buf whole = unit_read(path);
    size_t good = 0;
    for (size_t len = 0; len < whole.len; len++) {
        int32_t count;
        struct toc_err err = {0};
        write_raw(whole.ptr, len);
        good += !toc_failed(read_rows(&count, &err));
        assert_true(count == 0);
    }
    assert_int_equal(good, 1); // just behind the header: a container without rows
    toc_buf_done(&whole);
}

static void stands_flipped_bytes(void **state)
{
    (void)state;
    write_rows(3);
    struct toc_buf whole = unit_read(path);
    for (size_t i = 0; i < whole.len; i++)
        for (unsigned bit = 0; bit < 8; bit += 7) {
            struct toc_container_reader *r = NULL;
            struct toc_err err = {0};
            whole.ptr[i] ^= (uint8_t)(1U << bit);
            write_raw(whole.ptr, whole.len);
            toc_rc rc = toc_container_open(path, &toc_capture_avro, &r, &err);
            for (bool end = false; !toc_failed(rc) && !end;) {
                struct toc_capture row;
                rc = toc_container_next(r, &arena, &row, &end, &err);
            }
            toc_container_close(r);
            whole.ptr[i] ^= (uint8_t)(1U << bit);
        }
    toc_buf_done(&whole);
}

static void refuses_hostile_headers(void **state)
{
    (void)state;
#define SCHEMA                                                                                     \
    "\x16"                                                                                         \
    "avro.schema"
#define CODEC                                                                                      \
    "\x14"                                                                                         \
    "avro.codec"
#define SIXTEEN "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" // empty entries
#define LONGEST "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"
#define SMALLEST "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    static const struct row {
        const char *name, *bytes;
        size_t len;
        enum toc_code code;
    } rows[] = {
#define ROW(name, bytes, code) {name, bytes, sizeof(bytes) - 1, code}
            ROW("empty", "", TOC_E_SYNTAX),
            ROW("other magic", "Obj\x02\x00", TOC_E_SYNTAX),
            ROW("nothing behind the magic", "Obj\x01", TOC_E_TRUNCATED),
            ROW("no schema",
                    "Obj\x01\x00"
                    "0123456789abcdef",
                    TOC_E_SCHEMA),
            ROW("key of length -1", "Obj\x01\x02\x01", TOC_E_LENGTH),
            ROW("key of INT64_MAX", "Obj\x01\x02" LONGEST, TOC_E_LENGTH),
            ROW("schema longer than the file",
                    "Obj\x01\x02" SCHEMA "\x80\x80\x40"
                    "x",
                    TOC_E_TRUNCATED),
            ROW("count INT64_MIN",
                    "Obj\x01" SMALLEST "\x00"
                    "\x00",
                    TOC_E_LIMIT),
            ROW("count INT64_MAX of entries", "Obj\x01" LONGEST "\x00\x00", TOC_E_LIMIT),
            ROW("33 entries, and 33 again", "Obj\x01\x42" SIXTEEN SIXTEEN "\x00\x00\x42",
                    TOC_E_LIMIT),
            ROW("schema that is no JSON",
                    "Obj\x01\x02" SCHEMA "\x02"
                    "{"
                    "\x00"
                    "0123456789abcdef",
                    TOC_E_SYNTAX),
            ROW("schema that is no schema",
                    "Obj\x01\x02" SCHEMA "\x04"
                    "{}"
                    "\x00"
                    "0123456789abcdef",
                    TOC_E_SYNTAX),
            ROW("another schema",
                    "Obj\x01\x02" SCHEMA "\x0c"
                    "\"null\""
                    "\x00"
                    "0123456789abcdef",
                    TOC_E_SCHEMA),
            ROW("codec deflate",
                    "Obj\x01\x02" CODEC "\x0e"
                    "deflate",
                    TOC_E_SCHEMA),
    };
    UNIT_EACH(const struct row, row, rows)
    {
        int32_t count;
        struct toc_err err = {0};
        print_message("%s\n", row->name);
        write_raw(row->bytes, row->len);
        assert_code(read_rows(&count, &err), row->code, err);
    }
}

// Blocks behind a good header.
static void refuses_hostile_blocks(void **state)
{
    (void)state;
    static const struct row {
        const char *name, *bytes;
        size_t len;
        bool sync; // a good marker behind it
        enum toc_code code;
    } rows[] = {
#define BLOCK(name, bytes, sync, code) {name, bytes, sizeof(bytes) - 1, sync, code}
            BLOCK("count only", "\x02", false, TOC_E_TRUNCATED),
            BLOCK("size -1", "\x02\x01", true, TOC_E_LENGTH),
            BLOCK("size INT64_MAX", "\x02" LONGEST, true, TOC_E_LENGTH),
            BLOCK("size of 64 MiB that are not there", "\x02\x80\x80\x80\x40", true,
                    TOC_E_TRUNCATED),
            BLOCK("more rows than bytes", LONGEST "\x08\x00\x00\x00\x00", true, TOC_E_SYNTAX),
            BLOCK("negative count", "\x01\x08\x00\x00\x00\x00", true, TOC_E_SYNTAX),
            BLOCK("a row cut off", "\x02\x06\x00\x00\x00", true, TOC_E_TRUNCATED),
            BLOCK("bytes behind the last row", "\x02\x0a\x00\x00\x00\x00\x00", true,
                    TOC_E_TRUNCATED),
            BLOCK("bytes in a block without rows", "\x00\x02\x00", true, TOC_E_TRUNCATED),
            BLOCK("no marker",
                    "\x02\x08\x00\x00\x00\x00"
                    "0123456789abcdef",
                    false, TOC_E_SYNTAX),
            BLOCK("a block without rows", "\x00\x00", true, TOC_E_OK),
    };
    write_rows(0);
    struct toc_buf head = unit_read(path);
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_container_reader *r = NULL;
        struct toc_capture got;
        struct toc_err err = {0};
        bool end;
        struct toc_buf file;
        print_message("%s\n", row->name);
        toc_buf_init(&file, UNIT_FILE_BYTES_MAX);
        toc_buf_put_slice(&file, toc_buf_slice(&head));
        toc_buf_put(&file, row->bytes, row->len);
        if (row->sync)
            toc_buf_put(&file, head.ptr + head.len - 16, 16);
        write_raw(file.ptr, file.len);
        assert_ok(toc_container_open(path, &toc_capture_avro, &r, &err), err);
        assert_code(toc_container_next(r, &arena, &got, &end, &err), row->code, err);
        toc_container_close(r);
        toc_buf_done(&file);
    }
    toc_buf_done(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(reads_what_it_wrote),
            cmocka_unit_test(refuses_to_clobber_or_mix),
            cmocka_unit_test(drops_a_row_beyond_limits),
            cmocka_unit_test(notices_every_cut),
            cmocka_unit_test(stands_flipped_bytes),
            cmocka_unit_test(refuses_hostile_headers),
            cmocka_unit_test(refuses_hostile_blocks),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
