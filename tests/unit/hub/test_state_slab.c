// Memory of bodies: places do not overlap, and pages come back.
#include "tests/support/unit.h"

#include "hub/state/slab.h"
#include "lib/base/mem.h"

#define BODIES 3000

struct body {
    uint8_t *at;
    uint32_t len;
    uint8_t fill;
};

static uint64_t random_state;

static uint32_t random_below(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % below;
}

static void check(const struct body *body)
{
    for (uint32_t i = 0; body->at != NULL && i < body->len; i++)
        assert_int_equal(body->at[i], body->fill);
}

static void change(struct slab *slab, struct body *body, uint32_t len)
{
    check(body);
    if (body->at == NULL)
        body->at = slab_take(slab, len);
    else if (random_below(2) == 0) {
        slab_free(slab, body->at, body->len);
        body->at = NULL;
        return;
    } else {
        body->at = slab_exchange(slab, body->at, body->len, len);
    }
    assert_non_null(body->at);
    body->len = len;
    body->fill = (uint8_t)random_below(256);
    memset(body->at, body->fill, len);
}

static void places_do_not_overlap(void **state)
{
    (void)state;
    static struct body bodies[BODIES];
    struct slab slab = {0};
    uint64_t most = 0;
    for (unsigned round = 0; round < 12; round++) {
        uint32_t longest = round % 4 == 3 ? SLAB_BYTES_MAX + 500 : 40 + 90 * round;
        for (unsigned i = 0; i < BODIES * 2; i++)
            change(&slab, &bodies[random_below(BODIES)], 1 + random_below(longest));
        most = slab.bytes > most ? slab.bytes : most;
    }
    uint64_t live = 0;
    for (unsigned i = 0; i < BODIES; i++) {
        check(&bodies[i]);
        live += bodies[i].at == NULL ? 0 : bodies[i].len;
        slab_free(&slab, bodies[i].at, bodies[i].len);
    }
    assert_true(most >= live);
    assert_int_equal(slab.bytes, 0); // every page is free for any class again
    slab_done(&slab);
}

static void places_are_used_again(void **state)
{
    (void)state;
    static uint8_t *bodies[BODIES];
    struct slab slab = {0};
    for (unsigned i = 0; i < BODIES; i++)
        assert_non_null(bodies[i] = slab_take(&slab, 100));
    uint64_t full = slab.bytes;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = round % 2; i < BODIES; i += 2)
            slab_free(&slab, bodies[i], 100);
        for (unsigned i = round % 2; i < BODIES; i += 2)
            assert_non_null(bodies[i] = slab_take(&slab, 103));
        assert_int_equal(slab.bytes, full);
    }
    slab_done(&slab);
}

static void edges_of_classes(void **state)
{
    (void)state;
    struct slab slab = {0};
    for (uint32_t len = 1; len <= SLAB_BYTES_MAX + 1; len++) {
        uint8_t *a = slab_take(&slab, len), *b = slab_take(&slab, len);
        memset(a, 1, len);
        memset(b, 2, len);
        assert_int_equal(a[len - 1], 1);
        assert_true(len > SLAB_BYTES_MAX || (b > a ? b - a : a - b) < (ptrdiff_t)len + 16);
        slab_free(&slab, a, len);
        slab_free(&slab, b, len);
    }
    slab_free(&slab, NULL, 0);
    assert_int_equal(slab.bytes, 0);
    slab_done(&slab);
    slab_done(&slab);
}

static void out_of_memory(void **state)
{
    (void)state;
    struct slab slab = {0};
    toc_mem_fail_at(1);
    assert_null(slab_take(&slab, 100));
    uint8_t *body = slab_take(&slab, 100);
    memset(body, 7, 100);
    toc_mem_fail_at(1);
    assert_null(slab_exchange(&slab, body, 100, SLAB_BYTES_MAX + 1));
    assert_int_equal(body[99], 7);
    toc_mem_fail_at(1);
    assert_non_null(slab_exchange(&slab, body, 100, 97)); // the same place
    toc_mem_fail_at(0);
    slab_done(&slab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(places_do_not_overlap),
            cmocka_unit_test(places_are_used_again),
            cmocka_unit_test(edges_of_classes),
            cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
