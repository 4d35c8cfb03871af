#include "lib/base/text.h"

#include <string.h>

#include "lib/base/limits.h"

// Every code point that foreign text must not carry into a terminal, a log or a file; ascending.
// "ignorable" = Unicode's Default_Ignorable_Code_Point: drawn as nothing, so it hides text.
static const struct range {
    uint32_t first, last;
} forbidden[] = {
        {0x0000, 0x001f},    // C0 controls (tab and line ends were turned into spaces before)
        {0x007f, 0x009f},    // DEL, C1 controls: 0x9b alone starts an escape sequence
        {0x00ad, 0x00ad},    // soft hyphen, ignorable
        {0x034f, 0x034f},    // grapheme joiner, ignorable
        {0x061c, 0x061c},    // Arabic letter mark: bidi control
        {0x115f, 0x1160},    // Hangul fillers, ignorable
        {0x17b4, 0x17b5},    // Khmer inherent vowels, ignorable
        {0x180b, 0x180f},    // Mongolian variation selectors and vowel separator, ignorable
        {0x200b, 0x200f},    // zero-width space, joiners; left-to-right and right-to-left marks
        {0x2028, 0x202e},    // line and paragraph separator; bidi embeddings and overrides
        {0x2060, 0x206f},    // word joiner, invisible operators, bidi isolates, deprecated formats
        {0x3164, 0x3164},    // Hangul filler, ignorable
        {0xe000, 0xf8ff},    // private use: means what a font wants
        {0xfdd0, 0xfdef},    // noncharacters
        {0xfe00, 0xfe0f},    // variation selectors: ignorable, used to smuggle bytes
        {0xfeff, 0xfeff},    // byte order mark, zero-width no-break space
        {0xffa0, 0xffa0},    // halfwidth Hangul filler, ignorable
        {0xfff0, 0xfffb},    // ignorable, interlinear annotation
        {0xfffe, 0xffff},    // noncharacters; those of the other planes follow by rule
        {0x1bca0, 0x1bca3},  // shorthand format controls, ignorable
        {0x1d173, 0x1d17a},  // musical format controls, ignorable
        {0xe0000, 0xe0fff},  // tag characters (ASCII in invisible ink), more selectors
        {0xf0000, 0x10ffff}, // private use planes
};

static bool is_forbidden(uint32_t c)
{
    if (c >= 0x20 && c < 0x7f)
        return false;
    if ((c & 0xfffe) == 0xfffe)
        return true; // last two code points of each plane: noncharacters
    size_t low = 0, high = sizeof forbidden / sizeof *forbidden;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c > forbidden[middle].last)
            low = middle + 1;
        else if (c < forbidden[middle].first)
            high = middle;
        else
            return true;
    }
    return false;
}

// Tab and everything Unicode breaks a line at (UAX 14: BK, CR, LF, NL).
static bool is_line_space(uint32_t c)
{
    return (c >= '\t' && c <= '\r') || c == 0x85 || c == 0x2028 || c == 0x2029;
}

// RFC 3629 section 4, table of well-formed sequences: how many bytes follow, and the range of the
// first of them (which is where overlong forms, surrogates and > U+10FFFF are told).
struct lead {
    uint8_t more, low, high;
};

static struct lead lead_of(uint8_t b)
{
    if (b >= 0xc2 && b <= 0xdf)
        return (struct lead){1, 0x80, 0xbf};
    if (b >= 0xe0 && b <= 0xef)
        return (struct lead){2, b == 0xe0 ? 0xa0 : 0x80, b == 0xed ? 0x9f : 0xbf};
    if (b >= 0xf0 && b <= 0xf4)
        return (struct lead){3, b == 0xf0 ? 0x90 : 0x80, b == 0xf4 ? 0x8f : 0xbf};
    return (struct lead){0, 1, 0};
}

int32_t toc_utf8_next(struct toc_slice s, size_t *pos)
{
    size_t at = (*pos)++;
    uint8_t b = s.ptr[at];
    if (b < 0x80)
        return b;
    struct lead lead = lead_of(b);
    if (lead.more == 0 || lead.more > s.len - at - 1 || s.ptr[at + 1] < lead.low ||
            s.ptr[at + 1] > lead.high)
        return -1;
    uint32_t c = b & (0x3fu >> lead.more);
    for (size_t i = 1; i <= lead.more; i++) {
        if ((s.ptr[at + i] & 0xc0) != 0x80)
            return -1;
        c = c << 6 | (s.ptr[at + i] & 0x3fu);
    }
    *pos = at + 1 + lead.more;
    return (int32_t)c;
}

