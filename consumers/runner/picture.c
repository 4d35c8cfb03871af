#include "consumers/runner/picture.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/topics.h"
#include "schemas/head.h"
#include "schemas/interest_change.h"

#define ARENA_BYTES_MAX                                                                            \
    ((size_t)8 * 1024 * 1024) // one record, decoded; Kafka's records are under 1 MiB
#define AGE_EVERY_MS 10000

struct slot {
    struct toc_output *output;
    int64_t retry_at_ms; // after a failed write
};

struct toc_picture {
    struct toc_picture_conf conf;
    struct slot slots[TOC_PICTURE_OUTPUTS_MAX];
    size_t slot_count;
    struct toc_fresh fresh;
    int64_t positions[TOC_PARTITIONS_MAX]; // highest offset had of each partition, or -1
    struct toc_picture_counts counts;
    bool ageing; // some partition was cut off when it was last looked at
    bool stale;
    int64_t aged_at_ms;
    struct toc_arena arena; // of the record at hand
    struct toc_buf line;
};

toc_rc toc_picture_new(
        const struct toc_picture_conf *conf, struct toc_picture **out, struct toc_err *err)
{
    struct toc_picture *picture = toc_mem_alloc(1, sizeof *picture);
    TOC_ENSURE(picture != NULL, err, TOC_E_MEMORY, "no memory for the picture");
    picture->conf = *conf;
    picture->fresh.stale_ms = conf->stale_ms;
    toc_arena_init(&picture->arena, ARENA_BYTES_MAX);
    toc_buf_init(&picture->line, TOC_SINK_LINE_BYTES_MAX);
    *out = picture;
    return TOC_OK;
}

void toc_picture_free(struct toc_picture *picture)
{
    if (picture == NULL)
        return;
    for (size_t i = 0; i < picture->slot_count; i++)
        toc_output_free(picture->slots[i].output);
    toc_arena_done(&picture->arena);
    toc_buf_done(&picture->line);
    toc_mem_free(picture);
}

toc_rc toc_picture_add(struct toc_picture *picture, struct toc_output *output, struct toc_err *err)
{
    TOC_ENSURE(picture->slot_count < TOC_PICTURE_OUTPUTS_MAX, err, TOC_E_LIMIT,
            "more than %d outputs", TOC_PICTURE_OUTPUTS_MAX);
    picture->slots[picture->slot_count++].output = output;
    return TOC_OK;
}

size_t toc_picture_outputs(const struct toc_picture *picture)
{
    return picture->slot_count;
}

struct toc_output *toc_picture_output(const struct toc_picture *picture, size_t index)
{
    return index < picture->slot_count ? picture->slots[index].output : NULL;
}

struct toc_fresh *toc_picture_fresh(struct toc_picture *picture)
{
    return &picture->fresh;
}

struct toc_picture_counts toc_picture_counts(const struct toc_picture *picture)
{
    return picture->counts;
}

// ---- telling ----

void toc_picture_begins(struct toc_picture *picture, size_t partitions)
{
    picture->fresh.partitions = partitions;
    for (size_t i = 0; i < TOC_PARTITIONS_MAX; i++)
        picture->positions[i] = -1;
    for (size_t i = 0; i < picture->slot_count; i++) {
        toc_output_picture_begins(picture->slots[i].output);
        toc_output_ask(picture->slots[i].output, &picture->conf.gate);
    }
}

bool toc_picture_ends(struct toc_picture *picture)
{
    if (toc_fresh_as_of(&picture->fresh) == 0)
        return false;
    for (size_t i = 0; i < picture->slot_count; i++)
        toc_output_picture_ends(picture->slots[i].output);
    return true;
}

// ---- records ----

static void withdraw(struct toc_picture *picture, const uint8_t key[TOC_KEY_BYTES])
{
    for (size_t i = 0; i < picture->slot_count; i++)
        toc_output_withdraw(picture->slots[i].output, key);
}

// The line of this sink for the indicator, in picture->line; false when there is none.
static bool render(struct toc_picture *picture, const struct toc_sink *sink,
        const struct toc_indicator *indicator, int64_t published_ms)
{
    struct toc_sink_picture of = {
            .audience = picture->conf.audience, .marking = picture->conf.marking};
    toc_buf_clear(&picture->line);
    if (sink->takes == TOC_SINK_TAKES_BLOCK && indicator->now.advice != TOC_ADVICE_BLOCK)
        return false;
    return sink->entry(&of, indicator, published_ms, &picture->line) && !picture->line.failed;
}

