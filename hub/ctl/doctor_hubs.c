// The part of doctor that asks the running hubs: are all partitions held, does time move, is anything lost.

#include <inttypes.h>
#include <string.h>

#include "hub/ctl/ask.h"
#include "hub/ctl/doctor.h"
#include "hub/ctl/pulse.h"
#include "hub/ctl/scan.h"
#include "hub/ctl/words.h"
#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/indicator/topics.h"
#include "schemas/receipt.h"

#define LAG_RECORDS 1000 // that many are seconds of work; more must shrink
#define LAG_MS 2000
#define WATCH_MS 12000 // a partition that is held commits a tick every 5 s
#define GLANCE_MS 500
#define RECENT_MS TOC_MS_DAY
#define RECENT_RECORDS 20000 // of each partition of receipts are looked through
#define RECEIPT_BYTES_MAX ((size_t)1 << 20)

// --- hubs --------------------------------------------------------------------------------------------

static json_t *ask_hubs(struct visit *v)
{
    const struct toc_conf_list *sockets = &v->ctl->conf.hub_sockets;
    json_t *partitions = json_array();
    if (sockets->count == 0)
        doctor_wrong(v, "name them, then ask again", "operator.conf names no hub_sockets");
    for (size_t i = 0; i < sockets->count; i++) {
        json_t *one;
        struct toc_err err;
        toc_rc rc = ask_socket(sockets->items[i], "{\"ask\":\"status\"}", &one, &err);
        if (rc.code == TOC_E_NOTFOUND) {
            doctor_wrong(v, "start tocsin-hub, or correct hub_sockets in operator.conf", "%s", err.text);
        } else if (toc_failed(rc)) {
            doctor_wrong(v, "see its log and its /livez; when it does not come to itself, end it and start it again",
                    "the hub on %s gives no status: %s", sockets->items[i], err.text);
        } else {
            doctor_good("the hub on %s holds %zu partition%s", sockets->items[i], json_array_size(one),
                    WORDS_S(json_array_size(one)));
            json_array_extend(partitions, one);
            json_decref(one);
        }
    }
    return partitions;
}

// --- partitions that no hub here holds ---------------------------------------------------------------

struct watch {
    struct visit *visit;
    const json_t *partitions;
    struct pulse_place *first;
    int32_t count;
    bool *moved;
};

// Does somebody, on whatever machine, take what comes? Ticks come of each held partition, so a few seconds tell.
static toc_rc watch_others(struct watch *w, size_t still, struct toc_err *err)
{
    int64_t until = toc_monotonic_ms(NULL) + WATCH_MS;
    while (still > 0 && toc_monotonic_ms(NULL) < until) {
        toc_pause_ms(GLANCE_MS);
        for (int32_t p = 0; p < w->count; p++) {
            struct pulse_place now;
            if (w->moved[p])
                continue;
            TOC_TRY(pulse_place(w->visit->ctl, p, &now, err));
            w->moved[p] = now.taken != w->first[p].taken;
            still -= w->moved[p];
        }
    }
    return TOC_OK;
}

static void name_unheld(const struct watch *w)
{
    char list[400];
    size_t unheld = 0, at = 0;
    for (int32_t p = 0; p < w->count; p++)
        if (!w->moved[p] && ++unheld > 0 && at + 16 < sizeof list)
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%d", unheld == 1 ? "" : ", ", p);
    if (unheld != 0)
        doctor_wrong(w->visit, "start a hub; one that died leaves its partitions to the others after `session` (30 s), one that "
                               "lives says in its log why it does not take them",
                "partition%s %s: held by no hub, nothing is taken", WORDS_S(unheld), list);
    else
        doctor_good("every partition is held by a hub, those not held here by one elsewhere");
}

static void look_at_places(struct visit *v, const json_t *partitions)
{
    struct watch w = {.visit = v, .partitions = partitions};
    struct toc_err err;
    if (toc_failed(pulse_places(v->ctl, &w.first, &w.count, &err))) {
        doctor_wrong(v, "run `tocsinctl init --apply`", "%s", err.text);
        return;
    }
    w.moved = toc_mem_alloc((size_t)w.count, sizeof *w.moved);
    size_t away = 0;
    for (int32_t p = 0; w.moved != NULL && p < w.count; p++) {
        w.moved[p] = pulse_holds(partitions, p);
        away += !w.moved[p];
    }
    toc_rc rc = w.moved == NULL ? toc_fail(&err, TOC_E_MEMORY, "out of memory") : watch_others(&w, away, &err);
    if (toc_failed(rc))
        doctor_wrong(v, "see the broker's log", "%s", err.text);
    else if (away == 0)
        doctor_good("all %d partitions are held", w.count);
    else
        name_unheld(&w);
    toc_mem_free(w.moved);
    toc_mem_free(w.first);
}

