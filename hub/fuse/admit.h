// From bytes to a statement that may be merged: envelope, key, role, signature; then the segment's own
// rules; then each observation. What fails names its refusal.
#pragma once

#include "hub/fuse/step.h"
#include "schemas/refusal.h"
#include "schemas/segment.h"
#include "schemas/signed_segment.h"

struct admitted {
    struct toc_signed_segment envelope;
    const struct roll_key *key;   // NULL until known
    bool authenticated;           // the signature verified: what follows is booked to the holder
    struct toc_slice payload;     // framed
    uint64_t payload_fingerprint; // says Segment, Tick or Control; the key's role allows it
};

// Opens and authenticates the Kafka value. NONE when authenticated and the role fits the payload.
enum toc_refusal admit_open(struct toc_fuse *fuse, struct toc_slice value, struct admitted *out);

// The rules of a whole segment, but for its place among its writer's (writer.h).
enum toc_refusal admit_segment(struct toc_fuse *fuse, const struct admitted *a, const struct toc_segment *segment,
        const struct roll_member **out_member);

// One observation; gives its key. `member` is who says it.
enum toc_refusal admit_observation(struct toc_fuse *fuse, const struct roll_member *member,
        const struct toc_segment *segment, struct toc_observation *o, uint8_t out_key[16]);
