// tocsin-subscribe against a real broker: this test is the hub. It writes audience, roster and interest as
// the hub does (transactions, heads, tombstones) and looks at the files that the program writes.
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
static struct toc_key *root;
static char dir[TOC_PATH_BYTES_MAX];
static int changes; // inotify: something in dir was renamed into place, or written
static int64_t sent[PARTITIONS]; // records written to each partition, for positions of changes

// ---- the hub's side ----

static const char *topic_of(const char *word, const char *whose)
{
    static struct toc_topic_name names[8];
    static unsigned turn;
    struct toc_topic_name *name = &names[turn++ % 8];
    *name = toc_topic(admin.conf.prefix, word, toc_slice_of(whose));
    return name->text;
}

static void begin(void)
{
    struct toc_err err = {0};
    assert_ok(toc_txn_begin(txn, &err), err);
}

static void commit(void)
{
    struct toc_err err = {0};
    assert_ok(toc_txn_commit(txn, &err), err);
}

static void put(const char *topic, int32_t partition, const char *key, const struct toc_buf *value)
{
    struct toc_err err = {0};
    const struct toc_send record = {.topic = topic, .partition = partition, .key = toc_slice_of(key),
            .tombstone = value == NULL, .timestamp_ms = toc_now_ms(NULL),
            .value = value == NULL ? (struct toc_slice){0} : toc_buf_slice(value)};
    assert_ok(toc_txn_put(txn, &record, &err), err);
}

static struct toc_indicator indicator_of(enum toc_kind kind, const char *value)
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
static int32_t place(struct toc_indicator *indicator, char id[TOC_KEY_HEX])
{
    uint8_t key[TOC_KEY_BYTES];
    toc_indicator_key(indicator->kind, indicator->value, key);
    toc_key_hex(key, id);
    indicator->id = toc_slice_of(id);
    return (int32_t)toc_key_partition(key, PARTITIONS);
}

static void put_indicator(struct toc_indicator indicator)
{
    char id[TOC_KEY_HEX];
    struct toc_buf value;
    int32_t partition = place(&indicator, id);
    toc_buf_init(&value, 1 << 20);
    toc_indicator_put(&indicator, &value);
    put(topic_of(TOC_TOPIC_INDICATORS, "amber"), partition, id, &value);
    sent[partition]++;
    toc_buf_done(&value);
}

static void put_tombstone(enum toc_kind kind, const char *text)
{
    char id[TOC_KEY_HEX];
    struct toc_indicator indicator = indicator_of(kind, text);
    int32_t partition = place(&indicator, id);
    put(topic_of(TOC_TOPIC_INDICATORS, "amber"), partition, id, NULL);
    sent[partition]++;
}

static void put_heads(void)
{
    for (int32_t p = 0; p < PARTITIONS; p++) {
        struct toc_head head = {.stream_time = toc_now_ms(NULL)};
        struct toc_buf value;
        toc_buf_init(&value, 64);
        toc_head_put(&head, &value);
        put(topic_of(TOC_TOPIC_INDICATORS, "amber"), p, TOC_HEAD_KEY, &value);
        sent[p]++;
        toc_buf_done(&value);
    }
}

static void say(struct toc_indicator indicator) // in a transaction of its own
{
    begin();
    put_indicator(indicator);
    commit();
}

static void put_change(enum toc_change change, struct toc_indicator indicator, int64_t offset)
{
    char id[TOC_KEY_HEX];
    struct toc_buf value;
    struct toc_interest_change step = {.change = change, .audience = TOC_S("amber"), .offset = offset};
    step.partition = place(&indicator, id);
    step.indicator = indicator;
    toc_buf_init(&value, 1 << 20);
    toc_interest_change_put(&step, &value);
    put(topic_of(TOC_TOPIC_INTEREST, "sub-north"), 0, id, &value);
    toc_buf_done(&value);
}

// A signed decision, as the roster has it and as genesis lies in a file.
static void seal(const struct toc_control *control, struct toc_buf *out)
{
    struct toc_buf payload;
    struct toc_err err = {0};
    const uint8_t deployment[16] = {7};
    toc_buf_init(&payload, 1 << 16);
    toc_control_put(control, &payload);
    assert_ok(toc_segment_seal(deployment, root, toc_buf_slice(&payload), 0, NULL, out, &err), err);
    toc_buf_done(&payload);
}

