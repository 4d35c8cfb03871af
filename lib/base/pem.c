#include "lib/base/pem.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

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

/*= https://www.rfc-editor.org/rfc/rfc5480#section-2.1.1
 * SEQUENCE { SEQUENCE { id-ecPublicKey, secp256r1 }, BIT STRING of 0x04 and 64 bytes }: DER leaves
 * one way to write it. So no other curve, no parameters spelt out, no RSA key of 512 bits. */
static const uint8_t p256_prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce,
        0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42,
        0x00, 0x04};

toc_rc toc_pem_spki_load(struct toc_slice spki, EVP_PKEY **out, struct toc_err *err)
{
    TOC_ENSURE(spki.len == sizeof p256_prefix + 64 &&
                       toc_slice_starts(spki, toc_slice(p256_prefix, sizeof p256_prefix)),
            err, TOC_E_AUTH, "public key is not EC P-256");
    const unsigned char *at = spki.ptr;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)spki.len); // checks that the point is on the curve
    ERR_clear_error();
    TOC_ENSURE(key != NULL, err, TOC_E_AUTH, "public key is no point of P-256");
    *out = key;
    return TOC_OK;
}
