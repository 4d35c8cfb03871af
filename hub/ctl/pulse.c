#include "hub/ctl/pulse.h"

#include "lib/base/mem.h"
#include "lib/indicator/topics.h"

static const char *const counters[] = {"segments", "sent", "changed", "unchanged", "quarantined", "repeated", "gaps", "alarms"};

long long pulse_number(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

void pulse_add(json_t *sums, const char *name, long long n)
{
    json_object_set_new(sums, name, json_integer(pulse_number(sums, name) + n));
}

bool pulse_conserved(const json_t *sums)
{
    return pulse_number(sums, "sent") == pulse_number(sums, "changed") + pulse_number(sums, "unchanged") +
            pulse_number(sums, "quarantined") + pulse_number(sums, "repeated");
}

static json_t *sums_of(json_t *all, const char *member)
{
    json_t *sums = json_object_get(all, member);
    if (sums == NULL) {
        sums = json_object();
        json_object_set_new(all, member, sums);
    }
    return sums;
}

json_t *pulse_members(const json_t *partitions)
{
    json_t *all = json_object(), *partition, *counts, *sums;
    const char *member;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)partitions, i, partition)
        json_object_foreach(json_object_get(partition, "members"), member, counts)
            for (size_t c = 0; c < sizeof counters / sizeof *counters; c++)
                pulse_add(sums_of(all, member), counters[c], pulse_number(counts, counters[c]));
    json_object_foreach(all, member, sums)
    {
        pulse_add(sums, "accepted", pulse_number(sums, "changed") + pulse_number(sums, "unchanged"));
        json_object_set_new(sums, "conserved", json_boolean(pulse_conserved(sums)));
    }
    return all;
}

bool pulse_holds(const json_t *partitions, int32_t p)
{
    for (size_t i = 0; i < json_array_size(partitions); i++)
        if (pulse_number(json_array_get(partitions, i), "partition") == p)
            return true;
    return false;
}

toc_rc pulse_place(struct ctl *ctl, int32_t partition, struct pulse_place *out, struct toc_err *err)
{
    struct toc_topic_name submit = toc_topic(ctl->conf.kafka.prefix, TOC_TOPIC_SUBMIT, TOC_S(""));
    struct toc_topic_name group = toc_topic(ctl->conf.kafka.prefix, "fuse", TOC_S(""));
    struct toc_offset committed = {.topic = submit.text, .partition = partition, .offset = TOC_OFFSET_NONE};
    int64_t begin;
    TOC_TRY(ctl_admin(ctl, err));
    TOC_TRY(toc_admin_committed(ctl->admin, group.text, &committed, 1, err));
    TOC_TRY(toc_admin_offsets(ctl->admin, submit.text, partition, TOC_READ_COMMITTED, &begin, &out->end, err));
    out->taken = committed.offset >= 0 ? committed.offset : begin;
    return TOC_OK;
}

toc_rc pulse_places(struct ctl *ctl, struct pulse_place **out, int32_t *out_count, struct toc_err *err)
{
    struct toc_topic_name submit = toc_topic(ctl->conf.kafka.prefix, TOC_TOPIC_SUBMIT, TOC_S(""));
    int32_t count;
    TOC_TRY(ctl_admin(ctl, err));
    TOC_TRY(toc_admin_partitions(ctl->admin, submit.text, &count, err));
    struct pulse_place *places = toc_mem_alloc((size_t)count, sizeof *places);
    TOC_ENSURE(places != NULL, err, TOC_E_MEMORY, "out of memory for %d partitions", count);
    toc_rc rc = TOC_OK;
    for (int32_t p = 0; p < count && !toc_failed(rc); p++)
        rc = pulse_place(ctl, p, &places[p], err);
    if (toc_failed(rc)) {
        toc_mem_free(places);
        return rc;
    }
    *out = places;
    *out_count = count;
    return TOC_OK;
}
