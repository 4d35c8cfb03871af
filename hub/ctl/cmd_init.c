// tocsinctl init: genesis, topics, rights, the first decisions. Shows what it would change; --apply does it.
// A second run changes nothing.

#include <stdio.h>
#include <string.h>

#include "hub/ctl/layout.h"
#include "hub/ctl/log.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/indicator/audience.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/segment.h"

#define GENESIS_BYTES_MAX 65536

struct init {
    const char *name;
    int32_t partitions;
    bool apply;
};

static toc_rc deployment_key_digest(struct ctl *ctl, uint8_t out[32], struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_buf key;
    TOC_TRY(ctl_path(ctl, CTL_DEPLOYMENT_KEY, path, err));
    toc_buf_init(&key, 4096);
    toc_rc rc = toc_file_read_private(path, &key, err);
    if (!toc_failed(rc) && key.len != 32)
        rc = toc_fail(err, TOC_E_USAGE, "%s: %zu bytes instead of 32", path, key.len);
    if (!toc_failed(rc))
        toc_sha256(key.ptr, key.len, out);
    toc_buf_done(&key);
    return rc;
}

static toc_rc seal_genesis(const struct toc_control *control, const struct toc_key *root, struct toc_buf *out,
        struct toc_err *err)
{
    struct toc_buf payload;
    toc_buf_init(&payload, GENESIS_BYTES_MAX);
    toc_control_put(control, &payload);
    toc_rc rc = toc_buf_check(&payload, "genesis", err);
    if (!toc_failed(rc))
        rc = toc_segment_seal(control->genesis->deployment, root, toc_buf_slice(&payload), 0, NULL, out, err);
    toc_buf_done(&payload);
    return rc;
}

static toc_rc write_genesis(struct ctl *ctl, const struct init *init, const struct toc_key *root, const char *path,
        struct toc_err *err)
{
    struct toc_genesis genesis;
    struct toc_audience audiences[4];
    uint8_t root_key[1][TOC_KEY_PUBLIC_BYTES];
    toc_genesis_init(&genesis);
    memcpy(audiences, toc_audience_defaults, sizeof audiences);
    memcpy(root_key[0], toc_key_public(root), sizeof root_key[0]);
    TOC_TRY(toc_random(genesis.deployment, sizeof genesis.deployment, err));
    TOC_TRY(deployment_key_digest(ctl, genesis.deployment_key_digest, err));
    genesis.name = toc_slice_of(init->name);
    genesis.root_keys = root_key;
    genesis.root_keys_count = 1;
    genesis.partitions = init->partitions;
    genesis.audiences = audiences;
    genesis.audiences_count = sizeof audiences / sizeof *audiences;
    genesis.first_stream_time = toc_now_ms(NULL);
    struct toc_control control;
    toc_control_init(&control);
    control.sequence = 1;
    control.time = genesis.first_stream_time;
    control.operator = toc_slice_of(ctl->conf.operator_id);
    control.genesis = &genesis;
    struct toc_buf value;
    toc_buf_init(&value, GENESIS_BYTES_MAX + 1024);
    toc_rc rc = seal_genesis(&control, root, &value, err);
    if (!toc_failed(rc))
        rc = toc_file_create(path, 0644, toc_buf_slice(&value), err);
    toc_buf_done(&value);
    return rc;
}

// The genesis file, made when it is not there.
static toc_rc ensure_genesis(struct ctl *ctl, const struct init *init, struct toc_genesis_file *out, struct toc_err *err)
{
    toc_rc rc = ctl_genesis(ctl, out, err);
    if (rc.code != TOC_E_NOTFOUND)
        return rc;
    char path[TOC_PATH_BYTES_MAX], root_path[TOC_PATH_BYTES_MAX];
    struct toc_key *root;
    TOC_TRY(ctl_path(ctl, CTL_GENESIS, path, err));
    TOC_TRY(ctl_path(ctl, CTL_ROOT_KEY, root_path, err));
    TOC_TRY(toc_key_load(root_path, &root, err));
    rc = write_genesis(ctl, init, root, path, err);
    toc_key_free(root);
    TOC_TRY(rc);
    printf("  %s: made, %d partitions\n", path, init->partitions);
    return ctl_genesis(ctl, out, err);
}

static bool granted(const struct decisions *d, const uint8_t public_key[32])
{
    for (size_t i = 0; i < d->count; i++)
        if (d->items[i].key != NULL && memcmp(d->items[i].key->public_key, public_key, 32) == 0)
            return true;
    return false;
}

