#include "consumers/runner/fresh.h"

void toc_fresh_head(struct toc_fresh *fresh, int32_t partition, int64_t stream_time_ms)
{
    if (partition >= 0 && (size_t)partition < fresh->partitions &&
            stream_time_ms > fresh->heads[partition])
        fresh->heads[partition] = stream_time_ms;
}

int64_t toc_fresh_as_of(const struct toc_fresh *fresh)
{
    int64_t least = fresh->partitions == 0 ? 0 : INT64_MAX;
    for (size_t i = 0; i < fresh->partitions; i++)
        if (fresh->heads[i] < least)
            least = fresh->heads[i];
    return least;
}

// How long a partition has been silent; 0 when it was never heard: then nothing came from it either.
static int64_t silence(const struct toc_fresh *fresh, size_t partition, int64_t now_ms)
{
    if (partition >= fresh->partitions || fresh->heads[partition] == 0)
        return 0;
    return now_ms - fresh->heads[partition];
}

bool toc_fresh_is_cut_off(const struct toc_fresh *fresh, int32_t partition, int64_t now_ms)
{
    return silence(fresh, (size_t)partition, now_ms) > TOC_FRESH_CUT_OFF_MS;
}

bool toc_fresh_is_stale(const struct toc_fresh *fresh, int64_t now_ms)
{
    for (size_t i = 0; i < fresh->partitions; i++)
        if (silence(fresh, i, now_ms) > fresh->stale_ms)
            return true;
    return false;
}

static bool changes_hands(enum toc_kind kind)
{
    return kind == TOC_KIND_IPV4 || kind == TOC_KIND_IPV6 || kind == TOC_KIND_CIDR ||
           kind == TOC_KIND_ENDPOINT || kind == TOC_KIND_URL;
}

bool toc_fresh_has_aged(const struct toc_fresh *fresh, int32_t partition, enum toc_kind kind,
        int64_t drop_after_ms, int64_t now_ms)
{
    if (!toc_fresh_is_cut_off(fresh, partition, now_ms))
        return false; // the hub itself says when
    if (drop_after_ms != 0 && now_ms >= drop_after_ms)
        return true;
    return changes_hands(kind) && silence(fresh, (size_t)partition, now_ms) > fresh->stale_ms;
}