static void put_decision(const struct toc_control *control, const char *member, const char *key)
{
    struct toc_buf value;
    toc_buf_init(&value, 1 << 16);
    seal(control, &value);
    put(topic_of(TOC_TOPIC_ROSTER, member), 0, key, &value);
    toc_buf_done(&value);
}

static void write_roster(const char *member)
{
    struct toc_control control;
    struct toc_member record;
    struct toc_interest interest;
    char key[80];
    toc_control_init(&control);
    toc_member_init(&record);
    toc_interest_init(&interest);
    record.id = toc_slice_of(member);
    record.status = TOC_MEMBER_STATUS_ACTIVE;
    record.clearance = TOC_MARKING_AMBER;
    record.role = TOC_MEMBER_ROLE_CLINIC;
    control.member = &record;
    snprintf(key, sizeof key, "member/%s", member);
    begin();
    put_decision(&control, member, key);
    interest.id = TOC_S("sub-north");
    interest.member = record.id;
    interest.expression = TOC_S("kind in (domain, ipv4) and not tag = \"test\"");
    control.member = NULL;
    control.interest = &interest;
    put_decision(&control, member, "interest/sub-north");
    interest.id = TOC_S("sub-old");
    interest.removed = true;
    put_decision(&control, member, "interest/sub-old");
    commit();
}

