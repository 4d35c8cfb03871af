// One thread. A turn of the loop: take records until there are none or it is time to write, write what
// changed, once a second look after the allow file, acceptances and the saved states. Each output rests
// between two writes for as long as one takes, so a large one under a steady stream of changes is written
// less often and a small one beside it is not held up.
#include "consumers/runner/subscribe.h"

#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "consumers/runner/allow.h"
#include "consumers/runner/follow.h"
#include "consumers/runner/picture.h"
#include "consumers/runner/store.h"
#include "consumers/runner/subscription.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#define SUBJECT "subscribe"
#define POLL_MS 50
#define PUBLISH_EVERY_MS 100 // changes wait for company so long at least
#define LOOK_EVERY_MS 1000   // after the allow file and acceptances
#define SAVE_EVERY_MS 60000
#define ASK_EVERY_MS (5 * TOC_MS_MINUTE) // the roster, whether the same is still asked of the same
#define REOPEN_AFTER_MS 5000
#define ONCE_PATIENCE_MS 60000 // --once gives up when nothing moves for so long
#define BATCH 4096             // records taken before the rest of the loop has its turn

struct watched { // the allow file as it was when read
    struct timespec changed;
    off_t size;
    ino_t inode;
};

struct subscriber {
    const struct toc_subscribe_options *options;
    struct toc_subscription subscription;
    struct toc_picture *picture;
    struct toc_store_slot *slots[TOC_PICTURE_OUTPUTS_MAX];
    struct toc_output_counts said[TOC_PICTURE_OUTPUTS_MAX]; // what the log knows
    bool unsaved[TOC_PICTURE_OUTPUTS_MAX];
    struct toc_follow_conf follow_conf;
    struct toc_follow *follow; // NULL: to be opened
    char allow_path[TOC_PATH_BYTES_MAX], dir[TOC_PATH_BYTES_MAX];
    struct toc_allow allow;
    struct watched allow_seen;
    bool told;      // the first picture was, since the last opening
    bool published; // and written
    bool accept;    // still to be applied
    bool stale;     // the log knows that the picture is
    bool anew;      // the operator changed what is asked: all begins anew
    // all monotonic
    int64_t open_at_ms, look_at_ms, save_at_ms, ask_at_ms, moved_ms;
    int64_t publish_at_ms[TOC_PICTURE_OUTPUTS_MAX]; // each output's turn
    int64_t publish_next_ms;                        // the earliest of them
};

static void bus_line(void *ctx, enum toc_log_level level, const char *text)
{
    (void)ctx;
    toc_log(level, "kafka", "%s", text);
}

static const struct toc_bus_log bus_log = {.line = bus_line};

// ---- paths ----

toc_rc toc_subscribe_dir(const struct toc_member_conf *conf, char out[], struct toc_err *err)
{
    return toc_path_join(out, conf->state, "subscribe", err);
}

toc_rc toc_subscribe_allow_path(const struct toc_member_conf *conf, char out[], struct toc_err *err)
{
    if (conf->subscribe.allow != NULL)
        return toc_path_join(out, "", conf->subscribe.allow, err);
    return toc_path_join(out, conf->state, "allow", err);
}

// ---- the allow file ----

static struct watched watch(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return (struct watched){0};
    return (struct watched){st.st_mtim, st.st_size, st.st_ino};
}

static bool same(const struct watched *a, const struct watched *b)
{
    return a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec &&
           a->size == b->size && a->inode == b->inode;
}

// What could not be read leaves what was read before in force.
static void read_allow(struct subscriber *s, int64_t now_ms)
{
    struct toc_allow allow;
    struct toc_err err;
    if (toc_failed(toc_allow_load(s->allow_path, now_ms, &allow, &err))) {
        toc_log(TOC_LOG_ERROR, SUBJECT, "%s; what was allowed before stays so", err.text);
        return;
    }
    if (allow.bad_line != 0)
        toc_log(TOC_LOG_ERROR, SUBJECT, "%s: line %zu cannot be read; the others hold",
                s->allow_path, allow.bad_line);
    toc_picture_allow(s->picture, allow.guards, allow.in_force);
    toc_allow_done(&s->allow);
    s->allow = allow;
    toc_log(TOC_LOG_INFO, SUBJECT, "%zu values allowed", allow.in_force);
}

