// tocsinctl member key: add | list | revoke. A member's record is decided anew with one key more, or with one revoked; what
// a stolen key signed is voided by a decision of its own.

#include <stdio.h>
#include <string.h>

#include "hub/ctl/log.h"
#include "hub/ctl/member_key.h"
#include "hub/ctl/welcome.h"
#include "lib/base/time.h"

#define KEYS_MAX 8 // of a member, the revoked ones too: schemas/control.avsc
#define CERTIFICATE_BYTES_MAX 65536

static toc_rc member_of(const struct decisions *d, const char *id, const struct toc_member **out, struct toc_err *err)
{
    *out = decisions_member(d, toc_slice_of(id));
    TOC_ENSURE(*out != NULL, err, TOC_E_NOTFOUND, "no member %s: `tocsinctl member list`", id);
    TOC_ENSURE((*out)->status != TOC_MEMBER_STATUS_REVOKED, err, TOC_E_REFUSED, "%s was revoked; that is for good", id);
    return TOC_OK;
}

static toc_rc decide_keys(struct ctl *ctl, struct decisions *d, const struct toc_member *known, struct toc_member_key *keys,
        size_t count, struct toc_err *err)
{
    struct toc_member member = *known;
    struct toc_control control;
    member.keys = keys;
    member.keys_count = count;
    toc_control_init(&control);
    control.member = &member;
    return decide(ctl, d, &control, TOC_KEY_ROLE_OPERATOR, member.id, err);
}

// --- add ---------------------------------------------------------------------------------------------

static toc_rc add_key(struct ctl *ctl, struct decisions *d, const char *id, const struct toc_enrolment *request,
        struct toc_err *err)
{
    const struct toc_member *known;
    struct toc_member_key keys[KEYS_MAX];
    TOC_TRY(member_of(d, id, &known, err));
    for (size_t i = 0; i < known->keys_count; i++) {
        TOC_ENSURE(memcmp(known->keys[i].public_key, request->signing_key, sizeof request->signing_key) != 0, err, TOC_E_EXISTS,
                "%s has that key%s: `tocsin-publish enrol` makes a new one in a new folder", id,
                known->keys[i].revoked ? ", revoked, and that is for good" : " already");
    }
    TOC_ENSURE(known->keys_count < KEYS_MAX, err, TOC_E_LIMIT, "%s has had %d keys, more cannot be: admit it under another id",
            id, KEYS_MAX);
    memcpy(keys, known->keys, known->keys_count * sizeof *keys);
    struct toc_member_key *added = &keys[known->keys_count];
    toc_member_key_init(added);
    memcpy(added->public_key, request->signing_key, sizeof added->public_key);
    return decide_keys(ctl, d, known, keys, known->keys_count + 1, err);
}

static toc_rc welcome(struct ctl *ctl, const char *dir, const struct toc_enrolment *request, struct toc_slice certificate,
        struct toc_err *err)
{
    struct toc_genesis_file genesis = {0};
    TOC_TRY(ctl_genesis(ctl, &genesis, err));
    toc_rc rc = welcome_write(ctl, dir, request, &genesis, certificate, err);
    toc_genesis_done(&genesis);
    return rc;
}

static toc_rc take_request(struct ctl *ctl, const char *id, const struct toc_enrolment *request, const char *said,
        const char *out, struct toc_err *err)
{
    struct toc_buf certificate;
    struct decisions d = {0};
    char print[40];
    TOC_ENSURE(strcmp(request->member, id) == 0, err, TOC_E_REFUSED, "the request is of %s, not of %s", request->member, id);
    TOC_TRY(welcome_check(request->signing_key, said, err));
    toc_buf_init(&certificate, CERTIFICATE_BYTES_MAX);
    toc_rc rc = out == NULL ? TOC_OK : welcome_certify(ctl, request, &certificate, err);
    if (!toc_failed(rc))
        rc = decisions_read(ctl, &d, err);
    if (!toc_failed(rc))
        rc = add_key(ctl, &d, id, request, err);
    if (!toc_failed(rc) && out != NULL)
        rc = welcome(ctl, out, request, toc_buf_slice(&certificate), err);
    if (!toc_failed(rc)) {
        toc_key_fingerprint(request->signing_key, print);
        printf("%s has one key more (decision %lld)\n  %s\n", id, (long long)d.last, print);
        printf("%s\n", said == NULL ? "compare it by telephone" : "as it was read out");
        if (out != NULL)
            printf("what it needs is in %s\n", out);
    }
    toc_buf_done(&certificate);
    decisions_done(&d);
    return rc;
}

static toc_rc add(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    const char *words[1], *file = NULL, *said = NULL, *out = NULL;
    size_t count;
    const struct ctl_option options[] = {{.name = "request", .value = &file}, {.name = "fingerprint", .value = &said},
            {.name = "out", .value = &out}, {0}};
    TOC_TRY(ctl_options(argc, argv, options, words, 1, &count, err));
    TOC_ENSURE(count == 1 && file != NULL, err, TOC_E_USAGE, "member key add ID --request FILE [--fingerprint TEXT] [--out DIR]");
    struct toc_enrolment request;
    TOC_TRY(toc_enrol_read(file, &request, err));
    toc_rc rc = take_request(ctl, words[0], &request, said, out, err);
    toc_enrolment_done(&request);
    return rc;
}

// --- list --------------------------------------------------------------------------------------------

static const struct toc_distrust *distrust_of(const struct decisions *d, const uint8_t id[TOC_KEY_ID_BYTES])
{
    const struct toc_distrust *found = NULL;
    for (size_t i = 0; i < d->count; i++)
        if (d->items[i].distrust != NULL && memcmp(d->items[i].distrust->key_id, id, TOC_KEY_ID_BYTES) == 0)
            found = d->items[i].distrust;
    return found;
}

