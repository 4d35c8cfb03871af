#include "tests/support/unit.h"

#include <stdio.h>

#include "lib/base/cert.h"
#include "lib/base/file.h"
#include "lib/bus/admin.h"

// What a handle says of the certificate it was given; nothing is connected to.

static int told;

static void count_warnings(void *ctx, enum toc_log_level level, const char *text)
{
    (void)ctx;
    // Kafka's own threads come here too, with other words.
    if (level == TOC_LOG_WARN && strstr(text, "expires on") != NULL && strstr(text, "ask the operator") != NULL)
        told++;
}

struct pki {
    char dir[TOC_PATH_BYTES_MAX];
    char ca[TOC_PATH_BYTES_MAX + 16], ca_key[TOC_PATH_BYTES_MAX + 16];
    char crt[TOC_PATH_BYTES_MAX + 16], key[TOC_PATH_BYTES_MAX + 16];
};

static void make(struct pki *p, const char *authority, int64_t days)
{
    struct toc_err err = {0};
    struct toc_buf request, spki, pem;
    unit_temp_dir(p->dir);
    snprintf(p->ca, sizeof p->ca, "%s/ca.pem", p->dir);
    snprintf(p->ca_key, sizeof p->ca_key, "%s/ca.key", p->dir);
    snprintf(p->crt, sizeof p->crt, "%s/me.crt", p->dir);
    snprintf(p->key, sizeof p->key, "%s/me.key", p->dir);
    toc_buf_init(&request, 16384);
    toc_buf_init(&spki, 4096);
    toc_buf_init(&pem, 65536);
    assert_ok(toc_cert_key_new(p->ca_key, &err), err);
    assert_ok(toc_cert_ca_new(authority, 400, p->ca_key, p->ca, &err), err);
    assert_ok(toc_cert_key_new(p->key, &err), err);
    assert_ok(toc_cert_request(p->key, "me", &request, &err), err);
    assert_ok(toc_cert_request_key(toc_buf_slice(&request), &spki, &err), err);
    assert_ok(toc_cert_issue(p->ca_key, p->ca, toc_buf_slice(&spki), "me", TOC_CERT_CLIENT, NULL, days, &pem, &err), err);
    assert_ok(toc_file_create(p->crt, 0644, toc_buf_slice(&pem), &err), err);
    toc_buf_done(&request);
    toc_buf_done(&spki);
    toc_buf_done(&pem);
}

// How many warnings so many handles give.
static int warnings(const struct pki *p, int handles)
{
    const struct toc_bus_conf conf = {.brokers = "127.0.0.1:1", .ca = p->ca, .certificate = p->crt, .key = p->key,
            .client_id = "test", .prefix = "t."};
    told = 0;
    for (int i = 0; i < handles; i++) {
        struct toc_admin *admin;
        struct toc_err err = {0};
        assert_ok(toc_admin_open(&conf, (struct toc_bus_log){.line = count_warnings}, 1000, &admin, &err), err);
        toc_admin_close(admin);
    }
    return told;
}

static void a_certificate_that_ends_soon_is_told_once(void **state)
{
    (void)state;
    static const struct {
        const char *authority;
        int64_t days;
        int told;
    } rows[] = {
            {"Tocsin hub authority", 10, 1},
            {"Tocsin hub authority", 20, 0},
            {TOC_CERT_QUICKSTART " Tocsin hub authority", 7, 0}, // all it ever has: no reason for alarm
            {TOC_CERT_QUICKSTART " Tocsin hub authority", 1, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pki p;
        make(&p, rows[i].authority, rows[i].days);
        assert_int_equal(warnings(&p, 5), rows[i].told);
        unit_remove_dir(p.dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_certificate_that_ends_soon_is_told_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