static void check_allow(struct subscriber *s, int64_t now_ms)
{
    struct watched now = watch(s->allow_path);
    if (same(&now, &s->allow_seen) && now_ms < s->allow.next_end_ms)
        return;
    s->allow_seen = now; // looked at before it is read: a change in between is seen the next time
    read_allow(s, now_ms);
}

// ---- opening ----

// "NAME:PATH" as an output of the picture.
static toc_rc add_output(
        struct subscriber *s, const char *option, unsigned mode, struct toc_err *err)
{
    const struct toc_sink *sink;
    const char *path;
    struct toc_output *output = NULL;
    TOC_TRY(toc_output_option(option, &sink, &path, err));
    TOC_TRY(toc_output_new(sink, path, mode, &output, err));
    toc_rc rc = toc_picture_add(s->picture, output, err);
    if (toc_failed(rc)) {
        toc_output_free(output);
        return rc;
    }
    size_t i = toc_picture_outputs(s->picture) - 1;
    TOC_TRY(toc_store_take(s->dir, output, &s->slots[i], err));
    rc = toc_store_load(
            s->slots[i], output, s->subscription.fingerprint, toc_picture_fresh(s->picture), err);
    if (toc_failed(rc) && rc.code != TOC_E_NOTFOUND)
        toc_log(TOC_LOG_WARN, SUBJECT, "%s; %s begins anew", err->text, toc_output_path(output));
    s->said[i] = toc_output_counts(output);
    return TOC_OK;
}

static toc_rc add_outputs(struct subscriber *s, struct toc_err *err)
{
    mode_t mask = umask(0);
    umask(mask);
    TOC_ENSURE(s->options->sink_count > 0, err, TOC_E_USAGE, "no --sink given: nothing to write");
    for (size_t i = 0; i < s->options->sink_count; i++)
        TOC_TRY(add_output(s, s->options->sinks[i], 0644 & ~mask, err));
    return TOC_OK;
}

static toc_rc prepare(struct subscriber *s, struct toc_err *err)
{
    const struct toc_member_conf *conf = s->options->conf;
    const struct toc_subscription *of = &s->subscription;
    TOC_TRY(toc_subscribe_dir(conf, s->dir, err));
    TOC_TRY(toc_subscribe_allow_path(conf, s->allow_path, err));
    TOC_TRY(toc_subscription_make(
            conf, s->options->interest, s->dir, bus_log, &s->subscription, err));
    const struct toc_picture_conf picture = {
            .audience = of->audience,
            .marking = of->marking,
            .interest = of->expression,
            .gate = {.own = of->own, .own_count = of->own_count, .suffixes = of->suffixes},
            .stale_ms = conf->subscribe.stale_ms,
    };
    TOC_TRY(toc_picture_new(&picture, &s->picture, err));
    TOC_TRY(add_outputs(s, err));
    s->follow_conf = (struct toc_follow_conf){.bus = &conf->kafka,
            .log = bus_log,
            .audience = of->audience,
            .interest = of->follows,
            .partitions = of->genesis.facts.partitions};
    toc_picture_begins(s->picture, (size_t)of->genesis.facts.partitions);
    s->allow.next_end_ms = INT64_MAX;
    check_allow(s, toc_now_ms(NULL));
    s->accept = s->options->accept;
    s->moved_ms = s->save_at_ms = toc_monotonic_ms(NULL);
    s->ask_at_ms = s->moved_ms + ASK_EVERY_MS;
    return TOC_OK;
}

// ---- records ----

// --once has nobody who would wait for better times.
static bool gives_up(const struct subscriber *s, const struct toc_err *err)
{
    return s->options->once && (err->fate == TOC_FATE_FATAL || err->code == TOC_E_AUTH);
}

