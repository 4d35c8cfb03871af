// Kind email: an address as attackers send from, without display name. The local part belongs to its
// server (RFC 5321 section 2.4: it must not be interpreted), so it stays as it is, case included.
#include "lib/indicator/form.h"

// RFC 5322 atext less '/' and '?': host/path?to=user@host would else be an address as well as a URL.
static bool is_atext(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("!#$%&'*+-=^_`{|}~", c) != NULL);
}

/*= https://www.rfc-editor.org/rfc/rfc5322#section-3.2.3
 *# dot-atom-text = 1*atext *("." 1*atext)
 * Quoted local parts are refused: no real feed has one, and they can hold anything. */
static bool is_local_part(struct toc_slice s)
{
    if (s.len == 0 || s.len > TOC_EMAIL_LOCAL_BYTES_MAX || s.ptr[s.len - 1] == '.')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool dot_between = s.ptr[i] == '.' && i > 0 && s.ptr[i - 1] != '.';
        if (!dot_between && !is_atext(s.ptr[i]))
            return false;
    }
    return true;
}

enum toc_refusal toc_email_check(enum toc_kind kind, struct toc_slice value)
{
    size_t at = toc_slice_find(value, '@');
    struct toc_slice domain = toc_slice_sub(value, at + 1, SIZE_MAX);
    (void)kind;
    if (at == value.len || toc_slice_has(domain, '@') ||
            !is_local_part(toc_slice_sub(value, 0, at)))
        return TOC_REFUSAL_CANON_EMAIL;
    return toc_domain_rules(domain);
}

enum toc_refusal toc_email_canon(
        enum toc_kind *kind, struct toc_slice raw, struct toc_form *form, unsigned *notes)
{
    size_t at = toc_slice_find(raw, '@');
    struct toc_slice domain = toc_slice_sub(raw, at + 1, SIZE_MAX);
    if (at == raw.len || domain.len == 0 || toc_slice_has(domain, '@'))
        return TOC_REFUSAL_CANON_EMAIL;
    toc_form_put(form, toc_slice_sub(raw, 0, at + 1));
    enum toc_refusal refusal = toc_domain_spell(domain, TOC_IDN_CONVERT, form, notes);
    return refusal != TOC_REFUSAL_NONE ? refusal : toc_email_check(*kind, toc_form_slice(form));
}
