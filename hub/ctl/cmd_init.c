// tocsinctl init: genesis, topics, rights, the first decisions. Shows what is missing or differs and changes nothing;
// --apply makes it so. A second --apply finds nothing to do.

#include <stdio.h>
#include <string.h>

#include "hub/ctl/draft.h"
#include "hub/ctl/layout.h"
#include "hub/ctl/log.h"
#include "hub/ctl/words.h"
#include "lib/base/digest.h"
#include "lib/base/limits.h"
#include "lib/base/text.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/topics.h"

#define NAME_DEFAULT "tocsin"
#define PARTITIONS_DEFAULT 12

struct init {
    const char *name;   // NULL: not said
    int32_t partitions; // 0: not said
    bool apply;
    bool drafted; // no genesis.toc yet: `draft` is what it would be
    struct draft draft;
    struct toc_genesis_file genesis;
    struct decisions decisions;
    struct layout_counts counts;
    size_t decided;
};

static const struct toc_genesis *facts_of(const struct init *init)
{
    return init->drafted ? &init->draft.facts : &init->genesis.facts;
}

// What stands in a genesis stands there for good.
static toc_rc check_wishes(const struct init *init, struct toc_err *err)
{
    const struct toc_genesis *g = &init->genesis.facts;
    TOC_ENSURE(init->partitions == 0 || init->partitions == g->partitions, err, TOC_E_REFUSED,
            CTL_GENESIS " says %d partitions, for good: not %d", g->partitions, init->partitions);
    TOC_ENSURE(init->name == NULL || toc_slice_is(g->name, init->name), err, TOC_E_REFUSED,
            CTL_GENESIS " says that the deployment is named %s, for good: not %s", TOC_SHOW(g->name),
            TOC_SHOW(toc_slice_of(init->name)));
    return TOC_OK;
}

static toc_rc find_genesis(struct ctl *ctl, struct init *init, struct toc_err *err)
{
    toc_rc rc = ctl_genesis(ctl, &init->genesis, err);
    if (rc.code != TOC_E_NOTFOUND)
        return toc_failed(rc) ? rc : check_wishes(init, err);
    init->drafted = true;
    return draft_make(ctl, init->name == NULL ? NAME_DEFAULT : init->name,
            init->partitions == 0 ? PARTITIONS_DEFAULT : init->partitions, &init->draft, err);
}

// None before the topic is there.
static toc_rc find_decisions(struct ctl *ctl, struct init *init, struct toc_err *err)
{
    struct toc_topic_name topic = toc_topic(ctl->conf.kafka.prefix, TOC_TOPIC_CONTROL, TOC_S(""));
    int32_t partitions;
    TOC_TRY(ctl_admin(ctl, err));
    toc_rc rc = toc_admin_partitions(ctl->admin, topic.text, &partitions, err);
    if (rc.code == TOC_E_NOTFOUND)
        return TOC_OK;
    return toc_failed(rc) ? rc : decisions_read(ctl, &init->decisions, err);
}

// The log of another deployment, or of this one whose genesis.toc is lost, takes no second genesis.
static toc_rc check_log(struct ctl *ctl, const struct init *init, struct toc_err *err)
{
    for (size_t i = 0; i < init->decisions.count; i++) {
        const struct toc_genesis *g = init->decisions.items[i].genesis;
        TOC_ENSURE(g == NULL || (!init->drafted && memcmp(g->deployment, facts_of(init)->deployment, sizeof g->deployment) == 0),
                err, TOC_E_REFUSED,
                "the topics %s* have another genesis already: put its " CTL_GENESIS " into `dir`, or take another kafka.prefix",
                ctl->conf.kafka.prefix);
    }
    return TOC_OK;
}

static toc_rc keep_genesis(struct ctl *ctl, struct init *init, struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    const struct toc_genesis *g = facts_of(init);
    TOC_TRY(ctl_path(ctl, CTL_GENESIS, path, err));
    printf("  %s: %s (deployment %s, %d partition%s)\n", path, init->apply ? "made" : "is missing", TOC_SHOW(g->name),
            g->partitions, WORDS_S(g->partitions));
    if (!init->apply)
        return TOC_OK;
    TOC_TRY(draft_save(&init->draft, path, err));
    init->drafted = false;
    return ctl_genesis(ctl, &init->genesis, err);
}

static bool granted(const struct decisions *d, const uint8_t public_key[32])
{
    for (size_t i = 0; i < d->count; i++)
        if (d->items[i].key != NULL && memcmp(d->items[i].key->public_key, public_key, 32) == 0)
            return true;
    return false;
}

static void say_decision(struct init *init, const char *what, const char *as)
{
    printf("  decision %lld: %s%s%s\n", (long long)init->decisions.last + 1, what, as, init->apply ? "" : " (is missing)");
    init->decided++;
}

