// The list as a hash table of its rules' names: a lookup walks the domain's suffixes from the last label
// on, as deep as any rule goes. Same bytes, same table, same answers on every machine.
#include "lib/indicator/psl.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/indicator/limits.h"

// One name may be named by several rules.
#define RULE_EXACT 1u
#define RULE_WILDCARD 2u  // "*.name": any label below the name
#define RULE_EXCEPTION 4u // "!name": no suffix though a wildcard says so

struct rule {
    const uint8_t *name; // in `text`
    uint8_t len;         // 0: empty slot
    uint8_t flags;
    uint8_t private_flags; // which of the flags come from the section of private domains
};

struct toc_psl {
    uint8_t *text;
    struct rule *slots;
    size_t slot_mask, count;
    size_t labels_max; // of any rule's name
};

static struct rule *slot_of(const struct toc_psl *psl, struct toc_slice name)
{
    size_t at = (size_t)toc_mix64(name, 0) & psl->slot_mask;
    while (psl->slots[at].len != 0 &&
            !toc_slice_eq(toc_slice(psl->slots[at].name, psl->slots[at].len), name))
        at = (at + 1) & psl->slot_mask;
    return &psl->slots[at];
}

static bool next_line(struct toc_slice *text, struct toc_slice *line)
{
    if (text->len == 0)
        return false;
    size_t end = toc_slice_find(*text, '\n');
    *line = toc_slice_trim(toc_slice_sub(*text, 0, end));
    *text = toc_slice_sub(*text, end + 1, SIZE_MAX);
    return true;
}

static bool is_rule(struct toc_slice line)
{
    return line.len > 0 && !toc_slice_starts(line, TOC_S("//"));
}

static bool holds(struct toc_slice line, const char *text)
{
    return memmem(line.ptr, line.len, text, strlen(text)) != NULL;
}

/*= https://github.com/publicsuffix/list/wiki/Format#divisions
 *# ===BEGIN ICANN DOMAINS=== / ===BEGIN PRIVATE DOMAINS=== */
static bool is_section(struct toc_slice line, bool *private)
{
    if (holds(line, "===BEGIN PRIVATE DOMAINS==="))
        *private = true;
    else if (holds(line, "===BEGIN ICANN DOMAINS==="))
        *private = false;
    else
        return false;
    return true;
}

// "each line is only read up to the first whitespace"; cuts "!" or "*." off `rule`.
static unsigned take_flags(struct toc_slice *rule)
{
    size_t end = 0;
    while (end < rule->len && rule->ptr[end] != ' ' && rule->ptr[end] != '\t')
        end++;
    rule->len = end;
    unsigned flags = toc_slice_starts(*rule, TOC_S("!"))    ? RULE_EXCEPTION
                     : toc_slice_starts(*rule, TOC_S("*.")) ? RULE_WILDCARD
                                                            : RULE_EXACT;
    *rule = toc_slice_sub(*rule,
            flags == RULE_EXCEPTION  ? 1
            : flags == RULE_WILDCARD ? 2
                                     : 0,
            SIZE_MAX);
    return flags;
}

// Labels of an ASCII name in lower case; 0 if it is none.
static size_t count_labels(struct toc_slice name)
{
    size_t labels = 1, from = 0;
    if (name.len == 0 || name.len > TOC_DOMAIN_BYTES_MAX)
        return 0;
    for (size_t i = 0; i <= name.len; i++) {
        uint8_t c = i == name.len ? '.' : name.ptr[i];
        if (c == '.') {
            if (i == from || i - from > TOC_LABEL_BYTES_MAX)
                return 0;
            from = i + 1;
            labels += i < name.len;
        } else if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_') {
            return 0;
        }
    }
    return labels;
}

static toc_rc add_rule(
        struct toc_psl *psl, struct toc_slice line, bool private, struct toc_err *err)
{
    struct toc_slice name = line;
    unsigned flags = take_flags(&name);
    size_t labels = count_labels(name);
    TOC_ENSURE(labels > 0, err, TOC_E_SYNTAX, "public suffix rule \"%s\" is no ASCII name",
            TOC_SHOW(line));
    struct rule *rule = slot_of(psl, name);
    rule->name = name.ptr;
    rule->len = (uint8_t)name.len;
    rule->flags |= (uint8_t)flags;
    if (private)
        rule->private_flags |= (uint8_t)flags;
    if (labels > psl->labels_max)
        psl->labels_max = labels;
    psl->count++;
    return TOC_OK;
}

