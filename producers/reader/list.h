// A plain list: one value a line. The functions of its row in reader.c.
#pragma once

#include "producers/reader/reader.h"

bool toc_list_looks(struct toc_slice head);
struct toc_reader *toc_list_open(void);
toc_rc toc_list_read(struct toc_reader *reader, FILE *stream, const struct toc_reader_sink *sink,
        struct toc_err *err);
void toc_list_close(struct toc_reader *reader);
