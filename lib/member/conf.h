// member.conf: one file for tocsin-publish and tocsin-subscribe, on the member's machine. Read once at
// start into a struct that nothing changes afterwards. `tocsin-publish --print-config` shows every key.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/config.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/bus/conf.h"
#include "schemas/types.h"

#define TOC_COMMUNITIES_MAX 16 // schemas/types.avsc: Release

// What a member says of one of its feeds. Texts are borrowed from the configuration.
struct toc_member_feed {
    const char *id;      // [a-z0-9][a-z0-9._-]{0,62}
    const char *marking; // "TLP:GREEN", or NULL: must come with the submission or the object
    int64_t confidence;  // 0-100
    bool assume_scheme;  // host/path counts as http://host/path
    bool attacker_mail;  // its e-mail addresses are the attackers'
    bool descriptions;   // its descriptions were read and may leave
    struct toc_conf_list tags;
    // What goes with it; NULL or empty: the member record's default.
    const char *pap;     // "PAP:GREEN"
    const char *federal; // "no", "yes"; "via-ais" is reserved and refused
    struct toc_conf_list communities;
    const char *attribution; // "named", "role", "anonymous"
    const char *agreement;   // sharing agreement and version
};

struct toc_member_conf {
    const char *member;      // the member's id
    const char *state;       // directory: spool, writer and sequence, last full lists, allow file
    const char *signing_key; // PKCS#8 PEM, Ed25519, 0600
    const char *genesis;     // the deployment's signed genesis segment; NULL: laboratory only
    const char *genesis_digest; // SHA-256 of that file, hex
    struct toc_bus_conf kafka;
    struct {
        struct toc_conf_list own_names;  // domains, addresses, networks
        struct toc_conf_list query_keys; // beside the built-in table
    } privacy;
    struct toc_conf_groups feeds; // of struct toc_member_feed
    struct {
        const char *audience; // NULL: the highest the member is cleared for
        const char *interest; // id or expression; NULL: everything
        const char *allow;    // file of values that never enter an output; NULL: state/allow
        int64_t stale_ms;     // without the hub for so long: addresses and URLs leave the outputs
    } subscribe;
};

extern const struct toc_conf_row toc_member_rows[]; // ends with a row without name

// Loads and checks the file: ids, markings, hex, feeds that occur twice. *owner keeps the texts;
// free it with toc_conf_free when *out is no longer used.
TOC_NODISCARD toc_rc toc_member_load(const char *path, struct toc_member_conf *out,
        struct toc_conf **owner, struct toc_err *err);

// The feed of that id; NULL when it has no row.
const struct toc_member_feed *toc_member_feed(
        const struct toc_member_conf *conf, struct toc_slice id);

// "TLP:GREEN", "green", "tlp:white" (TLP 1.0's name of CLEAR) and the like, any case.
bool toc_member_marking(struct toc_slice text, enum toc_marking *out);
