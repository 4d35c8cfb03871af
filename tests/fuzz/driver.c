// Stands in for libFuzzer: driver ROUNDS FOLDER. Runs the target on every file of the folder and on
// ROUNDS changed copies of each. When a property or the sanitizer fails, the input is kept in the
// build folder ($TOC_BUILD, else the current one) as fuzz.crash.
#include <dirent.h>
#include <signal.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/text.h"
#include "tests/fuzz/fuzz.h"

#define SEED_BYTES_MAX ((size_t)1 << 20)
#define SEEDS_MAX 1000

struct seed {
    struct toc_buf bytes;
    char path[TOC_PATH_BYTES_MAX];
};

static uint64_t state = 1;

static uint64_t below(uint64_t n) // xorshift64*
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * UINT64_C(2685821657736338717) >> 11) % n;
}

static struct {
    const char *path;
    size_t round;
    struct toc_slice bytes;
} now; // what the target is working on

static void keep_input(void)
{
    char path[TOC_PATH_BYTES_MAX];
    const char *build = getenv("TOC_BUILD");
    snprintf(path, sizeof path, "%s/fuzz.crash", build == NULL ? "." : build);
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return;
    fwrite(now.bytes.ptr, 1, now.bytes.len, file);
    fclose(file);
    fprintf(stderr, "driver: %s, round %zu: the input is in %s\n", now.path, now.round, path);
}

static void on_abort(int number)
{
    keep_input();
    signal(number, SIG_DFL);
    raise(number);
}

// Called by the address sanitizer when it found something.
void __asan_on_error(void);
void __asan_on_error(void)
{
    keep_input();
}

// An exact copy, so that the sanitizer sees a byte read too many.
static void run(const char *path, size_t round, const uint8_t *bytes, size_t len)
{
    now.path = path;
    now.round = round;
    now.bytes = toc_slice(bytes, len);
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    if (copy == NULL)
        abort();
    if (len != 0)
        memcpy(copy, bytes, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static void change_bytes(struct toc_buf *b)
{
    static const uint8_t edges[] = {0, 1, 2, 0x7f, 0x80, 0x81, 0xfe, 0xff};
    size_t at = below(b->len);
    switch (below(3)) {
    case 0:
        b->ptr[at] ^= (uint8_t)(1U << below(8));
        break;
    case 1:
        b->ptr[at] = edges[below(sizeof edges)];
        break;
    default: // a long varint, or its end
        for (size_t i = at; i < b->len && i < at + 10; i++)
            b->ptr[i] = 0xff;
        break;
    }
}

// Cuts a piece out, or puts a piece of another seed in its place.
static void splice(struct toc_buf *b, const struct toc_buf *other)
{
    struct toc_buf old;
    toc_buf_init(&old, 2 * SEED_BYTES_MAX);
    toc_buf_put_slice(&old, toc_buf_slice(b));
    size_t from = below(old.len), to = from + below(old.len - from + 1);
    toc_buf_truncate(b, from);
    if (other->len != 0 && below(2) == 0) {
        size_t start = below(other->len);
        toc_buf_put_slice(b, toc_slice_sub(toc_buf_slice(other), start, below(40)));
    }
    if (below(4) != 0)
        toc_buf_put_slice(b, toc_slice_sub(toc_buf_slice(&old), to, old.len));
    toc_buf_done(&old);
}

static void change(const struct seed *seed, const struct seed *other, size_t rounds)
{
    for (size_t round = 1; round <= rounds; round++) {
        struct toc_buf b;
        toc_buf_init(&b, 2 * SEED_BYTES_MAX);
        toc_buf_put_slice(&b, toc_buf_slice(&seed->bytes));
        for (uint64_t n = 1 + below(4); n > 0 && b.len != 0; n--)
            if (below(4) != 0)
                change_bytes(&b);
            else
                splice(&b, &other->bytes);
        run(seed->path, round, b.ptr, b.len);
        toc_buf_done(&b);
    }
}

static int load(const char *folder, struct seed *seeds)
{
    int count = 0;
    struct dirent **names = NULL;
    int found = scandir(folder, &names, NULL, alphasort); // sorted: the same run every time
    for (int i = 0; i < found; i++) {
        struct seed *seed = &seeds[count];
        struct toc_err err = {0};
        bool take = names[i]->d_name[0] != '.' && count < SEEDS_MAX;
        if (take) {
            toc_buf_init(&seed->bytes, SEED_BYTES_MAX);
            if (toc_failed(toc_path_join(seed->path, folder, names[i]->d_name, &err)) ||
                    toc_failed(toc_file_read(seed->path, &seed->bytes, &err)))
                fprintf(stderr, "driver: %s\n", err.text), exit(1);
            count++;
        }
        free(names[i]);
    }
    free(names);
    return count;
}

int main(int argc, char **argv)
{
    static struct seed seeds[SEEDS_MAX];
    uint64_t rounds = 0;
    if (argc != 3 || !toc_parse_u64(toc_slice_of(argv[1]), 100000000, &rounds)) {
        fputs("usage: driver ROUNDS FOLDER\n", stderr);
        return 2;
    }
    signal(SIGABRT, on_abort);
    int count = load(argv[2], seeds);
    run("nothing", 0, NULL, 0);
    for (int i = 0; i < count; i++) {
        run(seeds[i].path, 0, seeds[i].bytes.ptr, seeds[i].bytes.len);
        change(&seeds[i], &seeds[below((uint64_t)count)], rounds);
    }
    for (int i = 0; i < count; i++)
        toc_buf_done(&seeds[i].bytes);
    printf("%d seeds, %llu changed copies of each\n", count, (unsigned long long)rounds);
    return count > 0 ? 0 : 1; // a test without seeds would pass on nothing
}
