// tocsinctl picture [--audience NAME] [--json]: what an audience holds now: how many of which kind, what is advised,
// on what ground, and who stands behind it by name.

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/ctl/scan.h"
#include "hub/ctl/words.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/indicator/key.h"
#include "lib/indicator/topics.h"
#include "schemas/indicator.h"

#define RECORD_BYTES_MAX ((size_t)8 << 20)
#define VALUES_BYTES_MAX ((size_t)4 << 30)
#define NAMES_MAX 64 // named sources told apart; the last place is for all beyond
#define ADVICES 3
#define GROUNDS_SHOWN 12

// What is kept of a view: a picture of millions has to fit.
struct item {
    uint8_t key[TOC_KEY_BYTES];
    size_t order;
    uint64_t names;   // bit per name
    uint32_t reasons; // bit per words_reasons, the highest for a code that has no words
    uint8_t kind, status, advice;
    struct toc_slice value;
};

struct ground { // advice given for the same reasons
    uint8_t advice;
    uint32_t reasons;
    long long count, by_name[NAMES_MAX];
    struct toc_slice example;
};

struct picture {
    struct toc_arena record, values;
    struct item *items;
    size_t count, cap;
    struct toc_slice names[NAMES_MAX];
    size_t names_count;
    long long kinds[TOC_KIND_COUNT][ADVICES], live, resting;
    struct ground *grounds;
    size_t grounds_count, grounds_cap;
};

static toc_rc no_memory(struct toc_err *err)
{
    return toc_fail(err, TOC_E_MEMORY, "out of memory for the picture");
}

static toc_rc name_bit(struct picture *p, struct toc_slice name, uint64_t *bits, struct toc_err *err)
{
    size_t i = 0;
    while (i < p->names_count && !toc_slice_eq(p->names[i], name))
        i++;
    if (i == p->names_count && i < NAMES_MAX) {
        struct toc_slice kept = toc_arena_copy(&p->values, i < NAMES_MAX - 1 ? name : TOC_S("others"));
        if (kept.ptr == NULL)
            return no_memory(err);
        p->names[p->names_count++] = kept;
    }
    *bits |= UINT64_C(1) << (i < NAMES_MAX ? i : NAMES_MAX - 1);
    return TOC_OK;
}

static uint32_t reason_bit(struct toc_slice code)
{
    for (size_t i = 0; i < words_reasons_count; i++)
        if (toc_slice_is(code, words_reasons[i].code))
            return UINT32_C(1) << i;
    return UINT32_C(1) << 31;
}

static toc_rc fill(struct picture *p, const struct toc_indicator *indicator, struct item *item, struct toc_err *err)
{
    item->kind = (uint8_t)indicator->kind;
    item->status = (uint8_t)indicator->now.status;
    item->advice = (uint8_t)indicator->now.advice;
    item->value = toc_arena_copy(&p->values, indicator->value);
    for (size_t i = 0; i < indicator->reasons_count; i++)
        item->reasons |= reason_bit(indicator->reasons[i]);
    for (size_t i = 0; i < indicator->sources_count; i++)
        if (indicator->sources[i].says == TOC_ACTION_ASSERT)
            TOC_TRY(name_bit(p, indicator->sources[i].member, &item->names, err));
    return item->value.ptr != NULL ? TOC_OK : no_memory(err);
}

static toc_rc take(void *ctx, const struct toc_record *record, struct toc_err *err)
{
    struct picture *p = ctx;
    struct item item = {.order = p->count, .status = TOC_STATUS_GONE};
    if (!toc_parse_hex(record->key, item.key, sizeof item.key))
        return TOC_OK; // a head
    if (record->has_value) {
        struct toc_indicator indicator;
        toc_arena_reset(&p->record);
        TOC_TRY(toc_indicator_get(record->value, &p->record, &indicator, err));
        TOC_TRY(fill(p, &indicator, &item, err));
    }
    if (toc_mem_grow((void **)&p->items, &p->cap, p->count + 1, sizeof *p->items) != 0)
        return no_memory(err);
    p->items[p->count++] = item;
    return TOC_OK;
}

static int by_key(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int c = memcmp(x->key, y->key, sizeof x->key);
    return c != 0 ? c : (x->order > y->order) - (x->order < y->order);
}

