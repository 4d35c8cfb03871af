// Tables: RFC 4180 and what publishers make of it (other delimiters, the header in the last comment,
// Zeek's intel files). The header names the columns; a table that names none with an indicator is
// refused line by line, for nobody knows what its cells mean.
#include "producers/reader/csv.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/limits.h"
#include "lib/base/mem.h"
#include "lib/indicator/identity.h"
#include "lib/indicator/limits.h"
#include "producers/reader/parse/csv_columns.h"
#include "producers/reader/parse/field.h"

// A quote that nobody closes must not swallow the file.
#define RECORD_LINES_MAX 100
#define RECORD_BYTES_MAX (64 * 1024)
#define ROW_VALUES_MAX 16 // indicators of one row
#define ROW_ARENA_BYTES_MAX (1024 * 1024)

struct csv {
    struct toc_reader reader;
    struct toc_csv_columns columns, commented;
    bool has_header, headless, has_commented;
    struct toc_csv_row row;
    struct toc_buf record; // lines of an open record so far
    uint64_t record_line, record_lines;
    struct toc_arena arena; // of one row
};

// ---- one row

struct row_values {
    struct toc_slice values[ROW_VALUES_MAX];
    uint32_t claims[ROW_VALUES_MAX];
    size_t count;
};

static bool is_file_claim(uint32_t claims)
{
    return claims != 0 && (claims & ~TOC_CLAIM_HASH) == 0;
}

// The parts of a cell: one value, or the hashes of one file.
static void add_values(struct row_values *out, struct toc_slice cell, uint32_t claims)
{
    const char *between = is_file_claim(claims) ? ",;| " : "";
    while (cell.len > 0 && out->count < ROW_VALUES_MAX) {
        size_t end = 0;
        while (end < cell.len && (cell.ptr[end] == '\0' || strchr(between, cell.ptr[end]) == NULL))
            end++;
        struct toc_slice part = toc_slice_trim(toc_slice_sub(cell, 0, end));
        cell = toc_slice_sub(cell, end + 1, cell.len);
        if (toc_field_unset(part))
            continue;
        out->values[out->count] = part;
        out->claims[out->count++] = claims;
    }
}

// "name|hash" and "address|port" as some exports join them.
static struct toc_slice open_joint(struct toc_slice cell, char joint, struct toc_arena *arena)
{
    size_t bar = toc_slice_find(cell, '|');
    if (joint == 0 || bar == cell.len)
        return cell;
    if (joint == '|')
        return toc_slice_sub(cell, bar + 1, cell.len);
    struct toc_slice copy = toc_arena_copy(arena, cell);
    uint8_t *bytes = toc_arena_alloc(arena, cell.len, 1);
    if (copy.ptr == NULL || bytes == NULL)
        return cell;
    memcpy(bytes, cell.ptr, cell.len);
    bytes[bar] = (uint8_t)joint;
    return (struct toc_slice){bytes, cell.len};
}

// All indicators of the row. *column is where a refusal stands.
static enum toc_refusal collect_values(struct csv *csv, struct row_values *out, uint32_t *column)
{
    const struct toc_type_word *type = NULL;
    for (size_t i = 0; i < csv->row.count && i < csv->columns.count; i++) {
        if (csv->columns.roles[i] != TOC_CSV_TYPE || toc_field_unset(csv->row.cells[i]))
            continue;
        type = toc_type_word(csv->row.cells[i]);
        *column = (uint32_t)i + 1;
        if (type == NULL || type->claims == 0)
            return TOC_REFUSAL_CANON_KIND;
    }
    for (size_t i = 0; i < csv->row.count && i < csv->columns.count; i++) {
        struct toc_slice cell = csv->row.cells[i];
        if (toc_field_unset(cell))
            continue;
        if (csv->columns.roles[i] == TOC_CSV_VALUE)
            add_values(out, cell, csv->columns.claims[i]);
        else if (csv->columns.roles[i] == TOC_CSV_TYPED && type != NULL)
            add_values(out, open_joint(cell, type->joint, &csv->arena), type->claims);
        else if (csv->columns.roles[i] == TOC_CSV_TYPED)
            add_values(out, cell, 0);
    }
    *column = 0;
    return out->count == 0 ? TOC_REFUSAL_CANON_EMPTY : TOC_REFUSAL_NONE;
}

