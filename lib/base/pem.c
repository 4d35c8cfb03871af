#include "lib/base/pem.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"

toc_rc toc_crypto_fail(struct toc_err *err, const char *what)
{
    char reason[120];
    unsigned long code = ERR_peek_last_error();
    ERR_error_string_n(code, reason, sizeof reason);
    ERR_clear_error();
    return toc_fail(err, TOC_E_CRYPTO, "%s: %s", what, code == 0 ? "no reason given" : reason);
}

int toc_pem_no_passphrase(char *out, int size, int writing, void *ctx)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

toc_rc toc_pem_key_load(const char *path, EVP_PKEY **out, struct toc_err *err)
{
    struct toc_buf pem;
    toc_buf_init(&pem, TOC_KEY_FILE_BYTES_MAX);
    toc_rc rc = toc_file_read_private(path, &pem, err);
    if (!toc_failed(rc)) {
        BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
        EVP_PKEY *key = bio == NULL
                                ? NULL
                                : PEM_read_bio_PrivateKey(bio, NULL, toc_pem_no_passphrase, NULL);
        BIO_free(bio);
        ERR_clear_error();
        if (key == NULL)
            rc = toc_fail(err, TOC_E_AUTH, "%s holds no private key in unencrypted PEM", path);
        else
            *out = key;
    }
    if (pem.ptr != NULL)
        OPENSSL_cleanse(pem.ptr, pem.cap);
    toc_buf_done(&pem);
    return rc;
}

toc_rc toc_pem_key_save(const EVP_PKEY *key, const char *path, struct toc_err *err)
{
    BIO *bio = BIO_new(BIO_s_secmem()); // wipes its memory when freed
    if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
        BIO_free(bio);
        return toc_crypto_fail(err, "writing a key as PEM");
    }
    char *pem = NULL;
    long len = BIO_get_mem_data(bio, &pem);
    toc_rc rc = toc_file_create(path, 0600, toc_slice(pem, (size_t)len), err);
    BIO_free(bio);
    return rc;
}