static toc_rc ground_of(struct picture *p, const struct item *item, struct ground **out, struct toc_err *err)
{
    for (size_t i = 0; i < p->grounds_count; i++)
        if (p->grounds[i].advice == item->advice && p->grounds[i].reasons == item->reasons) {
            *out = &p->grounds[i];
            return TOC_OK;
        }
    if (toc_mem_grow((void **)&p->grounds, &p->grounds_cap, p->grounds_count + 1, sizeof *p->grounds) != 0)
        return no_memory(err);
    *out = &p->grounds[p->grounds_count++];
    **out = (struct ground){.advice = item->advice, .reasons = item->reasons, .example = item->value};
    return TOC_OK;
}

static toc_rc count_item(struct picture *p, const struct item *item, struct toc_err *err)
{
    struct ground *ground = NULL; // gcc does not see that a failure leaves
    if (item->status == TOC_STATUS_WITHDRAWN || item->status == TOC_STATUS_EXPIRED)
        p->resting++;
    if (item->status != TOC_STATUS_ACTIVE && item->status != TOC_STATUS_DISPUTED)
        return TOC_OK;
    p->live++;
    p->kinds[item->kind][item->advice]++;
    TOC_TRY(ground_of(p, item, &ground, err));
    ground->count++;
    for (size_t n = 0; n < p->names_count; n++)
        ground->by_name[n] += (item->names >> n & 1) != 0;
    return TOC_OK;
}

static int by_weight(const void *a, const void *b)
{
    const struct ground *x = a, *y = b;
    if (x->advice != y->advice)
        return x->advice > y->advice ? -1 : 1;
    return (x->count < y->count) - (x->count > y->count);
}

// Of each indicator the last record counts.
static toc_rc sum_up(struct picture *p, struct toc_err *err)
{
    if (p->count > 1)
        qsort(p->items, p->count, sizeof *p->items, by_key);
    for (size_t i = 0; i < p->count; i++)
        if (i + 1 == p->count || memcmp(p->items[i].key, p->items[i + 1].key, sizeof p->items[i].key) != 0)
            TOC_TRY(count_item(p, &p->items[i], err));
    if (p->grounds_count > 1)
        qsort(p->grounds, p->grounds_count, sizeof *p->grounds, by_weight);
    return TOC_OK;
}

static void print_kinds(const struct picture *p)
{
    long long all[ADVICES] = {0};
    printf("  %-10s %12s %12s %12s %12s\n", "kind", "live", "block", "alert", "no advice");
    for (int k = 0; k < TOC_KIND_COUNT; k++) {
        const long long *n = p->kinds[k];
        if (n[0] + n[1] + n[2] == 0)
            continue;
        for (int a = 0; a < ADVICES; a++)
            all[a] += n[a];
        printf("  %-10s %12s %12s %12s %12s\n", toc_kind_spelling((enum toc_kind)k), WORDS_NUMBER(n[0] + n[1] + n[2]),
                WORDS_NUMBER(n[TOC_ADVICE_BLOCK]), WORDS_NUMBER(n[TOC_ADVICE_ALERT]), WORDS_NUMBER(n[TOC_ADVICE_NONE]));
    }
    printf("  %-10s %12s %12s %12s %12s\n", "all", WORDS_NUMBER(p->live), WORDS_NUMBER(all[TOC_ADVICE_BLOCK]),
            WORDS_NUMBER(all[TOC_ADVICE_ALERT]), WORDS_NUMBER(all[TOC_ADVICE_NONE]));
}

static const char *advice_words(uint8_t advice)
{
    return advice == TOC_ADVICE_NONE ? "no advice" : toc_advice_spelling((enum toc_advice)advice);
}

static void print_reasons(uint32_t reasons)
{
    const char *gap = "";
    for (size_t i = 0; i < words_reasons_count; i++)
        if (reasons & UINT32_C(1) << i) {
            printf("%s%s", gap, words_reasons[i].words);
            gap = "; ";
        }
    if (reasons >> 31 != 0)
        printf("%sfor a reason this version does not know", gap);
    else if (reasons == 0)
        printf("its score is high enough for that");
}

static void print_names(const struct picture *p, const struct ground *g)
{
    const char *gap = "named: ";
    for (size_t n = 0; n < p->names_count; n++)
        if (g->by_name[n] != 0) {
            printf("%s%.*s (%s)", gap, TOC_SLICE_ARG(p->names[n]), WORDS_NUMBER(g->by_name[n]));
            gap = ", ";
        }
    printf("%s", gap[0] == ',' ? "; " : "nobody by name; ");
}

