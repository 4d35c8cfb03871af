#include "tests/support/unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "producers/runner/outgoing.h"
#include "producers/runner/spool.h"

#define PARTITIONS 4

static struct toc_spool_owner owner_of(const char *member)
{
    return (struct toc_spool_owner){.member = member, .deployment = {5}, .partitions = PARTITIONS};
}

static struct toc_spool *open_spool(const char *dir)
{
    struct toc_spool_owner owner = owner_of("m");
    struct toc_spool *spool = NULL;
    struct toc_err err = {0};
    assert_ok(toc_spool_open(dir, &owner, &spool, &err), err);
    return spool;
}

// A submission of one segment a partition with values "v<seq>.<index>", as sealing would put it there.
static toc_rc put_segments(struct toc_spool *spool, struct toc_err *err)
{
    struct toc_seal_sink sink = toc_spool_sink(spool);
    char text[32];
    for (int32_t i = 0; i < PARTITIONS; i++) {
        snprintf(text, sizeof text, "v%lld.%d", (long long)toc_spool_next_seq(spool), (int)i);
        struct toc_sealed sealed = {
                .partition = i, .index = i, .observations = 10, .value = toc_slice_of(text)};
        TOC_TRY(sink.emit(sink.ctx, &sealed, err));
        toc_spool_positions(spool)[i] =
                (struct toc_position){.seq = toc_spool_next_seq(spool), .index = i};
    }
    return TOC_OK;
}

static const struct toc_spool_meta meta = {.feed = "f", .observations = 40, .segments = PARTITIONS};

static void submit(struct toc_spool *spool)
{
    struct toc_err err = {0};
    assert_ok(toc_spool_begin(spool, &err), err);
    assert_ok(put_segments(spool, &err), err);
    assert_ok(toc_spool_commit(spool, &meta, &err), err);
}

static size_t pending(const struct toc_spool *spool, int64_t *first)
{
    int64_t *seqs = NULL;
    size_t count = 0;
    struct toc_err err = {0};
    assert_ok(toc_spool_pending(spool, &seqs, &count, &err), err);
    *first = count > 0 ? seqs[0] : 0;
    toc_mem_free(seqs);
    return count;
}

static void test_numbers(void **state)
{
    (void)state;
    char dir[TOC_PATH_BYTES_MAX];
    uint8_t writer[8];
    int64_t first;
    struct toc_err err = {0};
    unit_temp_dir(dir);
    struct toc_spool *spool = open_spool(dir);
    memcpy(writer, toc_spool_writer(spool), sizeof writer);
    assert_int_equal(toc_spool_next_seq(spool), 1);
    submit(spool);
    submit(spool);
    assert_int_equal(toc_spool_next_seq(spool), 3);
    assert_int_equal(pending(spool, &first), 2);
    assert_int_equal(first, 1);
    assert_ok(toc_spool_remove(spool, 1, &err), err);
    // Dropped: its number is free again, its positions are forgotten.
    assert_ok(toc_spool_begin(spool, &err), err);
    assert_ok(put_segments(spool, &err), err);
    toc_spool_drop(spool);
    assert_int_equal(toc_spool_next_seq(spool), 3);
    toc_spool_close(spool);
    spool = open_spool(dir);
    assert_memory_equal(toc_spool_writer(spool), writer, sizeof writer);
    assert_int_equal(toc_spool_next_seq(spool), 3);
    assert_int_equal(pending(spool, &first), 1);
    assert_int_equal(first, 2);
    assert_ok(toc_spool_begin(spool, &err), err);
    for (int32_t i = 0; i < PARTITIONS; i++) {
        assert_int_equal(toc_spool_positions(spool)[i].seq, 2);
        assert_int_equal(toc_spool_positions(spool)[i].index, i);
    }
    toc_spool_close(spool);
    unit_remove_dir(dir);
}

