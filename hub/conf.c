#include "hub/conf.h"

#include <string.h>

#include "lib/base/text.h"

static toc_rc check_id(const void *value, struct toc_err *err)
{
    const char *id = *(const char *const *)value;
    TOC_ENSURE(toc_id_valid(toc_slice_of(id)), err, TOC_E_USAGE, "hub_id is not of the form [a-z0-9][a-z0-9._-]{0,62}");
    return TOC_OK;
}

static toc_rc check_digest(const void *value, struct toc_err *err)
{
    uint8_t digest[32];
    const char *hex = *(const char *const *)value;
    TOC_ENSURE(toc_parse_hex(toc_slice_of(hex), digest, sizeof digest), err, TOC_E_USAGE,
            "genesis_digest is not 64 hex digits: take it from `tocsinctl init`");
    return TOC_OK;
}

#define ROW(n, t, f, ...) {.name = (n), .type = (t), .offset = offsetof(struct toc_hub_conf, f), __VA_ARGS__}

const struct toc_conf_row toc_hub_rows[] = {
        ROW("hub_id", TOC_CONF_TEXT, hub_id, .required = true, .fallback = "\"hub-1\"", .check = check_id,
                .doc = "Name of this hub process, unlike that of any other one of the deployment; the same after a restart."),
        ROW("genesis_digest", TOC_CONF_TEXT, genesis_digest, .required = true, .check = check_digest,
                .fallback = "\"0000000000000000000000000000000000000000000000000000000000000000\"",
                .doc = "SHA-256 of the genesis record, as `tocsinctl init` printed it. Nothing before that record counts."),
        ROW("deployment_key", TOC_CONF_PATH, deployment_key, .required = true, .fallback = "\"deployment.key\"",
                .doc = "File of 32 secret bytes (0600) that key the provenance of source rows; the same for every hub of the deployment."),
        ROW("signing_key", TOC_CONF_PATH, signing_key, .required = true, .fallback = "\"hub.signing.key\"",
                .doc = "Ed25519 key (PKCS#8 PEM, 0600) that signs ticks; root granted it the role hub."),
        ROW("socket", TOC_CONF_PATH, socket, .fallback = "\"hub.sock\"",
                .doc = "Unix socket on which `tocsinctl status` and `explain` ask this hub; only its owner can."),
        ROW("workers", TOC_CONF_INT, workers, .fallback = "2", .min = 1, .max = 256,
                .doc = "Fuse workers, one thread each; at most one a partition does anything."),
        ROW("commit", TOC_CONF_DURATION, commit_ms, .fallback = "\"50ms\"", .min = 5, .max = 5000,
                .doc = "Longest time a record waits for the end of its transaction."),
        ROW("session", TOC_CONF_DURATION, session_ms, .fallback = "\"30s\"", .min = 6000, .max = 1800000,
                .doc = "How long a hub that is gone keeps its partitions for its return; then the others take them over. "
                       "A restart must be quicker; the broker allows 6 s to 30 min unless told otherwise."),
        ROW("fetch_kbytes", TOC_CONF_INT, fetch_kbytes, .fallback = "65536", .min = 1024, .max = 4194304,
                .doc = "KiB of records a worker fetches ahead; hold a second of input (262144 at full speed)."),
        TOC_BUS_CONF_ROWS(struct toc_hub_conf, kafka, "9093", "hub-ca.crt", "hub"),
        ROW("http.address", TOC_CONF_TEXT, http.address, .fallback = "\"127.0.0.1\"",
                .doc = "Address for /metrics, /livez, /readyz."),
        ROW("http.port", TOC_CONF_INT, http.port, .fallback = "9110", .min = 0, .max = 65535,
                .doc = "Port; 0 lets the system choose."),
        ROW("http.remote", TOC_CONF_BOOL, http.remote, .fallback = "false",
                .doc = "Whether the address may be other than loopback; the pages tell volumes to whoever reads them."),
        {0},
};

toc_rc toc_hub_conf_load(const char *path, struct toc_hub_conf *out, struct toc_conf **owner, struct toc_err *err)
{
    memset(out, 0, sizeof *out);
    return toc_conf_load(path, toc_hub_rows, out, owner, err);
}
