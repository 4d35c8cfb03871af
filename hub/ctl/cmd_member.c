// tocsinctl member: request | admit | list | show | suspend | restore | revoke; key is in cmd_member_key.c.

#include <stdio.h>
#include <string.h>

#include "hub/ctl/layout.h"
#include "hub/ctl/log.h"
#include "hub/ctl/member_key.h"
#include "hub/ctl/welcome.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/member/conf.h"

#define NAMES_MAX 64
#define CERTIFICATE_BYTES_MAX 65536

struct admit {
    const char *request, *role, *clearance, *organisation, *title, *out, *fingerprint;
    const char *own_names[NAMES_MAX];
    size_t own_name_count;
    bool may_block, attacker_mail, descriptions, no_probation;
};

static toc_rc fill_member(const struct admit *a, const struct toc_enrolment *request, struct toc_member *m,
        struct toc_member_key *key, struct toc_feed *feed, struct toc_slice *own_names, struct toc_err *err)
{
    toc_member_init(m);
    toc_member_key_init(key);
    toc_feed_init(feed);
    TOC_ENSURE(toc_member_role_parse(toc_slice_of(a->role), &m->role), err, TOC_E_USAGE, "no such role: %s", a->role);
    TOC_ENSURE(toc_member_marking(toc_slice_of(a->clearance), &m->clearance), err, TOC_E_USAGE, "no such clearance: %s",
            a->clearance);
    bool government = m->role == TOC_MEMBER_ROLE_GOVERNMENT;
    m->id = toc_slice_of(request->member);
    m->organisation = a->organisation == NULL ? m->id : toc_slice_of(a->organisation);
    m->title = a->title == NULL ? TOC_S("") : toc_slice_of(a->title);
    m->status = TOC_MEMBER_STATUS_ACTIVE;
    m->admitted = a->no_probation ? 0 : toc_now_ms(NULL);
    memcpy(key->public_key, request->signing_key, sizeof key->public_key);
    m->keys = key;
    m->keys_count = 1;
    // Government sources may block alone unless the operator says otherwise by a feed row of its own.
    feed->reliability = government ? 800 : 700;
    feed->may_block = a->may_block || government;
    feed->attacker_mail = a->attacker_mail;
    feed->descriptions = a->descriptions;
    m->feeds = feed;
    m->feeds_count = 1;
    for (size_t i = 0; i < a->own_name_count; i++)
        own_names[i] = toc_slice_of(a->own_names[i]);
    m->own_names = own_names;
    m->own_names_count = a->own_name_count;
    return TOC_OK;
}

static toc_rc admit_it(struct ctl *ctl, const struct admit *a, const struct toc_enrolment *request,
        const struct toc_genesis_file *genesis, struct toc_slice certificate, struct decisions *d, struct toc_err *err)
{
    struct toc_member member;
    struct toc_member_key key;
    struct toc_feed feed;
    struct toc_slice own_names[NAMES_MAX];
    struct toc_control control;
    TOC_TRY(fill_member(a, request, &member, &key, &feed, own_names, err));
    TOC_ENSURE(decisions_member(d, member.id) == NULL, err, TOC_E_EXISTS,
            "%s is admitted already: `tocsinctl member show %s`", request->member, request->member);
    TOC_TRY(layout_member(ctl, &genesis->facts, &member, err));
    // Before the decision: once admitted it cannot be done again, and the member would lack its certificate.
    TOC_TRY(welcome_write(ctl, a->out, request, genesis, certificate, err));
    toc_control_init(&control);
    control.member = &member;
    return decide(ctl, d, &control, TOC_KEY_ROLE_OPERATOR, member.id, err);
}

static toc_rc admit(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    struct admit a = {0};
    const struct ctl_option options[] = {{.name = "request", .value = &a.request}, {.name = "role", .value = &a.role},
            {.name = "clearance", .value = &a.clearance}, {.name = "organisation", .value = &a.organisation},
            {.name = "title", .value = &a.title}, {.name = "out", .value = &a.out},
            {.name = "fingerprint", .value = &a.fingerprint},
            {.name = "own-name", .list = a.own_names, .list_max = NAMES_MAX, .count = &a.own_name_count},
            {.name = "may-block", .flag = &a.may_block}, {.name = "attacker-mail", .flag = &a.attacker_mail},
            {.name = "descriptions", .flag = &a.descriptions}, {.name = "no-probation", .flag = &a.no_probation}, {0}};
    size_t words;
    TOC_TRY(ctl_options(argc, argv, options, NULL, 0, &words, err));
    TOC_ENSURE(a.request != NULL && a.role != NULL && a.clearance != NULL && a.out != NULL, err, TOC_E_USAGE,
            "member admit wants --request FILE --role ROLE --clearance MARKING --out DIR [--fingerprint TEXT]");
    struct toc_enrolment request;
    struct toc_genesis_file genesis = {0};
    struct decisions d = {0};
    struct toc_buf certificate;
    TOC_TRY(toc_enrol_read(a.request, &request, err));
    toc_buf_init(&certificate, CERTIFICATE_BYTES_MAX);
    toc_rc rc = welcome_check(request.signing_key, a.fingerprint, err);
    if (!toc_failed(rc))
        rc = ctl_genesis(ctl, &genesis, err);
    if (!toc_failed(rc)) // before the decision: nobody is admitted who then gets none
        rc = welcome_certify(ctl, &request, &certificate, err);
    if (!toc_failed(rc))
        rc = decisions_read(ctl, &d, err);
    if (!toc_failed(rc))
        rc = admit_it(ctl, &a, &request, &genesis, toc_buf_slice(&certificate), &d, err);
    if (!toc_failed(rc)) {
        char print[40];
        toc_key_fingerprint(request.signing_key, print);
        printf("%s is admitted (decision %lld). Its key's fingerprint is\n  %s\n%s; what it needs is in %s\n", request.member,
                (long long)d.last, print, a.fingerprint == NULL ? "compare it by telephone" : "as it was read out", a.out);
    }
    toc_buf_done(&certificate);
    decisions_done(&d);
    toc_genesis_done(&genesis);
    toc_enrolment_done(&request);
    return rc;
}

