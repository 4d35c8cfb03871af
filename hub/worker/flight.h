// What is on its way: for each input partition, how far its offset may be committed when what was sent for its
// records is confirmed in any order. Below a lane's `confirmed` everything has landed. No Kafka here.
// Inside hub/worker only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct flown; // one input record; a send's opaque pointer

struct lane { // one input partition; its fields are for reading
    char *topic;
    int32_t partition;
    int what;          // the caller's
    int64_t confirmed; // next offset that may be committed
    int64_t committed; // the caller's: as last committed
    struct flown *first, *last;
    bool closed; // freed with its last record
};

struct flight {
    struct lane **lanes; // open ones
    size_t count, cap;
    size_t waiting; // sends without a word yet
    bool failed;    // something has to be sent again: begin nothing more, and once nothing waits, go back
};

TOC_NODISCARD toc_rc flight_open(struct flight *flight, const char *topic, int32_t partition, int what, int64_t next,
        struct toc_err *err);
struct lane *flight_find(const struct flight *flight, const char *topic, int32_t partition); // NULL: none
// What is still on its way for the lane no longer counts.
void flight_close(struct flight *flight, struct lane *lane);
void flight_done(struct flight *flight); // nothing may wait

// A record is taken; NULL: out of memory. Then a `sent` for each send, and one `taken` when no more follows;
// each send's report is `landed`. ok = false: it has to be taken again.
struct flown *flight_take(struct lane *lane, int64_t offset);
void flight_sent(struct flight *flight, struct flown *flown);
void flight_taken(struct flight *flight, struct flown *flown, bool ok);
void flight_landed(struct flight *flight, struct flown *flown, bool ok);

// After a failure, when nothing waits: what was not confirmed is forgotten; the caller reads each lane from its
// `confirmed` again.
void flight_back(struct flight *flight);
