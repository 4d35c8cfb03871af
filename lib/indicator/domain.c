// Kind domain, and the domain part of URLs and e-mail addresses. Spelling (case, A-labels, final dot)
// and rules are apart: canonical = spelled, then found to keep the rules, so what is accepted passes
// the hub's check by construction.
#include "lib/indicator/form.h"

#include "lib/base/text.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/idn.h"
#include "lib/indicator/tld.inc"

// What separates labels beside '.', by UTS 46 section 4: ideographic, full-width and half-width stop.
static size_t separator_at(struct toc_slice s, size_t pos)
{
    static const uint8_t stops[][3] = {{0xe3, 0x80, 0x82}, {0xef, 0xbc, 0x8e}, {0xef, 0xbd, 0xa1}};
    if (s.ptr[pos] == '.')
        return 1;
    if (s.ptr[pos] >= 0xe3 && s.len - pos >= 3)
        for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
            if (memcmp(s.ptr + pos, stops[i], 3) == 0)
                return 3;
    return 0;
}

static void put_lower(struct toc_form *form, struct toc_slice label)
{
    for (size_t i = 0; i < label.len; i++) {
        uint8_t c = label.ptr[i];
        toc_form_byte(form, c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c);
    }
}

// ASCII labels never pass through libidn2: it refuses names in use (r3---sn-x) and changes others.
static enum toc_refusal spell_label(struct toc_slice label, bool ascii, enum toc_idn_mode mode,
        struct toc_form *form, unsigned *notes)
{
    if (ascii) {
        put_lower(form, label);
        return TOC_REFUSAL_NONE;
    }
    *notes |= TOC_NOTE_IDN;
    return mode == TOC_IDN_CONVERT && toc_idn_label(label, form) ? TOC_REFUSAL_NONE
                                                                 : TOC_REFUSAL_CANON_DOMAIN_IDN;
}

enum toc_refusal toc_domain_spell(
        struct toc_slice raw, enum toc_idn_mode mode, struct toc_form *form, unsigned *notes)
{
    size_t from = 0, start = form->len;
    bool ascii = true;
    for (size_t pos = 0; pos <= raw.len;) {
        size_t stop = pos == raw.len ? 1 : separator_at(raw, pos);
        if (stop == 0) {
            ascii = ascii && raw.ptr[pos] < 0x80;
            pos++;
            continue;
        }
        if (pos == raw.len && from == pos && form->len > start)
            break; // a final dot
        if (form->len > start)
            toc_form_byte(form, '.');
        enum toc_refusal refusal =
                spell_label(toc_slice_sub(raw, from, pos - from), ascii, mode, form, notes);
        if (refusal != TOC_REFUSAL_NONE)
            return refusal;
        if (form->len == start)
            return TOC_REFUSAL_CANON_DOMAIN_LABEL; // an empty first label
        ascii = true;
        pos += stop;
        from = pos;
    }
    return form->full ? TOC_REFUSAL_CANON_LENGTH : TOC_REFUSAL_NONE;
}

static bool is_known_tld(struct toc_slice label)
{
    uint32_t hash = 2166136261u; // FNV-1a
    for (size_t i = 0; i < label.len; i++)
        hash = (hash ^ label.ptr[i]) * 16777619u;
    for (uint32_t slot = hash % TLD_SLOTS; tld_slots[slot] != 0; slot = (slot + 1) % TLD_SLOTS) {
        const char *name = tld_names[tld_slots[slot]];
        if (label.len < TLD_NAME_SIZE && name[label.len] == 0 &&
                memcmp(name, label.ptr, label.len) == 0)
            return true;
    }
    return false;
}

static enum toc_refusal label_rules(const uint8_t *label, size_t len)
{
    /*= https://www.rfc-editor.org/rfc/rfc1034#section-3.1
     *# Each node has a label, which is zero to 63 octets in length. */
    if (len == 0 || len > TOC_LABEL_BYTES_MAX || label[0] == '-' || label[len - 1] == '-')
        return TOC_REFUSAL_CANON_DOMAIN_LABEL;
    // Such a label turns the owner name of a response policy zone into another trigger or action.
    if (len >= 4 && memcmp(label, "rpz-", 4) == 0)
        return TOC_REFUSAL_CANON_DOMAIN_RPZ;
    return TOC_REFUSAL_NONE;
}

static bool is_label_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

enum toc_refusal toc_domain_rules(struct toc_slice value)
{
    size_t from = 0;
    if (value.len > TOC_DOMAIN_BYTES_MAX)
        return TOC_REFUSAL_CANON_LENGTH;
    for (size_t pos = 0; pos <= value.len; pos++) {
        if (pos < value.len && is_label_byte(value.ptr[pos]))
            continue;
        if (pos < value.len && value.ptr[pos] != '.')
            return value.ptr[pos] == '*' ? TOC_REFUSAL_CANON_DOMAIN_WILDCARD
                                         : TOC_REFUSAL_CANON_DOMAIN_CHARACTER;
        enum toc_refusal refusal = label_rules(value.ptr + from, pos - from);
        if (refusal != TOC_REFUSAL_NONE)
            return refusal;
        if (pos < value.len)
            from = pos + 1;
    }
    if (from == 0)
        return TOC_REFUSAL_CANON_DOMAIN_SINGLE;
    return is_known_tld(toc_slice_sub(value, from, SIZE_MAX)) ? TOC_REFUSAL_NONE
                                                              : TOC_REFUSAL_CANON_DOMAIN_TLD;
}

enum toc_refusal toc_domain_put(
        struct toc_slice raw, enum toc_idn_mode mode, struct toc_form *form, unsigned *notes)
{
    size_t start = form->len;
    enum toc_refusal refusal = toc_domain_spell(raw, mode, form, notes);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    return toc_domain_rules(toc_slice_sub(toc_form_slice(form), start, SIZE_MAX));
}

enum toc_refusal toc_domain_canon(
        enum toc_kind *kind, struct toc_slice raw, struct toc_form *form, unsigned *notes)
{
    (void)kind;
    return toc_domain_put(raw, TOC_IDN_CONVERT, form, notes);
}

enum toc_refusal toc_domain_check(enum toc_kind kind, struct toc_slice value)
{
    (void)kind;
    return toc_domain_rules(value);
}

/*= https://url.spec.whatwg.org/#ends-in-a-number-checker
 *# If last is non-empty and contains only ASCII digits, then return true. If parsing last as an IPv4
 *# number does not return failure, then return true. (0x... is such a number.) */
bool toc_ends_in_number(struct toc_slice host)
{
    if (host.len > 0 && host.ptr[host.len - 1] == '.')
        host.len--;
    size_t from = host.len;
    while (from > 0 && host.ptr[from - 1] != '.')
        from--;
    struct toc_slice last = toc_slice_sub(host, from, SIZE_MAX);
    bool hex = last.len >= 2 && last.ptr[0] == '0' && (last.ptr[1] | 0x20) == 'x';
    for (size_t i = hex ? 2 : 0; i < last.len; i++) {
        uint8_t c = last.ptr[i] | 0x20;
        if (!(last.ptr[i] >= '0' && last.ptr[i] <= '9') && !(hex && c >= 'a' && c <= 'f'))
            return false;
    }
    return last.len > 0;
}
