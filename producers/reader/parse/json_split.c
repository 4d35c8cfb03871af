#include "producers/reader/parse/json_split.h"

#define DEPTH_MAX 64 // twice what is parsed; bits of the stack of brackets

void toc_json_split_init(struct toc_json_split *split, FILE *stream, size_t object_bytes_max)
{
    *split = (struct toc_json_split){.stream = stream, .line = 1};
    toc_buf_init(&split->text, object_bytes_max);
}

void toc_json_split_done(struct toc_json_split *split)
{
    toc_buf_done(&split->text);
}

static int next_char(struct toc_json_split *split)
{
    int c = getc_unlocked(split->stream);
    split->line += c == '\n';
    return c;
}

static bool is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// The next character that is neither blank nor `also`.
static int next_token(struct toc_json_split *split, int also)
{
    int c = next_char(split);
    while (c != EOF && (is_blank(c) || c == also))
        c = next_char(split);
    return c;
}

static void keep(struct toc_json_split *split, int c)
{
    toc_buf_put_byte(&split->text, (uint8_t)c); // what is too much marks the buffer as failed
}

// From behind the opening quote to the closing one, both kept. False at the end of the stream.
static bool take_string(struct toc_json_split *split)
{
    bool escaped = false;
    int c;
    keep(split, '"');
    while ((c = next_char(split)) != EOF) {
        keep(split, c);
        if (c == '"' && !escaped)
            return true;
        escaped = c == '\\' && !escaped;
    }
    return false;
}

// Brackets that are open, innermost in the lowest bit: 1 = '{', 0 = '['.
struct brackets {
    uint64_t bits;
    unsigned depth;
};

// False when the bracket does not fit, or lies too deep.
static bool take_bracket(struct brackets *b, int c)
{
    if (c == '{' || c == '[') {
        b->bits = b->bits << 1 | (c == '{');
        return ++b->depth <= DEPTH_MAX;
    }
    if (b->depth == 0 || (b->bits & 1) != (c == '}'))
        return false;
    b->bits >>= 1;
    b->depth--;
    return true;
}

static bool is_bracket(int c)
{
    return c == '{' || c == '[' || c == '}' || c == ']';
}

// A value that begins with `c` is kept whole. False when it is broken.
static bool take_value(struct toc_json_split *split, int c)
{
    struct brackets brackets = {0};
    do {
        if (c == EOF || (c != '"' && is_bracket(c) && !take_bracket(&brackets, c)))
            return false;
        if (c == '"' && !take_string(split))
            return false;
        if (c != '"')
            keep(split, c);
        if (brackets.depth > 0)
            c = next_char(split);
    } while (brackets.depth > 0);
    return true;
}

// A number, a word or a string up to what ends it.
static bool skip_scalar(struct toc_json_split *split, int c)
{
    if (c == '"')
        return take_string(split);
    while (c != EOF && !is_blank(c) && c != ',' && !is_bracket(c)) {
        keep(split, c);
        c = next_char(split);
    }
    if (c == EOF)
        return false;
    split->line -= c == '\n';
    ungetc(c, split->stream);
    return true;
}

static enum toc_split broken(struct toc_json_split *split)
{
    split->ended = true;
    return TOC_SPLIT_BROKEN;
}

static enum toc_split kept_object(const struct toc_json_split *split)
{
    return split->text.failed ? TOC_SPLIT_LARGE : TOC_SPLIT_OBJECT;
}

// Is the string just kept, which begins at `start` with its quote, the name "objects"?
static bool is_objects(const struct toc_json_split *split, size_t start)
{
    struct toc_slice name =
            toc_slice_sub(toc_buf_slice(&split->text), start, split->text.len - start);
    return !split->text.failed && toc_slice_eq(name, TOC_S("\"objects\""));
}

// An object at the top, from behind its '{', which is kept already (or from within, behind its list of
// objects). OBJECT and LARGE: it ended and was no bundle. END: its list of objects begins, or the
// rest of a bundle has ended.
static enum toc_split take_top(struct toc_json_split *split, bool bundle)
{
    bool name_next = !bundle, is_list = false, large = false;
    int c;
    while ((c = next_token(split, -1)) != EOF) {
        if (split->text.failed) { // too large for an object, but it may still be a bundle
            large = true;
            toc_buf_clear(&split->text);
        }
        size_t start = split->text.len;
        if (c == '}') {
            keep(split, c);
            return bundle ? TOC_SPLIT_END : large ? TOC_SPLIT_LARGE : kept_object(split);
        }
        if (c == '[' && is_list) {
            split->in_list = split->in_bundle = true;
            return TOC_SPLIT_END;
        }
        if (c == ',' || c == ':') {
            keep(split, c);
            name_next = c == ',';
            continue;
        }
        if (c == '"'            ? !take_string(split)
                : is_bracket(c) ? !take_value(split, c)
                                : !skip_scalar(split, c))
            return broken(split);
        is_list = c == '"' && name_next && is_objects(split, start);
        name_next = false;
    }
    return broken(split);
}

// One element of the list that is open; END when the list ends.
static enum toc_split take_element(struct toc_json_split *split, uint64_t *out_line)
{
    int c = next_token(split, ',');
    *out_line = split->line;
    if (c == ']') {
        split->in_list = false;
        return TOC_SPLIT_END;
    }
    if (c == EOF || c == '}' || c == ':')
        return broken(split);
    if (c != '{')
        return (c == '[' ? take_value(split, c) : skip_scalar(split, c)) ? TOC_SPLIT_WRONG
                                                                         : broken(split);
    return take_value(split, c) ? kept_object(split) : broken(split);
}

enum toc_split toc_json_split_next(
        struct toc_json_split *split, struct toc_slice *out, uint64_t *out_line)
{
    enum toc_split got = TOC_SPLIT_END;
    while (got == TOC_SPLIT_END && !split->ended) {
        toc_buf_clear(&split->text);
        if (split->in_list) {
            got = take_element(split, out_line);
            continue;
        }
        if (split->in_bundle) { // the list of a bundle has ended: what is left of the bundle
            split->in_bundle = false;
            got = take_top(split, true);
            continue;
        }
        int c = next_token(split, -1);
        *out_line = split->line;
        split->in_list = c == '[';
        if (c == EOF)
            break;
        if (c == '{') {
            keep(split, c);
            got = take_top(split, false);
        } else if (c != '[') {
            got = broken(split);
        }
    }
    *out = toc_buf_slice(&split->text);
    return got;
}
