// Writes the seeds of fuzz_state_log anew: seeds_state_log FOLDER.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/state/state.h"

static void need(toc_rc rc, const struct toc_err *err)
{
    if (!toc_failed(rc))
        return;
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

struct seed {
    struct {
        int64_t transaction;
        size_t len;
        uint8_t bytes[4096];
    } blocks[64];
    size_t count;
    int64_t transaction;
};

static toc_rc take_block(void *ctx, struct toc_slice block, struct toc_err *err)
{
    struct seed *seed = ctx;
    if (seed->count == 64 || block.len > 4096)
        return toc_fail(err, TOC_E_LIMIT, "a block of %zu bytes", block.len);
    seed->blocks[seed->count].transaction = seed->transaction;
    seed->blocks[seed->count].len = block.len;
    memcpy(seed->blocks[seed->count++].bytes, block.ptr, block.len);
    return TOC_OK;
}

static void put(struct toc_state *state, unsigned i, size_t len)
{
    static const uint64_t said[TOC_ENTRY_SAID];
    uint8_t key[16] = {0}, body[200];
    struct toc_err err = {0};
    key[8] = (uint8_t)(i * 37);
    key[15] = (uint8_t)i;
    memset(body, (int)('a' + i), sizeof body);
    need(toc_state_put(state, key, toc_slice(body, len), 0, said, &err), &err);
}

static void drop(struct toc_state *state, unsigned i)
{
    uint8_t key[16] = {0};
    struct toc_err err = {0};
    key[8] = (uint8_t)(i * 37);
    key[15] = (uint8_t)i;
    need(toc_state_drop(state, key, &err), &err);
}

static void write_seed(const struct seed *seed, int64_t from, const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        exit(1);
    for (size_t i = 0; i < seed->count; i++) {
        size_t len = seed->blocks[i].len;
        if (seed->blocks[i].transaction < from)
            continue;
        fputc((int)(len & 0xff), file);
        fputc((int)(len >> 8), file);
        fwrite(seed->blocks[i].bytes, 1, len, file);
    }
    if (fclose(file) != 0)
        exit(1);
}

// A log of so many transactions, trimmed as far as may be.
static void make(unsigned transactions, const char *folder, const char *name)
{
    static struct seed seed;
    struct toc_err err = {0};
    struct toc_state *state = toc_state_new();
    if (state == NULL)
        exit(1);
    seed.count = 0;
    for (seed.transaction = 1; seed.transaction <= transactions; seed.transaction++) {
        unsigned t = (unsigned)seed.transaction;
        for (unsigned i = 0; i < 4; i++)
            put(state, (t * 3 + i) % 11, 5 + 10 * (t % 7));
        if (t % 2 == 0)
            drop(state, (t * 3 + 1) % 11);
        const char *row = t % 2 ? "clock" : "count/alder";
        need(toc_state_row_put(state, row, toc_slice("0123456789abcdef", t), &err), &err);
        need(toc_state_blocks(state, t, take_block, &seed, &err), &err);
        toc_state_commit(state);
    }
    write_seed(&seed, toc_state_trim_below(state), folder, name);
    toc_state_free(state);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    make(1, argv[1], "one");
    make(3, argv[1], "three");
    make(16, argv[1], "trimmed");
    return 0;
}
