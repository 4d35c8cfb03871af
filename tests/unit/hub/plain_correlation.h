// The correlation of a pivot as a plain count over all who have it gives it: what correlate must come to.
#pragma once

#include "tests/support/unit.h"

#include <math.h>

#include "lib/base/time.h"
#include "lib/indicator/key.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/pivot.h"
#include "schemas/correlation.h"

struct having {
    uint8_t id[16];
    int64_t tick;
    int32_t organisations;
};

static inline int having_by_tick(const void *a, const void *b)
{
    const struct having *x = a, *y = b;
    return x->tick != y->tick ? (x->tick < y->tick ? -1 : 1) : memcmp(x->id, y->id, 16);
}

static inline int32_t plain_step(size_t n)
{
    static const size_t bounds[] = {1, 3, 6, 11, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
    size_t step = 0;
    UNIT_EACH(const size_t, bound, bounds)
        step = n >= *bound ? *bound : step;
    return (int32_t)step;
}

// Sorts `having`. Empty `out` when there is nothing to publish.
static inline void plain_correlation(
        struct having *having, size_t n, enum toc_pivot_kind what, struct toc_slice value, struct toc_buf *out)
{
    char ids[TOC_CORRELATION_LISTED_MAX][TOC_KEY_HEX], hex[TOC_KEY_HEX];
    struct toc_slice first[TOC_CORRELATION_LISTED_MAX];
    uint8_t link[16];
    struct toc_correlation c;
    toc_buf_clear(out);
    if (n < 2)
        return;
    qsort(having, n, sizeof *having, having_by_tick);
    toc_link_id(what, value, link);
    toc_correlation_init(&c);
    toc_key_hex(link, hex);
    c.id = toc_slice_of(hex);
    c.what = what;
    c.value = value;
    c.indicators = plain_step(n);
    c.weight = 320 - (int32_t)floor(16 * log2(c.indicators));
    c.first_tick = having[0].tick;
    for (size_t i = 0; i < n; i++) {
        c.organisations = having[i].organisations > c.organisations ? having[i].organisations : c.organisations;
        c.last_tick = having[i].tick > c.last_tick ? having[i].tick : c.last_tick;
    }
    int64_t shift = 0; // first 8 bytes of the id, modulo a day
    for (int i = 0; i < 8; i++)
        shift = (shift * 256 + link[i]) % TOC_MS_DAY;
    c.last_tick -= (c.last_tick + shift) % TOC_MS_DAY;
    c.last_tick = c.last_tick > c.first_tick ? c.last_tick : c.first_tick;
    for (size_t i = 0; i < n && i < TOC_CORRELATION_LISTED_MAX; i++) {
        toc_key_hex(having[i].id, ids[i]);
        first[i] = toc_slice_of(ids[i]);
        c.first_count = i + 1;
    }
    c.first = first;
    toc_correlation_put(&c, out);
}
