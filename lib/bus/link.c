// @locality log_line and check_certificate run on librdkafka's threads, everything else on the owner's.
#include "lib/bus/link.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/base/cert.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/bus/words.h"

#define EXPIRES_SOON_MS (14 * TOC_MS_DAY)
#define QUICKSTART_SOON_MS TOC_MS_DAY // what lives 7 days would be warned of from its first day on
#define TROUBLE_LASTS_MS (30 * TOC_MS_SECOND)
// The longest time a request may go unanswered. Not above transaction.timeout.ms (10 s), which librdkafka
// insists on, and well below what a person waits for.
#define SOCKET_TIMEOUT_MS 10000

void toc_link_say(const struct toc_link *link, enum toc_log_level level, const char *fmt, ...)
{
    if (link->log.line == NULL)
        return;
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    link->log.line(link->log.ctx, level, text);
}

const char *toc_link_trouble(struct toc_link *link, char *out)
{
    out[0] = '\0';
    pthread_mutex_lock(&link->lock);
    if (link->trouble_ms != 0 && toc_monotonic_ms(NULL) - link->trouble_ms <= TROUBLE_LASTS_MS)
        memcpy(out, link->trouble, sizeof link->trouble);
    pthread_mutex_unlock(&link->lock);
    return out;
}

// Connection failures come as log lines of facility FAIL (and some as ERROR): they are remembered and
// told in words, once until another comes. The rest of level warning and worse is passed on.
static void log_line(const rd_kafka_t *rk, int level, const char *facility, const char *raw)
{
    struct toc_link *link = rd_kafka_opaque(rk);
    if (level > LOG_WARNING)
        return;
    if (strcmp(facility, "FAIL") != 0) {
        // Of an idempotent start on a fresh broker: harmless, retried inside.
        if (strstr(raw, "Coordinator load in progress") == NULL &&
                strcmp(facility, "SSLCERTVRFY") != 0)
            toc_link_say(link, TOC_LOG_DEBUG, "%s", raw);
        return;
    }
    char words[TOC_BUS_TROUBLE_BYTES_MAX];
    pthread_mutex_lock(&link->lock);
    toc_bus_words(&link->conf, raw, link->certificate_error, words, sizeof words);
    int64_t now_ms = toc_monotonic_ms(NULL);
    bool is_new = link->trouble_ms == 0 || now_ms - link->trouble_ms > TROUBLE_LASTS_MS ||
                  strcmp(words, link->trouble) != 0;
    memcpy(link->trouble, words, sizeof words);
    link->trouble_ms = now_ms;
    pthread_mutex_unlock(&link->lock);
    if (is_new)
        toc_link_say(link, TOC_LOG_WARN, "%s", words);
}

// Changes no verdict; librdkafka's log line does not say which of OpenSSL's reasons it was.
static int check_certificate(rd_kafka_t *rk, const char *broker, int32_t broker_id, int *x509_error,
        int depth, const char *der, size_t size, char *text, size_t text_size, void *opaque)
{
    (void)rk;
    (void)broker;
    (void)broker_id;
    (void)depth;
    (void)der;
    (void)size;
    struct toc_link *link = opaque;
    if (*x509_error == 0)
        return 1;
    snprintf(text, text_size, "X.509 error %d", *x509_error);
    pthread_mutex_lock(&link->lock);
    link->certificate_error = *x509_error;
    pthread_mutex_unlock(&link->lock);
    return 0;
}

// Errors of the handle as a whole: connection trouble is known from the log already, and fatal ones are
// asked for where they matter.
static void ignore_error(rd_kafka_t *rk, int error, const char *reason, void *opaque)
{
    (void)rk;
    (void)error;
    (void)reason;
    (void)opaque;
}

toc_rc toc_link_set(struct toc_link *link, const char *name, const char *value, struct toc_err *err)
{
    char why[256];
    if (rd_kafka_conf_set(link->settings, name, value, why, sizeof why) != RD_KAFKA_CONF_OK)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_USAGE, "librdkafka: %s", why);
    return TOC_OK;
}

toc_rc toc_link_set_number(
        struct toc_link *link, const char *name, int64_t value, struct toc_err *err)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    return toc_link_set(link, name, text, err);
}

void toc_link_set_if_known(struct toc_link *link, const char *name, const char *value)
{
    char why[256];
    (void)rd_kafka_conf_set(link->settings, name, value, why, sizeof why);
}

static toc_rc copy_conf(
        struct toc_bus_conf *to, const struct toc_bus_conf *from, struct toc_err *err)
{
    *to = (struct toc_bus_conf){
            .brokers = toc_mem_strdup(from->brokers),
            .ca = toc_mem_strdup(from->ca),
            .certificate = toc_mem_strdup(from->certificate),
            .key = toc_mem_strdup(from->key),
            .client_id = toc_mem_strdup(from->client_id),
    };
    if (to->brokers == NULL || to->ca == NULL || to->certificate == NULL || to->key == NULL ||
            to->client_id == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "kafka settings");
    return TOC_OK;
}

