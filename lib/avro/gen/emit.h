// What the generator writes.
#pragma once

#include "lib/avro/gen/model.h"

// `<stem>.h` and `<stem>.c` of one schema file.
void gen_emit_header(struct gen_model *m, const struct gen_file *file, struct toc_buf *out);
void gen_emit_source(struct gen_model *m, const struct gen_file *file, struct toc_buf *out);