static toc_rc load(struct toc_psl *psl, struct toc_slice text, struct toc_err *err)
{
    struct toc_slice line, rest = text;
    size_t rules = 0, slots = 16;
    while (next_line(&rest, &line))
        rules += is_rule(line);
    TOC_ENSURE(rules <= TOC_PSL_RULES_MAX, err, TOC_E_LIMIT, "%zu public suffix rules, %d allowed",
            rules, TOC_PSL_RULES_MAX);
    while (slots < rules * 2)
        slots *= 2;
    psl->slots = toc_mem_alloc(slots, sizeof *psl->slots);
    TOC_ENSURE(psl->slots != NULL, err, TOC_E_MEMORY, "no memory for %zu rules", rules);
    psl->slot_mask = slots - 1;

    bool private = false;
    while (next_line(&text, &line)) {
        if (!is_section(line, &private) && is_rule(line))
            TOC_TRY(add_rule(psl, line, private, err));
    }
    return TOC_OK;
}

toc_rc toc_psl_open(struct toc_slice rules, struct toc_psl **out, struct toc_err *err)
{
    struct toc_psl *psl = toc_mem_alloc(1, sizeof *psl);
    TOC_ENSURE(psl != NULL, err, TOC_E_MEMORY, "no memory for a list of public suffixes");
    psl->text = toc_mem_dup(rules.ptr, rules.len);
    toc_rc rc = psl->text == NULL
                        ? toc_fail(err, TOC_E_MEMORY, "no memory for %zu bytes", rules.len)
                        : load(psl, toc_slice(psl->text, rules.len), err);
    if (toc_failed(rc)) {
        toc_psl_free(psl);
        return rc;
    }
    *out = psl;
    return TOC_OK;
}

void toc_psl_free(struct toc_psl *psl)
{
    if (psl == NULL)
        return;
    toc_mem_free(psl->slots);
    toc_mem_free(psl->text);
    toc_mem_free(psl);
}

// Where the label before position `at` begins (at = one behind its last byte).
static size_t label_start(struct toc_slice domain, size_t at)
{
    while (at > 0 && domain.ptr[at - 1] != '.')
        at--;
    return at;
}

static enum toc_psl_section section_of(const struct rule *rule, unsigned flag)
{
    return (rule->private_flags & flag) != 0 ? TOC_PSL_PRIVATE : TOC_PSL_ICANN;
}

/*= https://github.com/publicsuffix/list/wiki/Format#algorithm
 *# If no rules match, the prevailing rule is "*". If more than one rule matches, the prevailing rule is
 *# the one which is an exception rule. If there is no matching exception rule, the prevailing rule is
 *# the one with the most labels. If the prevailing rule is a exception rule, modify it by removing the
 *# leftmost label. */
struct toc_slice toc_psl_suffix(
        const struct toc_psl *psl, struct toc_slice domain, enum toc_psl_section *section)
{
    size_t start = label_start(domain, domain.len), suffix = start;
    enum toc_psl_section found = TOC_PSL_DEFAULT;
    for (size_t labels = 1; labels <= psl->labels_max; labels++) {
        const struct rule *rule = slot_of(psl, toc_slice_sub(domain, start, SIZE_MAX));
        if ((rule->flags & RULE_EXCEPTION) != 0) {
            suffix = toc_slice_find(toc_slice_sub(domain, start, SIZE_MAX), '.') + start + 1;
            found = section_of(rule, RULE_EXCEPTION);
            break;
        }
        unsigned flag = rule->flags & RULE_EXACT ? RULE_EXACT : rule->flags & RULE_WILDCARD;
        if (flag != 0) {
            suffix = start; // also for "*.name": whoever holds the name holds what is below it
            found = section_of(rule, flag);
        }
        if (start == 0)
            break;
        size_t below = label_start(domain, start - 1);
        if ((rule->flags & RULE_WILDCARD) != 0) {
            suffix = below;
            found = section_of(rule, RULE_WILDCARD);
        }
        start = below;
    }
    if (section != NULL)
        *section = found;
    return toc_slice_sub(domain, suffix, SIZE_MAX);
}

struct toc_slice toc_psl_registrable(const struct toc_psl *psl, struct toc_slice domain)
{
    struct toc_slice suffix = toc_psl_suffix(psl, domain, NULL);
    if (suffix.len >= domain.len)
        return toc_slice(NULL, 0);
    return toc_slice_sub(domain, label_start(domain, domain.len - suffix.len - 1), SIZE_MAX);
}
