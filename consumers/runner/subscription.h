// What is asked of whom: deployment, audience, interest, and the gate's own part, from member.conf, the
// command line and the roster. Made once at the start; what is asked never changes.
#pragma once

#include <stddef.h>

#include "consumers/sink/admit.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/bus/conf.h"
#include "lib/indicator/expr.h"
#include "lib/member/conf.h"
#include "lib/member/genesis.h"

struct toc_subscription {
    struct toc_genesis_file genesis;
    char audience[32];
    enum toc_marking marking;     // highest of the audience
    const char *follows;          // id of an interest; NULL: the audience is followed
    struct toc_slice text;        // of the expression; empty: everything live
    struct toc_expr *expression;  // NULL likewise
    struct toc_slice fingerprint; // equal for as long as the same is asked of the same deployment
    struct toc_psl *suffixes;
    struct toc_guard *own;
    size_t own_count;
    size_t refused; // decisions on the roster that change nothing, as far as the log knows
    struct toc_arena arena;
};

// interest: id or expression (a single word that could be either is an id), or NULL for everything.
// dir: where the roster's last answer is kept, for a start while the hub cannot be reached. USAGE, with
// the place in an expression; AUTH: not admitted, or not to this audience; NOTFOUND; KAFKA, TIMEOUT. *out
// is for toc_subscription_done.
TOC_NODISCARD toc_rc toc_subscription_make(const struct toc_member_conf *conf, const char *interest,
        const char *dir, struct toc_bus_log log, struct toc_subscription *out, struct toc_err *err);
// The part of it that needs no broker: no audience unless it is configured, no expression of an id, no
// fingerprint. Errors as above.
TOC_NODISCARD toc_rc toc_subscription_check(const struct toc_member_conf *conf,
        const char *interest, struct toc_subscription *out, struct toc_err *err);
// Asks again. False when the roster now says something else (another expression, another audience):
// then all has to begin anew. Without an answer everything stays as it is; the log is told.
bool toc_subscription_is_current(struct toc_subscription *subscription,
        const struct toc_member_conf *conf, const char *interest, const char *dir,
        struct toc_bus_log log);
void toc_subscription_done(struct toc_subscription *subscription); // zeroed ones are fine
