// Errors. A fallible function returns toc_rc and takes `struct toc_err *err` last; its outputs are
// untouched when it fails. The error object lives on the caller's stack: there is no last-error
// state. `fate` is the one thing a loop decides by.
#pragma once

#include <stdbool.h>
#include <stdarg.h>

#define TOC_NODISCARD __attribute__((warn_unused_result))
#define TOC_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define TOC_CLEANUP(f) __attribute__((cleanup(f)))

// code, short name as logs and --json show it
#define TOC_CODES(X)                                                                               \
    X(OK, "ok")                                                                                    \
    X(SYNTAX, "syntax")       /* input is not of the form it claims */                             \
    X(LENGTH, "length")       /* longer than a named limit */                                      \
    X(LIMIT, "limit")         /* more of something than a named limit */                           \
    X(RANGE, "range")         /* a number outside its range */                                     \
    X(TRUNCATED, "truncated") /* input ends too early, or goes on too long */                      \
    X(SCHEMA, "schema")       /* framing or schema fingerprint unknown */                          \
    X(REFUSED, "refused")     /* well formed, but the rules say no */                              \
    X(AUTH, "auth")           /* signature, key, certificate or right missing or wrong */          \
    X(NOTFOUND, "not-found")                                                                       \
    X(EXISTS, "exists")                                                                            \
    X(BUSY, "busy")   /* a lock is held, another instance lives */                                 \
    X(USAGE, "usage") /* command line or configuration wrong */                                    \
    X(IO, "io")       /* the system said no: file, socket, disk */                                 \
    X(TIMEOUT, "timeout")                                                                          \
    X(KAFKA, "kafka")   /* the broker or its client said no */                                     \
    X(CRYPTO, "crypto") /* the crypto library said no */                                           \
    X(MEMORY, "memory")                                                                            \
    X(STATE, "state") /* stored state contradicts itself: never go on */

enum toc_code {
#define X(name, text) TOC_E_##name,
    TOC_CODES(X)
#undef X
};

enum toc_fate {
    TOC_FATE_RECORD = 0, // this record is bad: quarantine it, go on
    TOC_FATE_RETRY,      // nothing is wrong with the record: try again
    TOC_FATE_ABORT_TXN,  // abort the open transaction, roll back, replay
    TOC_FATE_FATAL,      // stop this worker (or program) and say why
};

// One-member struct, so that a result is never mistaken for an int or a bool.
typedef struct {
    enum toc_code code;
} toc_rc;

struct toc_err {
    enum toc_code code;
    enum toc_fate fate;
    char text[240]; // the numbers in it; printable (controls are replaced), NUL-terminated
};

#define TOC_OK ((toc_rc){TOC_E_OK})

static inline bool toc_failed(toc_rc rc)
{
    return rc.code != TOC_E_OK;
}

// Sets *err (which may be NULL) and returns the failure.
toc_rc toc_fail(struct toc_err *err, enum toc_code code, const char *fmt, ...) TOC_PRINTF(3, 4);

// The same with a fate other than RECORD.
toc_rc toc_fail_fate(struct toc_err *err, enum toc_fate fate, enum toc_code code, const char *fmt,
        ...) TOC_PRINTF(4, 5);

// Puts "context: " before the text of a failure already in *err; returns rc unchanged.
toc_rc toc_err_context(toc_rc rc, struct toc_err *err, const char *fmt, ...) TOC_PRINTF(3, 4);

const char *toc_code_name(enum toc_code code);

#define TOC_TRY(call)                                                                              \
    do {                                                                                           \
        toc_rc toc_try_rc_ = (call);                                                               \
        if (toc_failed(toc_try_rc_))                                                               \
            return toc_try_rc_;                                                                    \
    } while (0)

#define TOC_ENSURE(cond, err, code, ...)                                                           \
    do {                                                                                           \
        if (!(cond))                                                                               \
            return toc_fail((err), (code), __VA_ARGS__);                                           \
    } while (0)
