// Kinds md5, sha1, sha256, sha512 and cve: names without structure of their own.
#include "lib/indicator/form.h"

#include "lib/base/text.h"

#define CVE_PREFIX_BYTES 4 // "CVE-"
#define CVE_DIGITS_FROM 9  // behind "CVE-YYYY-"

static size_t hash_len(enum toc_kind kind)
{
    return toc_kind_row(kind)->value_max; // a hash has one length
}

enum toc_refusal toc_hash_check(enum toc_kind kind, struct toc_slice value)
{
    if (value.len != hash_len(kind))
        return TOC_REFUSAL_CANON_HASH;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.ptr[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return TOC_REFUSAL_CANON_HASH;
    }
    return TOC_REFUSAL_NONE;
}

enum toc_refusal toc_hash_canon(
        enum toc_kind *kind, struct toc_slice raw, struct toc_form *form, unsigned *notes)
{
    (void)notes;
    if (raw.len != hash_len(*kind))
        return TOC_REFUSAL_CANON_HASH;
    for (size_t i = 0; i < raw.len; i++) {
        uint8_t c = raw.ptr[i];
        toc_form_byte(form, c >= 'A' && c <= 'F' ? (uint8_t)(c | 0x20) : c);
    }
    return toc_hash_check(*kind, toc_form_slice(form));
}

/*= https://github.com/CVEProject/cve-schema (CVE Record Format 5, cveId)
 *# "^CVE-[0-9]{4}-[0-9]{4,19}$"; numbers of more than four digits have no leading zero. */
enum toc_refusal toc_cve_check(enum toc_kind kind, struct toc_slice value)
{
    uint64_t number;
    struct toc_slice year = toc_slice_sub(value, CVE_PREFIX_BYTES, 4);
    struct toc_slice digits = toc_slice_sub(value, CVE_DIGITS_FROM, SIZE_MAX);
    (void)kind;
    if (digits.len < 4 || digits.len > 19 || !toc_slice_starts(value, TOC_S("CVE-")) ||
            !toc_parse_u64(year, 2999, &number) || number < 1999 ||
            value.ptr[CVE_DIGITS_FROM - 1] != '-')
        return TOC_REFUSAL_CANON_CVE;
    for (size_t i = 0; i < digits.len; i++)
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return TOC_REFUSAL_CANON_CVE;
    return digits.len > 4 && digits.ptr[0] == '0' ? TOC_REFUSAL_CANON_CVE : TOC_REFUSAL_NONE;
}

enum toc_refusal toc_cve_canon(
        enum toc_kind *kind, struct toc_slice raw, struct toc_form *form, unsigned *notes)
{
    (void)notes;
    for (size_t i = 0; i < raw.len; i++) {
        uint8_t c = raw.ptr[i];
        toc_form_byte(
                form, i < CVE_PREFIX_BYTES && c >= 'a' && c <= 'z' ? (uint8_t)(c & ~0x20) : c);
    }
    return toc_cve_check(*kind, toc_form_slice(form));
}