static void write_genesis(char digest_hex[2 * TOC_SHA256_BYTES + 1])
{
    static uint8_t keys[1][32];
    static struct toc_audience audiences[] = {
            {.name = TOC_S_INIT("clear"), .type = TOC_AUDIENCE_TYPE_SECTOR, .highest = TOC_MARKING_CLEAR},
            {.name = TOC_S_INIT("amber"), .type = TOC_AUDIENCE_TYPE_SECTOR, .highest = TOC_MARKING_AMBER}};
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
    seal(&control, &value);
    assert_ok(toc_path_join(path, dir, "genesis.toc", &err), err);
    assert_ok(toc_file_create(path, 0644, toc_buf_slice(&value), &err), err);
    toc_sha256(value.ptr, value.len, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(digest_hex + 2 * i, 3, "%02x", digest[i]);
    toc_buf_done(&value);
}

static void write_config(const char *member, const char *digest_hex, const char *more)
{
    struct bus_who who;
    struct toc_buf text;
    struct toc_err err = {0};
    char path[TOC_PATH_BYTES_MAX], name[64];
    bus_who_init(&who, member);
    toc_buf_init(&text, 1 << 16);
    toc_buf_printf(&text, "member = \"%s\"; state = \"state-%s\"; signing_key = \"none.key\";\n", member, member);
    toc_buf_printf(&text, "genesis = \"genesis.toc\"; genesis_digest = \"%s\";\n", digest_hex);
    toc_buf_printf(&text, "kafka: { brokers = \"%s\"; ca = \"%s\"; certificate = \"%s\"; key = \"%s\"; prefix = \"%s\"; };\n",
            who.conf.brokers, who.ca, who.certificate, who.key, who.conf.prefix);
    toc_buf_printf(&text, "privacy: { own_names = [ \"st-marys.org\", \"intranet.local\" ]; };\n%s", more);
    snprintf(name, sizeof name, "%s.conf", member);
    assert_ok(toc_path_join(path, dir, name, &err), err);
    assert_ok(toc_file_create(path, 0644, toc_buf_slice(&text), &err), err);
    toc_buf_done(&text);
}

static void grant(const char *member, const char *topic)
{
    struct toc_err err = {0};
    char principal[80];
    snprintf(principal, sizeof principal, "User:m.%s", member);
    const struct toc_acl acl = {
            .principal = principal, .on = TOC_ACL_TOPIC, .name = topic, .op = TOC_ACL_READ};
    assert_ok(toc_admin_acl_add(ops, &acl, 1, &err), err);
}

static int set_up(void **state)
{
    (void)state;
    struct toc_err err = {0};
    char command[TOC_PATH_BYTES_MAX + 100], digest[2 * TOC_SHA256_BYTES + 1];
    unit_temp_dir(dir);
    bus_who_init(&admin, "admin");
    ops = bus_admin(&admin);
    snprintf(command, sizeof command, "tests/support/pki.sh '%s' %s %s", bus_env("TOC_KAFKA_PKI"), MEMBER, OTHER);
    assert_int_equal(system(command), 0);
    bus_create(ops, topic_of(TOC_TOPIC_INDICATORS, "amber"), PARTITIONS, NULL, 0);
    bus_create(ops, topic_of(TOC_TOPIC_INTEREST, "sub-north"), 1, NULL, 0);
    bus_create(ops, topic_of(TOC_TOPIC_ROSTER, MEMBER), 1, NULL, 0);
    bus_create(ops, topic_of(TOC_TOPIC_ROSTER, OTHER), 1, NULL, 0);
    grant(MEMBER, topic_of(TOC_TOPIC_INDICATORS, "amber"));
    grant(MEMBER, topic_of(TOC_TOPIC_INTEREST, "sub-north"));
    grant(MEMBER, topic_of(TOC_TOPIC_ROSTER, MEMBER));
    grant(OTHER, topic_of(TOC_TOPIC_ROSTER, OTHER)); // admitted, but without the right to the audience
    const struct toc_txn_opts opts = {.id = topic_of("hub", "test")};
    assert_ok(toc_txn_open(&admin.conf, bus_silent(), &opts, &txn, &err), err);
    assert_ok(toc_key_new(&root, &err), err);
    write_genesis(digest);
    write_config(MEMBER, digest, "");
    write_config(OTHER, digest, "");
    write_roster(MEMBER);
    write_roster(OTHER);
    changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    assert_true(changes >= 0 && inotify_add_watch(changes, dir, IN_MOVED_TO | IN_MODIFY) >= 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    toc_txn_close(txn);
    toc_admin_close(ops);
    toc_key_free(root);
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
static void start(struct program *p, const char *line)
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

static int finish(struct program *p, int signal)
{
    int status = 0;
    if (signal != 0)
        kill(p->pid, signal);
    assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(const char *line, char *out, size_t size)
{
    struct program p;
    start(&p, line);
    int code = finish(&p, 0);
    struct toc_buf log = unit_read(p.log);
    snprintf(out, size, "%s", toc_buf_cstr(&log));
    toc_buf_done(&log);
    return code;
}

static void run_ok(const char *line, char *out, size_t size)
{
    int code = run(line, out, size);
    if (code != 0)
        fail_msg("%s: exit %d\n%s", line, code, out);
}

// ---- files ----

static bool holds(const char *name, const char *text)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_err err = {0};
    struct toc_buf file;
    assert_ok(toc_path_join(path, dir, name, &err), err);
    toc_buf_init(&file, 1 << 24);
    bool found = !toc_failed(toc_file_read(path, &file, &err)) && strstr(toc_buf_cstr(&file), text) != NULL;
    toc_buf_done(&file);
    return found;
}

static void wait_for_change(struct program *p, int64_t until_ms)
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
static void await(struct program *p, const char *name, const char *text, bool there)
{
    int64_t until = toc_monotonic_ms(NULL) + BUS_PATIENCE_MS;
    while (holds(name, text) != there)
        wait_for_change(p, until);
}

// ---- tests ----

#define CONF "-c " MEMBER ".conf "

static void test_once_writes_the_picture(void **state)
{
    (void)state;
    char out[8192];
    struct toc_indicator tagged = indicator_of(TOC_KIND_DOMAIN, "tagged.example.com");
    struct toc_slice tag = TOC_S("test");
    tagged.now.tags = &tag;
    tagged.now.tags_count = 1;
    begin();
    put_indicator(indicator_of(TOC_KIND_DOMAIN, "a.example.com"));
    put_indicator(indicator_of(TOC_KIND_IPV4, "185.220.101.7"));
    put_indicator(indicator_of(TOC_KIND_URL, "https://u.example.com/x"));
    put_indicator(indicator_of(TOC_KIND_DOMAIN, "withdrawn.example.com"));
    put_indicator(indicator_of(TOC_KIND_DOMAIN, "portal.st-marys.org")); // the member's own
    put_indicator(indicator_of(TOC_KIND_DOMAIN, "co.uk"));
    put_indicator(tagged);
    put_heads();
    commit();
    begin(); // what never happened
    struct toc_err err = {0};
    put_indicator(indicator_of(TOC_KIND_DOMAIN, "aborted.example.com"));
    assert_ok(toc_txn_abort(txn, &err), err);
    begin();
    struct toc_indicator gone = indicator_of(TOC_KIND_DOMAIN, "withdrawn.example.com");
    gone.now.status = TOC_STATUS_WITHDRAWN;
    put_indicator(gone);
    commit();

    run_ok(CONF "--once --interest 'not tag = \"test\"' --sink list:once.txt --sink rpz:once.zone "
                "--sink csv:once.csv --sink jsonl:once.jsonl --sink stix:once.json", out, sizeof out);
    static const char *const files[] = {"once.txt", "once.zone", "once.csv", "once.jsonl", "once.json"};
    UNIT_EACH(const char *const, file, files)
    {
        assert_true(holds(*file, "a.example.com"));
        assert_int_equal(holds(*file, "185.220.101.7"), strcmp(*file, "once.zone") != 0);
        assert_int_equal(holds(*file, "https://u.example.com/x"), strcmp(*file, "once.zone") != 0);
        assert_false(holds(*file, "tagged.example.com"));
        assert_false(holds(*file, "withdrawn.example.com"));
        assert_false(holds(*file, "aborted.example.com"));
        assert_false(holds(*file, "st-marys.org"));
        assert_false(holds(*file, "co.uk"));
    }
    assert_true(holds("once.zone", "32.7.101.220.185.rpz-ip CNAME ."));
    assert_true(holds("once.txt", "audience amber"));
    assert_shows(out, "kept out by the gate (own): 1");
    assert_shows(out, "kept out by the gate (public-suffix): 1");
}

// ---- the same picture in other eyes: tests/contract/consume.py ----

// Starts it with these days of sleep ("" = none); its output goes to p->log.
static void start_python(struct program *p, const char *days)
{
    struct bus_who who;
    struct toc_err err = {0};
    struct toc_buf line;
    bus_who_init(&who, MEMBER);
    toc_buf_init(&line, 1 << 16);
    toc_buf_printf(&line, "exec \"$(tests/support/venv.sh kafka)\" tests/contract/consume.py '%s' '%s' '%s' '%s' '%s' %d %s",
            who.conf.brokers, who.ca, who.certificate, who.key, topic_of(TOC_TOPIC_INDICATORS, "amber"),
            PARTITIONS, days);
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

static void python_said(struct program *p, const char *want)
{
    int code = finish(p, 0);
    struct toc_buf log = unit_read(p->log);
    if (code != 0)
        fail_msg("consume.py: exit %d\n%s", code, toc_buf_cstr(&log));
    assert_slice(toc_buf_slice(&log), want);
    toc_buf_done(&log);
}

#define LIVE                                                                                       \
    "domain a.example.com block\ndomain co.uk block\ndomain portal.st-marys.org block\n"           \
    "domain tagged.example.com block\nipv4 185.220.101.7 block\nurl https://u.example.com/x block\n"

static void test_consuming_in_python(void **state)
{
    (void)state;
    struct program p;
    start_python(&p, "");
    python_said(&p, LIVE "whole\n"); // nothing aborted, nothing withdrawn

    // What ended while it slept, it learns by beginning anew; after a nap it just goes on.
    static const struct row {
        const char *days, *between;
    } rows[] = {{"4.9", ""}, {"5.1", "anew\n"}};
    UNIT_EACH(const struct row, row, rows)
    {
        char want[2048];
        say(indicator_of(TOC_KIND_DOMAIN, "brief.example.com"));
        start_python(&p, row->days);
        await(&p, "python", "whole\n", true);
        begin();
        struct toc_indicator gone = indicator_of(TOC_KIND_DOMAIN, "brief.example.com");
        gone.now.status = TOC_STATUS_GONE;
        put_indicator(gone);
        put_tombstone(TOC_KIND_DOMAIN, "brief.example.com");
        put_heads();
        commit();
        snprintf(want, sizeof want, "%s%s%s",
                "domain a.example.com block\ndomain brief.example.com block\ndomain co.uk block\n"
                "domain portal.st-marys.org block\ndomain tagged.example.com block\n"
                "ipv4 185.220.101.7 block\nurl https://u.example.com/x block\nwhole\n",
                row->between, LIVE "whole\n");
        python_said(&p, want);
    }
}

static void test_what_is_wrong_is_said(void **state)
{
    (void)state;
    char out[8192];
    assert_int_equal(run(CONF "--once --interest 'kind = domain and score >= high' --sink list:w.txt", out, sizeof out), 2);
    assert_shows(out, "  kind = domain and score >= high\n                             ^\n");
    assert_shows(out, "column 28: a number from 0 to 100 is wanted, not high");
    assert_int_equal(run(CONF "--once --sink paper:w.txt", out, sizeof out), 2);
    assert_shows(out, "list:PATH");
    assert_int_equal(run(CONF "--once", out, sizeof out), 2);
    assert_int_equal(run(CONF "--once --interest sub-none --sink list:w.txt", out, sizeof out), 1);
    assert_shows(out, "no interest \"sub-none\"");
    assert_int_equal(run(CONF "--once --interest sub-old --sink list:w.txt", out, sizeof out), 1);
    assert_shows(out, "removed the interest");
    assert_int_equal(run("-c " OTHER ".conf --once --sink list:w.txt", out, sizeof out), 1);
    assert_shows(out, "on topic");
    assert_shows(out, "indicators.amber");
    assert_false(holds("w.txt", ""));
}

static void test_following(void **state)
{
    (void)state;
    char out[8192];
    struct program p;
    start(&p, CONF "--sink list:f.txt --sink rpz:f.zone --sink jsonl:f.jsonl");
    await(&p, "f.jsonl", "a.example.com", true);
    await(&p, "f.txt", "a.example.com", true);

    say(indicator_of(TOC_KIND_DOMAIN, "new.example.com"));
    await(&p, "f.txt", "new.example.com", true);
    await(&p, "f.zone", "*.new.example.com CNAME .", true);
    await(&p, "f.jsonl", "new.example.com", true);

    struct toc_indicator indicator = indicator_of(TOC_KIND_DOMAIN, "new.example.com");
    indicator.now.advice = TOC_ADVICE_ALERT;
    say(indicator);
    await(&p, "f.txt", "new.example.com", false);
    await(&p, "f.zone", "new.example.com", false);
    assert_true(holds("f.jsonl", "new.example.com"));
    indicator.now.status = TOC_STATUS_GONE;
    begin();
    put_indicator(indicator);
    put_tombstone(TOC_KIND_DOMAIN, "new.example.com");
    commit();
    await(&p, "f.jsonl", "new.example.com", false);

    // The member's own word, without a restart.
    run_ok(CONF "allow A.example[.]com --for 24h --why 'ticket 4711'", out, sizeof out);
    await(&p, "f.txt", "\na.example.com\n", false);
    await(&p, "f.zone", "\na.example.com CNAME rpz-passthru.", true);
    await(&p, "f.jsonl", "\"a.example.com\"", false);
    run_ok(CONF "allow list", out, sizeof out);
    assert_shows(out, "a.example.com\tuntil ");
    assert_shows(out, "ticket 4711");
    run_ok(CONF "allow remove a.example.com", out, sizeof out);
    await(&p, "f.txt", "\na.example.com\n", true);
    assert_int_equal(run(CONF "allow a.example.com --for 24h", out, sizeof out), 2);
    assert_int_equal(run(CONF "allow remove other.example.com", out, sizeof out), 1);

    // Another process may not write the same file.
    assert_int_equal(run(CONF "--once --sink list:f.txt", out, sizeof out), 1);
    assert_shows(out, "is locked by process");
    assert_int_equal(finish(&p, SIGTERM), 0);
}

static void test_the_brake_waits_for_a_person(void **state)
{
    (void)state;
    char out[8192];
    struct program p;
    begin();
    for (int i = 0; i < 40; i++) {
        static char value[32];
        snprintf(value, sizeof value, "185.221.0.%d", i);
        put_indicator(indicator_of(TOC_KIND_IPV4, value));
    }
    commit();
    start(&p, CONF "--interest 'kind = ipv4' --sink list:b.txt");
    await(&p, "b.txt", "185.221.0.39\n", true);
    begin();
    for (int i = 0; i < 40; i++) {
        static char value[32];
        snprintf(value, sizeof value, "185.221.0.%d", i);
        struct toc_indicator indicator = indicator_of(TOC_KIND_IPV4, value);
        indicator.now.status = TOC_STATUS_WITHDRAWN;
        put_indicator(indicator);
    }
    commit();
    say(indicator_of(TOC_KIND_IPV4, "185.222.0.1")); // later than all of them
    await(&p, "b.txt", "185.222.0.1\n", true);
    assert_true(holds("b.txt", "185.221.0.0\n") && holds("b.txt", "185.221.0.39\n"));

    // It is remembered over a restart.
    assert_int_equal(finish(&p, SIGINT), 0);
    run_ok(CONF "--once --interest 'kind = ipv4' --sink list:b.txt", out, sizeof out);
    assert_shows(out, "40 of 42 entries would leave");
    assert_true(holds("b.txt", "185.221.0.0\n"));
    start(&p, CONF "--interest 'kind = ipv4' --sink list:b.txt");
    await(&p, "b.txt", "185.221.0.0\n", true);
    run_ok(CONF "--accept-change", out, sizeof out);
    await(&p, "b.txt", "185.221.0.", false);
    assert_true(holds("b.txt", "185.222.0.1\n"));
    assert_int_equal(finish(&p, SIGTERM), 0);
}

static void test_following_an_interest(void **state)
{
    (void)state;
    struct program p;
    start(&p, CONF "--interest sub-north --sink list:i.txt --sink csv:i.csv");
    await(&p, "i.csv", "a.example.com", true);
    assert_false(holds("i.csv", "https://u.example.com/x")); // the interest's expression, from the roster
    struct toc_indicator b = indicator_of(TOC_KIND_DOMAIN, "b.example.com");
    struct toc_indicator a = indicator_of(TOC_KIND_DOMAIN, "a.example.com");
    char id[TOC_KEY_HEX];
    int64_t beyond = 1000000; // positions that were not had yet
    begin();
    put_change(TOC_CHANGE_LEAVE, a, 0); // route repeats itself: had in the first picture
    put_change(TOC_CHANGE_ENTER, b, beyond);
    commit();
    await(&p, "i.txt", "b.example.com", true);
    assert_true(holds("i.txt", "a.example.com"));
    begin();
    put_change(TOC_CHANGE_LEAVE, a, beyond + 1);
    commit();
    await(&p, "i.txt", "\na.example.com", false);
    (void)place(&a, id);
    assert_int_equal(finish(&p, SIGTERM), 0);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

// From the commit to the line in the file, one change after the other.
static void test_latency(void **state)
{
    (void)state;
    struct program p;
    int64_t took[LATENCY_ROUNDS];
    start(&p, CONF "--interest 'value under \"fast.example.com\"' --sink list:l.txt");
    say(indicator_of(TOC_KIND_DOMAIN, "begin.fast.example.com"));
    await(&p, "l.txt", "begin.fast.example.com", true);
    for (size_t i = 0; i < LATENCY_ROUNDS; i++) {
        static char value[64];
        snprintf(value, sizeof value, "n%zu.fast.example.com", i);
        say(indicator_of(TOC_KIND_DOMAIN, value));
        int64_t from = toc_monotonic_ms(NULL);
        await(&p, "l.txt", value, true);
        took[i] = toc_monotonic_ms(NULL) - from;
    }
    qsort(took, LATENCY_ROUNDS, sizeof *took, by_size);
    print_message("commit to file: p50 %lld ms, p99 %lld ms\n", (long long)took[LATENCY_ROUNDS / 2],
            (long long)took[LATENCY_ROUNDS * 99 / 100]);
    assert_true(took[LATENCY_ROUNDS * 99 / 100] < 1000);
    assert_int_equal(finish(&p, SIGTERM), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_once_writes_the_picture),
            cmocka_unit_test(test_consuming_in_python),
            cmocka_unit_test(test_what_is_wrong_is_said),
            cmocka_unit_test(test_following),
            cmocka_unit_test(test_the_brake_waits_for_a_person),
            cmocka_unit_test(test_following_an_interest),
            cmocka_unit_test(test_latency),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
