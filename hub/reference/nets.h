// Networks of a set in order, each knowing the next wider one: longest prefix first, then outwards. One
// table an address family. Filled, then closed, then only read.
#pragma once

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/indicator/address.h"

#define NETS_NONE UINT32_MAX

struct nets_item {
    uint64_t high, low; // the address as a number; IPv4 in the upper half of `high`
    uint32_t entry;
    uint32_t wider; // item that covers this one, the narrowest such; NETS_NONE
    uint8_t prefix;
};

struct nets {
    struct nets_item *items; // by address, a wider one first
    size_t count, cap;
    size_t dropped; // networks that were there already
};

TOC_NODISCARD toc_rc nets_add(struct nets *nets, const struct toc_network *network, uint32_t entry, struct toc_err *err);
// Sorts; of equal networks the first one added counts.
void nets_close(struct nets *nets);
void nets_done(struct nets *nets);

// The narrowest item that is or covers the network, or NETS_NONE; go on by `wider`.
uint32_t nets_cover(const struct nets *nets, const struct toc_network *network);
// The first item strictly inside the network, or NETS_NONE.
uint32_t nets_inside(const struct nets *nets, const struct toc_network *network);
