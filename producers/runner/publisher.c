#include "producers/runner/publisher.h"

#include <string.h>

#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

#define FILE_BYTES_MAX (256 * 1024) // 1,024 partitions

void toc_publisher_done(struct toc_publisher *publisher)
{
    toc_mem_free(publisher->previous);
    publisher->previous = NULL;
}

void toc_positions_put(struct toc_jw *w, const struct toc_position *positions, int32_t partitions)
{
    toc_jw_key(w, "previous");
    toc_jw_open(w, '[');
    for (int32_t i = 0; i < partitions; i++) {
        if (positions[i].seq == 0)
            continue;
        toc_jw_open(w, '{');
        toc_jw_key(w, "partition");
        toc_jw_int(w, i);
        toc_jw_key(w, "seq");
        toc_jw_int(w, positions[i].seq);
        toc_jw_key(w, "index");
        toc_jw_int(w, positions[i].index);
        toc_jw_close(w, '}');
    }
    toc_jw_close(w, ']');
}

toc_rc toc_positions_get(const json_t *object, struct toc_position *positions, int32_t partitions,
        struct toc_err *err)
{
    const json_t *list = json_object_get(object, "previous"), *row;
    size_t i;
    TOC_ENSURE(json_is_array(list), err, TOC_E_STATE, "no previous positions");
    json_array_foreach(list, i, row)
    {
        int64_t partition = toc_json_int(row, "partition", -1), seq = toc_json_int(row, "seq", 0);
        int64_t index = toc_json_int(row, "index", -1);
        TOC_ENSURE(partition >= 0 && partition < partitions && seq > 0 && index >= 0 &&
                           index <= INT32_MAX,
                err, TOC_E_STATE, "previous position %zu is none", i);
        positions[partition] = (struct toc_position){.seq = seq, .index = (int32_t)index};
    }
    return TOC_OK;
}

static toc_rc get(const json_t *object, struct toc_publisher *p, struct toc_err *err)
{
    struct toc_slice member = toc_json_text(object, "member");
    int64_t partitions = toc_json_int(object, "partitions", 0);
    p->next = toc_json_int(object, "next", 0);
    TOC_ENSURE(toc_id_valid(member) && p->next >= 1 && partitions >= 1 &&
                       partitions <= TOC_PARTITIONS_MAX &&
                       toc_parse_hex(toc_json_text(object, "deployment"), p->deployment,
                               sizeof p->deployment) &&
                       toc_parse_hex(toc_json_text(object, "writer"), p->writer, sizeof p->writer),
            err, TOC_E_STATE, "a field is missing or wrong");
    memcpy(p->member, member.ptr, member.len);
    p->partitions = (int32_t)partitions;
    p->previous = toc_mem_alloc((size_t)partitions, sizeof *p->previous);
    TOC_ENSURE(
            p->previous != NULL, err, TOC_E_MEMORY, "no memory for %d positions", (int)partitions);
    return toc_positions_get(object, p->previous, p->partitions, err);
}

toc_rc toc_publisher_load(const char *path, struct toc_publisher *out, struct toc_err *err)
{
    struct toc_buf TOC_CLEANUP(toc_buf_done) text;
    json_t TOC_CLEANUP(toc_json_drop) *object = NULL;
    struct toc_publisher p = {0};
    toc_buf_init(&text, FILE_BYTES_MAX);
    TOC_TRY(toc_file_read(path, &text, err));
    toc_rc rc = toc_json_parse(toc_buf_slice(&text), &object, err);
    if (!toc_failed(rc))
        rc = get(object, &p, err);
    if (toc_failed(rc)) {
        toc_publisher_done(&p);
        return toc_err_context(rc, err, "%s", path);
    }
    *out = p;
    return TOC_OK;
}

toc_rc toc_publisher_save(const char *path, const struct toc_publisher *p, struct toc_err *err)
{
    struct toc_buf TOC_CLEANUP(toc_buf_done) text;
    struct toc_jw w;
    toc_buf_init(&text, FILE_BYTES_MAX);
    toc_jw_init(&w, &text);
    toc_jw_open(&w, '{');
    toc_jw_key(&w, "member");
    toc_jw_text(&w, toc_slice_of(p->member));
    toc_jw_key(&w, "deployment");
    toc_jw_hex(&w, p->deployment, sizeof p->deployment);
    toc_jw_key(&w, "partitions");
    toc_jw_int(&w, p->partitions);
    toc_jw_key(&w, "writer");
    toc_jw_hex(&w, p->writer, sizeof p->writer);
    toc_jw_key(&w, "next");
    toc_jw_int(&w, p->next);
    toc_positions_put(&w, p->previous, p->partitions);
    toc_jw_close(&w, '}');
    toc_buf_put_byte(&text, '\n');
    TOC_TRY(toc_buf_check(&text, "publisher.json", err));
    return toc_file_replace(path, 0600, toc_buf_slice(&text), err);
}
