#include "lib/member/enrol.h"

#include <string.h>

#include "lib/base/cert.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/limits.h"
#include "lib/base/text.h"
#include "lib/member/conf.h"

#define FORMAT "tocsin-enrolment-v1" // also, with its NUL, what the signed bytes begin with
#define REQUEST_BYTES_MAX (16 * 1024)
#define SIGNATURE_BYTES_MAX 256 // ECDSA P-256 in DER takes 72

// What both keys sign: format 00 member 00 signing key, TLS key.
static void put_signed(const struct toc_enrolment *e, struct toc_buf *out)
{
    toc_buf_init(out, REQUEST_BYTES_MAX);
    toc_buf_put(out, FORMAT, sizeof FORMAT);
    toc_buf_put(out, e->member, strlen(e->member) + 1);
    toc_buf_put(out, e->signing_key, sizeof e->signing_key);
    toc_buf_put_slice(out, toc_buf_slice(&e->spki));
}

void toc_enrolment_done(struct toc_enrolment *enrolment)
{
    toc_buf_done(&enrolment->spki);
}

static toc_rc set_member(struct toc_enrolment *e, struct toc_slice id, struct toc_err *err)
{
    TOC_ENSURE(toc_id_valid(id), err, TOC_E_USAGE,
            "\"%s\" is no member id: a-z 0-9 . _ -, at most %d", TOC_SHOW(id), TOC_ID_BYTES_MAX);
    memcpy(e->member, id.ptr, id.len);
    e->member[id.len] = '\0';
    return TOC_OK;
}

// ---- making one

struct paths {
    char signing_key[TOC_PATH_BYTES_MAX], tls_key[TOC_PATH_BYTES_MAX], request[TOC_PATH_BYTES_MAX],
            config[TOC_PATH_BYTES_MAX];
};

static toc_rc join_paths(const char *dir, struct paths *out, struct toc_err *err)
{
    TOC_TRY(toc_path_join(out->signing_key, dir, TOC_ENROL_SIGNING_KEY, err));
    TOC_TRY(toc_path_join(out->tls_key, dir, TOC_ENROL_TLS_KEY, err));
    TOC_TRY(toc_path_join(out->request, dir, TOC_ENROL_REQUEST, err));
    return toc_path_join(out->config, dir, TOC_ENROL_CONFIG, err);
}

static toc_rc make_signing_key(const char *path, struct toc_key **out, struct toc_err *err)
{
    struct toc_key *key = NULL;
    TOC_TRY(toc_key_new(&key, err));
    toc_rc rc = toc_key_save(key, path, err);
    toc_key_free(key);
    if (toc_failed(rc) && rc.code != TOC_E_EXISTS)
        return rc;
    return toc_key_load(path, out, err); // what stands in the file, whoever made it
}

static toc_rc make_tls_key(const struct paths *paths, struct toc_enrolment *e, struct toc_buf *csr,
        struct toc_err *err)
{
    toc_rc rc = toc_cert_key_new(paths->tls_key, err);
    if (toc_failed(rc) && rc.code != TOC_E_EXISTS)
        return rc;
    TOC_TRY(toc_cert_request(paths->tls_key, e->member, csr, err));
    return toc_cert_request_key(toc_buf_slice(csr), &e->spki, err);
}

static toc_rc write_request(const struct paths *paths, const struct toc_enrolment *e,
        const struct toc_key *key, struct toc_slice csr, struct toc_err *err)
{
    struct toc_buf TOC_CLEANUP(toc_buf_done) message, TOC_CLEANUP(toc_buf_done) tls,
            TOC_CLEANUP(toc_buf_done) text;
    uint8_t signature[TOC_SIGNATURE_BYTES];
    struct toc_jw w;
    put_signed(e, &message);
    toc_buf_init(&tls, SIGNATURE_BYTES_MAX);
    toc_buf_init(&text, REQUEST_BYTES_MAX);
    TOC_TRY(toc_buf_check(&message, "enrolment", err));
    TOC_TRY(toc_key_sign(key, toc_buf_slice(&message), signature, err));
    TOC_TRY(toc_cert_sign(paths->tls_key, toc_buf_slice(&message), &tls, err));
    toc_jw_init(&w, &text);
    toc_jw_open(&w, '{');
    toc_jw_key(&w, "format");
    toc_jw_text(&w, TOC_S(FORMAT));
    toc_jw_key(&w, "member");
    toc_jw_text(&w, toc_slice_of(e->member));
    toc_jw_key(&w, "signing_key");
    toc_jw_hex(&w, e->signing_key, sizeof e->signing_key);
    toc_jw_key(&w, "tls_request");
    toc_jw_text(&w, csr);
    toc_jw_key(&w, "signed_by_signing_key");
    toc_jw_hex(&w, signature, sizeof signature);
    toc_jw_key(&w, "signed_by_tls_key");
    toc_jw_hex(&w, tls.ptr, tls.len);
    toc_jw_close(&w, '}');
    toc_buf_put_byte(&text, '\n');
    TOC_TRY(toc_buf_check(&text, "enrolment", err));
    return toc_file_replace(paths->request, 0644, toc_buf_slice(&text), err);
}

