// tocsinctl status [--json] [--rate]: lag, throughput, stream time against the clock, conservation per member.

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hub/ctl/ask.h"
#include "hub/ctl/pulse.h"
#include "hub/ctl/words.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

#define RATE_MS 2000

// How far the hubs are behind, and the partitions that no hub here holds.
static toc_rc measure_lag(struct ctl *ctl, const json_t *partitions, json_t *out, struct toc_err *err)
{
    struct pulse_place *places;
    int32_t count;
    TOC_TRY(pulse_places(ctl, &places, &count, err));
    json_t *absent = json_array();
    long long total = 0;
    for (int32_t p = 0; p < count; p++) {
        total += places[p].end - places[p].taken;
        if (!pulse_holds(partitions, p))
            json_array_append_new(absent, json_integer(p));
    }
    json_object_set_new(out, "lag_records", json_integer(total));
    json_object_set_new(out, "not_here", absent);
    toc_mem_free(places);
    return TOC_OK;
}

static json_t *gather(const json_t *partitions, size_t hubs)
{
    json_t *out = json_object(), *members = pulse_members(partitions), *sums, *p;
    const char *member;
    long long entries = 0, unauthenticated = 0, bytes = 0, jobs = 0, sent = 0;
    int64_t oldest = 0;
    bool whole = true;
    size_t i;
    json_object_foreach(members, member, sums)
    {
        sent += pulse_number(sums, "sent");
        whole = whole && pulse_conserved(sums);
    }
    json_array_foreach((json_t *)(uintptr_t)partitions, i, p)
    {
        int64_t t = 0;
        entries += pulse_number(p, "entries");
        bytes += pulse_number(p, "state_bytes");
        unauthenticated += pulse_number(p, "unauthenticated");
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
    json_object_set_new(out, "observations", json_integer(sent)); // what --rate is the growth of
    json_object_set_new(out, "conserved", json_boolean(whole));
    json_object_set_new(out, "members", members);
    return out;
}

static const char *const columns[] = {"sent", "accepted", "changed", "quarantined", "repeated"};

static void print_row(const char *name, const json_t *sums, const char *remark)
{
    printf("  %-22s", name);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        printf(" %12s", WORDS_NUMBER(pulse_number(sums, columns[i])));
    printf("%s\n", remark);
}

static void print_member(const char *member, const json_t *sums)
{
    char remark[120] = "";
    size_t at = 0;
    long long gaps = pulse_number(sums, "gaps"), alarms = pulse_number(sums, "alarms");
    if (!pulse_conserved(sums))
        at += (size_t)snprintf(remark + at, sizeof remark - at, "  NOT CONSERVED");
    if (gaps != 0)
        at += (size_t)snprintf(remark + at, sizeof remark - at, "  %lld gap%s", gaps, WORDS_S(gaps));
    if (alarms != 0)
        snprintf(remark + at, sizeof remark - at, "  %lld alarm%s: key in use twice", alarms, WORDS_S(alarms));
    print_row(member, sums, remark);
}

static void print_members(const json_t *members)
{
    const char *member;
    json_t *sums, *all = json_object();
    bool remarks = false;
    printf("  %-22s", "member");
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
        printf(" %12s", columns[c]);
    printf("\n");
    json_object_foreach((json_t *)(uintptr_t)members, member, sums)
    {
        print_member(member, sums);
        remarks = remarks || pulse_number(sums, "gaps") != 0 || pulse_number(sums, "alarms") != 0;
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
            pulse_add(all, columns[c], pulse_number(sums, columns[c]));
    }
    if (json_object_size(members) > 1)
        print_row("all", all, "");
    if (remarks)
        printf("gap: a segment named a previous one that never came; counted since the beginning: see `tocsinctl doctor`\n");
    json_decref(all);
}

static void print_absent(const json_t *absent)
{
    if (json_array_size(absent) == 0)
        return;
    printf("not held by a hub on this machine: partition%s", WORDS_S(json_array_size(absent)));
    for (size_t i = 0; i < json_array_size(absent); i++)
        printf("%s %lld", i == 0 ? "" : ",", (long long)json_integer_value(json_array_get(absent, i)));
    printf("; see `tocsinctl doctor`\n");
}

static void print_status(const json_t *s)
{
    long long hubs = pulse_number(s, "hubs"), partitions = pulse_number(s, "partitions");
    long long behind = pulse_number(s, "stream_time_behind_ms");
    printf("%lld hub%s, %lld partition%s, %s indicators in %.1f MB, %s record%s behind\n", hubs, WORDS_S(hubs), partitions,
            WORDS_S(partitions), WORDS_NUMBER(pulse_number(s, "entries")), (double)pulse_number(s, "state_bytes") / 1e6,
            WORDS_NUMBER(pulse_number(s, "lag_records")), WORDS_S(pulse_number(s, "lag_records")));
    print_absent(json_object_get(s, "not_here"));
    if (behind < 0)
        printf("no genesis seen yet\n");
    else
        printf("stream time is %.1f s behind the clock%s\n", (double)behind / 1000,
                behind > PULSE_STILL_MS ? ": ticks do not count; see `tocsinctl doctor`" : " (it moves every 5 s)");
    if (json_object_get(s, "observations_per_second") != NULL)
        printf("%s observations a second\n", WORDS_NUMBER(pulse_number(s, "observations_per_second")));
    print_members(json_object_get(s, "members"));
    if (pulse_number(s, "unauthenticated") != 0)
        printf("%s records without a valid signature since the hubs began\n", WORDS_NUMBER(pulse_number(s, "unauthenticated")));
    if (json_is_true(json_object_get(s, "conserved")))
        printf("nothing is lost: what was sent is accepted, quarantined or repeated\n");
}

static long long sent(const json_t *partitions)
{
    json_t *members = pulse_members(partitions), *sums;
    const char *member;
    long long all = 0;
    json_object_foreach(members, member, sums) all += pulse_number(sums, "sent");
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
    toc_rc rc = measure_lag(ctl, partitions, status, err);
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
