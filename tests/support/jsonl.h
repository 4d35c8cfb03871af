// Vectors as JSON lines: one object a line, read one by one. A line that is no JSON fails the test. NUL
// inside strings is taken: some vectors are about it.
#pragma once

#include "tests/support/unit.h"

#include <jansson.h>

#include "lib/base/json.h"

struct unit_jsonl {
    const char *path;
    struct toc_buf file;
    size_t pos, line;
    json_t *row;
};

static inline struct unit_jsonl unit_jsonl_open(const char *path)
{
    return (struct unit_jsonl){.path = path, .file = unit_read(path)};
}

// The next row, borrowed until the next call; NULL (and all is freed) at the end.
static inline json_t *unit_jsonl_next(struct unit_jsonl *it)
{
    json_error_t error;
    json_decref(it->row);
    it->row = NULL;
    struct toc_slice rest = toc_slice_sub(toc_buf_slice(&it->file), it->pos, SIZE_MAX);
    if (rest.len == 0) {
        toc_buf_done(&it->file);
        return NULL;
    }
    size_t end = toc_slice_find(rest, '\n');
    it->pos += end + 1;
    it->line++;
    it->row = json_loadb((const char *)rest.ptr, end, JSON_ALLOW_NUL, &error);
    if (it->row == NULL)
        fail_msg("%s:%zu: %s", it->path, it->line, error.text);
    return it->row;
}
