// Enrolment (schemas/ENROLMENT.md): both keys of a member are made on its own machine, and a request
// that both have signed goes to the operator. Private keys never leave. What the operator admits is
// decided by the fingerprint that two people compare by telephone.
#pragma once

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/key.h"
#include "lib/indicator/limits.h"

// Files in the directory of an enrolment.
#define TOC_ENROL_SIGNING_KEY "signing.key" // Ed25519, 0600
#define TOC_ENROL_TLS_KEY "tls.key"         // P-256, 0600
#define TOC_ENROL_REQUEST "request.json"    // for the operator
#define TOC_ENROL_CONFIG "member.conf"      // to be completed with what the operator gives back

struct toc_enrolment {
    char member[TOC_ID_BYTES_MAX + 1];
    uint8_t signing_key[TOC_KEY_PUBLIC_BYTES];
    struct toc_buf
            spki; // the TLS key, SubjectPublicKeyInfo in DER: what a certificate is issued for
};

// Makes the directory (0700), the keys and the request. Keys that are there are used again and the
// request is written anew, so a second run gives the same fingerprint; a member.conf that is there
// stays. *out is for toc_enrolment_done.
TOC_NODISCARD toc_rc toc_enrol_make(
        const char *member, const char *dir, struct toc_enrolment *out, struct toc_err *err);

// Reads a request and checks its form and all three signatures (the certificate request's own, and both
// keys' over member and both public keys). AUTH when one does not verify.
TOC_NODISCARD toc_rc toc_enrol_read(
        const char *path, struct toc_enrolment *out, struct toc_err *err);
void toc_enrolment_done(struct toc_enrolment *enrolment);
