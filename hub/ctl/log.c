#include "hub/ctl/log.h"

#include <stdio.h>
#include <string.h>

#include "hub/ctl/scan.h"
#include "lib/base/digest.h"
#include "lib/base/limits.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/bus/consumer.h"
#include "lib/bus/txn.h"
#include "lib/indicator/key.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/segment.h"
#include "lib/indicator/topics.h"

#define DECISIONS_BYTES_MAX ((size_t)256 << 20)
#define CONTROL_BYTES_MAX 65536

static toc_rc no_memory(struct toc_err *err)
{
    return toc_fail(err, TOC_E_MEMORY, "out of memory for decisions");
}

// --- reading -----------------------------------------------------------------------------------------

static toc_rc take(struct decisions *d, struct toc_slice value, struct toc_zstd *zstd, struct toc_err *err)
{
    struct toc_signed_segment envelope;
    struct toc_control control;
    struct toc_slice payload;
    struct toc_buf scratch;
    toc_buf_init(&scratch, TOC_SEGMENT_BYTES_MAX);
    struct toc_slice whole = toc_arena_copy(&d->arena, value);
    bool good = whole.ptr != NULL && toc_signed_open(whole, &d->arena, &envelope) == TOC_REFUSAL_NONE &&
            toc_signed_payload(&envelope, zstd, &scratch, &payload) == TOC_REFUSAL_NONE;
    struct toc_slice kept = good ? toc_arena_copy(&d->arena, payload) : toc_slice(NULL, 0);
    toc_buf_done(&scratch);
    TOC_ENSURE(kept.ptr != NULL, err, TOC_E_STATE, "a record of the topic control cannot be read");
    TOC_TRY(toc_control_get(kept, &d->arena, &control, err));
    if (toc_mem_grow((void **)&d->items, &d->cap, d->count + 1, sizeof *d->items) != 0 ||
            toc_mem_grow((void **)&d->values, &d->values_cap, d->count + 1, sizeof *d->values) != 0)
        return no_memory(err);
    d->values[d->count] = whole;
    d->items[d->count++] = control;
    if (control.sequence > d->last)
        d->last = control.sequence;
    return TOC_OK;
}

struct reading {
    struct decisions *decisions;
    struct toc_zstd *zstd;
};

static toc_rc take_record(void *ctx, const struct toc_record *record, struct toc_err *err)
{
    const struct reading *r = ctx;
    return record->has_value ? take(r->decisions, record->value, r->zstd, err) : TOC_OK;
}

toc_rc decisions_read(struct ctl *ctl, struct decisions *d, struct toc_err *err)
{
    struct toc_topic_name topic = toc_topic(ctl->conf.kafka.prefix, TOC_TOPIC_CONTROL, TOC_S(""));
    memset(d, 0, sizeof *d);
    toc_arena_init(&d->arena, DECISIONS_BYTES_MAX);
    struct reading reading = {.decisions = d, .zstd = toc_zstd_new()};
    if (reading.zstd == NULL)
        return no_memory(err);
    toc_rc rc = scan_topic(ctl, topic.text, 0, TOC_OFFSET_BEGINNING, take_record, &reading, NULL, err);
    toc_zstd_free(reading.zstd);
    return rc;
}

void decisions_done(struct decisions *d)
{
    toc_mem_free(d->items);
    toc_mem_free(d->values);
    toc_arena_done(&d->arena);
    memset(d, 0, sizeof *d);
}

const struct toc_member *decisions_member(const struct decisions *d, struct toc_slice id)
{
    const struct toc_member *found = NULL;
    for (size_t i = 0; i < d->count; i++)
        if (d->items[i].member != NULL && toc_slice_eq(d->items[i].member->id, id))
            found = d->items[i].member;
    return found;
}

const struct toc_reference_use *decisions_reference(const struct decisions *d, struct toc_slice name)
{
    const struct toc_reference_use *found = NULL;
    for (size_t i = 0; i < d->count; i++)
        if (d->items[i].reference_use != NULL && toc_slice_eq(d->items[i].reference_use->name, name))
            found = d->items[i].reference_use;
    return found == NULL || found->removed ? NULL : found;
}

// --- writing -----------------------------------------------------------------------------------------

