// A member's request in the operator's hands: the fingerprint two people compare, the certificate it asks for, and the
// folder that goes back.
#pragma once

#include "hub/ctl/ctl.h"
#include "lib/member/enrol.h"

// REFUSED when the key's fingerprint is not the one that was read out (blanks, colons, dashes and case do not count);
// NULL was not read out: fine.
TOC_NODISCARD toc_rc welcome_check(const uint8_t key[TOC_KEY_PUBLIC_BYTES], const char *said, struct toc_err *err);
// The key id somebody wrote, with or without such marks between; false when it is none.
bool welcome_key_id(const char *text, uint8_t out[TOC_KEY_ID_BYTES]);

// A certificate for the request's TLS key, with the member's name whatever the request says: PEM.
TOC_NODISCARD toc_rc welcome_certify(struct ctl *ctl, const struct toc_enrolment *request, struct toc_buf *out_pem,
        struct toc_err *err);
// Certificate, authority, genesis and lines for member.conf; none of it is secret. The folder is made.
TOC_NODISCARD toc_rc welcome_write(struct ctl *ctl, const char *dir, const struct toc_enrolment *request,
        const struct toc_genesis_file *genesis, struct toc_slice certificate, struct toc_err *err);
