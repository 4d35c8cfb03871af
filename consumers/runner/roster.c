#include "consumers/runner/roster.h"

#include <stdio.h>

#include "lib/base/digest.h"
#include "lib/base/text.h"
#include "lib/bus/admin.h"
#include "lib/bus/walk.h"
#include "lib/indicator/topics.h"

#define ROSTER_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define PATIENCE_MS 10000

struct reading {
    struct toc_roster *roster;
    size_t bytes;
};

static void refused(void *ctx, const char *text)
{
    struct toc_roster *roster = ctx;
    if (roster->refused++ == 0)
        snprintf(roster->first_refused, sizeof roster->first_refused, "%s", text);
}

static toc_rc take(void *ctx, const struct toc_record *record, struct toc_err *err)
{
    struct reading *reading = ctx;
    if (!record->has_value)
        return TOC_OK;
    reading->bytes += record->value.len;
    TOC_ENSURE(reading->bytes <= ROSTER_BYTES_MAX, err, TOC_E_LIMIT,
            "the roster is larger than %zu bytes", ROSTER_BYTES_MAX);
    return toc_book_take(reading->roster->book, record->value, err);
}

static toc_rc read_topic(struct reading *reading, const struct toc_bus_conf *conf,
        struct toc_bus_log log, const char *topic, struct toc_err *err)
{
    struct toc_admin *admin = NULL;
    struct toc_consumer_start start = {.topic = topic, .offset = TOC_OFFSET_BEGINNING};
    uint64_t skipped = 0;
    const struct toc_walk walk = {
            .take = take, .ctx = reading, .skipped = &skipped, .silence_ms = PATIENCE_MS};
    int64_t begin;
    int32_t one;
    TOC_TRY(toc_admin_open(conf, log, PATIENCE_MS, &admin, err));
    toc_rc rc = toc_admin_partitions(admin, topic, &one, err); // says in words what is missing
    if (!toc_failed(rc))
        rc = toc_admin_offsets(admin, topic, 0, TOC_READ_COMMITTED, &begin, &start.end, err);
    toc_admin_close(admin);
    TOC_TRY(rc);
    return toc_walk(conf, log, &walk, &start, 1, err);
}

static toc_rc open_book(
        const struct toc_genesis_file *genesis, struct toc_roster *roster, struct toc_err *err)
{
    uint8_t digest[TOC_SHA256_BYTES];
    struct toc_slice value = toc_buf_slice(&genesis->value);
    toc_sha256(value.ptr, value.len, digest);
    TOC_TRY(toc_book_new(digest, refused, roster, &roster->book, err));
    return toc_book_take(roster->book, value, err); // the pinned one, whatever the topic holds
}

static toc_rc look_up(struct toc_roster *roster, struct toc_slice member, struct toc_slice interest,
        struct toc_err *err)
{
    const struct toc_interest *found;
    TOC_TRY(toc_book_member(roster->book, member, &roster->member, err));
    if (interest.len == 0)
        return TOC_OK;
    TOC_TRY(toc_book_interest(roster->book, interest, &found, err));
    TOC_ENSURE(found != NULL && toc_slice_eq(found->member, member), err, TOC_E_NOTFOUND,
            "the hub knows no interest \"%s\" of this member; the operator adds it: tocsinctl "
            "interest add",
            TOC_SHOW(interest));
    TOC_ENSURE(!found->removed, err, TOC_E_NOTFOUND, "the operator removed the interest \"%s\"",
            TOC_SHOW(interest));
    roster->expression = found->expression;
    return TOC_OK;
}

toc_rc toc_roster_read(const struct toc_bus_conf *conf, struct toc_bus_log log,
        const struct toc_genesis_file *genesis, struct toc_slice member, struct toc_slice interest,
        struct toc_roster *out, struct toc_err *err)
{
    struct reading reading = {.roster = out};
    struct toc_topic_name topic = toc_topic(conf->prefix, TOC_TOPIC_ROSTER, member);
    *out = (struct toc_roster){0};
    TOC_TRY(open_book(genesis, out, err));
    TOC_TRY(read_topic(&reading, conf, log, topic.text, err));
    TOC_TRY(toc_book_settle(out->book, err));
    return look_up(out, member, interest, err);
}

void toc_roster_done(struct toc_roster *roster)
{
    toc_book_free(roster->book);
    *roster = (struct toc_roster){0};
}
