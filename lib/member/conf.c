#include "lib/member/conf.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/base/time.h"

#define AGREEMENT_BYTES_MAX 128 // schemas/segment.avsc

bool toc_member_marking(struct toc_slice text, enum toc_marking *out)
{
    /*= https://www.first.org/tlp/ (TLP 2.0): "TLP:CLEAR" replaces TLP:WHITE of version 1. */
    if (toc_slice_eq_nocase(text, TOC_S("TLP:WHITE")) || toc_slice_eq_nocase(text, TOC_S("white")))
        text = TOC_S("TLP:CLEAR");
    return toc_marking_parse(text, out);
}

static toc_rc check_id(const void *value, struct toc_err *err)
{
    struct toc_slice id = toc_slice_of(*(const char *const *)value);
    TOC_ENSURE(toc_id_valid(id), err, TOC_E_USAGE, "\"%s\" is no id: a-z 0-9 . _ -, at most 63",
            TOC_SHOW(id));
    return TOC_OK;
}

static toc_rc check_marking(const void *value, struct toc_err *err)
{
    const char *text = *(const char *const *)value;
    enum toc_marking marking;
    TOC_ENSURE(text == NULL || toc_member_marking(toc_slice_of(text), &marking), err, TOC_E_USAGE,
            "\"%s\" is no marking: TLP:CLEAR, TLP:GREEN, TLP:AMBER, TLP:AMBER+STRICT or TLP:RED",
            TOC_SHOW(toc_slice_of(text)));
    return TOC_OK;
}

static toc_rc check_digest(const void *value, struct toc_err *err)
{
    const char *text = *(const char *const *)value;
    uint8_t digest[32];
    TOC_ENSURE(text == NULL || toc_parse_hex(toc_slice_of(text), digest, sizeof digest), err,
            TOC_E_USAGE, "a digest is 64 hex digits");
    return TOC_OK;
}

static toc_rc check_tags(const void *value, struct toc_err *err)
{
    const struct toc_conf_list *tags = value;
    for (size_t i = 0; i < tags->count; i++) {
        struct toc_slice tag = toc_slice_of(tags->items[i]);
        TOC_ENSURE(toc_tag_valid(tag), err, TOC_E_USAGE,
                "\"%s\" is no tag: a-z 0-9 . _ - : =, at most 63", TOC_SHOW(tag));
    }
    return TOC_OK;
}

static toc_rc check_pap(const void *value, struct toc_err *err)
{
    const char *text = *(const char *const *)value;
    enum toc_pap pap;
    TOC_ENSURE(text == NULL || toc_pap_parse(toc_slice_of(text), &pap), err, TOC_E_USAGE,
            "PAP:CLEAR, PAP:GREEN, PAP:AMBER or PAP:RED");
    return TOC_OK;
}

static toc_rc check_federal(const void *value, struct toc_err *err)
{
    const char *text = *(const char *const *)value;
    enum toc_federal federal;
    TOC_ENSURE(text == NULL || toc_federal_parse(toc_slice_of(text), &federal), err, TOC_E_USAGE,
            "no or yes");
    // What would act as another value than the one written is not taken.
    TOC_ENSURE(text == NULL || federal != TOC_FEDERAL_VIA_AIS, err, TOC_E_USAGE,
            "via-ais is reserved: the hub hands nothing on to AIS; no or yes");
    return TOC_OK;
}

static toc_rc check_communities(const void *value, struct toc_err *err)
{
    const struct toc_conf_list *list = value;
    TOC_ENSURE(list->count == 0, err, TOC_E_USAGE,
            "reserved: no deployment has an audience for a community yet; leave it out");
    return TOC_OK;
}

static toc_rc check_attribution(const void *value, struct toc_err *err)
{
    const char *text = *(const char *const *)value;
    enum toc_attribution attribution;
    TOC_ENSURE(text == NULL || toc_attribution_parse(toc_slice_of(text), &attribution), err,
            TOC_E_USAGE, "named, role or anonymous");
    return TOC_OK;
}

