// The laws of canonical forms over real values and over random damage to them.
#include "tests/support/unit.h"

#include "lib/indicator/refang.h"
#include "tests/support/canon_laws.h"

#define REAL "tests/data/values/real.txt"
#define MUTATIONS 150000

static uint64_t random_state = 0x9e3779b97f4a7c15u; // fixed: a failure can be had again

static uint32_t random_below(uint32_t bound)
{
    random_state ^= random_state << 13; // xorshift64
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % bound;
}

static void obey(struct toc_slice raw)
{
    const char *broken = canon_laws(raw);
    if (broken != NULL)
        fail_msg("\"%.*s\": %s", TOC_SLICE_ARG(raw), broken);
}

static struct toc_slice next_line(struct toc_slice *text)
{
    size_t end = toc_slice_find(*text, '\n');
    struct toc_slice line = toc_slice_sub(*text, 0, end);
    *text = toc_slice_sub(*text, end + 1, SIZE_MAX);
    return line;
}

// As published and refanged. So many are taken that the laws are about something.
static void real_values_obey(void **state)
{
    (void)state;
    struct toc_buf file = unit_read(REAL), plain, out;
    struct toc_slice rest = toc_buf_slice(&file);
    size_t lines = 0, accepted = 0;
    toc_buf_init(&plain, TOC_RAW_BYTES_MAX);
    toc_buf_init(&out, TOC_RAW_BYTES_MAX);
    while (rest.len > 0) {
        struct toc_slice line = next_line(&rest);
        enum toc_kind kind;
        unsigned notes = 0;
        toc_buf_clear(&plain);
        toc_buf_clear(&out);
        toc_refang(line, &plain);
        obey(line);
        obey(toc_buf_slice(&plain));
        lines++;
        accepted += toc_canon_guess(toc_buf_slice(&plain), &kind, &out, &notes,
                            TOC_GUESS_ASSUME_SCHEME) == TOC_REFUSAL_NONE;
    }
    assert_true(lines > 5000);
    assert_true(accepted > lines * 8 / 10);
    toc_buf_done(&file);
    toc_buf_done(&plain);
    toc_buf_done(&out);
}

// What turns one kind into another, hides or ends something.
static const char *const splices[] = {".", "..", "/", "//", ":", "::", "@", "%", "%2", "%2e", "%41",
        "%%34", "?", "#", "[", "]", "[.]", "http://", "https:", "\\", "-", "_", "*", " ", "\t",
        "\xc3\xbc", "\xe3\x80\x82", "xn--", "0x", "00", ":80", ":0", "/32", "/0", "CVE-", "..",
        "/../", "/./", "\xef\xbc\x8e", "\xc2\xad", "\x7f", "\xff", "com", "A"};

static size_t mutate(uint8_t *bytes, size_t len, size_t room)
{
    for (uint32_t edits = 1 + random_below(4); edits > 0; edits--) {
        size_t at = len == 0 ? 0 : random_below((uint32_t)len);
        const char *piece = splices[random_below(sizeof splices / sizeof *splices)];
        size_t size = strlen(piece);
        switch (random_below(4)) {
        case 0: // put something in
            if (len + size <= room) {
                memmove(bytes + at + size, bytes + at, len - at);
                memcpy(bytes + at, piece, size);
                len += size;
            }
            break;
        case 1: // take one away
            if (len > 0) {
                memmove(bytes + at, bytes + at + 1, len - at - 1);
                len--;
            }
            break;
        case 2: // another byte
            if (len > 0)
                bytes[at] = (uint8_t)random_below(256);
            break;
        default: // other case
            if (len > 0)
                bytes[at] ^= 0x20;
            break;
        }
    }
    return len;
}

static void damaged_values_obey(void **state)
{
    (void)state;
    struct toc_buf file = unit_read(REAL);
    struct toc_slice rest = {NULL, 0};
    uint8_t bytes[4096];
    for (size_t i = 0; i < MUTATIONS; i++) {
        if (rest.len == 0)
            rest = toc_buf_slice(&file);
        struct toc_slice line = next_line(&rest);
        size_t len = line.len > sizeof bytes / 2 ? sizeof bytes / 2 : line.len;
        memcpy(bytes, line.ptr, len);
        obey(toc_slice(bytes, mutate(bytes, len, sizeof bytes)));
    }
    toc_buf_done(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(real_values_obey),
            cmocka_unit_test(damaged_values_obey),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
