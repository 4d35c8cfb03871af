// The state log read back: blocks, each after its length (2 bytes, little-endian). Sums are repaired
// first, so that what a sum would refuse is looked at, too.
#include "tests/fuzz/fuzz.h"

#include "hub/state/block.h"
#include "hub/state/state.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"

#define ARENA_BYTES ((size_t)1 << 20)
#define SUM_BYTES 8

static bool ends_transaction(const uint8_t *bytes, size_t len)
{
    struct toc_arena arena;
    struct toc_block block;
    toc_arena_init(&arena, ARENA_BYTES);
    struct toc_avro_in in = toc_avro_in_over(toc_slice(bytes, len), &arena);
    toc_block_read(&in, &block);
    bool ends = !toc_failed(toc_avro_in_finish(&in, "Block", NULL)) && block.trailer != NULL;
    toc_arena_done(&arena);
    return ends;
}

static uint64_t repair(uint8_t *block, size_t len, uint64_t sum)
{
    if (!ends_transaction(block, len))
        return toc_mix64(toc_slice(block, len), sum);
    sum = toc_mix64(toc_slice(block, len - SUM_BYTES), sum);
    for (unsigned i = 0; i < SUM_BYTES; i++)
        block[len - SUM_BYTES + i] = (uint8_t)(sum >> 8 * i);
    return 0;
}

static toc_rc derive(
        void *ctx, struct toc_slice body, struct toc_state_derived *out, struct toc_err *err)
{
    (void)err;
    FUZZ_CHECK(body.len > 0 && body.len <= TOC_STATE_VALUE_BYTES_MAX);
    *out = (struct toc_state_derived){.rules = 1, .due = {body.ptr[0]}};
    (*(uint64_t *)ctx)++;
    return TOC_OK;
}

static toc_rc restore_next(void *ctx, struct toc_slice block, struct toc_err *err)
{
    return toc_state_restore(ctx, block, err);
}

static uint64_t walk(struct toc_state *state)
{
    uint64_t count = 0;
    for (const struct toc_entry *e = toc_state_next(state, NULL); e != NULL;
            e = toc_state_next(state, e->key))
        count++;
    return count;
}

// What was believed is whole, and a log can go on from it: all of it is written again, and read.
static void use(struct toc_state *state, uint64_t derived, int64_t input_next)
{
    uint8_t key[16] = {0};
    const uint64_t said[TOC_ENTRY_SAID] = {0};
    int64_t due;
    FUZZ_CHECK(toc_state_count(state) == derived && walk(state) == derived && input_next >= 0);
    for (uint64_t taken = 0; toc_state_timer_take(state, 0, INT64_MAX, &due, key); taken++)
        FUZZ_CHECK(due > 0 && due < 256 && toc_state_find(state, key) != NULL);
    toc_state_rollback(state);
    struct toc_state *other = toc_state_new();
    FUZZ_CHECK(other != NULL);
    for (const struct toc_entry *e = toc_state_next(state, NULL); e != NULL;
            e = toc_state_next(state, e->key))
        FUZZ_CHECK(!toc_failed(toc_state_put(
                other, e->key, toc_slice(e->body, e->body_len), e->rules, said, NULL)));
    struct toc_state *again = toc_state_new();
    uint64_t count = 0;
    FUZZ_CHECK(again != NULL && !toc_failed(toc_state_blocks(other, 1, restore_next, again, NULL)));
    toc_state_derive_with(again, derive, &count);
    FUZZ_CHECK(!toc_failed(toc_state_restored(again, &input_next, NULL)));
    FUZZ_CHECK(count == derived && walk(again) == derived);
    toc_state_free(again);
    toc_state_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toc_state *state = toc_state_new();
    uint8_t *copy = toc_mem_dup(data, size);
    uint64_t sum = 0, derived = 0;
    int64_t input_next = -1;
    toc_rc rc = TOC_OK;
    FUZZ_CHECK(state != NULL && copy != NULL);
    for (size_t at = 0; size - at > 2 && !toc_failed(rc);) {
        size_t len = copy[at] | (size_t)copy[at + 1] << 8;
        at += 2;
        len = len < size - at ? len : size - at;
        sum = repair(copy + at, len, sum);
        rc = toc_state_restore(state, toc_slice(copy + at, len), NULL);
        at += len;
    }
    toc_state_derive_with(state, derive, &derived);
    if (toc_failed(rc))
        FUZZ_CHECK(toc_failed(toc_state_restored(state, &input_next, NULL)));
    else if (!toc_failed(toc_state_restored(state, &input_next, NULL)))
        use(state, derived, input_next);
    toc_mem_free(copy);
    toc_state_free(state);
    return 0;
}
