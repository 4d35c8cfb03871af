// Tables with a header line. The functions of its row in reader.c.
#pragma once

#include "producers/reader/reader.h"

bool toc_csv_looks(struct toc_slice head);
struct toc_reader *toc_csv_open(void);
toc_rc toc_csv_read(struct toc_reader *reader, FILE *stream, const struct toc_reader_sink *sink,
        struct toc_err *err);
void toc_csv_close(struct toc_reader *reader);
