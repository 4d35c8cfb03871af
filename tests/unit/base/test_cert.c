// What we issue is read back by the openssl command, so that our reading of X.509 is not its only
// judge; hostile requests are made by it too.
#include "tests/support/unit.h"

#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

#include "lib/base/cert.h"
#include "lib/base/time.h"

static char dir[TOC_PATH_BYTES_MAX];
static struct toc_buf output; // of the last command

// Runs a command (in the folder of the test); its output (both streams) lands in `output`.
static TOC_PRINTF(1, 2) int run(const char *fmt, ...)
{
    char command[1024] = "{ ";
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(command + 2, sizeof command - 16, fmt, ap);
    va_end(ap);
    assert_in_range(n, 1, sizeof command - 17);
    memcpy(command + 2 + n, "; } 2>&1", sizeof "; } 2>&1");
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    toc_buf_clear(&output);
    for (int c; (c = getc(pipe)) != EOF;)
        toc_buf_put_byte(&output, (uint8_t)c);
    return pclose(pipe);
}

static void assert_output(const char *part)
{
    assert_shows(toc_buf_cstr(&output), part);
}

static void assert_output_without(const char *part)
{
    if (strstr(toc_buf_cstr(&output), part) != NULL)
        fail_msg("output holds %s", part);
}

static void spki_of(const char *request, struct toc_buf *out)
{
    struct toc_err err = {0};
    struct toc_buf pem = unit_read(request);
    toc_buf_init(out, 1024);
    assert_ok(toc_cert_request_key(toc_buf_slice(&pem), out, &err), err);
    toc_buf_done(&pem);
}

static void save(const char *name, const struct toc_buf *pem)
{
    struct toc_err err = {0};
    assert_ok(toc_file_replace(name, 0644, toc_buf_slice(pem), &err), err);
}

// Makes a request of our own under `name`.csr with its key in `name`.key.
static void make_request(const char *name)
{
    struct toc_err err = {0};
    char key[64], request[64];
    struct toc_buf pem;
    snprintf(key, sizeof key, "%s.key", name);
    snprintf(request, sizeof request, "%s.csr", name);
    toc_buf_init(&pem, 4096);
    assert_ok(toc_cert_key_new(key, &err), err);
    assert_ok(toc_cert_request(key, name, &pem, &err), err);
    save(request, &pem);
    toc_buf_done(&pem);
}

static void issue(const char *request, const char *name, enum toc_cert_use use,
        const char *const *hosts, const char *out_name)
{
    struct toc_err err = {0};
    struct toc_buf spki, pem;
    spki_of(request, &spki);
    toc_buf_init(&pem, 8192);
    assert_ok(toc_cert_issue(
                      "ca.key", "ca.pem", toc_buf_slice(&spki), name, use, hosts, 365, &pem, &err),
            err);
    save(out_name, &pem);
    toc_buf_done(&pem);
    toc_buf_done(&spki);
}

