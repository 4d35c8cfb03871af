// One run of tocsin-publish: from the command line's wishes to the exit code.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOC_PUBLISH_TAGS_MAX 16

struct toc_publish_options {
    const char *config;  // member.conf; NULL only with dry_run
    const char *input;   // file or "-"; NULL: only what is spooled is sent
    const char *format;  // "auto", ...
    const char *feed;    // NULL: none
    const char *marking; // NULL: the feed's or the objects' own
    int32_t confidence;  // -1: the feed's
    const char *tags[TOC_PUBLISH_TAGS_MAX];
    size_t tag_count;
    const char *segments; // capture to write instead of sending
    const char *rejects;
    int64_t at_ms;      // what counts as now in dry runs and captures; 0: the clock
    int64_t timeout_ms; // how long to wait for receipts
    bool full_list, accept_shrink, wait, dry_run, json, follow;
};

// Exit codes. PARTLY: sent, but nothing of the input could be used, a full list was held, or (with
// --wait) not everything was accepted. FAILED: what is spooled is sent at the next start.
#define TOC_EXIT_OK 0
#define TOC_EXIT_FAILED 1
#define TOC_EXIT_USAGE 2
#define TOC_EXIT_PARTLY 3

int toc_publish(const struct toc_publish_options *options);
