#include "lib/bus/conf.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

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
