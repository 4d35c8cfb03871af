#include "hub/fuse/account.h"

#include <stdio.h>
#include <string.h>

#include "hub/fuse/quota.h"
#include "lib/base/digest.h"
#include "schemas/quarantine.h"

toc_rc account_quarantine(struct toc_fuse *fuse, const struct toc_fuse_input *input, struct toc_slice member,
        enum toc_refusal code, struct toc_refused_observation *refusals, size_t count, struct toc_err *err)
{
    struct toc_quarantine q = {
            .partition = fuse->conf.partition,
            .offset = input->offset,
            .length = (int64_t)input->value.len,
            .member = member,
            .code = toc_slice_of(toc_refusal_code(code)),
            .refusals = refusals,
            .refusals_count = count,
    };
    fuse->totals.refusals[code] += code != TOC_REFUSAL_NONE;
    toc_sha256(input->value.ptr, input->value.len, q.digest);
    char key[48];
    snprintf(key, sizeof key, "%d/%lld", q.partition, (long long)q.offset);
    toc_buf_clear(&fuse->value);
    toc_quarantine_put(&q, &fuse->value);
    TOC_TRY(toc_buf_check(&fuse->value, "a quarantine record", err));
    return step_emit(fuse, TOC_OUT_QUARANTINE, -1, toc_slice_of(key), toc_buf_slice(&fuse->value),
            fuse->roll.clock.stream_time, err);
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
        TOC_TRY(account_quarantine(fuse, account->input, r->member, code, NULL, 0, err));
    return account_receipt(fuse, account, err);
}