static toc_rc open_follow(struct subscriber *s, struct toc_err *err)
{
    int64_t now = toc_monotonic_ms(NULL);
    if (now < s->open_at_ms)
        return TOC_OK;
    s->told = s->published = false;
    toc_rc rc = toc_follow_open(&s->follow_conf, s->picture, &s->follow, err);
    if (!toc_failed(rc))
        return TOC_OK;
    if (s->options->once || rc.code == TOC_E_MEMORY)
        return rc;
    toc_log(TOC_LOG_ERROR, SUBJECT, "%s; trying again", err->text);
    s->open_at_ms = toc_monotonic_ms(NULL) + REOPEN_AFTER_MS;
    return TOC_OK;
}

static toc_rc step_failed(struct subscriber *s, struct toc_err *err)
{
    static struct toc_log_rate rate;
    if (gives_up(s, err) || err->code == TOC_E_MEMORY)
        return (toc_rc){err->code};
    toc_log_rated(&rate, TOC_LOG_WARN, SUBJECT, "%s", err->text);
    if (err->fate != TOC_FATE_RETRY) {
        toc_follow_close(s->follow);
        s->follow = NULL;
        s->open_at_ms = toc_monotonic_ms(NULL) + REOPEN_AFTER_MS;
    }
    return TOC_OK;
}

// Waits for the first record, then takes what is there.
static toc_rc take_records(struct subscriber *s, struct toc_err *err)
{
    int timeout_ms = POLL_MS;
    for (size_t i = 0; i < BATCH && s->follow != NULL; i++) {
        bool idle = true;
        toc_rc rc = toc_follow_step(s->follow, timeout_ms, toc_now_ms(NULL), &idle, err);
        if (toc_failed(rc))
            return step_failed(s, err);
        if (idle)
            break;
        timeout_ms = 0;
        s->moved_ms = toc_monotonic_ms(NULL);
        if (toc_follow_told(s->follow) && s->moved_ms >= s->publish_next_ms)
            break;
    }
    return TOC_OK;
}

// ---- writing ----

static void say_counts(struct subscriber *s, size_t i)
{
    const struct toc_output *output = toc_picture_output(s->picture, i);
    struct toc_output_counts now = toc_output_counts(output), *before = &s->said[i];
    const char *path = toc_output_path(output);
    if (now.held != before->held && now.held != 0)
        toc_log(TOC_LOG_WARN, SUBJECT,
                "%s: %llu of %llu entries would leave; held until `tocsin-subscribe "
                "--accept-change`",
                path, (unsigned long long)now.held, (unsigned long long)now.shown);
    if (now.waiting != before->waiting && now.waiting != 0)
        toc_log(TOC_LOG_WARN, SUBJECT,
                "%s: %llu new entries wait, the best come first; `tocsin-subscribe "
                "--accept-change` lets all in",
                path, (unsigned long long)now.waiting);
    if (now.shown != before->shown)
        toc_log(TOC_LOG_DEBUG, SUBJECT, "%s: %llu entries", path, (unsigned long long)now.shown);
    *before = now;
}

static void say_first(const struct subscriber *s)
{
    struct toc_picture_counts counts = toc_picture_counts(s->picture);
    toc_log(TOC_LOG_INFO, SUBJECT, "the picture of %s as of %s: %llu records read, %llu refused",
            s->subscription.audience, TOC_TIME_SHOW(toc_fresh_as_of(toc_picture_fresh(s->picture))),
            (unsigned long long)counts.records, (unsigned long long)counts.refused);
    for (int v = TOC_ADMITTED + 1; v < TOC_ADMIT_COUNT; v++)
        if (counts.shut[v] != 0)
            toc_log(TOC_LOG_INFO, SUBJECT, "kept out by the gate (%s): %llu",
                    toc_admit_name((enum toc_admit)v), (unsigned long long)counts.shut[v]);
    for (size_t i = 0; i < toc_picture_outputs(s->picture); i++) {
        const struct toc_output *output = toc_picture_output(s->picture, i);
        toc_log(TOC_LOG_INFO, SUBJECT, "%s: %llu entries", toc_output_path(output),
                (unsigned long long)toc_output_counts(output).shown);
    }
}

static void accept_all(struct subscriber *s)
{
    for (size_t i = 0; i < toc_picture_outputs(s->picture); i++)
        toc_output_accept(toc_picture_output(s->picture, i));
}

