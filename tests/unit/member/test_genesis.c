#include "tests/support/unit.h"

#include "lib/base/digest.h"
#include "lib/indicator/segment.h"
#include "lib/member/genesis.h"

struct making {
    struct toc_genesis genesis;
    int64_t sequence;
    uint8_t signed_for[16];
    uint8_t signer; // seed of the key that signs
    bool no_genesis;
};

static struct toc_key *key_of(uint8_t seed_byte)
{
    uint8_t seed[32] = {seed_byte};
    struct toc_key *key = NULL;
    struct toc_err err = {0};
    assert_ok(toc_key_of_seed(seed, &key, &err), err);
    return key;
}

// Writes the file and gives its digest.
static void make(const struct making *m, const char *path, char digest[65])
{
    struct toc_control control;
    struct toc_buf payload, value;
    struct toc_err err = {0};
    uint8_t sum[32], root[1][32];
    struct toc_key *root_key = key_of(1), *signer = key_of(m->signer);
    struct toc_genesis genesis = m->genesis;
    memcpy(root[0], toc_key_public(root_key), 32);
    genesis.root_keys = root;
    genesis.root_keys_count = 1;
    toc_control_init(&control);
    control.sequence = m->sequence;
    control.genesis = m->no_genesis ? NULL : &genesis;
    toc_buf_init(&payload, 65536);
    toc_buf_init(&value, TOC_SEGMENT_VALUE_BYTES_MAX);
    toc_control_put(&control, &payload);
    assert_ok(
            toc_segment_seal(m->signed_for, signer, toc_buf_slice(&payload), 0, NULL, &value, &err),
            err);
    assert_ok(toc_file_replace(path, 0644, toc_buf_slice(&value), &err), err);
    toc_sha256(value.ptr, value.len, sum);
    toc_hex(digest, sum, sizeof sum);
    toc_buf_done(&payload);
    toc_buf_done(&value);
    toc_key_free(root_key);
    toc_key_free(signer);
}

static struct making good(void)
{
    struct making m = {.sequence = 1, .signed_for = {4}, .signer = 1};
    toc_genesis_init(&m.genesis);
    m.genesis.deployment[0] = 4;
    m.genesis.name = TOC_S("trial");
    m.genesis.partitions = 6;
    return m;
}

static void test_genesis(void **state)
{
    (void)state;
    char dir[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX], digest[65];
    struct toc_genesis_file file;
    struct toc_err err = {0};
    struct making m = good();
    unit_temp_dir(dir);
    assert_ok(toc_path_join(path, dir, "genesis.toc", &err), err);
    make(&m, path, digest);
    assert_ok(toc_genesis_load(path, digest, &file, &err), err);
    assert_int_equal(file.facts.partitions, 6);
    assert_slice(file.facts.name, "trial");
    assert_int_equal(file.facts.deployment[0], 4);
    toc_genesis_done(&file);
    toc_genesis_done(&file);

    digest[0] = digest[0] == '0' ? '1' : '0';
    assert_code(toc_genesis_load(path, digest, &file, &err), TOC_E_AUTH, err);
    assert_code(toc_genesis_load(path, "12", &file, &err), TOC_E_USAGE, err);
    assert_code(toc_genesis_load("/nonexistent", digest, &file, &err), TOC_E_NOTFOUND, err);
    unit_remove_dir(dir);
}

// Each with a digest that fits: it is the content that is refused.
static void test_refused(void **state)
{
    (void)state;
    char dir[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX], digest[65];
    struct toc_genesis_file file;
    struct toc_err err = {0};
    unit_temp_dir(dir);
    assert_ok(toc_path_join(path, dir, "genesis.toc", &err), err);
    struct making m = good();
    m.signer = 2;
    make(&m, path, digest);
    assert_code(toc_genesis_load(path, digest, &file, &err), TOC_E_AUTH, err);
    m = good();
    m.signed_for[0] = 5;
    make(&m, path, digest);
    assert_code(toc_genesis_load(path, digest, &file, &err), TOC_E_AUTH, err);
    m = good();
    m.sequence = 2;
    make(&m, path, digest);
    assert_code(toc_genesis_load(path, digest, &file, &err), TOC_E_SCHEMA, err);
    m = good();
    m.no_genesis = true;
    make(&m, path, digest);
    assert_code(toc_genesis_load(path, digest, &file, &err), TOC_E_SCHEMA, err);
    m = good();
    m.genesis.partitions = 0;
    make(&m, path, digest);
    assert_code(toc_genesis_load(path, digest, &file, &err), TOC_E_RANGE, err);
    unit_remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_genesis),
            cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