static toc_rc check_agreement(const void *value, struct toc_err *err)
{
    struct toc_slice text = toc_slice_of(*(const char *const *)value);
    TOC_ENSURE(text.len <= AGREEMENT_BYTES_MAX && toc_text_is_safe(text), err, TOC_E_USAGE,
            "one line of at most %d bytes", AGREEMENT_BYTES_MAX);
    return TOC_OK;
}

#define FEED(type_, field_) .type = (type_), .offset = offsetof(struct toc_member_feed, field_)

static const struct toc_conf_row feed_rows[] = {
        {.name = "id",
                FEED(TOC_CONF_TEXT, id),
                .required = true,
                .fallback = "\"blocklist\"",
                .doc = "Name of the feed, as --feed gives it: a-z 0-9 . _ -",
                .check = check_id},
        {.name = "marking",
                FEED(TOC_CONF_TEXT, marking),
                .example = "\"TLP:GREEN\"",
                .doc = "TLP:CLEAR, TLP:GREEN or TLP:AMBER. Without it, --marking or the object "
                       "must say.",
                .check = check_marking},
        {.name = "confidence",
                FEED(TOC_CONF_INT, confidence),
                .fallback = "70",
                .max = 100,
                .doc = "How sure the feed is where it does not say itself, 0 to 100."},
        {.name = "assume_scheme",
                FEED(TOC_CONF_BOOL, assume_scheme),
                .doc = "Take host/path for http://host/path."},
        {.name = "attacker_mail",
                FEED(TOC_CONF_BOOL, attacker_mail),
                .doc = "Its e-mail addresses are the attackers'; without it none leaves."},
        {.name = "descriptions",
                FEED(TOC_CONF_BOOL, descriptions),
                .doc = "Its descriptions were read by somebody and may leave."},
        {.name = "tags",
                FEED(TOC_CONF_LIST, tags),
                .example = "[ \"ransomware\" ]",
                .doc = "Tags on everything of this feed.",
                .check = check_tags},
        {.name = "pap",
                FEED(TOC_CONF_TEXT, pap),
                .example = "\"PAP:GREEN\"",
                .doc = "What a receiver may do with it: PAP:CLEAR, PAP:GREEN, PAP:AMBER or "
                       "PAP:RED.",
                .check = check_pap},
        {.name = "federal",
                FEED(TOC_CONF_TEXT, federal),
                .example = "\"no\"",
                .doc = "Whether government may see it: no or yes. via-ais is reserved.",
                .check = check_federal},
        {.name = "communities",
                FEED(TOC_CONF_LIST, communities),
                .example = "[ ]",
                .doc = "Reserved, empty: communities outside the sector that may see it.",
                .check = check_communities},
        {.name = "attribution",
                FEED(TOC_CONF_TEXT, attribution),
                .example = "\"anonymous\"",
                .doc = "How you are shown as its source: named, role (what kind of member you are) or "
                       "anonymous.",
                .check = check_attribution},
        {.name = "agreement",
                FEED(TOC_CONF_TEXT, agreement),
                .example = "\"sector sharing agreement 2\"",
                .doc = "Sharing agreement and version it is sent under.",
                .check = check_agreement},
        {0},
};

#define FIELD(type_, field_) .type = (type_), .offset = offsetof(struct toc_member_conf, field_)

