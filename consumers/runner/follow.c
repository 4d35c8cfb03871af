#include "consumers/runner/follow.h"

#include <stdio.h>

#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/bus/admin.h"
#include "lib/bus/consumer.h"
#include "lib/bus/walk.h"
#include "lib/indicator/topics.h"

#define ADMIN_PATIENCE_MS 10000
// interest.<id> brings no heads: they are looked up at the end of the audience's partitions. Often
// enough for TOC_FRESH_CUT_OFF_MS, seldom enough to cost little.
#define HEADS_EVERY_MS (2 * TOC_MS_MINUTE)
#define HEADS_BACK_FIRST 256
#define HEADS_BACK_MAX 65536

struct toc_follow {
    const struct toc_follow_conf *conf;
    struct toc_picture *picture;
    struct toc_consumer *consumer;
    struct toc_topic_name audience, interest;
    int64_t interest_from; // where interest.<id> ended before the start
    bool told;
    int64_t heard_ms; // when the last record came
    int64_t heads_at_ms, heads_back;
};

static void say(const struct toc_follow *follow, enum toc_log_level level, const char *text)
{
    if (follow->conf->log.line != NULL)
        follow->conf->log.line(follow->conf->log.ctx, level, text);
}

static void close_consumer(struct toc_follow *follow)
{
    struct toc_err err;
    if (toc_failed(toc_consumer_close(follow->consumer, &err)))
        say(follow, TOC_LOG_DEBUG, err.text);
    follow->consumer = NULL;
}

// ---- opening ----

// Where the partitions of the audience begin and end now.
static toc_rc find_ends(struct toc_follow *follow, struct toc_admin *admin,
        struct toc_consumer_start *starts, struct toc_err *err)
{
    int32_t count;
    TOC_TRY(toc_admin_partitions(admin, follow->audience.text, &count, err));
    TOC_ENSURE(count == follow->conf->partitions, err, TOC_E_STATE,
            "%s has %d partitions, genesis says %d: is this another deployment?",
            follow->audience.text, (int)count, (int)follow->conf->partitions);
    for (int32_t p = 0; p < follow->conf->partitions; p++) {
        starts[p] = (struct toc_consumer_start){.topic = follow->audience.text, .partition = p};
        TOC_TRY(toc_admin_offsets(admin, starts[p].topic, p, TOC_READ_COMMITTED, &starts[p].offset,
                &starts[p].end, err));
    }
    return TOC_OK;
}

// The end of interest.<id> first: what route wrote below it comes from records that the ends of the
// audience, asked after it, already cover.
static toc_rc ask_ends(
        struct toc_follow *follow, struct toc_consumer_start *starts, struct toc_err *err)
{
    struct toc_admin *admin = NULL;
    int64_t begin;
    int32_t one;
    toc_rc rc = TOC_OK;
    TOC_TRY(toc_admin_open(follow->conf->bus, follow->conf->log, ADMIN_PATIENCE_MS, &admin, err));
    if (follow->conf->interest != NULL)
        rc = toc_admin_partitions(admin, follow->interest.text, &one, err); // says what is missing
    if (!toc_failed(rc) && follow->conf->interest != NULL)
        rc = toc_admin_offsets(admin, follow->interest.text, 0, TOC_READ_COMMITTED, &begin,
                &follow->interest_from, err);
    if (!toc_failed(rc))
        rc = find_ends(follow, admin, starts, err);
    toc_admin_close(admin);
    return rc;
}

static toc_rc read_from(struct toc_follow *follow, const struct toc_consumer_start *starts,
        size_t count, struct toc_consumer **out, struct toc_err *err)
{
    const struct toc_consumer_opts opts = {.isolation = TOC_READ_COMMITTED, .small_waits = true};
    return toc_consumer_read(follow->conf->bus, follow->conf->log, &opts, starts, count, out, err);
}

