// Three steps: what cannot be seen goes; what stands around the value goes; spellings inside that stand
// for one character become it. In a path, where brackets and words may be meant, only [.] and its like
// in square brackets are taken for a disguise.
#include "lib/indicator/refang.h"

#include "lib/base/text.h"
#include "lib/indicator/limits.h"

struct spelling {
    struct toc_slice disguise, plain; // the disguise in lower case
};

static const struct spelling scheme_names[] = {
        {TOC_S_INIT("hxxps"), TOC_S_INIT("https")},
        {TOC_S_INIT("hxtps"), TOC_S_INIT("https")},
        {TOC_S_INIT("htxps"), TOC_S_INIT("https")},
        {TOC_S_INIT("h**ps"), TOC_S_INIT("https")},
        {TOC_S_INIT("h[tt]ps"), TOC_S_INIT("https")},
        {TOC_S_INIT("meows"), TOC_S_INIT("https")},
        {TOC_S_INIT("https"), TOC_S_INIT("https")},
        {TOC_S_INIT("hxxp"), TOC_S_INIT("http")},
        {TOC_S_INIT("hxtp"), TOC_S_INIT("http")},
        {TOC_S_INIT("htxp"), TOC_S_INIT("http")},
        {TOC_S_INIT("h**p"), TOC_S_INIT("http")},
        {TOC_S_INIT("h[tt]p"), TOC_S_INIT("http")},
        {TOC_S_INIT("meow"), TOC_S_INIT("http")},
        {TOC_S_INIT("http"), TOC_S_INIT("http")},
        {TOC_S_INIT("fxp"), TOC_S_INIT("ftp")},
        {TOC_S_INIT("f*p"), TOC_S_INIT("ftp")},
        {TOC_S_INIT("ftp"), TOC_S_INIT("ftp")},
};

static const struct spelling scheme_ends[] = {
        {TOC_S_INIT("[:]//"), TOC_S_INIT("://")},
        {TOC_S_INIT("(:)//"), TOC_S_INIT("://")},
        {TOC_S_INIT("[://]"), TOC_S_INIT("://")},
        {TOC_S_INIT("[:]/"), TOC_S_INIT("://")},
        {TOC_S_INIT("://"), TOC_S_INIT("://")},
        {TOC_S_INIT(":/"), TOC_S_INIT("://")},
};

static const struct spelling anywhere[] = {
        {TOC_S_INIT("[.]"), TOC_S_INIT(".")},
        {TOC_S_INIT("[:]"), TOC_S_INIT(":")},
        {TOC_S_INIT("[@]"), TOC_S_INIT("@")},
        {TOC_S_INIT("[/]"), TOC_S_INIT("/")},
};

// Up to the first slash of the path.
static const struct spelling in_host[] = {
        {TOC_S_INIT("[dot]"), TOC_S_INIT(".")},
        {TOC_S_INIT("(dot)"), TOC_S_INIT(".")},
        {TOC_S_INIT("{dot}"), TOC_S_INIT(".")},
        {TOC_S_INIT("[at]"), TOC_S_INIT("@")},
        {TOC_S_INIT("(at)"), TOC_S_INIT("@")},
        {TOC_S_INIT("{at}"), TOC_S_INIT("@")},
        {TOC_S_INIT("(.)"), TOC_S_INIT(".")},
        {TOC_S_INIT("{.}"), TOC_S_INIT(".")},
        {TOC_S_INIT("(@)"), TOC_S_INIT("@")},
        {TOC_S_INIT("{@}"), TOC_S_INIT("@")},
        {TOC_S_INIT("[."), TOC_S_INIT(".")},
        {TOC_S_INIT(".]"), TOC_S_INIT(".")},
        {TOC_S_INIT("\\."), TOC_S_INIT(".")},
};

#define FIND(table, s) find_spelling((table), sizeof(table) / sizeof *(table), (s))

static const struct spelling *find_spelling(
        const struct spelling *table, size_t count, struct toc_slice s)
{
    for (size_t i = 0; i < count; i++)
        if (toc_slice_eq_nocase(toc_slice_sub(s, 0, table[i].disguise.len), table[i].disguise))
            return &table[i];
    return NULL;
}

// Zero-width space and word joiner, soft hyphen, byte order mark, direction marks.
static bool is_invisible(int32_t c)
{
    return c == 0x200b || c == 0x00ad || c == 0xfeff || (c >= 0x2060 && c <= 0x206f) ||
           c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || c == 0x061c;
}

static bool is_joiner(int32_t c)
{
    return c == 0x200c || c == 0x200d;
}

static bool is_wide_space(int32_t c)
{
    return c == 0x00a0 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f || c == 0x3000;
}