static enum toc_refusal take_reference(
        struct toc_slice cell, struct toc_arena *arena, struct toc_observation *obs)
{
    struct toc_reference *reference = toc_arena_alloc(arena, 1, sizeof *reference);
    if (reference == NULL || !toc_slice_starts(cell, TOC_S("http")))
        return TOC_REFUSAL_NONE; // what is no link says nothing to others
    toc_reference_init(reference);
    reference->url = cell;
    obs->references = reference;
    obs->references_count = 1;
    return TOC_REFUSAL_NONE;
}

static enum toc_refusal take_cell(enum toc_csv_role role, struct toc_slice cell,
        struct toc_arena *arena, struct toc_observation *obs)
{
    switch (role) {
    case TOC_CSV_TAGS:
        return toc_field_tags(cell, "", arena, obs);
    case TOC_CSV_MALWARE:
        return toc_field_tags(cell, "malware:", arena, obs);
    case TOC_CSV_CONFIDENCE:
        return toc_field_number(cell, 100, &obs->confidence);
    case TOC_CSV_SEVERITY:
        return toc_field_severity(cell, &obs->severity);
    case TOC_CSV_FIRST_SEEN:
        return toc_field_time(cell, &obs->first_seen);
    case TOC_CSV_LAST_SEEN:
        return toc_field_time(cell, &obs->last_seen);
    case TOC_CSV_VALID_UNTIL:
        return toc_field_time(cell, &obs->valid_until);
    case TOC_CSV_COUNT:
        return toc_field_number(cell, INT32_MAX, &obs->count);
    case TOC_CSV_ACTION:
        return toc_field_action(cell, &obs->action);
    case TOC_CSV_DESCRIPTION:
        obs->description = cell;
        return TOC_REFUSAL_NONE;
    case TOC_CSV_REFERENCE:
        return take_reference(cell, arena, obs);
    case TOC_CSV_IGNORED:
    case TOC_CSV_VALUE:
    case TOC_CSV_TYPED:
    case TOC_CSV_TYPE:
        break;
    }
    return TOC_REFUSAL_NONE;
}

static enum toc_refusal collect_facts(
        struct csv *csv, struct toc_observation *obs, uint32_t *column)
{
    for (size_t i = 0; i < csv->row.count && i < csv->columns.count; i++) {
        if (toc_field_unset(csv->row.cells[i]))
            continue;
        *column = (uint32_t)i + 1;
        enum toc_refusal refusal =
                take_cell(csv->columns.roles[i], csv->row.cells[i], &csv->arena, obs);
        if (refusal != TOC_REFUSAL_NONE)
            return refusal;
    }
    *column = 0;
    return TOC_REFUSAL_NONE;
}

// The other hashes of the same row are of the same file.
static void relate_hashes(const struct row_values *row, size_t self, struct toc_arena *arena,
        struct toc_observation *obs)
{
    struct toc_relation *relations = toc_arena_alloc(arena, ROW_VALUES_MAX, sizeof *relations);
    if (relations == NULL || !is_file_claim(row->claims[self]))
        return;
    size_t count = 0;
    for (size_t i = 0; i < row->count && count < TOC_OBSERVATION_RELATIONS_MAX; i++) {
        if (i == self || !is_file_claim(row->claims[i]))
            continue;
        toc_relation_init(&relations[count]);
        relations[count].type = TOC_RELATION_TYPE_SAME_FILE_AS;
        relations[count++].value = row->values[i];
    }
    obs->relations = relations;
    obs->relations_count = count;
}

