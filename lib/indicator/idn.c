#include "lib/indicator/idn.h"

#include <idn2.h>
#include <string.h>

#include "lib/indicator/limits.h"

// Bytes of UTF-8 before mapping: 63 characters of 4 bytes and room for ones that map to nothing.
#define UNICODE_LABEL_BYTES_MAX 512

// Capital sharp s became "ss" up to Unicode 15.0 and "\u00df" from 15.1 on: two releases of the library
// would make two names of it, so it is refused.
static bool has_two_readings(struct toc_slice label)
{
    return memmem(label.ptr, label.len, "\u1e9e", 3) != NULL;
}

bool toc_idn_label(struct toc_slice label, struct toc_form *form)
{
    uint8_t text[UNICODE_LABEL_BYTES_MAX + 1];
    uint8_t *ascii = NULL;
    if (label.len == 0 || label.len > UNICODE_LABEL_BYTES_MAX ||
            memchr(label.ptr, 0, label.len) != NULL || has_two_readings(label))
        return false;
    memcpy(text, label.ptr, label.len);
    text[label.len] = 0;
    if (idn2_lookup_u8(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
        return false;
    struct toc_slice result = toc_slice_of((const char *)ascii);
    bool one_label = result.len > 0 && !toc_slice_has(result, '.');
    if (one_label)
        toc_form_put(form, result);
    idn2_free(ascii);
    return one_label;
}
