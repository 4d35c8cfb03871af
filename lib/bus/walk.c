#include "lib/bus/walk.h"

#include <inttypes.h>

#define POLL_MS 500
#define SILENCE_MS 30000

static toc_rc take(const struct toc_walk *walk, struct toc_poll *poll, struct toc_err *err)
{
    if (poll->kind == TOC_POLL_RECORD) {
        toc_rc rc = walk->take(walk->ctx, &poll->record, err);
        toc_record_done(&poll->record);
        return rc;
    }
    if (poll->kind != TOC_POLL_SKIPPED)
        return TOC_OK;
    TOC_ENSURE(walk->skipped != NULL, err, TOC_E_STATE,
            "%s, partition %" PRId32 " offset %" PRId64 ": cannot be decoded", poll->topic,
            poll->partition, poll->offset);
    *walk->skipped += (uint64_t)(poll->next - poll->offset);
    return TOC_OK;
}

static toc_rc take_all(
        const struct toc_walk *walk, struct toc_consumer *reader, struct toc_err *err)
{
    int64_t silence_ms = walk->silence_ms != 0 ? walk->silence_ms : SILENCE_MS;
    int64_t heard = toc_monotonic_ms(walk->clock);
    while (!toc_consumer_ended(reader)) {
        struct toc_poll poll;
        toc_rc rc = toc_consumer_poll(reader, POLL_MS, &poll, err);
        if (toc_failed(rc) && (err->fate != TOC_FATE_RETRY || rc.code == TOC_E_AUTH))
            return rc;
        if (toc_failed(rc) || poll.kind == TOC_POLL_NOTHING) {
            if (toc_monotonic_ms(walk->clock) - heard <= silence_ms)
                continue;
            return toc_failed(rc) ? rc : toc_fail(err, TOC_E_TIMEOUT, "the broker is silent");
        }
        TOC_TRY(take(walk, &poll, err));
        heard = toc_monotonic_ms(walk->clock);
    }
    return TOC_OK;
}

toc_rc toc_walk(const struct toc_bus_conf *conf, struct toc_bus_log log,
        const struct toc_walk *walk, const struct toc_consumer_start *starts, size_t count,
        struct toc_err *err)
{
    const struct toc_consumer_opts opts = {.isolation = TOC_READ_COMMITTED, .small_waits = true};
    struct toc_consumer *reader;
    TOC_TRY(toc_consumer_read(conf, log, &opts, starts, count, &reader, err));
    toc_rc rc = take_all(walk, reader, err);
    toc_consumer_close(reader, NULL);
    if (toc_failed(rc) && err != NULL)
        err->fate = TOC_FATE_FATAL;
    return rc;
}
