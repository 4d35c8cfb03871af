// Networks of a set in order, each knowing the next wider one: longest prefix first, then outwards. One
// table an address family. Filled, then closed, then only read.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/indicator/address.h"

#define NETS_NONE UINT32_MAX

struct nets_item {
    uint64_t high, low; // the address as a number; IPv4 in the upper half of `high`
    uint32_t entry;
    uint32_t wider;    // item that covers this one, the narrowest such; NETS_NONE
    uint32_t guarding; // this item or the next one behind it that guards; NETS_NONE
    uint8_t prefix;
    bool guards; // nothing wider may be blocked
};

struct nets {
    struct nets_item *items; // by address, a wider one first
    size_t count, cap;
    size_t dropped;      // networks that were there already
    uint32_t first[257]; // items whose address begins with a lower byte
};

TOC_NODISCARD toc_rc nets_add(struct nets *nets, const struct toc_network *network, uint32_t entry,
        bool guards, struct toc_err *err);
// Sorts; of equal networks the first one added counts.
void nets_close(struct nets *nets);
void nets_done(struct nets *nets);

// *cover: the narrowest item that is or covers the network; go on by `wider`. *inside: the first item that
// guards and lies strictly in it. Each NETS_NONE when there is none.
void nets_find(const struct nets *nets, const struct toc_network *network, uint32_t *cover,
        uint32_t *inside);
