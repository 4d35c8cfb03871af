// JSON Lines: the JSON form of an observation (schemas/observation.avsc), one a line. The functions of its row in reader.c.
#pragma once

#include "producers/reader/reader.h"

bool toc_jsonl_looks(struct toc_slice head);
struct toc_reader *toc_jsonl_open(void);
toc_rc toc_jsonl_read(struct toc_reader *reader, FILE *stream, const struct toc_reader_sink *sink,
        struct toc_err *err);
void toc_jsonl_close(struct toc_reader *reader);
