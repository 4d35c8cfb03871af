#include "lib/bus/conf.h"

#include <arpa/inet.h>
#include <librdkafka/rdkafka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cert.h"
#include "lib/base/text.h"

#define PREFIX_BYTES_MAX 100 // leaves room for "interest.<id>", 63 bytes an id

toc_rc toc_bus_prefix_check(const void *value, struct toc_err *err)
{
    const char *prefix = *(const char *const *)value;
    size_t len = strlen(prefix);
    TOC_ENSURE(len <= PREFIX_BYTES_MAX, err, TOC_E_LENGTH, "prefix of %zu bytes, at most %d", len,
            PREFIX_BYTES_MAX);
    static const char allowed[] =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t good = strspn(prefix, allowed);
    TOC_ENSURE(good == len, err, TOC_E_SYNTAX,
            "prefix: byte %zu is none of letters, digits, '.', '_', '-'", good + 1);
    return TOC_OK;
}

const char *toc_bus_topic(const struct toc_bus_conf *conf, const char *name, char *out)
{
    snprintf(out, TOC_TOPIC_BYTES_MAX, "%s%s", conf->prefix, name);
    return out;
}

// "host", "host:port", "v6", "[v6]:port".
static bool is_loopback(struct toc_slice broker)
{
    char text[80];
    struct in_addr v4;
    struct in6_addr v6;
    if (broker.len >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)broker.len, (const char *)broker.ptr);
    char *host = text[0] == '[' ? text + 1 : text;
    if (inet_pton(AF_INET6, text, &v6) != 1)
        host[strcspn(host, text[0] == '[' ? "]" : ":")] = '\0';
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcmp(host, "localhost") == 0 || (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
}

bool toc_bus_is_loopback(const char *brokers)
{
    struct toc_slice rest = toc_slice_of(brokers);
    do {
        size_t end = toc_slice_find(rest, ',');
        if (!is_loopback(toc_slice_trim(toc_slice_sub(rest, 0, end))))
            return false;
        rest = toc_slice_sub(rest, end + 1, rest.len);
    } while (rest.len != 0);
    return true;
}

toc_rc toc_bus_quickstart_check(const char *pem, const char *brokers, struct toc_err *err)
{
    bool marked = false;
    TOC_TRY(toc_cert_is_quickstart(pem, &marked, err));
    if (marked && !toc_bus_is_loopback(brokers))
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_REFUSED,
                "%s is marked " TOC_CERT_QUICKSTART ": it works on loopback only, not with %s; make authorities "
                "with `tocsinctl ca`",
                pem, TOC_SHOW(toc_slice_of(brokers)));
    return TOC_OK;
}

int toc_bus_version(void)
{
    return rd_kafka_version();
}

toc_rc toc_bus_version_check(int version, const char **out_advice, struct toc_err *err)
{
    const int release = version >> 8; // 0xMMmmrr
    TOC_ENSURE(release >= 0x020002, err, TOC_E_USAGE,
            "librdkafka %d.%d.%d is too old: at least 2.0.2 is needed", release >> 16,
            release >> 8 & 0xff, release & 0xff);
    if (release < 0x020601)
        *out_advice =
                "this librdkafka has known faults in rebalances, which Tocsin works around; 2.6.1 "
                "or newer (but not 2.10.0) is recommended";
    else if (release == 0x020a00)
        *out_advice = "librdkafka 2.10.0 can loop while reconnecting: take another release";
    else
        *out_advice = NULL;
    return TOC_OK;
}
