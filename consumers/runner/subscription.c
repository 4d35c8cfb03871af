#include "consumers/runner/subscription.h"

#include <stdio.h>
#include <string.h>

#include "consumers/runner/roster.h"
#include "consumers/runner/suffixes.h"
#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/text.h"
#include "lib/indicator/audience.h"
#include "lib/indicator/topics.h"

#define ARENA_BYTES_MAX ((size_t)1024 * 1024)

// ---- the expression ----

// For a person: on failure the text and a mark under the column go to stderr as well.
static toc_rc parse(struct toc_slice text, struct toc_expr **out, struct toc_err *err)
{
    size_t column = 0;
    toc_rc rc = toc_expr_parse(text, out, &column, err);
    if (toc_failed(rc) && text.len <= TOC_EXPR_BYTES_MAX && toc_text_is_safe(text))
        fprintf(stderr, "  %.*s\n  %*s\n", TOC_SLICE_ARG(text), (int)column, "^");
    return rc;
}

// ---- the roster, and what it said the last time ----

// The answer in a file of its own for each question: audience, line end, expression.
static toc_rc name_answer(const struct toc_member_conf *conf, const char *interest, const char *dir,
        char out[TOC_PATH_BYTES_MAX], struct toc_err *err)
{
    uint8_t digest[TOC_SHA256_BYTES];
    char name[32];
    const struct toc_slice parts[] = {toc_slice_of(conf->genesis_digest), TOC_S("\n"),
            toc_slice_of(conf->member), TOC_S("\n"), toc_slice_of(interest)};
    toc_sha256_parts(parts, sizeof parts / sizeof *parts, digest);
    snprintf(name, sizeof name, "roster-%02x%02x%02x%02x", digest[0], digest[1], digest[2],
            digest[3]);
    return toc_path_join(out, dir, name, err);
}

static toc_rc set_audience(struct toc_subscription *s, struct toc_slice name, struct toc_err *err)
{
    const struct toc_genesis *facts = &s->genesis.facts;
    for (size_t i = 0; i < facts->audiences_count; i++)
        if (toc_slice_eq(facts->audiences[i].name, name) && name.len < sizeof s->audience) {
            memcpy(s->audience, name.ptr, name.len);
            s->audience[name.len] = '\0';
            s->marking = facts->audiences[i].highest;
            return TOC_OK;
        }
    return toc_fail(err, TOC_E_USAGE, "this deployment has no audience %s", TOC_SHOW(name));
}

static toc_rc keep_text(struct toc_subscription *s, struct toc_slice text, struct toc_err *err)
{
    s->text = toc_arena_copy(&s->arena, text);
    TOC_ENSURE(s->text.ptr != NULL, err, TOC_E_MEMORY, "no memory for the interest");
    return TOC_OK;
}

static toc_rc take_roster(struct toc_subscription *s, const struct toc_member_conf *conf,
        const struct toc_roster *roster, struct toc_err *err)
{
    if (s->follows != NULL)
        TOC_TRY(keep_text(s, roster->expression, err));
    if (conf->subscribe.audience != NULL)
        return TOC_OK;
    const struct toc_genesis *facts = &s->genesis.facts;
    TOC_ENSURE(roster->member != NULL, err, TOC_E_AUTH, "%s is not admitted: call the operator",
            conf->member);
    TOC_ENSURE(roster->member->status == TOC_MEMBER_STATUS_ACTIVE, err, TOC_E_AUTH,
            "%s is %s: call the operator", conf->member,
            toc_member_status_spelling(roster->member->status));
    int best = toc_audience_of(facts->audiences, facts->audiences_count, roster->member);
    TOC_ENSURE(best >= 0, err, TOC_E_AUTH, "%s may read no audience", conf->member);
    return set_audience(s, facts->audiences[best].name, err);
}