static bool each_row(
        struct csv *csv, const struct toc_reader_sink *sink, struct toc_slice record, uint64_t line)
{
    struct row_values values = {0};
    struct toc_observation facts = csv->reader.options.base;
    uint32_t column = 0;
    if (csv->headless)
        return toc_reader_refuse(sink, TOC_REFUSAL_READ_COLUMN, line, 0, record);
    toc_arena_reset(&csv->arena);
    enum toc_refusal refusal = collect_values(csv, &values, &column);
    if (refusal == TOC_REFUSAL_NONE)
        refusal = collect_facts(csv, &facts, &column);
    if (refusal != TOC_REFUSAL_NONE)
        return toc_reader_refuse(sink, refusal, line, column, record);
    for (size_t i = 0; i < values.count; i++) {
        struct toc_found found = {
                .obs = facts, .claims = values.claims[i], .line = line, .text = record};
        found.obs.value = values.values[i];
        relate_hashes(&values, i, &csv->arena, &found.obs);
        if (!toc_reader_emit(&csv->reader, sink, &found))
            return false;
    }
    return true;
}

// ---- the header

// A comment before the header: the mark of our own outputs, Zeek's header, or the header of a
// publisher that hides it in its last comment.
static void take_comment(struct csv *csv, struct toc_slice text)
{
    csv->reader.echo = csv->reader.echo || toc_identity_marks(toc_slice_sub(text, 1, text.len));
    if (csv->has_header)
        return;
    if (toc_slice_starts(text, TOC_S(TOC_ZEEK_FIELDS)))
        csv->has_header = toc_csv_header(text, &csv->columns);
    else if (toc_csv_header(toc_slice_trim(toc_slice_sub(text, 1, text.len)), &csv->commented))
        csv->has_commented = true;
}

// True if the first line that is no comment has as many cells as the commented header.
static bool commented_fits(struct csv *csv, struct toc_slice line)
{
    return csv->has_commented && csv->commented.count > 1 &&
           toc_csv_split(line, csv->commented.delimiter, true, &csv->row) == TOC_CSV_WHOLE &&
           csv->row.count == csv->commented.count;
}

// Decides by the first line that is no comment; true if that line was the header itself.
static bool take_first(struct csv *csv, struct toc_slice line)
{
    csv->has_header = true;
    if (commented_fits(csv, line)) {
        csv->columns = csv->commented;
        return false;
    }
    if (toc_csv_header(line, &csv->columns))
        return true;
    toc_csv_single(&csv->columns);
    csv->headless =
            toc_csv_split(line, ',', true, &csv->row) != TOC_CSV_WHOLE || csv->row.count != 1;
    return false;
}

// ---- lines into records

static bool take_line(struct csv *csv, const struct toc_reader_sink *sink, struct toc_slice line,
        uint64_t number);

// The open record never closes: its first line is refused alone, the others are read anew.
static bool give_up(struct csv *csv, const struct toc_reader_sink *sink)
{
    struct toc_buf lines =
            csv->record; // taken over; it has fewer lines than RECORD_LINES_MAX again
    uint64_t number = csv->record_line;
    toc_buf_init(&csv->record, RECORD_BYTES_MAX);
    csv->record_lines = 0;
    struct toc_slice rest = toc_buf_slice(&lines);
    size_t end = toc_slice_find(rest, '\n');
    bool more =
            toc_reader_refuse(sink, TOC_REFUSAL_READ_QUOTE, number, 0, toc_slice_sub(rest, 0, end));
    while (more && end < rest.len) {
        rest = toc_slice_sub(rest, end + 1, rest.len);
        end = toc_slice_find(rest, '\n');
        more = take_line(csv, sink, toc_slice_sub(rest, 0, end), ++number);
    }
    toc_buf_done(&lines);
    return more;
}

static bool keep_open(
        struct csv *csv, const struct toc_reader_sink *sink, struct toc_slice line, uint64_t number)
{
    if (csv->record_lines == 0) {
        if (line.len > RECORD_BYTES_MAX)
            return toc_reader_refuse(sink, TOC_REFUSAL_READ_QUOTE, number, 0, line);
        csv->record_line = number;
        toc_buf_put_slice(&csv->record, line);
        csv->record_lines = 1;
    }
    return csv->record_lines < RECORD_LINES_MAX ? true : give_up(csv, sink);
}

