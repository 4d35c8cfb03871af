// What the state of a partition costs: time per find, put, commit and log byte, memory per entry.
// bench_state [ENTRIES [BODY_BYTES]]: whole thousands; 1,000,000 entries of 120 bytes. One thread; time is CPU time.
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hub/state/state.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

#define TXN_ENTRIES 25000 // half a second of new indicators
#define GROUP 16
#define SEGMENT 1000

struct bench {
    struct toc_state *state;
    uint64_t entries;
    uint32_t body_bytes;
    int64_t input_next;
    struct block {
        uint8_t *bytes;
        size_t len;
        int64_t transaction;
    } * log;
    size_t log_count, log_cap, log_first; // those before log_first are trimmed
    uint64_t log_bytes;
    uint64_t found; // so that nothing is optimised away
};

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%*u %lu", &pages) != 1)
        pages = 0;
    if (f != NULL)
        fclose(f);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void show(const char *what, double began, uint64_t count)
{
    double seconds = cpu_seconds() - began;
    printf("%-34s %8.1f ns  %7.2f M/s\n", what, seconds * 1e9 / (double)count,
            (double)count / seconds / 1e6);
}

static void key_of(uint64_t i, uint8_t key[16])
{
    uint64_t words[2] = {
            toc_mix64(toc_slice(&i, sizeof i), 1), toc_mix64(toc_slice(&i, sizeof i), 2)};
    memcpy(key, words, sizeof words);
}

static void need(toc_rc rc, const struct toc_err *err)
{
    if (!toc_failed(rc))
        return;
    fprintf(stderr, "bench_state: %s\n", err->text);
    exit(1);
}

static toc_rc keep_block(void *ctx, struct toc_slice block, struct toc_err *err)
{
    struct bench *b = ctx;
    if (toc_mem_grow((void **)&b->log, &b->log_cap, b->log_count + 1, sizeof *b->log) != 0)
        return toc_fail(err, TOC_E_MEMORY, "the log");
    b->log[b->log_count++] =
            (struct block){toc_mem_dup(block.ptr, block.len), block.len, b->input_next};
    b->log_bytes += block.len;
    return TOC_OK;
}

static void trim(struct bench *b)
{
    for (; b->log_first < b->log_count; b->log_first++) {
        struct block *block = &b->log[b->log_first];
        if (block->transaction >= toc_state_trim_below(b->state))
            return;
        b->log_bytes -= block->len;
        toc_mem_free(block->bytes);
        block->bytes = NULL;
    }
}

static void commit(struct bench *b, bool logged)
{
    struct toc_err err = {0};
    if (logged && toc_state_changed(b->state)) {
        b->input_next++;
        need(toc_state_blocks(b->state, b->input_next, keep_block, b, &err), &err);
    }
    toc_state_commit(b->state);
    if (logged)
        trim(b);
}

// The keys of the next observations, as a step has them when it works on a segment.
struct keys {
    uint8_t at[SEGMENT][16];
};

static void make_keys(
        const struct bench *b, uint64_t from, uint64_t n, uint64_t step, struct keys *keys)
{
    for (uint64_t k = 0; k < SEGMENT; k++)
        key_of(from + (n + k) * step % b->entries, keys->at[k]);
}

// Bodies vary about the mean, as real ones do.
static void put(struct bench *b, const uint8_t key[16], uint64_t round)
{
    static uint8_t body[65536];
    const uint64_t said[TOC_ENTRY_SAID] = {key[1] + 1u, round, 0, 0};
    struct toc_err err = {0};
    size_t len = b->body_bytes / 2 + key[0] * (size_t)b->body_bytes / 256 + round % 2;
    need(toc_state_put(b->state, key, toc_slice(body, len), 1, said, &err), &err);
}

// As the step does: a group of keys at a time.
static void prefetch(const struct bench *b, const struct keys *keys, unsigned k, bool ahead)
{
    if (!ahead || k % GROUP != 0)
        return;
    unsigned end = k + GROUP < SEGMENT ? k + GROUP : SEGMENT;
    for (unsigned i = k; i < end; i++)
        toc_state_prefetch_early(b->state, keys->at[i]);
    for (unsigned i = k; i < end; i++)
        toc_state_prefetch(b->state, keys->at[i]);
}

static void run_puts(struct bench *b, const char *what, uint64_t round, uint64_t step, bool logged)
{
    struct keys keys;
    uint64_t open = 0;
    double began = cpu_seconds();
    for (uint64_t n = 0; n < b->entries; n += SEGMENT) {
        make_keys(b, 0, n, step, &keys);
        for (unsigned k = 0; k < SEGMENT; k++) {
            prefetch(b, &keys, k, true);
            put(b, keys.at[k], round);
        }
        open += SEGMENT;
        if (open >= TXN_ENTRIES) {
            commit(b, logged);
            open = 0;
        }
    }
    commit(b, logged);
    show(what, began, b->entries);
}

