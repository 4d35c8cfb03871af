#include "producers/runner/setup.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"

static toc_rc refuse(struct toc_err *err, enum toc_refusal code)
{
    return toc_fail(err, TOC_E_USAGE, "%s: %s: %s", toc_refusal_code(code),
            toc_refusal_meaning(code), toc_refusal_todo(code));
}

static toc_rc load_conf(
        const struct toc_publish_options *o, struct toc_setup *s, struct toc_err *err)
{
    s->partitions = TOC_LAB_PARTITIONS;
    if (o->config == NULL)
        return TOC_OK;
    TOC_TRY(toc_member_load(o->config, &s->conf, &s->texts, err));
    s->has_conf = true;
    if (s->conf.genesis == NULL)
        return TOC_OK;
    TOC_TRY(toc_genesis_load(s->conf.genesis, s->conf.genesis_digest, &s->genesis, err));
    s->has_genesis = true;
    s->partitions = s->genesis.facts.partitions;
    memcpy(s->deployment, s->genesis.facts.deployment, sizeof s->deployment);
    return TOC_OK;
}

static toc_rc load_key(
        const struct toc_publish_options *o, struct toc_setup *s, struct toc_err *err)
{
    if (o->dry_run)
        return TOC_OK;
    TOC_ENSURE(s->has_conf, err, TOC_E_USAGE, "-c member.conf is needed for all but --dry-run");
    TOC_ENSURE(s->has_genesis || o->segments != NULL, err, TOC_E_USAGE,
            "%s names no genesis file: nothing can be sent (--dry-run and --segments work)",
            o->config);
    return toc_key_load(s->conf.signing_key, &s->key, err);
}

static toc_rc find_feed(
        const struct toc_publish_options *o, struct toc_setup *s, struct toc_err *err)
{
    s->feed_id = o->feed == NULL ? "" : o->feed;
    if (o->feed == NULL)
        return TOC_OK;
    TOC_ENSURE(toc_id_valid(toc_slice_of(o->feed)), err, TOC_E_USAGE,
            "\"%s\" is no feed id: a-z 0-9 . _ -, at most %d", TOC_SHOW(toc_slice_of(o->feed)),
            TOC_ID_BYTES_MAX);
    s->feed = toc_member_feed(&s->conf, toc_slice_of(o->feed));
    TOC_ENSURE(s->feed != NULL || s->conf.feeds.count == 0, err, TOC_E_USAGE, "%s has no feed %s",
            o->config, o->feed);
    return TOC_OK;
}

// Fail closed: what leaves is marked, and stricter than AMBER only by name, in this very command.
static toc_rc find_marking(
        const struct toc_publish_options *o, struct toc_setup *s, struct toc_err *err)
{
    const char *text = o->marking != NULL ? o->marking : s->feed != NULL ? s->feed->marking : NULL;
    s->limit = TOC_MARKING_AMBER;
    s->unmarked = text == NULL && o->dry_run;
    s->has_marking = s->unmarked; // as TLP:CLEAR, so that a dry run can show what there is
    if (text == NULL)
        return TOC_OK;
    TOC_ENSURE(toc_member_marking(toc_slice_of(text), &s->marking), err, TOC_E_USAGE,
            "\"%s\" is no marking: TLP:CLEAR, TLP:GREEN, TLP:AMBER, TLP:AMBER+STRICT or TLP:RED",
            TOC_SHOW(toc_slice_of(text)));
    if (s->marking > TOC_MARKING_AMBER && o->marking == NULL)
        return refuse(err, TOC_REFUSAL_MARKING_STRICT);
    s->has_marking = true;
    s->limit = s->marking > TOC_MARKING_AMBER ? s->marking : TOC_MARKING_AMBER;
    return TOC_OK;
}

static toc_rc add_tag(struct toc_setup *s, const char *text, struct toc_err *err)
{
    TOC_ENSURE(toc_tag_valid(toc_slice_of(text)), err, TOC_E_USAGE,
            "\"%s\" is no tag: a-z 0-9 . _ - : =, at most %d", TOC_SHOW(toc_slice_of(text)),
            TOC_ID_BYTES_MAX);
    TOC_ENSURE(s->tag_count < TOC_OBSERVATION_TAGS_MAX, err, TOC_E_USAGE, "more than %d tags",
            TOC_OBSERVATION_TAGS_MAX);
    s->tags[s->tag_count++] = toc_slice_of(text);
    return TOC_OK;
}

static toc_rc collect_facts(
        const struct toc_publish_options *o, struct toc_setup *s, struct toc_err *err)
{
    struct toc_observation defaults;
    toc_observation_init(&defaults);
    s->confidence = o->confidence >= 0 ? o->confidence
                    : s->feed != NULL  ? (int32_t)s->feed->confidence
                                       : defaults.confidence;
    for (size_t i = 0; i < o->tag_count; i++)
        TOC_TRY(add_tag(s, o->tags[i], err));
    for (size_t i = 0; s->feed != NULL && i < s->feed->tags.count; i++)
        TOC_TRY(add_tag(s, s->feed->tags.items[i], err));
    return TOC_OK;
}

