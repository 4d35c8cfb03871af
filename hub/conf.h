// hub.conf: read once at start.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/config.h"
#include "lib/base/err.h"
#include "lib/bus/conf.h"

struct toc_hub_conf {
    const char *hub_id;
    const char *genesis_digest;  // hex
    const char *deployment_key;  // file of 32 bytes, 0600
    const char *signing_key;     // Ed25519, signs ticks
    const char *socket;          // Unix socket for tocsinctl, 0600
    int64_t workers;
    int64_t commit_ms;
    int64_t session_ms;
    int64_t fetch_kbytes;
    struct toc_bus_conf kafka;
    struct {
        const char *address;
        int64_t port;
        bool remote; // address may be other than loopback
    } http;
};

extern const struct toc_conf_row toc_hub_rows[];

TOC_NODISCARD toc_rc toc_hub_conf_load(const char *path, struct toc_hub_conf *out, struct toc_conf **owner, struct toc_err *err);
