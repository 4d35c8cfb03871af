// An end of a transaction whose answer never came (KAFKA-17754): the broker is frozen while a commit is on its way, so the
// request is sent again. The commit holds, and the next transaction runs under a new epoch. Run by bus-doubt.sh with a
// broker of its own.
#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kafka/bus.h"

#define TXN_MS 6000 // an answer is waited for half as long
#define FROZEN_MS 5000 // longer than that by more than the second between librdkafka's looks for late answers

static struct bus_who admin;

static pid_t broker_pid(void)
{
    char path[TOC_PATH_BYTES_MAX];
    uint64_t pid;
    snprintf(path, sizeof path, "%s/broker.pid", bus_env("TOC_KAFKA_DIR"));
    struct toc_buf text = unit_read(path);
    assert_true(toc_parse_u64(toc_slice_trim(toc_buf_slice(&text)), INT32_MAX, &pid));
    toc_buf_done(&text);
    return (pid_t)pid;
}

// Every thread stands still: until then the broker may still answer.
static bool is_frozen(pid_t pid)
{
    char path[64], stat[512];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    assert_non_null(tasks);
    bool frozen = true;
    for (const struct dirent *task; frozen && (task = readdir(tasks)) != NULL;) {
        if (task->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/stat", (int)pid, task->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL)
            continue; // ended meanwhile
        size_t n = fread(stat, 1, sizeof stat - 1, file);
        fclose(file);
        stat[n] = '\0';
        const char *state = strrchr(stat, ')'); // pid (name) state ...
        frozen = state != NULL && state[1] == ' ' && state[2] == 'T';
    }
    closedir(tasks);
    return frozen;
}

static void put(struct toc_txn *txn, const char *topic, const char *value)
{
    struct toc_err err = {0};
    const struct toc_send record = {.topic = topic, .no_key = true, .value = toc_slice_of(value)};
    assert_ok(toc_txn_put(txn, &record, &err), err);
}

static void a_commit_whose_answer_never_came_holds(void **state)
{
    (void)state;
    bus_who_init(&admin, "admin");
    struct toc_admin *ops = bus_admin(&admin);
    const char *topic = TOC_BUS_TOPIC(&admin.conf, "doubt");
    bus_create(ops, topic, 1, NULL, 0);
    struct toc_err err = {0};
    struct toc_txn *txn = NULL;
    const struct toc_txn_opts opts = {.id = topic, .timeout_ms = TXN_MS};
    assert_ok(toc_txn_open(&admin.conf, bus_silent(), &opts, &txn, &err), err);
    assert_ok(toc_txn_begin(txn, &err), err);
    put(txn, topic, "a");
    int64_t begin, end;
    do
        assert_ok(toc_admin_offsets(ops, topic, 0, TOC_READ_UNCOMMITTED, &begin, &end, &err), err);
    while (end < 1);
    // One more answer of the broker's, so that the one to "a" has come too: else commit would wait for
    // that one first, and send its own request to a broker that is awake again.
    bus_create(ops, TOC_BUS_TOPIC(&admin.conf, "doubt-barrier"), 1, NULL, 0);

    pid_t broker = broker_pid();
    pid_t thaw = fork();
    if (thaw == 0) {
        poll(NULL, 0, FROZEN_MS); // the fault itself: the broker is silent for that long
        kill(broker, SIGCONT);
        _exit(0);
    }
    assert_int_equal(kill(broker, SIGSTOP), 0);
    while (!is_frozen(broker))
        sched_yield();
    toc_rc rc = toc_txn_commit(txn, &err);
    assert_int_equal(waitpid(thaw, NULL, 0), thaw);
    assert_ok(rc, err);
    assert_int_equal(toc_txn_counts(txn).rebuilds, 0);

    assert_ok(toc_txn_begin(txn, &err), err);
    assert_int_equal(toc_txn_counts(txn).rebuilds, 1);
    put(txn, topic, "b");
    assert_ok(toc_txn_commit(txn, &err), err);
    assert_ok(toc_txn_begin(txn, &err), err);
    assert_int_equal(toc_txn_counts(txn).rebuilds, 1);
    put(txn, topic, "c");
    assert_ok(toc_txn_commit(txn, &err), err);
    toc_txn_close(txn);
    char got[64];
    bus_read_all(&admin, topic, 0, TOC_READ_COMMITTED, got, sizeof got);
    assert_string_equal(got, "a,b,c");
    toc_admin_close(ops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_commit_whose_answer_never_came_holds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
