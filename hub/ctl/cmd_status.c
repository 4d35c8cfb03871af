// tocsinctl status [--json] [--rate]: lag, throughput, stream time against the clock, conservation per member.

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hub/ctl/ask.h"
#include "hub/ctl/log.h"
#include "hub/ctl/words.h"
#include "lib/base/json.h"
#include "lib/base/time.h"
#include "lib/indicator/topics.h"

#define RATE_MS 2000
#define BEHIND_MS 60000 // stream time this far behind the clock is worth a word

static const char *const counters[] = {"segments", "sent", "changed", "unchanged", "quarantined", "repeated", "gaps", "alarms"};

static long long number(const json_t *o, const char *name)
{
    return (long long)json_integer_value(json_object_get(o, name));
}

static void add(json_t *sums, const char *name, long long n)
{
    json_object_set_new(sums, name, json_integer(number(sums, name) + n));
}

// The partitions' counters of each member, added up.
static json_t *sum_members(const json_t *partitions)
{
    json_t *all = json_object(), *partition, *counts;
    const char *member;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)partitions, i, partition)
        json_object_foreach(json_object_get(partition, "members"), member, counts)
        {
            json_t *sums = json_object_get(all, member);
            if (sums == NULL) {
                sums = json_object();
                json_object_set_new(all, member, sums);
            }
            for (size_t c = 0; c < sizeof counters / sizeof *counters; c++)
                add(sums, counters[c], number(counts, counters[c]));
        }
    return all;
}

static bool conserved(const json_t *sums)
{
    return number(sums, "sent") ==
            number(sums, "changed") + number(sums, "unchanged") + number(sums, "quarantined") + number(sums, "repeated");
}

static toc_rc measure_lag(struct ctl *ctl, json_t *out, struct toc_err *err)
{
    struct toc_topic_name submit = toc_topic(ctl->conf.kafka.prefix, TOC_TOPIC_SUBMIT, TOC_S(""));
    struct toc_topic_name group = toc_topic(ctl->conf.kafka.prefix, "fuse", TOC_S(""));
    int32_t partitions;
    long long total = 0;
    TOC_TRY(ctl_admin(ctl, err));
    TOC_TRY(toc_admin_partitions(ctl->admin, submit.text, &partitions, err));
    for (int32_t p = 0; p < partitions; p++) {
        struct toc_offset committed = {.topic = submit.text, .partition = p, .offset = TOC_OFFSET_NONE};
        int64_t begin, end;
        TOC_TRY(toc_admin_committed(ctl->admin, group.text, &committed, 1, err));
        TOC_TRY(toc_admin_offsets(ctl->admin, submit.text, p, TOC_READ_COMMITTED, &begin, &end, err));
        total += end - (committed.offset >= 0 ? committed.offset : begin);
    }
    json_object_set_new(out, "lag_records", json_integer(total));
    return TOC_OK;
}

static json_t *gather(const json_t *partitions, size_t hubs)
{
    json_t *out = json_object(), *members = sum_members(partitions), *sums, *p;
    const char *member;
    long long entries = 0, unauthenticated = 0, bytes = 0, jobs = 0;
    int64_t oldest = 0;
    bool whole = true;
    size_t i;
    json_object_foreach(members, member, sums)
    {
        json_object_set_new(sums, "accepted", json_integer(number(sums, "changed") + number(sums, "unchanged")));
        json_object_set_new(sums, "conserved", json_boolean(conserved(sums)));
        whole = whole && conserved(sums);
    }
    json_array_foreach((json_t *)(uintptr_t)partitions, i, p)
    {
        int64_t t = 0;
        entries += number(p, "entries");
        bytes += number(p, "state_bytes");
        unauthenticated += number(p, "unauthenticated");
        jobs += json_is_true(json_object_get(p, "job"));
        if (toc_time_parse(toc_json_text(p, "stream_time"), &t) && (oldest == 0 || t < oldest))
            oldest = t;
    }
    json_object_set_new(out, "hubs", json_integer((json_int_t)hubs));
    json_object_set_new(out, "partitions", json_integer((json_int_t)json_array_size(partitions)));
    json_object_set_new(out, "entries", json_integer(entries));
    json_object_set_new(out, "state_bytes", json_integer(bytes));
    json_object_set_new(out, "unauthenticated", json_integer(unauthenticated));
    json_object_set_new(out, "jobs", json_integer(jobs));
    json_object_set_new(out, "stream_time_behind_ms", json_integer(oldest == 0 ? -1 : toc_now_ms(NULL) - oldest));
    json_object_set_new(out, "conserved", json_boolean(whole));
    json_object_set_new(out, "members", members);
    return out;
}

