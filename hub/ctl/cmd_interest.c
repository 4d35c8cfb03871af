// tocsinctl interest: add | list | remove. An interest is an expression with a topic of its own.

#include <stdio.h>
#include <string.h>

#include "hub/ctl/layout.h"
#include "hub/ctl/log.h"
#include "lib/base/text.h"
#include "lib/indicator/expr.h"

static const struct toc_interest *find(const struct decisions *d, struct toc_slice id)
{
    const struct toc_interest *found = NULL;
    for (size_t i = 0; i < d->count; i++)
        if (d->items[i].interest != NULL && toc_slice_eq(d->items[i].interest->id, id))
            found = d->items[i].interest;
    return found == NULL || found->removed ? NULL : found;
}

static toc_rc check_expression(const char *text, struct toc_err *err)
{
    struct toc_expr *expr;
    size_t column = 0;
    toc_rc rc = toc_expr_parse(toc_slice_of(text), &expr, &column, err);
    if (toc_failed(rc)) {
        if (toc_text_is_safe(toc_slice_of(text)))
            fprintf(stderr, "%s\n%*s^\n", text, (int)(column > 0 ? column - 1 : 0), "");
        return rc; // its text names the column
    }
    toc_expr_free(expr);
    return TOC_OK;
}

static toc_rc decide_interest(struct ctl *ctl, struct decisions *d, struct toc_interest *interest, struct toc_err *err)
{
    struct toc_control control;
    toc_control_init(&control);
    control.interest = interest;
    return decide(ctl, d, &control, TOC_KEY_ROLE_OPERATOR, interest->member, err);
}

static toc_rc add(struct ctl *ctl, struct decisions *d, const char *member, const char *id, const char *expression,
        struct toc_err *err)
{
    struct toc_interest interest = {
            .id = toc_slice_of(id), .member = toc_slice_of(member), .expression = toc_slice_of(expression)};
    TOC_ENSURE(toc_id_valid(interest.id), err, TOC_E_USAGE, "%s is not of the form [a-z0-9][a-z0-9._-]{0,62}", id);
    TOC_TRY(check_expression(expression, err));
    TOC_ENSURE(decisions_member(d, interest.member) != NULL, err, TOC_E_NOTFOUND, "no member %s", member);
    const struct toc_interest *known = find(d, interest.id);
    TOC_ENSURE(known == NULL || toc_slice_eq(known->member, interest.member), err, TOC_E_EXISTS,
            "interest %s belongs to another member", id);
    TOC_TRY(layout_interest(ctl, interest.member, interest.id, false, err));
    TOC_TRY(decide_interest(ctl, d, &interest, err));
    printf("interest %s of %s is in force (decision %lld)\n", id, member, (long long)d->last);
    return TOC_OK;
}

static toc_rc drop(struct ctl *ctl, struct decisions *d, const char *id, struct toc_err *err)
{
    const struct toc_interest *known = find(d, toc_slice_of(id));
    TOC_ENSURE(known != NULL, err, TOC_E_NOTFOUND, "no interest %s", id);
    struct toc_interest gone = *known;
    gone.removed = true;
    TOC_TRY(decide_interest(ctl, d, &gone, err));
    TOC_TRY(layout_interest(ctl, gone.member, gone.id, true, err));
    printf("interest %s is removed (decision %lld)\n", id, (long long)d->last);
    return TOC_OK;
}

static void list(const struct decisions *d)
{
    printf("%-24s %-24s %s\n", "interest", "member", "expression");
    for (size_t i = 0; i < d->count; i++) {
        const struct toc_interest *x = d->items[i].interest;
        if (x != NULL && find(d, x->id) == x)
            printf("%-24.*s %-24.*s %.*s\n", TOC_SLICE_ARG(x->id), TOC_SLICE_ARG(x->member), TOC_SLICE_ARG(x->expression));
    }
}

toc_rc cmd_interest(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    static const char usage[] = "interest add MEMBER ID EXPRESSION | list | remove ID";
    TOC_ENSURE(argc >= 1, err, TOC_E_USAGE, "%s", usage);
    struct decisions d;
    toc_rc rc = decisions_read(ctl, &d, err);
    if (toc_failed(rc))
        ;
    else if (strcmp(argv[0], "add") == 0 && argc == 4)
        rc = add(ctl, &d, argv[1], argv[2], argv[3], err);
    else if (strcmp(argv[0], "remove") == 0 && argc == 2)
        rc = drop(ctl, &d, argv[1], err);
    else if (strcmp(argv[0], "list") == 0 && argc == 1)
        list(&d);
    else
        rc = toc_fail(err, TOC_E_USAGE, "%s", usage);
    decisions_done(&d);
    return rc;
}
