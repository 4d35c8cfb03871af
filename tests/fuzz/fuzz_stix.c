// Any JSON array as the objects of a bundle, read in two passes: whatever comes out is canonical,
// within the limits of the schema, and its texts are safe.
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/indicator/canon.h"
#include "lib/stix/read.h"
#include "tests/fuzz/fuzz.h"

static toc_rc emit(
        void *ctx, const struct toc_observation *o, enum toc_marking marking, struct toc_err *err)
{
    (void)ctx;
    (void)err;
    FUZZ_CHECK(toc_canon_check(o->kind, o->value) == TOC_REFUSAL_NONE);
    FUZZ_CHECK(marking <= TOC_MARKING_AMBER);
    FUZZ_CHECK(o->confidence >= 0 && o->confidence <= 100 && o->count >= 1);
    FUZZ_CHECK(o->tags_count <= 32 && o->relations_count <= 16 && o->references_count <= 8);
    FUZZ_CHECK(o->description.len <= 1024 && toc_text_is_safe(o->description));
    FUZZ_CHECK(o->origin.len <= 128 && toc_text_is_safe(o->origin));
    for (size_t i = 0; i < o->tags_count; i++)
        FUZZ_CHECK(toc_tag_valid(o->tags[i]));
    for (size_t i = 0; i < o->relations_count; i++)
        FUZZ_CHECK(
                toc_canon_check(o->relations[i].kind, o->relations[i].value) == TOC_REFUSAL_NONE);
    for (size_t i = 0; i < o->references_count; i++)
        FUZZ_CHECK(toc_text_is_safe(o->references[i].source) &&
                   toc_text_is_safe(o->references[i].id) && toc_text_is_safe(o->references[i].url));
    return TOC_OK;
}

static toc_rc refuse(void *ctx, enum toc_refusal refusal, const char *detail, struct toc_err *err)
{
    (void)ctx;
    (void)err;
    FUZZ_CHECK(refusal != TOC_REFUSAL_NONE && toc_text_is_safe(toc_slice_of(detail)));
    return TOC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct toc_stix_options options = {.has_marking = true,
            .marking = TOC_MARKING_GREEN,
            .limit = TOC_MARKING_AMBER,
            .assume_scheme = true};
    static const struct toc_stix_sink sink = {NULL, emit, refuse};
    struct toc_err err = {0};
    json_t *objects = NULL;
    if (toc_failed(toc_json_parse(toc_slice(data, size), &objects, &err)))
        return 0;
    struct toc_arena arena;
    struct toc_stix_reader *reader = toc_stix_reader_new(&options);
    FUZZ_CHECK(reader != NULL);
    toc_arena_init(&arena, 8 << 20);
    for (size_t i = 0; i < json_array_size(objects); i++)
        toc_stix_learn(reader, json_array_get(objects, i));
    for (size_t i = 0; i < json_array_size(objects); i++) {
        toc_arena_reset(&arena);
        FUZZ_CHECK(!toc_failed(
                toc_stix_read(reader, json_array_get(objects, i), &arena, &sink, &err)));
    }
    FUZZ_CHECK(toc_stix_reader_counts(reader)->objects == json_array_size(objects));
    toc_stix_reader_free(reader);
    toc_arena_done(&arena);
    json_decref(objects);
    return 0;
}