static void say_stale(struct subscriber *s)
{
    struct toc_fresh *fresh = toc_picture_fresh(s->picture);
    bool stale = toc_fresh_is_stale(fresh, toc_now_ms(NULL));
    if (stale && !s->stale)
        toc_log(TOC_LOG_ERROR, SUBJECT,
                "no word from the hub since %s: addresses and URLs leave the outputs",
                TOC_TIME_SHOW(toc_fresh_as_of(fresh)));
    if (!stale && s->stale)
        toc_log(TOC_LOG_INFO, SUBJECT, "the hub speaks again");
    s->stale = stale;
}

static toc_rc publish_one(struct subscriber *s, size_t i, struct toc_err *err)
{
    static struct toc_log_rate rate;
    bool written = false;
    int64_t begin = toc_monotonic_ms(NULL);
    toc_rc rc = toc_picture_publish(s->picture, i, toc_now_ms(NULL), &written, err);
    if (toc_failed(rc))
        toc_log_rated(&rate, TOC_LOG_ERROR, SUBJECT, "%s; the last good file stands", err->text);
    s->unsaved[i] = s->unsaved[i] || written;
    say_counts(s, i);
    int64_t end = toc_monotonic_ms(NULL), took = end - begin;
    s->publish_at_ms[i] = end + (took > PUBLISH_EVERY_MS ? took : PUBLISH_EVERY_MS);
    return rc;
}

// The outputs whose turn it is. OK when those that were tried could be written.
static toc_rc publish_due(struct subscriber *s, bool all, struct toc_err *err)
{
    toc_rc rc = TOC_OK;
    int64_t now = toc_monotonic_ms(NULL);
    s->publish_next_ms = INT64_MAX;
    for (size_t i = 0; i < toc_picture_outputs(s->picture); i++) {
        struct toc_err its;
        toc_rc one = all || now >= s->publish_at_ms[i] ? publish_one(s, i, &its) : TOC_OK;
        if (toc_failed(one) && !toc_failed(rc)) {
            rc = one;
            *err = its;
        }
        if (s->publish_at_ms[i] < s->publish_next_ms)
            s->publish_next_ms = s->publish_at_ms[i];
    }
    return rc;
}

static toc_rc publish(struct subscriber *s, struct toc_err *err)
{
    bool first = s->follow != NULL && toc_follow_told(s->follow) && !s->told;
    s->told = s->told || first;
    if (first && s->accept) {
        accept_all(s);
        s->accept = false;
    }
    toc_rc rc = publish_due(s, first, err);
    if (first)
        say_first(s);
    say_stale(s);
    s->published = s->told && !toc_failed(rc);
    return s->options->once && s->told ? rc : TOC_OK;
}

// ---- once in a while ----

static void save(struct subscriber *s)
{
    struct toc_err err;
    for (size_t i = 0; i < toc_picture_outputs(s->picture); i++) {
        if (!s->unsaved[i])
            continue;
        if (toc_failed(toc_store_save(s->slots[i], toc_picture_output(s->picture, i),
                    s->subscription.fingerprint, toc_picture_fresh(s->picture), &err)))
            toc_log(TOC_LOG_ERROR, SUBJECT, "%s", err.text);
        else
            s->unsaved[i] = false;
    }
}

static void ask_again(struct subscriber *s, int64_t now)
{
    if (now < s->ask_at_ms || s->follow == NULL)
        return;
    s->anew = !toc_subscription_is_current(
            &s->subscription, s->options->conf, s->options->interest, s->dir, bus_log);
    if (s->anew)
        toc_log(TOC_LOG_INFO, SUBJECT,
                "the operator changed what this member reads: beginning anew");
    s->ask_at_ms = toc_monotonic_ms(NULL) + ASK_EVERY_MS;
}