static toc_rc open_audience(struct toc_follow *follow, struct toc_err *err)
{
    size_t count = (size_t)follow->conf->partitions;
    struct toc_consumer_start *starts = toc_mem_alloc(count, sizeof *starts);
    TOC_ENSURE(starts != NULL, err, TOC_E_MEMORY, "no memory for %zu partitions", count);
    toc_rc rc = ask_ends(follow, starts, err);
    if (!toc_failed(rc))
        rc = read_from(follow, starts, count, &follow->consumer, err);
    toc_mem_free(starts);
    return rc;
}

toc_rc toc_follow_open(const struct toc_follow_conf *conf, struct toc_picture *picture,
        struct toc_follow **out, struct toc_err *err)
{
    struct toc_follow *follow = toc_mem_alloc(1, sizeof *follow);
    TOC_ENSURE(follow != NULL, err, TOC_E_MEMORY, "no memory to follow %s", conf->audience);
    *follow = (struct toc_follow){.conf = conf, .picture = picture, .heads_back = HEADS_BACK_FIRST};
    follow->audience =
            toc_topic(conf->bus->prefix, TOC_TOPIC_INDICATORS, toc_slice_of(conf->audience));
    if (conf->interest != NULL)
        follow->interest =
                toc_topic(conf->bus->prefix, TOC_TOPIC_INTEREST, toc_slice_of(conf->interest));
    toc_picture_begins(picture, (size_t)conf->partitions);
    toc_rc rc = open_audience(follow, err);
    if (toc_failed(rc)) {
        toc_follow_close(follow);
        return rc;
    }
    *out = follow;
    return TOC_OK;
}

void toc_follow_close(struct toc_follow *follow)
{
    if (follow == NULL)
        return;
    close_consumer(follow);
    toc_mem_free(follow);
}

bool toc_follow_told(const struct toc_follow *follow)
{
    return follow->told;
}

bool toc_follow_lacks_heads(const struct toc_follow *follow)
{
    return !follow->told && toc_consumer_ended(follow->consumer);
}

// ---- heads, when they do not come by themselves ----

struct search {
    struct toc_follow *follow;
    bool seen[TOC_PARTITIONS_MAX];
    int32_t found; // partitions in which a head was
};

static toc_rc take_head(void *ctx, const struct toc_record *record, struct toc_err *err)
{
    struct search *search = ctx;
    if (!record->has_key || !record->has_value || !toc_slice_is(record->key, TOC_HEAD_KEY))
        return TOC_OK;
    if (toc_failed(toc_picture_head(
                search->follow->picture, record->partition, record->value, err)))
        say(search->follow, TOC_LOG_WARN, err->text);
    search->found += !search->seen[record->partition];
    search->seen[record->partition] = true;
    return TOC_OK;
}

static toc_rc look_for_heads(
        struct toc_follow *follow, struct toc_consumer_start *starts, struct toc_err *err)
{
    struct toc_admin *admin = NULL;
    struct search search = {.follow = follow};
    uint64_t skipped = 0;
    const struct toc_walk walk = {.take = take_head, .ctx = &search, .skipped = &skipped,
            .silence_ms = ADMIN_PATIENCE_MS};
    TOC_TRY(toc_admin_open(follow->conf->bus, follow->conf->log, ADMIN_PATIENCE_MS, &admin, err));
    toc_rc rc = find_ends(follow, admin, starts, err);
    toc_admin_close(admin);
    TOC_TRY(rc);
    for (int32_t p = 0; p < follow->conf->partitions; p++)
        if (starts[p].end - starts[p].offset > follow->heads_back)
            starts[p].offset = starts[p].end - follow->heads_back;
    TOC_TRY(toc_walk(follow->conf->bus, follow->conf->log, &walk, starts,
            (size_t)follow->conf->partitions, err));
    // Where records are many between two heads one has to look further back.
    if (search.found < follow->conf->partitions && follow->heads_back < HEADS_BACK_MAX)
        follow->heads_back *= 2;
    return TOC_OK;
}

