// Container files with captures.
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "lib/avro/container.h"
#include "schemas/capture.h"

#define ARENA_BYTES ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct toc_arena arena;
    struct toc_container_reader *r = NULL;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    toc_arena_init(&arena, ARENA_BYTES);
    toc_rc rc = toc_container_open(path, &toc_capture_avro, &r, NULL);
    size_t rows = 0;
    for (bool end = false; !toc_failed(rc) && !end; rows++) {
        struct toc_capture row;
        rc = toc_container_next(r, &arena, &row, &end, NULL);
    }
    FUZZ_CHECK(rows <= size + 1);
    toc_container_close(r);
    toc_arena_done(&arena);
    close(fd);
    return 0;
}
