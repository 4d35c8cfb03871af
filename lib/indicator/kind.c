#include "lib/indicator/kind.h"

#include "lib/indicator/form.h"

static const struct toc_kind_row rows[] = {
        {TOC_KIND_IPV4, "ipv4", 15, TOC_CURVE_NETWORK, false, toc_ipv4_canon, toc_ipv4_check},
        {TOC_KIND_IPV6, "ipv6", 39, TOC_CURVE_NETWORK, false, toc_ipv6_canon, toc_ipv6_check},
        {TOC_KIND_CIDR, "cidr", 43, TOC_CURVE_NETWORK, false, toc_cidr_canon, toc_cidr_check},
        {TOC_KIND_ENDPOINT, "endpoint", 21, TOC_CURVE_NETWORK, true, toc_endpoint_canon,
                toc_endpoint_check},
        {TOC_KIND_DOMAIN, "domain", TOC_DOMAIN_BYTES_MAX, TOC_CURVE_DOMAIN, false, toc_domain_canon,
                toc_domain_check},
        {TOC_KIND_URL, "url", TOC_VALUE_BYTES_MAX, TOC_CURVE_NETWORK, true, toc_url_canon,
                toc_url_check},
        {TOC_KIND_EMAIL, "email", TOC_EMAIL_BYTES_MAX, TOC_CURVE_EMAIL, true, toc_email_canon,
                toc_email_check},
        {TOC_KIND_MD5, "md5", 32, TOC_CURVE_FILE, false, toc_hash_canon, toc_hash_check},
        {TOC_KIND_SHA1, "sha1", 40, TOC_CURVE_FILE, false, toc_hash_canon, toc_hash_check},
        {TOC_KIND_SHA256, "sha256", 64, TOC_CURVE_FILE, false, toc_hash_canon, toc_hash_check},
        {TOC_KIND_SHA512, "sha512", 128, TOC_CURVE_FILE, false, toc_hash_canon, toc_hash_check},
        {TOC_KIND_CVE, "cve", TOC_CVE_BYTES_MAX, TOC_CURVE_NONE, false, toc_cve_canon,
                toc_cve_check},
};

// The table is in the order of the enum, behind unknown: a kind is found without a search.
const struct toc_kind_row *toc_kind_row(enum toc_kind kind)
{
    size_t at = (size_t)kind - TOC_KIND_IPV4;
    return kind > TOC_KIND_UNKNOWN && at < sizeof rows / sizeof *rows ? &rows[at] : NULL;
}

int64_t toc_kind_lifetime(enum toc_kind kind)
{
    static const int64_t lifetimes[] = {
            [TOC_CURVE_NONE] = INT64_MAX,
            [TOC_CURVE_NETWORK] = TOC_LIFETIME_NETWORK_MS,
            [TOC_CURVE_DOMAIN] = TOC_LIFETIME_DOMAIN_MS,
            [TOC_CURVE_FILE] = TOC_LIFETIME_FILE_MS,
            [TOC_CURVE_EMAIL] = TOC_LIFETIME_EMAIL_MS,
    };
    const struct toc_kind_row *row = toc_kind_row(kind);
    return lifetimes[row == NULL ? TOC_CURVE_NONE : row->curve];
}