// A failure here is no failure of the stream: without heads the picture ages, as it should.
static void refresh_heads(struct toc_follow *follow, int64_t now_ms)
{
    struct toc_err err;
    if (follow->conf->interest == NULL || !follow->told ||
            (now_ms >= follow->heads_at_ms && now_ms - follow->heads_at_ms < HEADS_EVERY_MS))
        return;
    follow->heads_at_ms = now_ms;
    size_t count = (size_t)follow->conf->partitions;
    struct toc_consumer_start *starts = toc_mem_alloc(count, sizeof *starts);
    if (starts == NULL)
        return;
    if (toc_failed(look_for_heads(follow, starts, &err)))
        say(follow, TOC_LOG_WARN, err.text);
    toc_mem_free(starts);
}

// ---- following ----

static toc_rc follow_interest(struct toc_follow *follow, struct toc_err *err)
{
    const struct toc_consumer_start start = {
            .topic = follow->interest.text, .offset = follow->interest_from, .end = -1};
    close_consumer(follow);
    return read_from(follow, &start, 1, &follow->consumer, err);
}

// A record that cannot be taken is said and left: the others must go on.
static toc_rc take(struct toc_follow *follow, const struct toc_record *record, struct toc_err *err)
{
    const struct toc_picture_record it = {
            .partition = record->partition,
            .offset = record->offset,
            .published_ms = record->timestamp_ms,
            .key = record->key,
            .value = record->value,
            .tombstone = !record->has_value,
    };
    bool change = follow->told && follow->conf->interest != NULL;
    toc_rc rc = change ? toc_picture_change(follow->picture, &it, err)
                       : toc_picture_record(follow->picture, &it, err);
    if (rc.code == TOC_E_MEMORY)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "no memory for the picture");
    if (toc_failed(rc)) {
        char text[320];
        snprintf(text, sizeof text, "%s %d@%lld not taken: %s", record->topic,
                (int)record->partition, (long long)record->offset, err->text);
        say(follow, TOC_LOG_WARN, text);
    }
    return TOC_OK;
}

static toc_rc take_poll(
        struct toc_follow *follow, struct toc_poll *poll, int64_t now_ms, struct toc_err *err)
{
    int64_t silence = follow->heard_ms == 0 ? 0 : now_ms - follow->heard_ms;
    toc_rc rc = TOC_OK;
    if (poll->kind == TOC_POLL_RECORD) {
        rc = silence > TOC_READER_BEHIND_MS
                     ? toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_TIMEOUT,
                               "nothing heard for %lld hours: the picture begins anew",
                               (long long)(silence / TOC_MS_HOUR))
                     : take(follow, &poll->record, err);
        follow->heard_ms = now_ms;
        toc_record_done(&poll->record);
    } else if (poll->kind == TOC_POLL_SKIPPED) {
        char text[240];
        snprintf(text, sizeof text,
                "%s %d: offsets %lld to %lld cannot be read and were stepped over", poll->topic,
                (int)poll->partition, (long long)poll->offset, (long long)poll->next - 1);
        say(follow, TOC_LOG_ERROR, text);
    }
    return rc;
}

toc_rc toc_follow_step(struct toc_follow *follow, int timeout_ms, int64_t now_ms, bool *out_idle,
        struct toc_err *err)
{
    struct toc_poll poll;
    *out_idle = true;
    refresh_heads(follow, now_ms);
    TOC_TRY(toc_consumer_poll(follow->consumer, timeout_ms, &poll, err));
    *out_idle = poll.kind == TOC_POLL_NOTHING;
    TOC_TRY(take_poll(follow, &poll, now_ms, err));
    if (follow->told || !toc_consumer_ended(follow->consumer) || !toc_picture_ends(follow->picture))
        return TOC_OK;
    follow->told = true;
    follow->heads_at_ms = now_ms;
    return follow->conf->interest == NULL ? TOC_OK : follow_interest(follow, err);
}