static bool take_record(
        struct csv *csv, const struct toc_reader_sink *sink, struct toc_slice record, uint64_t line)
{
    switch (toc_csv_split(record, csv->columns.delimiter, csv->columns.quotes, &csv->row)) {
    case TOC_CSV_WHOLE:
        break;
    case TOC_CSV_OPEN:
        return keep_open(csv, sink, record, line);
    case TOC_CSV_WRONG:
        toc_buf_clear(&csv->record);
        csv->record_lines = 0;
        return toc_reader_refuse(sink, TOC_REFUSAL_READ_QUOTE, line, 0, record);
    }
    bool more = each_row(csv, sink, record, line);
    toc_buf_clear(&csv->record);
    csv->record_lines = 0;
    return more;
}

static bool take_line(
        struct csv *csv, const struct toc_reader_sink *sink, struct toc_slice line, uint64_t number)
{
    if (csv->record_lines > 0 && line.len >= RECORD_BYTES_MAX - csv->record.len)
        return give_up(csv, sink) && take_line(csv, sink, line, number);
    if (csv->record_lines > 0) {
        toc_buf_put_byte(&csv->record, '\n');
        toc_buf_put_slice(&csv->record, line);
        csv->record_lines++;
        return take_record(csv, sink, toc_buf_slice(&csv->record), csv->record_line);
    }
    struct toc_slice text = toc_slice_trim(line);
    if (text.len == 0)
        return true;
    if (text.ptr[0] == '#') {
        take_comment(csv, text);
        return true;
    }
    if (!csv->has_header && take_first(csv, text))
        return true;
    return take_record(csv, sink, line, number);
}

static bool each_line(
        struct toc_reader *reader, const struct toc_reader_sink *sink, const struct toc_line *line)
{
    return take_line((struct csv *)reader, sink, line->text, line->number);
}

// ---- the row of the table

struct toc_reader *toc_csv_open(void)
{
    struct csv *csv = toc_mem_alloc(1, sizeof *csv);
    if (csv == NULL)
        return NULL;
    toc_buf_init(&csv->row.text, TOC_LINE_BYTES_MAX + 2);
    toc_buf_init(&csv->record, RECORD_BYTES_MAX);
    toc_arena_init(&csv->arena, ROW_ARENA_BYTES_MAX);
    return &csv->reader;
}

toc_rc toc_csv_read(struct toc_reader *reader, FILE *stream, const struct toc_reader_sink *sink,
        struct toc_err *err)
{
    struct csv *csv = (struct csv *)reader;
    TOC_TRY(toc_reader_lines(reader, stream, sink, each_line, err));
    bool more = true;
    while (more && csv->record_lines > 0)
        more = give_up(csv, sink);
    return TOC_OK;
}

void toc_csv_close(struct toc_reader *reader)
{
    struct csv *csv = (struct csv *)reader;
    toc_buf_done(&csv->row.text);
    toc_buf_done(&csv->record);
    toc_arena_done(&csv->arena);
    toc_mem_free(csv);
}

// By the header alone: Zeek's, one of known columns, or a commented one that the first row fits.
bool toc_csv_looks(struct toc_slice head)
{
    struct csv *csv = (struct csv *)toc_csv_open();
    bool looks = false;
    if (csv == NULL)
        return false;
    while (!csv->has_header && head.len > 0) {
        size_t end = toc_slice_find(head, '\n');
        struct toc_slice line = toc_slice_trim(toc_slice_sub(head, 0, end));
        head = toc_slice_sub(head, end + 1, head.len);
        if (line.len > 0 && line.ptr[0] == '#')
            take_comment(csv, line);
        else if (line.len > 0)
            looks = commented_fits(csv, line) || toc_csv_header(line, &csv->columns);
        if (line.len > 0 && line.ptr[0] != '#')
            break;
    }
    looks = looks || csv->has_header;
    toc_csv_close(&csv->reader);
    return looks;
}
