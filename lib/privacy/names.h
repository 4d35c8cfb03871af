// A member's own names: domains with all below them, addresses and networks. Built once, read by any
// thread. Inside lib/privacy only.
#pragma once

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/indicator/address.h"
#include "schemas/types.h"

#define TOC_PRIVACY_NAMES_MAX 4096 // each is compared: a member's own, not a list of the world's

struct toc_own_names {
    struct toc_slice *domains; // lower case, owned
    struct toc_network *networks;
    size_t domain_count, network_count;
};

// Domain (also an internal one or a single label; "*." and "." before it are ignored), address or
// network. USAGE with the entry in the text.
TOC_NODISCARD toc_rc toc_own_names_init(struct toc_own_names *names, const struct toc_slice *texts,
        size_t count, struct toc_err *err);
void toc_own_names_done(struct toc_own_names *names);

// A canonical value: the domain or host is one of them or lies below one, the address lies in one of
// the networks, the network shares an address with one.
bool toc_own_names_hold(
        const struct toc_own_names *names, enum toc_kind kind, struct toc_slice value);

// One of them stands somewhere in a lower-case text, as a word of its own or below: "www.own.example"
// and "own.example/x" do, "disown.example" does not; likewise an address of the networks.
bool toc_own_names_in(const struct toc_own_names *names, struct toc_slice text);
