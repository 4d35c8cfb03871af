// tocsin-subscribe --check: whether this machine has what a start needs, without a broker and without
// changing anything: genesis, interest, sinks, allow file.
#pragma once

#include <stdio.h>

#include "consumers/runner/subscribe.h"

// Says to `out` what would be done, a line each. The first thing that is wrong fails: USAGE and SYNTAX as
// toc_subscribe_run; NOTFOUND, IO, BUSY: a file or folder; AUTH: genesis.
TOC_NODISCARD toc_rc toc_subscribe_check(
        const struct toc_subscribe_options *options, FILE *out, struct toc_err *err);