// The reference of all keys, with this member's id in it.
static toc_rc write_config(const char *path, const char *member, struct toc_err *err)
{
    struct toc_buf TOC_CLEANUP(toc_buf_done) page, TOC_CLEANUP(toc_buf_done) text;
    toc_buf_init(&page, TOC_CONFIG_BYTES_MAX);
    toc_buf_init(&text, TOC_CONFIG_BYTES_MAX);
    toc_conf_print(toc_member_rows, &page);
    struct toc_slice rest = toc_buf_slice(&page);
    while (rest.len > 0) {
        size_t end = toc_slice_find(rest, '\n');
        struct toc_slice line = toc_slice_sub(rest, 0, end);
        if (toc_slice_starts(line, TOC_S("member = ")))
            toc_buf_printf(&text, "member = \"%s\";\n", member);
        else
            toc_buf_printf(&text, "%.*s\n", TOC_SLICE_ARG(line));
        rest = toc_slice_sub(rest, end + 1, rest.len);
    }
    TOC_TRY(toc_buf_check(&text, "configuration", err));
    toc_rc rc = toc_file_create(path, 0600, toc_buf_slice(&text), err);
    return rc.code == TOC_E_EXISTS ? TOC_OK : rc;
}

static toc_rc make(const struct paths *paths, struct toc_enrolment *e, struct toc_err *err)
{
    struct toc_key *key = NULL;
    struct toc_buf TOC_CLEANUP(toc_buf_done) csr;
    toc_buf_init(&csr, REQUEST_BYTES_MAX);
    TOC_TRY(make_tls_key(paths, e, &csr, err));
    TOC_TRY(make_signing_key(paths->signing_key, &key, err));
    memcpy(e->signing_key, toc_key_public(key), sizeof e->signing_key);
    toc_rc rc = write_request(paths, e, key, toc_buf_slice(&csr), err);
    toc_key_free(key);
    return toc_failed(rc) ? rc : write_config(paths->config, e->member, err);
}

toc_rc toc_enrol_make(
        const char *member, const char *dir, struct toc_enrolment *out, struct toc_err *err)
{
    struct toc_enrolment e = {0};
    struct paths paths;
    toc_buf_init(&e.spki, REQUEST_BYTES_MAX);
    TOC_TRY(set_member(&e, toc_slice_of(member), err));
    TOC_TRY(join_paths(dir, &paths, err));
    TOC_TRY(toc_dir_make(dir, 0700, err));
    toc_rc rc = make(&paths, &e, err);
    if (toc_failed(rc))
        toc_enrolment_done(&e);
    else
        *out = e;
    return rc;
}

// ---- reading one

static toc_rc check_signatures(
        const struct toc_enrolment *e, const json_t *object, struct toc_err *err)
{
    struct toc_buf TOC_CLEANUP(toc_buf_done) message;
    uint8_t signature[TOC_SIGNATURE_BYTES], tls[SIGNATURE_BYTES_MAX];
    struct toc_slice tls_hex = toc_json_text(object, "signed_by_tls_key");
    struct toc_verifier *verifier = NULL;
    put_signed(e, &message);
    TOC_TRY(toc_buf_check(&message, "enrolment", err));
    TOC_ENSURE(toc_parse_hex(toc_json_text(object, "signed_by_signing_key"), signature,
                       sizeof signature) &&
                       tls_hex.len % 2 == 0 && tls_hex.len / 2 <= sizeof tls &&
                       toc_parse_hex(tls_hex, tls, tls_hex.len / 2),
            err, TOC_E_SYNTAX, "a signature is missing or no hex");
    TOC_TRY(toc_verifier_new(e->signing_key, &verifier, err));
    toc_rc rc = toc_verify(verifier, toc_buf_slice(&message), signature, err);
    toc_verifier_free(verifier);
    if (toc_failed(rc))
        return toc_err_context(rc, err, "signing key");
    return toc_err_context(toc_cert_verify(toc_buf_slice(&e->spki), toc_buf_slice(&message),
                                   (struct toc_slice){tls, tls_hex.len / 2}, err),
            err, "TLS key");
}

static toc_rc read_object(const json_t *object, struct toc_enrolment *e, struct toc_err *err)
{
    TOC_ENSURE(toc_slice_is(toc_json_text(object, "format"), FORMAT), err, TOC_E_SCHEMA,
            "not an enrolment request (%s)", FORMAT);
    TOC_TRY(set_member(e, toc_json_text(object, "member"), err));
    TOC_ENSURE(toc_parse_hex(
                       toc_json_text(object, "signing_key"), e->signing_key, sizeof e->signing_key),
            err, TOC_E_SYNTAX, "signing_key is not 64 hex digits");
    TOC_TRY(toc_cert_request_key(toc_json_text(object, "tls_request"), &e->spki, err));
    return check_signatures(e, object, err);
}

toc_rc toc_enrol_read(const char *path, struct toc_enrolment *out, struct toc_err *err)
{
    struct toc_buf TOC_CLEANUP(toc_buf_done) text;
    json_t TOC_CLEANUP(toc_json_drop) *object = NULL;
    struct toc_enrolment e = {0};
    toc_buf_init(&text, REQUEST_BYTES_MAX);
    toc_buf_init(&e.spki, REQUEST_BYTES_MAX);
    TOC_TRY(toc_file_read(path, &text, err));
    toc_rc rc = toc_json_parse(toc_buf_slice(&text), &object, err);
    if (!toc_failed(rc))
        rc = read_object(object, &e, err);
    if (toc_failed(rc)) {
        toc_enrolment_done(&e);
        return toc_err_context(rc, err, "%s", path);
    }
    *out = e;
    return TOC_OK;
}