struct decision { // on its way into the log
    const struct decisions *so_far;
    const struct toc_control *control; // NULL, as so_far: genesis
    int32_t partitions;
    struct toc_slice key, value;
    struct toc_slice roster; // whose also gets it; empty: none
};

// The key under which the latest decision on a thing is kept in `control` and in rosters.
static void control_key(const struct toc_control *c, struct toc_buf *out)
{
    uint8_t id[16];
    if (c->genesis != NULL) {
        toc_buf_put_text(out, "genesis");
    } else if (c->key != NULL) {
        toc_key_id(c->key->public_key, id);
        toc_buf_put_text(out, "key/");
        toc_buf_put_hex(out, id, sizeof id);
    } else if (c->member != NULL) {
        toc_buf_printf(out, "member/%.*s", TOC_SLICE_ARG(c->member->id));
    } else if (c->interest != NULL) {
        toc_buf_printf(out, "interest/%.*s", TOC_SLICE_ARG(c->interest->id));
    } else if (c->reference_use != NULL) {
        toc_buf_printf(out, "reference/%.*s", TOC_SLICE_ARG(c->reference_use->name));
    } else if (c->overrule != NULL) {
        toc_indicator_key(c->overrule->kind, c->overrule->value, id);
        toc_buf_put_text(out, "overrule/");
        toc_buf_put_hex(out, id, sizeof id);
    } else if (c->distrust != NULL) {
        toc_buf_put_text(out, "distrust/");
        toc_buf_put_hex(out, c->distrust->key_id, sizeof c->distrust->key_id);
    } else { // policies add up, skips stand alone: each has its own place
        toc_buf_printf(out, "sequence/%lld", (long long)c->sequence);
    }
}

static toc_rc put_kept(struct toc_txn *txn, struct toc_topic_name topic, struct toc_slice key, struct toc_slice value,
        struct toc_err *err)
{
    const struct toc_send send = {.topic = topic.text, .key = key, .value = value};
    return toc_txn_put(txn, &send, err);
}

// Genesis and who may decide: a member proves by them what else stands in its roster.
static toc_rc put_proofs(struct toc_txn *txn, const struct decisions *d, struct toc_topic_name roster, struct toc_err *err)
{
    toc_rc rc = TOC_OK;
    struct toc_buf key;
    toc_buf_init(&key, 512);
    for (size_t i = 0; i < d->count && !toc_failed(rc); i++) {
        if (d->items[i].genesis == NULL && d->items[i].key == NULL)
            continue;
        toc_buf_clear(&key);
        control_key(&d->items[i], &key);
        rc = put_kept(txn, roster, toc_buf_slice(&key), d->values[i], err);
    }
    toc_buf_done(&key);
    return rc;
}

// A decision on who may decide concerns every member, one on a member or its interest only that one.
static toc_rc put_in_rosters(struct ctl *ctl, struct toc_txn *txn, const struct decision *decision, struct toc_err *err)
{
    const struct decisions *d = decision->so_far;
    const char *prefix = ctl->conf.kafka.prefix;
    for (size_t i = 0; decision->control->key != NULL && i < d->count; i++) {
        const struct toc_member *m = d->items[i].member;
        if (m == NULL || decisions_member(d, m->id) != m)
            continue;
        TOC_TRY(put_kept(txn, toc_topic(prefix, TOC_TOPIC_ROSTER, m->id), decision->key, decision->value, err));
    }
    if (decision->roster.len == 0)
        return TOC_OK;
    struct toc_topic_name roster = toc_topic(prefix, TOC_TOPIC_ROSTER, decision->roster);
    if (decision->control->member != NULL)
        TOC_TRY(put_proofs(txn, d, roster, err));
    return put_kept(txn, roster, decision->key, decision->value, err);
}

static toc_rc put_everywhere(struct ctl *ctl, struct toc_txn *txn, const struct decision *decision, struct toc_err *err)
{
    const char *prefix = ctl->conf.kafka.prefix;
    struct toc_topic_name submit = toc_topic(prefix, TOC_TOPIC_SUBMIT, TOC_S(""));
    for (int32_t p = 0; p < decision->partitions; p++) {
        const struct toc_send send = {.topic = submit.text, .partition = p, .no_key = true, .value = decision->value};
        TOC_TRY(toc_txn_put(txn, &send, err));
    }
    TOC_TRY(put_kept(txn, toc_topic(prefix, TOC_TOPIC_CONTROL, TOC_S("")), decision->key, decision->value, err));
    return decision->control == NULL ? TOC_OK : put_in_rosters(ctl, txn, decision, err);
}

