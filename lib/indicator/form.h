// Inside lib/indicator only: the canonical value under construction and the functions of each kind that
// the table in kind.c joins. A form lives on the stack, so that neither canonicalising nor checking
// allocates; what does not fit sets `full` and ends as canon.length.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/slice.h"
#include "lib/indicator/kind.h"
#include "lib/indicator/limits.h"

struct toc_form {
    size_t len;
    bool full;
    uint8_t bytes[TOC_VALUE_BYTES_MAX]; // only the first len are defined
};

static inline void toc_form_byte(struct toc_form *form, uint8_t byte)
{
    if (form->len == sizeof form->bytes)
        form->full = true;
    else
        form->bytes[form->len++] = byte;
}

static inline void toc_form_put(struct toc_form *form, struct toc_slice s)
{
    if (s.len > sizeof form->bytes - form->len) {
        form->full = true;
    } else if (s.len > 0) {
        memcpy(form->bytes + form->len, s.ptr, s.len);
        form->len += s.len;
    }
}

static inline struct toc_slice toc_form_slice(const struct toc_form *form)
{
    return toc_slice(form->bytes, form->len);
}

// What becomes of a label that is not ASCII: refused is what the hub's check asks for.
enum toc_idn_mode {
    TOC_IDN_CONVERT,
    TOC_IDN_REFUSE,
};

// Appends `raw` as a domain is spelled: ASCII labels in lower case, others as A-labels, no final dot.
// Says nothing yet about what labels may hold: toc_domain_rules does.
enum toc_refusal toc_domain_spell(
        struct toc_slice raw, enum toc_idn_mode mode, struct toc_form *form, unsigned *notes);
// The two together.
enum toc_refusal toc_domain_put(
        struct toc_slice raw, enum toc_idn_mode mode, struct toc_form *form, unsigned *notes);
// The rules of a canonical domain, in one pass.
enum toc_refusal toc_domain_rules(struct toc_slice value);

// WHATWG's "ends in a number": a name whose last label is a number is meant as an IPv4 address.
bool toc_ends_in_number(struct toc_slice host);

// Columns `canon` and `check` of the table.
#define TOC_FORM_OF(kind)                                                                          \
    enum toc_refusal toc_##kind##_canon(                                                           \
            enum toc_kind *k, struct toc_slice raw, struct toc_form *form, unsigned *notes);       \
    enum toc_refusal toc_##kind##_check(enum toc_kind k, struct toc_slice value)
TOC_FORM_OF(ipv4);
TOC_FORM_OF(ipv6);
TOC_FORM_OF(cidr);
TOC_FORM_OF(endpoint);
TOC_FORM_OF(domain);
TOC_FORM_OF(url);
TOC_FORM_OF(email);
TOC_FORM_OF(hash);
TOC_FORM_OF(cve);
#undef TOC_FORM_OF
