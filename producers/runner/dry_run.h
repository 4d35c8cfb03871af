// --dry-run: what would be sent, on standard output.
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "lib/base/err.h"
#include "producers/runner/plan.h"

// One observation a line, in the order in which it would be sent: in words, or in its JSON form.
TOC_NODISCARD toc_rc toc_dry_run_print(
        struct toc_plan *plan, bool json, FILE *out, struct toc_err *err);
