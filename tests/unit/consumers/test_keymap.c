// The table against a plain list of what should be in it, with keys that crowd into few places.
#include "tests/support/unit.h"

#include "consumers/runner/keymap.h"
#include "lib/base/mem.h"

#define ITEMS 3000
#define STEPS 60000

struct item {
    uint8_t key[TOC_KEY_BYTES];
    bool in;
    unsigned met;
};

static struct item items[ITEMS];

static uint32_t draw(void) // a fixed sequence
{
    static uint32_t x = 2463534242;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

static void check_all(struct toc_keymap *map)
{
    size_t at = 0, count = 0;
    for (struct item *item; (item = toc_keymap_next(map, &at)) != NULL; count++)
        item->met++;
    assert_int_equal(count, map->count);
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(items[i].met, items[i].in);
        items[i].met = 0;
    }
}

static void test_like_a_list(void **state)
{
    (void)state;
    struct toc_keymap map = {0};
    struct toc_err err = {0};
    assert_null(toc_keymap_get(&map, items[0].key));
    for (size_t i = 0; i < ITEMS; i++) { // long runs, many of them around the table's end
        memcpy(items[i].key, &i, sizeof i);
        items[i].key[8] = (uint8_t)(0xf0 + i % 16);
        items[i].key[9] = i % 3 == 0 ? 0xff : (uint8_t)(i % 7);
    }
    for (size_t step = 0; step < STEPS; step++) {
        struct item *item = &items[draw() % ITEMS];
        assert_ptr_equal(toc_keymap_get(&map, item->key), item->in ? item : NULL);
        if (item->in)
            toc_keymap_remove(&map, item->key);
        else
            assert_ok(toc_keymap_add(&map, item, &err), err);
        item->in = !item->in;
        if (step % 1000 == 0)
            check_all(&map);
    }
    check_all(&map);

    size_t at = 0; // removing while walking: everything goes, whatever moves meanwhile
    for (struct item *item; (item = toc_keymap_next(&map, &at)) != NULL;) {
        toc_keymap_remove(&map, item->key);
        item->in = false;
        at--;
    }
    assert_int_equal(map.count, 0);
    check_all(&map);
    toc_keymap_remove(&map, items[0].key);
    toc_keymap_done(&map);
    toc_keymap_done(&map);
}

static void test_without_memory(void **state)
{
    (void)state;
    struct toc_keymap map = {0};
    struct toc_err err = {0};
    size_t added = 0;
    toc_mem_fail_at(3); // the third time it grows
    while (added < ITEMS && !toc_failed(toc_keymap_add(&map, &items[added], &err)))
        items[added++].in = true;
    toc_mem_fail_at(0);
    assert_true(added > 1000 && added < ITEMS);
    check_all(&map); // as before the failure
    assert_ok(toc_keymap_add(&map, &items[added], &err), err);
    toc_keymap_done(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_like_a_list),
            cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
