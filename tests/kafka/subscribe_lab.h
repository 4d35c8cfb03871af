// What the test of tocsin-subscribe needs around it: the hub's side (audience, roster, interest, genesis, written
// as the hub writes them), the program as a child, and its files. Everything is static inline: a test program is
// one file.
#pragma once

#include "tests/kafka/bus.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/digest.h"
#include "lib/base/key.h"
#include "lib/base/time.h"
#include "lib/indicator/key.h"
#include "lib/indicator/segment.h"
#include "lib/indicator/topics.h"
#include "schemas/control.h"
#include "schemas/head.h"
#include "schemas/indicator.h"
#include "schemas/interest_change.h"

#define PARTITIONS 3
#define MEMBER "sub-clinic"
#define OTHER "sub-other"
#define LATENCY_ROUNDS 100

static struct bus_who admin;
static struct toc_admin *ops;
static struct toc_txn *txn;
static struct toc_key *root, *operator_key, *stranger;
static char dir[TOC_PATH_BYTES_MAX];
static int changes; // inotify: something in dir was renamed into place, or written

// ---- the hub's side ----

static inline const char *topic_of(const char *word, const char *whose)
{
    static struct toc_topic_name names[8];
    static unsigned turn;
    struct toc_topic_name *name = &names[turn++ % 8];
    *name = toc_topic(admin.conf.prefix, word, toc_slice_of(whose));
    return name->text;
}

static inline void begin(void)
{
    struct toc_err err = {0};
    assert_ok(toc_txn_begin(txn, &err), err);
}

static inline void commit(void)
{
    struct toc_err err = {0};
    assert_ok(toc_txn_commit(txn, &err), err);
}

static inline void put(
        const char *topic, int32_t partition, const char *key, const struct toc_buf *value)
{
    struct toc_err err = {0};
    const struct toc_send record = {.topic = topic,
            .partition = partition,
            .key = toc_slice_of(key),
            .tombstone = value == NULL,
            .timestamp_ms = toc_now_ms(NULL),
            .value = value == NULL ? (struct toc_slice){0} : toc_buf_slice(value)};
    assert_ok(toc_txn_put(txn, &record, &err), err);
}

static inline struct toc_indicator indicator_of(enum toc_kind kind, const char *value)
{
    struct toc_indicator indicator;
    toc_indicator_init(&indicator);
    indicator.kind = kind;
    indicator.value = toc_slice_of(value);
    indicator.born = INT64_C(1767225600000);
    indicator.n = 1;
    indicator.now.status = TOC_STATUS_ACTIVE;
    indicator.now.advice = TOC_ADVICE_BLOCK;
    indicator.now.has_score = true;
    indicator.now.score = 70;
    return indicator;
}

// Id and partition of an indicator; the text borrows from `id`.
static inline int32_t place(struct toc_indicator *indicator, char id[TOC_KEY_HEX])
{
    uint8_t key[TOC_KEY_BYTES];
    toc_indicator_key(indicator->kind, indicator->value, key);
    toc_key_hex(key, id);
    indicator->id = toc_slice_of(id);
    return (int32_t)toc_key_partition(key, PARTITIONS);
}

static inline void put_indicator(struct toc_indicator indicator)
{
    char id[TOC_KEY_HEX];
    struct toc_buf value;
    int32_t partition = place(&indicator, id);
    toc_buf_init(&value, 1 << 20);
    toc_indicator_put(&indicator, &value);
    put(topic_of(TOC_TOPIC_INDICATORS, "amber"), partition, id, &value);
    toc_buf_done(&value);
}

static inline int64_t end_of(int32_t partition)
{
    struct toc_err err = {0};
    int64_t first, end;
    assert_ok(toc_admin_offsets(ops, topic_of(TOC_TOPIC_INDICATORS, "amber"), partition,
                      TOC_READ_UNCOMMITTED, &first, &end, &err),
            err);
    return end;
}