// Copies what can be seen. A joiner between two non-ASCII letters belongs to the word (RFC 5892 appendix
// A) and stays. False if s is not UTF-8.
static bool copy_visible(struct toc_slice s, uint8_t *scratch, size_t *len)
{
    for (size_t pos = 0; pos < s.len;) {
        size_t from = pos;
        int32_t c = toc_utf8_next(s, &pos);
        bool inside = from > 0 && s.ptr[from - 1] >= 0x80 && pos < s.len && s.ptr[pos] >= 0x80;
        if (c < 0)
            return false;
        if (is_invisible(c) || (is_joiner(c) && !inside))
            continue;
        if (is_wide_space(c)) {
            scratch[(*len)++] = ' ';
            continue;
        }
        memcpy(scratch + *len, s.ptr + from, pos - from);
        *len += pos - from;
    }
    return true;
}

// No value begins or ends with one of these.
static const struct toc_slice quotes[] = {
        TOC_S_INIT("\""),
        TOC_S_INIT("`"),
        TOC_S_INIT("<"),
        TOC_S_INIT(">"),
        TOC_S_INIT("\u201c"),
        TOC_S_INIT("\u201d"),
        TOC_S_INIT("\u201e"),
        TOC_S_INIT("\u2018"),
        TOC_S_INIT("\u2019"),
        TOC_S_INIT("\u00ab"),
        TOC_S_INIT("\u00bb"),
};

// Whether the first byte opens a pair that the last byte closes, around the whole.
static bool is_wrapped(struct toc_slice s)
{
    size_t depth = 0;
    if (s.len < 2)
        return false;
    if (s.ptr[0] == '\'')
        return s.ptr[s.len - 1] == '\'';
    if (s.ptr[0] != '(' || s.ptr[s.len - 1] != ')')
        return false;
    for (size_t i = 0; i + 1 < s.len; i++) {
        depth += s.ptr[i] == '(';
        depth -= s.ptr[i] == ')';
        if (depth == 0)
            return false;
    }
    return true;
}

static bool is_dotted_number(struct toc_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (strchr("0123456789.[]", s.ptr[i]) == NULL || s.ptr[i] == 0)
            return false;
    return true;
}

// A sentence's punctuation. A name may end in a dot, but no name's last label is a number.
static bool ends_in_punctuation(struct toc_slice s)
{
    uint8_t last = s.ptr[s.len - 1];
    if (last == ')')
        return !toc_slice_has(s, '(');
    return last == ',' || last == ';' || (last == '.' && is_dotted_number(s));
}

static struct toc_slice unwrap(struct toc_slice s)
{
    for (size_t before = s.len + 1; s.len > 0 && s.len < before;) {
        before = s.len;
        s = toc_slice_trim(s);
        for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++) {
            if (toc_slice_starts(s, quotes[i]))
                s = toc_slice_sub(s, quotes[i].len, SIZE_MAX);
            if (toc_slice_ends(s, quotes[i]))
                s.len -= quotes[i].len;
        }
        if (is_wrapped(s))
            s = toc_slice_sub(s, 1, s.len - 2);
        else if (s.len > 0 && ends_in_punctuation(s))
            s.len--;
    }
    return s;
}

// Writes the scheme plainly if s begins with one, disguised or not; returns how much of s that was.
static size_t put_scheme(struct toc_slice s, struct toc_buf *out)
{
    const struct spelling *name = FIND(scheme_names, s);
    if (name == NULL)
        return 0;
    const struct spelling *end = FIND(scheme_ends, toc_slice_sub(s, name->disguise.len, SIZE_MAX));
    if (end == NULL)
        return 0;
    toc_buf_put_slice(out, name->plain);
    toc_buf_put_slice(out, end->plain);
    return name->disguise.len + end->disguise.len;
}

// First bytes of `anywhere` and `in_host`: at any other there is nothing to look up.
static bool may_disguise(uint8_t c)
{
    return c == '[' || c == '(' || c == '{' || c == '.' || c == '\\';
}

static void put_plain(struct toc_slice s, struct toc_buf *out)
{
    bool host = true;
    for (size_t pos = put_scheme(s, out); pos < s.len;) {
        struct toc_slice rest = toc_slice_sub(s, pos, SIZE_MAX);
        const struct spelling *found = may_disguise(rest.ptr[0]) ? FIND(anywhere, rest) : NULL;
        if (found == NULL && host && may_disguise(rest.ptr[0]))
            found = FIND(in_host, rest);
        uint8_t c = found != NULL ? found->plain.ptr[0] : s.ptr[pos];
        host = host && c != '/' && c != '?' && c != '#';
        toc_buf_put_byte(out, c);
        pos += found != NULL ? found->disguise.len : 1;
    }
}

bool toc_refang(struct toc_slice raw, struct toc_buf *out)
{
    uint8_t scratch[TOC_RAW_BYTES_MAX];
    size_t start = out->len, len = 0;
    raw = toc_slice_trim(raw);
    if (raw.len > sizeof scratch || !copy_visible(raw, scratch, &len)) {
        toc_buf_put_slice(out, raw); // refused later, with its reason
        return false;
    }
    put_plain(unwrap(toc_slice(scratch, len)), out);
    return !toc_slice_eq(toc_slice_sub(toc_buf_slice(out), start, SIZE_MAX), raw);
}