// --- lag ---------------------------------------------------------------------------------------------

static toc_rc lag_of(struct visit *v, const json_t *partitions, int64_t *out, struct toc_err *err)
{
    *out = 0;
    for (size_t i = 0; i < json_array_size(partitions); i++) {
        struct pulse_place place;
        TOC_TRY(pulse_place(v->ctl, (int32_t)pulse_number(json_array_get(partitions, i), "partition"), &place, err));
        *out += place.end - place.taken;
    }
    return TOC_OK;
}

static void look_at_lag(struct visit *v, const json_t *partitions)
{
    int64_t before, after = 0;
    struct toc_err err;
    toc_rc rc = lag_of(v, partitions, &before, &err);
    if (!toc_failed(rc) && before > LAG_RECORDS) {
        toc_pause_ms(LAG_MS);
        rc = lag_of(v, partitions, &after, &err);
    }
    if (toc_failed(rc))
        doctor_wrong(v, "see the broker's log", "%s", err.text);
    else if (before > LAG_RECORDS && after >= before)
        doctor_wrong(v, "see the hubs' logs and processors; more hubs share the work",
                "the hubs here are %s records behind, and it does not shrink", WORDS_NUMBER(after));
    else
        doctor_good("the hubs here are %s record%s behind%s", WORDS_NUMBER(before), WORDS_S(before),
                before > LAG_RECORDS ? " and catch up" : "");
}

// --- what each partition says ------------------------------------------------------------------------

static void look_at_partition(struct visit *v, const json_t *p, int64_t last)
{
    int64_t t = 0, now = toc_now_ms(NULL);
    long long number = pulse_number(p, "partition"), control = pulse_number(p, "control");
    bool timed = toc_time_parse(toc_json_text(p, "stream_time"), &t);
    if (!json_is_true(json_object_get(p, "genesis")))
        doctor_wrong(v, "compare genesis_digest in hub.conf with `tocsinctl init`", "partition %lld has not seen genesis",
                number);
    else if (!timed || now - t > PULSE_STILL_MS)
        doctor_wrong(v, "compare the clocks of the hub and of the brokers, which must agree within a minute; see the hub's log: "
                        "what it says is refused when its signing key is not in force, and a missing reference set stops it",
                "partition %lld: time stands still since %s (%lld ticks refused)", number, TOC_TIME_SHOW(t),
                pulse_number(p, "ticks_refused"));
    else if (t - now > PULSE_STILL_MS)
        doctor_wrong(v, "set the clocks right: of this machine, the hub and the brokers; the log's time never goes back",
                "partition %lld: time in the log is %s, ahead of the clock", number, TOC_TIME_SHOW(t));
    if (control < last)
        doctor_wrong(v, "wait a moment; if it stays, see the hub's log", "partition %lld has taken %lld of %lld decisions",
                number, control, (long long)last);
}

// --- members -----------------------------------------------------------------------------------------

struct finding { // what the receipts of the last day say of one member
    const char *member;
    long long gaps, alarms;
    char gap[120], alarm[120]; // the last of each
};

struct search {
    struct toc_arena arena;
    struct finding *one;
    int64_t since;
};

static void place_text(const struct toc_receipt *r, const struct toc_position *at, char out[120])
{
    uint64_t writer = 0;
    for (int i = 0; i < 8; i++)
        writer = writer << 8 | r->writer[i];
    snprintf(out, 120, "partition %d, writer %016" PRIx64 ", %s %lld/%d, %s", r->partition, writer,
            at == NULL ? "segment" : "behind", (long long)(at == NULL ? r->seq : at->seq), at == NULL ? r->index : at->index,
            TOC_TIME_SHOW(r->stream_time));
}

