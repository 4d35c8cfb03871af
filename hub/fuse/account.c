#include "hub/fuse/account.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hub/fuse/quota.h"
#include "lib/base/digest.h"
#include "schemas/quarantine.h"

#define HEADER_CODE "tocsin.error.code"
#define HEADER_OBSERVATIONS "tocsin.error.observations"

// The same codes as in the record, each once, for whoever sorts or counts without decoding; and how many
// observations of an authenticated sender are lost.
struct headers {
    struct toc_header items[TOC_REFUSAL_COUNT + 1];
    size_t count;
    char observations[24];
};

static void add_code(struct headers *h, struct toc_slice code)
{
    for (size_t i = 0; i < h->count; i++)
        if (toc_slice_eq(h->items[i].value, code))
            return;
    h->items[h->count++] = (struct toc_header){.name = HEADER_CODE, .value = code};
}

static void make_headers(const struct toc_quarantine *q, int64_t observations, struct headers *out)
{
    out->count = 0;
    if (q->code.len != 0)
        add_code(out, q->code);
    for (size_t i = 0; i < q->refusals_count; i++)
        add_code(out, q->refusals[i].code);
    snprintf(out->observations, sizeof out->observations, "%" PRId64, observations);
    out->items[out->count++] =
            (struct toc_header){.name = HEADER_OBSERVATIONS, .value = toc_slice_of(out->observations)};
}

static toc_rc put_quarantine(struct toc_fuse *fuse, const struct toc_fuse_input *input, struct toc_quarantine *q,
        int64_t observations, struct toc_err *err)
{
    char key[48];
    struct headers headers;
    q->partition = fuse->conf.partition;
    q->offset = input->offset;
    q->length = (int64_t)input->value.len;
    toc_sha256(input->value.ptr, input->value.len, q->digest);
    snprintf(key, sizeof key, "%d/%lld", q->partition, (long long)q->offset);
    make_headers(q, observations, &headers);
    toc_buf_clear(&fuse->value);
    toc_quarantine_put(q, &fuse->value);
    TOC_TRY(toc_buf_check(&fuse->value, "a quarantine record", err));
    const struct toc_fuse_record record = {
            .where = TOC_OUT_QUARANTINE,
            .audience = -1,
            .key = toc_slice_of(key),
            .value = toc_buf_slice(&fuse->value),
            .time = fuse->roll.clock.stream_time,
            .headers = headers.items,
            .header_count = headers.count,
    };
    return fuse->emit(fuse->emit_ctx, &record, err);
}

toc_rc account_quarantine(struct toc_fuse *fuse, const struct toc_fuse_input *input, struct toc_slice holder,
        enum toc_refusal code, struct toc_err *err)
{
    struct toc_quarantine q = {.member = holder, .code = toc_slice_of(toc_refusal_code(code))};
    fuse->totals.refusals[code]++;
    return put_quarantine(fuse, input, &q, 0, err);
}

toc_rc account_quarantine_segment(struct toc_fuse *fuse, const struct account *account, enum toc_refusal code,
        struct toc_err *err)
{
    const struct toc_receipt *r = &account->receipt;
    struct toc_quarantine q = {.member = r->member, .code = r->code, .refusals = r->refusals, .refusals_count = r->refusals_count};
    fuse->totals.refusals[code] += code != TOC_REFUSAL_NONE;
    return put_quarantine(fuse, account->input, &q, r->quarantined, err);
}

toc_rc account_receipt(struct toc_fuse *fuse, struct account *account, struct toc_err *err)
{
    struct toc_receipt *r = &account->receipt;
    struct toc_buf key;
    toc_buf_init(&key, 64);
    toc_buf_put_hex(&key, r->writer, sizeof r->writer);
    toc_buf_printf(&key, "/%lld/%d", (long long)r->seq, r->index);
    toc_buf_clear(&fuse->value);
    toc_receipt_put(r, &fuse->value);
    toc_rc rc = toc_buf_check(&fuse->value, "a receipt", err);
    if (!toc_failed(rc))
        rc = step_emit(fuse, TOC_OUT_RECEIPTS, -1, toc_buf_slice(&key), toc_buf_slice(&fuse->value),
                fuse->roll.clock.stream_time, err);
    toc_buf_done(&key);
    return rc;
}

toc_rc account_book(struct toc_fuse *fuse, const struct account *account, struct toc_err *err)
{
    const struct toc_receipt *r = &account->receipt;
    struct toc_count_row row;
    TOC_TRY(count_load(fuse, r->member, &row, err));
    row.segments++;
    row.sent += r->observations;
    row.changed += r->changed;
    row.unchanged += r->unchanged;
    row.quarantined += r->quarantined;
    row.repeated += r->repeated;
    row.gaps += r->missing_after != NULL;
    row.alarms += r->alarm.len != 0;
    fuse->totals.segments++;
    fuse->totals.observations += (uint64_t)r->observations;
    fuse->totals.changed += (uint64_t)r->changed;
    fuse->totals.unchanged += (uint64_t)r->unchanged;
    fuse->totals.quarantined += (uint64_t)r->quarantined;
    fuse->totals.repeated += (uint64_t)r->repeated;
    return count_save(fuse, r->member, &row, err);
}

void account_open(struct toc_fuse *fuse, const struct toc_fuse_input *input, const struct admitted *a,
        const struct toc_segment *segment, struct account *out)
{
    out->input = input;
    out->segment = segment;
    toc_receipt_init(&out->receipt);
    struct toc_receipt *r = &out->receipt;
    r->member = segment->member;
    memcpy(r->writer, segment->writer, sizeof r->writer);
    r->seq = segment->seq;
    r->index = segment->index;
    r->count = segment->count;
    r->partition = fuse->conf.partition;
    r->stream_time = fuse->roll.clock.stream_time;
    r->observations = a->envelope.observations;
    r->refusals = out->refusals;
}

toc_rc account_refuse(struct toc_fuse *fuse, struct account *account, enum toc_refusal code, struct toc_err *err)
{
    struct toc_receipt *r = &account->receipt;
    bool repeated = code == TOC_REFUSAL_SEGMENT_REPEATED;
    r->code = toc_slice_of(toc_refusal_code(code));
    r->repeated = repeated ? r->observations : 0;
    r->quarantined = repeated ? 0 : r->observations;
    if (code == TOC_REFUSAL_SEGMENT_REUSED)
        r->alarm = TOC_S("key-in-use-twice");
    TOC_TRY(account_book(fuse, account, err));
    if (!repeated)
        TOC_TRY(account_quarantine_segment(fuse, account, code, err));
    return account_receipt(fuse, account, err);
}