const struct toc_conf_row toc_member_rows[] = {
        {.name = "member",
                FIELD(TOC_CONF_TEXT, member),
                .required = true,
                .fallback = "\"st-mary\"",
                .doc = "The member's id, as the operator admitted it.",
                .check = check_id},
        {.name = "state",
                FIELD(TOC_CONF_PATH, state),
                .required = true,
                .fallback = "\"state\"",
                .doc = "Directory of what was read but not yet sent, of the sequence numbers and "
                       "of the last "
                       "full lists. Never copy it: two publishers with the same numbers look like "
                       "a stolen key."},
        {.name = "signing_key",
                FIELD(TOC_CONF_PATH, signing_key),
                .required = true,
                .fallback = "\"signing.key\"",
                .doc = "Ed25519 private key made by `tocsin-publish enrol`; mode 0600."},
        {.name = "genesis",
                FIELD(TOC_CONF_PATH, genesis),
                .example = "\"genesis.toc\"",
                .doc = "The deployment's genesis file, as the operator gave it. Without it nothing "
                       "can be sent; "
                       "--dry-run and --segments work."},
        {.name = "genesis_digest",
                FIELD(TOC_CONF_TEXT, genesis_digest),
                .example = "\"0000000000000000000000000000000000000000000000000000000000000000\"",
                .doc = "SHA-256 of the genesis file in hex, as the operator read it out.",
                .check = check_digest},
        TOC_BUS_CONF_ROWS(struct toc_member_conf, kafka, "9094", "ca.pem", "tls"),
        {.name = "privacy.own_names",
                FIELD(TOC_CONF_LIST, privacy.own_names),
                .example = "[ \"clinic.example.org\", \"203.0.113.0/24\" ]",
                .doc = "Your own domains, addresses and networks: what lies in them never leaves."},
        {.name = "privacy.query_keys",
                FIELD(TOC_CONF_LIST, privacy.query_keys),
                .example = "[ \"chart_no\" ]",
                .doc = "Names of URL parameters that hold patients' data, beside mrn, patient, "
                       "dob, ssn ..."},
        {.name = "feeds",
                FIELD(TOC_CONF_GROUPS, feeds),
                .rows = feed_rows,
                .item_size = sizeof(struct toc_member_feed),
                .doc = "What you publish, one group a feed."},
        {.name = "subscribe.audience",
                FIELD(TOC_CONF_TEXT, subscribe.audience),
                .example = "\"green\"",
                .doc = "The audience to read; without it the highest the operator cleared you for.",
                .check = NULL},
        {.name = "subscribe.interest",
                FIELD(TOC_CONF_TEXT, subscribe.interest),
                .example = "\"advice >= alert and kind in (domain, url)\"",
                .doc = "Id of an interest, or an expression; without it everything."},
        {.name = "subscribe.allow",
                FIELD(TOC_CONF_PATH, subscribe.allow),
                .example = "\"allow\"",
                .doc = "File of values that never enter an output; without it `allow` in the state "
                       "directory."},
        {.name = "subscribe.stale",
                FIELD(TOC_CONF_DURATION, subscribe.stale_ms),
                .fallback = "\"7d\"",
                .min = TOC_MS_HOUR,
                .max = 30 * TOC_MS_DAY,
                .doc = "So long without the hub, and addresses and URLs leave the outputs."},
        {0},
};

static toc_rc check_whole(const struct toc_member_conf *conf, struct toc_err *err)
{
    const struct toc_member_feed *feeds = conf->feeds.items;
    for (size_t i = 0; i < conf->feeds.count; i++)
        for (size_t j = i + 1; j < conf->feeds.count; j++)
            TOC_ENSURE(strcmp(feeds[i].id, feeds[j].id) != 0, err, TOC_E_USAGE,
                    "feed %s stands there twice", feeds[i].id);
    TOC_ENSURE((conf->genesis == NULL) == (conf->genesis_digest == NULL), err, TOC_E_USAGE,
            "genesis and genesis_digest belong together: a genesis without its digest is nobody's "
            "word");
    return TOC_OK;
}

toc_rc toc_member_load(
        const char *path, struct toc_member_conf *out, struct toc_conf **owner, struct toc_err *err)
{
    struct toc_member_conf conf = {0};
    struct toc_conf *texts = NULL;
    TOC_TRY(toc_conf_load(path, toc_member_rows, &conf, &texts, err));
    toc_rc rc = check_whole(&conf, err);
    if (toc_failed(rc)) {
        toc_conf_free(texts);
        return toc_err_context(rc, err, "%s", path);
    }
    *out = conf;
    *owner = texts;
    return TOC_OK;
}

const struct toc_member_feed *toc_member_feed(
        const struct toc_member_conf *conf, struct toc_slice id)
{
    const struct toc_member_feed *feeds = conf->feeds.items;
    for (size_t i = 0; i < conf->feeds.count; i++)
        if (toc_slice_is(id, feeds[i].id))
            return &feeds[i];
    return NULL;
}
