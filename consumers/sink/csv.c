// CSV (RFC 4180, line ends LF), one indicator a row, for people and spreadsheets. The comment lines in
// front say what the file is; `#` begins them. Cells that a spreadsheet would take for a formula get an
// apostrophe in front (OWASP "CSV Injection"): what others wrote must never run.
#include "consumers/sink/sink.h"

#include "lib/base/text.h"
#include "lib/base/time.h"

static const char columns[] =
        "value,kind,advice,score,confidence,severity,status,first_seen,last_seen,valid_until,drop_"
        "after,"
        "organisations,corroborated,sightings,hits,pap,registrable,tags,lists,reasons,sources,id\n";

// A cell under construction: texts joined in `text`, then escaped as one.
struct row {
    struct toc_buf *out;
    struct toc_buf text;
    bool first;
};

static bool begins_formula(struct toc_slice s)
{
    static const struct toc_slice starts[] = {TOC_S_INIT("="), TOC_S_INIT("+"), TOC_S_INIT("-"),
            TOC_S_INIT("@"), TOC_S_INIT("\xef\xbc\x9d"), TOC_S_INIT("\xef\xbc\x8b"),
            TOC_S_INIT("\xef\xbc\x8d"), TOC_S_INIT("\xef\xbc\xa0")}; // and their full-width forms
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (toc_slice_starts(s, starts[i]))
            return true;
    return false;
}

static bool needs_quotes(struct toc_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] == '"' || s.ptr[i] == ',' || s.ptr[i] == '\n' || s.ptr[i] == '\r')
            return true;
    return s.len != 0 && (s.ptr[0] == ' ' || s.ptr[s.len - 1] == ' ' || s.ptr[0] == '#');
}

// Takes what was collected in row->text as the next cell.
static void cell_end(struct row *row)
{
    struct toc_slice s = toc_slice_trim(toc_buf_slice(&row->text));
    bool quoted = needs_quotes(s);
    if (!row->first)
        toc_buf_put_byte(row->out, ',');
    row->first = false;
    if (quoted)
        toc_buf_put_byte(row->out, '"');
    if (begins_formula(s))
        toc_buf_put_byte(row->out, '\'');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"')
            toc_buf_put_byte(row->out, '"');
        toc_buf_put_byte(row->out, s.ptr[i]);
    }
    if (quoted)
        toc_buf_put_byte(row->out, '"');
    if (row->text.failed)
        row->out->failed = true;
    toc_buf_clear(&row->text);
}

static void text_cell(struct row *row, struct toc_slice s)
{
    toc_text_safe(&row->text, s);
    cell_end(row);
}

static void texts_cell(struct row *row, const struct toc_slice *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            toc_buf_put_text(&row->text, "; ");
        toc_text_safe(&row->text, items[i]);
    }
    cell_end(row);
}

static void word_cell(struct row *row, const char *word)
{
    toc_buf_put_text(&row->text, word);
    cell_end(row);
}

static void number_cell(struct row *row, bool stated, int32_t n)
{
    if (stated)
        toc_buf_printf(&row->text, "%d", (int)n);
    cell_end(row);
}

static void time_cell(struct row *row, int64_t ms)
{
    if (ms != 0)
        toc_time_put(&row->text, ms);
    cell_end(row);
}

// member/feed of each named source, role:ROLE of those that are shown by theirs only.
static void sources_cell(struct row *row, const struct toc_indicator *indicator)
{
    for (size_t i = 0; i < indicator->sources_count; i++) {
        const struct toc_source_row *source = &indicator->sources[i];
        if (i > 0)
            toc_buf_put_text(&row->text, "; ");
        toc_text_safe(&row->text, source->member);
        toc_buf_put_byte(&row->text, '/');
        toc_text_safe(&row->text, source->feed);
    }
    if (indicator->more_sources > 0)
        toc_buf_printf(&row->text, "; %d more", (int)indicator->more_sources);
    for (size_t i = 0; i < indicator->roles_count; i++)
        toc_buf_printf(&row->text, "%srole:%s", i + indicator->sources_count > 0 ? "; " : "",
                toc_member_role_spelling(indicator->roles[i]));
    cell_end(row);
}

static bool entry(const struct toc_sink_picture *picture, const struct toc_indicator *indicator,
        int64_t published_ms, struct toc_buf *out)
{
    const struct toc_facts *now = &indicator->now;
    struct row row = {.out = out, .first = true};
    (void)picture;
    (void)published_ms;
    toc_buf_init(&row.text, TOC_SINK_LINE_BYTES_MAX);
    text_cell(&row, indicator->value);
    word_cell(&row, toc_kind_spelling(indicator->kind));
    word_cell(&row, toc_advice_spelling(now->advice));
    number_cell(&row, now->has_score, now->score);
    number_cell(&row, true, now->confidence);
    word_cell(&row, toc_severity_spelling(now->severity));
    word_cell(&row, toc_status_spelling(now->status));
    time_cell(&row, now->first_seen);
    time_cell(&row, now->last_seen);
    time_cell(&row, now->valid_until);
    time_cell(&row, indicator->has_drop_after ? indicator->drop_after : 0);
    number_cell(&row, true, now->organisations);
    word_cell(&row, now->corroborated ? "true" : "false");
    number_cell(&row, true, now->sightings);
    number_cell(&row, true, now->hits);
    word_cell(&row, toc_pap_spelling(now->pap));
    text_cell(&row, now->registrable);
    texts_cell(&row, now->tags, now->tags_count);
    texts_cell(&row, now->lists, now->lists_count);
    texts_cell(&row, indicator->reasons, indicator->reasons_count);
    sources_cell(&row, indicator);
    text_cell(&row, indicator->id);
    toc_buf_done(&row.text);
    return true;
}

static void header(const struct toc_sink_page *page, struct toc_buf *out)
{
    toc_sink_comment(page, "# ", "indicators of interest, one a row", out);
    toc_buf_put_text(out, columns);
}

static const char *entry_end(const struct toc_sink_page *page)
{
    (void)page;
    return "\n";
}

const struct toc_sink toc_sink_csv = {
        .name = "csv",
        .takes = TOC_SINK_TAKES_INTEREST,
        .entry = entry,
        .header = header,
        .entry_end = entry_end,
};
