// Files of STIX objects, split into objects as they stream by. The functions of its row in reader.c.
#pragma once

#include "producers/reader/reader.h"

bool toc_stix_file_looks(struct toc_slice head);
struct toc_reader *toc_stix_file_open(void);
toc_rc toc_stix_file_read(struct toc_reader *reader, FILE *stream,
        const struct toc_reader_sink *sink, struct toc_err *err);
void toc_stix_file_close(struct toc_reader *reader);