// What never happened: the record stands in the log, and its transaction was aborted.
static inline void say_and_abort(struct toc_indicator indicator)
{
    struct toc_err err = {0};
    char id[TOC_KEY_HEX];
    int32_t partition = place(&indicator, id);
    int64_t before = end_of(partition), until = toc_monotonic_ms(NULL) + BUS_PATIENCE_MS;
    begin();
    put_indicator(indicator);
    while (end_of(partition) == before) // an abort would take back what was not sent yet
        assert_true(toc_monotonic_ms(NULL) < until);
    assert_ok(toc_txn_abort(txn, &err), err);
}

static inline void put_tombstone(enum toc_kind kind, const char *text)
{
    char id[TOC_KEY_HEX];
    struct toc_indicator indicator = indicator_of(kind, text);
    int32_t partition = place(&indicator, id);
    put(topic_of(TOC_TOPIC_INDICATORS, "amber"), partition, id, NULL);
}

static inline void put_heads(void)
{
    for (int32_t p = 0; p < PARTITIONS; p++) {
        struct toc_head head = {.stream_time = toc_now_ms(NULL)};
        struct toc_buf value;
        toc_buf_init(&value, 64);
        toc_head_put(&head, &value);
        put(topic_of(TOC_TOPIC_INDICATORS, "amber"), p, TOC_HEAD_KEY, &value);
        toc_buf_done(&value);
    }
}

static inline void say(struct toc_indicator indicator) // in a transaction of its own
{
    begin();
    put_indicator(indicator);
    commit();
}

static inline void put_change(
        enum toc_change change, struct toc_indicator indicator, int64_t offset)
{
    char id[TOC_KEY_HEX];
    struct toc_buf value;
    struct toc_interest_change step = {
            .change = change, .audience = TOC_S("amber"), .offset = offset};
    step.partition = place(&indicator, id);
    step.indicator = indicator;
    toc_buf_init(&value, 1 << 20);
    toc_interest_change_put(&step, &value);
    put(topic_of(TOC_TOPIC_INTEREST, "sub-north"), 0, id, &value);
    toc_buf_done(&value);
}

// A signed decision, as the roster has it and as genesis lies in a file.
static inline void seal(
        const struct toc_control *control, const struct toc_key *signer, struct toc_buf *out)
{
    struct toc_buf payload;
    struct toc_err err = {0};
    const uint8_t deployment[16] = {7};
    toc_buf_init(&payload, 1 << 16);
    toc_control_put(control, &payload);
    assert_ok(
            toc_segment_seal(deployment, signer, toc_buf_slice(&payload), 0, NULL, out, &err), err);
    toc_buf_done(&payload);
}

// Numbers it one above the last.
static inline void put_decision(struct toc_control *control, const struct toc_key *signer,
        const char *member, const char *key)
{
    static int64_t sequence = 1; // genesis
    struct toc_buf value;
    control->sequence = ++sequence;
    toc_buf_init(&value, 1 << 16);
    seal(control, signer, &value);
    put(topic_of(TOC_TOPIC_ROSTER, member), 0, key, &value);
    toc_buf_done(&value);
}

static inline void put_grant(const struct toc_key *key, bool revoked, const char *member)
{
    struct toc_control control;
    struct toc_key_grant grant;
    uint8_t id[TOC_KEY_ID_BYTES];
    char name[5 + 2 * TOC_KEY_ID_BYTES] = "key/";
    toc_control_init(&control);
    toc_key_grant_init(&grant);
    memcpy(grant.public_key, toc_key_public(key), sizeof grant.public_key);
    grant.role = TOC_KEY_ROLE_OPERATOR;
    grant.holder = TOC_S("operator");
    grant.revoked = revoked;
    control.key = &grant;
    toc_key_id(grant.public_key, id);
    for (size_t i = 0; i < sizeof id; i++)
        snprintf(name + 4 + 2 * i, 3, "%02x", id[i]);
    put_decision(&control, root, member, name);
}

