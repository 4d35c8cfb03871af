// librdkafka's connection errors in words a member understands. Pure; inside lib/bus only.
#pragma once

#include <stddef.h>

#include "lib/bus/conf.h"

// What went wrong with a connection, out of one of librdkafka's log lines. `certificate_error` is the
// last X509_V_ERR_* (openssl/x509_vfy.h) met while checking a broker's certificate, 0 = none.
// Returns out, always filled: a line that is not known keeps its own words.
const char *toc_bus_words(const struct toc_bus_conf *conf, const char *raw, int certificate_error,
        char *out, size_t size);

// librdkafka's message when a handle cannot be made, likewise.
const char *toc_bus_setup_words(
        const struct toc_bus_conf *conf, const char *raw, char *out, size_t size);
