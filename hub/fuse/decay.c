#include "hub/fuse/decay.h"

#include <stddef.h>

#include "lib/indicator/kind.h"

#include "hub/fuse/decay_table.inc"

enum {
    CURVE_ADDRESS,
    CURVE_DOMAIN,
    CURVE_DYNAMIC_DOMAIN,
    CURVE_HASH,
    CURVE_EMAIL,
    CURVE_NONE,
};

static const struct decay_curve curves[] = {
        [CURVE_ADDRESS] = {speed_0_55, TOC_LIFETIME_NETWORK_MS},
        [CURVE_DOMAIN] = {speed_0_7, TOC_LIFETIME_DOMAIN_MS},
        [CURVE_DYNAMIC_DOMAIN] = {speed_0_7, TOC_LIFETIME_DYNAMIC_DOMAIN_MS},
        [CURVE_HASH] = {speed_0_3, TOC_LIFETIME_FILE_MS},
        [CURVE_EMAIL] = {speed_0_5, TOC_LIFETIME_EMAIL_MS},
        [CURVE_NONE] = {NULL, INT64_MAX},
};

static const uint8_t curve_of_kind[TOC_KIND_COUNT] = {
        [TOC_KIND_UNKNOWN] = CURVE_NONE,
        [TOC_KIND_IPV4] = CURVE_ADDRESS,
        [TOC_KIND_IPV6] = CURVE_ADDRESS,
        [TOC_KIND_CIDR] = CURVE_ADDRESS,
        [TOC_KIND_ENDPOINT] = CURVE_ADDRESS,
        [TOC_KIND_URL] = CURVE_ADDRESS,
        [TOC_KIND_DOMAIN] = CURVE_DOMAIN,
        [TOC_KIND_EMAIL] = CURVE_EMAIL,
        [TOC_KIND_MD5] = CURVE_HASH,
        [TOC_KIND_SHA1] = CURVE_HASH,
        [TOC_KIND_SHA256] = CURVE_HASH,
        [TOC_KIND_SHA512] = CURVE_HASH,
        [TOC_KIND_CVE] = CURVE_NONE,
};

const struct decay_curve *decay_curve(enum toc_kind kind, bool dynamic_dns)
{
    if (kind == TOC_KIND_DOMAIN && dynamic_dns)
        return &curves[CURVE_DYNAMIC_DOMAIN];
    return &curves[(unsigned)kind < TOC_KIND_COUNT ? curve_of_kind[kind] : CURVE_NONE];
}

bool decay_scored(enum toc_kind kind)
{
    return kind != TOC_KIND_CVE;
}

int32_t decay_at(const struct decay_curve *curve, int64_t age)
{
    if (curve->steps == NULL || age < 0)
        return 1000;
    if (age >= curve->lifetime)
        return 0;
    return curve->steps[age * DECAY_STEPS / curve->lifetime];
}

// The first age of a step: the smallest that decay_at maps to it.
static int64_t step_begin(const struct decay_curve *curve, int64_t step)
{
    return (step * curve->lifetime + DECAY_STEPS - 1) / DECAY_STEPS;
}

int64_t decay_next_step(const struct decay_curve *curve, int64_t age)
{
    if (curve->steps == NULL || age >= curve->lifetime)
        return INT64_MAX;
    return age < 0 ? step_begin(curve, 1) : step_begin(curve, age * DECAY_STEPS / curve->lifetime + 1);
}

int64_t decay_age_below(const struct decay_curve *curve, int32_t per_mille)
{
    if (curve->steps == NULL)
        return INT64_MAX;
    int64_t low = 0, high = DECAY_STEPS; // first step below per_mille; step DECAY_STEPS is the lifetime
    while (low < high) {
        int64_t mid = low + (high - low) / 2;
        if (curve->steps[mid] < per_mille)
            high = mid;
        else
            low = mid + 1;
    }
    return step_begin(curve, low);
}
