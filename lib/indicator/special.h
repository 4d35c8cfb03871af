// Special-purpose address ranges (IANA registries of RFC 6890, multicast) and special-use or internal
// names (IANA registry of RFC 6761; names in private use). What lies in them means nothing outside one
// network. Pure, any thread.
#pragma once

#include <stdbool.h>

#include "lib/base/slice.h"
#include "lib/indicator/kind.h"

// True if a canonical address, network, or the host of an endpoint, url or email shares an address
// with a special-purpose range: lies in one or, a network, covers one. *name (may be NULL) becomes the
// range's name with its RFC. False for names, hashes and CVEs.
bool toc_special_address(enum toc_kind kind, struct toc_slice value, const char **name);

// True if a name (lower-case, no final dot) is, or lies under, a special-use or internal suffix; *name
// as above. toc_canon_check accepts no such name.
bool toc_special_name(struct toc_slice domain, const char **name);
