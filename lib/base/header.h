// A named value that stands beside a record, not in it: a Kafka header.
#pragma once

#include "lib/base/slice.h"

struct toc_header {
    const char *name; // ASCII
    struct toc_slice value;
};
