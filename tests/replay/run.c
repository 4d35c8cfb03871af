#include "tests/replay/run.h"

#include "lib/base/mem.h"
#include "lib/indicator/key.h"
#include "schemas/capture.h"

static void keep(void *ctx, const struct toc_fuse_record *record, int32_t partition)
{
    struct run *run = ctx;
    assert_int_equal(
            toc_mem_grow((void **)&run->outs, &run->cap, run->count + 1, sizeof *run->outs), 0);
    struct run_out *out = &run->outs[run->count++];
    *out = (struct run_out){.partition = partition,
            .where = record->where,
            .audience = record->audience,
            .time = record->time};
    out->key = toc_arena_copy(&run->arena, record->key);
    if (record->value.ptr != NULL)
        out->value = toc_arena_copy(&run->arena, record->value);
    struct toc_buf headers;
    toc_buf_init(&headers, (size_t)1 << 16);
    for (size_t i = 0; i < record->header_count; i++)
        toc_buf_printf(&headers, "%s=%.*s\n", record->headers[i].name,
                TOC_SLICE_ARG(record->headers[i].value));
    assert_false(headers.failed);
    out->headers = toc_arena_copy(&run->arena, toc_buf_slice(&headers));
    toc_buf_done(&headers);
}

static void take(struct run *run, struct gen_log *log, size_t at, int32_t partition)
{
    struct toc_err err;
    struct gen_event *e = &log->events[at];
    // Offsets have gaps on a broker too: transaction markers.
    const struct toc_capture record = {.partition = partition,
            .offset = (int64_t)at * 3,
            .append_time = e->time,
            .value = gen_seal(log->world, e, partition)};
    assert_ok(toc_replay_take(run->replay, &record, &err), err);
}

void run_feed(struct run *run, struct gen_log *log, size_t from, size_t to)
{
    struct toc_err err;
    for (size_t i = from; i < to; i++)
        for (int32_t p = 0; p < GEN_PARTITIONS; p++)
            if (log->events[i].what != GEN_SEGMENT || log->events[i].partition == p)
                take(run, log, i, p);
    assert_ok(toc_replay_end(run->replay, &err), err);
}

void run_open(struct run *run, struct gen_log *log, const struct toc_replay_way *way)
{
    struct toc_err err;
    *run = (struct run){0};
    toc_arena_init(&run->arena, (size_t)1 << 30);
    struct toc_replay_conf conf = {
            .reference = gen_find_set, .ctx = log->world, .observe = keep, .observe_ctx = run};
    memcpy(conf.genesis_digest, log->world->genesis_digest, sizeof conf.genesis_digest);
    memcpy(conf.deployment_key, log->world->deployment_key, sizeof conf.deployment_key);
    conf.way = way == NULL ? (struct toc_replay_way){.batch = 1} : *way;
    assert_ok(toc_replay_new(&conf, &run->replay, &err), err);
}

void run_log(struct run *run, struct gen_log *log, const struct toc_replay_way *way)
{
    run_open(run, log, way);
    run_feed(run, log, 0, log->count);
}

void run_close(struct run *run)
{
    toc_replay_free(run->replay);
    toc_mem_free(run->outs);
    toc_arena_done(&run->arena);
}

bool run_view(struct run *run, int audience, enum toc_kind kind, struct toc_slice value,
        struct toc_indicator *out)
{
    uint8_t key[TOC_KEY_BYTES];
    char id[TOC_KEY_HEX];
    toc_indicator_key(kind, value, key);
    toc_key_hex(key, id);
    int32_t partition = gen_partition(kind, value);
    for (size_t i = run->count; i > 0; i--) {
        const struct run_out *o = &run->outs[i - 1];
        if (o->where != TOC_OUT_INDICATORS || o->audience != audience ||
                o->partition != partition || !toc_slice_is(o->key, id))
            continue;
        struct toc_err err;
        if (o->value.ptr == NULL)
            return false;
        assert_ok(toc_indicator_get(o->value, &run->arena, out, &err), err);
        return true;
    }
    return false;
}

json_t *run_explain(struct run *run, enum toc_kind kind, struct toc_slice value)
{
    struct toc_err err;
    struct toc_buf text;
    struct toc_jw w;
    json_t *json;
    toc_buf_init(&text, (size_t)1 << 20);
    toc_jw_init(&w, &text);
    assert_ok(toc_fuse_explain(toc_replay_fuse(run->replay, gen_partition(kind, value)), kind,
                      value, &w, &err),
            err);
    assert_ok(toc_json_parse(toc_buf_slice(&text), &json, &err), err);
    toc_buf_done(&text);
    return json;
}

const struct run_out *run_next(
        const struct run *run, size_t *at, int32_t partition, enum toc_fuse_out where, int audience)
{
    while (*at < run->count) {
        const struct run_out *o = &run->outs[(*at)++];
        if (o->partition == partition && o->where == where &&
                (where != TOC_OUT_INDICATORS || o->audience == audience))
            return o;
    }
    return NULL;
}

