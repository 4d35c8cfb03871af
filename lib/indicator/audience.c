#include "lib/indicator/audience.h"

const struct toc_audience toc_audience_defaults[4] = {
        {.name = {(const uint8_t *)"clear", 5}, .type = TOC_AUDIENCE_TYPE_SECTOR, .highest = TOC_MARKING_CLEAR},
        {.name = {(const uint8_t *)"green", 5}, .type = TOC_AUDIENCE_TYPE_SECTOR, .highest = TOC_MARKING_GREEN},
        {.name = {(const uint8_t *)"amber", 5}, .type = TOC_AUDIENCE_TYPE_SECTOR, .highest = TOC_MARKING_AMBER},
        {.name = {(const uint8_t *)"federal", 7}, .type = TOC_AUDIENCE_TYPE_FEDERAL, .highest = TOC_MARKING_AMBER},
};

static bool released_to(const struct toc_release *release, struct toc_slice community)
{
    for (size_t i = 0; release != NULL && i < release->communities_count; i++)
        if (toc_slice_eq(release->communities[i], community))
            return true;
    return false;
}

bool toc_audience_sees(const struct toc_audience *audience, enum toc_marking marking,
        const struct toc_release *release, bool government)
{
    if (marking > TOC_MARKING_AMBER || marking > audience->highest)
        return false;
    switch (audience->type) {
    case TOC_AUDIENCE_TYPE_SECTOR:
        return true;
    case TOC_AUDIENCE_TYPE_FEDERAL:
        return government || marking == TOC_MARKING_CLEAR ||
                (release != NULL && release->federal == TOC_FEDERAL_YES);
    case TOC_AUDIENCE_TYPE_COMMUNITY:
        return released_to(release, audience->name);
    }
    return false;
}

bool toc_audience_admits(const struct toc_audience *audience, const struct toc_member *member)
{
    if (audience->highest == TOC_MARKING_CLEAR && audience->type == TOC_AUDIENCE_TYPE_SECTOR)
        return true;
    bool government = member->role == TOC_MEMBER_ROLE_GOVERNMENT;
    if (audience->highest > member->clearance)
        return false;
    switch (audience->type) {
    case TOC_AUDIENCE_TYPE_SECTOR:
        return !government;
    case TOC_AUDIENCE_TYPE_FEDERAL:
        return government;
    case TOC_AUDIENCE_TYPE_COMMUNITY:
        for (size_t i = 0; i < member->communities_count; i++)
            if (toc_slice_eq(member->communities[i], audience->name))
                return true;
        return false;
    }
    return false;
}

int toc_audience_of(const struct toc_audience *audiences, size_t count, const struct toc_member *member)
{
    int best = -1;
    for (size_t i = 0; i < count; i++) {
        const struct toc_audience *a = &audiences[i];
        if (a->type == TOC_AUDIENCE_TYPE_COMMUNITY || !toc_audience_admits(a, member))
            continue;
        if (best < 0 || a->highest > audiences[best].highest)
            best = (int)i;
    }
    return best;
}
