// tocsinctl: what all its commands share. One command a file; the table in main.c registers it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/config.h"
#include "lib/base/err.h"
#include "lib/base/key.h"
#include "lib/bus/admin.h"
#include "lib/bus/conf.h"
#include "lib/member/genesis.h"
#include "schemas/control.h"

// operator.conf
struct ctl_conf {
    const char *operator_id;
    const char *dir;            // of the deployment: authorities, keys, genesis
    struct toc_bus_conf kafka;  // the operators' and hubs' listener
    const char *member_brokers; // what members connect to: goes into what a newcomer gets
    struct toc_conf_list hub_sockets;
    int64_t replicas;           // of every topic
    bool quickstart;            // everything is marked QUICKSTART and works on loopback only
};
extern const struct toc_conf_row ctl_rows[];

struct ctl {
    struct ctl_conf conf;
    struct toc_conf *owner;
    struct toc_bus_log log;
    struct toc_admin *admin; // opened by ctl_admin when first needed
    bool verbose;
};

// Opens operator.conf; commands that need none get a zeroed ctl.
TOC_NODISCARD toc_rc ctl_open(const char *path, struct ctl *out, struct toc_err *err);
void ctl_close(struct ctl *ctl);

TOC_NODISCARD toc_rc ctl_admin(struct ctl *ctl, struct toc_err *err); // ctl->admin is there afterwards
// A file of the deployment folder.
TOC_NODISCARD toc_rc ctl_path(const struct ctl *ctl, const char *name, char out[], struct toc_err *err);
TOC_NODISCARD toc_rc ctl_genesis(const struct ctl *ctl, struct toc_genesis_file *out, struct toc_err *err);

// Names of the files in the deployment folder.
#define CTL_HUB_CA "hub-ca"       // .key, .crt
#define CTL_MEMBER_CA "member-ca" // .key, .crt
#define CTL_BROKER "broker"       // .key, .crt and .pem (key, certificate, authority: what Kafka wants)
#define CTL_ADMIN "admin"         // TLS of the operator
#define CTL_HUB "hub"             // TLS of the hubs
#define CTL_ROOT_KEY "root.signing.key"
#define CTL_OPERATOR_KEY "operator.signing.key"
#define CTL_HUB_KEY "hub.signing.key"
#define CTL_DEPLOYMENT_KEY "deployment.key"
#define CTL_GENESIS "genesis.toc"

// A command: gets the words behind its name. Prints its own results; a failure is printed by main.
// REFUSED means "done, but the answer is no" (exit 1); USAGE exits 2.
typedef toc_rc ctl_command(struct ctl *ctl, int argc, char **argv, struct toc_err *err);
ctl_command cmd_ca, cmd_init, cmd_member, cmd_interest, cmd_reference, cmd_overrule, cmd_status, cmd_explain,
        cmd_quarantine, cmd_capture, cmd_codes, cmd_doctor, cmd_picture, cmd_policy, cmd_correlations;

// The canonical form of a value as people write it (defanged, with a kind that shows); USAGE with the reason.
TOC_NODISCARD toc_rc ctl_canonical(const char *raw, enum toc_kind *kind, struct toc_buf *out, struct toc_err *err);

// Is the set there, whole, under its digest? NOTFOUND when not.
TOC_NODISCARD toc_rc reference_reads_back(struct ctl *ctl, const struct toc_reference_use *use, struct toc_err *err);

// --- option parsing of commands: "--name value", "--flag", and words between them --------------------
struct ctl_option {
    const char *name;    // without the dashes
    const char **value;  // where its text goes (last one wins)
    bool *flag;          // or: a flag without value
    const char **list;   // or: every text, up to list_max, counted in *count
    size_t list_max;
    size_t *count;
};
// Words that are no options go to words (at most max); USAGE with the offending word.
TOC_NODISCARD toc_rc ctl_options(int argc, char **argv, const struct ctl_option *options, const char **words, size_t max,
        size_t *out_words, struct toc_err *err);
