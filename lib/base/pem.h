// Inside lib/base only: private keys in PKCS#8 PEM files, shared by key.c (Ed25519, signing) and
// cert.c (P-256, TLS).
#pragma once

#include <openssl/evp.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

// Loads the private key of a file that only its owner may read (AUTH otherwise), unencrypted.
TOC_NODISCARD toc_rc toc_pem_key_load(const char *path, EVP_PKEY **out, struct toc_err *err);

// Creates the file, 0600; EXISTS when there is one.
TOC_NODISCARD toc_rc toc_pem_key_save(const EVP_PKEY *key, const char *path, struct toc_err *err);

// A public key as DER SubjectPublicKeyInfo: P-256, uncompressed point, nothing else (AUTH).
TOC_NODISCARD toc_rc toc_pem_spki_load(struct toc_slice spki, EVP_PKEY **out, struct toc_err *err);

// A CRYPTO failure with the library's own reason behind `what`; empties its error queue.
toc_rc toc_crypto_fail(struct toc_err *err, const char *what);

// PEM never asks a terminal for a passphrase: this callback says there is none.
int toc_pem_no_passphrase(char *out, int size, int writing, void *ctx);
