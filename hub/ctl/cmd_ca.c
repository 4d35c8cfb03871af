// tocsinctl ca: the two authorities and every key of a deployment, made once on the operator's machine.

#include <stdio.h>
#include <string.h>

#include "hub/ctl/ctl.h"
#include "lib/base/cert.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"

#define CA_DAYS 3650
#define CERT_DAYS 825
#define QUICKSTART_DAYS 7
#define HOSTS_MAX 16

struct ca {
    const char *dir;
    const char *hosts[HOSTS_MAX + 1];
    size_t host_count;
    bool quickstart;
    int64_t days;
};

struct pair {
    char key[TOC_PATH_BYTES_MAX], crt[TOC_PATH_BYTES_MAX];
};

static toc_rc pair_of(const struct ca *ca, const char *name, struct pair *out, struct toc_err *err)
{
    char file[64];
    snprintf(file, sizeof file, "%s.key", name);
    TOC_TRY(toc_path_join(out->key, ca->dir, file, err));
    snprintf(file, sizeof file, "%s.crt", name);
    return toc_path_join(out->crt, ca->dir, file, err);
}

static toc_rc make_authority(const struct ca *ca, const char *name, const char *title, struct toc_err *err)
{
    struct pair p;
    char full[96];
    TOC_TRY(pair_of(ca, name, &p, err));
    snprintf(full, sizeof full, "%sTocsin %s", ca->quickstart ? TOC_CERT_QUICKSTART " " : "", title);
    TOC_TRY(toc_cert_key_new(p.key, err));
    return toc_cert_ca_new(full, ca->quickstart ? QUICKSTART_DAYS : CA_DAYS, p.key, p.crt, err);
}

// The operator asks itself for a certificate, the same way a member does.
static toc_rc issue(const struct ca *ca, const struct pair *p, const char *cn, enum toc_cert_use use,
        struct toc_buf *out, struct toc_err *err)
{
    struct pair authority;
    struct toc_buf request, spki;
    TOC_TRY(pair_of(ca, CTL_HUB_CA, &authority, err));
    toc_buf_init(&request, 16384);
    toc_buf_init(&spki, 4096);
    toc_rc rc = toc_cert_request(p->key, cn, &request, err);
    if (!toc_failed(rc))
        rc = toc_cert_request_key(toc_buf_slice(&request), &spki, err);
    if (!toc_failed(rc))
        rc = toc_cert_issue(authority.key, authority.crt, toc_buf_slice(&spki), cn, use,
                use == TOC_CERT_SERVER ? ca->hosts : NULL, ca->days, out, err);
    toc_buf_done(&request);
    toc_buf_done(&spki);
    return rc;
}

static toc_rc make_certificate(const struct ca *ca, const char *name, const char *cn, enum toc_cert_use use,
        struct toc_err *err)
{
    struct pair p;
    struct toc_buf pem;
    TOC_TRY(pair_of(ca, name, &p, err));
    TOC_TRY(toc_cert_key_new(p.key, err));
    toc_buf_init(&pem, 65536);
    toc_rc rc = issue(ca, &p, cn, use, &pem, err);
    if (!toc_failed(rc))
        rc = toc_file_create(p.crt, 0644, toc_buf_slice(&pem), err);
    toc_buf_done(&pem);
    return rc;
}

// Kafka's PEM keystore: key, certificate and authority in one file.
static toc_rc make_keystore(const struct ca *ca, struct toc_err *err)
{
    struct pair broker, authority;
    char path[TOC_PATH_BYTES_MAX];
    struct toc_buf all;
    TOC_TRY(pair_of(ca, CTL_BROKER, &broker, err));
    TOC_TRY(pair_of(ca, CTL_HUB_CA, &authority, err));
    TOC_TRY(toc_path_join(path, ca->dir, CTL_BROKER ".pem", err));
    toc_buf_init(&all, 65536);
    toc_rc rc = toc_file_read(broker.key, &all, err);
    if (!toc_failed(rc))
        rc = toc_file_read(broker.crt, &all, err);
    if (!toc_failed(rc))
        rc = toc_file_read(authority.crt, &all, err);
    if (!toc_failed(rc))
        rc = toc_file_create(path, 0600, toc_buf_slice(&all), err);
    toc_buf_done(&all);
    return rc;
}

static toc_rc make_signing_key(const struct ca *ca, const char *name, struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX], print[40];
    struct toc_key *key;
    TOC_TRY(toc_path_join(path, ca->dir, name, err));
    TOC_TRY(toc_key_new(&key, err));
    toc_rc rc = toc_key_save(key, path, err);
    toc_key_fingerprint(toc_key_public(key), print);
    toc_key_free(key);
    if (!toc_failed(rc))
        printf("  %-22s %s\n", name, print);
    return rc;
}

static toc_rc make_secret(const struct ca *ca, struct toc_err *err)
{
    uint8_t secret[32];
    char path[TOC_PATH_BYTES_MAX];
    TOC_TRY(toc_random(secret, sizeof secret, err));
    TOC_TRY(toc_path_join(path, ca->dir, CTL_DEPLOYMENT_KEY, err));
    return toc_file_create(path, 0600, toc_slice(secret, sizeof secret), err);
}

static toc_rc make_all(const struct ca *ca, struct toc_err *err)
{
    TOC_TRY(toc_dir_make(ca->dir, 0700, err));
    TOC_TRY(make_authority(ca, CTL_HUB_CA, "hub authority", err));
    TOC_TRY(make_authority(ca, CTL_MEMBER_CA, "member authority", err));
    TOC_TRY(make_certificate(ca, CTL_BROKER, "broker", TOC_CERT_SERVER, err));
    TOC_TRY(make_certificate(ca, CTL_ADMIN, "admin", TOC_CERT_CLIENT, err));
    TOC_TRY(make_certificate(ca, CTL_HUB, "hub", TOC_CERT_CLIENT, err));
    TOC_TRY(make_keystore(ca, err));
    printf("signing keys (read these out when asked):\n");
    TOC_TRY(make_signing_key(ca, CTL_ROOT_KEY, err));
    TOC_TRY(make_signing_key(ca, CTL_OPERATOR_KEY, err));
    TOC_TRY(make_signing_key(ca, CTL_HUB_KEY, err));
    return make_secret(ca, err);
}

toc_rc cmd_ca(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    (void)ctl;
    struct ca ca = {0};
    const struct ctl_option options[] = {{.name = "dir", .value = &ca.dir}, {.name = "quickstart", .flag = &ca.quickstart},
            {.name = "host", .list = ca.hosts, .list_max = HOSTS_MAX, .count = &ca.host_count}, {0}};
    size_t words;
    TOC_TRY(ctl_options(argc, argv, options, NULL, 0, &words, err));
    TOC_ENSURE(ca.dir != NULL, err, TOC_E_USAGE, "ca wants --dir DIR [--host NAME]... [--quickstart]");
    if (ca.host_count == 0) {
        ca.hosts[ca.host_count++] = "localhost";
        ca.hosts[ca.host_count++] = "127.0.0.1";
    }
    ca.days = ca.quickstart ? QUICKSTART_DAYS : CERT_DAYS;
    TOC_TRY(make_all(&ca, err));
    printf("authorities, certificates and keys are in %s; keep %s off line once members are admitted by the operator key\n",
            ca.dir, CTL_ROOT_KEY);
    return TOC_OK;
}
