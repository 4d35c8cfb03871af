#include "producers/runner/capture.h"

#include <unistd.h>

#include "lib/avro/container.h"
#include "lib/base/mem.h"
#include "schemas/capture.h"

struct toc_capture_file {
    struct toc_container_writer *writer;
    char *path;
    int64_t append_time;
    int64_t *offsets; // next of each partition
};

static void capture_free(struct toc_capture_file *capture)
{
    toc_mem_free(capture->path);
    toc_mem_free(capture->offsets);
    toc_mem_free(capture);
}

toc_rc toc_capture_create(const char *path, int32_t partitions, int64_t append_time,
        struct toc_capture_file **out, struct toc_err *err)
{
    struct toc_capture_file *capture = toc_mem_alloc(1, sizeof *capture);
    TOC_ENSURE(capture != NULL, err, TOC_E_MEMORY, "no memory for a capture");
    capture->append_time = append_time;
    capture->path = toc_mem_strdup(path);
    capture->offsets = toc_mem_alloc((size_t)partitions, sizeof *capture->offsets);
    toc_rc rc = capture->path == NULL || capture->offsets == NULL
                        ? toc_fail(err, TOC_E_MEMORY, "no memory for a capture")
                        : toc_container_create(path, &toc_capture_avro, &capture->writer, err);
    if (toc_failed(rc)) {
        capture_free(capture);
        return rc;
    }
    *out = capture;
    return TOC_OK;
}

static toc_rc emit(void *ctx, const struct toc_sealed *sealed, struct toc_err *err)
{
    struct toc_capture_file *capture = ctx;
    struct toc_capture row;
    toc_capture_init(&row);
    row.partition = sealed->partition;
    row.offset = capture->offsets[sealed->partition]++;
    row.append_time = capture->append_time;
    row.value = sealed->value;
    return toc_container_put(capture->writer, &row, err);
}

struct toc_seal_sink toc_capture_sink(struct toc_capture_file *capture)
{
    return (struct toc_seal_sink){emit, capture};
}

toc_rc toc_capture_finish(struct toc_capture_file *capture, struct toc_err *err)
{
    toc_rc rc = toc_container_finish(capture->writer, err);
    capture_free(capture);
    return rc;
}

void toc_capture_abandon(struct toc_capture_file *capture)
{
    if (capture == NULL)
        return;
    toc_container_abandon(capture->writer);
    unlink(capture->path);
    capture_free(capture);
}
