#include "producers/reader/parse/csv_row.h"

/*= https://www.rfc-editor.org/rfc/rfc4180#section-2
 *# If double-quotes are used to enclose fields, then a double-quote appearing inside a field must be
 *# escaped by preceding it with another double quote. */
// A quoted cell from behind its opening quote; *pos ends behind the closing one.
static enum toc_csv_split quoted_cell(
        struct toc_slice record, size_t *pos, struct toc_buf *text, struct toc_slice *cell)
{
    size_t start = text->len;
    for (size_t i = *pos; i < record.len; i++) {
        if (record.ptr[i] != '"') {
            toc_buf_put_byte(text, record.ptr[i]);
        } else if (i + 1 < record.len && record.ptr[i + 1] == '"') {
            toc_buf_put_byte(text, '"');
            i++;
        } else {
            *pos = i + 1;
            *cell = toc_slice_sub(toc_buf_slice(text), start, text->len - start);
            return TOC_CSV_WHOLE;
        }
    }
    return TOC_CSV_OPEN;
}

static struct toc_slice plain_cell(struct toc_slice record, size_t *pos, char delimiter)
{
    struct toc_slice rest = toc_slice_sub(record, *pos, record.len);
    struct toc_slice cell = toc_slice_sub(rest, 0, toc_slice_find(rest, (uint8_t)delimiter));
    *pos += cell.len;
    return cell;
}

static size_t skip_blanks(struct toc_slice record, size_t pos, char delimiter)
{
    while (pos < record.len && record.ptr[pos] != (uint8_t)delimiter &&
            (record.ptr[pos] == ' ' || record.ptr[pos] == '\t'))
        pos++;
    return pos;
}

enum toc_csv_split toc_csv_split(
        struct toc_slice record, char delimiter, bool quotes, struct toc_csv_row *row)
{
    row->count = 0;
    toc_buf_clear(&row->text);
    // All cells together are no longer than the record: room made now, so cells stay where they are.
    if (toc_buf_reserve(&row->text, record.len + 1) == NULL)
        return TOC_CSV_WRONG;
    for (size_t pos = 0; pos <= record.len; pos++) {
        struct toc_slice cell;
        size_t begin = skip_blanks(record, pos, delimiter);
        if (row->count == TOC_CSV_CELLS_MAX)
            return TOC_CSV_WRONG;
        if (quotes && begin < record.len && record.ptr[begin] == '"') {
            pos = begin + 1;
            if (quoted_cell(record, &pos, &row->text, &cell) == TOC_CSV_OPEN)
                return TOC_CSV_OPEN;
            pos = skip_blanks(record, pos, delimiter);
            if (pos < record.len && record.ptr[pos] != (uint8_t)delimiter)
                return TOC_CSV_WRONG;
        } else {
            cell = plain_cell(record, &pos, delimiter);
        }
        row->cells[row->count++] = toc_slice_trim(cell);
    }
    return TOC_CSV_WHOLE;
}