static toc_rc grant(struct ctl *ctl, struct decisions *d, const char *file, enum toc_key_role role, const char *holder,
        struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_key *key;
    struct toc_key_grant k;
    struct toc_control control;
    TOC_TRY(ctl_path(ctl, file, path, err));
    TOC_TRY(toc_key_load(path, &key, err));
    toc_key_grant_init(&k);
    memcpy(k.public_key, toc_key_public(key), sizeof k.public_key);
    toc_key_free(key);
    if (granted(d, k.public_key))
        return TOC_OK;
    k.role = role;
    k.holder = toc_slice_of(holder);
    toc_control_init(&control);
    control.key = &k;
    printf("  decision %lld: %s signs as %s\n", (long long)d->last + 1, holder, toc_key_role_symbol(role));
    return decide(ctl, d, &control, TOC_KEY_ROLE_ROOT, TOC_S(""), err);
}

static toc_rc first_decisions(struct ctl *ctl, const struct toc_genesis_file *genesis, struct toc_err *err)
{
    struct decisions d;
    toc_rc rc = decisions_read(ctl, &d, err);
    if (!toc_failed(rc) && d.last == 0) {
        printf("  decision 1: genesis\n");
        rc = decide_genesis(ctl, genesis, err);
        d.last = 1;
    }
    if (!toc_failed(rc))
        rc = grant(ctl, &d, CTL_OPERATOR_KEY, TOC_KEY_ROLE_OPERATOR, ctl->conf.operator_id, err);
    if (!toc_failed(rc))
        rc = grant(ctl, &d, CTL_HUB_KEY, TOC_KEY_ROLE_HUB, "hub", err);
    decisions_done(&d);
    return rc;
}

static void print_digest(const struct toc_genesis_file *genesis)
{
    uint8_t digest[TOC_SHA256_BYTES];
    struct toc_buf hex;
    toc_buf_init(&hex, 128);
    toc_sha256(genesis->value.ptr, genesis->value.len, digest);
    toc_buf_put_hex(&hex, digest, sizeof digest);
    printf("genesis_digest = \"%s\"\n", toc_buf_cstr(&hex));
    toc_buf_done(&hex);
}

// What init lays out is for the members, too: their address counts like the operator's.
static toc_rc check_quickstart(struct ctl *ctl, struct toc_err *err)
{
    const char *const addresses[] = {ctl->conf.kafka.brokers, ctl->conf.member_brokers};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        TOC_TRY(toc_bus_quickstart_check(ctl->conf.kafka.ca, addresses[i], err));
        TOC_ENSURE(!ctl->conf.quickstart || toc_bus_is_loopback(addresses[i]), err, TOC_E_REFUSED,
                "operator.conf says quickstart: it works on loopback only, not with %s", TOC_SHOW(toc_slice_of(addresses[i])));
    }
    return TOC_OK;
}

static toc_rc lay_out(struct ctl *ctl, const struct init *init, const struct toc_genesis_file *genesis, struct toc_err *err)
{
    struct layout_counts counts = {0};
    TOC_TRY(layout_topics(ctl, &genesis->facts, init->apply, &counts, err));
    TOC_TRY(layout_hub_rights(ctl, init->apply, &counts, err));
    if (init->apply)
        TOC_TRY(first_decisions(ctl, genesis, err));
    printf("%zu topics %s, %zu %s; %zu rights of the hub %s\n", counts.topics_made, init->apply ? "made" : "missing",
            counts.topics_differ, init->apply ? "changed" : "differ", counts.rights_made, init->apply ? "set" : "to set");
    print_digest(genesis);
    if (!init->apply)
        printf("nothing was changed; --apply does it\n");
    return TOC_OK;
}

toc_rc cmd_init(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    struct init init = {.name = "tocsin", .partitions = 12};
    const char *partitions = NULL;
    const struct ctl_option options[] = {{.name = "apply", .flag = &init.apply}, {.name = "name", .value = &init.name},
            {.name = "partitions", .value = &partitions}, {0}};
    size_t words;
    uint64_t p = (uint64_t)init.partitions;
    TOC_TRY(ctl_options(argc, argv, options, NULL, 0, &words, err));
    TOC_ENSURE(partitions == NULL || (toc_parse_u64(toc_slice_of(partitions), TOC_PARTITIONS_MAX, &p) && p > 0), err,
            TOC_E_USAGE, "--partitions wants 1 to %d", TOC_PARTITIONS_MAX);
    init.partitions = (int32_t)p;
    TOC_TRY(check_quickstart(ctl, err));
    struct toc_genesis_file genesis = {0};
    TOC_TRY(ensure_genesis(ctl, &init, &genesis, err));
    toc_rc rc = lay_out(ctl, &init, &genesis, err);
    toc_genesis_done(&genesis);
    return rc;
}
