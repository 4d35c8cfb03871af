#include "consumers/runner/brake.h"

void toc_brake_reset(struct toc_brake *brake, uint64_t shown, int64_t now_ms)
{
    *brake = (struct toc_brake){.opened_ms = now_ms, .base = shown};
}

void toc_brake_roll(struct toc_brake *brake, uint64_t shown, int64_t now_ms)
{
    if (brake->opened_ms == 0 || now_ms < brake->opened_ms ||
            now_ms - brake->opened_ms >= TOC_BRAKE_HOUR_MS)
        toc_brake_reset(brake, shown, now_ms);
}

uint64_t toc_brake_room(const struct toc_brake *brake)
{
    uint64_t most = brake->base / 100 * TOC_BRAKE_ADD_PERCENT +
                    brake->base % 100 * TOC_BRAKE_ADD_PERCENT / 100;
    if (most < TOC_BRAKE_ADD_LEAST)
        most = TOC_BRAKE_ADD_LEAST;
    return brake->added < most ? most - brake->added : 0;
}

bool toc_brake_lets_leave(const struct toc_brake *brake, uint64_t shown, uint64_t leaving)
{
    uint64_t all = brake->removed + leaving;
    uint64_t of = brake->base > shown ? brake->base : shown; // it may have grown within the hour
    return all < TOC_BRAKE_REMOVE_LEAST || all <= of / 2;
}

void toc_brake_count(struct toc_brake *brake, uint64_t added, uint64_t removed)
{
    brake->added += added;
    brake->removed += removed;
}