// One operator at a time: a second one's transaction fences the first.
static toc_rc write_log(struct ctl *ctl, const struct decision *decision, struct toc_err *err)
{
    char id[TOC_TOPIC_BYTES_MAX];
    snprintf(id, sizeof id, "%soperator", ctl->conf.kafka.prefix);
    const struct toc_txn_opts opts = {.id = id, .compression = "none"};
    struct toc_txn *txn;
    TOC_TRY(toc_txn_open(&ctl->conf.kafka, ctl->log, &opts, &txn, err));
    toc_rc rc = toc_txn_begin(txn, err);
    if (!toc_failed(rc))
        rc = put_everywhere(ctl, txn, decision, err);
    if (!toc_failed(rc))
        rc = toc_txn_commit(txn, err);
    else if (toc_txn_is_open(txn) && toc_failed(toc_txn_abort(txn, NULL)))
        ctl->log.line(ctl, TOC_LOG_WARN, "the transaction could not be aborted; the broker will do it");
    toc_txn_close(txn);
    return rc;
}

static toc_rc load_role_key(struct ctl *ctl, enum toc_key_role role, struct toc_key **out, struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    TOC_TRY(ctl_path(ctl, role == TOC_KEY_ROLE_ROOT ? CTL_ROOT_KEY : CTL_OPERATOR_KEY, path, err));
    return toc_key_load(path, out, err);
}

static toc_rc sign(struct ctl *ctl, const uint8_t deployment[16], const struct toc_control *control,
        enum toc_key_role role, struct toc_buf *out, struct toc_err *err)
{
    struct toc_key *key;
    struct toc_buf payload;
    TOC_TRY(load_role_key(ctl, role, &key, err));
    toc_buf_init(&payload, CONTROL_BYTES_MAX);
    toc_control_put(control, &payload);
    toc_rc rc = toc_buf_check(&payload, "a decision", err);
    if (!toc_failed(rc))
        rc = toc_segment_seal(deployment, key, toc_buf_slice(&payload), 0, NULL, out, err);
    toc_buf_done(&payload);
    toc_key_free(key);
    return rc;
}

static toc_rc decide_with(struct ctl *ctl, const struct toc_genesis *genesis, struct decision *decision,
        enum toc_key_role role, struct toc_err *err)
{
    struct toc_buf value, key;
    toc_buf_init(&value, CONTROL_BYTES_MAX + 1024);
    toc_buf_init(&key, 512);
    control_key(decision->control, &key);
    toc_rc rc = sign(ctl, genesis->deployment, decision->control, role, &value, err);
    decision->partitions = genesis->partitions;
    decision->key = toc_buf_slice(&key);
    decision->value = toc_buf_slice(&value);
    if (!toc_failed(rc))
        rc = write_log(ctl, decision, err);
    toc_buf_done(&value);
    toc_buf_done(&key);
    return rc;
}

toc_rc decide(struct ctl *ctl, struct decisions *so_far, struct toc_control *control, enum toc_key_role role,
        struct toc_slice also_roster, struct toc_err *err)
{
    struct toc_genesis_file genesis = {0};
    TOC_ENSURE(so_far->last > 0, err, TOC_E_NOTFOUND, "no genesis yet: run `tocsinctl init --apply` first");
    TOC_TRY(ctl_genesis(ctl, &genesis, err));
    control->sequence = so_far->last + 1;
    control->time = toc_now_ms(NULL);
    control->operator = toc_slice_of(ctl->conf.operator_id);
    struct decision decision = {.so_far = so_far, .control = control, .roster = also_roster};
    toc_rc rc = decide_with(ctl, &genesis.facts, &decision, role, err);
    if (!toc_failed(rc))
        so_far->last = control->sequence;
    toc_genesis_done(&genesis);
    return rc;
}

toc_rc decide_genesis(struct ctl *ctl, const struct toc_genesis_file *genesis, struct toc_err *err)
{
    const struct decision decision = {.partitions = genesis->facts.partitions, .key = TOC_S("genesis"),
            .value = toc_buf_slice(&genesis->value)};
    return write_log(ctl, &decision, err);
}
