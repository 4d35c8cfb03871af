// The two forms of one entry a line: never-block sets and public suffixes.
#include <string.h>

#include "hub/reference/set.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/indicator/canon.h"

static bool next_line(struct toc_slice *rest, struct toc_slice *line)
{
    if (rest->len == 0)
        return false;
    size_t end = toc_slice_find(*rest, '\n');
    *line = toc_slice_trim(toc_slice_sub(*rest, 0, end));
    *rest = toc_slice_sub(*rest, end + 1, SIZE_MAX);
    return true;
}

// --- never-block: {"value": ..., "kind": ..., "match": ["equal", "over", "under"], "why": ...} -----

static unsigned match_of(const char *name)
{
    return name == NULL                 ? 0
           : strcmp(name, "equal") == 0 ? MATCH_EQUAL
           : strcmp(name, "over") == 0  ? MATCH_OVER
           : strcmp(name, "under") == 0 ? MATCH_UNDER
                                        : 0;
}

static toc_rc read_matches(const json_t *list, unsigned *out, struct toc_err *err)
{
    unsigned matches = 0;
    TOC_ENSURE(
            json_is_array(list) && json_array_size(list) > 0, err, TOC_E_SYNTAX, "it has no match");
    for (size_t i = 0; i < json_array_size(list); i++) {
        unsigned match = match_of(json_string_value(json_array_get(list, i)));
        TOC_ENSURE(match != 0, err, TOC_E_SYNTAX, "match is none of equal, over, under");
        matches |= match;
    }
    *out = matches;
    return TOC_OK;
}

static bool may_cover(enum toc_kind kind)
{
    return kind == TOC_KIND_DOMAIN || kind == TOC_KIND_IPV4 || kind == TOC_KIND_IPV6 ||
           kind == TOC_KIND_CIDR;
}

// Nothing is skipped here: an entry that protects nothing without anybody knowing is worse than a refused set.
static toc_rc read_entry(struct toc_reference_set *set, struct toc_slice line, struct toc_err *err)
{
    TOC_CLEANUP(toc_json_drop) json_t *object = NULL;
    TOC_TRY(toc_json_parse(line, &object, err));
    struct toc_slice value = toc_json_text(object, "value"), why = toc_json_text(object, "why");
    enum toc_kind kind = TOC_KIND_UNKNOWN;
    unsigned matches = 0;
    TOC_ENSURE(toc_kind_parse(toc_json_text(object, "kind"), &kind) && kind != TOC_KIND_UNKNOWN,
            err, TOC_E_SYNTAX, "it has no kind");
    enum toc_refusal refusal = toc_canon_check(kind, value);
    TOC_ENSURE(refusal == TOC_REFUSAL_NONE, err, TOC_E_SYNTAX, "%s is no canonical %s: %s",
            TOC_SHOW(value), toc_kind_symbol(kind), toc_refusal_meaning(refusal));
    TOC_TRY(read_matches(json_object_get(object, "match"), &matches, err));
    TOC_ENSURE(may_cover(kind) || matches == MATCH_EQUAL, err, TOC_E_SYNTAX,
            "%s can be matched only as equal", TOC_SHOW(value));
    return set_add(set, kind, value, why, matches, err);
}

toc_rc never_block_read(struct toc_reference_set *set, struct toc_slice bytes, struct toc_err *err)
{
    struct toc_slice line;
    set->apexes = true;
    for (size_t number = 1; next_line(&bytes, &line); number++)
        if (line.len > 0)
            TOC_TRY(toc_err_context(read_entry(set, line, err), err, "%s line %zu",
                    TOC_SHOW(set->use.name), number));
    return TOC_OK;
}

// --- public suffixes ------------------------------------------------------------------------------

// For what blocking a wider name would do; the algorithm itself is psl.h's. The name above a wildcard
// counts as a suffix, an exception as none.
static toc_rc read_rule(struct toc_reference_set *set, struct toc_slice rule, struct toc_err *err)
{
    size_t end = 0;
    while (end < rule.len && rule.ptr[end] != ' ' && rule.ptr[end] != '\t')
        end++;
    rule.len = end;
    if (toc_slice_starts(rule, TOC_S("!")))
        return TOC_OK;
    if (toc_slice_starts(rule, TOC_S("*.")))
        rule = toc_slice_sub(rule, 2, SIZE_MAX);
    return set_add(
            set, TOC_KIND_DOMAIN, rule, TOC_S("public suffix"), MATCH_EQUAL | MATCH_OVER, err);
}

toc_rc suffixes_read(struct toc_reference_set *set, struct toc_slice bytes, struct toc_err *err)
{
    struct toc_slice line;
    TOC_TRY(toc_err_context(
            toc_psl_open(bytes, &set->psl, err), err, "%s", TOC_SHOW(set->use.name)));
    while (next_line(&bytes, &line))
        if (line.len > 0 && !toc_slice_starts(line, TOC_S("//")))
            TOC_TRY(read_rule(set, line, err));
    return TOC_OK;
}