static void print_grounds(const struct picture *p)
{
    for (size_t i = 0; i < p->grounds_count && i < GROUNDS_SHOWN; i++) {
        const struct ground *g = &p->grounds[i];
        printf("  %-10s %12s  ", advice_words(g->advice), WORDS_NUMBER(g->count));
        print_reasons(g->reasons);
        printf("\n%26s", "");
        print_names(p, g);
        printf("for instance %.*s\n", TOC_SLICE_ARG(g->example));
    }
    if (p->grounds_count > GROUNDS_SHOWN)
        printf("  and %zu rarer grounds: --json shows them\n", p->grounds_count - GROUNDS_SHOWN);
}

static json_t *json_kinds(const struct picture *p)
{
    json_t *kinds = json_object();
    for (int k = 0; k < TOC_KIND_COUNT; k++) {
        const long long *n = p->kinds[k];
        if (n[0] + n[1] + n[2] != 0)
            json_object_set_new(kinds, toc_kind_symbol((enum toc_kind)k),
                    json_pack("{s:I, s:I, s:I, s:I}", "live", (json_int_t)(n[0] + n[1] + n[2]), "block",
                            (json_int_t)n[TOC_ADVICE_BLOCK], "alert", (json_int_t)n[TOC_ADVICE_ALERT], "none",
                            (json_int_t)n[TOC_ADVICE_NONE]));
    }
    return kinds;
}

static json_t *json_ground(const struct picture *p, const struct ground *g)
{
    json_t *reasons = json_array(), *named = json_object();
    for (size_t i = 0; i < words_reasons_count; i++)
        if (g->reasons & UINT32_C(1) << i)
            json_array_append_new(reasons, json_string(words_reasons[i].code));
    for (size_t n = 0; n < p->names_count; n++)
        if (g->by_name[n] != 0)
            json_object_set_new(named, (const char *)p->names[n].ptr, json_integer(g->by_name[n]));
    return json_pack("{s:s, s:o, s:I, s:o, s:s%}", "advice", toc_advice_symbol((enum toc_advice)g->advice), "reasons",
            reasons, "indicators", (json_int_t)g->count, "named", named, "example", (const char *)g->example.ptr,
            g->example.len);
}

static void print_json(const struct picture *p, const char *audience)
{
    json_t *why = json_array();
    for (size_t i = 0; i < p->grounds_count; i++)
        json_array_append_new(why, json_ground(p, &p->grounds[i]));
    json_t *all = json_pack("{s:s, s:I, s:I, s:o, s:o}", "audience", audience, "live", (json_int_t)p->live, "resting",
            (json_int_t)p->resting, "kinds", json_kinds(p), "why", why);
    json_dumpf(all, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(all);
}

toc_rc cmd_picture(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    const char *audience = "green";
    bool json = false;
    size_t words;
    const struct ctl_option options[] = {{.name = "audience", .value = &audience}, {.name = "json", .flag = &json}, {0}};
    TOC_TRY(ctl_options(argc, argv, options, NULL, 0, &words, err));
    struct picture p = {0};
    struct toc_topic_name topic = toc_topic(ctl->conf.kafka.prefix, TOC_TOPIC_INDICATORS, toc_slice_of(audience));
    toc_arena_init(&p.record, RECORD_BYTES_MAX);
    toc_arena_init(&p.values, VALUES_BYTES_MAX);
    toc_rc rc = scan_topic(ctl, topic.text, -1, TOC_OFFSET_BEGINNING, take, &p, NULL, err);
    if (!toc_failed(rc))
        rc = sum_up(&p, err);
    if (!toc_failed(rc) && json) {
        print_json(&p, audience);
    } else if (!toc_failed(rc)) {
        printf("audience %s: %s live indicators, %s withdrawn or expired\n", audience, WORDS_NUMBER(p.live),
                WORDS_NUMBER(p.resting));
        print_kinds(&p);
        printf("why that advice, and who stands behind it by name:\n");
        print_grounds(&p);
    }
    toc_mem_free(p.items);
    toc_mem_free(p.grounds);
    toc_arena_done(&p.record);
    toc_arena_done(&p.values);
    return rc;
}