static void test_owners(void **state)
{
    (void)state;
    char dir[TOC_PATH_BYTES_MAX];
    struct toc_spool *spool, *other = NULL;
    struct toc_spool_owner owner = owner_of("m");
    struct toc_err err = {0};
    unit_temp_dir(dir);
    spool = open_spool(dir);
    assert_code(
            toc_spool_open(dir, &owner, &other, &err), TOC_E_BUSY, err); // locks are per open file
    toc_spool_close(spool);
    owner = owner_of("n");
    assert_code(toc_spool_open(dir, &owner, &other, &err), TOC_E_STATE, err);
    owner = owner_of("m");
    owner.deployment[0] = 6;
    assert_code(toc_spool_open(dir, &owner, &other, &err), TOC_E_STATE, err);
    owner = owner_of("m");
    owner.partitions++;
    assert_code(toc_spool_open(dir, &owner, &other, &err), TOC_E_STATE, err);
    spool = open_spool(dir);
    toc_spool_close(spool);
    unit_remove_dir(dir);
}

// ---- killed

enum point {
    KILLED_MAKING,    // while segments are written
    KILLED_COMMITTED, // right behind the rename: list and publisher.json not yet made up for
    POINTS,
};

static void write_list(struct toc_spool *spool, const char *content)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_err err = {0};
    if (toc_failed(toc_spool_new_list_path(spool, path, &err)) ||
            toc_failed(toc_file_replace(path, 0600, toc_slice_of(content), &err)))
        _exit(3);
}

// In a child, which kills itself at the point.
static void die_at(const char *dir, enum point point)
{
    struct toc_spool_owner owner = owner_of("m");
    struct toc_spool *spool = NULL;
    struct toc_err err = {0};
    char saved[TOC_PATH_BYTES_MAX], from[TOC_PATH_BYTES_MAX], to[TOC_PATH_BYTES_MAX];
    if (toc_failed(toc_spool_open(dir, &owner, &spool, &err)) ||
            toc_failed(toc_spool_begin(spool, &err)))
        _exit(3);
    write_list(spool, "new");
    if (toc_failed(put_segments(spool, &err)))
        _exit(3);
    if (point == KILLED_MAKING)
        raise(SIGKILL);
    // Behind the rename nothing may be lost: put back what follows it, as if it had not happened.
    snprintf(from, sizeof from, "%s/publisher.json", dir);
    snprintf(saved, sizeof saved, "%s/publisher.saved", dir);
    if (link(from, saved) != 0 || toc_failed(toc_spool_commit(spool, &meta, &err)))
        _exit(3);
    snprintf(to, sizeof to, "%s/lists/f", dir);
    snprintf(from, sizeof from, "%s/spool/%019d/list", dir, 1);
    if (rename(to, from) != 0)
        _exit(3);
    snprintf(to, sizeof to, "%s/publisher.json", dir);
    if (rename(saved, to) != 0)
        _exit(3);
    raise(SIGKILL);
}

static void test_killed(void **state)
{
    (void)state;
    for (enum point point = KILLED_MAKING; point < POINTS; point++) {
        char dir[TOC_PATH_BYTES_MAX], list[TOC_PATH_BYTES_MAX];
        int status;
        int64_t first;
        struct toc_err err = {0};
        unit_temp_dir(dir);
        toc_spool_close(open_spool(dir));
        pid_t pid = fork();
        if (pid == 0)
            die_at(dir, point);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        struct toc_spool *spool = open_spool(dir);
        assert_ok(toc_spool_list_path(dir, "f", list, &err), err);
        bool whole = point == KILLED_COMMITTED;
        assert_int_equal(pending(spool, &first), whole ? 1 : 0);
        assert_int_equal(toc_spool_next_seq(spool), whole ? 2 : 1);
        assert_int_equal(access(list, F_OK), whole ? 0 : -1);
        submit(spool); // and the next number follows
        assert_int_equal(toc_spool_next_seq(spool), whole ? 3 : 2);
        toc_spool_close(spool);
        unit_remove_dir(dir);
    }
}