static inline void put_member(const struct toc_key *signer, const char *member)
{
    struct toc_control control;
    struct toc_member record;
    char key[80];
    toc_control_init(&control);
    toc_member_init(&record);
    record.id = toc_slice_of(member);
    record.status = TOC_MEMBER_STATUS_ACTIVE;
    record.clearance = TOC_MARKING_AMBER;
    record.role = TOC_MEMBER_ROLE_CLINIC;
    control.member = &record;
    snprintf(key, sizeof key, "member/%s", member);
    put_decision(&control, signer, member, key);
}

static inline void put_interest(const struct toc_key *signer, const char *member, const char *id,
        const char *expression, bool removed)
{
    struct toc_control control;
    struct toc_interest interest;
    char key[80];
    toc_control_init(&control);
    toc_interest_init(&interest);
    interest.id = toc_slice_of(id);
    interest.member = toc_slice_of(member);
    interest.expression = toc_slice_of(expression);
    interest.removed = removed;
    control.interest = &interest;
    snprintf(key, sizeof key, "interest/%s", id);
    put_decision(&control, signer, member, key);
}

static inline void write_roster(const char *member)
{
    begin();
    put_grant(operator_key, false, member);
    put_member(operator_key, member);
    put_interest(operator_key, member, "sub-north", "kind in (domain, ipv4) and not tag = \"test\"",
            false);
    put_interest(operator_key, member, "sub-old", "score > 1", true);
    commit();
}