static toc_rc check_files(const struct toc_bus_conf *conf, struct toc_err *err)
{
    const char *const paths[] = {conf->ca, conf->certificate};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (access(paths[i], R_OK) != 0)
            return toc_fail_fate(
                    err, TOC_FATE_FATAL, TOC_E_IO, "%s: %s", paths[i], strerror(errno));
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        TOC_TRY(toc_bus_quickstart_check(paths[i], conf->brokers, err));
    toc_rc rc = toc_file_check_private(conf->key, err);
    if (toc_failed(rc) && err != NULL)
        err->fate = TOC_FATE_FATAL;
    return rc;
}

static int64_t expires_soon(const struct toc_cert_facts *facts)
{
    return strstr(facts->issuer, TOC_CERT_QUICKSTART) != NULL ? QUICKSTART_SOON_MS : EXPIRES_SOON_MS;
}

// The end of validity last warned of: a process has many handles and one certificate, and says it once.
static _Atomic int64_t warned_of;

// A broker says of an expired certificate only that it does not know it, so we look ourselves. It decides,
// not our clock: so this is a word of warning. A file that cannot be read is complained of by librdkafka.
static void check_validity(struct toc_link *link)
{
    struct toc_cert_facts facts;
    struct toc_err err;
    if (link->validity_told)
        return;
    link->validity_told = true;
    if (toc_failed(toc_cert_read(link->conf.certificate, &facts, &err)))
        return;
    int64_t left_ms = facts.not_after_ms - toc_now_ms(NULL);
    if (left_ms <= 0)
        toc_link_say(link, TOC_LOG_WARN,
                "our certificate %s expired on %s: ask the operator for a new one",
                link->conf.certificate, TOC_TIME_SHOW(facts.not_after_ms));
    else if (left_ms < expires_soon(&facts) && atomic_exchange(&warned_of, facts.not_after_ms) != facts.not_after_ms)
        toc_link_say(link, TOC_LOG_WARN, "our certificate %s expires on %s: ask the operator for a new one",
                link->conf.certificate, TOC_TIME_SHOW(facts.not_after_ms));
}

toc_rc toc_link_init(struct toc_link *link, const struct toc_bus_conf *conf, struct toc_bus_log log,
        struct toc_err *err)
{
    *link = (struct toc_link){.log = log};
    pthread_mutex_init(&link->lock, NULL);
    TOC_TRY(copy_conf(&link->conf, conf, err));
    TOC_TRY(check_files(conf, err));
    link->settings = rd_kafka_conf_new();
    const char *const settings[][2] = {
            {"bootstrap.servers", conf->brokers},
            {"client.id", conf->client_id},
            {"security.protocol", "ssl"},
            {"ssl.ca.location", conf->ca},
            {"ssl.certificate.location", conf->certificate},
            {"ssl.key.location", conf->key},
            {"ssl.endpoint.identification.algorithm", "https"},
            {"socket.nagle.disable", "true"},
            {"allow.auto.create.topics", "false"},
            {"reconnect.backoff.ms", "100"},
            {"reconnect.backoff.max.ms", "2000"},
            // Or a topic just made would be unknown for up to 30 s to a handle that asked too early.
            {"topic.metadata.refresh.fast.interval.ms", "100"},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        TOC_TRY(toc_link_set(link, settings[i][0], settings[i][1], err));
    TOC_TRY(toc_link_set_number(link, "socket.timeout.ms", SOCKET_TIMEOUT_MS, err));
    rd_kafka_conf_set_opaque(link->settings, link);
    rd_kafka_conf_set_log_cb(link->settings, log_line);
    rd_kafka_conf_set_error_cb(link->settings, ignore_error);
    rd_kafka_conf_set_ssl_cert_verify_cb(link->settings, check_certificate);
    return TOC_OK;
}

toc_rc toc_link_start(struct toc_link *link, rd_kafka_type_t type,
        void (*dress)(rd_kafka_conf_t *settings, void *ctx), void *ctx, struct toc_err *err)
{
    char why[512], words[TOC_BUS_TROUBLE_BYTES_MAX];
    check_validity(link);
    rd_kafka_conf_t *settings = rd_kafka_conf_dup(link->settings);
    if (dress != NULL)
        dress(settings, ctx);
    link->rk = rd_kafka_new(type, settings, why, sizeof why);
    if (link->rk != NULL)
        return TOC_OK;
    rd_kafka_conf_destroy(settings);
    return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_USAGE, "kafka: %s",
            toc_bus_setup_words(&link->conf, why, words, sizeof words));
}

void toc_link_stop(struct toc_link *link)
{
    if (link->rk != NULL)
        rd_kafka_destroy(link->rk);
    link->rk = NULL;
}

// The configuration's texts are const for everybody else.
static void free_text(const char *text)
{
    toc_mem_free((void *)(uintptr_t)text);
}

void toc_link_done(struct toc_link *link)
{
    toc_link_stop(link);
    if (link->settings != NULL)
        rd_kafka_conf_destroy(link->settings);
    link->settings = NULL;
    free_text(link->conf.brokers);
    free_text(link->conf.ca);
    free_text(link->conf.certificate);
    free_text(link->conf.key);
    free_text(link->conf.client_id);
    link->conf = (struct toc_bus_conf){0};
    pthread_mutex_destroy(&link->lock);
}
