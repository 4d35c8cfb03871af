#include "producers/runner/receipts.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/mem.h"
#include "lib/bus/admin.h"
#include "lib/bus/consumer.h"
#include "lib/indicator/topics.h"
#include "schemas/receipt.h"

#define POLL_MS 100
#define ADMIN_MS 10000
#define QUEUE_KBYTES 1024
#define ARENA_BYTES_MAX (1024 * 1024)

// Segments of one submission that were sent and have no receipt yet.
struct expected {
    int64_t seq;
    uint8_t *open; // a bit per index
    size_t bytes;
};

struct toc_receipts {
    struct toc_receipts_options options;
    struct toc_consumer *consumer;
    struct toc_arena arena;
    struct expected *expected;
    size_t count, cap;
    uint8_t writer[8];
    struct toc_receipts_sums sums;
};

// ---- the topic

static toc_rc topic_end(
        const struct toc_receipts_options *o, const char *topic, int64_t *out, struct toc_err *err)
{
    struct toc_admin *admin = NULL;
    int64_t begin;
    TOC_TRY(toc_admin_open(o->kafka, o->log, ADMIN_MS, &admin, err));
    toc_rc rc = toc_admin_offsets(admin, topic, 0, TOC_READ_UNCOMMITTED, &begin, out, err);
    toc_admin_close(admin);
    return rc;
}

static toc_rc open_topic(struct toc_receipts *r, struct toc_err *err)
{
    const struct toc_receipts_options *o = &r->options;
    struct toc_topic_name topic =
            toc_topic(o->kafka->prefix, TOC_TOPIC_RECEIPTS, toc_slice_of(o->member));
    struct toc_consumer_opts opts = {.isolation = TOC_READ_COMMITTED, .queue_kbytes = QUEUE_KBYTES};
    struct toc_consumer_start start = {.topic = topic.text, .end = -1};
    TOC_TRY(topic_end(o, topic.text, &start.offset, err));
    return toc_consumer_read(o->kafka, o->log, &opts, &start, 1, &r->consumer, err);
}

toc_rc toc_receipts_open(
        const struct toc_receipts_options *options, struct toc_receipts **out, struct toc_err *err)
{
    struct toc_receipts *r = toc_mem_alloc(1, sizeof *r);
    TOC_ENSURE(r != NULL, err, TOC_E_MEMORY, "no memory for receipts");
    r->options = *options;
    memcpy(r->writer, options->writer, sizeof r->writer);
    toc_arena_init(&r->arena, ARENA_BYTES_MAX);
    toc_rc rc = options->kafka == NULL ? TOC_OK : open_topic(r, err);
    if (toc_failed(rc)) {
        toc_receipts_close(r);
        return toc_err_context(rc, err, "receipts");
    }
    *out = r;
    return TOC_OK;
}

void toc_receipts_close(struct toc_receipts *receipts)
{
    if (receipts == NULL)
        return;
    toc_consumer_close(receipts->consumer, NULL);
    for (size_t i = 0; i < receipts->count; i++)
        toc_mem_free(receipts->expected[i].open);
    toc_mem_free(receipts->expected);
    toc_arena_done(&receipts->arena);
    toc_mem_free(receipts);
}

// ---- expecting and taking

static struct expected *find(struct toc_receipts *r, int64_t seq)
{
    for (size_t i = r->count; i > 0; i--)
        if (r->expected[i - 1].seq == seq)
            return &r->expected[i - 1];
    return NULL;
}

static struct expected *find_or_add(struct toc_receipts *r, int64_t seq)
{
    struct expected *e = find(r, seq);
    void *items = r->expected;
    if (e != NULL)
        return e;
    if (toc_mem_grow(&items, &r->cap, r->count + 1, sizeof *e) != 0)
        return NULL;
    r->expected = items;
    e = &r->expected[r->count++];
    *e = (struct expected){.seq = seq};
    return e;
}

// Room for the bit of an index; new bits are 0.
static bool make_room(struct expected *e, int32_t index)
{
    void *bits = e->open;
    size_t cap = e->bytes, need = (size_t)index / 8 + 1;
    if (need <= e->bytes)
        return true;
    if (toc_mem_grow(&bits, &cap, need, 1) != 0)
        return false;
    memset((uint8_t *)bits + e->bytes, 0, cap - e->bytes);
    e->open = bits;
    e->bytes = cap;
    return true;
}

toc_rc toc_receipts_expect(struct toc_receipts *receipts, int64_t seq, int32_t index,
        int32_t observations, struct toc_err *err)
{
    struct expected *e = find_or_add(receipts, seq);
    TOC_ENSURE(index >= 0 && e != NULL && make_room(e, index), err, TOC_E_MEMORY,
            "no memory for receipts");
    e->open[index / 8] |= (uint8_t)(1u << (index % 8));
    receipts->sums.sent += (uint64_t)observations;
    receipts->sums.segments++;
    receipts->sums.segments_missing++;
    return TOC_OK;
}

