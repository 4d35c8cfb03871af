// The public suffix list as it was when this program was built, inside the program: the gate must not
// depend on a file that may be missing or old where it runs.
#pragma once

#include "lib/base/err.h"
#include "lib/indicator/psl.h"

// The published text (deploy/reference/public-suffixes.dat).
extern const unsigned char toc_public_suffixes[];
extern const unsigned long toc_public_suffixes_len;

TOC_NODISCARD toc_rc toc_suffixes_open(struct toc_psl **out, struct toc_err *err);