static toc_rc take_receipt(void *ctx, const struct toc_record *record, struct toc_err *err)
{
    struct search *s = ctx;
    struct toc_receipt r;
    toc_arena_reset(&s->arena);
    TOC_TRY(toc_receipt_get(record->value, &s->arena, &r, err));
    if (r.stream_time < s->since || !toc_slice_is(r.member, s->one->member))
        return TOC_OK;
    if (r.missing_after != NULL) {
        s->one->gaps++;
        place_text(&r, r.missing_after, s->one->gap);
    }
    if (r.alarm.len != 0) {
        s->one->alarms++;
        place_text(&r, NULL, s->one->alarm);
    }
    return TOC_OK;
}

static toc_rc search_receipts(struct visit *v, struct finding *one, struct toc_err *err)
{
    struct toc_topic_name topic = toc_topic(v->ctl->conf.kafka.prefix, TOC_TOPIC_RECEIPTS, TOC_S(""));
    struct search s = {.one = one, .since = toc_now_ms(NULL) - RECENT_MS};
    int32_t partitions;
    TOC_TRY(toc_admin_partitions(v->ctl->admin, topic.text, &partitions, err));
    toc_arena_init(&s.arena, RECEIPT_BYTES_MAX);
    toc_rc rc = TOC_OK;
    for (int32_t p = 0; p < partitions && !toc_failed(rc); p++) {
        int64_t begin, end;
        rc = toc_admin_offsets(v->ctl->admin, topic.text, p, TOC_READ_COMMITTED, &begin, &end, err);
        int64_t from = toc_failed(rc) || end - begin < RECENT_RECORDS ? TOC_OFFSET_BEGINNING : end - RECENT_RECORDS;
        if (!toc_failed(rc))
            rc = scan_topic(v->ctl, topic.text, p, from, take_receipt, &s, NULL, err);
    }
    toc_arena_done(&s.arena);
    return rc;
}

// The counters are since the beginning; the receipts tell whether it is news.
static void look_at_losses(struct visit *v, const char *member, const json_t *sums)
{
    struct finding f = {.member = member};
    struct toc_err err;
    long long gaps = pulse_number(sums, "gaps"), alarms = pulse_number(sums, "alarms");
    if (gaps + alarms == 0)
        return;
    if (toc_failed(search_receipts(v, &f, &err)))
        doctor_wrong(v, "see the broker's log", "the receipts of %s: %s", member, err.text);
    if (f.alarms != 0)
        doctor_wrong(v, "call the member: two programs work with copies of one state folder, or its key is stolen: then "
                        "`tocsinctl member key revoke`",
                "%s: key in use twice, %lld time%s within a day; last %s", member, f.alarms, WORDS_S(f.alarms), f.alarm);
    if (f.gaps != 0)
        doctor_wrong(v, "let the member publish its feeds again, as full lists",
                "%s: segments are missing, %lld time%s within a day; last %s", member, f.gaps, WORDS_S(f.gaps), f.gap);
    if (f.gaps + f.alarms == 0)
        doctor_good("%s: %lld gap%s, %lld alarm%s since the beginning, none within a day", member, gaps, WORDS_S(gaps), alarms,
                WORDS_S(alarms));
}

static void look_at_members(struct visit *v, const json_t *partitions)
{
    json_t *members = pulse_members(partitions), *sums;
    const char *member;
    bool whole = true;
    json_object_foreach(members, member, sums)
    {
        look_at_losses(v, member, sums);
        if (pulse_conserved(sums))
            continue;
        whole = false;
        doctor_wrong(v, "keep the log (`tocsinctl capture`), replay it (tocsin-replay), report it: it is a fault of the hub",
                "%s: sent %lld is not changed + unchanged + quarantined + repeated", member, pulse_number(sums, "sent"));
    }
    if (whole && json_object_size(members) != 0)
        doctor_good("nothing is lost of %zu member%s", json_object_size(members), WORDS_S(json_object_size(members)));
    json_decref(members);
}

void doctor_look_at_hubs(struct visit *v, int64_t last)
{
    json_t *partitions = ask_hubs(v);
    look_at_places(v, partitions);
    if (json_array_size(partitions) != 0) {
        look_at_lag(v, partitions);
        for (size_t i = 0; i < json_array_size(partitions); i++)
            look_at_partition(v, json_array_get(partitions, i), last);
        look_at_members(v, partitions);
    }
    json_decref(partitions);
}
