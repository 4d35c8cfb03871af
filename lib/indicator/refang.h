// Undoing defanging: the spellings by which reports keep an indicator from being clickable. Removes
// disguise only; it never adds a scheme, a host or a character that the disguise did not stand for.
#pragma once

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/base/slice.h"

// Appends `raw` without its disguise to `out`: white space (also no-break), quotes, backticks and angle
// brackets around it; zero-width characters anywhere; [.] (.) {.} [dot] (dot) {dot} \. and half pairs
// like [. or .]; [:] [://] :// in brackets; [@] [at] (at) and their like; hxxp, h**p, fxp and their
// like at the start; one slash behind such a scheme; punctuation of the sentence behind it (not a dot
// that ends a name). True if anything but surrounding white space was changed.
bool toc_refang(struct toc_slice raw, struct toc_buf *out);
