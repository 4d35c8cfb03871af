// Any bytes as an expression. What is refused points into the text; what is taken gives the same answer
// every time, and the opposite one inside "not ( )".
#include "tests/fuzz/fuzz.h"

#include "lib/base/buf.h"
#include "lib/indicator/expr.h"

static struct toc_slice tags[] = {TOC_S_INIT("ransomware"), TOC_S_INIT("actor:fin7")};

static const struct subject {
    enum toc_kind kind;
    struct toc_slice value;
    struct toc_facts facts;
} subjects[] = {
        {TOC_KIND_DOMAIN, TOC_S_INIT("www.evil.example.com"),
                {.status = TOC_STATUS_ACTIVE,
                        .advice = TOC_ADVICE_BLOCK,
                        .has_score = true,
                        .score = 50,
                        .confidence = 50,
                        .severity = TOC_SEVERITY_HIGH,
                        .first_seen = 1767225600000,
                        .organisations = 3,
                        .tags = tags,
                        .tags_count = 2,
                        .lists = tags,
                        .lists_count = 1,
                        .registrable = TOC_S_INIT("example.com")}},
        {TOC_KIND_URL, TOC_S_INIT("http://[2a0b::1]:8080/x?y"), {.status = TOC_STATUS_DISPUTED}},
        {TOC_KIND_CVE, TOC_S_INIT("CVE-2026-1234"),
                {.status = TOC_STATUS_ACTIVE, .corroborated = true}},
        {TOC_KIND_IPV4, TOC_S_INIT("185.220.101.7"), {.status = TOC_STATUS_WITHDRAWN}},
};

#define SUBJECTS (sizeof subjects / sizeof *subjects)

// One bit a subject.
static unsigned ask(const struct toc_expr *expr)
{
    unsigned answers = 0;
    for (size_t i = 0; i < SUBJECTS; i++)
        if (toc_expr_matches(expr, subjects[i].kind, subjects[i].value, &subjects[i].facts))
            answers |= 1u << i;
    return answers;
}

// The same text turned around; it may be refused for its depth or length.
static void check_not(struct toc_slice text, unsigned answers)
{
    struct toc_buf turned;
    struct toc_expr *expr = NULL;
    struct toc_err err;
    size_t column;
    toc_buf_init(&turned, text.len + 16);
    toc_buf_put_text(&turned, "not (");
    toc_buf_put_slice(&turned, text);
    toc_buf_put_text(&turned, "\n)");
    if (!toc_failed(toc_expr_parse(toc_buf_slice(&turned), &expr, &column, &err))) {
        FUZZ_CHECK((ask(expr) & 7) == (~answers & 7)); // the last subject is not live: never
        FUZZ_CHECK((ask(expr) & 8) == 0);
    }
    toc_expr_free(expr);
    toc_buf_done(&turned);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toc_slice text = {data, size};
    struct toc_expr *expr = NULL;
    struct toc_err err;
    size_t column = 0;
    if (toc_failed(toc_expr_parse(text, &expr, &column, &err))) {
        FUZZ_CHECK(expr == NULL && column >= 1 && column <= size + 1 && err.text[0] != '\0');
        return 0;
    }
    unsigned answers = ask(expr);
    FUZZ_CHECK(answers == ask(expr) && (answers & 8) == 0);
    check_not(text, answers);
    toc_expr_free(expr);
    return 0;
}
