// How a deployment is doing, by the hubs' own counters and the offsets they committed: what status shows and doctor judges.
#pragma once

#include <jansson.h>

#include "hub/ctl/ctl.h"

// Stream time may be that far from the clock: ticks come every 5 s and count within 60 s of the broker's clock.
#define PULSE_STILL_MS 60000

long long pulse_number(const json_t *object, const char *name); // 0 when there is none
void pulse_add(json_t *sums, const char *name, long long n);

// Each member's counters over all partitions, with "accepted" and "conserved". New reference.
json_t *pulse_members(const json_t *partitions);
// sent = changed + unchanged + quarantined + repeated
bool pulse_conserved(const json_t *sums);

// Is partition p among the answers of the hubs?
bool pulse_holds(const json_t *partitions, int32_t p);

// One partition of submit.
struct pulse_place {
    int64_t taken; // what the hubs have committed: everything below it is done
    int64_t end;   // behind the last record that a hub can read
};
// All of them, by number; for toc_mem_free.
TOC_NODISCARD toc_rc pulse_places(struct ctl *ctl, struct pulse_place **out, int32_t *out_count, struct toc_err *err);
TOC_NODISCARD toc_rc pulse_place(struct ctl *ctl, int32_t partition, struct pulse_place *out, struct toc_err *err);
