// Sends whole submissions from the spool to `submit`. Within a partition one record is on the way at a
// time: the hub takes only what is above the highest number it holds of a writer, so a record that
// was lost and sent again behind its successor would never be taken.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/bus/conf.h"
#include "producers/runner/spool.h"

struct toc_sender; // one thread

struct toc_sender_options {
    const struct toc_bus_conf *kafka;
    struct toc_bus_log log;
    int64_t delivery_ms; // a record not stored by then ends the attempt; 0 = 30,000
    // Called while waiting, at least every 100 ms; true = give up (a signal). NULL = never.
    bool (*stop)(void *ctx);
    // The broker has stored a segment. A failure ends the attempt. NULL = nobody wants to know.
    toc_rc (*stored)(
            void *ctx, int64_t seq, int32_t index, int32_t observations, struct toc_err *err);
    void *ctx;
};

TOC_NODISCARD toc_rc toc_sender_open(
        const struct toc_sender_options *options, struct toc_sender **out, struct toc_err *err);
void toc_sender_close(struct toc_sender *sender); // NULL is fine

// Sends what of this submission the broker has not yet stored, and removes it from the spool. On a
// failure it stays and a later call goes on: TIMEOUT or KAFKA (no broker answers), AUTH (no right to
// write), REFUSED (the broker refuses a record for good, or stopped by `stop`), IO, STATE.
TOC_NODISCARD toc_rc toc_sender_send(
        struct toc_sender *sender, struct toc_spool *spool, int64_t seq, struct toc_err *err);
