// The reference sets a hub has: read from the topic `reference` by digest, compiled once, shared by all
// workers. A set that is not there yet is looked for again at most once a second.
// @locality any thread; @locks its own.
#pragma once

#include "hub/reference/reference.h"
#include "lib/bus/conf.h"

struct toc_library;

TOC_NODISCARD toc_rc toc_library_new(const struct toc_bus_conf *bus, struct toc_bus_log log, struct toc_library **out,
        struct toc_err *err);
void toc_library_free(struct toc_library *library);

// A reference the caller keeps, or NULL: not in the topic, or its bytes do not compile (logged).
struct toc_reference_set *toc_library_get(struct toc_library *library, const struct toc_reference_use *use);
