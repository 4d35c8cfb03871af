#include "hub/fuse/due.h"

#include "lib/base/time.h"

// Between jumps (ends of validity, of a ruling, of probation, of memory) everything falls or stays as it
// ages, so the first moment of a change between two jumps is found by bisection.

typedef bool differs_fn(const struct judgement *from, const struct judgement *to);

static bool grade_differs(const struct judgement *a, const struct judgement *b)
{
    return a->exists != b->exists || a->status != b->status || a->advice != b->advice ||
            a->score / SCORE_BUCKET != b->score / SCORE_BUCKET;
}

static bool advice_ended(const struct judgement *a, const struct judgement *b)
{
    (void)a;
    return b->advice == TOC_ADVICE_NONE;
}

static void earlier(int64_t *next, int64_t after, int64_t candidate)
{
    if (candidate > after && candidate < *next)
        *next = candidate;
}

// The first jump after t; INT64_MAX when there is none.
static int64_t next_jump(const struct judge_terms *terms, int64_t t)
{
    int64_t next = INT64_MAX;
    if (terms->body->ruling != NULL)
        earlier(&next, t, terms->body->ruling->until);
    for (size_t i = 0; i < terms->seen_count; i++) {
        const struct seen *seen = &terms->seen[i];
        const struct roll_source *source = &terms->roll->sources[seen->c->source];
        earlier(&next, t, seen->forgotten);
        if (seen->c->says != TOC_SAYS_ASSERTED)
            continue;
        if (seen->c->valid_until != 0)
            earlier(&next, t, seen->c->valid_until);
        if (!source->may_block)
            earlier(&next, t, source->member->probation_end);
    }
    return next;
}

// After this nothing ages any more.
static int64_t end_of_ageing(const struct judge_terms *terms)
{
    int64_t end = 0;
    for (size_t i = 0; terms->curve->steps != NULL && i < terms->seen_count; i++)
        if (terms->seen[i].last_seen + terms->curve->lifetime > end)
            end = terms->seen[i].last_seen + terms->curve->lifetime;
    return end;
}

// The next moment after t at which some decay takes another step; INT64_MAX when there is none.
static int64_t next_step(const struct judge_terms *terms, int64_t t)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < terms->seen_count; i++) {
        int64_t age = decay_next_step(terms->curve, t - terms->seen[i].last_seen);
        if (age != INT64_MAX)
            earlier(&next, t, terms->seen[i].last_seen + age);
    }
    return next;
}

// First moment in (low, high] that differs, given that high does and low does not. Nothing changes between
// two steps, so the search is over once a single step is left.
static int64_t bisect(const struct judge_terms *terms, const struct judgement *from, int64_t low, int64_t high,
        differs_fn *differs)
{
    while (true) {
        int64_t step = next_step(terms, low);
        if (step >= high)
            return high;
        if (next_step(terms, step) > high)
            return step;
        int64_t mid = low + (high - low) / 2;
        struct judgement j;
        judge_at(terms, mid, &j);
        if (differs(from, &j))
            high = mid;
        else
            low = mid;
    }
}

static int64_t first_difference(const struct judge_terms *terms, int64_t t, differs_fn *differs)
{
    struct judgement from, to;
    judge_at(terms, t, &from);
    int64_t aged = end_of_ageing(terms);
    while (true) {
        int64_t jump = next_jump(terms, t);
        int64_t calm = jump == INT64_MAX ? (aged > t ? aged : t) : jump - 1;
        if (calm > t) {
            judge_at(terms, calm, &to);
            if (differs(&from, &to))
                return bisect(terms, &from, t, calm, differs);
        }
        if (jump == INT64_MAX)
            return 0;
        judge_at(terms, jump, &to);
        if (differs(&from, &to))
            return jump;
        t = jump;
    }
}

int64_t due_next(const struct judge_terms *terms, int64_t t)
{
    return first_difference(terms, t, grade_differs);
}

int64_t due_advice_ends(const struct judge_terms *terms, int64_t t)
{
    struct judgement now;
    judge_at(terms, t, &now);
    return now.advice == TOC_ADVICE_NONE ? 0 : first_difference(terms, t, advice_ended);
}
