// tocsinctl doctor: what is wrong and the next step, in words.

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hub/ctl/doctor.h"
#include "hub/ctl/layout.h"
#include "hub/ctl/log.h"
#include "hub/ctl/words.h"
#include "lib/base/cert.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/time.h"

#define SOON_MS (30 * TOC_MS_DAY)

// --- files -------------------------------------------------------------------------------------------

static void look_at_certificate(struct visit *v, const char *path)
{
    struct toc_cert_facts facts;
    struct toc_err err;
    if (toc_failed(toc_cert_read(path, &facts, &err))) {
        doctor_wrong(v, "run `tocsinctl ca`, or correct kafka.* in operator.conf", "%s", err.text);
        return;
    }
    int64_t left = facts.not_after_ms - toc_now_ms(NULL);
    const char *until = TOC_TIME_SHOW(facts.not_after_ms);
    if (left < 0)
        doctor_wrong(v, "issue a new one", "%s (%s) has run out: %s", path, facts.subject, until);
    else if (left < SOON_MS && strstr(facts.issuer, TOC_CERT_QUICKSTART) == NULL)
        doctor_wrong(v, "issue a new one now", "%s (%s) runs out within 30 days: %s", path, facts.subject, until);
    else
        doctor_good("%s (%s) is valid until %s", path, facts.subject, until);
}

// Those that operator.conf names must be there; the deployment folder's others, as far as they are.
static void look_at_certificates(struct visit *v)
{
    static const char *const names[] = {(CTL_MEMBER_CA ".crt"), (CTL_BROKER ".crt"), (CTL_HUB ".crt")};
    const struct toc_bus_conf *kafka = &v->ctl->conf.kafka;
    look_at_certificate(v, kafka->ca);
    look_at_certificate(v, kafka->certificate);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[TOC_PATH_BYTES_MAX];
        if (!toc_failed(ctl_path(v->ctl, names[i], path, NULL)) && access(path, F_OK) == 0)
            look_at_certificate(v, path);
    }
}

static void look_at_keys(struct visit *v)
{
    static const char *const names[] = {CTL_ROOT_KEY, CTL_OPERATOR_KEY, CTL_HUB_KEY, CTL_DEPLOYMENT_KEY,
            (CTL_MEMBER_CA ".key")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[TOC_PATH_BYTES_MAX];
        struct toc_err err;
        toc_rc rc = ctl_path(v->ctl, names[i], path, &err);
        if (!toc_failed(rc) && i == 0 && access(path, F_OK) != 0)
            continue; // off line, as it should be
        if (toc_failed(rc) || toc_failed(toc_file_check_private(path, &err)))
            doctor_wrong(v, "chmod 600 the file; if others could read it, replace the key", "%s", err.text);
    }
}

// --- broker ------------------------------------------------------------------------------------------

static bool look_at_broker(struct visit *v)
{
    struct toc_err err;
    struct toc_cluster cluster;
    toc_rc rc = ctl_admin(v->ctl, &err);
    if (!toc_failed(rc))
        rc = toc_admin_cluster(v->ctl->admin, &cluster, &err);
    if (toc_failed(rc)) {
        doctor_wrong(v, "start the broker, or correct kafka.brokers in operator.conf", "%s", err.text);
        return false;
    }
    doctor_good("Kafka answers: cluster %s, %d broker%s", cluster.id, cluster.brokers, WORDS_S(cluster.brokers));
    return true;
}

static void look_at_layout(struct visit *v, const struct toc_genesis *genesis)
{
    static const char next[] = "run `tocsinctl init`, which shows it, and `tocsinctl init --apply`";
    struct layout_counts counts = {0};
    struct toc_err err;
    toc_rc rc = layout_topics(v->ctl, genesis, false, &counts, &err);
    if (!toc_failed(rc))
        rc = layout_hub_rights(v->ctl, false, &counts, &err);
    if (toc_failed(rc))
        doctor_wrong(v, next, "%s", err.text);
    else if (counts.topics_made + counts.topics_differ + counts.rights_made != 0)
        doctor_wrong(v, next, "%zu topics are missing, %zu differ, %zu rights of the hub are missing (above)", counts.topics_made,
                counts.topics_differ, counts.rights_made);
    else
        doctor_good("every topic is there with its settings, the hub has its rights");
}

// A hub that starts reads them back, and stops at the decision whose set it cannot read.
static void look_at_sets(struct visit *v, const struct decisions *d)
{
    size_t good = 0;
    for (size_t i = 0; i < d->count; i++) {
        const struct toc_reference_use *use = d->items[i].reference_use;
        struct toc_err err;
        if (use == NULL || decisions_reference(d, use->name) != use)
            continue;
        if (toc_failed(reference_reads_back(v->ctl, use, &err)))
            doctor_wrong(v, "`tocsinctl reference add` with the same file, or `reference use` with a newer one",
                    "the reference set %.*s is in force and does not read back", TOC_SLICE_ARG(use->name));
        else
            good++;
    }
    if (good != 0)
        doctor_good("%zu reference set%s in force read%s back", good, WORDS_S(good), good == 1 ? "s" : "");
}

static void look_at_log(struct visit *v)
{
    struct decisions d;
    struct toc_err err;
    toc_rc rc = decisions_read(v->ctl, &d, &err);
    if (toc_failed(rc))
        doctor_wrong(v, "run `tocsinctl init --apply`", "%s", err.text);
    else
        look_at_sets(v, &d);
    doctor_look_at_hubs(v, d.last);
    decisions_done(&d);
}

static void look_at_deployment(struct visit *v)
{
    struct toc_genesis_file genesis = {0};
    struct toc_err err;
    if (toc_failed(ctl_genesis(v->ctl, &genesis, &err))) {
        doctor_wrong(v, "run `tocsinctl init --apply`", "%s", err.text);
        return;
    }
    look_at_layout(v, &genesis.facts);
    look_at_log(v);
    toc_genesis_done(&genesis);
}

toc_rc cmd_doctor(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    (void)argv;
    TOC_ENSURE(argc == 0, err, TOC_E_USAGE, "doctor takes no words");
    struct visit v = {.ctl = ctl};
    look_at_certificates(&v);
    look_at_keys(&v);
    if (look_at_broker(&v))
        look_at_deployment(&v);
    TOC_ENSURE(v.wrong == 0, err, TOC_E_REFUSED, "%d thing%s wrong (above)", v.wrong, v.wrong == 1 ? " is" : "s are");
    printf("all is well\n");
    return TOC_OK;
}
