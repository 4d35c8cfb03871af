#include "hub/ctl/welcome.h"

#include <string.h>

#include "lib/base/cert.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/text.h"

#define MEMBER_DAYS 397
#define QUICKSTART_DAYS 7

bool welcome_key_id(const char *text, uint8_t out[TOC_KEY_ID_BYTES])
{
    char hex[2 * TOC_KEY_ID_BYTES];
    size_t n = 0;
    for (; *text != '\0'; text++) {
        if (strchr(" :-", *text) != NULL)
            continue;
        if (n == sizeof hex)
            return false;
        hex[n++] = *text >= 'A' && *text <= 'F' ? (char)(*text - 'A' + 'a') : *text;
    }
    return toc_parse_hex(toc_slice(hex, n), out, TOC_KEY_ID_BYTES);
}

toc_rc welcome_check(const uint8_t key[TOC_KEY_PUBLIC_BYTES], const char *said, struct toc_err *err)
{
    uint8_t id[TOC_KEY_ID_BYTES], wanted[TOC_KEY_ID_BYTES];
    char print[40];
    if (said == NULL)
        return TOC_OK;
    TOC_ENSURE(welcome_key_id(said, wanted), err, TOC_E_USAGE, "--fingerprint wants 8 groups of 4 hex digits");
    toc_key_id(key, id);
    toc_key_fingerprint(key, print);
    TOC_ENSURE(memcmp(id, wanted, sizeof id) == 0, err, TOC_E_REFUSED,
            "the request's fingerprint is %s, another than was read out: nothing was decided", print);
    return TOC_OK;
}

toc_rc welcome_certify(struct ctl *ctl, const struct toc_enrolment *request, struct toc_buf *out_pem, struct toc_err *err)
{
    char key[TOC_PATH_BYTES_MAX], crt[TOC_PATH_BYTES_MAX];
    TOC_TRY(ctl_path(ctl, CTL_MEMBER_CA ".key", key, err));
    TOC_TRY(ctl_path(ctl, CTL_MEMBER_CA ".crt", crt, err));
    return toc_cert_issue(key, crt, toc_buf_slice(&request->spki), request->member, TOC_CERT_CLIENT, NULL,
            ctl->conf.quickstart ? QUICKSTART_DAYS : MEMBER_DAYS, out_pem, err);
}

static toc_rc copy_file(struct ctl *ctl, const char *name, const char *dir, const char *as, struct toc_err *err)
{
    char from[TOC_PATH_BYTES_MAX], to[TOC_PATH_BYTES_MAX];
    struct toc_buf bytes;
    TOC_TRY(ctl_path(ctl, name, from, err));
    TOC_TRY(toc_path_join(to, dir, as, err));
    toc_buf_init(&bytes, 1 << 20);
    toc_rc rc = toc_file_read(from, &bytes, err);
    if (!toc_failed(rc))
        rc = toc_file_replace(to, 0644, toc_buf_slice(&bytes), err);
    toc_buf_done(&bytes);
    return rc;
}

toc_rc welcome_write(struct ctl *ctl, const char *dir, const struct toc_enrolment *request,
        const struct toc_genesis_file *genesis, struct toc_slice certificate, struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    uint8_t digest[TOC_SHA256_BYTES];
    struct toc_buf text;
    TOC_TRY(toc_dir_make(dir, 0755, err));
    TOC_TRY(toc_path_join(path, dir, "tls.crt", err));
    TOC_TRY(toc_file_replace(path, 0644, certificate, err));
    TOC_TRY(copy_file(ctl, CTL_HUB_CA ".crt", dir, "ca.pem", err));
    TOC_TRY(copy_file(ctl, CTL_GENESIS, dir, CTL_GENESIS, err));
    TOC_TRY(toc_path_join(path, dir, "deployment.conf", err));
    toc_sha256(genesis->value.ptr, genesis->value.len, digest);
    toc_buf_init(&text, 4096);
    toc_buf_printf(&text, "# For member.conf of %s:\ngenesis = \"genesis.toc\";\ngenesis_digest = \"", request->member);
    toc_buf_put_hex(&text, digest, sizeof digest);
    toc_buf_printf(&text, "\";\nkafka = {\n  brokers = \"%s\";\n  ca = \"ca.pem\";\n  certificate = \"tls.crt\";\n"
            "  key = \"tls.key\";\n  prefix = \"%s\";\n};\n", ctl->conf.member_brokers, ctl->conf.kafka.prefix);
    toc_rc rc = toc_file_replace(path, 0644, toc_buf_slice(&text), err);
    toc_buf_done(&text);
    return rc;
}
