#include "consumers/runner/suffixes.h"

#include "lib/base/buf.h"

toc_rc toc_suffixes_open(struct toc_psl **out, struct toc_err *err)
{
    struct toc_buf rules;
    toc_buf_init(&rules, 2 * toc_public_suffixes_len);
    toc_rc rc =
            toc_psl_import(toc_slice(toc_public_suffixes, toc_public_suffixes_len), &rules, err);
    if (!toc_failed(rc))
        rc = toc_psl_open(toc_buf_slice(&rules), out, err);
    toc_buf_done(&rules);
    return rc;
}
