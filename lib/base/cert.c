// Every byte of a certificate is decided here: the only thing taken from outside is a P-256 public
// key. Extensions are fixed texts or built from checked values, never from text that was pasted
// together.
#include "lib/base/cert.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/pem.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#define SERIAL_BYTES 16
#define DAYS_MAX 36500
#define CN_BYTES_MAX 64   // RFC 5280 appendix A.1: ub-common-name
#define HOST_NAMES_MAX 64 // of one broker
#define HOST_BYTES_MAX 253

static toc_rc check_name(const char *name, struct toc_err *err)
{
    struct toc_slice s = toc_slice_of(name);
    TOC_ENSURE(s.len > 0 && s.len <= CN_BYTES_MAX, err, TOC_E_LENGTH,
            "name in a certificate has %zu bytes, 1 to %d may be", s.len, CN_BYTES_MAX);
    // Brokers turn the subject into a text (RFC 2253), where these would need escapes: a name that
    // reads like another principal is never issued.
    TOC_ENSURE(toc_text_is_safe(s) && toc_slice_trim(s).len == s.len &&
                       strpbrk(name, ",+\"\\<>;=#/") == NULL,
            err, TOC_E_USAGE, "%s cannot be the name in a certificate", TOC_SHOW(s));
    return TOC_OK;
}

static toc_rc check_days(int64_t days, struct toc_err *err)
{
    TOC_ENSURE(days >= 1 && days <= DAYS_MAX, err, TOC_E_RANGE, "%lld days, 1 to %d may be",
            (long long)days, DAYS_MAX);
    return TOC_OK;
}

// ---- PEM ----

static toc_rc put_pem(const X509 *cert, struct toc_buf *out, struct toc_err *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;
    if (bio == NULL || PEM_write_bio_X509(bio, cert) != 1) {
        BIO_free(bio);
        return toc_crypto_fail(err, "writing a certificate");
    }
    long len = BIO_get_mem_data(bio, &pem);
    toc_buf_put(out, pem, (size_t)len);
    BIO_free(bio);
    return toc_buf_check(out, "a certificate", err);
}

static BIO *open_pem(const struct toc_buf *pem)
{
    return BIO_new_mem_buf(pem->ptr == NULL ? (const void *)"" : pem->ptr, (int)pem->len);
}

static toc_rc load_cert(const char *path, X509 **out, struct toc_err *err)
{
    struct toc_buf pem;
    toc_buf_init(&pem, TOC_CERT_FILE_BYTES_MAX);
    toc_rc rc = toc_file_read(path, &pem, err);
    if (!toc_failed(rc)) {
        BIO *bio = open_pem(&pem);
        X509 *cert = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, toc_pem_no_passphrase, NULL);
        BIO_free(bio);
        ERR_clear_error();
        if (cert == NULL)
            rc = toc_fail(err, TOC_E_SYNTAX, "%s holds no PEM certificate", path);
        else
            *out = cert;
    }
    toc_buf_done(&pem);
    return rc;
}

// ---- building ----

static bool add_fixed(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool added = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool set_serial(X509 *cert)
{
    uint8_t serial[SERIAL_BYTES];
    if (toc_failed(toc_random(serial, sizeof serial, NULL)))
        return false;
    // RFC 5280 section 4.1.2.2: positive, not zero; first byte set also keeps the length.
    serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    bool set = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return set;
}

static bool set_common_name(X509_NAME *subject, const char *name)
{
    const unsigned char *text = (const unsigned char *)name;
    return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, text, -1, -1, 0) == 1;
}

// What every certificate has. The end is never behind that of the issuer, if there is one.
static bool set_basics(
        X509 *cert, EVP_PKEY *key, const char *name, int64_t days, const X509 *issuer)
{
    if (X509_set_version(cert, X509_VERSION_3) != 1 || !set_serial(cert) ||
            X509_set_pubkey(cert, key) != 1 ||
            !set_common_name(X509_get_subject_name(cert), name) ||
            X509_time_adj_ex(X509_getm_notBefore(cert), 0, -3600, NULL) == NULL ||
            X509_time_adj_ex(X509_getm_notAfter(cert), (int)days, 0, NULL) == NULL)
        return false;
    if (issuer == NULL)
        return X509_set_issuer_name(cert, X509_get_subject_name(cert)) == 1;
    if (ASN1_TIME_compare(X509_get0_notAfter(cert), X509_get0_notAfter(issuer)) > 0 &&
            X509_set1_notAfter(cert, X509_get0_notAfter(issuer)) != 1)
        return false;
    return X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1;
}

