// tocsinctl overrule, policy: decisions of one line.

#include <stdio.h>
#include <string.h>

#include "hub/ctl/log.h"
#include "hub/fuse/roll.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/indicator/limits.h"

#define POLICY_MAX 36500 // hubs take no more: what counts days is then a hundred years

// Reads the decisions so far, makes the one given, says its number.
static toc_rc make(struct ctl *ctl, struct toc_control *control, struct toc_err *err)
{
    struct decisions d;
    toc_rc rc = decisions_read(ctl, &d, err);
    if (!toc_failed(rc))
        rc = decide(ctl, &d, control, TOC_KEY_ROLE_OPERATOR, TOC_S(""), err);
    if (!toc_failed(rc))
        printf("decision %lld is in the log\n", (long long)d.last);
    decisions_done(&d);
    return rc;
}

// A date or time, or a duration from now.
static bool parse_until(const char *text, int64_t *out)
{
    int64_t span;
    if (toc_duration_parse(toc_slice_of(text), &span)) {
        *out = toc_now_ms(NULL) + span;
        return true;
    }
    return toc_time_parse(toc_slice_of(text), out);
}

toc_rc cmd_overrule(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    const char *raw[1], *advice = NULL, *why = NULL, *until = NULL;
    size_t words;
    const struct ctl_option options[] = {{.name = "advice", .value = &advice}, {.name = "why", .value = &why},
            {.name = "until", .value = &until}, {0}};
    TOC_TRY(ctl_options(argc, argv, options, raw, 1, &words, err));
    TOC_ENSURE(words == 1 && advice != NULL && why != NULL && until != NULL, err, TOC_E_USAGE,
            "overrule VALUE --advice none|alert|block --why TEXT --until DATE|7d");
    struct toc_overrule o;
    struct toc_control control;
    struct toc_buf value;
    toc_overrule_init(&o);
    TOC_ENSURE(toc_advice_parse(toc_slice_of(advice), &o.advice), err, TOC_E_USAGE, "advice is none, alert or block");
    TOC_ENSURE(parse_until(until, &o.until), err, TOC_E_USAGE, "--until wants a date (2026-01-31) or a duration (7d)");
    TOC_ENSURE(o.until <= toc_now_ms(NULL) + TOC_CONTROL_UNTIL_MS, err, TOC_E_USAGE, "an overrule ends within 30 days");
    TOC_ENSURE(toc_text_is_safe(toc_slice_of(why)) && why[0] != '\0', err, TOC_E_USAGE, "--why wants one line of text");
    o.why = toc_slice_of(why);
    toc_buf_init(&value, 8192);
    toc_rc rc = ctl_canonical(raw[0], &o.kind, &value, err);
    o.value = toc_buf_slice(&value);
    toc_control_init(&control);
    control.overrule = &o;
    if (!toc_failed(rc))
        rc = make(ctl, &control, err);
    toc_buf_done(&value);
    return rc;
}

toc_rc cmd_policy(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    const char *words[2];
    size_t count;
    const struct ctl_option none[] = {{0}};
    uint64_t value;
    TOC_TRY(ctl_options(argc, argv, none, words, 2, &count, err));
    TOC_ENSURE(count == 2 && roll_policy_of(toc_slice_of(words[0])) >= 0, err, TOC_E_USAGE,
            "policy NAME NUMBER; names: block-score alert-score retention-days probation-days k-anonymity");
    TOC_ENSURE(toc_parse_u64(toc_slice_of(words[1]), POLICY_MAX, &value), err, TOC_E_USAGE,
            "policy wants a whole number, 0 to %d", POLICY_MAX);
    struct toc_policy_setting setting = {.name = toc_slice_of(words[0]), .value = (int64_t)value};
    struct toc_policy policy = {.settings = &setting, .settings_count = 1};
    struct toc_control control;
    toc_control_init(&control);
    control.policy = &policy;
    return make(ctl, &control, err);
}
