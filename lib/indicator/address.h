// Addresses and networks as numbers: parsing the plain spellings, writing the canonical one (IPv4
// dotted; IPv6 by RFC 5952 section 4, without dotted tails), and asking what covers what. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/slice.h"
#include "lib/indicator/kind.h"

#define TOC_ADDRESS_TEXT_MAX 40 // bytes of the longest IPv6 address, and one

// An IPv4 address stands in the first 4 bytes; the rest is zero.
struct toc_network {
    uint8_t address[16];
    uint8_t prefix; // bits; 32 or 128: one address
    bool v6;
};

// Four decimal numbers 0-255 without leading zeros; nothing else.
bool toc_ipv4_parse(struct toc_slice text, uint8_t out[4]);
// RFC 4291 section 2.2, all three forms; no zone, no brackets.
bool toc_ipv6_parse(struct toc_slice text, uint8_t out[16]);
bool toc_ipv6_is_mapped(const uint8_t address[16]); // ::ffff:0:0/96

// Both return the length; no NUL is written.
size_t toc_ipv4_text(const uint8_t address[4], uint8_t out[TOC_ADDRESS_TEXT_MAX]);
size_t toc_ipv6_text(const uint8_t address[16], uint8_t out[TOC_ADDRESS_TEXT_MAX]);

// The network of a canonical ipv4, ipv6 or cidr, or of the address in an endpoint, url or email; false
// for anything else, and for a host that is a name.
bool toc_network_of(enum toc_kind kind, struct toc_slice value, struct toc_network *out);
bool toc_network_covers(const struct toc_network *wide, const struct toc_network *narrow);