static inline void write_genesis(char digest_hex[2 * TOC_SHA256_BYTES + 1])
{
    static uint8_t keys[1][32];
    static struct toc_audience audiences[] = {{.name = TOC_S_INIT("clear"),
                                                      .type = TOC_AUDIENCE_TYPE_SECTOR,
                                                      .highest = TOC_MARKING_CLEAR},
            {.name = TOC_S_INIT("amber"),
                    .type = TOC_AUDIENCE_TYPE_SECTOR,
                    .highest = TOC_MARKING_AMBER}};
    struct toc_control control;
    struct toc_genesis genesis;
    struct toc_buf value;
    struct toc_err err = {0};
    uint8_t digest[TOC_SHA256_BYTES];
    char path[TOC_PATH_BYTES_MAX];
    toc_control_init(&control);
    toc_genesis_init(&genesis);
    memcpy(keys[0], toc_key_public(root), sizeof keys[0]);
    genesis.deployment[0] = 7;
    genesis.root_keys = keys;
    genesis.root_keys_count = 1;
    genesis.partitions = PARTITIONS;
    genesis.audiences = audiences;
    genesis.audiences_count = 2;
    control.sequence = 1;
    control.genesis = &genesis;
    toc_buf_init(&value, 1 << 16);
    seal(&control, root, &value);
    assert_ok(toc_path_join(path, dir, "genesis.toc", &err), err);
    assert_ok(toc_file_create(path, 0644, toc_buf_slice(&value), &err), err);
    toc_sha256(value.ptr, value.len, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(digest_hex + 2 * i, 3, "%02x", digest[i]);
    toc_buf_done(&value);
}

static inline void write_config(const char *member, const char *digest_hex, const char *more)
{
    struct bus_who who;
    struct toc_buf text;
    struct toc_err err = {0};
    char path[TOC_PATH_BYTES_MAX], name[64];
    bus_who_init(&who, member);
    toc_buf_init(&text, 1 << 16);
    toc_buf_printf(&text, "member = \"%s\"; state = \"state-%s\"; signing_key = \"none.key\";\n",
            member, member);
    toc_buf_printf(&text, "genesis = \"genesis.toc\"; genesis_digest = \"%s\";\n", digest_hex);
    toc_buf_printf(&text,
            "kafka: { brokers = \"%s\"; ca = \"%s\"; certificate = \"%s\"; key = \"%s\"; prefix = "
            "\"%s\"; };\n",
            who.conf.brokers, who.ca, who.certificate, who.key, who.conf.prefix);
    toc_buf_printf(
            &text, "privacy: { own_names = [ \"st-marys.org\", \"intranet.local\" ]; };\n%s", more);
    snprintf(name, sizeof name, "%s.conf", member);
    assert_ok(toc_path_join(path, dir, name, &err), err);
    assert_ok(toc_file_create(path, 0644, toc_buf_slice(&text), &err), err);
    toc_buf_done(&text);
}

static inline void grant(const char *member, const char *topic)
{
    struct toc_err err = {0};
    char principal[80];
    snprintf(principal, sizeof principal, "User:m.%s", member);
    const struct toc_acl acl = {
            .principal = principal, .on = TOC_ACL_TOPIC, .name = topic, .op = TOC_ACL_READ};
    assert_ok(toc_admin_acl_add(ops, &acl, 1, &err), err);
}

static inline int set_up(void **state)
{
    (void)state;
    struct toc_err err = {0};
    char command[TOC_PATH_BYTES_MAX + 100], digest[2 * TOC_SHA256_BYTES + 1];
    unit_temp_dir(dir);
    bus_who_init(&admin, "admin");
    ops = bus_admin(&admin);
    snprintf(command, sizeof command, "tests/support/pki.sh '%s' %s %s", bus_env("TOC_KAFKA_PKI"),
            MEMBER, OTHER);
    assert_int_equal(system(command), 0);
    bus_create(ops, topic_of(TOC_TOPIC_INDICATORS, "amber"), PARTITIONS, NULL, 0);
    bus_create(ops, topic_of(TOC_TOPIC_INTEREST, "sub-north"), 1, NULL, 0);
    bus_create(ops, topic_of(TOC_TOPIC_ROSTER, MEMBER), 1, NULL, 0);
    bus_create(ops, topic_of(TOC_TOPIC_ROSTER, OTHER), 1, NULL, 0);
    grant(MEMBER, topic_of(TOC_TOPIC_INDICATORS, "amber"));
    grant(MEMBER, topic_of(TOC_TOPIC_INTEREST, "sub-north"));
    grant(MEMBER, topic_of(TOC_TOPIC_ROSTER, MEMBER));
    grant(OTHER,
            topic_of(TOC_TOPIC_ROSTER, OTHER)); // admitted, but without the right to the audience
    const struct toc_txn_opts opts = {.id = topic_of("hub", "test")};
    assert_ok(toc_txn_open(&admin.conf, bus_silent(), &opts, &txn, &err), err);
    assert_ok(toc_key_new(&root, &err), err);
    assert_ok(toc_key_new(&operator_key, &err), err);
    assert_ok(toc_key_new(&stranger, &err), err);
    write_genesis(digest);
    write_config(MEMBER, digest, "");
    write_config(OTHER, digest, "");
    write_roster(MEMBER);
    write_roster(OTHER);
    changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    assert_true(changes >= 0 && inotify_add_watch(changes, dir, IN_MOVED_TO | IN_MODIFY) >= 0);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    toc_txn_close(txn);
    toc_admin_close(ops);
    toc_key_free(root);
    toc_key_free(operator_key);
    toc_key_free(stranger);
    close(changes);
    unit_remove_dir(dir);
    return 0;
}

// ---- the program ----

#define ARGUMENTS 32

struct program {
    pid_t pid;
    char log[TOC_PATH_BYTES_MAX];
};

// In dir, with the words of `line` as arguments; a word in '...' may hold blanks.
static inline void start(struct program *p, const char *line)
{
    static int number;
    struct toc_err err = {0};
    char name[32];
    static char words[4096], binary[TOC_PATH_BYTES_MAX];
    char *arguments[ARGUMENTS] = {binary};
    int count = 1;
    snprintf(binary, sizeof binary, "%s/bin/tocsin-subscribe", bus_env("TOC_BUILD"));
    snprintf(name, sizeof name, "log-%d", number++);
    assert_ok(toc_path_join(p->log, dir, name, &err), err);
    snprintf(words, sizeof words, "%s", line);
    for (char *at = words; *at != '\0' && count < ARGUMENTS - 1;) {
        char end = *at == '\'' ? '\'' : ' ';
        at += end == '\'';
        arguments[count++] = at;
        while (*at != '\0' && *at != end)
            at++;
        while (*at == end || *at == ' ')
            *at++ = '\0';
    }
    arguments[count] = NULL;
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0) {
        int log = open(p->log, O_CREAT | O_WRONLY | O_TRUNC, 0600);
        if (log < 0 || chdir(dir) != 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
            _exit(126);
        execv(binary, arguments);
        _exit(127);
    }
}

static inline int finish(struct program *p, int signal)
{
    int status = 0;
    if (signal != 0)
        kill(p->pid, signal);
    assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline int run(const char *line, char *out, size_t size)
{
    struct program p;
    start(&p, line);
    int code = finish(&p, 0);
    struct toc_buf log = unit_read(p.log);
    snprintf(out, size, "%s", toc_buf_cstr(&log));
    toc_buf_done(&log);
    return code;
}

static inline void run_ok(const char *line, char *out, size_t size)
{
    int code = run(line, out, size);
    if (code != 0)
        fail_msg("%s: exit %d\n%s", line, code, out);
}

// ---- files ----

static inline bool holds(const char *name, const char *text)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_err err = {0};
    struct toc_buf file;
    assert_ok(toc_path_join(path, dir, name, &err), err);
    toc_buf_init(&file, 1 << 24);
    bool found = !toc_failed(toc_file_read(path, &file, &err)) &&
                 strstr(toc_buf_cstr(&file), text) != NULL;
    toc_buf_done(&file);
    return found;
}

static inline void wait_for_change(struct program *p, int64_t until_ms)
{
    char events[4096];
    int64_t left = until_ms - toc_monotonic_ms(NULL);
    struct pollfd one = {.fd = changes, .events = POLLIN};
    if (left <= 0 || waitpid(p->pid, NULL, WNOHANG) != 0) {
        struct toc_buf log = unit_read(p->log);
        fail_msg("it did not happen; the program says:\n%s", toc_buf_cstr(&log));
    }
    if (poll(&one, 1, left < 1000 ? (int)left : 1000) > 0)
        while (read(changes, events, sizeof events) > 0)
            ;
}

// Until the file holds the text (or no longer does).
static inline void await(struct program *p, const char *name, const char *text, bool there)
{
    int64_t until = toc_monotonic_ms(NULL) + BUS_PATIENCE_MS;
    while (holds(name, text) != there)
        wait_for_change(p, until);
}

// ---- the same picture in other eyes: tests/contract/consume.py ----

// Starts it with these days of sleep ("" = none); its output goes to p->log.
static inline void start_python(struct program *p, const char *days)
{
    struct bus_who who;
    struct toc_err err = {0};
    struct toc_buf line;
    bus_who_init(&who, MEMBER);
    toc_buf_init(&line, 1 << 16);
    toc_buf_printf(&line,
            "exec \"$(tests/support/venv.sh kafka)\" tests/contract/consume.py '%s' '%s' '%s' '%s' "
            "'%s' %d %s",
            who.conf.brokers, who.ca, who.certificate, who.key,
            topic_of(TOC_TOPIC_INDICATORS, "amber"), PARTITIONS, days);
    const char *command = toc_buf_cstr(&line);
    assert_ok(toc_path_join(p->log, dir, "python", &err), err);
    remove(p->log); // or what the last one said would be taken for its words
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0) {
        int log = open(p->log, O_CREAT | O_WRONLY | O_TRUNC, 0600);
        if (log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
            _exit(126);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    toc_buf_done(&line);
}

static inline void python_said(struct program *p, const char *want)
{
    int code = finish(p, 0);
    struct toc_buf log = unit_read(p->log);
    if (code != 0)
        fail_msg("consume.py: exit %d\n%s", code, toc_buf_cstr(&log));
    assert_slice(toc_buf_slice(&log), want);
    toc_buf_done(&log);
}
