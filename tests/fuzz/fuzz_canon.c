// Any bytes as a value: toc_refang, toc_canon_guess, toc_canon, toc_canon_check. The laws of
// lib/indicator/canon.h hold for them as they are and refanged.
#include "tests/fuzz/fuzz.h"

#include "lib/indicator/refang.h"
#include "tests/support/canon_laws.h"

static void obey(struct toc_slice raw)
{
    const char *broken = canon_laws(raw);
    if (broken != NULL)
        fprintf(stderr, "broken: %s\n", broken);
    FUZZ_CHECK(broken == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toc_buf plain;
    toc_buf_init(&plain, TOC_RAW_BYTES_MAX + size);
    toc_refang(toc_slice(data, size), &plain);
    obey(toc_slice(data, size));
    obey(toc_buf_slice(&plain));
    toc_buf_done(&plain);
    return 0;
}
