#include "hub/ctl/draft.h"

#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/indicator/segment.h"

#define GENESIS_BYTES_MAX 65536

static toc_rc deployment_key_digest(struct ctl *ctl, uint8_t out[32], struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    uint8_t key[32];
    TOC_TRY(ctl_path(ctl, CTL_DEPLOYMENT_KEY, path, err));
    TOC_TRY(toc_file_read_secret(path, key, sizeof key, err));
    toc_sha256(key, sizeof key, out);
    explicit_bzero(key, sizeof key);
    return TOC_OK;
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

static toc_rc fill(struct ctl *ctl, const struct toc_key *root, const char *name, int32_t partitions, struct draft *d,
        struct toc_err *err)
{
    struct toc_genesis *g = &d->facts;
    toc_genesis_init(g);
    memcpy(d->audiences, toc_audience_defaults, sizeof d->audiences);
    memcpy(d->root_keys[0], toc_key_public(root), sizeof d->root_keys[0]);
    TOC_TRY(toc_random(g->deployment, sizeof g->deployment, err));
    TOC_TRY(deployment_key_digest(ctl, g->deployment_key_digest, err));
    g->name = toc_slice_of(name);
    g->root_keys = d->root_keys;
    g->root_keys_count = 1;
    g->partitions = partitions;
    g->audiences = d->audiences;
    g->audiences_count = DRAFT_AUDIENCES;
    g->first_stream_time = toc_now_ms(NULL);
    struct toc_control control;
    toc_control_init(&control);
    control.sequence = 1;
    control.time = g->first_stream_time;
    control.operator = toc_slice_of(ctl->conf.operator_id);
    control.genesis = g;
    return seal_genesis(&control, root, &d->value, err);
}

toc_rc draft_make(struct ctl *ctl, const char *name, int32_t partitions, struct draft *out, struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_key *root;
    TOC_ENSURE(toc_text_is_safe(toc_slice_of(name)) && name[0] != '\0' && strlen(name) <= 63, err, TOC_E_USAGE,
            "--name wants one line of at most 63 bytes");
    TOC_TRY(ctl_path(ctl, CTL_ROOT_KEY, path, err));
    TOC_TRY(toc_key_load(path, &root, err));
    toc_buf_init(&out->value, GENESIS_BYTES_MAX + 1024);
    toc_rc rc = fill(ctl, root, name, partitions, out, err);
    toc_key_free(root);
    return rc;
}

toc_rc draft_save(const struct draft *draft, const char *path, struct toc_err *err)
{
    return toc_file_create(path, 0644, toc_buf_slice(&draft->value), err);
}

void draft_done(struct draft *draft)
{
    toc_buf_done(&draft->value);
}
