// Signatures with a TLS key outside TLS: an enrolment proves with them that one and the same holder
// has both keys.
#include "lib/base/cert.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "lib/base/pem.h"

toc_rc toc_cert_sign(
        const char *key_path, struct toc_slice message, struct toc_buf *out, struct toc_err *err)
{
    EVP_PKEY *key = NULL;
    TOC_TRY(toc_pem_key_load(key_path, &key, err));
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = (size_t)EVP_PKEY_get_size(key);
    uint8_t *room = toc_buf_reserve(out, len);
    bool done = ctx != NULL && room != NULL &&
                EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(ctx, room, &len, message.ptr, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    if (!done)
        return toc_crypto_fail(err, "signing with a TLS key");
    out->len += len;
    return TOC_OK;
}

toc_rc toc_cert_verify(struct toc_slice spki, struct toc_slice message, struct toc_slice signature,
        struct toc_err *err)
{
    EVP_PKEY *key = NULL;
    TOC_TRY(toc_pem_spki_load(spki, &key, err));
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(ctx, signature.ptr, signature.len, message.ptr, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
    TOC_ENSURE(good, err, TOC_E_AUTH, "signature does not verify");
    return TOC_OK;
}
