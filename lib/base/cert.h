// X.509 certificates for TLS: the two authorities (hub side, member side), certificates made from
// requests of which only the public key is taken, and the checks around them. Keys are EC P-256 in
// PKCS#8 PEM files, 0600.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

// Makes a P-256 key file (0600, never overwrites).
TOC_NODISCARD toc_rc toc_cert_key_new(const char *key_path, struct toc_err *err);

// Self-signed authority: CA:TRUE, pathlen 0, keyUsage certSign+cRLSign; CN = name. Writes cert_path
// (EXISTS when there is one).
TOC_NODISCARD toc_rc toc_cert_ca_new(const char *name, int64_t days, const char *key_path,
        const char *cert_path, struct toc_err *err);

// PKCS#10 request for the key, subject CN = name, appended as PEM.
TOC_NODISCARD toc_rc toc_cert_request(
        const char *key_path, const char *name, struct toc_buf *out_pem, struct toc_err *err);

// Checks a request's own signature; gives its public key as DER (SubjectPublicKeyInfo). Nothing
// else of the request is ever used: subject, extensions and attributes are ignored. AUTH when the
// signature does not verify or the key is not P-256.
TOC_NODISCARD toc_rc toc_cert_request_key(
        struct toc_slice request_pem, struct toc_buf *out_spki, struct toc_err *err);

// Proof that somebody holds a TLS key, over any message: ECDSA with SHA-256 (FIPS 186-4, DER), appended.
TOC_NODISCARD toc_rc toc_cert_sign(const char *key_path, struct toc_slice message, struct toc_buf *out,
        struct toc_err *err);
// OK, or AUTH.
TOC_NODISCARD toc_rc toc_cert_verify(struct toc_slice spki, struct toc_slice message, struct toc_slice signature,
        struct toc_err *err);

enum toc_cert_use {
    TOC_CERT_CLIENT, // extendedKeyUsage clientAuth
    TOC_CERT_SERVER, // serverAuth and clientAuth (a broker talks to itself)
};

// Issues a certificate for a public key. Subject is exactly CN = common_name; basicConstraints
// CA:FALSE, keyUsage digitalSignature, serial 16 random bytes. host_names: subjectAltName entries
// (DNS or IP text), ended by NULL; NULL for none. not_before is an hour back, against clocks that
// run behind; the end is never behind that of the authority. Names: 1 to 64 bytes without the
// special characters of RFC 2253.
TOC_NODISCARD toc_rc toc_cert_issue(const char *ca_key_path, const char *ca_cert_path,
        struct toc_slice spki, const char *common_name, enum toc_cert_use use,
        const char *const *host_names, int64_t days, struct toc_buf *out_pem, struct toc_err *err);

// What a PEM certificate says: CN of subject and issuer, end of validity, CA flag.
struct toc_cert_facts {
    char subject[128], issuer[128];
    int64_t not_after_ms;
    bool is_ca;
};
TOC_NODISCARD toc_rc toc_cert_read(
        const char *path, struct toc_cert_facts *out, struct toc_err *err);

// What stands in the name of an authority that is for trying things out.
#define TOC_CERT_QUICKSTART "QUICKSTART"
// Is a certificate of the PEM file, or the issuer of one, so marked?
TOC_NODISCARD toc_rc toc_cert_is_quickstart(const char *path, bool *out, struct toc_err *err);
