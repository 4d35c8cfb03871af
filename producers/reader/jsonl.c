// JSON Lines: each line one Observation in its JSON form. Also what tocsin-publish --dry-run --json
// prints, so that a member can look through its statements before it sends them.
#include "producers/reader/jsonl.h"

#include <string.h>

#include "lib/avro/json.h"
#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/limits.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/indicator/identity.h"

#define ROW_ARENA_BYTES_MAX (2 * TOC_JSON_BYTES_MAX)

struct jsonl {
    struct toc_reader reader;
    struct toc_arena arena; // of one line
};

static struct toc_slice first_line(struct toc_slice head)
{
    while (head.len > 0) {
        size_t end = toc_slice_find(head, '\n');
        struct toc_slice line = toc_slice_trim(toc_slice_sub(head, 0, end));
        if (line.len > 0)
            return line;
        head = toc_slice_sub(head, end + 1, head.len);
    }
    return head;
}

bool toc_jsonl_looks(struct toc_slice head)
{
    struct toc_slice line = first_line(head);
    return line.len > 0 && line.ptr[0] == '{';
}

struct toc_reader *toc_jsonl_open(void)
{
    struct jsonl *jsonl = toc_mem_alloc(1, sizeof *jsonl);
    if (jsonl == NULL)
        return NULL;
    toc_arena_init(&jsonl->arena, ROW_ARENA_BYTES_MAX);
    return &jsonl->reader;
}

// The JSON form of an Indicator, as the hub's readers write it, names what only a hub knows.
static bool is_hub_output(const json_t *object)
{
    return json_object_get(object, "advice") != NULL || json_object_get(object, "now") != NULL ||
           json_object_get(object, "born") != NULL;
}

static enum toc_refusal check_tags(const struct toc_observation *obs)
{
    for (size_t i = 0; i < obs->tags_count; i++) {
        if (!toc_tag_valid(obs->tags[i]))
            return TOC_REFUSAL_READ_TAG;
        if (toc_identity_tags(obs->tags[i]))
            return TOC_REFUSAL_READ_ECHO;
    }
    return TOC_REFUSAL_NONE;
}

static enum toc_refusal check_ranges(const struct toc_observation *obs)
{
    if (obs->action == TOC_ACTION_UNKNOWN || obs->action == TOC_ACTION_PURGE)
        return TOC_REFUSAL_READ_ACTION;
    if (obs->confidence < 0 || obs->confidence > 100 || obs->count < 0)
        return TOC_REFUSAL_READ_NUMBER;
    return check_tags(obs);
}

// What the line leaves out comes from the feed.
static void take_defaults(
        const json_t *object, const struct toc_observation *base, struct toc_observation *obs)
{
    if (json_object_get(object, "confidence") == NULL)
        obs->confidence = base->confidence;
    if (json_object_get(object, "action") == NULL)
        obs->action = base->action;
}

static enum toc_refusal read_object(
        struct jsonl *jsonl, struct toc_slice text, struct toc_found *found)
{
    json_t TOC_CLEANUP(toc_json_drop) *object = NULL;
    struct toc_err err = {0};
    enum toc_refusal refusal = TOC_REFUSAL_READ_JSON;
    if (toc_failed(toc_json_parse(text, &object, &err)))
        return err.code == TOC_E_LENGTH ? TOC_REFUSAL_READ_JSON_LARGE : TOC_REFUSAL_READ_JSON;
    if (!json_is_object(object))
        return TOC_REFUSAL_READ_JSON;
    if (is_hub_output(object))
        return TOC_REFUSAL_READ_ECHO;
    if (toc_failed(toc_observation_from_json(object, &jsonl->arena, &found->obs, &err)))
        return toc_refusal_parse(toc_avro_json_refusal(&err), &refusal) ? refusal
                                                                        : TOC_REFUSAL_READ_FIELD;
    take_defaults(object, &jsonl->reader.options.base, &found->obs);
    found->claims = found->obs.kind == TOC_KIND_UNKNOWN ? 0 : TOC_CLAIM(found->obs.kind);
    return check_ranges(&found->obs);
}

static bool each_line(
        struct toc_reader *reader, const struct toc_reader_sink *sink, const struct toc_line *line)
{
    struct jsonl *jsonl = (struct jsonl *)reader;
    struct toc_slice text = toc_slice_trim(line->text);
    struct toc_found found = {.line = line->number, .text = text};
    if (text.len == 0)
        return true;
    toc_arena_reset(&jsonl->arena);
    enum toc_refusal refusal = read_object(jsonl, text, &found);
    if (refusal != TOC_REFUSAL_NONE)
        return toc_reader_refuse(sink, refusal, line->number, 0, text);
    return toc_reader_emit(reader, sink, &found);
}

toc_rc toc_jsonl_read(struct toc_reader *reader, FILE *stream, const struct toc_reader_sink *sink,
        struct toc_err *err)
{
    return toc_reader_lines(reader, stream, sink, each_line, err);
}

void toc_jsonl_close(struct toc_reader *reader)
{
    struct jsonl *jsonl = (struct jsonl *)reader;
    toc_arena_done(&jsonl->arena);
    toc_mem_free(jsonl);
}