static void run_finds(struct bench *b, const char *what, uint64_t from, bool ahead)
{
    struct keys keys;
    double began = cpu_seconds();
    for (uint64_t n = 0; n < b->entries; n += SEGMENT) {
        make_keys(b, from, n, 7919, &keys);
        for (unsigned k = 0; k < SEGMENT; k++) {
            prefetch(b, &keys, k, ahead);
            const struct toc_entry *entry = toc_state_find(b->state, keys.at[k]);
            b->found += entry != NULL && entry->said[0] != 0;
        }
    }
    show(what, began, b->entries);
}

static void run_keys(struct bench *b)
{
    struct keys keys;
    double began = cpu_seconds();
    for (uint64_t n = 0; n < b->entries; n += SEGMENT) {
        make_keys(b, 0, n, 7919, &keys);
        b->found += keys.at[n / SEGMENT % SEGMENT][0];
    }
    show("(making a key, in each of these)", began, b->entries);
}

static void run_timers(struct bench *b, unsigned lanes)
{
    struct toc_err err = {0};
    uint8_t key[16];
    int64_t due;
    double began = cpu_seconds();
    for (uint64_t n = 0; n < b->entries; n++) {
        key_of(n, key);
        for (unsigned lane = 0; lane < lanes; lane++)
            need(toc_state_timer(b->state, lane, (int64_t)n + key[1] * 10000, key, &err), &err);
    }
    show("timer, set", began, b->entries * lanes);
    toc_state_commit(b->state);
    began = cpu_seconds();
    uint64_t taken = 0;
    while (taken < b->entries / 4 && toc_state_timer_take(b->state, 0, INT64_MAX, &due, key))
        taken++;
    show("timer, take", began, taken);
    toc_state_rollback(b->state);
}

static void run_walk(struct bench *b)
{
    double began = cpu_seconds();
    uint64_t count = 0;
    for (const struct toc_entry *e = toc_state_next(b->state, NULL); e != NULL;
            e = toc_state_next(b->state, e->key))
        count++;
    show("walk in key order", began, count);
}

static toc_rc derive(
        void *ctx, struct toc_slice body, struct toc_state_derived *out, struct toc_err *err)
{
    (void)ctx;
    (void)err;
    *out = (struct toc_state_derived){.rules = 1, .due = {(int64_t)body.len, 0}};
    return TOC_OK;
}

static void run_restore(struct bench *b)
{
    struct toc_err err = {0};
    int64_t input_next;
    toc_state_free(b->state);
    b->state = toc_state_new();
    double began = cpu_seconds();
    for (size_t i = b->log_first; i < b->log_count; i++)
        need(toc_state_restore(b->state, toc_slice(b->log[i].bytes, b->log[i].len), &err), &err);
    show("restore, an entry of the state", began, b->entries);
    began = cpu_seconds();
    toc_state_derive_with(b->state, derive, NULL);
    need(toc_state_restored(b->state, &input_next, &err), &err);
    show("restore, deriving one timer", began, b->entries);
    printf("%-34s %8.2f bytes\n", "log, an entry", (double)b->log_bytes / (double)b->entries);
}

static uint64_t argument(int argc, char **argv, int i, uint64_t otherwise)
{
    uint64_t value = otherwise;
    if (argc > i && !toc_parse_u64(toc_slice_of(argv[i]), 1000000000, &value))
        exit(2);
    return value;
}

int main(int argc, char **argv)
{
    struct bench b = {.entries = argument(argc, argv, 1, 1000000),
            .body_bytes = (uint32_t)argument(argc, argv, 2, 120)};
    uint64_t before = resident_bytes();
    b.state = toc_state_new();
    if (b.state == NULL || b.entries % SEGMENT != 0 || b.entries == 0 || b.body_bytes > 30000)
        return 2;
    run_keys(&b);
    run_puts(&b, "put, new", 1, 1, false);
    uint64_t after = resident_bytes() - before;
    printf("%-34s %8.1f bytes resident, %.1f by its own count\n", "an entry without timers",
            (double)after / (double)b.entries,
            (double)toc_state_bytes(b.state) / (double)b.entries);
    run_puts(&b, "put, replacing", 2, 7919, false);
    run_finds(&b, "find, there", 0, false);
    run_finds(&b, "find, there, prefetched", 0, true);
    run_finds(&b, "find, not there", b.entries, false);
    run_finds(&b, "find, not there, prefetched", b.entries, true);
    run_walk(&b);
    run_timers(&b, 3);
    after = resident_bytes() - before;
    printf("%-34s %8.1f bytes resident, %.1f by its own count\n", "an entry with three timers",
            (double)after / (double)b.entries,
            (double)toc_state_bytes(b.state) / (double)b.entries);
    toc_state_free(b.state);
    b.state = toc_state_new();
    run_puts(&b, "put, new, with log", 1, 1, true);
    run_puts(&b, "put, replacing, with log", 2, 7919, true);
    run_restore(&b);
    toc_state_free(b.state);
    for (size_t i = 0; i < b.log_count; i++)
        toc_mem_free(b.log[i].bytes);
    toc_mem_free(b.log);
    return b.found == 0;
}
