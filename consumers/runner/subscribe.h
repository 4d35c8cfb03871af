// The running subscriber: subscription, picture, outputs, the allow file and the clock in one loop.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/member/conf.h"

struct toc_subscribe_options { // borrowed
    const struct toc_member_conf *conf;
    const char *interest;     // id or expression; NULL: everything
    const char *const *sinks; // "NAME:PATH"
    size_t sink_count;
    bool once;   // end when the first picture stands in the outputs
    bool accept; // what the brake would hold of the first picture is accepted
    int signals; // a non-blocking signalfd: any signal ends it cleanly
};

// Ends with OK after `once` or a signal. USAGE: an option is wrong; anything else: it could not go on.
TOC_NODISCARD toc_rc toc_subscribe_run(
        const struct toc_subscribe_options *options, struct toc_err *err);

// Where the allow file and the outputs' states of this configuration are.
TOC_NODISCARD toc_rc toc_subscribe_allow_path(
        const struct toc_member_conf *conf, char out[], struct toc_err *err);
TOC_NODISCARD toc_rc toc_subscribe_dir(
        const struct toc_member_conf *conf, char out[], struct toc_err *err);
