// A guard of one hospital, as the tests use it.
#pragma once

#include "tests/support/unit.h"

#include "lib/privacy/privacy.h"

#define GUARD_NAMES(...) ((const struct toc_slice[]){__VA_ARGS__})

static inline struct toc_privacy *guard_new(unsigned flags)
{
    static const struct toc_slice names[] = {
            TOC_S_INIT("mercy-clinic.org"),
            TOC_S_INIT("*.mercy.internal"),
            TOC_S_INIT("ehrprod"),
            TOC_S_INIT("8.20.30.0/24"),
            TOC_S_INIT("2a00:1234:5678::/48"),
    };
    static const struct toc_slice keys[] = {TOC_S_INIT("Case-No")};
    const struct toc_privacy_rules rules = {names, sizeof names / sizeof *names, keys, 1, flags};
    struct toc_privacy *privacy = NULL;
    struct toc_err err = {0};
    assert_ok(toc_privacy_new(&rules, &privacy, &err), err);
    return privacy;
}