static toc_rc remember(const struct toc_subscription *s, const char *path, struct toc_err *err)
{
    struct toc_buf answer;
    toc_buf_init(&answer, 2 * TOC_EXPR_BYTES_MAX);
    toc_buf_printf(&answer, "%s\n", s->audience);
    toc_buf_put_slice(&answer, s->text);
    toc_rc rc = toc_buf_check(&answer, "the roster's answer", err);
    if (!toc_failed(rc))
        rc = toc_file_replace(path, 0600, toc_buf_slice(&answer), err);
    toc_buf_done(&answer);
    return rc;
}

static toc_rc recall(struct toc_subscription *s, const char *path, struct toc_err *err)
{
    struct toc_buf answer;
    toc_buf_init(&answer, 2 * TOC_EXPR_BYTES_MAX);
    toc_rc rc = toc_file_read(path, &answer, err);
    struct toc_slice text = toc_buf_slice(&answer);
    size_t end = toc_slice_find(text, '\n');
    if (!toc_failed(rc))
        rc = set_audience(s, toc_slice_sub(text, 0, end), err);
    if (!toc_failed(rc) && s->follows != NULL)
        rc = keep_text(s, toc_slice_sub(text, end + 1, SIZE_MAX), err);
    toc_buf_done(&answer);
    return rc;
}

static bool is_out_of_reach(const struct toc_err *err)
{
    return err->code == TOC_E_KAFKA || err->code == TOC_E_TIMEOUT;
}

// Once, not with every reading of the same topic.
static void say_refused(struct toc_subscription *s, const struct toc_member_conf *conf,
        const struct toc_roster *roster, struct toc_bus_log log)
{
    char text[512];
    if (roster->refused != 0 && roster->refused != s->refused) {
        snprintf(text, sizeof text, "topic %s: %zu records change nothing; first: %s",
                toc_topic(conf->kafka.prefix, TOC_TOPIC_ROSTER, toc_slice_of(conf->member)).text,
                roster->refused, roster->first_refused);
        log.line(log.ctx, TOC_LOG_WARN, text);
    }
    s->refused = roster->refused;
}

static toc_rc ask_roster(struct toc_subscription *s, const struct toc_member_conf *conf,
        const char *dir, struct toc_bus_log log, struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_roster roster = {0};
    struct toc_slice interest = toc_slice_of(s->follows);
    TOC_TRY(name_answer(conf, s->follows == NULL ? "" : s->follows, dir, path, err));
    toc_rc rc = toc_roster_read(
            &conf->kafka, log, &s->genesis, toc_slice_of(conf->member), interest, &roster, err);
    say_refused(s, conf, &roster, log);
    if (!toc_failed(rc)) {
        rc = take_roster(s, conf, &roster, err);
        if (!toc_failed(rc))
            rc = remember(s, path, err);
    } else if (is_out_of_reach(err)) {
        struct toc_err no_answer;
        if (!toc_failed(recall(s, path, &no_answer))) {
            log.line(log.ctx, TOC_LOG_WARN,
                    "the roster cannot be read; going on with what it said last");
            rc = TOC_OK;
        }
    }
    toc_roster_done(&roster);
    return rc;
}

// ---- the gate's own part ----

// Names that only mean something inside a network are no canonical values, so nothing can be listed
// that they would keep out.
static toc_rc make_gate(
        struct toc_subscription *s, const struct toc_member_conf *conf, struct toc_err *err)
{
    const struct toc_conf_list *names = &conf->privacy.own_names;
    s->own = toc_arena_alloc(&s->arena, names->count + 1, sizeof *s->own);
    TOC_ENSURE(s->own != NULL, err, TOC_E_LIMIT, "too many own names");
    for (size_t i = 0; i < names->count; i++)
        s->own_count += toc_guard_read(toc_slice_of(names->items[i]), &s->arena, &s->own[s->own_count]);
    return toc_suffixes_open(&s->suffixes, err);
}

// ---- all of it ----

static toc_rc make_fingerprint(struct toc_subscription *s, struct toc_err *err)
{
    struct toc_buf text;
    toc_buf_init(&text, 2 * TOC_EXPR_BYTES_MAX);
    toc_buf_put_hex(&text, s->genesis.facts.deployment, sizeof s->genesis.facts.deployment);
    toc_buf_printf(&text, "\n%s\n", s->audience);
    toc_buf_put_slice(&text, s->text);
    s->fingerprint = toc_arena_copy(&s->arena, toc_buf_slice(&text));
    toc_buf_done(&text);
    TOC_ENSURE(s->fingerprint.ptr != NULL, err, TOC_E_MEMORY, "no memory for the subscription");
    return TOC_OK;
}

