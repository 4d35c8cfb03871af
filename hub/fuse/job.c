#include "hub/fuse/job.h"

#include <string.h>

#include "hub/fuse/publish.h"
#include "lib/base/text.h"
#include "lib/indicator/limits.h"

static toc_rc job_load(struct toc_fuse *fuse, struct toc_job_row *out, bool *found, struct toc_err *err)
{
    struct toc_slice bytes = toc_state_row(fuse->state, "job");
    *found = bytes.ptr != NULL;
    if (!*found)
        return TOC_OK;
    // The row is replaced while the decoded one is in use.
    bytes = toc_arena_copy(&fuse->arena, bytes);
    if (bytes.ptr == NULL)
        return step_no_memory(err);
    return toc_job_row_decode(bytes, toc_job_row_fingerprint, &fuse->arena, out, err);
}

static toc_rc job_save(struct toc_fuse *fuse, const struct toc_job_row *job, struct toc_err *err)
{
    toc_buf_clear(&fuse->encoded);
    toc_job_row_encode(job, &fuse->encoded);
    return step_row_put(fuse, "job", err);
}

static toc_rc job_begin(struct toc_fuse *fuse, struct toc_job_row *job, struct toc_err *err)
{
    size_t count = fuse->roll.genesis->audiences_count;
    job->opened = fuse->roll.clock.stream_time;
    job->cursors = toc_arena_alloc(&fuse->arena, count, sizeof *job->cursors);
    if (job->cursors == NULL)
        return step_no_memory(err);
    job->cursors_count = count;
    return job_save(fuse, job, err);
}

// One more pass, which no audience waits for another to begin.
static void cursor_again(struct toc_cursor *cursor)
{
    if (cursor->done)
        *cursor = (struct toc_cursor){0};
    else
        cursor->again = cursor->after.len != 0;
}

toc_rc job_open(struct toc_fuse *fuse, const char *what, struct toc_err *err)
{
    struct toc_job_row job;
    bool running;
    toc_job_row_init(&job);
    TOC_TRY(job_load(fuse, &job, &running, err));
    if (running) {
        for (size_t a = 0; a < job.cursors_count; a++)
            cursor_again(&job.cursors[a]);
        return job_save(fuse, &job, err);
    }
    job.what = toc_slice_of(what);
    return job_begin(fuse, &job, err);
}

// Does the audience have, or might it now get, a view of it?
static bool concerns(const struct toc_fuse *fuse, const struct subject *s, int audience)
{
    if (subject_view(s, audience) != NULL)
        return true;
    for (size_t i = 0; i < s->body.contributions_count; i++)
        if (subject_seen_by(fuse, &s->body.contributions[i]) & 1u << audience)
            return true;
    return false;
}

static toc_rc move_audience(struct toc_fuse *fuse, struct toc_cursor *cursor, int audience, struct toc_err *err)
{
    uint8_t at[16];
    bool begun = cursor->after.len == sizeof at;
    if (begun)
        memcpy(at, cursor->after.ptr, sizeof at);
    uint64_t begun_bytes = fuse->totals.published_bytes;
    for (int moved = 0; moved < TOC_TICK_ENTRIES_MAX && fuse->totals.published_bytes - begun_bytes < TOC_TICK_BYTES_MAX;) {
        const struct toc_entry *entry = toc_state_next(fuse->state, begun ? at : NULL);
        if (entry == NULL) {
            *cursor = (struct toc_cursor){.done = !cursor->again};
            return TOC_OK;
        }
        begun = true;
        memcpy(at, entry->key, sizeof at);
        struct subject s;
        toc_arena_reset(&fuse->scratch);
        TOC_TRY(subject_load(fuse, at, TOC_KIND_UNKNOWN, TOC_S(""), &s, err));
        if (!concerns(fuse, &s, audience))
            continue;
        moved++;
        TOC_TRY(subject_publish(fuse, &s, 1u << audience, fuse->roll.clock.stream_time, err));
    }
    cursor->after = toc_arena_copy(&fuse->arena, toc_slice(at, sizeof at));
    return cursor->after.ptr == NULL ? step_no_memory(err) : TOC_OK;
}

toc_rc job_move(struct toc_fuse *fuse, struct toc_err *err)
{
    struct toc_job_row job;
    bool running, done = true;
    TOC_TRY(job_load(fuse, &job, &running, err));
    if (!running)
        return TOC_OK;
    for (size_t a = 0; a < job.cursors_count; a++) {
        if (!job.cursors[a].done)
            TOC_TRY(move_audience(fuse, &job.cursors[a], (int)a, err));
        done = done && job.cursors[a].done;
    }
    return done ? toc_state_row_drop(fuse->state, "job", err) : job_save(fuse, &job, err);
}

// A timer is a hint. Whatever hints there are, views are judged in the order of what they wait for: a hint that
// comes early puts the true moment in its place and counts for nothing.
static toc_rc fire_lane(struct toc_fuse *fuse, int audience, struct toc_err *err)
{
    int64_t hint;
    uint8_t key[16];
    uint64_t begun_bytes = fuse->totals.published_bytes;
    for (int fired = 0; fired < TOC_TICK_TIMERS_MAX && fuse->totals.published_bytes - begun_bytes < TOC_TICK_BYTES_MAX &&
            toc_state_timer_take(fuse->state, (unsigned)audience, fuse->roll.clock.stream_time, &hint, key);) {
        struct subject s;
        if (toc_state_find(fuse->state, key) == NULL)
            continue;
        toc_arena_reset(&fuse->scratch);
        TOC_TRY(subject_load(fuse, key, TOC_KIND_UNKNOWN, TOC_S(""), &s, err));
        const struct toc_view *view = subject_view(&s, audience);
        int64_t due = view == NULL ? 0 : view->due; // what it waits for; 0: nothing
        if (due > hint)
            TOC_TRY(toc_state_timer(fuse->state, (unsigned)audience, due, key, err));
        if (due != hint)
            continue;
        fired++;
        fuse->totals.timers++;
        TOC_TRY(subject_publish(fuse, &s, 1u << audience, due, err));
    }
    return TOC_OK;
}

// The own lane, likewise: nothing goes out, memory comes back.
static toc_rc fire_own(struct toc_fuse *fuse, struct toc_err *err)
{
    int64_t hint, now = fuse->roll.clock.stream_time;
    uint8_t key[16];
    for (int fired = 0; fired < TOC_TICK_TIMERS_MAX && toc_state_timer_take(fuse->state, LANE_OWN, now, &hint, key);) {
        struct subject s;
        if (toc_state_find(fuse->state, key) == NULL)
            continue;
        toc_arena_reset(&fuse->scratch);
        TOC_TRY(subject_load(fuse, key, TOC_KIND_UNKNOWN, TOC_S(""), &s, err));
        bool early = s.own_due > hint, awaits = subject_awaits(&s, now);
        if (s.own_due != 0 && (early || awaits))
            TOC_TRY(toc_state_timer(fuse->state, LANE_OWN, early ? s.own_due : now + 1, key, err));
        if (s.own_due == 0 || early || awaits)
            continue;
        fired++;
        s.own_due = 0;
        TOC_TRY(subject_forget(fuse, &s, now, err));
        TOC_TRY(subject_store(fuse, &s, err));
    }
    return TOC_OK;
}

toc_rc timers_fire(struct toc_fuse *fuse, struct toc_err *err)
{
    for (size_t a = 0; a < fuse->roll.genesis->audiences_count; a++)
        TOC_TRY(fire_lane(fuse, (int)a, err));
    return fire_own(fuse, err);
}
