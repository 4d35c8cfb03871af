// Any bytes as a STIX pattern: what is taken is a sorted set, and each of its values, written as a
// pattern again, reads back as itself.
#include <string.h>

#include "lib/base/arena.h"
#include "lib/stix/pattern.h"
#include "tests/fuzz/fuzz.h"

static void check_term(const struct toc_pattern_term *term, struct toc_arena *arena)
{
    struct toc_buf text;
    struct toc_pattern again;
    toc_buf_init(&text, 256 * 1024);
    FUZZ_CHECK(toc_pattern_put(&text, term->kind, term->value));
    enum toc_refusal refusal = toc_pattern_parse(toc_buf_slice(&text), arena, &again, NULL);
    // A raw endpoint, network or hash need not have the form its kind is written in.
    if (refusal == TOC_REFUSAL_NONE && again.terms[0].kind == term->kind) {
        FUZZ_CHECK(again.count == 1);
        FUZZ_CHECK(toc_slice_eq(again.terms[0].value, term->value));
    } else {
        FUZZ_CHECK(term->kind == TOC_KIND_ENDPOINT || term->kind == TOC_KIND_CIDR ||
                   term->kind == TOC_KIND_IPV4 || term->kind == TOC_KIND_IPV6);
    }
    toc_buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toc_arena arena;
    struct toc_pattern pattern;
    size_t at = 0;
    toc_arena_init(&arena, 8 << 20);
    enum toc_refusal refusal = toc_pattern_parse(toc_slice(data, size), &arena, &pattern, &at);
    FUZZ_CHECK(at <= size);
    FUZZ_CHECK(refusal == TOC_REFUSAL_NONE || refusal == TOC_REFUSAL_STIX_PATTERN ||
               refusal == TOC_REFUSAL_STIX_PATTERN_UNSUPPORTED);
    for (size_t i = 0; refusal == TOC_REFUSAL_NONE && i < pattern.count; i++) {
        const struct toc_pattern_term *t = &pattern.terms[i];
        FUZZ_CHECK(i == 0 || t[-1].kind < t->kind ||
                   (t[-1].kind == t->kind && toc_slice_cmp(t[-1].value, t->value) < 0));
        check_term(t, &arena);
    }
    toc_arena_done(&arena);
    return 0;
}
