#include "consumers/runner/roster.h"

#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/bus/admin.h"
#include "lib/bus/consumer.h"
#include "lib/indicator/segment.h"
#include "lib/indicator/topics.h"

#define ARENA_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define PATIENCE_MS 10000

struct reading {
    struct toc_slice member, interest;
    bool removed, found; // the interest
    struct toc_roster roster;
};

// The decision inside the signed segment. Kept in the arena, for the message goes.
static toc_rc open_decision(struct reading *reading, struct toc_slice value,
        struct toc_control *out, struct toc_err *err)
{
    struct toc_signed_segment signed_segment;
    struct toc_slice copy = toc_arena_copy(&reading->roster.arena, value);
    TOC_ENSURE(copy.ptr != NULL, err, TOC_E_LIMIT, "the roster is larger than %zu bytes",
            ARENA_BYTES_MAX);
    enum toc_refusal refusal = toc_signed_open(copy, &reading->roster.arena, &signed_segment);
    TOC_ENSURE(refusal == TOC_REFUSAL_NONE, err, TOC_E_SCHEMA, "%s", toc_refusal_meaning(refusal));
    TOC_ENSURE(signed_segment.codec == TOC_CODEC_NONE, err, TOC_E_SCHEMA,
            "a decision is not compressed");
    return toc_control_get(signed_segment.payload, &reading->roster.arena, out, err);
}

// Later decisions on the same thing replace earlier ones.
static toc_rc take(struct reading *reading, const struct toc_record *record, struct toc_err *err)
{
    struct toc_control control;
    if (!record->has_key || !record->has_value ||
            (!toc_slice_starts(record->key, TOC_S("member/")) &&
                    !toc_slice_starts(record->key, TOC_S("interest/"))))
        return TOC_OK;
    TOC_TRY(open_decision(reading, record->value, &control, err));
    if (control.member != NULL && toc_slice_eq(control.member->id, reading->member))
        reading->roster.member = control.member;
    const struct toc_interest *interest = control.interest;
    if (interest != NULL && reading->interest.len != 0 &&
            toc_slice_eq(interest->id, reading->interest)) {
        reading->roster.expression = interest->expression;
        reading->removed = interest->removed;
        reading->found = true;
    }
    return TOC_OK;
}

static toc_rc read_to_the_end(
        struct reading *reading, struct toc_consumer *consumer, struct toc_err *err)
{
    int64_t begin = toc_monotonic_ms(NULL);
    while (!toc_consumer_ended(consumer)) {
        struct toc_poll poll;
        toc_rc rc = toc_consumer_poll(consumer, 100, &poll, err);
        if (toc_failed(rc) && (err->fate != TOC_FATE_RETRY || err->code == TOC_E_AUTH))
            return rc;
        if (!toc_failed(rc) && poll.kind == TOC_POLL_RECORD) {
            rc = take(reading, &poll.record, err);
            toc_record_done(&poll.record);
            TOC_TRY(rc);
        }
        TOC_ENSURE(toc_monotonic_ms(NULL) - begin < PATIENCE_MS, err, TOC_E_TIMEOUT,
                "the roster could not be read within %d s", PATIENCE_MS / 1000);
    }
    return TOC_OK;
}

static toc_rc read_topic(struct reading *reading, const struct toc_bus_conf *conf,
        struct toc_bus_log log, const char *topic, struct toc_err *err)
{
    struct toc_admin *admin = NULL;
    struct toc_consumer *consumer = NULL;
    struct toc_consumer_start start = {.topic = topic, .offset = TOC_OFFSET_BEGINNING};
    const struct toc_consumer_opts opts = {.isolation = TOC_READ_COMMITTED, .small_waits = true};
    int64_t begin;
    int32_t one;
    TOC_TRY(toc_admin_open(conf, log, PATIENCE_MS, &admin, err));
    toc_rc rc = toc_admin_partitions(admin, topic, &one, err); // says in words what is missing
    if (!toc_failed(rc))
        rc = toc_admin_offsets(admin, topic, 0, TOC_READ_COMMITTED, &begin, &start.end, err);
    toc_admin_close(admin);
    TOC_TRY(rc);
    TOC_TRY(toc_consumer_read(conf, log, &opts, &start, 1, &consumer, err));
    rc = read_to_the_end(reading, consumer, err);
    struct toc_err ignored;
    if (toc_failed(toc_consumer_close(consumer, toc_failed(rc) ? &ignored : err)) &&
            !toc_failed(rc))
        return (toc_rc){err->code};
    return rc;
}

static toc_rc check(const struct reading *reading, struct toc_err *err)
{
    TOC_ENSURE(reading->interest.len == 0 || reading->found, err, TOC_E_NOTFOUND,
            "the hub knows no interest \"%s\" of this member; the operator adds it: tocsinctl "
            "interest add",
            TOC_SHOW(reading->interest));
    TOC_ENSURE(!reading->removed, err, TOC_E_NOTFOUND, "the operator removed the interest \"%s\"",
            TOC_SHOW(reading->interest));
    return TOC_OK;
}

toc_rc toc_roster_read(const struct toc_bus_conf *conf, struct toc_bus_log log,
        struct toc_slice member, struct toc_slice interest, struct toc_roster *out,
        struct toc_err *err)
{
    struct reading reading = {.member = member, .interest = interest};
    struct toc_topic_name topic = toc_topic(conf->prefix, TOC_TOPIC_ROSTER, member);
    toc_arena_init(&reading.roster.arena, ARENA_BYTES_MAX);
    toc_rc rc = read_topic(&reading, conf, log, topic.text, err);
    if (!toc_failed(rc))
        rc = check(&reading, err);
    if (toc_failed(rc))
        toc_roster_done(&reading.roster);
    else
        *out = reading.roster;
    return rc;
}

void toc_roster_done(struct toc_roster *roster)
{
    toc_arena_done(&roster->arena);
    *roster = (struct toc_roster){0};
}
