// What a reader says, as text: one line a statement, so that a case is a text beside a text.
#pragma once

#include "tests/support/unit.h"

#include "lib/base/text.h"
#include "lib/base/time.h"
#include "producers/reader/reader.h"

#define READING_BYTES_MAX ((size_t)4 * 1024 * 1024)

struct reading {
    struct toc_buf text;
    size_t found, refused;
    size_t stop_after; // end the read at this many statements; 0 = never
};

static inline void reading_init(struct reading *r)
{
    *r = (struct reading){0};
    toc_buf_init(&r->text, READING_BYTES_MAX);
}

static inline void reading_put_claims(struct toc_buf *out, uint32_t claims)
{
    if (claims == 0)
        toc_buf_put_text(out, "?");
    else if (claims == TOC_CLAIM_HASH)
        toc_buf_put_text(out, "hash");
    else if (claims == TOC_CLAIM_ADDRESS)
        toc_buf_put_text(out, "address");
    else if ((claims & (claims - 1)) != 0)
        toc_buf_printf(out, "%x", claims);
    else
        toc_buf_put_text(out, toc_kind_symbol((enum toc_kind)__builtin_ctz(claims)));
}

static inline void reading_put_facts(struct toc_buf *out, const struct toc_observation *obs)
{
    if (obs->action != TOC_ACTION_ASSERT)
        toc_buf_printf(out, " %s", toc_action_symbol(obs->action));
    if (obs->confidence != 70)
        toc_buf_printf(out, " c=%d", (int)obs->confidence);
    if (obs->severity != TOC_SEVERITY_UNKNOWN)
        toc_buf_printf(out, " %s", toc_severity_symbol(obs->severity));
    if (obs->count != 1)
        toc_buf_printf(out, " n=%d", (int)obs->count);
    if (obs->first_seen != 0)
        toc_buf_printf(out, " first=%s", TOC_TIME_SHOW(obs->first_seen));
    if (obs->last_seen != 0)
        toc_buf_printf(out, " last=%s", TOC_TIME_SHOW(obs->last_seen));
    if (obs->valid_until != 0)
        toc_buf_printf(out, " until=%s", TOC_TIME_SHOW(obs->valid_until));
    for (size_t i = 0; i < obs->tags_count; i++)
        toc_buf_printf(out, " #%.*s", TOC_SLICE_ARG(obs->tags[i]));
    for (size_t i = 0; i < obs->relations_count; i++)
        toc_buf_printf(out, " %s:%.*s", toc_relation_type_spelling(obs->relations[i].type),
                TOC_SLICE_ARG(obs->relations[i].value));
    for (size_t i = 0; i < obs->references_count; i++)
        toc_buf_printf(out, " <%.*s>", TOC_SLICE_ARG(obs->references[i].url));
    if (obs->description.len > 0)
        toc_buf_printf(out, " \"%.*s\"", TOC_SLICE_ARG(obs->description));
}

static inline bool reading_more(const struct reading *r)
{
    return r->stop_after == 0 || r->found + r->refused < r->stop_after;
}

static inline bool reading_found(void *ctx, const struct toc_found *found)
{
    struct reading *r = ctx;
    r->found++;
    toc_buf_printf(&r->text, "%llu ", (unsigned long long)found->line);
    reading_put_claims(&r->text, found->claims);
    toc_buf_printf(&r->text, " %.*s", TOC_SLICE_ARG(found->obs.value));
    if (found->has_marking)
        toc_buf_printf(&r->text, " %s", toc_marking_symbol(found->marking));
    reading_put_facts(&r->text, &found->obs);
    toc_buf_put_byte(&r->text, '\n');
    return reading_more(r);
}

static inline bool reading_refused(void *ctx, const struct toc_refused *refused)
{
    struct reading *r = ctx;
    r->refused++;
    toc_buf_printf(&r->text, "%llu", (unsigned long long)refused->line);
    if (refused->column > 0)
        toc_buf_printf(&r->text, ":%u", (unsigned)refused->column);
    toc_buf_printf(&r->text, " - %s\n", toc_refusal_code(refused->code));
    return reading_more(r);
}

static inline struct toc_reader_sink reading_sink(struct reading *r)
{
    return (struct toc_reader_sink){r, reading_found, reading_refused};
}

static inline struct toc_reader_options reading_options(void)
{
    struct toc_reader_options options = {
            .has_marking = true, .marking = TOC_MARKING_CLEAR, .limit = TOC_MARKING_AMBER};
    toc_observation_init(&options.base);
    return options;
}

// A text as a stream that can be read twice.
static inline FILE *reading_stream(struct toc_slice text)
{
    FILE *stream = tmpfile();
    assert_non_null(stream);
    assert_int_equal(fwrite(text.ptr, 1, text.len, stream), text.len);
    rewind(stream);
    return stream;
}

static inline void reading_read(
        const struct toc_reader_row *row, struct toc_slice text, struct reading *r)
{
    struct toc_reader_options options = reading_options();
    struct toc_reader_sink sink = reading_sink(r);
    struct toc_reader *reader = NULL;
    struct toc_err err = {0};
    FILE *stream = reading_stream(text);
    assert_ok(toc_reader_open(row, &options, &reader, &err), err);
    assert_ok(toc_reader_read(reader, stream, &sink, &err), err);
    toc_reader_close(reader);
    fclose(stream);
}