// True the first time a receipt of an expected segment comes.
static bool is_awaited(struct toc_receipts *r, const struct toc_receipt *receipt)
{
    struct expected *e = find(r, receipt->seq);
    if (e == NULL || receipt->index < 0 || (size_t)receipt->index / 8 >= e->bytes)
        return false;
    uint8_t bit = (uint8_t)(1u << (receipt->index % 8));
    bool awaited = (e->open[receipt->index / 8] & bit) != 0;
    e->open[receipt->index / 8] &= (uint8_t)~bit;
    return awaited;
}

static void count_code(struct toc_receipts_sums *sums, struct toc_slice code, uint64_t observations)
{
    enum toc_refusal refusal;
    if (toc_refusal_parse(code, &refusal))
        sums->refused[refusal] += observations;
    else
        sums->refused_unknown += observations;
}

static void add(struct toc_receipts_sums *sums, const struct toc_receipt *receipt)
{
    sums->changed += (uint64_t)receipt->changed;
    sums->unchanged += (uint64_t)receipt->unchanged;
    sums->quarantined += (uint64_t)receipt->quarantined;
    sums->repeated += (uint64_t)receipt->repeated;
    sums->gap = sums->gap || receipt->missing_after != NULL;
    sums->alarm = sums->alarm || receipt->alarm.len > 0;
    sums->segments_missing--;
    if (receipt->code.len > 0 && receipt->quarantined > 0)
        count_code(sums, receipt->code, (uint64_t)receipt->quarantined);
    for (size_t i = 0; receipt->code.len == 0 && i < receipt->refusals_count; i++)
        count_code(sums, receipt->refusals[i].code, 1);
}

toc_rc toc_receipts_take(struct toc_receipts *receipts, struct toc_slice value, struct toc_err *err)
{
    struct toc_receipt receipt;
    toc_arena_reset(&receipts->arena);
    TOC_TRY(toc_receipt_get(value, &receipts->arena, &receipt, err));
    TOC_ENSURE(receipt.changed >= 0 && receipt.unchanged >= 0 && receipt.quarantined >= 0 &&
                       receipt.repeated >= 0,
            err, TOC_E_RANGE, "a receipt counts below zero");
    if (memcmp(receipt.writer, receipts->writer, sizeof receipts->writer) == 0 &&
            is_awaited(receipts, &receipt))
        add(&receipts->sums, &receipt);
    return TOC_OK;
}

static toc_rc poll_once(struct toc_receipts *r, struct toc_err *err)
{
    struct toc_poll poll;
    toc_rc rc = toc_consumer_poll(r->consumer, POLL_MS, &poll, err);
    if (toc_failed(rc))
        return err->fate == TOC_FATE_RETRY && err->code != TOC_E_AUTH ? TOC_OK : rc;
    if (poll.kind != TOC_POLL_RECORD)
        return TOC_OK;
    rc = poll.record.has_value ? toc_receipts_take(r, poll.record.value, err) : TOC_OK;
    toc_record_done(&poll.record);
    return rc;
}

toc_rc toc_receipts_wait(struct toc_receipts *receipts, int64_t timeout_ms, bool (*stop)(void *ctx),
        void *ctx, struct toc_err *err)
{
    struct toc_err unused = {0};
    int64_t end = toc_monotonic_ms(receipts->options.clock) + timeout_ms;
    if (err == NULL)
        err = &unused;
    while (receipts->sums.segments_missing > 0 && toc_monotonic_ms(receipts->options.clock) < end &&
            (stop == NULL || !stop(ctx)))
        TOC_TRY(poll_once(receipts, err));
    return TOC_OK;
}

const struct toc_receipts_sums *toc_receipts_sums(const struct toc_receipts *receipts)
{
    return &receipts->sums;
}

// ---- for people

void toc_receipts_print(const struct toc_receipts_sums *sums, FILE *out)
{
    fprintf(out, "sent        %9" PRIu64 "\n", sums->sent);
    fprintf(out, "accepted    %9" PRIu64 "\n", sums->changed + sums->unchanged);
    fprintf(out, "  changed   %9" PRIu64 "\n", sums->changed);
    fprintf(out, "quarantined %9" PRIu64 "\n", sums->quarantined);
    for (size_t i = 0; i < TOC_REFUSAL_COUNT; i++)
        if (sums->refused[i] > 0)
            fprintf(out, "  %9" PRIu64 "  %s: %s: %s\n", sums->refused[i],
                    toc_refusal_code((enum toc_refusal)i), toc_refusal_meaning((enum toc_refusal)i),
                    toc_refusal_todo((enum toc_refusal)i));
    if (sums->refused_unknown > 0)
        fprintf(out, "  %9" PRIu64 "  for a reason this version does not know\n",
                sums->refused_unknown);
    fprintf(out, "repeated    %9" PRIu64 "\n", sums->repeated);
    if (sums->segments_missing > 0)
        fprintf(out, "no receipt for %" PRIu64 " of %" PRIu64 " segments yet: the hub is behind or not running\n",
                sums->segments_missing, sums->segments);
    if (sums->gap)
        fprintf(out, "the hub misses earlier segments of this state directory: was a spool removed "
                     "by hand?\n");
    if (sums->alarm)
        fprintf(out, "ALARM: another publisher uses this key with the same numbers: call the "
                     "operator\n");
}

bool toc_receipts_all_accepted(const struct toc_receipts_sums *sums)
{
    return sums->segments_missing == 0 && sums->quarantined == 0 && !sums->alarm;
}
