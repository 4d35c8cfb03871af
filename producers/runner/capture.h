// --segments: the sealed segments of a submission as a capture (schemas/capture.avsc in an Avro container
// file), as if a broker had appended them: what tocsin-replay reads.
#pragma once

#include <stdint.h>

#include "lib/base/err.h"
#include "producers/runner/seal.h"

struct toc_capture_file;

// EXISTS when there is such a file. append_time: of every row, milliseconds. Offsets run from 0 in each
// partition.
TOC_NODISCARD toc_rc toc_capture_create(const char *path, int32_t partitions, int64_t append_time,
        struct toc_capture_file **out, struct toc_err *err);
struct toc_seal_sink toc_capture_sink(struct toc_capture_file *capture);
// Finishes the file and frees, on failure too.
TOC_NODISCARD toc_rc toc_capture_finish(struct toc_capture_file *capture, struct toc_err *err);
void toc_capture_abandon(struct toc_capture_file *capture); // and removes the file; NULL is fine