static void test_leftovers(void **state)
{
    (void)state;
    char dir[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX + 64];
    struct toc_err err = {0};
    unit_temp_dir(dir);
    toc_spool_close(open_spool(dir));
    snprintf(path, sizeof path, "%s/spool/" TOC_NAMELESS "abcdef", dir);
    assert_ok(toc_file_replace(path, 0600, TOC_S("x"), &err), err);
    toc_spool_close(open_spool(dir));
    assert_int_equal(access(path, F_OK), -1);
    unit_remove_dir(dir);
}

// ---- on its way out

static struct toc_outgoing open_outgoing(const struct toc_spool *spool, int64_t seq)
{
    char segments[TOC_PATH_BYTES_MAX], acks[TOC_PATH_BYTES_MAX];
    struct toc_outgoing out;
    struct toc_err err = {0};
    assert_ok(toc_spool_path(spool, seq, TOC_SPOOL_SEGMENTS, segments, &err), err);
    assert_ok(toc_spool_path(spool, seq, TOC_SPOOL_ACKS, acks, &err), err);
    assert_ok(toc_outgoing_open(segments, acks, &out, &err), err);
    return out;
}

// What was stored is not sent again, after a restart either; the bytes are the same.
static void test_outgoing(void **state)
{
    (void)state;
    char dir[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX];
    struct toc_buf value;
    struct toc_outgoing_segment s;
    struct toc_err err = {0};
    bool more;
    unit_temp_dir(dir);
    struct toc_spool *spool = open_spool(dir);
    submit(spool);
    toc_buf_init(&value, 1024);
    struct toc_outgoing out = open_outgoing(spool, 1);
    assert_int_equal(out.count, PARTITIONS);
    assert_int_equal(out.run_count, PARTITIONS);
    assert_ok(toc_outgoing_next(&out, &out.runs[2], &value, &s, &more, &err), err);
    assert_true(more);
    assert_slice(s.value, "v1.2");
    assert_int_equal(s.observations, 10);
    assert_ok(toc_outgoing_store(&out, 2, &err), err);
    assert_ok(toc_outgoing_store(&out, 0, &err), err);
    assert_false(toc_outgoing_done(&out));
    toc_outgoing_close(&out);

    // A note cut off by a power failure is none.
    assert_ok(toc_spool_path(spool, 1, TOC_SPOOL_ACKS, path, &err), err);
    FILE *acks = fopen(path, "ab");
    assert_int_equal(fwrite("\1\0", 1, 2, acks), 2);
    fclose(acks);
    out = open_outgoing(spool, 1);
    assert_int_equal(out.stored_count, 2);
    for (size_t i = 0; i < out.run_count; i++) {
        assert_ok(toc_outgoing_next(&out, &out.runs[i], &value, &s, &more, &err), err);
        assert_int_equal(more, i == 1 || i == 3);
        if (more)
            assert_ok(toc_outgoing_store(&out, s.index, &err), err);
    }
    assert_true(toc_outgoing_done(&out));
    toc_outgoing_close(&out);
    out = open_outgoing(spool, 1);
    assert_true(toc_outgoing_done(&out));
    toc_outgoing_close(&out);

    // Files that contradict themselves are told about.
    assert_ok(toc_spool_path(spool, 1, TOC_SPOOL_SEGMENTS, path, &err), err);
    assert_int_equal(truncate(path, 10), 0);
    char acks_path[TOC_PATH_BYTES_MAX];
    assert_ok(toc_spool_path(spool, 1, TOC_SPOOL_ACKS, acks_path, &err), err);
    assert_code(toc_outgoing_open(path, acks_path, &out, &err), TOC_E_STATE, err);
    toc_buf_done(&value);
    toc_spool_close(spool);
    unit_remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_numbers),
            cmocka_unit_test(test_owners),
            cmocka_unit_test(test_killed),
            cmocka_unit_test(test_leftovers),
            cmocka_unit_test(test_outgoing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