static toc_rc grant(struct ctl *ctl, struct init *init, const char *file, enum toc_key_role role, const char *holder,
        struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX], as[64];
    struct toc_key *key;
    struct toc_key_grant k;
    struct toc_control control;
    TOC_TRY(ctl_path(ctl, file, path, err));
    TOC_TRY(toc_key_load(path, &key, err));
    toc_key_grant_init(&k);
    memcpy(k.public_key, toc_key_public(key), sizeof k.public_key);
    toc_key_free(key);
    if (granted(&init->decisions, k.public_key))
        return TOC_OK;
    k.role = role;
    k.holder = toc_slice_of(holder);
    toc_control_init(&control);
    control.key = &k;
    snprintf(as, sizeof as, " signs as %s", toc_key_role_symbol(role));
    say_decision(init, holder, as);
    if (init->apply)
        return decide(ctl, &init->decisions, &control, TOC_KEY_ROLE_ROOT, TOC_S(""), err);
    init->decisions.last++;
    return TOC_OK;
}

static toc_rc first_decisions(struct ctl *ctl, struct init *init, struct toc_err *err)
{
    if (init->decisions.last == 0) {
        say_decision(init, "genesis", "");
        if (init->apply)
            TOC_TRY(decide_genesis(ctl, &init->genesis, err));
        init->decisions.last = 1;
    }
    TOC_TRY(grant(ctl, init, CTL_OPERATOR_KEY, TOC_KEY_ROLE_OPERATOR, ctl->conf.operator_id, err));
    return grant(ctl, init, CTL_HUB_KEY, TOC_KEY_ROLE_HUB, "hub", err);
}

static void print_digest(const struct toc_genesis_file *genesis)
{
    uint8_t digest[TOC_SHA256_BYTES];
    struct toc_buf hex;
    toc_buf_init(&hex, 128);
    toc_sha256(genesis->value.ptr, genesis->value.len, digest);
    toc_buf_put_hex(&hex, digest, sizeof digest);
    printf("genesis_digest = \"%s\"\n", toc_buf_cstr(&hex));
    toc_buf_done(&hex);
}

// What init lays out is for the members, too: their address counts like the operator's.
static toc_rc check_quickstart(struct ctl *ctl, struct toc_err *err)
{
    const char *const addresses[] = {ctl->conf.kafka.brokers, ctl->conf.member_brokers};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        TOC_TRY(toc_bus_quickstart_check(ctl->conf.kafka.ca, addresses[i], err));
        TOC_ENSURE(!ctl->conf.quickstart || toc_bus_is_loopback(addresses[i]), err, TOC_E_REFUSED,
                "operator.conf says quickstart: it works on loopback only, not with %s", TOC_SHOW(toc_slice_of(addresses[i])));
    }
    return TOC_OK;
}

static size_t print_sum(const struct init *init, bool new_genesis)
{
    const struct layout_counts *c = &init->counts;
    size_t all = new_genesis + c->topics_made + c->topics_differ + c->rights_made + init->decided;
    if (all == 0)
        printf("nothing to do: genesis, topics, rights and first decisions are as they should be\n");
    else
        printf("%zu topics %s, %zu %s; %zu rights of the hub %s; %zu decisions %s\n", c->topics_made,
                init->apply ? "made" : "missing", c->topics_differ, init->apply ? "changed" : "differ", c->rights_made,
                init->apply ? "set" : "to set", init->decided, init->apply ? "made" : "missing");
    return all;
}

// Everything that can say no comes before the first change.
static toc_rc lay_out(struct ctl *ctl, struct init *init, struct toc_err *err)
{
    TOC_TRY(find_genesis(ctl, init, err));
    TOC_TRY(find_decisions(ctl, init, err));
    TOC_TRY(check_log(ctl, init, err));
    bool new_genesis = init->drafted;
    if (new_genesis)
        TOC_TRY(keep_genesis(ctl, init, err));
    TOC_TRY(layout_topics(ctl, facts_of(init), init->apply, &init->counts, err));
    TOC_TRY(layout_hub_rights(ctl, init->apply, &init->counts, err));
    layout_note_rights(ctl);
    TOC_TRY(first_decisions(ctl, init, err));
    size_t all = print_sum(init, new_genesis);
    if (!init->drafted) // one that is not made yet has no digest to pin
        print_digest(&init->genesis);
    if (!init->apply)
        printf("nothing was changed%s\n", all == 0 ? "" : "; --apply does it");
    return TOC_OK;
}

toc_rc cmd_init(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    struct init init = {0};
    const char *partitions = NULL;
    const struct ctl_option options[] = {{.name = "apply", .flag = &init.apply}, {.name = "name", .value = &init.name},
            {.name = "partitions", .value = &partitions}, {0}};
    size_t words;
    uint64_t p = 0;
    TOC_TRY(ctl_options(argc, argv, options, NULL, 0, &words, err));
    TOC_ENSURE(partitions == NULL || (toc_parse_u64(toc_slice_of(partitions), TOC_PARTITIONS_MAX, &p) && p > 0), err,
            TOC_E_USAGE, "--partitions wants 1 to %d", TOC_PARTITIONS_MAX);
    init.partitions = (int32_t)p;
    TOC_TRY(check_quickstart(ctl, err));
    toc_rc rc = lay_out(ctl, &init, err);
    decisions_done(&init.decisions);
    toc_genesis_done(&init.genesis);
    draft_done(&init.draft);
    return rc;
}
