// Reads a bundle as a connector does (learn all, then read all) and writes down what came out: a line
// an observation, "action kind value marking" and what is set beside it, and a line a refusal.
#pragma once

#include "tests/support/unit.h"

#include "lib/base/json.h"
#include "lib/indicator/canon.h"
#include "lib/base/text.h"
#include "lib/stix/read.h"

// Objects written short: what every object of that type needs is in the macro.
#define U(n) "--00000000-0000-4000-8000-00000000000" #n
#define SDO(type, n, rest)                                                                         \
    "{\"type\":\"" type "\",\"spec_version\":\"2.1\",\"id\":\"" type                               \
    U(n) "\",\"created\":\"2026-01-01T00:00:00Z\",\"modified\":\"2026-01-02T00:00:00.000Z\"" rest  \
         "}"
#define INDICATOR(n, pattern, rest)                                                                \
    SDO("indicator", n,                                                                            \
            ",\"pattern_type\":\"stix\",\"valid_from\":\"2026-01-01T00:00:00Z\",\"pattern\":"      \
            "\"" pattern "\"" rest)
#define RELATION(n, source, what, target)                                                          \
    SDO("relationship", n,                                                                         \
            ",\"source_ref\":\"" source "\",\"relationship_type\":\"" what                         \
            "\",\"target_ref\":\"" target "\"")
#define SCO(type, n, rest) "{\"type\":\"" type "\",\"id\":\"" type U(n) "\"" rest "}"
#define EVIL(rest) INDICATOR(1, "[domain-name:value = 'evil.com']", rest)

struct reading {
    struct toc_buf lines;
    struct toc_stix_counts counts;
    size_t refused[TOC_REFUSAL_COUNT];
    bool terse; // no refusal lines, nothing beside the four words
};

// GREEN unless stated, up to AMBER.
static const struct toc_stix_options reading_green = {
        .has_marking = true, .marking = TOC_MARKING_GREEN, .limit = TOC_MARKING_AMBER};

static inline void reading_beside(struct toc_buf *out, const struct toc_observation *obs)
{
    static const char *const names[] = {
            "", " resolves-to=", " downloaded-from=", " same-file-as=", " part-of="};
    if (obs->confidence != 70)
        toc_buf_printf(out, " confidence=%d", obs->confidence);
    if (obs->count != 1)
        toc_buf_printf(out, " count=%d", obs->count);
    for (size_t i = 0; i < obs->tags_count; i++) {
        toc_buf_put_text(out, " #");
        toc_buf_put_slice(out, obs->tags[i]);
    }
    for (size_t i = 0; i < obs->relations_count; i++) {
        toc_buf_put_text(out, names[obs->relations[i].type]);
        toc_buf_put_slice(out, obs->relations[i].value);
    }
    for (size_t i = 0; i < obs->references_count; i++) {
        toc_buf_put_text(out, " ref=");
        toc_buf_put_slice(out, obs->references[i].source);
        toc_buf_put_byte(out, '|');
        toc_buf_put_slice(out, obs->references[i].id);
        toc_buf_put_byte(out, '|');
        toc_buf_put_slice(out, obs->references[i].url);
    }
}

static inline toc_rc reading_emit(
        void *ctx, const struct toc_observation *obs, enum toc_marking marking, struct toc_err *err)
{
    struct reading *r = ctx;
    (void)err;
    // What every observation of the reader owes its readers.
    assert_int_equal(toc_canon_check(obs->kind, obs->value), TOC_REFUSAL_NONE);
    assert_true(toc_text_is_safe(obs->description) && obs->description.len <= 1024);
    assert_true(obs->tags_count <= 32 && obs->relations_count <= 16 && obs->references_count <= 8);
    assert_true(obs->confidence >= 0 && obs->confidence <= 100 && obs->count >= 1);
    assert_true(obs->origin.len > 0 && obs->origin.len <= 128);
    for (size_t i = 0; i < obs->tags_count; i++)
        assert_true(toc_tag_valid(obs->tags[i]));
    for (size_t i = 0; i < obs->relations_count; i++)
        assert_int_equal(
                toc_canon_check(obs->relations[i].kind, obs->relations[i].value), TOC_REFUSAL_NONE);
    for (size_t i = 0; i < obs->references_count; i++)
        assert_true(toc_text_is_safe(obs->references[i].source) &&
                    obs->references[i].source.len <= 128 &&
                    toc_text_is_safe(obs->references[i].id) && obs->references[i].id.len <= 256 &&
                    toc_text_is_safe(obs->references[i].url) && obs->references[i].url.len <= 2048);
    toc_buf_printf(&r->lines, "%s %s ", toc_action_symbol(obs->action), toc_kind_symbol(obs->kind));
    toc_buf_put_slice(&r->lines, obs->value);
    toc_buf_printf(&r->lines, " %s", toc_marking_symbol(marking));
    if (!r->terse)
        reading_beside(&r->lines, obs);
    toc_buf_put_byte(&r->lines, '\n');
    return TOC_OK;
}

static inline toc_rc reading_refuse(
        void *ctx, enum toc_refusal refusal, const char *detail, struct toc_err *err)
{
    struct reading *r = ctx;
    (void)err;
    assert_true(toc_text_is_safe(toc_slice_of(detail)));
    r->refused[refusal]++;
    if (!r->terse)
        toc_buf_printf(&r->lines, "! %s %s\n", toc_refusal_code(refusal), detail);
    return TOC_OK;
}

// `objects`: a JSON array, or an object with one under "objects".
static inline void reading_of(
        struct reading *r, const json_t *objects, const struct toc_stix_options *options)
{
    struct toc_arena arena;
    struct toc_err err = {0};
    struct toc_stix_reader *reader = toc_stix_reader_new(options);
    const struct toc_stix_sink sink = {r, reading_emit, reading_refuse};
    if (json_is_object(objects))
        objects = json_object_get(objects, "objects");
    toc_arena_init(&arena, 4 << 20);
    for (size_t i = 0; i < json_array_size(objects); i++)
        toc_stix_learn(reader, json_array_get(objects, i));
    for (size_t i = 0; i < json_array_size(objects); i++) {
        toc_arena_reset(&arena);
        assert_ok(toc_stix_read(reader, json_array_get(objects, i), &arena, &sink, &err), err);
    }
    r->counts = *toc_stix_reader_counts(reader);
    toc_stix_reader_free(reader);
    toc_arena_done(&arena);
}

static inline void reading_init(struct reading *r, bool terse)
{
    *r = (struct reading){.terse = terse};
    toc_buf_init(&r->lines, 16 << 20);
}

static inline void reading_file(
        struct reading *r, const char *path, const struct toc_stix_options *options)
{
    struct toc_buf file = unit_read(path);
    json_error_t error;
    json_t *bundle = json_loadb((const char *)file.ptr, file.len, 0, &error);
    assert_non_null(bundle);
    reading_of(r, bundle, options);
    json_decref(bundle);
    toc_buf_done(&file);
}

static inline void reading_done(struct reading *r)
{
    toc_buf_done(&r->lines);
}
