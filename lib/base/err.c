#include "lib/base/err.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

static const char *const code_names[] = {
#define X(name, text) [TOC_E_##name] = (text),
        TOC_CODES(X)
#undef X
};

const char *toc_code_name(enum toc_code code)
{
    return (unsigned)code < sizeof code_names / sizeof *code_names ? code_names[code] : "unknown";
}

// Error texts may quote input: whatever a terminal could act on, or would not show, becomes '?'.
static void make_printable(char *text)
{
    struct toc_slice s = toc_slice_of(text);
    size_t to = 0;
    for (size_t at = 0; at < s.len;) {
        size_t from = at;
        int32_t c = toc_utf8_next(s, &at);
        if (c < 0 || !toc_code_point_is_safe((uint32_t)c))
            text[to++] = '?';
        else
            while (from < at)
                text[to++] = text[from++];
    }
    text[to] = '\0';
}

TOC_PRINTF(4, 0)
static toc_rc set(
        struct toc_err *err, enum toc_fate fate, enum toc_code code, const char *fmt, va_list ap)
{
    if (err != NULL) {
        err->code = code;
        err->fate = fate;
        vsnprintf(err->text, sizeof err->text, fmt, ap);
        make_printable(err->text);
    }
    return (toc_rc){code};
}

toc_rc toc_fail(struct toc_err *err, enum toc_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    toc_rc rc = set(err, TOC_FATE_RECORD, code, fmt, ap);
    va_end(ap);
    return rc;
}

toc_rc toc_fail_fate(
        struct toc_err *err, enum toc_fate fate, enum toc_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    toc_rc rc = set(err, fate, code, fmt, ap);
    va_end(ap);
    return rc;
}

toc_rc toc_err_context(toc_rc rc, struct toc_err *err, const char *fmt, ...)
{
    if (err == NULL || !toc_failed(rc))
        return rc;
    char old[sizeof err->text];
    memcpy(old, err->text, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    size_t used = n < 0 ? 0 : (size_t)n;
    // A text that does not fit is cut at its end, where the details are.
    if (used < sizeof err->text &&
            snprintf(err->text + used, sizeof err->text - used, ": %s", old) < 0)
        err->text[used] = '\0';
    make_printable(err->text);
    return rc;
}
