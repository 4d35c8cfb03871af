// What a run stands on, worked out before anything is read: configuration, deployment, key, feed, marking,
// privacy guard. Whatever would make the run refuse to send is found here.
#pragma once

#include "lib/base/err.h"
#include "lib/base/key.h"
#include "lib/indicator/limits.h"
#include "lib/member/conf.h"
#include "lib/member/genesis.h"
#include "lib/privacy/privacy.h"
#include "producers/runner/publish.h"
#include "producers/runner/seal.h"
#include "producers/runner/stage.h"

#define TOC_LAB_PARTITIONS 12 // of captures without a deployment, as genesis' default

struct toc_setup {
    bool has_conf, has_genesis;
    struct toc_member_conf conf;
    struct toc_conf *texts;
    struct toc_genesis_file genesis;
    struct toc_key *key;
    const struct toc_member_feed *feed; // NULL: none, or one without a row
    const char *feed_id;                // "" = none
    struct toc_privacy *guard;
    struct toc_slice tags[TOC_OBSERVATION_TAGS_MAX];
    size_t tag_count;
    bool has_marking;
    bool unmarked; // a dry run without a marking: sending would be refused
    enum toc_marking marking, limit;
    int32_t confidence;
    int32_t partitions;
    uint8_t deployment[16]; // zeros without a genesis
    struct toc_slice communities[TOC_COMMUNITIES_MAX];
    bool has_release;
    struct toc_release release;
};

// USAGE for what the user has to change; the text says what. Free with toc_setup_done, also after a
// failure.
TOC_NODISCARD toc_rc toc_setup_load(
        const struct toc_publish_options *options, struct toc_setup *setup, struct toc_err *err);
void toc_setup_done(struct toc_setup *setup);

struct toc_reader_options toc_setup_reader(const struct toc_setup *setup);
void toc_setup_stage(const struct toc_setup *setup, struct toc_stage_options *out);
// All but writer, seq and created; borrows from the setup.
void toc_setup_head(struct toc_setup *setup, struct toc_seal_head *out);