static void show(const char *name, const struct run_out *o)
{
    struct toc_buf text;
    struct toc_jw w;
    struct toc_arena arena;
    struct toc_indicator i;
    struct toc_receipt r;
    toc_buf_init(&text, (size_t)1 << 20);
    toc_arena_init(&arena, (size_t)1 << 24);
    toc_jw_init(&w, &text);
    if (o != NULL && o->value.ptr != NULL && o->where == TOC_OUT_INDICATORS &&
            !toc_failed(toc_indicator_get(o->value, &arena, &i, NULL)))
        toc_indicator_json(&i, &w);
    if (o != NULL && o->where == TOC_OUT_RECEIPTS &&
            !toc_failed(toc_receipt_get(o->value, &arena, &r, NULL)))
        toc_receipt_json(&r, &w);
    print_error("%s: %s time %lld key %.*s %.*s\n", name, o == NULL ? "nothing" : "",
            o == NULL ? 0LL : (long long)o->time, o == NULL ? 0 : (int)o->key.len,
            o == NULL ? "" : (const char *)o->key.ptr, (int)text.len,
            text.ptr == NULL ? "" : (const char *)text.ptr);
    toc_buf_done(&text);
    toc_arena_done(&arena);
}

void run_same_out(const struct run_out *a, const struct run_out *b, const char *what, uint64_t seed)
{
    if (a == NULL && b == NULL)
        return;
    if (a != NULL && b != NULL && a->where == b->where && a->audience == b->audience &&
            a->time == b->time && toc_slice_eq(a->key, b->key) &&
            toc_slice_eq(a->headers, b->headers) && toc_slice_eq(a->value, b->value) && (a->value.ptr == NULL) == (b->value.ptr == NULL))
        return;
    show("one", a);
    show("other", b);
    fail_msg("%s, TOC_SEED=%llu", what, (unsigned long long)seed);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void run_flatten(json_t *explained, struct toc_buf *out)
{
    json_t *list = json_object_get(explained, "contributions"), *view;
    char *texts[64];
    size_t n = json_array_size(list), i;
    assert_true(n <= 64);
    for (i = 0; i < n; i++)
        texts[i] = json_dumps(json_array_get(list, i), JSON_SORT_KEYS);
    qsort(texts, n, sizeof *texts, compare_texts);
    for (i = 0; i < n; i++) {
        toc_buf_printf(out, "%s\n", texts[i]);
        free(texts[i]);
    }
    json_array_foreach(json_object_get(explained, "audiences"), i, view)
    {
        json_object_del(view, "born");
        json_object_del(view, "n");
        char *text = json_dumps(view, JSON_SORT_KEYS);
        toc_buf_printf(out, "%s\n", text);
        free(text);
    }
}

void run_same_explained(
        struct run *a, struct run *b, enum toc_kind kind, struct toc_slice value, uint64_t seed)
{
    struct run *runs[] = {a, b};
    struct toc_buf texts[2];
    for (int i = 0; i < 2; i++) {
        TOC_CLEANUP(toc_json_drop) json_t *explained = run_explain(runs[i], kind, value);
        toc_buf_init(&texts[i], (size_t)1 << 20);
        run_flatten(explained, &texts[i]);
        assert_false(texts[i].failed);
    }
    if (!toc_slice_eq(toc_buf_slice(&texts[0]), toc_buf_slice(&texts[1]))) {
        fprintf(stderr, "%s\nand\n%s\n", toc_buf_cstr(&texts[0]),
                toc_buf_cstr(&texts[1])); // longer than cmocka prints
        fail_msg("%.*s, TOC_SEED=%llu", TOC_SLICE_ARG(value), (unsigned long long)seed);
    }
    toc_buf_done(&texts[0]);
    toc_buf_done(&texts[1]);
}

bool run_same_view(const struct toc_indicator *a, const struct toc_indicator *b)
{
    const struct toc_facts *p = &a->now, *q = &b->now;
    if (p->status != q->status || p->advice != q->advice || p->score / 5 != q->score / 5 ||
            p->severity != q->severity || p->organisations != q->organisations ||
            p->corroborated != q->corroborated || p->sightings != q->sightings ||
            p->hits != q->hits || p->last_seen != q->last_seen || p->pap != q->pap ||
            p->tags_count != q->tags_count || p->lists_count != q->lists_count ||
            a->sources_count != b->sources_count || a->roles_count != b->roles_count || a->relations_count != b->relations_count ||
            a->references_count != b->references_count || a->reasons_count != b->reasons_count)
        return false;
    for (size_t i = 0; i < p->tags_count; i++)
        if (!toc_slice_eq(p->tags[i], q->tags[i]))
            return false;
    for (size_t i = 0; i < a->roles_count; i++)
        if (a->roles[i] != b->roles[i])
            return false;
    for (size_t i = 0; i < a->reasons_count; i++)
        if (!toc_slice_eq(a->reasons[i], b->reasons[i]))
            return false;
    for (size_t i = 0; i < a->sources_count; i++)
        if (!toc_slice_eq(a->sources[i].member, b->sources[i].member) ||
                !toc_slice_eq(a->sources[i].feed, b->sources[i].feed) ||
                a->sources[i].says != b->sources[i].says ||
                a->sources[i].marking != b->sources[i].marking)
            return false;
    return true;
}
