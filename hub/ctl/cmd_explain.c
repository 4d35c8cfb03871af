// tocsinctl explain VALUE: who says it, since when, until when, score and advice term by term.

#include <stdio.h>
#include <string.h>

#include "hub/ctl/ask.h"
#include "hub/ctl/words.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/refang.h"

static const char *text(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s == NULL ? "" : s;
}

static long long number(const json_t *o, const char *name)
{
    return (long long)json_integer_value(json_object_get(o, name));
}

// "2026-01-31T12:00:00.000Z" without the fraction.
static void print_time(const char *label, const json_t *o, const char *name)
{
    const char *t = text(o, name);
    if (t[0] != '\0')
        printf("%s%.16s", label, t);
}

static const char *says(const json_t *c)
{
    static const char *const words[][2] = {{"asserted", "asserts it"}, {"withdrawn", "withdrew it"},
            {"refuting", "refutes it"}, {"nothing", "saw it and asserts nothing"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text(c, "says"), words[i][0]) == 0)
            return words[i][1];
    return text(c, "says");
}

static void print_contribution(const json_t *c)
{
    printf("  %s/%s (%s, %s) %s", text(c, "member"), text(c, "feed"), text(c, "organisation"), text(c, "marking"), says(c));
    print_time(", first seen ", c, "first_seen");
    print_time(", last seen within a day of ", c, "last_seen"); // kept as a step of a day: its beginning
    print_time(", counts until ", c, "lives_until");
    if (json_is_false(json_object_get(c, "counts")))
        printf(" - does not count: suspended or its key distrusted");
    printf("\n      reliability %lld x confidence %lld x decay %lld = strength %lld per mille%s\n", number(c, "reliability_pm"),
            number(c, "confidence"), number(c, "decay_pm"), number(c, "strength_pm"),
            json_is_true(json_object_get(c, "may_block")) ? "; may block alone" : "");
}

static void print_audience(const json_t *a)
{
    const json_t *groups = json_object_get(a, "groups"), *group, *reason;
    size_t i;
    if (strcmp(text(a, "status"), "unknown") == 0) {
        printf("  %-8s nothing: no statement that counts may be seen there\n", text(a, "audience"));
        return;
    }
    printf("  %-8s %s, advice %s", text(a, "audience"), text(a, "status"), text(a, "advice"));
    if (json_object_get(a, "score") != NULL)
        printf(", score %lld", number(a, "score"));
    print_time(", changes ", a, "changes_at");
    print_time(", advice ends ", a, "advice_until");
    if (!json_is_true(json_object_get(a, "published")))
        printf(" (not published)");
    printf("\n");
    long long remainder = 1000000;
    json_array_foreach(groups, i, group)
    {
        long long s = number(group, "strength_pm");
        remainder = remainder * (1000 - s) / 1000;
        printf("           %s: %lld per mille", text(group, "group"), s);
        if (number(group, "refuting_pm") != 0)
            printf(", refutes with %lld", number(group, "refuting_pm"));
        printf(" -> remainder %lld\n", remainder);
    }
    if (json_array_size(groups) != 0)
        printf("           confidence %lld per mille; refuting %lld of %lld\n", number(a, "confidence_pm"),
                number(a, "refuting_pm"), number(a, "refuting_pm") + number(a, "asserting_pm"));
    json_array_foreach(json_object_get(a, "reasons"), i, reason)
        printf("           because %s\n", words_of_reason(json_string_value(reason)));
}

static void print_answer(const json_t *answer)
{
    size_t i;
    const json_t *item;
    printf("%s %s\n", text(answer, "kind"), text(answer, "value"));
    printf("  id %s, partition %lld", text(answer, "id"), number(answer, "partition"));
    print_time(", as of ", answer, "as_of");
    if (text(answer, "registrable")[0] != '\0')
        printf(", under %s", text(answer, "registrable"));
    printf("\n");
    const json_t *ruling = json_object_get(answer, "overruled");
    if (ruling != NULL) {
        printf("  overruled by %s: advice %s", text(ruling, "operator"), text(ruling, "advice"));
        print_time(" until ", ruling, "until");
        printf(": %s\n", text(ruling, "why"));
    }
    json_array_foreach(json_object_get(answer, "lists"), i, item)
        printf("  on list %s (%s): %s\n", text(item, "set"), text(item, "effect"), text(item, "note"));
    printf("who says so:\n");
    json_array_foreach(json_object_get(answer, "contributions"), i, item)
        print_contribution(item);
    if (json_array_size(json_object_get(answer, "contributions")) == 0)
        printf("  nobody\n");
    printf("what each audience sees:\n");
    json_array_foreach(json_object_get(answer, "audiences"), i, item)
        print_audience(item);
}

toc_rc ctl_canonical(const char *raw, enum toc_kind *kind, struct toc_buf *out, struct toc_err *err)
{
    struct toc_buf refanged;
    unsigned notes = 0;
    toc_buf_init(&refanged, 1 << 16);
    bool changed = toc_refang(toc_slice_of(raw), &refanged);
    enum toc_refusal refusal =
            toc_canon_guess(changed ? toc_buf_slice(&refanged) : toc_slice_of(raw), kind, out, &notes, 0);
    toc_buf_done(&refanged);
    TOC_ENSURE(refusal == TOC_REFUSAL_NONE, err, TOC_E_USAGE, "%s: %s: %s", TOC_SHOW(toc_slice_of(raw)),
            toc_refusal_code(refusal), toc_refusal_meaning(refusal));
    return TOC_OK;
}

static toc_rc explain_value(struct ctl *ctl, const char *raw, bool json, struct toc_err *err)
{
    enum toc_kind kind;
    struct toc_buf value;
    json_t *answer = NULL;
    toc_buf_init(&value, 8192);
    toc_rc rc = ctl_canonical(raw, &kind, &value, err);
    if (!toc_failed(rc))
        rc = ask_explain(ctl, toc_kind_symbol(kind), toc_buf_slice(&value), &answer, err);
    toc_buf_done(&value);
    TOC_TRY(rc);
    if (json) {
        json_dumpf(answer, stdout, JSON_INDENT(2));
        printf("\n");
    } else {
        print_answer(answer);
    }
    json_decref(answer);
    return TOC_OK;
}

toc_rc cmd_explain(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    bool json = false;
    const char *raw[1];
    size_t words;
    const struct ctl_option options[] = {{.name = "json", .flag = &json}, {0}};
    TOC_TRY(ctl_options(argc, argv, options, raw, 1, &words, err));
    TOC_ENSURE(words == 1, err, TOC_E_USAGE, "explain wants a value, as you met it: explain VALUE [--json]");
    return explain_value(ctl, raw[0], json, err);
}