static toc_rc offer(struct toc_picture *picture, const struct toc_indicator *indicator,
        const struct toc_output_fact *fact, int64_t published_ms, struct toc_err *err)
{
    enum toc_admit verdict =
            toc_sink_admit(&picture->conf.gate, indicator->kind, indicator->value, NULL);
    picture->counts.shut[verdict]++;
    for (size_t i = 0; i < picture->slot_count; i++) {
        struct toc_output *output = picture->slots[i].output;
        if (render(picture, toc_output_sink(output), indicator, published_ms))
            TOC_TRY(toc_output_offer(
                    output, fact, toc_buf_slice(&picture->line), verdict != TOC_ADMITTED, err));
        else
            toc_output_withdraw(output, fact->key);
    }
    return TOC_OK;
}

static toc_rc take(struct toc_picture *picture, const struct toc_indicator *indicator,
        const uint8_t key[TOC_KEY_BYTES], const struct toc_picture_record *record,
        struct toc_err *err)
{
    picture->counts.records++;
    if (!toc_expr_matches(
                picture->conf.interest, indicator->kind, indicator->value, &indicator->now)) {
        withdraw(picture, key);
        return TOC_OK;
    }
    struct toc_output_fact fact = {
            .kind = indicator->kind,
            .value = indicator->value,
            .score = indicator->now.has_score ? indicator->now.score : -1,
            .partition = record->partition,
            .drop_after_ms = indicator->has_drop_after ? indicator->drop_after : 0,
    };
    memcpy(fact.key, key, sizeof fact.key);
    return offer(picture, indicator, &fact, record->published_ms, err);
}

// The key that kind and value have, which must be the one the record claims and lie in its partition:
// a line under a false key could never be withdrawn by the true one.
static toc_rc check_key(const struct toc_picture *picture, const struct toc_indicator *indicator,
        struct toc_slice claimed, int32_t partition, uint8_t out[TOC_KEY_BYTES],
        struct toc_err *err)
{
    char hex[TOC_KEY_HEX];
    TOC_ENSURE(toc_canon_check(indicator->kind, indicator->value) == TOC_REFUSAL_NONE, err,
            TOC_E_REFUSED, "indicator %s: its value is not canonical", TOC_SHOW(claimed));
    toc_indicator_key(indicator->kind, indicator->value, out);
    toc_key_hex(out, hex);
    TOC_ENSURE(toc_slice_is(claimed, hex) && toc_slice_is(indicator->id, hex), err, TOC_E_REFUSED,
            "indicator %s: its key is %s", TOC_SHOW(claimed), hex);
    uint32_t home = toc_key_partition(out, (uint32_t)picture->fresh.partitions);
    TOC_ENSURE(home == (uint32_t)partition, err, TOC_E_REFUSED,
            "indicator %s: its partition is %u, not %d", hex, (unsigned)home, (int)partition);
    return TOC_OK;
}

static toc_rc check_partition(
        const struct toc_picture *picture, int32_t partition, struct toc_err *err)
{
    TOC_ENSURE(partition >= 0 && (size_t)partition < picture->fresh.partitions, err, TOC_E_RANGE,
            "partition %d of %zu", (int)partition, picture->fresh.partitions);
    return TOC_OK;
}

static bool was_had(struct toc_picture *picture, int32_t partition, int64_t offset)
{
    bool had = offset <= picture->positions[partition];
    if (had)
        picture->counts.repeated++;
    else
        picture->positions[partition] = offset;
    return had;
}

static toc_rc take_head(
        struct toc_picture *picture, int32_t partition, struct toc_slice value, struct toc_err *err)
{
    struct toc_head head;
    TOC_TRY(toc_head_get(value, &picture->arena, &head, err));
    toc_fresh_head(&picture->fresh, partition, head.stream_time);
    return TOC_OK;
}

toc_rc toc_picture_head(
        struct toc_picture *picture, int32_t partition, struct toc_slice value, struct toc_err *err)
{
    toc_arena_reset(&picture->arena);
    return take_head(picture, partition, value, err);
}

static toc_rc take_record(
        struct toc_picture *picture, const struct toc_picture_record *record, struct toc_err *err)
{
    struct toc_indicator indicator;
    uint8_t key[TOC_KEY_BYTES];
    if (toc_slice_is(record->key, TOC_HEAD_KEY))
        return record->tombstone ? TOC_OK
                                 : take_head(picture, record->partition, record->value, err);
    if (record->tombstone) {
        TOC_ENSURE(toc_parse_hex(record->key, key, sizeof key), err, TOC_E_SYNTAX,
                "a tombstone whose key is no indicator's");
        withdraw(picture, key);
        return TOC_OK;
    }
    TOC_TRY(toc_indicator_get(record->value, &picture->arena, &indicator, err));
    TOC_TRY(check_key(picture, &indicator, record->key, record->partition, key, err));
    return take(picture, &indicator, key, record, err);
}

