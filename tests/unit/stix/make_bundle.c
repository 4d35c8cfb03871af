// Prints a bundle with one object of each kind, hostile texts and every optional part, for the OASIS
// validator (validate.py). AUDIENCE MARKING: which audience's.
#include <stdio.h>

#include "lib/stix/write.h"

static const struct {
    enum toc_kind kind;
    const char *value;
} values[] = {
        {TOC_KIND_IPV4, "45.9.148.3"},
        {TOC_KIND_IPV6, "2a01:4f8::1"},
        {TOC_KIND_CIDR, "45.9.148.0/24"},
        {TOC_KIND_CIDR, "2a01:4f8::/32"},
        {TOC_KIND_ENDPOINT, "45.9.148.3:8443"},
        {TOC_KIND_DOMAIN, "xn--bcher-kva.example.com"},
        {TOC_KIND_URL, "https://evil.com/a'b]%20OR%20[file:name%20=%20'x"},
        {TOC_KIND_EMAIL, "o'neil@evil.com"},
        {TOC_KIND_MD5, "d41d8cd98f00b204e9800998ecf8427e"},
        {TOC_KIND_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {TOC_KIND_SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {TOC_KIND_SHA512, "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                          "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
        {TOC_KIND_CVE, "CVE-2021-44228"},
};

static struct toc_slice tags[] = {TOC_S_INIT("malware:emotet"), TOC_S_INIT("technique:t1566.001")};
static struct toc_reference references[] = {
        {TOC_S_INIT("report"), TOC_S_INIT("report--1"),
                TOC_S_INIT("https://blog.example.com/x?a=b")},
        {TOC_S_INIT("cve"), TOC_S_INIT("no CVE"), TOC_S_INIT("")},
        {TOC_S_INIT(""), TOC_S_INIT("\"quoted\" \\ id"), TOC_S_INIT("not a url")},
        {TOC_S_INIT("only a name"), TOC_S_INIT(""), TOC_S_INIT("not a url either")},
};

static void fill(struct toc_indicator *x, size_t i)
{
    static const enum toc_status statuses[] = {
            TOC_STATUS_ACTIVE, TOC_STATUS_DISPUTED, TOC_STATUS_WITHDRAWN, TOC_STATUS_EXPIRED};
    toc_indicator_init(x);
    x->kind = values[i].kind;
    x->value = toc_slice_of(values[i].value);
    x->born = INT64_C(1750000000000);
    x->n = (int32_t)i + 1;
    x->now.status = statuses[i % 4];
    x->now.advice = (enum toc_advice)(i % 3);
    x->now.has_score = i % 2 == 0;
    x->now.score = 77;
    x->now.confidence = (int32_t)(i * 100 / (sizeof values / sizeof *values));
    x->now.organisations = i % 2 == 0 ? 1 : 6;
    x->now.corroborated = i % 3 == 0;
    x->now.first_seen = i % 3 == 0 ? 0 : INT64_C(1740000000000);
    x->has_drop_after = i % 2 == 1;
    x->drop_after = i % 4 == 1 ? INT64_C(1790000000000) : 1; // a date before valid_from is left out
    x->now.tags = tags;
    x->now.tags_count = i % 3;
    x->references = references;
    x->references_count = i % 5;
}

int main(void)
{
    static const char *const audiences[] = {"clear", "green", "amber", "strict", "red"};
    for (size_t m = 0; m < TOC_MARKING_COUNT; m++) {
        const struct toc_stix_bundle bundle = {
                audiences[m], (enum toc_marking)m, INT64_C(1760000000000)};
        struct toc_buf out;
        struct toc_jw w;
        toc_buf_init(&out, 1 << 20);
        toc_jw_init(&w, &out);
        toc_stix_bundle_open(&w, &bundle);
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            struct toc_indicator indicator;
            fill(&indicator, i);
            toc_stix_write_indicator(&w, &bundle, &indicator, bundle.time);
        }
        toc_stix_bundle_close(&w);
        if (out.failed)
            return 1;
        printf("%s\n", toc_buf_cstr(&out));
        toc_buf_done(&out);
    }
    return 0;
}
