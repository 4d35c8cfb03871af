#include "tests/support/unit.h"

#include <jansson.h>

#include "lib/base/cert.h"
#include "lib/member/conf.h"
#include "lib/member/enrol.h"

struct place {
    char dir[TOC_PATH_BYTES_MAX], made[TOC_PATH_BYTES_MAX], request[TOC_PATH_BYTES_MAX];
};

static void place_open(struct place *p)
{
    struct toc_err err = {0};
    unit_temp_dir(p->dir);
    assert_ok(toc_path_join(p->made, p->dir, "m", &err), err);
    assert_ok(toc_path_join(p->request, p->made, TOC_ENROL_REQUEST, &err), err);
}

static void enrol(const struct place *p, const char *member, struct toc_enrolment *out)
{
    struct toc_err err = {0};
    assert_ok(toc_enrol_make(member, p->made, out, &err), err);
}

static mode_t mode_of(const struct place *p, const char *name)
{
    char path[TOC_PATH_BYTES_MAX];
    struct stat st;
    struct toc_err err = {0};
    assert_ok(toc_path_join(path, p->made, name, &err), err);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void test_make(void **state)
{
    (void)state;
    struct place p;
    struct toc_enrolment made, read, again;
    struct toc_err err = {0};
    place_open(&p);
    enrol(&p, "st-mary", &made);
    assert_int_equal(mode_of(&p, TOC_ENROL_SIGNING_KEY), 0600);
    assert_int_equal(mode_of(&p, TOC_ENROL_TLS_KEY), 0600);
    assert_int_equal(mode_of(&p, "."), 0700);
    assert_ok(toc_enrol_read(p.request, &read, &err), err);
    assert_string_equal(read.member, "st-mary");
    assert_memory_equal(read.signing_key, made.signing_key, sizeof made.signing_key);
    assert_slices_equal(toc_buf_slice(&read.spki), toc_buf_slice(&made.spki));
    // Once more: the same keys, so the same fingerprint.
    enrol(&p, "st-mary", &again);
    assert_memory_equal(again.signing_key, made.signing_key, sizeof made.signing_key);
    assert_slices_equal(toc_buf_slice(&again.spki), toc_buf_slice(&made.spki));
    // The configuration beside them is this member's, and loads.
    char path[TOC_PATH_BYTES_MAX];
    struct toc_member_conf conf;
    struct toc_conf *owner = NULL;
    assert_ok(toc_path_join(path, p.made, TOC_ENROL_CONFIG, &err), err);
    assert_ok(toc_member_load(path, &conf, &owner, &err), err);
    assert_string_equal(conf.member, "st-mary");
    toc_conf_free(owner);
    toc_enrolment_done(&made);
    toc_enrolment_done(&read);
    toc_enrolment_done(&again);
    unit_remove_dir(p.dir);
}

static void test_name(void **state)
{
    (void)state;
    struct toc_enrolment made;
    struct toc_err err = {0};
    assert_code(toc_enrol_make("CN=admin", "/nonexistent", &made, &err), TOC_E_USAGE, err);
    assert_code(toc_enrol_make("", "/nonexistent", &made, &err), TOC_E_USAGE, err);
}

// Replaces one member of a request and reads it.
static enum toc_code read_with(const struct place *p, const char *name, const char *value)
{
    json_error_t why;
    struct toc_enrolment read;
    struct toc_err err = {0};
    char path[TOC_PATH_BYTES_MAX];
    json_t *request = json_load_file(p->request, 0, &why);
    assert_non_null(request);
    if (value == NULL)
        json_object_del(request, name);
    else
        json_object_set_new(request, name, json_string(value));
    assert_ok(toc_path_join(path, p->dir, "changed.json", &err), err);
    assert_int_equal(json_dump_file(request, path, 0), 0);
    json_decref(request);
    toc_rc rc = toc_enrol_read(path, &read, &err);
    if (!toc_failed(rc))
        toc_enrolment_done(&read);
    return rc.code;
}

static char *text_of(const char *path, const char *name)
{
    json_error_t why;
    json_t *request = json_load_file(path, 0, &why);
    char *text = strdup(json_string_value(json_object_get(request, name)));
    json_decref(request);
    return text;
}

// Every part is bound to the others by both signatures.
static void test_altered(void **state)
{
    (void)state;
    struct place p, q;
    struct toc_enrolment mine, theirs;
    static const char *const parts[] = {
            "signing_key", "tls_request", "signed_by_signing_key", "signed_by_tls_key"};
    place_open(&p);
    place_open(&q);
    enrol(&p, "st-mary", &mine);
    enrol(&q, "st-mary", &theirs);
    assert_int_equal(read_with(&p, "member", "st-mary"), TOC_E_OK);
    assert_int_equal(read_with(&p, "member", "st-marx"), TOC_E_AUTH);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *other = text_of(q.request, parts[i]);
        assert_int_equal(read_with(&p, parts[i], other), TOC_E_AUTH);
        assert_true(read_with(&p, parts[i], NULL) != TOC_E_OK);
        assert_true(read_with(&p, parts[i], "00") != TOC_E_OK);
        free(other);
    }
    assert_int_equal(read_with(&p, "format", "tocsin-enrolment-v2"), TOC_E_SCHEMA);
    toc_enrolment_done(&mine);
    toc_enrolment_done(&theirs);
    unit_remove_dir(p.dir);
    unit_remove_dir(q.dir);
}

// Somebody else's TLS key under this member's signing key: its holder signs all he can, but not with
// the signing key.
static void test_foreign_tls_key(void **state)
{
    (void)state;
    struct place p, q;
    struct toc_enrolment mine, theirs, read;
    struct toc_buf message, signature, hex;
    struct toc_err err = {0};
    json_error_t why;
    char path[TOC_PATH_BYTES_MAX];
    place_open(&p);
    place_open(&q);
    enrol(&p, "st-mary", &mine);
    enrol(&q, "st-mary", &theirs);
    toc_buf_init(&message, 4096);
    toc_buf_init(&signature, 256);
    toc_buf_init(&hex, 1024);
    toc_buf_put(&message, "tocsin-enrolment-v1\0st-mary", 28);
    toc_buf_put(&message, mine.signing_key, sizeof mine.signing_key);
    toc_buf_put_slice(&message, toc_buf_slice(&theirs.spki));
    assert_ok(toc_path_join(path, q.made, TOC_ENROL_TLS_KEY, &err), err);
    assert_ok(toc_cert_sign(path, toc_buf_slice(&message), &signature, &err), err);
    toc_buf_put_hex(&hex, signature.ptr, signature.len);
    json_t *request = json_load_file(p.request, 0, &why);
    char *csr = text_of(q.request, "tls_request");
    json_object_set_new(request, "tls_request", json_string(csr));
    json_object_set_new(request, "signed_by_tls_key", json_string(toc_buf_cstr(&hex)));
    assert_ok(toc_path_join(path, p.dir, "changed.json", &err), err);
    assert_int_equal(json_dump_file(request, path, 0), 0);
    assert_code(toc_enrol_read(path, &read, &err), TOC_E_AUTH, err);
    assert_shows(err.text, "signing key");
    json_decref(request);
    free(csr);
    toc_buf_done(&message);
    toc_buf_done(&signature);
    toc_buf_done(&hex);
    toc_enrolment_done(&mine);
    toc_enrolment_done(&theirs);
    unit_remove_dir(p.dir);
    unit_remove_dir(q.dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_make),
            cmocka_unit_test(test_name),
            cmocka_unit_test(test_altered),
            cmocka_unit_test(test_foreign_tls_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
