// Kafka as the source of a picture: reads indicators.<audience> from the beginning, all partitions,
// committed records only, up to where they ended at the start and until each has shown a head; then
// follows, either that topic or interest.<id>, whose records name the position they come from. Every
// start is from the beginning: the outputs are replaced by what the log says now.
// @locality one thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "consumers/runner/picture.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/bus/conf.h"

struct toc_follow;

struct toc_follow_conf { // borrowed for as long as it is open
    const struct toc_bus_conf *bus;
    struct toc_bus_log log; // also for records that cannot be taken
    const char *audience;
    const char *interest; // id to follow; NULL: the audience itself
    int32_t partitions;   // of the deployment
};

// Tells the picture to begin, also when it then fails: nothing is known yet. AUTH when the member may not read the topic, NOTFOUND when there is none.
TOC_NODISCARD toc_rc toc_follow_open(const struct toc_follow_conf *conf,
        struct toc_picture *picture, struct toc_follow **out, struct toc_err *err);
void toc_follow_close(struct toc_follow *follow); // NULL is fine

// Takes at most one record, waiting up to timeout_ms for it; *out_idle: there was none. Failures by
// fate: RETRY, call again; FATAL, close and open anew (code MEMORY: end the program). A reader that
// heard nothing for over five days is FATAL too: what left meanwhile may have left the log as well.
TOC_NODISCARD toc_rc toc_follow_step(struct toc_follow *follow, int timeout_ms, int64_t now_ms,
        bool *out_idle, struct toc_err *err);

// The first picture was told (toc_picture_ends said so).
bool toc_follow_told(const struct toc_follow *follow);
// All was read that was there at the start, and only heads are missing: no hub has ever run.
bool toc_follow_lacks_heads(const struct toc_follow *follow);
