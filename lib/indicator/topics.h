// Names of the topics (TOPICS.md): a common prefix, then the word; <audience>, <member> or <interest>
// behind a dot where there is one topic each.
#pragma once

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

#define TOC_TOPIC_NAME_MAX 160

#define TOC_TOPIC_SUBMIT "submit"
#define TOC_TOPIC_INDICATORS "indicators"
#define TOC_TOPIC_CORRELATIONS "correlations"
#define TOC_TOPIC_ALERTS "alerts"
#define TOC_TOPIC_INTEREST "interest"
#define TOC_TOPIC_RECEIPTS "receipts"
#define TOC_TOPIC_ROSTER "roster"
#define TOC_TOPIC_CONTROL "control"
#define TOC_TOPIC_REFERENCE "reference"
#define TOC_TOPIC_DOORS "doors"
#define TOC_TOPIC_PIVOTS "pivots"
#define TOC_TOPIC_STATE_FUSE "state.fuse"
#define TOC_TOPIC_STATE_CORRELATE "state.correlate"
#define TOC_TOPIC_QUARANTINE "quarantine"

#define TOC_TOPIC_FEW 4 // partitions of topics that have few: correlations, alerts, quarantine (P when that is less)
#define TOC_HEAD_KEY "head" // key of the head record in each partition of an audience topic

struct toc_topic_name {
    char text[TOC_TOPIC_NAME_MAX];
};

// prefix + word, or prefix + word + "." + whose (empty slice: none). Too long a prefix is cut off by
// the configuration check, not here.
struct toc_topic_name toc_topic(const char *prefix, const char *word, struct toc_slice whose);