// Stated by the feed if it names government or a community.
static void find_release(struct toc_setup *s)
{
    if (s->feed == NULL || (s->feed->federal == NULL && s->feed->communities.count == 0))
        return;
    toc_release_init(&s->release);
    if (s->feed->federal != NULL)
        s->has_release = toc_federal_parse(toc_slice_of(s->feed->federal), &s->release.federal);
    for (size_t i = 0; i < s->feed->communities.count; i++)
        s->communities[i] = toc_slice_of(s->feed->communities.items[i]);
    s->release.communities = s->communities;
    s->release.communities_count = s->feed->communities.count;
    s->has_release = s->has_release || s->release.communities_count > 0;
}

// An array of slices over a list of the configuration; NULL when it is empty or there is no memory.
static struct toc_slice *slices_of(const struct toc_conf_list *list)
{
    struct toc_slice *slices = list->count == 0 ? NULL : toc_mem_alloc(list->count, sizeof *slices);
    for (size_t i = 0; slices != NULL && i < list->count; i++)
        slices[i] = toc_slice_of(list->items[i]);
    return slices;
}

static toc_rc make_guard(struct toc_setup *s, struct toc_err *err)
{
    struct toc_slice *names = slices_of(&s->conf.privacy.own_names),
                     *keys = slices_of(&s->conf.privacy.query_keys);
    struct toc_privacy_rules rules = {.own_names = names,
            .own_name_count = s->conf.privacy.own_names.count,
            .query_keys = keys,
            .query_key_count = s->conf.privacy.query_keys.count};
    bool whole = (names != NULL || rules.own_name_count == 0) &&
                 (keys != NULL || rules.query_key_count == 0);
    toc_rc rc = whole ? toc_privacy_new(&rules, &s->guard, err)
                      : toc_fail(err, TOC_E_MEMORY, "no memory for rules");
    toc_mem_free(names);
    toc_mem_free(keys);
    return rc;
}

toc_rc toc_setup_load(
        const struct toc_publish_options *options, struct toc_setup *setup, struct toc_err *err)
{
    *setup = (struct toc_setup){0};
    TOC_TRY(load_conf(options, setup, err));
    TOC_TRY(load_key(options, setup, err));
    TOC_TRY(find_feed(options, setup, err));
    TOC_TRY(find_marking(options, setup, err));
    TOC_TRY(collect_facts(options, setup, err));
    find_release(setup);
    return make_guard(setup, err);
}

void toc_setup_done(struct toc_setup *setup)
{
    toc_privacy_free(setup->guard);
    toc_key_free(setup->key);
    toc_genesis_done(&setup->genesis);
    toc_conf_free(setup->texts);
    *setup = (struct toc_setup){0};
}

struct toc_reader_options toc_setup_reader(const struct toc_setup *setup)
{
    struct toc_reader_options options = {.has_marking = setup->has_marking,
            .marking = setup->marking,
            .limit = setup->limit,
            .assume_scheme = setup->feed != NULL && setup->feed->assume_scheme};
    toc_observation_init(&options.base);
    options.base.confidence = setup->confidence;
    return options;
}

void toc_setup_stage(const struct toc_setup *setup, struct toc_stage_options *out)
{
    const struct toc_member_feed *feed = setup->feed;
    *out = (struct toc_stage_options){.guard = setup->guard,
            .has_marking = setup->has_marking,
            .marking = setup->marking,
            .limit = setup->limit,
            .tags = setup->tags,
            .tag_count = setup->tag_count};
    if (feed == NULL)
        return;
    out->assume_scheme = feed->assume_scheme;
    out->allow = (feed->attacker_mail ? TOC_PRIVACY_MAIL : 0u) |
                 (feed->descriptions ? TOC_PRIVACY_DESCRIPTION : 0u);
}

void toc_setup_head(struct toc_setup *setup, struct toc_seal_head *out)
{
    const struct toc_member_feed *feed = setup->feed;
    *out = (struct toc_seal_head){.member = toc_slice_of(setup->conf.member),
            .feed = toc_slice_of(setup->feed_id),
            .partitions = setup->partitions};
    memcpy(out->deployment, setup->deployment, sizeof out->deployment);
    if (feed == NULL)
        return;
    out->has_pap = feed->pap != NULL && toc_pap_parse(toc_slice_of(feed->pap), &out->pap);
    out->has_attribution =
            feed->attribution != NULL &&
            toc_attribution_parse(toc_slice_of(feed->attribution), &out->attribution);
    out->agreement = toc_slice_of(feed->agreement);
    out->release = setup->has_release ? &setup->release : NULL;
}