// Position of the first byte that is not ASCII, from `pos` on: nearly all of what passes here is.
static size_t skip_ascii(struct toc_slice s, size_t pos)
{
    uint64_t word;
    for (; s.len - pos >= sizeof word; pos += sizeof word) {
        memcpy(&word, s.ptr + pos, sizeof word);
        if ((word & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    while (pos < s.len && s.ptr[pos] < 0x80)
        pos++;
    return pos;
}

bool toc_utf8_valid(struct toc_slice s)
{
    for (size_t pos = skip_ascii(s, 0); pos < s.len; pos = skip_ascii(s, pos))
        if (toc_utf8_next(s, &pos) < 0)
            return false;
    return true;
}

struct toc_slice toc_utf8_cut(struct toc_slice s, size_t max)
{
    if (s.len <= max)
        return s;
    while (max > 0 && (s.ptr[max] & 0xc0) == 0x80)
        max--;
    return toc_slice_sub(s, 0, max);
}

void toc_utf8_put(struct toc_buf *out, uint32_t c)
{
    if (c < 0x80) {
        toc_buf_put_byte(out, (uint8_t)c);
    } else if (c < 0x800) {
        toc_buf_put(out, (uint8_t[]){(uint8_t)(0xc0 | c >> 6), (uint8_t)(0x80 | (c & 0x3f))}, 2);
    } else if (c < 0x10000) {
        toc_buf_put(out,
                (uint8_t[]){(uint8_t)(0xe0 | c >> 12), (uint8_t)(0x80 | (c >> 6 & 0x3f)),
                        (uint8_t)(0x80 | (c & 0x3f))},
                3);
    } else {
        toc_buf_put(out,
                (uint8_t[]){(uint8_t)(0xf0 | c >> 18), (uint8_t)(0x80 | (c >> 12 & 0x3f)),
                        (uint8_t)(0x80 | (c >> 6 & 0x3f)), (uint8_t)(0x80 | (c & 0x3f))},
                4);
    }
}

bool toc_code_point_is_safe(uint32_t c)
{
    return !is_forbidden(c);
}

bool toc_text_is_safe(struct toc_slice s)
{
    if (s.len > TOC_TEXT_BYTES_MAX)
        return false;
    for (size_t pos = 0; pos < s.len;) {
        if (s.ptr[pos] >= 0x20 && s.ptr[pos] < 0x7f) {
            pos++;
            continue;
        }
        int32_t c = toc_utf8_next(s, &pos);
        if (c < 0 || is_forbidden((uint32_t)c))
            return false;
    }
    return true;
}

// What stands for the code point (or malformed byte) at *pos, which moves on: up to 4 bytes, in
// `piece`; returns how many.
static size_t safe_piece(struct toc_slice s, size_t *pos, uint8_t piece[4])
{
    static const char digits[] = "0123456789abcdef";
    size_t from = *pos;
    int32_t c = toc_utf8_next(s, pos);
    if (c < 0) {
        uint8_t b = s.ptr[from];
        memcpy(piece, (uint8_t[]){'\\', 'x', (uint8_t)digits[b >> 4], (uint8_t)digits[b & 15]}, 4);
        return 4;
    }
    if (is_line_space((uint32_t)c)) {
        if (c == '\r' && *pos < s.len && s.ptr[*pos] == '\n')
            ++*pos;
        piece[0] = ' ';
        return 1;
    }
    if (is_forbidden((uint32_t)c))
        return 0;
    memcpy(piece, s.ptr + from, *pos - from);
    return *pos - from;
}

// Writes s made safe into out (NULL = only count), at most `room` bytes; returns how many. What
// does not fit is cut at a character, with "..." behind it.
static size_t make_safe(struct toc_slice s, uint8_t *out, size_t room)
{
    static const char dots[] = "...";
    size_t len = 0, cut = 0; // cut = end of the last piece that leaves room for the dots
    for (size_t pos = 0; pos < s.len;) {
        uint8_t piece[4];
        size_t n = safe_piece(s, &pos, piece);
        if (n > room - len) {
            size_t more = room - cut < 3 ? room - cut : 3;
            if (out != NULL)
                memcpy(out + cut, dots, more);
            return cut + more;
        }
        if (out != NULL)
            memcpy(out + len, piece, n);
        len += n;
        if (len + 3 <= room)
            cut = len;
    }
    return len;
}

void toc_text_safe(struct toc_buf *out, struct toc_slice s)
{
    if (toc_text_is_safe(s)) {
        toc_buf_put_slice(out, s);
        return;
    }
    size_t len = make_safe(s, NULL, TOC_TEXT_BYTES_MAX);
    uint8_t *at = toc_buf_reserve(out, len);
    if (at != NULL)
        out->len += make_safe(s, at, TOC_TEXT_BYTES_MAX);
}

const char *toc_text_show(char *out, size_t size, struct toc_slice s)
{
    if (size != 0)
        out[make_safe(s, (uint8_t *)out, size - 1)] = '\0';
    return out;
}

static bool is_word(struct toc_slice s, const char *more)
{
    if (s.len == 0 || s.len > 63)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            continue;
        if (i == 0 || c == '\0' || strchr(more, c) == NULL)
            return false;
    }
    return true;
}

bool toc_id_valid(struct toc_slice s)
{
    return is_word(s, "._-");
}

bool toc_tag_valid(struct toc_slice s)
{
    return is_word(s, "._-:=");
}

bool toc_parse_u64(struct toc_slice s, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    if (s.len == 0 || (s.len > 1 && s.ptr[0] == '0'))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t digit = (uint8_t)(s.ptr[i] - '0');
        if (digit > 9 || __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit, &v))
            return false;
    }
    if (v > max)
        return false;
    *out = v;
    return true;
}

#define HEX 0x10 // set in what stands for a digit; its value is below

static const uint8_t hex_digits[256] = {
        ['0'] = HEX, HEX | 1, HEX | 2, HEX | 3, HEX | 4, HEX | 5, HEX | 6, HEX | 7, HEX | 8, HEX | 9,
        ['A'] = HEX | 10, HEX | 11, HEX | 12, HEX | 13, HEX | 14, HEX | 15,
        ['a'] = HEX | 10, HEX | 11, HEX | 12, HEX | 13, HEX | 14, HEX | 15,
};

bool toc_parse_hex(struct toc_slice s, uint8_t *out, size_t size)
{
    uint8_t all = HEX;
    if (s.len / 2 != size || s.len % 2 != 0)
        return false;
    for (size_t i = 0; i < s.len; i++)
        all &= hex_digits[s.ptr[i]];
    if (all == 0)
        return false;
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(hex_digits[s.ptr[2 * i]] << 4 | (hex_digits[s.ptr[2 * i + 1]] & 0xf));
    return true;
}
