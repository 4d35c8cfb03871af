#include "hub/worker/flight.h"

#include <string.h>

#include "lib/base/mem.h"

struct flown {
    struct lane *lane;
    struct flown *next; // in order of offset
    int64_t offset;
    uint32_t waiting; // sends without a word, and one while more may follow
    bool failed;
};

toc_rc flight_open(struct flight *f, const char *topic, int32_t partition, int what, int64_t next, struct toc_err *err)
{
    struct lane *lane = toc_mem_alloc(1, sizeof *lane);
    char *name = toc_mem_strdup(topic);
    if (lane == NULL || name == NULL || toc_mem_grow((void **)&f->lanes, &f->cap, f->count + 1, sizeof *f->lanes) != 0) {
        toc_mem_free(lane);
        toc_mem_free(name);
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for a partition");
    }
    *lane = (struct lane){.topic = name, .partition = partition, .what = what, .confirmed = next, .committed = next};
    f->lanes[f->count++] = lane;
    return TOC_OK;
}

struct lane *flight_find(const struct flight *f, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->lanes[i]->partition == partition && strcmp(f->lanes[i]->topic, topic) == 0)
            return f->lanes[i];
    return NULL;
}

static void free_lane(struct lane *lane)
{
    toc_mem_free(lane->topic);
    toc_mem_free(lane);
}

// What has landed leaves at the front; behind a failure nothing is confirmed any more.
static void settle(struct lane *lane)
{
    while (lane->first != NULL && lane->first->waiting == 0 && (lane->closed || !lane->first->failed)) {
        struct flown *done = lane->first;
        lane->first = done->next;
        lane->confirmed = done->offset + 1;
        toc_mem_free(done);
    }
    if (lane->first == NULL)
        lane->last = NULL;
    if (lane->first == NULL && lane->closed)
        free_lane(lane);
}

void flight_close(struct flight *f, struct lane *lane)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->lanes[i] == lane) {
            f->lanes[i] = f->lanes[--f->count];
            break;
        }
    lane->closed = true;
    settle(lane);
}

void flight_done(struct flight *f)
{
    while (f->count > 0)
        flight_close(f, f->lanes[0]);
    toc_mem_free(f->lanes);
    *f = (struct flight){0};
}

struct flown *flight_take(struct lane *lane, int64_t offset)
{
    struct flown *flown = toc_mem_alloc(1, sizeof *flown);
    if (flown == NULL)
        return NULL;
    *flown = (struct flown){.lane = lane, .offset = offset, .waiting = 1};
    if (lane->last == NULL)
        lane->first = flown;
    else
        lane->last->next = flown;
    lane->last = flown;
    return flown;
}

void flight_sent(struct flight *f, struct flown *flown)
{
    f->waiting++;
    flown->waiting++;
}

void flight_taken(struct flight *f, struct flown *flown, bool ok)
{
    flown->failed = flown->failed || !ok;
    f->failed = f->failed || (!ok && !flown->lane->closed);
    flown->waiting--;
    settle(flown->lane);
}

void flight_landed(struct flight *f, struct flown *flown, bool ok)
{
    f->waiting--;
    flight_taken(f, flown, ok);
}

void flight_back(struct flight *f)
{
    for (size_t i = 0; i < f->count; i++) {
        struct lane *lane = f->lanes[i];
        while (lane->first != NULL) {
            struct flown *next = lane->first->next;
            toc_mem_free(lane->first);
            lane->first = next;
        }
        lane->last = NULL;
    }
    f->failed = false;
}
