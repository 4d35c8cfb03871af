// tocsinctl quarantine: list | show PARTITION/OFFSET. What was refused, why, and its bytes while submit has them.

#include <stdio.h>
#include <string.h>

#include "hub/ctl/scan.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/topics.h"
#include "schemas/quarantine.h"
#include "schemas/refusal.h"

#define RECORD_BYTES_MAX ((size_t)4 << 20)

struct listing {
    struct toc_arena arena;
    const char *only; // "partition/offset", or NULL
    uint64_t count[TOC_REFUSAL_COUNT];
    uint64_t records;
    bool found;
};

static const char *meaning(struct toc_slice code)
{
    enum toc_refusal refusal;
    return toc_refusal_parse(code, &refusal) ? toc_refusal_meaning(refusal) : "";
}

static void count(struct listing *l, struct toc_slice code, uint64_t n)
{
    enum toc_refusal refusal;
    if (toc_refusal_parse(code, &refusal))
        l->count[refusal] += n;
}

static void print_one(const struct toc_quarantine *q)
{
    printf("%d/%lld  %-24.*s %8lld bytes  %.*s %s\n", q->partition, (long long)q->offset,
            TOC_SLICE_ARG(q->member.len == 0 ? TOC_S("(not authenticated)") : q->member), (long long)q->length,
            TOC_SLICE_ARG(q->code), q->code.len == 0 ? "" : meaning(q->code));
    for (size_t i = 0; i < q->refusals_count; i++)
        printf("    observation %d: %.*s: %s\n", q->refusals[i].observation, TOC_SLICE_ARG(q->refusals[i].code),
                meaning(q->refusals[i].code));
}

static toc_rc take(void *ctx, const struct toc_record *record, struct toc_err *err)
{
    struct listing *l = ctx;
    struct toc_quarantine q;
    char place[48];
    toc_arena_reset(&l->arena);
    TOC_TRY(toc_quarantine_get(record->value, &l->arena, &q, err));
    snprintf(place, sizeof place, "%d/%lld", q.partition, (long long)q.offset);
    if (l->only != NULL && strcmp(place, l->only) != 0)
        return TOC_OK;
    l->found = true;
    l->records++;
    count(l, q.code, 1);
    for (size_t i = 0; i < q.refusals_count; i++)
        count(l, q.refusals[i].code, 1);
    print_one(&q);
    return TOC_OK;
}

static toc_rc read_all(struct ctl *ctl, struct listing *l, struct toc_err *err)
{
    struct toc_topic_name topic = toc_topic(ctl->conf.kafka.prefix, TOC_TOPIC_QUARANTINE, TOC_S(""));
    toc_arena_init(&l->arena, RECORD_BYTES_MAX);
    toc_rc rc = scan_topic(ctl, topic.text, -1, TOC_OFFSET_BEGINNING, take, l, NULL, err);
    toc_arena_done(&l->arena);
    return rc;
}

static toc_rc list(struct ctl *ctl, struct toc_err *err)
{
    struct listing l = {0};
    TOC_TRY(read_all(ctl, &l, err));
    printf("%llu records\n", (unsigned long long)l.records);
    for (int i = 1; i < TOC_REFUSAL_COUNT; i++)
        if (l.count[i] != 0)
            printf("%10llu  %-26s %s: %s\n", (unsigned long long)l.count[i], toc_refusal_code((enum toc_refusal)i),
                    toc_refusal_meaning((enum toc_refusal)i), toc_refusal_todo((enum toc_refusal)i));
    return TOC_OK;
}

// Foreign bytes: hex and printable ASCII only.
static toc_rc dump(void *ctx, const struct toc_record *record, struct toc_err *err)
{
    (void)err;
    if (record->offset != *(const int64_t *)ctx)
        return TOC_OK;
    for (size_t at = 0; at < record->value.len; at += 16) {
        printf("%06zx ", at);
        for (size_t i = at; i < at + 16; i++)
            if (i < record->value.len)
                printf(" %02x", record->value.ptr[i]);
            else
                printf("   ");
        printf("  ");
        for (size_t i = at; i < at + 16 && i < record->value.len; i++)
            putchar(record->value.ptr[i] >= 0x20 && record->value.ptr[i] < 0x7f ? record->value.ptr[i] : '.');
        putchar('\n');
    }
    return TOC_OK;
}

static toc_rc show(struct ctl *ctl, const char *place, struct toc_err *err)
{
    struct toc_slice text = toc_slice_of(place);
    size_t slash = toc_slice_find(text, '/');
    uint64_t partition, offset;
    TOC_ENSURE(toc_parse_u64(toc_slice_sub(text, 0, slash), TOC_PARTITIONS_MAX, &partition) &&
                    toc_parse_u64(toc_slice_sub(text, slash + 1, text.len), INT64_MAX, &offset),
            err, TOC_E_USAGE, "quarantine show PARTITION/OFFSET");
    struct listing l = {.only = place};
    TOC_TRY(read_all(ctl, &l, err));
    TOC_ENSURE(l.found, err, TOC_E_NOTFOUND, "nothing of %s is in quarantine", place);
    struct toc_topic_name submit = toc_topic(ctl->conf.kafka.prefix, TOC_TOPIC_SUBMIT, TOC_S(""));
    int64_t wanted = (int64_t)offset;
    return scan_topic(ctl, submit.text, (int32_t)partition, wanted, dump, &wanted, NULL, err);
}

toc_rc cmd_quarantine(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    if (argc == 1 && strcmp(argv[0], "list") == 0)
        return list(ctl, err);
    if (argc == 2 && strcmp(argv[0], "show") == 0)
        return show(ctl, argv[1], err);
    return toc_fail(err, TOC_E_USAGE, "quarantine list | show PARTITION/OFFSET");
}