static toc_rc counted(struct toc_picture *picture, toc_rc rc)
{
    picture->counts.refused += toc_failed(rc);
    return rc;
}

toc_rc toc_picture_record(
        struct toc_picture *picture, const struct toc_picture_record *record, struct toc_err *err)
{
    TOC_TRY(check_partition(picture, record->partition, err));
    if (was_had(picture, record->partition, record->offset))
        return TOC_OK;
    toc_arena_reset(&picture->arena);
    return counted(picture, take_record(picture, record, err));
}

static toc_rc take_change(
        struct toc_picture *picture, const struct toc_picture_record *record, struct toc_err *err)
{
    struct toc_interest_change change;
    struct toc_picture_record source = *record;
    uint8_t key[TOC_KEY_BYTES];
    TOC_TRY(toc_interest_change_get(record->value, &picture->arena, &change, err));
    TOC_ENSURE(toc_slice_is(change.audience, picture->conf.audience), err, TOC_E_REFUSED,
            "a change of the audience %s", TOC_SHOW(change.audience));
    TOC_TRY(check_partition(picture, change.partition, err));
    source.partition = change.partition;
    source.offset = change.offset;
    TOC_TRY(check_key(picture, &change.indicator, change.indicator.id, source.partition, key, err));
    if (was_had(picture, source.partition, source.offset))
        return TOC_OK;
    if (change.change != TOC_CHANGE_LEAVE)
        return take(picture, &change.indicator, key, &source, err);
    withdraw(picture, key);
    return TOC_OK;
}

toc_rc toc_picture_change(
        struct toc_picture *picture, const struct toc_picture_record *record, struct toc_err *err)
{
    if (record->tombstone)
        return TOC_OK;
    toc_arena_reset(&picture->arena);
    return counted(picture, take_change(picture, record, err));
}

// ---- the member's word, and the clock's ----

void toc_picture_allow(struct toc_picture *picture, const struct toc_guard *allowed, size_t count)
{
    picture->conf.gate.allowed = allowed;
    picture->conf.gate.allowed_count = count;
    for (size_t i = 0; i < picture->slot_count; i++) {
        toc_output_ask(picture->slots[i].output, &picture->conf.gate);
        toc_output_touch(picture->slots[i].output); // RPZ lists them
    }
}

static bool is_cut_off(const struct toc_fresh *fresh, int64_t now_ms)
{
    for (size_t i = 0; i < fresh->partitions; i++)
        if (toc_fresh_is_cut_off(fresh, (int32_t)i, now_ms))
            return true;
    return false;
}

static void age(struct toc_picture *picture, int64_t now_ms)
{
    bool cut_off = is_cut_off(&picture->fresh, now_ms),
         stale = toc_fresh_is_stale(&picture->fresh, now_ms);
    int64_t since = now_ms - picture->aged_at_ms;
    bool due = cut_off != picture->ageing || stale != picture->stale ||
               (cut_off && (since < 0 || since >= AGE_EVERY_MS));
    for (size_t i = 0; due && i < picture->slot_count; i++) {
        toc_output_age(picture->slots[i].output, &picture->fresh, now_ms);
        if (stale != picture->stale)
            toc_output_touch(picture->slots[i].output);
    }
    if (due)
        picture->aged_at_ms = now_ms;
    picture->ageing = cut_off;
    picture->stale = stale;
}

toc_rc toc_picture_publish(struct toc_picture *picture, size_t output, int64_t now_ms,
        bool *out_written, struct toc_err *err)
{
    struct slot *slot = &picture->slots[output];
    age(picture, now_ms);
    struct toc_sink_picture of = {.audience = picture->conf.audience,
            .marking = picture->conf.marking,
            .as_of_ms = toc_fresh_as_of(&picture->fresh),
            .stale = picture->stale};
    struct toc_sink_page page = {.picture = &of,
            .written_ms = now_ms,
            .allowed = picture->conf.gate.allowed,
            .allowed_count = picture->conf.gate.allowed_count};
    *out_written = false;
    if (now_ms < slot->retry_at_ms && slot->retry_at_ms - now_ms <= TOC_PICTURE_RETRY_MS)
        return TOC_OK;
    toc_rc rc = toc_output_publish(slot->output, &page, out_written, err);
    slot->retry_at_ms = toc_failed(rc) ? now_ms + TOC_PICTURE_RETRY_MS : 0;
    return rc;
}