static void print_row(const char *name, const json_t *sums, const char *remark)
{
    static const char *const columns[] = {"sent", "accepted", "changed", "quarantined", "repeated"};
    printf("  %-22s", name);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        printf(" %12s", WORDS_NUMBER(number(sums, columns[i])));
    printf("%s\n", remark);
}

static void print_members(const json_t *members)
{
    const char *member;
    json_t *sums, *all = json_object();
    printf("  %-22s %12s %12s %12s %12s %12s\n", "member", "sent", "accepted", "changed", "quarantined", "repeated");
    json_object_foreach((json_t *)(uintptr_t)members, member, sums)
    {
        print_row(member, sums, conserved(sums) ? "" : "  NOT CONSERVED");
        for (size_t c = 0; c < sizeof counters / sizeof *counters; c++)
            add(all, counters[c], number(sums, counters[c]));
        add(all, "accepted", number(sums, "accepted"));
    }
    if (json_object_size(members) > 1)
        print_row("all", all, "");
    json_decref(all);
}

static void print_status(const json_t *s)
{
    long long hubs = number(s, "hubs"), partitions = number(s, "partitions"), behind = number(s, "stream_time_behind_ms");
    printf("%lld hub%s, %lld partition%s, %s indicators in %.1f MB, %s record%s behind\n", hubs, WORDS_S(hubs), partitions,
            WORDS_S(partitions), WORDS_NUMBER(number(s, "entries")), (double)number(s, "state_bytes") / 1e6,
            WORDS_NUMBER(number(s, "lag_records")), WORDS_S(number(s, "lag_records")));
    if (behind < 0)
        printf("no genesis seen yet\n");
    else
        printf("stream time is %.1f s behind the clock%s\n", (double)behind / 1000,
                behind > BEHIND_MS ? ": ticks do not count; see `tocsinctl doctor`" : " (it moves every 5 s)");
    if (json_object_get(s, "observations_per_second") != NULL)
        printf("%s observations a second\n", WORDS_NUMBER(number(s, "observations_per_second")));
    print_members(json_object_get(s, "members"));
    if (number(s, "unauthenticated") != 0)
        printf("%s records without a valid signature since the hubs began\n", WORDS_NUMBER(number(s, "unauthenticated")));
    if (json_is_true(json_object_get(s, "conserved")))
        printf("nothing is lost: what was sent is accepted, quarantined or repeated\n");
}

static long long sent(const json_t *partitions)
{
    json_t *members = sum_members(partitions), *sums;
    const char *member;
    long long all = 0;
    json_object_foreach(members, member, sums) all += number(sums, "sent");
    json_decref(members);
    return all;
}

// Between two looks: how fast the hubs go now.
static toc_rc measure_rate(struct ctl *ctl, const json_t *first, int64_t began, json_t *out, struct toc_err *err)
{
    json_t *later;
    size_t hubs;
    toc_pause_ms(RATE_MS);
    TOC_TRY(ask_status(ctl, &later, &hubs, err));
    long long rate = (sent(later) - sent(first)) * 1000 / (toc_monotonic_ms(NULL) - began + 1);
    json_object_set_new(out, "observations_per_second", json_integer(rate));
    json_decref(later);
    return TOC_OK;
}

toc_rc cmd_status(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    bool json = false, rate = false;
    size_t words, hubs;
    const struct ctl_option options[] = {{.name = "json", .flag = &json}, {.name = "rate", .flag = &rate}, {0}};
    TOC_TRY(ctl_options(argc, argv, options, NULL, 0, &words, err));
    json_t *partitions;
    TOC_TRY(ask_status(ctl, &partitions, &hubs, err));
    int64_t began = toc_monotonic_ms(NULL);
    json_t *status = gather(partitions, hubs);
    toc_rc rc = measure_lag(ctl, status, err);
    if (!toc_failed(rc) && rate)
        rc = measure_rate(ctl, partitions, began, status, err);
    if (!toc_failed(rc) && json) {
        json_object_set(status, "by_partition", partitions);
        json_dumpf(status, stdout, JSON_INDENT(2));
        printf("\n");
    } else if (!toc_failed(rc)) {
        print_status(status);
    }
    bool whole = json_is_true(json_object_get(status, "conserved"));
    json_decref(partitions);
    json_decref(status);
    TOC_TRY(rc);
    TOC_ENSURE(hubs > 0, err, TOC_E_REFUSED, "no hub answers on this machine");
    TOC_ENSURE(whole, err, TOC_E_REFUSED, "conservation does not hold: sent is not accepted + quarantined + repeated");
    return TOC_OK;
}