// What needs no broker.
static toc_rc decide_here(struct toc_subscription *s, const struct toc_member_conf *conf,
        const char *interest, struct toc_err *err)
{
    TOC_ENSURE(conf->genesis != NULL, err, TOC_E_USAGE,
            "genesis and genesis_digest are missing in member.conf");
    TOC_TRY(toc_genesis_load(conf->genesis, conf->genesis_digest, &s->genesis, err));
    if (interest != NULL && toc_id_valid(toc_slice_of(interest)))
        s->follows = interest;
    else if (interest != NULL)
        TOC_TRY(keep_text(s, toc_slice_of(interest), err));
    if (interest != NULL && s->follows == NULL) // a mistake is told before anything is asked
        TOC_TRY(parse(s->text, &s->expression, err));
    if (conf->subscribe.audience != NULL)
        TOC_TRY(set_audience(s, toc_slice_of(conf->subscribe.audience), err));
    return make_gate(s, conf, err);
}

static toc_rc decide(struct toc_subscription *s, const struct toc_member_conf *conf,
        const char *interest, const char *dir, struct toc_bus_log log, struct toc_err *err)
{
    TOC_TRY(decide_here(s, conf, interest, err));
    if (conf->subscribe.audience == NULL || s->follows != NULL)
        TOC_TRY(ask_roster(s, conf, dir, log, err));
    if (s->follows != NULL)
        TOC_TRY(parse(s->text, &s->expression, err));
    return make_fingerprint(s, err);
}

toc_rc toc_subscription_check(const struct toc_member_conf *conf, const char *interest,
        struct toc_subscription *out, struct toc_err *err)
{
    struct toc_subscription s = {0};
    toc_arena_init(&s.arena, ARENA_BYTES_MAX);
    toc_rc rc = decide_here(&s, conf, interest, err);
    if (toc_failed(rc))
        toc_subscription_done(&s);
    else
        *out = s;
    return rc;
}

static toc_rc make(const struct toc_member_conf *conf, const char *interest, const char *dir,
        struct toc_bus_log log, size_t refused, struct toc_subscription *out, struct toc_err *err)
{
    struct toc_subscription s = {.refused = refused};
    toc_arena_init(&s.arena, ARENA_BYTES_MAX);
    toc_rc rc = toc_dir_make(dir, 0700, err);
    if (!toc_failed(rc))
        rc = decide(&s, conf, interest, dir, log, err);
    if (toc_failed(rc))
        toc_subscription_done(&s);
    else
        *out = s;
    return rc;
}

toc_rc toc_subscription_make(const struct toc_member_conf *conf, const char *interest,
        const char *dir, struct toc_bus_log log, struct toc_subscription *out, struct toc_err *err)
{
    return make(conf, interest, dir, log, 0, out, err);
}

bool toc_subscription_is_current(struct toc_subscription *s, const struct toc_member_conf *conf,
        const char *interest, const char *dir, struct toc_bus_log log)
{
    struct toc_subscription now;
    struct toc_err err;
    if (conf->subscribe.audience != NULL && s->follows == NULL)
        return true; // nothing of it comes from the roster
    if (toc_failed(make(conf, interest, dir, log, s->refused, &now, &err))) {
        log.line(log.ctx, TOC_LOG_WARN, err.text);
        return true;
    }
    bool same = toc_slice_eq(now.fingerprint, s->fingerprint);
    s->refused = now.refused;
    toc_subscription_done(&now);
    return same;
}

void toc_subscription_done(struct toc_subscription *s)
{
    toc_expr_free(s->expression);
    toc_psl_free(s->suffixes);
    toc_genesis_done(&s->genesis);
    toc_arena_done(&s->arena);
    *s = (struct toc_subscription){0};
}