static toc_rc list(struct ctl *ctl, const char *id, struct toc_err *err)
{
    struct decisions d;
    toc_rc rc = decisions_read(ctl, &d, err);
    const struct toc_member *m = toc_failed(rc) ? NULL : decisions_member(&d, toc_slice_of(id));
    if (!toc_failed(rc) && m == NULL)
        rc = toc_fail(err, TOC_E_NOTFOUND, "no member %s: `tocsinctl member list`", id);
    for (size_t i = 0; m != NULL && i < m->keys_count; i++) {
        uint8_t key_id[TOC_KEY_ID_BYTES];
        char print[40];
        toc_key_id(m->keys[i].public_key, key_id);
        toc_key_fingerprint(m->keys[i].public_key, print);
        const struct toc_distrust *distrust = distrust_of(&d, key_id);
        printf("%s  %s%s%s\n", print, m->keys[i].revoked ? "revoked" : "in force", distrust == NULL ? "" : ", distrusted from ",
                distrust == NULL ? "" : TOC_TIME_SHOW(distrust->from));
    }
    decisions_done(&d);
    return rc;
}

// --- revoke ------------------------------------------------------------------------------------------

// A date or time, or how long ago.
static toc_rc parse_since(const char *text, int64_t *out, struct toc_err *err)
{
    int64_t span, now = toc_now_ms(NULL);
    if (toc_duration_parse(toc_slice_of(text), &span))
        *out = now - span;
    else
        TOC_ENSURE(toc_time_parse(toc_slice_of(text), out), err, TOC_E_USAGE,
                "--distrust-from wants a date or time (2026-01-31T12:00:00Z) or an age (12h)");
    TOC_ENSURE(*out > 0 && *out <= now, err, TOC_E_USAGE, "--distrust-from is not in the past");
    return TOC_OK;
}

static toc_rc revoke_key(struct ctl *ctl, struct decisions *d, const struct toc_member *known, size_t at, struct toc_err *err)
{
    struct toc_member_key keys[KEYS_MAX];
    size_t left = 0;
    if (known->keys[at].revoked) {
        printf("it was revoked before\n");
        return TOC_OK;
    }
    memcpy(keys, known->keys, known->keys_count * sizeof *keys);
    keys[at].revoked = true;
    for (size_t i = 0; i < known->keys_count; i++)
        left += !keys[i].revoked;
    TOC_TRY(decide_keys(ctl, d, known, keys, known->keys_count, err));
    printf("what it signs from here on is refused (decision %lld)\n", (long long)d->last);
    if (left == 0)
        printf("%.*s has no key left: `tocsinctl member key add`\n", TOC_SLICE_ARG(known->id));
    return TOC_OK;
}

static toc_rc distrust_key(struct ctl *ctl, struct decisions *d, const struct toc_member *known,
        const uint8_t id[TOC_KEY_ID_BYTES], int64_t from, struct toc_err *err)
{
    struct toc_distrust distrust = {.from = from};
    struct toc_control control;
    memcpy(distrust.key_id, id, sizeof distrust.key_id);
    toc_control_init(&control);
    control.distrust = &distrust;
    TOC_TRY(decide(ctl, d, &control, TOC_KEY_ROLE_OPERATOR, known->id, err));
    printf("what it signed since %s does not count (decision %lld)\n", TOC_TIME_SHOW(from), (long long)d->last);
    return TOC_OK;
}

static toc_rc revoke_found(struct ctl *ctl, struct decisions *d, const char *member, const uint8_t id[TOC_KEY_ID_BYTES],
        int64_t from, struct toc_err *err)
{
    const struct toc_member *known;
    TOC_TRY(member_of(d, member, &known, err));
    for (size_t i = 0; i < known->keys_count; i++) {
        uint8_t one[TOC_KEY_ID_BYTES];
        toc_key_id(known->keys[i].public_key, one);
        if (memcmp(one, id, sizeof one) != 0)
            continue;
        TOC_TRY(revoke_key(ctl, d, known, i, err));
        return from == 0 ? TOC_OK : distrust_key(ctl, d, known, id, from, err);
    }
    return toc_fail(err, TOC_E_NOTFOUND, "%s has no such key: `tocsinctl member key list %s`", member, member);
}

static toc_rc revoke(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    const char *words[2], *since = NULL;
    size_t count;
    uint8_t id[TOC_KEY_ID_BYTES];
    int64_t from = 0;
    struct decisions d;
    const struct ctl_option options[] = {{.name = "distrust-from", .value = &since}, {0}};
    TOC_TRY(ctl_options(argc, argv, options, words, 2, &count, err));
    TOC_ENSURE(count == 2 && welcome_key_id(words[1], id), err, TOC_E_USAGE,
            "member key revoke ID KEY [--distrust-from WHEN]; KEY as `member key list ID` shows it, in quotes or without blanks");
    if (since != NULL)
        TOC_TRY(parse_since(since, &from, err));
    toc_rc rc = decisions_read(ctl, &d, err);
    if (!toc_failed(rc))
        rc = revoke_found(ctl, &d, words[0], id, from, err);
    decisions_done(&d);
    return rc;
}

toc_rc member_key(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    if (argc >= 1 && strcmp(argv[0], "add") == 0)
        return add(ctl, argc - 1, argv + 1, err);
    if (argc == 2 && strcmp(argv[0], "list") == 0)
        return list(ctl, argv[1], err);
    if (argc >= 1 && strcmp(argv[0], "revoke") == 0)
        return revoke(ctl, argc - 1, argv + 1, err);
    return toc_fail(err, TOC_E_USAGE, "member key add ID --request FILE | list ID | revoke ID KEY [--distrust-from WHEN]");
}