static int set_up(void **state)
{
    (void)state;
    struct toc_err err = {0};
    unit_temp_dir(dir);
    assert_int_equal(chdir(dir), 0); // all file names below are in it
    toc_buf_init(&output, 1 << 20);
    assert_ok(toc_cert_key_new("ca.key", &err), err);
    assert_ok(toc_cert_ca_new("Tocsin member authority", 400, "ca.key", "ca.pem", &err), err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    toc_buf_done(&output);
    assert_int_equal(chdir("/"), 0);
    unit_remove_dir(dir);
    return 0;
}

static void authority(void **state)
{
    (void)state;
    assert_int_equal(run("openssl x509 -in ca.pem -noout -nameopt RFC2253 -text"), 0);
    assert_output("CA:TRUE, pathlen:0");
    assert_output("Certificate Sign, CRL Sign");
    assert_output("Subject: CN=Tocsin member authority");
    assert_output("Issuer: CN=Tocsin member authority");
    assert_output("prime256v1");
    assert_int_equal(run("openssl verify -CAfile ca.pem ca.pem"), 0);
    assert_int_equal(run("stat -c %%a ca.key ca.pem"), 0);
    assert_output("600\n644\n");
}

static void nothing_is_overwritten(void **state)
{
    (void)state;
    struct toc_err err = {0};
    assert_code(toc_cert_key_new("ca.key", &err), TOC_E_EXISTS, err);
    assert_code(toc_cert_ca_new("x", 1, "ca.key", "ca.pem", &err), TOC_E_EXISTS, err);
    assert_int_equal(run("openssl x509 -in ca.pem -noout -nameopt RFC2253 -subject"), 0);
    assert_output("Tocsin member authority");
}

static void client_certificate(void **state)
{
    (void)state;
    make_request("clinic-1");
    assert_int_equal(run("openssl req -in clinic-1.csr -verify -noout -nameopt RFC2253 -subject"), 0);
    assert_output("CN=clinic-1");
    issue("clinic-1.csr", "clinic-1", TOC_CERT_CLIENT, NULL, "clinic-1.pem");
    assert_int_equal(
            run("openssl verify -x509_strict -purpose sslclient -CAfile ca.pem clinic-1.pem"), 0);
    assert_int_not_equal(run("openssl verify -purpose sslserver -CAfile ca.pem clinic-1.pem"), 0);
    assert_int_equal(run("openssl x509 -in clinic-1.pem -noout -nameopt RFC2253 -text"), 0);
    assert_output("Subject: CN=clinic-1\n");
    assert_output("CA:FALSE");
    assert_output("Digital Signature\n");
    assert_output("TLS Web Client Authentication\n");
    assert_output_without("Subject Alternative Name");
    // The key in the certificate is that of the request.
    assert_int_equal(run("openssl pkey -in clinic-1.key -pubout > a && "
                         "openssl x509 -in clinic-1.pem -noout -nameopt RFC2253 -pubkey > b && cmp a b"),
            0);
}

static void server_certificate(void **state)
{
    (void)state;
    static const char *const hosts[] = {"broker-1.example", "127.0.0.1", "::1", NULL};
    make_request("broker-1");
    issue("broker-1.csr", "broker-1", TOC_CERT_SERVER, hosts, "broker-1.pem");
    static const char *const checks[] = {"-verify_ip 127.0.0.1", "-verify_ip ::1",
            "-verify_hostname broker-1.example", "-purpose sslclient"};
    UNIT_EACH(const char *const, check, checks)
    {
        assert_int_equal(
                run("openssl verify -x509_strict -CAfile ca.pem %s broker-1.pem", *check), 0);
    }
    assert_int_not_equal(run("openssl verify -CAfile ca.pem -verify_ip 127.0.0.2 broker-1.pem"), 0);
}

// Each of these asks for more than a key: none of it may reach the certificate.
static void hostile_requests(void **state)
{
    (void)state;
    static const char *const extras[] = {
            "-subj /CN=admin",
            "-subj /CN=hub/O=tocsin/OU=operators",
            "-subj /CN=clinic-9 -addext basicConstraints=critical,CA:TRUE",
            "-subj /CN=clinic-9 -addext keyUsage=critical,keyCertSign,cRLSign",
            "-subj /CN=clinic-9 -addext subjectAltName=DNS:hub,URI:urn:x,email:a@b.example",
            "-subj /CN=clinic-9 -addext extendedKeyUsage=serverAuth,codeSigning",
            "-subj /CN=clinic-9/CN=admin",
    };
    UNIT_EACH(const char *const, extra, extras)
    {
        assert_int_equal(run("rm -f evil.key evil.csr; openssl req -new -nodes -newkey ec "
                             "-pkeyopt ec_paramgen_curve:P-256 -keyout evil.key -out evil.csr %s",
                                 *extra),
                0);
        issue("evil.csr", "clinic-9", TOC_CERT_CLIENT, NULL, "evil.pem");
        assert_int_equal(run("openssl x509 -in evil.pem -noout -nameopt RFC2253 -text"), 0);
        assert_output("Subject: CN=clinic-9\n");
        assert_output("CA:FALSE");
        static const char *const never[] = {"admin", "hub", "operators", "CA:TRUE",
                "Certificate Sign", "Alternative Name", "Server Authentication", "Code Signing",
                "a@b"};
        UNIT_EACH(const char *const, word, never)
        {
            assert_output_without(*word);
        }
    }
}

static void bad_requests(void **state)
{
    (void)state;
    static const struct row {
        const char *command; // leaves bad.csr
        enum toc_code want;
    } rows[] = {
            {"openssl req -new -nodes -newkey rsa:2048 -keyout x -out bad.csr -subj /CN=a",
                    TOC_E_AUTH},
            {"openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-384 -keyout x "
             "-out bad.csr -subj /CN=a",
                    TOC_E_AUTH},
            {"openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
             "-pkeyopt ec_param_enc:explicit -keyout x -out bad.csr -subj /CN=a",
                    TOC_E_AUTH},
            {"openssl req -new -nodes -newkey ed25519 -keyout x -out bad.csr -subj /CN=a",
                    TOC_E_AUTH},
            {"cp ca.pem bad.csr", TOC_E_SYNTAX}, // a certificate is no request
            {": > bad.csr", TOC_E_SYNTAX},
            {"echo hello > bad.csr", TOC_E_SYNTAX},
            {"head -c 20000 /dev/zero > bad.csr", TOC_E_LENGTH},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        struct toc_err err = {0};
        struct toc_buf spki;
        assert_int_equal(run("%s", row->command), 0);
        struct toc_buf pem = unit_read("bad.csr");
        toc_buf_init(&spki, 1024);
        assert_code(toc_cert_request_key(toc_buf_slice(&pem), &spki, &err), row->want, err);
        assert_int_equal(spki.len, 0);
        toc_buf_done(&spki);
        toc_buf_done(&pem);
    }
}

// The last byte of the signature changed: nobody proves to hold the key.
static void request_of_a_borrowed_key(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_buf spki;
    make_request("borrowed");
    assert_int_equal(
            run("openssl req -in borrowed.csr -outform DER -out d && "
                "n=$(stat -c %%s d) && last=$(tail -c 1 d | od -An -tu1) && "
                "head -c $((n-1)) d > e && printf \"\\\\$(printf %%o $((last ^ 1)))\" >> e && "
                "openssl req -inform DER -in e -out broken.csr"),
            0);
    struct toc_buf pem = unit_read("broken.csr");
    toc_buf_init(&spki, 1024);
    assert_code(toc_cert_request_key(toc_buf_slice(&pem), &spki, &err), TOC_E_AUTH, err);
    assert_shows(err.text, "not signed by its own key");
    toc_buf_done(&spki);
    toc_buf_done(&pem);
}

static void refusals_of_the_issuer(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_buf spki, pem;
    make_request("member-x");
    spki_of("member-x.csr", &spki);
    struct toc_slice good = toc_buf_slice(&spki);
    toc_buf_init(&pem, 8192);
    assert_ok(toc_cert_key_new("other.key", &err), err);
    issue("member-x.csr", "member-x", TOC_CERT_CLIENT, NULL, "member-x.pem");
    assert_int_equal(run("cp ca.key loose.key && chmod 640 loose.key"), 0);

    static const char *const bad_host[] = {"a,b", NULL}, *const empty_host[] = {"", NULL};
    uint8_t longer[128] = {0};
    memcpy(longer, good.ptr, good.len);
    const struct row {
        const char *key, *cert;
        struct toc_slice spki;
        const char *name;
        const char *const *hosts;
        int64_t days;
        enum toc_code want;
    } rows[] = {
            {"other.key", "ca.pem", good, "a", NULL, 1, TOC_E_AUTH}, // not its key
            {"loose.key", "ca.pem", good, "a", NULL, 1, TOC_E_AUTH}, // others may read it
            {"member-x.key", "member-x.pem", good, "a", NULL, 1,
                    TOC_E_AUTH}, // a member is no authority
            {"none.key", "ca.pem", good, "a", NULL, 1, TOC_E_NOTFOUND},
            {"ca.key", "ca.key", good, "a", NULL, 1, TOC_E_SYNTAX}, // no certificate
            {"ca.key", "ca.pem", {NULL, 0}, "a", NULL, 1, TOC_E_AUTH},
            {"ca.key", "ca.pem", {good.ptr, good.len - 1}, "a", NULL, 1, TOC_E_AUTH},
            {"ca.key", "ca.pem", {longer, good.len + 1}, "a", NULL, 1, TOC_E_AUTH},
            {"ca.key", "ca.pem", good, "", NULL, 1, TOC_E_LENGTH},
            {"ca.key", "ca.pem", good,
                    "a234567890123456789012345678901234567890123456789012345678901234x", NULL, 1,
                    TOC_E_LENGTH},
            {"ca.key", "ca.pem", good, "a,CN=admin", NULL, 1, TOC_E_USAGE},
            {"ca.key", "ca.pem", good, "a,b", NULL, 1, TOC_E_USAGE},
            {"ca.key", "ca.pem", good, "a+b", NULL, 1, TOC_E_USAGE},
            {"ca.key", "ca.pem", good, "a=b", NULL, 1, TOC_E_USAGE},
            {"ca.key", "ca.pem", good, "a\nb", NULL, 1, TOC_E_USAGE},
            {"ca.key", "ca.pem", good, " a", NULL, 1, TOC_E_USAGE},
            {"ca.key", "ca.pem", good, "a", bad_host, 1, TOC_E_USAGE},
            {"ca.key", "ca.pem", good, "a", empty_host, 1, TOC_E_USAGE},
            {"ca.key", "ca.pem", good, "a", NULL, 0, TOC_E_RANGE},
            {"ca.key", "ca.pem", good, "a", NULL, 36501, TOC_E_RANGE},
    };
    UNIT_EACH(const struct row, row, rows)
    {
        assert_code(toc_cert_issue(row->key, row->cert, row->spki, row->name, TOC_CERT_CLIENT,
                            row->hosts, row->days, &pem, &err),
                row->want, err);
        assert_int_equal(pem.len, 0);
    }
    // A point that is not on the curve: the last byte of the right one changed.
    uint8_t off_curve[128];
    memcpy(off_curve, good.ptr, good.len);
    off_curve[good.len - 1] ^= 1;
    assert_code(toc_cert_issue("ca.key", "ca.pem", toc_slice(off_curve, good.len), "a",
                        TOC_CERT_CLIENT, NULL, 1, &pem, &err),
            TOC_E_AUTH, err);
    toc_buf_done(&pem);
    toc_buf_done(&spki);
}

static void facts(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_cert_facts ca, member;
    make_request("lab-3");
    issue("lab-3.csr", "lab-3", TOC_CERT_CLIENT, NULL, "lab-3.pem");
    assert_ok(toc_cert_read("ca.pem", &ca, &err), err);
    assert_ok(toc_cert_read("lab-3.pem", &member, &err), err);
    assert_true(ca.is_ca);
    assert_false(member.is_ca);
    assert_string_equal(member.subject, "lab-3");
    assert_string_equal(member.issuer, "Tocsin member authority");
    int64_t days = (member.not_after_ms - toc_now_ms(NULL) + TOC_MS_MINUTE) / TOC_MS_DAY;
    assert_int_equal(days, 365);
    assert_code(toc_cert_read("lab-3.key", &member, &err), TOC_E_SYNTAX, err);
    assert_code(toc_cert_read("nothing", &member, &err), TOC_E_NOTFOUND, err);
}

static void a_certificate_ends_with_its_authority(void **state)
{
    (void)state;
    struct toc_err err = {0};
    struct toc_cert_facts ca, member;
    struct toc_buf spki, pem;
    make_request("late");
    spki_of("late.csr", &spki);
    toc_buf_init(&pem, 8192);
    assert_ok(toc_cert_key_new("short.key", &err), err);
    assert_ok(toc_cert_ca_new("QUICKSTART", 7, "short.key", "short.pem", &err), err);
    assert_ok(toc_cert_issue("short.key", "short.pem", toc_buf_slice(&spki), "late",
                      TOC_CERT_CLIENT, NULL, 30, &pem, &err),
            err);
    save("late.pem", &pem);
    assert_ok(toc_cert_read("short.pem", &ca, &err), err);
    assert_ok(toc_cert_read("late.pem", &member, &err), err);
    assert_int_equal(ca.not_after_ms, member.not_after_ms);
    toc_buf_done(&pem);
    toc_buf_done(&spki);
}

static void serials_differ(void **state)
{
    (void)state;
    make_request("twice");
    issue("twice.csr", "twice", TOC_CERT_CLIENT, NULL, "one.pem");
    issue("twice.csr", "twice", TOC_CERT_CLIENT, NULL, "two.pem");
    assert_int_equal(run("openssl x509 -in one.pem -noout -nameopt RFC2253 -serial > s1; "
                         "openssl x509 -in two.pem -noout -nameopt RFC2253 -serial > s2; ! cmp s1 s2 && "
                         "test $(wc -c < s1) -eq 40"), // "serial=", 32 digits, line end
            0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(authority),
            cmocka_unit_test(nothing_is_overwritten),
            cmocka_unit_test(client_certificate),
            cmocka_unit_test(server_certificate),
            cmocka_unit_test(hostile_requests),
            cmocka_unit_test(bad_requests),
            cmocka_unit_test(request_of_a_borrowed_key),
            cmocka_unit_test(refusals_of_the_issuer),
            cmocka_unit_test(facts),
            cmocka_unit_test(a_certificate_ends_with_its_authority),
            cmocka_unit_test(serials_differ),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
