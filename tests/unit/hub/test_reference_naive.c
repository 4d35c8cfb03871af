// Random never-block sets against a naive reading of schemas/ADVICE.md, "Lists": every entry is looked at, one
// after the other.
#include "tests/unit/hub/reference_kit.h"

#include "lib/indicator/address.h"

#define ENTRIES 60
#define QUESTIONS 400

enum {
    EQUAL = 1,
    OVER = 2,
    UNDER = 4
};

struct row {
    enum toc_kind kind;
    char value[80];
    unsigned matches;
};

static uint64_t random_state;

static unsigned pick(unsigned below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((random_state >> 33) % below);
}

// From a small world, so that values lie in, over and beside each other.
static void random_value(struct row *row)
{
    static const char *const labels[] = {"a", "b", "c"}, *const names[] = {"one.com", "two.co.uk"};
    char raw[80];
    unsigned notes = 0;
    struct toc_buf value;
    size_t len = 0;
    if (pick(2) == 0) {
        row->kind = TOC_KIND_DOMAIN;
        for (unsigned n = pick(4); n > 0; n--)
            len += (size_t)snprintf(raw + len, sizeof raw - len, "%s.", labels[pick(3)]);
        snprintf(raw + len, sizeof raw - len, "%s", names[pick(2)]);
    } else if (pick(2) == 0) {
        unsigned bits = 6 + pick(27), host = 32 - bits;
        uint32_t address =
                0x2d000000u + (pick(4) << 24) + (pick(3) << 16) + (pick(3) << 8) + pick(4);
        address = host == 0 ? address : address >> host << host;
        row->kind = TOC_KIND_CIDR;
        snprintf(raw, sizeof raw, "%u.%u.%u.%u/%u", address >> 24, address >> 16 & 255,
                address >> 8 & 255, address & 255, bits);
    } else {
        static const unsigned bits[] = {16, 32, 48, 64, 128};
        unsigned at = pick(5);
        row->kind = TOC_KIND_CIDR;
        snprintf(raw, sizeof raw, "2a0%u:%x:%x:%x::%x/%u", pick(2), at > 0 ? pick(3) : 0,
                at > 1 ? pick(3) : 0, at > 2 ? pick(3) : 0, at > 3 ? pick(3) : 0, bits[at]);
    }
    toc_buf_init(&value, sizeof row->value);
    assert_int_equal(toc_canon(&row->kind, toc_slice_of(raw), &value, &notes), TOC_REFUSAL_NONE);
    snprintf(row->value, sizeof row->value, "%s", toc_buf_cstr(&value));
    toc_buf_done(&value);
}

static bool lies_under(const char *name, const char *above)
{
    size_t n = strlen(name), m = strlen(above);
    return n > m && name[n - m - 1] == '.' && strcmp(name + n - m, above) == 0;
}

static unsigned relation(const struct row *value, const struct row *entry)
{
    struct toc_network a, b;
    bool network = toc_network_of(value->kind, toc_slice_of(value->value), &a);
    if (network != toc_network_of(entry->kind, toc_slice_of(entry->value), &b))
        return 0;
    if (strcmp(value->value, entry->value) == 0)
        return EQUAL;
    if (network)
        return toc_network_covers(&a, &b) ? OVER : toc_network_covers(&b, &a) ? UNDER : 0;
    return lies_under(value->value, entry->value)   ? UNDER
           : lies_under(entry->value, value->value) ? OVER
                                                    : 0;
}

static const char *naive(const struct row *rows, size_t count, const struct row *value)
{
    bool capped = false;
    for (size_t i = 0; i < count; i++) {
        unsigned how = relation(value, &rows[i]);
        if ((rows[i].matches & how) != 0)
            return "never-block";
        capped = capped || how == UNDER;
    }
    return capped ? "cap" : "";
}

static size_t random_set(struct row *rows, struct toc_buf *text)
{
    size_t count = 0;
    for (size_t i = 0; i < ENTRIES; i++) {
        bool known = false;
        struct row *row = &rows[count];
        random_value(row);
        for (size_t k = 0; k < count; k++)
            known = known || strcmp(rows[k].value, row->value) == 0;
        if (known)
            continue;
        row->matches = 1 + pick(7);
        toc_buf_printf(text, "{\"value\": \"%s\", \"kind\": \"%s\", \"match\": [%s]}\n", row->value,
                toc_kind_symbol(row->kind),
                (const char *[]){"", "\"equal\"", "\"over\"", "\"equal\", \"over\"", "\"under\"",
                        "\"equal\", \"under\"", "\"over\", \"under\"",
                        "\"equal\", \"over\", \"under\""}[row->matches]);
        count++;
    }
    return count;
}

static void against_a_naive_reading(void **state)
{
    (void)state;
    int said[3] = {0};
    for (unsigned seed = 1; seed <= 60; seed++) {
        struct row rows[ENTRIES], value;
        struct toc_buf text;
        struct kit kit = {0};
        random_state = seed;
        toc_buf_init(&text, (size_t)1 << 20);
        size_t count = random_set(rows, &text);
        kit_add(&kit, "never", TOC_REFERENCE_TYPE_NEVER_BLOCK, TOC_REFERENCE_EFFECT_NEVER_BLOCK,
                toc_buf_slice(&text));
        for (int i = 0; i < QUESTIONS; i++) {
            random_value(&value);
            const char *want = naive(rows, count, &value),
                       *got = kit_effect(&kit, value.kind, value.value);
            if (strcmp(got, want) != 0)
                fail_msg("seed %u: %s is \"%s\", wanted \"%s\"", seed, value.value, got, want);
            said[*want == 'n' ? 2 : *want == 'c' ? 1 : 0]++;
        }
        kit_done(&kit);
        toc_buf_done(&text);
    }
    for (int i = 0; i < 3; i++)
        assert_true(said[i] > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(against_a_naive_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