static void look_around(struct subscriber *s)
{
    static struct toc_log_rate heads;
    int64_t now = toc_monotonic_ms(NULL), wall = toc_now_ms(NULL);
    if (now < s->look_at_ms)
        return;
    s->look_at_ms = now + LOOK_EVERY_MS;
    check_allow(s, wall);
    if (s->follow != NULL && toc_follow_lacks_heads(s->follow))
        toc_log_rated(&heads, TOC_LOG_WARN, SUBJECT,
                "some partition has no head yet: nothing is written before the hub has spoken");
    for (size_t i = 0; i < toc_picture_outputs(s->picture); i++)
        if (toc_store_accepted(s->slots[i], wall)) {
            toc_output_accept(toc_picture_output(s->picture, i));
            toc_log(TOC_LOG_INFO, SUBJECT, "%s: the change is accepted",
                    toc_output_path(toc_picture_output(s->picture, i)));
        }
    if (s->told && now >= s->save_at_ms) {
        save(s);
        s->save_at_ms = now + SAVE_EVERY_MS;
    }
    ask_again(s, now);
}

static bool signalled(const struct subscriber *s, int timeout_ms)
{
    struct signalfd_siginfo info;
    struct pollfd one = {.fd = s->options->signals, .events = POLLIN};
    if (poll(&one, 1, timeout_ms) <= 0 || read(one.fd, &info, sizeof info) != (ssize_t)sizeof info)
        return false;
    toc_log(TOC_LOG_INFO, SUBJECT, "signal %u: ending", info.ssi_signo);
    return true;
}

static toc_rc check_patience(const struct subscriber *s, struct toc_err *err)
{
    if (!s->options->once || toc_monotonic_ms(NULL) - s->moved_ms < ONCE_PATIENCE_MS)
        return TOC_OK;
    TOC_ENSURE(s->follow == NULL || !toc_follow_lacks_heads(s->follow), err, TOC_E_TIMEOUT,
            "some partition of indicators.%s has no head: no hub has ever run for it",
            s->subscription.audience);
    return toc_fail(err, TOC_E_TIMEOUT, "nothing was read for %d s", ONCE_PATIENCE_MS / 1000);
}

static toc_rc turn(struct subscriber *s, struct toc_err *err)
{
    if (s->follow == NULL)
        TOC_TRY(open_follow(s, err));
    TOC_TRY(take_records(s, err));
    TOC_TRY(check_patience(s, err));
    TOC_TRY(publish(s, err));
    look_around(s);
    return TOC_OK;
}

static toc_rc loop(struct subscriber *s, struct toc_err *err)
{
    while (!signalled(s, s->follow == NULL ? POLL_MS : 0)) {
        TOC_TRY(turn(s, err));
        if (s->anew || (s->options->once && s->published))
            return TOC_OK;
    }
    return TOC_OK;
}

static void done(struct subscriber *s)
{
    toc_follow_close(s->follow);
    if (s->picture != NULL && s->told)
        save(s);
    toc_picture_free(s->picture);
    for (size_t i = 0; i < TOC_PICTURE_OUTPUTS_MAX; i++)
        toc_store_drop(s->slots[i]);
    toc_allow_done(&s->allow);
    toc_subscription_done(&s->subscription);
    toc_mem_free(s);
}

// Out of reach: what stands in the files must age all the same, also where --once runs by a timer.
static void age_at_least(struct subscriber *s)
{
    struct toc_err err;
    if (toc_failed(publish_due(s, true, &err)))
        toc_log(TOC_LOG_DEBUG, SUBJECT, "%s", err.text); // said already
}

static toc_rc run_once(
        const struct toc_subscribe_options *options, bool *out_anew, struct toc_err *err)
{
    struct subscriber *s = toc_mem_alloc(1, sizeof *s);
    TOC_ENSURE(s != NULL, err, TOC_E_MEMORY, "no memory");
    s->options = options;
    toc_rc rc = prepare(s, err);
    if (!toc_failed(rc)) {
        rc = loop(s, err);
        if (toc_failed(rc))
            age_at_least(s);
    }
    *out_anew = s->anew;
    done(s);
    return rc;
}

toc_rc toc_subscribe_run(const struct toc_subscribe_options *options, struct toc_err *err)
{
    bool anew = true;
    toc_rc rc = TOC_OK;
    while (anew && !toc_failed(rc))
        rc = run_once(options, &anew, err);
    return rc;
}
