#include "lib/member/genesis.h"

#include <string.h>

#include "lib/base/compress.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/segment.h"

#define ARENA_BYTES_MAX (1024 * 1024)

static toc_rc check_digest(const struct toc_buf *value, const char *digest_hex, struct toc_err *err)
{
    uint8_t want[TOC_SHA256_BYTES], have[TOC_SHA256_BYTES];
    TOC_ENSURE(toc_parse_hex(toc_slice_of(digest_hex), want, sizeof want), err, TOC_E_USAGE,
            "genesis_digest is not 64 hex digits");
    toc_sha256(value->ptr, value->len, have);
    TOC_ENSURE(memcmp(want, have, sizeof want) == 0, err, TOC_E_AUTH,
            "the file is not the genesis that genesis_digest names");
    return TOC_OK;
}

static toc_rc open_genesis(struct toc_genesis_file *g, struct toc_err *err)
{
    struct toc_signed_segment s;
    struct toc_control control;
    struct toc_slice value = toc_buf_slice(&g->value);
    enum toc_refusal refusal = toc_signed_open(value, &g->arena, &s);
    TOC_ENSURE(refusal == TOC_REFUSAL_NONE, err, TOC_E_SCHEMA, "%s", toc_refusal_meaning(refusal));
    TOC_ENSURE(s.codec == TOC_CODEC_NONE, err, TOC_E_SCHEMA, "a genesis is not compressed");
    TOC_TRY(toc_control_get(s.payload, &g->arena, &control, err));
    TOC_ENSURE(
            control.genesis != NULL && control.sequence == 1, err, TOC_E_SCHEMA, "not a genesis");
    g->facts = *control.genesis;
    TOC_ENSURE(memcmp(g->facts.deployment, s.deployment, sizeof s.deployment) == 0, err, TOC_E_AUTH,
            "signed for another deployment");
    TOC_ENSURE(g->facts.partitions >= 1 && g->facts.partitions <= TOC_PARTITIONS_MAX, err,
            TOC_E_RANGE, "%d partitions, 1 to %d may be", (int)g->facts.partitions,
            TOC_PARTITIONS_MAX);
    refusal = toc_signed_by_root(value, s.key_id, &g->facts); // it is self-signed
    TOC_ENSURE(refusal != TOC_REFUSAL_SEGMENT_KEY, err, TOC_E_AUTH,
            "signed by none of its own root keys");
    TOC_ENSURE(refusal == TOC_REFUSAL_NONE, err, TOC_E_AUTH, "%s", toc_refusal_meaning(refusal));
    return TOC_OK;
}

toc_rc toc_genesis_load(
        const char *path, const char *digest_hex, struct toc_genesis_file *out, struct toc_err *err)
{
    struct toc_genesis_file g = {0};
    toc_buf_init(&g.value, TOC_SEGMENT_VALUE_BYTES_MAX);
    toc_arena_init(&g.arena, ARENA_BYTES_MAX);
    toc_rc rc = toc_file_read(path, &g.value, err);
    if (!toc_failed(rc))
        rc = check_digest(&g.value, digest_hex, err);
    if (!toc_failed(rc))
        rc = open_genesis(&g, err);
    if (toc_failed(rc)) {
        toc_genesis_done(&g);
        return toc_err_context(rc, err, "%s", path);
    }
    *out = g;
    return TOC_OK;
}

void toc_genesis_done(struct toc_genesis_file *genesis)
{
    toc_buf_done(&genesis->value);
    toc_arena_done(&genesis->arena);
    genesis->facts = (struct toc_genesis){0};
}
