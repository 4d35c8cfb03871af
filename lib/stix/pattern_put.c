#include "lib/stix/pattern.h"

static void put_string(struct toc_buf *out, struct toc_slice s)
{
    toc_buf_put_byte(out, '\'');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\'' || s.ptr[i] == '\\')
            toc_buf_put_byte(out, '\\');
        toc_buf_put_byte(out, s.ptr[i]);
    }
    toc_buf_put_byte(out, '\'');
}

static void put_endpoint(struct toc_buf *out, struct toc_slice value)
{
    size_t colon = toc_slice_find(value, ':');
    toc_buf_put_text(
            out, "network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = ");
    put_string(out, toc_slice_sub(value, 0, colon));
    toc_buf_put_text(out, " AND network-traffic:dst_port = ");
    toc_buf_put_slice(out, toc_slice_sub(value, colon + 1, value.len));
}

bool toc_pattern_put(struct toc_buf *out, enum toc_kind kind, struct toc_slice value)
{
    static const char *const before[TOC_KIND_COUNT] = {
            [TOC_KIND_IPV4] = "ipv4-addr:value = ",
            [TOC_KIND_IPV6] = "ipv6-addr:value = ",
            [TOC_KIND_CIDR] = "ipv4-addr:value ISSUBSET ",
            [TOC_KIND_ENDPOINT] = "",
            [TOC_KIND_DOMAIN] = "domain-name:value = ",
            [TOC_KIND_URL] = "url:value = ",
            [TOC_KIND_EMAIL] = "email-addr:value = ",
            [TOC_KIND_MD5] = "file:hashes.MD5 = ",
            [TOC_KIND_SHA1] = "file:hashes.'SHA-1' = ",
            [TOC_KIND_SHA256] = "file:hashes.'SHA-256' = ",
            [TOC_KIND_SHA512] = "file:hashes.'SHA-512' = ",
    };
    if ((unsigned)kind >= TOC_KIND_COUNT || before[kind] == NULL)
        return false;
    toc_buf_put_byte(out, '[');
    if (kind == TOC_KIND_ENDPOINT) {
        put_endpoint(out, value);
    } else {
        bool v6 = kind == TOC_KIND_CIDR && toc_slice_has(value, ':');
        toc_buf_put_text(out, v6 ? "ipv6-addr:value ISSUBSET " : before[kind]);
        put_string(out, value);
    }
    toc_buf_put_byte(out, ']');
    return true;
}
