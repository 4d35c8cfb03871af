#include "lib/bus/words.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

// Numbers of X509_V_ERR_*: openssl/x509_vfy.h is not for this folder, and OpenSSL never renumbers.
enum {
    X509_NOT_YET_VALID = 9,
    X509_EXPIRED = 10,
    X509_SELF_SIGNED_LEAF = 18,
    X509_SELF_SIGNED_CHAIN = 19,
    X509_NO_ISSUER = 20,
    X509_NO_ISSUER_LEAF = 21,
    X509_HOSTNAME_MISMATCH = 62,
    X509_IP_ADDRESS_MISMATCH = 64,
};

// "ssl://host:port/bootstrap" or "ssl://host:port/1" somewhere in the line -> host:port.
static struct toc_slice broker_of(struct toc_slice line)
{
    const char *start = line.len == 0 ? NULL : memmem(line.ptr, line.len, "ssl://", 6);
    if (start == NULL)
        return TOC_S("the broker");
    struct toc_slice rest =
            toc_slice_sub(line, (size_t)((const uint8_t *)start - line.ptr) + 6, line.len);
    size_t end = toc_slice_find(rest, '/');
    return toc_slice_sub(rest, 0, end);
}

// The message behind "[thrd:...]: ssl://...: " and before "(after 5ms in state ...)".
static struct toc_slice message_of(struct toc_slice line)
{
    static const char state[] = " (after ";
    const uint8_t *tail = memmem(line.ptr, line.len, state, sizeof state - 1);
    if (tail != NULL)
        line.len = (size_t)(tail - line.ptr);
    if (toc_slice_starts(line, TOC_S("[thrd:"))) {
        const uint8_t *head = memmem(line.ptr, line.len, "]: ", 3);
        if (head != NULL)
            line = toc_slice_sub(line, (size_t)(head - line.ptr) + 3, line.len);
    }
    if (toc_slice_starts(line, TOC_S("ssl://"))) {
        const uint8_t *head = memmem(line.ptr, line.len, ": ", 2);
        if (head != NULL)
            line = toc_slice_sub(line, (size_t)(head - line.ptr) + 2, line.len);
    }
    return line;
}

static void broker_certificate(
        const struct toc_bus_conf *conf, const char *broker, int error, char *out, size_t size)
{
    switch (error) {
    case X509_EXPIRED:
        snprintf(out, size, "%s: the broker's certificate has expired", broker);
        return;
    case X509_NOT_YET_VALID:
        snprintf(out, size,
                "%s: the broker's certificate is not valid yet: check this machine's clock",
                broker);
        return;
    case X509_HOSTNAME_MISMATCH:
    case X509_IP_ADDRESS_MISMATCH:
        snprintf(out, size,
                "%s: the broker's certificate does not name this host: use the name the operator "
                "gave",
                broker);
        return;
    case X509_SELF_SIGNED_LEAF:
    case X509_SELF_SIGNED_CHAIN:
    case X509_NO_ISSUER:
    case X509_NO_ISSUER_LEAF:
        snprintf(out, size,
                "%s: the broker's certificate is not signed by the authority in %s: wrong file, or "
                "not "
                "the broker you think",
                broker, conf->ca);
        return;
    default:
        snprintf(out, size,
                "%s: the broker's certificate cannot be verified with %s (X.509 error %d)", broker,
                conf->ca, error);
    }
}

// A part of librdkafka's line and what it means; %1$s = broker, %2$s = our certificate file.
static const struct {
    const char *part, *meaning;
} known[] = {
        {"alert bad certificate", "%1$s: the broker wants a certificate and got none that it can "
                                  "use: see kafka.certificate"},
        {"alert certificate required",
                "%1$s: the broker wants a certificate and got none: see kafka.certificate"},
        {"alert certificate expired", "%1$s: the broker refuses our certificate %2$s: it has "
                                      "expired; ask the operator for a new one"},
        {"alert certificate revoked",
                "%1$s: the broker refuses our certificate %2$s: it was revoked"},
        {"alert certificate unknown", "%1$s: the broker refuses our certificate %2$s: expired, or "
                                      "signed by an authority that "
                                      "this port does not trust"},
        {"alert unknown ca", "%1$s: the broker refuses our certificate %2$s: signed by an "
                             "authority it does not know"},
        {"Connection refused", "%1$s: nothing listens there: wrong port, or the broker is down"},
        {"Failed to resolve", "%1$s: no such host name"},
        {"timed out",
                "%1$s: no answer in time: a firewall in between, or the broker is overloaded"},
        {"No route to host", "%1$s: no route to that host"},
        {"Network is unreachable", "%1$s: the network is unreachable"},
        {"wrong version number", "%1$s: that port does not speak TLS"},
        {"Disconnected while requesting ApiVersion", "%1$s: closed the connection at once: not a "
                                                     "Kafka port with TLS, or our certificate "
                                                     "%2$s was refused"},
};

const char *toc_bus_words(const struct toc_bus_conf *conf, const char *raw, int certificate_error,
        char *out, size_t size)
{
    char broker[160];
    toc_text_show(broker, sizeof broker, broker_of(toc_slice_of(raw)));

    if (strstr(raw, "certificate verify failed") != NULL) {
        broker_certificate(conf, broker, certificate_error, out, size);
        return out;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(raw, known[i].part) != NULL) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" // from the table above only
            snprintf(out, size, known[i].meaning, broker, conf->certificate);
#pragma GCC diagnostic pop
            return out;
        }
    return toc_text_show(out, size, message_of(toc_slice_of(raw)));
}

const char *toc_bus_setup_words(
        const struct toc_bus_conf *conf, const char *raw, char *out, size_t size)
{
    if (strstr(raw, "ssl.ca.location") != NULL)
        snprintf(out, size, "%s holds no certificate of an authority (PEM)", conf->ca);
    else if (strstr(raw, "Private key check failed") != NULL)
        snprintf(out, size, "the key %s does not belong to the certificate %s", conf->key,
                conf->certificate);
    else if (strstr(raw, "ssl.certificate.location") != NULL ||
             strstr(raw, "no certificate assigned") != NULL)
        snprintf(out, size, "%s holds no certificate (PEM)", conf->certificate);
    else if (strstr(raw, "ssl.key.location") != NULL)
        snprintf(out, size, "%s holds no private key (PEM, without a password)", conf->key);
    else
        toc_text_show(out, size, toc_slice_of(raw));
    return out;
}
