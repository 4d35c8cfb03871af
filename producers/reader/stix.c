// STIX files: bundles of any size, lists of objects, single objects, one behind the other. Two passes
// over the stream, for an object may be named, marked or used by one that comes later: the first lets
// lib/stix learn, the second reads. Only one object is in memory at a time.
#include "producers/reader/stix.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/limits.h"
#include "lib/base/mem.h"
#include "lib/stix/read.h"
#include "producers/reader/parse/json_split.h"

#define OBJECT_ARENA_BYTES_MAX (4 * 1024 * 1024)

struct stix {
    struct toc_reader reader;
};

// What the callbacks of one pass need.
struct pass {
    struct stix *stix;
    const struct toc_reader_sink *sink;
    struct toc_stix_reader *library;
    const json_t *object;
    struct toc_slice text;
    uint64_t line;
    bool stopped; // the sink said so
};

// A bundle, an object or a list of objects with a STIX type near its beginning.
bool toc_stix_file_looks(struct toc_slice head)
{
    struct toc_slice start = toc_slice_trim(head);
    if (start.len == 0 || (start.ptr[0] != '{' && start.ptr[0] != '['))
        return false;
    static const char *const marks[] = {
            "\"bundle--", "\"spec_version\"", "\"indicator--", "\"identity--"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (memmem(head.ptr, head.len, marks[i], strlen(marks[i])) != NULL)
            return true;
    return start.ptr[0] == '[';
}

struct toc_reader *toc_stix_file_open(void)
{
    struct stix *stix = toc_mem_alloc(1, sizeof *stix);
    return stix == NULL ? NULL : &stix->reader;
}

static toc_rc stop(struct pass *pass, struct toc_err *err)
{
    pass->stopped = true;
    return toc_fail(err, TOC_E_REFUSED, "ended by the caller");
}

static toc_rc on_emit(
        void *ctx, const struct toc_observation *obs, enum toc_marking marking, struct toc_err *err)
{
    struct pass *pass = ctx;
    struct toc_found found = {.obs = *obs,
            .claims = TOC_CLAIM(obs->kind),
            .has_marking = true,
            .marking = marking,
            .line = pass->line,
            .text = toc_json_text(pass->object, "id")};
    if (found.text.len == 0)
        found.text = pass->text;
    return toc_reader_emit(&pass->stix->reader, pass->sink, &found) ? TOC_OK : stop(pass, err);
}

// The object's id says more to a reader of the report than its text; `detail` names the property.
static toc_rc on_refuse(
        void *ctx, enum toc_refusal refusal, const char *detail, struct toc_err *err)
{
    struct pass *pass = ctx;
    struct toc_buf TOC_CLEANUP(toc_buf_done) text;
    struct toc_slice id = toc_json_text(pass->object, "id");
    toc_buf_init(&text, TOC_TEXT_BYTES_MAX);
    toc_buf_printf(&text, "%.*s %s", TOC_SLICE_ARG(id), detail);
    bool more = toc_reader_refuse(
            pass->sink, refusal, pass->line, 0, toc_slice_trim(toc_buf_slice(&text)));
    return more ? TOC_OK : stop(pass, err);
}

static toc_rc read_object(struct pass *pass, struct toc_arena *arena, struct toc_err *err)
{
    struct toc_stix_sink sink = {pass, on_emit, on_refuse};
    toc_arena_reset(arena);
    return toc_stix_read(pass->library, pass->object, arena, &sink, err);
}

// One object of the stream: learned from, or (arena given) read.
static toc_rc take_object(struct pass *pass, struct toc_arena *arena, struct toc_err *err)
{
    json_t TOC_CLEANUP(toc_json_drop) *object = NULL;
    struct toc_err why = {0};
    if (toc_failed(toc_json_parse(pass->text, &object, &why))) {
        enum toc_refusal code =
                why.code == TOC_E_LENGTH ? TOC_REFUSAL_READ_JSON_LARGE : TOC_REFUSAL_READ_JSON;
        if (arena != NULL && !toc_reader_refuse(pass->sink, code, pass->line, 0, pass->text))
            return stop(pass, err);
        return TOC_OK;
    }
    pass->object = object;
    if (arena == NULL) {
        toc_stix_learn(pass->library, object);
        return TOC_OK;
    }
    return read_object(pass, arena, err);
}

static toc_rc take_part(
        struct pass *pass, enum toc_split part, struct toc_arena *arena, struct toc_err *err)
{
    if (part == TOC_SPLIT_OBJECT)
        return take_object(pass, arena, err);
    enum toc_refusal code =
            part == TOC_SPLIT_LARGE ? TOC_REFUSAL_READ_JSON_LARGE : TOC_REFUSAL_READ_JSON;
    if (arena != NULL && !toc_reader_refuse(pass->sink, code, pass->line, 0, pass->text))
        return stop(pass, err);
    return TOC_OK;
}

static toc_rc run_pass(
        struct pass *pass, FILE *stream, struct toc_arena *arena, struct toc_err *err)
{
    struct toc_json_split split;
    enum toc_split part;
    toc_rc rc = TOC_OK;
    toc_json_split_init(&split, stream, TOC_JSON_BYTES_MAX);
    while (!toc_failed(rc) &&
            (part = toc_json_split_next(&split, &pass->text, &pass->line)) != TOC_SPLIT_END)
        rc = take_part(pass, part, arena, err);
    toc_json_split_done(&split);
    if (!toc_failed(rc) && ferror(stream))
        rc = toc_fail(err, TOC_E_IO, "reading: %s", strerror(errno));
    return rc;
}

static toc_rc run_passes(struct pass *pass, FILE *stream, struct toc_err *err)
{
    struct toc_arena arena;
    off_t begin = ftello(stream);
    TOC_ENSURE(begin >= 0, err, TOC_E_IO, "STIX needs a stream that can be read twice");
    TOC_TRY(run_pass(pass, stream, NULL, err));
    TOC_ENSURE(fseeko(stream, begin, SEEK_SET) == 0, err, TOC_E_IO, "reading again: %s",
            strerror(errno));
    toc_arena_init(&arena, OBJECT_ARENA_BYTES_MAX);
    toc_rc rc = run_pass(pass, stream, &arena, err);
    toc_arena_done(&arena);
    return rc;
}

toc_rc toc_stix_file_read(struct toc_reader *reader, FILE *stream,
        const struct toc_reader_sink *sink, struct toc_err *err)
{
    const struct toc_reader_options *o = &reader->options;
    struct toc_stix_options options = {.has_marking = o->has_marking,
            .marking = o->marking,
            .floor = o->has_marking ? o->marking : TOC_MARKING_CLEAR,
            .limit = o->limit,
            .assume_scheme = o->assume_scheme,
            .base = &o->base};
    struct pass pass = {.stix = (struct stix *)reader, .sink = sink};
    pass.library = toc_stix_reader_new(&options);
    TOC_ENSURE(pass.library != NULL, err, TOC_E_MEMORY, "no memory for a STIX reader");
    toc_rc rc = run_passes(&pass, stream, err);
    toc_stix_reader_free(pass.library);
    return pass.stopped ? TOC_OK : rc;
}

void toc_stix_file_close(struct toc_reader *reader)
{
    toc_mem_free(reader);
}
