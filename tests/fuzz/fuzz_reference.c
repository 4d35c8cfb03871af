// Any bytes as a reference set: refused, or compiled into answers. The first byte says the type. What a
// compiled set says of a value is the same twice, and the bounds of a verdict hold.
#include "hub/reference/reference.h"
#include "lib/base/digest.h"
#include "lib/base/text.h"
#include "tests/fuzz/fuzz.h"

static const struct {
    enum toc_kind kind;
    struct toc_slice value;
} values[] = {
        {TOC_KIND_DOMAIN, TOC_S_INIT("a.b.evil.com")},
        {TOC_KIND_URL, TOC_S_INIT("https://www.evil.com/x")},
        {TOC_KIND_EMAIL, TOC_S_INIT("a@evil.com")},
        {TOC_KIND_IPV4, TOC_S_INIT("45.1.2.3")},
        {TOC_KIND_CIDR, TOC_S_INIT("45.0.0.0/8")},
        {TOC_KIND_CIDR, TOC_S_INIT("2a00::/16")},
        {TOC_KIND_ENDPOINT, TOC_S_INIT("45.1.2.3:80")},
        {TOC_KIND_MD5, TOC_S_INIT("d41d8cd98f00b204e9800998ecf8427e")},
};

static void ask(struct toc_reference_set *set)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct toc_reference_verdict one, two;
        toc_reference_judge(&set, 1, values[i].kind, values[i].value, &one);
        toc_reference_judge(&set, 1, values[i].kind, values[i].value, &two);
        FUZZ_CHECK(one.hits_count <= 2 && one.hits_count == two.hits_count);
        for (size_t k = 0; k < one.hits_count; k++) {
            FUZZ_CHECK(one.hits[k].effect == two.hits[k].effect);
            FUZZ_CHECK(toc_slice_eq(one.hits[k].note, two.hits[k].note));
            FUZZ_CHECK(one.hits[k].note.len <= 256 && toc_text_is_safe(one.hits[k].note));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct toc_slice bytes = toc_slice(data + 1, size - 1);
    struct toc_reference_set *set;
    struct toc_reference_use use;
    toc_reference_use_init(&use);
    use.name = TOC_S("fuzzed");
    use.type = (enum toc_reference_type)(1 + data[0] % 4);
    use.effect = (enum toc_reference_effect)(data[0] / 4 % 3);
    toc_sha256(bytes.ptr, bytes.len, use.digest);
    if (!toc_failed(toc_reference_compile(&use, bytes, &set, NULL))) {
        ask(set);
        toc_reference_unref(set);
    }
    return 0;
}
