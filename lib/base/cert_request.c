// PKCS#10 requests (RFC 2986): a signed wrapping around a public key. Ours carry a name so that
// ordinary tools can show whose they are; whoever issues looks at the key only.
#include "lib/base/cert.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "lib/base/limits.h"
#include "lib/base/pem.h"

static bool sign_request(X509_REQ *request, EVP_PKEY *key, const char *name)
{
    const unsigned char *text = (const unsigned char *)name;
    return X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
           X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request), NID_commonName,
                   MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
           X509_REQ_set_pubkey(request, key) == 1 && X509_REQ_sign(request, key, EVP_sha256()) > 0;
}

toc_rc toc_cert_request(
        const char *key_path, const char *name, struct toc_buf *out_pem, struct toc_err *err)
{
    EVP_PKEY *key = NULL;
    TOC_TRY(toc_pem_key_load(key_path, &key, err));
    X509_REQ *request = X509_REQ_new();
    BIO *bio = BIO_new(BIO_s_mem());
    bool made = request != NULL && bio != NULL && sign_request(request, key, name) &&
                PEM_write_bio_X509_REQ(bio, request) == 1;
    toc_rc rc;
    if (made) {
        char *pem = NULL;
        long len = BIO_get_mem_data(bio, &pem);
        toc_buf_put(out_pem, pem, (size_t)len);
        rc = toc_buf_check(out_pem, "a request", err);
    } else {
        rc = toc_crypto_fail(err, "making a certificate request");
    }
    BIO_free(bio);
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    return rc;
}

static toc_rc put_spki(EVP_PKEY *key, struct toc_buf *out, struct toc_err *err)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    if (len < 0)
        return toc_crypto_fail(err, "writing a public key");
    struct toc_slice spki = toc_slice(der, (size_t)len);
    EVP_PKEY *again = NULL; // checks that it is one we issue for
    toc_rc rc = toc_pem_spki_load(spki, &again, err);
    EVP_PKEY_free(again);
    if (!toc_failed(rc)) {
        toc_buf_put_slice(out, spki);
        rc = toc_buf_check(out, "a public key", err);
    }
    OPENSSL_free(der);
    return rc;
}

toc_rc toc_cert_request_key(
        struct toc_slice request_pem, struct toc_buf *out_spki, struct toc_err *err)
{
    TOC_ENSURE(request_pem.len <= TOC_KEY_FILE_BYTES_MAX, err, TOC_E_LENGTH,
            "request of %zu bytes, at most %d are read", request_pem.len, TOC_KEY_FILE_BYTES_MAX);
    BIO *bio = BIO_new_mem_buf(
            request_pem.len == 0 ? (const void *)"" : request_pem.ptr, (int)request_pem.len);
    X509_REQ *request =
            bio == NULL ? NULL : PEM_read_bio_X509_REQ(bio, NULL, toc_pem_no_passphrase, NULL);
    BIO_free(bio);
    EVP_PKEY *key = request == NULL ? NULL : X509_REQ_get0_pubkey(request);
    toc_rc rc;
    if (key == NULL)
        rc = toc_fail(err, TOC_E_SYNTAX, "not a PEM certificate request with a key");
    else if (X509_REQ_verify(request, key) != 1)
        rc = toc_fail(err, TOC_E_AUTH, "request is not signed by its own key");
    else
        rc = put_spki(key, out_spki, err);
    X509_REQ_free(request);
    ERR_clear_error();
    return rc;
}
