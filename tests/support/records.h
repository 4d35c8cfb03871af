// Every record that is a message of its own, for tests that go over all of them.
#pragma once

#include "lib/avro/rt.h"

extern const struct toc_avro_record *const records[];
extern const size_t record_count;

const struct toc_avro_record *record_named(const char *name); // NULL when there is none
