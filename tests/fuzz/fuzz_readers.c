// Any bytes as a member's file, in the format they look like and in each other one: whatever passes
// reader and stage is canonical, within the limits of the schema, safe to show, and comes back from
// the spool as it went in; every refusal has a code, and lines are numbered upwards.
#include <string.h>

#include "lib/base/text.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/identity.h"
#include "producers/runner/entry.h"
#include "producers/runner/stage.h"
#include "tests/fuzz/fuzz.h"

struct watch {
    struct toc_stage *stage;
    uint64_t line;
};

static toc_rc take(void *ctx, const uint8_t key[TOC_KEY_BYTES], enum toc_marking marking,
        const struct toc_observation *o, struct toc_err *err)
{
    uint8_t want[TOC_KEY_BYTES];
    struct toc_observation back;
    struct toc_buf first, second;
    struct toc_arena arena;
    (void)ctx;
    toc_indicator_key(o->kind, o->value, want);
    FUZZ_CHECK(memcmp(key, want, sizeof want) == 0 && marking <= TOC_MARKING_AMBER);
    FUZZ_CHECK(toc_canon_check(o->kind, o->value) == TOC_REFUSAL_NONE);
    FUZZ_CHECK(o->confidence >= 0 && o->confidence <= 100 && o->count >= 1);
    FUZZ_CHECK(o->action != TOC_ACTION_UNKNOWN && o->action != TOC_ACTION_PURGE);
    FUZZ_CHECK(toc_text_is_safe(o->description) && toc_text_is_safe(o->origin));
    for (size_t i = 0; i < o->tags_count; i++)
        FUZZ_CHECK(toc_tag_valid(o->tags[i]) && !toc_identity_tags(o->tags[i]));
    for (size_t i = 0; i < o->relations_count; i++)
        FUZZ_CHECK(
                toc_canon_check(o->relations[i].kind, o->relations[i].value) == TOC_REFUSAL_NONE);
    toc_buf_init(&first, TOC_SORT_ENTRY_BYTES_MAX);
    toc_buf_init(&second, TOC_SORT_ENTRY_BYTES_MAX);
    toc_arena_init(&arena, TOC_ENTRY_ARENA_BYTES);
    toc_entry_put(o, &first);
    FUZZ_CHECK(
            !first.failed && !toc_failed(toc_entry_get(toc_buf_slice(&first), &arena, &back, err)));
    toc_entry_put(&back, &second);
    FUZZ_CHECK(toc_slice_eq(toc_buf_slice(&first), toc_buf_slice(&second)));
    toc_buf_done(&first);
    toc_buf_done(&second);
    toc_arena_done(&arena);
    return TOC_OK;
}

static bool found(void *ctx, const struct toc_found *f)
{
    struct watch *watch = ctx;
    struct toc_reader_sink sink = toc_stage_sink(watch->stage);
    FUZZ_CHECK(f->line >= watch->line);
    watch->line = f->line;
    return sink.found(sink.ctx, f);
}

static bool refused(void *ctx, const struct toc_refused *r)
{
    struct watch *watch = ctx;
    struct toc_reader_sink sink = toc_stage_sink(watch->stage);
    FUZZ_CHECK(
            r->line >= watch->line && r->code != TOC_REFUSAL_NONE && r->code < TOC_REFUSAL_COUNT);
    watch->line = r->line;
    return sink.refused(sink.ctx, r);
}

static void read_as(
        const struct toc_reader_row *row, const uint8_t *data, size_t size, struct toc_stage *stage)
{
    struct toc_reader_options options = {
            .has_marking = true, .marking = TOC_MARKING_GREEN, .limit = TOC_MARKING_AMBER};
    struct watch watch = {.stage = stage};
    struct toc_reader_sink sink = {&watch, found, refused};
    struct toc_reader *reader = NULL;
    struct toc_err err = {0};
    FILE *stream = size == 0 ? tmpfile() : fmemopen((void *)(uintptr_t)data, size, "rb");
    FUZZ_CHECK(stream != NULL);
    toc_observation_init(&options.base);
    FUZZ_CHECK(!toc_failed(toc_reader_open(row, &options, &reader, &err)));
    FUZZ_CHECK(!toc_failed(toc_reader_read(reader, stream, &sink, &err)));
    FUZZ_CHECK(!toc_failed(toc_stage_check(stage, &err)));
    toc_reader_close(reader);
    fclose(stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct toc_privacy *guard;
    static FILE *nowhere;
    static const struct toc_privacy_rules rules;
    struct toc_report report;
    struct toc_stage stage;
    struct toc_err err = {0};
    if (guard == NULL)
        FUZZ_CHECK(!toc_failed(toc_privacy_new(&rules, &guard, &err)) &&
                   (nowhere = fopen("/dev/null", "w")) != NULL);
    struct toc_report_options said = {.input = "in", .out = nowhere};
    struct toc_stage_options options = {.guard = guard,
            .has_marking = true,
            .marking = TOC_MARKING_GREEN,
            .limit = TOC_MARKING_AMBER,
            .allow = TOC_PRIVACY_MAIL | TOC_PRIVACY_DESCRIPTION,
            .take = take};
    FUZZ_CHECK(!toc_failed(toc_report_open(&report, &said, &err)));
    for (const struct toc_reader_row *row = toc_readers; row->name != NULL; row++) {
        toc_stage_init(&stage, &options, &report);
        read_as(row, data, size, &stage);
        toc_stage_done(&stage);
    }
    toc_reader_detect(toc_slice(data, size));
    return 0;
}