toc_rc toc_cert_key_new(const char *key_path, struct toc_err *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    if (key == NULL)
        return toc_crypto_fail(err, "making a P-256 key");
    toc_rc rc = toc_pem_key_save(key, key_path, err);
    EVP_PKEY_free(key);
    return rc;
}

static toc_rc self_sign(
        EVP_PKEY *key, const char *name, int64_t days, struct toc_buf *out_pem, struct toc_err *err)
{
    X509 *cert = X509_new();
    bool made = cert != NULL && set_basics(cert, key, name, days, NULL) &&
                add_fixed(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                add_fixed(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                add_fixed(cert, cert, NID_subject_key_identifier, "hash") &&
                X509_sign(cert, key, EVP_sha256()) > 0;
    toc_rc rc = made ? put_pem(cert, out_pem, err) : toc_crypto_fail(err, "making an authority");
    X509_free(cert);
    return rc;
}

toc_rc toc_cert_ca_new(const char *name, int64_t days, const char *key_path, const char *cert_path,
        struct toc_err *err)
{
    EVP_PKEY *key = NULL;
    struct toc_buf pem;
    TOC_TRY(check_name(name, err));
    TOC_TRY(check_days(days, err));
    TOC_TRY(toc_pem_key_load(key_path, &key, err));
    toc_buf_init(&pem, TOC_CERT_FILE_BYTES_MAX);
    toc_rc rc = self_sign(key, name, days, &pem, err);
    if (!toc_failed(rc))
        rc = toc_file_create(cert_path, 0644, toc_buf_slice(&pem), err);
    toc_buf_done(&pem);
    EVP_PKEY_free(key);
    return rc;
}

// ---- issuing ----

static bool is_host(const char *name)
{
    for (const char *c = name; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr(".-_", *c) == NULL)
            return false;
    return name[0] != '\0' && strlen(name) <= HOST_BYTES_MAX;
}

// A name as subjectAltName wants it: 4 or 16 bytes for an address, ASCII for a host.
static GENERAL_NAME *general_name(const char *name)
{
    uint8_t address[16];
    int len = inet_pton(AF_INET, name, address) == 1    ? 4
              : inet_pton(AF_INET6, name, address) == 1 ? 16
                                                        : 0;
    int kind = len != 0 ? GEN_IPADD : GEN_DNS;
    const void *bytes = len != 0 ? (const void *)address : name;
    GENERAL_NAME *entry = GENERAL_NAME_new();
    ASN1_STRING *value = ASN1_STRING_type_new(len != 0 ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    if (entry == NULL || value == NULL || ASN1_STRING_set(value, bytes, len != 0 ? len : -1) != 1) {
        GENERAL_NAME_free(entry);
        ASN1_STRING_free(value);
        return NULL;
    }
    GENERAL_NAME_set0_value(entry, kind, value);
    return entry;
}

static bool add_host_names(X509 *cert, const char *const *names)
{
    if (names == NULL || names[0] == NULL)
        return true;
    GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
    bool complete = list != NULL;
    for (; complete && *names != NULL; names++) {
        GENERAL_NAME *entry = general_name(*names);
        complete = entry != NULL && sk_GENERAL_NAME_push(list, entry) > 0;
        if (!complete)
            GENERAL_NAME_free(entry);
    }
    complete = complete && X509_add1_ext_i2d(cert, NID_subject_alt_name, list, 0, 0) == 1;
    GENERAL_NAMES_free(list);
    return complete;
}

static toc_rc check_host_names(const char *const *names, struct toc_err *err)
{
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        uint8_t address[16];
        TOC_ENSURE(i < HOST_NAMES_MAX, err, TOC_E_LIMIT, "over %d host names", HOST_NAMES_MAX);
        TOC_ENSURE(is_host(names[i]) || inet_pton(AF_INET6, names[i], address) == 1, err,
                TOC_E_USAGE, "%s is no host name or address", TOC_SHOW(toc_slice_of(names[i])));
    }
    return TOC_OK;
}

struct authority {
    EVP_PKEY *key;
    X509 *cert;
};

static void authority_done(struct authority *ca)
{
    EVP_PKEY_free(ca->key);
    X509_free(ca->cert);
}

static toc_rc authority_load(
        const char *key_path, const char *cert_path, struct authority *ca, struct toc_err *err)
{
    TOC_TRY(toc_pem_key_load(key_path, &ca->key, err));
    TOC_TRY(load_cert(cert_path, &ca->cert, err));
    TOC_ENSURE(X509_check_ca(ca->cert) == 1, err, TOC_E_AUTH, "%s is no authority", cert_path);
    bool pair = X509_check_private_key(ca->cert, ca->key) == 1;
    ERR_clear_error();
    TOC_ENSURE(pair, err, TOC_E_AUTH, "%s is not the key of %s", key_path, cert_path);
    TOC_ENSURE(X509_cmp_current_time(X509_get0_notAfter(ca->cert)) > 0, err, TOC_E_AUTH,
            "%s has expired", cert_path);
    return TOC_OK;
}

static toc_rc issue(const struct authority *ca, EVP_PKEY *key, const char *name,
        enum toc_cert_use use, const char *const *host_names, int64_t days, struct toc_buf *out_pem,
        struct toc_err *err)
{
    const char *purpose = use == TOC_CERT_SERVER ? "serverAuth,clientAuth" : "clientAuth";
    X509 *cert = X509_new();
    bool made = cert != NULL && set_basics(cert, key, name, days, ca->cert) &&
                add_fixed(cert, ca->cert, NID_basic_constraints, "critical,CA:FALSE") &&
                add_fixed(cert, ca->cert, NID_key_usage, "critical,digitalSignature") &&
                add_fixed(cert, ca->cert, NID_ext_key_usage, purpose) &&
                add_fixed(cert, ca->cert, NID_subject_key_identifier, "hash") &&
                add_fixed(cert, ca->cert, NID_authority_key_identifier, "keyid:always") &&
                add_host_names(cert, host_names) && X509_sign(cert, ca->key, EVP_sha256()) > 0;
    toc_rc rc = made ? put_pem(cert, out_pem, err) : toc_crypto_fail(err, "issuing a certificate");
    X509_free(cert);
    return rc;
}

toc_rc toc_cert_issue(const char *ca_key_path, const char *ca_cert_path, struct toc_slice spki,
        const char *common_name, enum toc_cert_use use, const char *const *host_names, int64_t days,
        struct toc_buf *out_pem, struct toc_err *err)
{
    EVP_PKEY *key = NULL;
    struct authority ca = {NULL, NULL};
    TOC_TRY(check_name(common_name, err));
    TOC_TRY(check_days(days, err));
    TOC_TRY(check_host_names(host_names, err));
    TOC_TRY(toc_pem_spki_load(spki, &key, err));
    toc_rc rc = authority_load(ca_key_path, ca_cert_path, &ca, err);
    if (!toc_failed(rc))
        rc = issue(&ca, key, common_name, use, host_names, days, out_pem, err);
    authority_done(&ca);
    EVP_PKEY_free(key);
    return rc;
}

// ---- reading ----

static void show_common_name(const X509_NAME *name, char out[128])
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    unsigned char *text = NULL;
    int len = at < 0 ? -1
                     : ASN1_STRING_to_UTF8(
                               &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    toc_text_show(out, 128, toc_slice(text, len < 0 ? 0 : (size_t)len));
    OPENSSL_free(text);
}

toc_rc toc_cert_read(const char *path, struct toc_cert_facts *out, struct toc_err *err)
{
    X509 *cert = NULL;
    struct tm end;
    TOC_TRY(load_cert(path, &cert, err));
    if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &end) != 1) {
        X509_free(cert);
        ERR_clear_error();
        return toc_fail(err, TOC_E_SYNTAX, "%s: end of validity is no time", path);
    }
    out->not_after_ms = (int64_t)timegm(&end) * TOC_MS_SECOND;
    out->is_ca = X509_check_ca(cert) == 1;
    show_common_name(X509_get_subject_name(cert), out->subject);
    show_common_name(X509_get_issuer_name(cert), out->issuer);
    X509_free(cert);
    ERR_clear_error();
    return TOC_OK;
}

static bool is_marked(const X509_NAME *name)
{
    char text[128];
    show_common_name(name, text);
    return strstr(text, TOC_CERT_QUICKSTART) != NULL;
}

toc_rc toc_cert_is_quickstart(const char *path, bool *out, struct toc_err *err)
{
    struct toc_buf pem;
    toc_buf_init(&pem, TOC_CERT_FILE_BYTES_MAX);
    toc_rc rc = toc_file_read(path, &pem, err);
    BIO *bio = toc_failed(rc) ? NULL : open_pem(&pem);
    bool marked = false;
    for (X509 *cert; bio != NULL && (cert = PEM_read_bio_X509(bio, NULL, toc_pem_no_passphrase, NULL)) != NULL;) {
        marked = marked || is_marked(X509_get_subject_name(cert)) || is_marked(X509_get_issuer_name(cert));
        X509_free(cert);
    }
    BIO_free(bio);
    ERR_clear_error();
    toc_buf_done(&pem);
    if (!toc_failed(rc))
        *out = marked;
    return rc;
}
