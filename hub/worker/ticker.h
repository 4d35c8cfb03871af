// Ticks: the owner of a partition writes the time to it every 5 seconds, signed, outside the transaction.
// Inside hub/worker only.
#pragma once

#include "hub/worker/parts.h"

struct ticker;

TOC_NODISCARD toc_rc ticker_open(const struct toc_worker_conf *conf, struct ticker **out, struct toc_err *err);
// Sends what is due; call at least once a second. A tick that does not get through is only logged: time
// stands still until one does.
TOC_NODISCARD toc_rc ticker_turn(struct ticker *ticker, struct parts *parts, struct toc_err *err);
void ticker_close(struct ticker *ticker); // NULL is fine
