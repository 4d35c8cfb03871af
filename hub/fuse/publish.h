// From a changed body to what readers see: judge the views that may see the change, publish those in which
// a reader would act differently (ARCHITECTURE.md, section 5), store the body, set the timers.
#pragma once

#include "hub/fuse/judge.h"
#include "hub/fuse/step.h"

// The decoded body of an entry with its reference verdict.
struct subject {
    uint8_t key[16];
    bool stored; // the state has an entry
    int64_t own_due; // when LANE_OWN looks at it next; 0: it does not, or its timer is in hand
    struct toc_body body;
    struct toc_reference_verdict references;
    const struct decay_curve *curve;
    // Audiences that see the same contributions share what they amount to later.
    struct {
        const struct seen *seen;
        size_t count;
        int64_t hitters, due, ends;
    } shared;
};

// Decodes the entry of the key, or begins an empty body for (kind, value). Memory: fuse->scratch, texts
// borrowed from the state and `value`.
TOC_NODISCARD toc_rc subject_load(struct toc_fuse *fuse, const uint8_t key[16], enum toc_kind kind, struct toc_slice value,
        struct subject *out, struct toc_err *err);

struct toc_view *subject_view(const struct subject *s, int audience); // NULL: it has none

// Bits of the audiences that see a contribution.
uint32_t subject_seen_by(const struct toc_fuse *fuse, const struct toc_contribution *c);

// Bits of the audiences whose view was last judged by rules that were replaced since.
uint32_t subject_by_older_rules(const struct toc_fuse *fuse, const struct subject *s);

// Judges the views in `audiences` at t, publishes what changed, forgets what is over, stores the body (or
// drops the entry), sets timers. `time` is the Kafka timestamp of what goes out.
TOC_NODISCARD toc_rc subject_publish(struct toc_fuse *fuse, struct subject *s, uint32_t audiences, int64_t t,
        struct toc_err *err);

// The last two steps of subject_publish by themselves: drop what is over at t, unless a view still awaits its
// timer (subject_awaits); encode and put, or drop the entry.
TOC_NODISCARD toc_rc subject_forget(struct toc_fuse *fuse, struct subject *s, int64_t t, struct toc_err *err);
TOC_NODISCARD toc_rc subject_store(struct toc_fuse *fuse, struct subject *s, struct toc_err *err);
bool subject_awaits(const struct subject *s, int64_t t);

// When the first of its contributions, or its ruling, is over; 0: never by itself.
int64_t subject_next_over(const struct toc_fuse *fuse, const struct subject *s);

// What the state keeps beside the bytes: all but the own lane's timer.
void subject_derive(const struct toc_body *body, struct toc_state_derived *out);

#define ALL_AUDIENCES UINT32_MAX
// The lane of timers that no audience sees: forgetting what is over.
#define LANE_OWN (TOC_STATE_LANES - 1)
