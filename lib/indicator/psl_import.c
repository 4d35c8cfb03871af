// The published list into ASCII rules. Apart from psl.c, because it needs libidn2 and the hub does not.
#include "lib/indicator/psl.h"

#include "lib/base/text.h"
#include "lib/indicator/form.h"
#include "lib/indicator/idn.h"

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// The rule with its "!" or "*." kept; those are ASCII labels like others.
static bool put_rule(struct toc_form *form, struct toc_slice rule)
{
    while (true) {
        size_t dot = toc_slice_find(rule, '.');
        struct toc_slice label = toc_slice_sub(rule, 0, dot);
        bool ascii = true;
        for (size_t i = 0; i < label.len; i++)
            ascii = ascii && label.ptr[i] < 0x80;
        if (ascii)
            toc_form_put(form, label);
        else if (!toc_idn_label(label, form))
            return false;
        if (dot == rule.len)
            return !form->full;
        toc_form_byte(form, '.');
        rule = toc_slice_sub(rule, dot + 1, SIZE_MAX);
    }
}

toc_rc toc_psl_import(struct toc_slice published, struct toc_buf *out, struct toc_err *err)
{
    TOC_ENSURE(toc_utf8_valid(published), err, TOC_E_SYNTAX, "the public suffix list is not UTF-8");
    while (published.len > 0) {
        size_t end = toc_slice_find(published, '\n');
        struct toc_slice line = toc_slice_trim(toc_slice_sub(published, 0, end));
        struct toc_form form;
        published = toc_slice_sub(published, end + 1, SIZE_MAX);
        form.len = 0;
        form.full = false;
        if (toc_slice_starts(line, TOC_S("// ==="))) {
            toc_form_put(&form, line);
        } else if (line.len == 0 || toc_slice_starts(line, TOC_S("//"))) {
            continue;
        } else {
            size_t stop = 0;
            while (stop < line.len && !is_space(line.ptr[stop]))
                stop++;
            TOC_ENSURE(put_rule(&form, toc_slice_sub(line, 0, stop)), err, TOC_E_SYNTAX,
                    "public suffix rule \"%s\" has no ASCII form", TOC_SHOW(line));
        }
        toc_form_byte(&form, '\n');
        toc_buf_put_slice(out, toc_form_slice(&form));
    }
    return toc_buf_check(out, "public suffix rules", err);
}
