// The view of one audience: the Indicator record as that audience may see it, a function of the
// contributions it sees, reference sets and the operator's ruling, and of nothing else.
#pragma once

#include "hub/fuse/judge.h"
#include "schemas/indicator.h"

// Fills *out but for born, n, prior and drop_after. Arrays come from the arena; texts are borrowed from the body, the
// roll and the references. deployment_key: for provenance.
TOC_NODISCARD toc_rc view_compose(const struct judge_terms *terms, const struct judgement *j, int64_t t,
        const uint8_t deployment_key[32], struct toc_arena *arena, struct toc_indicator *out, struct toc_err *err);
