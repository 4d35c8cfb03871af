// tocsinctl doctor: what is wrong and the next step, in words.

#include <stdio.h>
#include <string.h>

#include "hub/ctl/ask.h"
#include "hub/ctl/layout.h"
#include "hub/ctl/log.h"
#include "hub/ctl/words.h"
#include "lib/base/cert.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/limits.h"
#include "lib/base/time.h"

#define SOON_MS (30 * TOC_MS_DAY)
#define STILL_MS 60000

struct visit {
    struct ctl *ctl;
    int wrong;
};

static void good(const char *what)
{
    printf("  ok     %s\n", what);
}

static void wrong(struct visit *v, const char *what, const char *next)
{
    v->wrong++;
    printf("  WRONG  %s\n         next: %s\n", what, next);
}

static void look_at_certificate(struct visit *v, const char *path)
{
    struct toc_cert_facts facts;
    struct toc_err err;
    char text[400];
    if (toc_failed(toc_cert_read(path, &facts, &err))) {
        wrong(v, err.text, "run `tocsinctl ca`, or correct kafka.* in operator.conf");
        return;
    }
    int64_t left = facts.not_after_ms - toc_now_ms(NULL);
    snprintf(text, sizeof text, "%s (%s) is valid until %s", path, facts.subject, TOC_TIME_SHOW(facts.not_after_ms));
    if (left < 0)
        wrong(v, text, "it has run out: issue a new one");
    else if (left < SOON_MS && strstr(facts.issuer, TOC_CERT_QUICKSTART) == NULL)
        wrong(v, text, "it runs out within 30 days: issue a new one now");
    else
        good(text);
}

static void look_at_keys(struct visit *v)
{
    static const char *const names[] = {CTL_ROOT_KEY, CTL_OPERATOR_KEY, CTL_HUB_KEY, CTL_DEPLOYMENT_KEY,
            (CTL_MEMBER_CA ".key")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[TOC_PATH_BYTES_MAX];
        struct toc_err err;
        if (toc_failed(ctl_path(v->ctl, names[i], path, &err)) || toc_failed(toc_file_check_private(path, &err)))
            wrong(v, err.text, "chmod 600 the file; if others could read it, replace the key");
    }
}

static bool look_at_broker(struct visit *v)
{
    struct toc_err err;
    struct toc_cluster cluster;
    toc_rc rc = ctl_admin(v->ctl, &err);
    if (!toc_failed(rc))
        rc = toc_admin_cluster(v->ctl->admin, &cluster, &err);
    if (toc_failed(rc)) {
        wrong(v, err.text, "start the broker, or correct kafka.brokers in operator.conf");
        return false;
    }
    char text[160];
    snprintf(text, sizeof text, "Kafka answers: cluster %s, %d broker%s", cluster.id, cluster.brokers, WORDS_S(cluster.brokers));
    good(text);
    return true;
}

static void look_at_topics(struct visit *v)
{
    struct toc_genesis_file genesis = {0};
    struct layout_counts counts = {0};
    struct toc_err err;
    toc_rc rc = ctl_genesis(v->ctl, &genesis, &err);
    if (!toc_failed(rc))
        rc = layout_topics(v->ctl, &genesis.facts, false, &counts, &err);
    toc_genesis_done(&genesis);
    if (toc_failed(rc))
        wrong(v, err.text, "run `tocsinctl init --apply`");
    else if (counts.topics_made + counts.topics_differ != 0)
        wrong(v, "topics are missing or differ (above)", "run `tocsinctl init --apply`");
    else
        good("every topic is there with its settings");
}

static void look_at_partition(struct visit *v, const json_t *p, int64_t last)
{
    char text[200];
    int64_t t = 0;
    long long number = (long long)json_integer_value(json_object_get(p, "partition"));
    long long control = (long long)json_integer_value(json_object_get(p, "control"));
    bool timed = toc_time_parse(toc_json_text(p, "stream_time"), &t);
    if (!json_is_true(json_object_get(p, "genesis"))) {
        snprintf(text, sizeof text, "partition %lld has not seen genesis", number);
        wrong(v, text, "compare genesis_digest in hub.conf with `tocsinctl init`");
    } else if (!timed || toc_now_ms(NULL) - t > STILL_MS) {
        snprintf(text, sizeof text, "partition %lld: time stands still since %s", number, TOC_TIME_SHOW(t));
        wrong(v, text, "compare the clocks of the hub and of the brokers; they must agree within a minute");
    } else if (control < last) {
        snprintf(text, sizeof text, "partition %lld has taken %lld of %lld decisions", number, control, (long long)last);
        wrong(v, text, "wait a moment; if it stays, see the hub's log");
    }
}

static void look_at_hubs(struct visit *v, int64_t last)
{
    struct toc_err err;
    json_t *partitions;
    size_t hubs, i;
    const json_t *p;
    if (toc_failed(ask_status(v->ctl, &partitions, &hubs, &err))) {
        wrong(v, err.text, "name the hubs' sockets in operator.conf, or see the hub's log");
        return;
    }
    if (hubs == 0)
        wrong(v, "no hub answers on this machine", "start tocsin-hub, or correct hub_sockets in operator.conf");
    json_array_foreach(partitions, i, p)
        look_at_partition(v, p, last);
    if (hubs != 0) {
        char text[120];
        snprintf(text, sizeof text, "%zu hub%s hold%s %zu partitions", hubs, WORDS_S(hubs), hubs == 1 ? "s" : "",
                json_array_size(partitions));
        good(text);
    }
    json_decref(partitions);
}

static int64_t last_decision(struct visit *v)
{
    struct decisions d;
    struct toc_err err;
    int64_t last = 0;
    if (toc_failed(decisions_read(v->ctl, &d, &err)))
        wrong(v, err.text, "run `tocsinctl init --apply`");
    else
        last = d.last;
    decisions_done(&d);
    return last;
}

toc_rc cmd_doctor(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    (void)argv;
    TOC_ENSURE(argc == 0, err, TOC_E_USAGE, "doctor takes no words");
    struct visit v = {.ctl = ctl};
    look_at_certificate(&v, ctl->conf.kafka.ca);
    look_at_certificate(&v, ctl->conf.kafka.certificate);
    look_at_keys(&v);
    if (look_at_broker(&v)) {
        look_at_topics(&v);
        look_at_hubs(&v, last_decision(&v));
    }
    TOC_ENSURE(v.wrong == 0, err, TOC_E_REFUSED, "%d thing%s wrong (above)", v.wrong, v.wrong == 1 ? " is" : "s are");
    printf("all is well\n");
    return TOC_OK;
}
