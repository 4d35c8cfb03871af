#include "lib/indicator/canon.h"

#include "lib/base/text.h"
#include "lib/indicator/address.h"
#include "lib/indicator/form.h"

// What no kind's own function has to ask again. URLs may hold controls: WHATWG says what becomes of them.
static enum toc_refusal text_rules(enum toc_kind kind, struct toc_slice raw)
{
    if (raw.len == 0)
        return TOC_REFUSAL_CANON_EMPTY;
    if (raw.len > TOC_RAW_BYTES_MAX)
        return TOC_REFUSAL_CANON_LENGTH;
    if (!toc_utf8_valid(raw))
        return TOC_REFUSAL_CANON_TEXT;
    for (size_t i = 0; i < raw.len && kind != TOC_KIND_URL; i++)
        if (raw.ptr[i] < ' ' || raw.ptr[i] == 0x7f)
            return TOC_REFUSAL_CANON_TEXT;
    return TOC_REFUSAL_NONE;
}

enum toc_refusal toc_canon(
        enum toc_kind *kind, struct toc_slice raw, struct toc_buf *out, unsigned *notes)
{
    const struct toc_kind_row *row = toc_kind_row(*kind);
    struct toc_form form;
    enum toc_kind narrowed = *kind;
    unsigned changes = 0;
    if (row == NULL)
        return TOC_REFUSAL_CANON_KIND;
    raw = toc_slice_trim(raw);
    enum toc_refusal refusal = text_rules(*kind, raw);
    form.len = 0;
    form.full = false;
    if (refusal == TOC_REFUSAL_NONE)
        refusal = row->canon(&narrowed, raw, &form, &changes);
    if (refusal != TOC_REFUSAL_NONE)
        return refusal;
    if (form.full || form.len > row->value_max)
        return TOC_REFUSAL_CANON_LENGTH;
    toc_buf_put_slice(out, toc_form_slice(&form));
    *kind = narrowed;
    *notes |= changes;
    return TOC_REFUSAL_NONE;
}

enum toc_refusal toc_canon_check(enum toc_kind kind, struct toc_slice value)
{
    const struct toc_kind_row *row = toc_kind_row(kind);
    if (row == NULL)
        return TOC_REFUSAL_CANON_KIND;
    if (value.len == 0)
        return TOC_REFUSAL_CANON_EMPTY;
    return value.len > row->value_max ? TOC_REFUSAL_CANON_LENGTH : row->check(kind, value);
}

static struct toc_slice url_host(struct toc_slice url)
{
    struct toc_slice rest = toc_slice_sub(url, toc_slice_find(url, ':') + 3, SIZE_MAX);
    struct toc_slice host = toc_slice_sub(rest, 0, toc_slice_find(rest, '/'));
    if (host.len > 0 && host.ptr[0] == '[')
        return toc_slice_sub(host, 1, toc_slice_find(host, ']') - 1);
    return toc_slice_sub(host, 0, toc_slice_find(host, ':'));
}

struct toc_slice toc_value_host(enum toc_kind kind, struct toc_slice value)
{
    if (kind == TOC_KIND_DOMAIN || kind == TOC_KIND_IPV4 || kind == TOC_KIND_IPV6)
        return value;
    if (kind == TOC_KIND_URL)
        return url_host(value);
    if (kind == TOC_KIND_EMAIL)
        return toc_slice_sub(value, toc_slice_find(value, '@') + 1, SIZE_MAX);
    if (kind == TOC_KIND_ENDPOINT)
        return toc_slice_sub(value, 0, toc_slice_find(value, ':'));
    return toc_slice(NULL, 0);
}

bool toc_domain_covers(struct toc_slice domain, struct toc_slice name)
{
    return domain.len != 0 && toc_slice_ends(name, domain) &&
           (name.len == domain.len || name.ptr[name.len - domain.len - 1] == '.');
}

enum toc_kind toc_host_kind(struct toc_slice host)
{
    uint8_t address[4];
    if (host.len == 0)
        return TOC_KIND_UNKNOWN;
    if (toc_slice_has(host, ':'))
        return TOC_KIND_IPV6;
    return toc_ipv4_parse(host, address) ? TOC_KIND_IPV4 : TOC_KIND_DOMAIN;
}