// For the telephone, before anything is decided.
static toc_rc show_request(const char *path, struct toc_err *err)
{
    struct toc_enrolment request;
    char print[40];
    TOC_TRY(toc_enrol_read(path, &request, err));
    toc_key_fingerprint(request.signing_key, print);
    printf("member       %s\nfingerprint  %s\n"
           "Signed by its signing key and its TLS key: whoever made it holds both. Nothing was decided.\n"
           "Call the member by a number you knew before, let it read out the fingerprint that `tocsin-publish enrol` printed, then\n"
           "  tocsinctl member admit --request %s --fingerprint '%s' ...\n",
            request.member, print, path, print);
    toc_enrolment_done(&request);
    return TOC_OK;
}

static toc_rc set_status(struct ctl *ctl, const char *id, enum toc_member_status status, struct toc_err *err)
{
    struct decisions d;
    toc_rc rc = decisions_read(ctl, &d, err);
    const struct toc_member *known = toc_failed(rc) ? NULL : decisions_member(&d, toc_slice_of(id));
    if (!toc_failed(rc) && known == NULL)
        rc = toc_fail(err, TOC_E_NOTFOUND, "no member %s: `tocsinctl member list`", id);
    if (!toc_failed(rc) && known->status == TOC_MEMBER_STATUS_REVOKED)
        rc = toc_fail(err, TOC_E_REFUSED, "%s was revoked; that is for good", id);
    if (!toc_failed(rc)) {
        struct toc_member member = *known;
        struct toc_control control;
        member.status = status;
        toc_control_init(&control);
        control.member = &member;
        rc = decide(ctl, &d, &control, TOC_KEY_ROLE_OPERATOR, member.id, err);
    }
    // From this place of the log on nothing of it counts; the rights on the broker follow.
    if (!toc_failed(rc))
        rc = layout_bar(ctl, toc_slice_of(id), status != TOC_MEMBER_STATUS_ACTIVE, err);
    if (!toc_failed(rc))
        printf("%s is %s (decision %lld)\n", id, toc_member_status_symbol(status), (long long)d.last);
    decisions_done(&d);
    return rc;
}

static toc_rc list(struct ctl *ctl, struct toc_err *err)
{
    struct decisions d;
    toc_rc rc = decisions_read(ctl, &d, err);
    if (!toc_failed(rc)) {
        printf("%-24s %-24s %-14s %-18s %s\n", "member", "organisation", "role", "clearance", "status");
        for (size_t i = 0; i < d.count; i++) {
            const struct toc_member *m = d.items[i].member;
            if (m != NULL && decisions_member(&d, m->id) == m)
                printf("%-24.*s %-24.*s %-14s %-18s %s\n", TOC_SLICE_ARG(m->id), TOC_SLICE_ARG(m->organisation),
                        toc_member_role_spelling(m->role), toc_marking_spelling(m->clearance),
                        toc_member_status_symbol(m->status));
        }
    }
    decisions_done(&d);
    return rc;
}

static toc_rc show(struct ctl *ctl, const char *id, struct toc_err *err)
{
    struct decisions d;
    toc_rc rc = decisions_read(ctl, &d, err);
    const struct toc_member *m = toc_failed(rc) ? NULL : decisions_member(&d, toc_slice_of(id));
    if (!toc_failed(rc) && m == NULL)
        rc = toc_fail(err, TOC_E_NOTFOUND, "no member %s: `tocsinctl member list`", id);
    if (!toc_failed(rc)) {
        struct toc_buf json;
        struct toc_jw w;
        toc_buf_init(&json, 1 << 20);
        toc_jw_init(&w, &json);
        toc_member_json(m, &w);
        rc = toc_buf_check(&json, "a member", err);
        if (!toc_failed(rc))
            printf("%.*s\n", (int)json.len, (const char *)json.ptr);
        toc_buf_done(&json);
    }
    decisions_done(&d);
    return rc;
}

toc_rc cmd_member(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    static const char usage[] = "member request FILE | admit | list | show ID | suspend ID | restore ID | revoke ID | key";
    TOC_ENSURE(argc >= 1, err, TOC_E_USAGE, "%s", usage);
    const char *verb = argv[0];
    if (strcmp(verb, "admit") == 0)
        return admit(ctl, argc - 1, argv + 1, err);
    if (strcmp(verb, "key") == 0)
        return member_key(ctl, argc - 1, argv + 1, err);
    if (strcmp(verb, "list") == 0 && argc == 1)
        return list(ctl, err);
    TOC_ENSURE(argc == 2, err, TOC_E_USAGE, "%s", usage);
    if (strcmp(verb, "request") == 0)
        return show_request(argv[1], err);
    if (strcmp(verb, "show") == 0)
        return show(ctl, argv[1], err);
    if (strcmp(verb, "suspend") == 0)
        return set_status(ctl, argv[1], TOC_MEMBER_STATUS_SUSPENDED, err);
    if (strcmp(verb, "restore") == 0)
        return set_status(ctl, argv[1], TOC_MEMBER_STATUS_ACTIVE, err);
    if (strcmp(verb, "revoke") == 0)
        return set_status(ctl, argv[1], TOC_MEMBER_STATUS_REVOKED, err);
    return toc_fail(err, TOC_E_USAGE, "%s", usage);
}
