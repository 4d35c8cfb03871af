// The one place that calls libidn2: a non-ASCII label to its A-label. For connectors and tocsinctl; the
// hub never gets here.
#pragma once

#include <stdbool.h>

#include "lib/base/slice.h"
#include "lib/indicator/form.h"

// Appends the A-label of one label in valid UTF-8, by UTS 46 non-transitional after NFC (flags
// IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL). False if there is none, or if the mapping made more than one
// label of it. Full-width ASCII becomes plain ASCII by the same mapping.
bool toc_idn_label(struct toc_slice label, struct toc_form *form);
