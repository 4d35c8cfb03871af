#include "lib/privacy/scan.h"

#include "lib/base/text.h"

#define TEXT_MAX 4096 // a URL has 2,048 bytes, a description 1,024
#define ROUNDS_MAX 6  // of percent encoding; links of real kits show two
#define KEY_MAX 64    // longer ones are no field names
#define WORDS_MAX 3   // of a field name in a sentence: "medical record number: 4711"
#define BASE64_MIN 8  // "a@b.info" has eleven; shorter runs are words

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

// What a local part ends with (RFC 5321 section 4.1.2), but for what a URL puts before "/@user".
static bool is_local_byte(uint8_t c)
{
    return is_letter(c) || is_digit(c) || (c != 0 && strchr("!#$%'*+-^_`{|}~\"", c) != NULL);
}

// ---- what a decoded, lower-case text shows ---------------------------------------------------

// Behind the '@': labels, the last one of two letters or more (or an A-label).
static bool mail_domain(struct toc_slice text)
{
    size_t len = 0, dot = 0;
    while (len < text.len && (is_letter(text.ptr[len]) || is_digit(text.ptr[len]) ||
                                     text.ptr[len] == '-' || text.ptr[len] == '.'))
        len++;
    while (len > 0 && !is_letter(text.ptr[len - 1]) && !is_digit(text.ptr[len - 1]))
        len--; // the dot or dash that ends a sentence
    for (size_t i = 1; i < len; i++)
        if (text.ptr[i] == '.')
            dot = i;
    return dot > 0 && len - dot > 2 && is_letter(text.ptr[dot + 1]) && text.ptr[0] != '.';
}

static bool has_mail(struct toc_slice text)
{
    for (size_t i = 1; i < text.len; i++)
        if (text.ptr[i] == '@' && is_local_byte(text.ptr[i - 1]) &&
                mail_domain(toc_slice_sub(text, i + 1, text.len)))
            return true;
    return false;
}

// 123-45-6789, not inside a longer number
static bool has_social_security(struct toc_slice text)
{
    static const char shape[] = "ddd-dd-dddd";
    const size_t n = sizeof shape - 1;
    for (size_t i = 0; n <= text.len && i <= text.len - n; i++) {
        size_t k = 0;
        while (k < n && (shape[k] == 'd' ? is_digit(text.ptr[i + k]) : text.ptr[i + k] == '-'))
            k++;
        if (k == n && (i == 0 || (!is_digit(text.ptr[i - 1]) && text.ptr[i - 1] != '-')) &&
                (i + n == text.len || (!is_digit(text.ptr[i + n]) && text.ptr[i + n] != '-')))
            return true;
    }
    return false;
}

// Two words or more of letters only: "john+smith", "smith, john".
static bool is_person(struct toc_slice value)
{
    size_t words = 0, letters = 0;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.ptr[i];
        if (c == '&' || c == ';' || c == '"')
            break;
        if (is_letter(c)) {
            words += letters++ == 1;
            continue;
        }
        if (c != '+' && c != ' ' && c != ',')
            return false;
        letters = 0;
    }
    return words >= 2;
}

static bool is_name_byte(uint8_t c)
{
    return is_letter(c) || is_digit(c) || (c != 0 && strchr("_.-[]", c) != NULL);
}

// The field name of `words` words that ends before `end`, in normal form: user[first_name] is userfirstname,
// "policy number" policynumber. Empty when there are fewer words. *first: bytes of its first word.
static struct toc_slice key_before(struct toc_slice text, size_t end, int words, uint8_t out[KEY_MAX], size_t *first)
{
    size_t start, len = 0;
    while (end > 0 && strchr("\"' ", text.ptr[end - 1]) != NULL && text.ptr[end - 1] != 0)
        end--;
    start = end;
    for (int word = 0; word < words; word++) {
        while (word > 0 && start > 0 && text.ptr[start - 1] == ' ')
            start--;
        size_t behind = start;
        while (start > 0 && is_name_byte(text.ptr[start - 1]))
            start--;
        if (start == behind)
            return toc_slice(out, 0);
    }
    if (end - start > KEY_MAX)
        start = end - KEY_MAX;
    *first = 0;
    for (size_t i = start; i < end; i++) {
        if (is_letter(text.ptr[i]) || is_digit(text.ptr[i]))
            out[len++] = text.ptr[i];
        else if (text.ptr[i] == ' ' && *first == 0)
            *first = len;
    }
    return toc_slice(out, len);
}

static bool is_phrase(const struct toc_scan_rules *rules, struct toc_slice text, size_t end)
{
    uint8_t normal[KEY_MAX];
    size_t first;
    for (int words = 2; words <= WORDS_MAX; words++) {
        struct toc_slice phrase = key_before(text, end, words, normal, &first);
        if (phrase.len == 0)
            return false;
        if (toc_scan_phrase(rules, phrase, first))
            return true;
    }
    return false;
}

// key=value, "key":"value", Key: value, Two words: value
static bool has_key(const struct toc_scan_rules *rules, struct toc_slice text)
{
    uint8_t normal[KEY_MAX];
    size_t first;
    for (size_t i = 1; i < text.len; i++) {
        if (text.ptr[i] != '=' && text.ptr[i] != ':')
            continue;
        if (i + 1 < text.len && text.ptr[i] == ':' && text.ptr[i + 1] == '/')
            continue; // a scheme
        struct toc_slice key = key_before(text, i, 1, normal, &first);
        if (key.len == 0)
            continue;
        if (toc_scan_key(rules, key) || is_phrase(rules, text, i) ||
                (toc_slice_is(key, "name") && is_person(toc_slice_sub(text, i + 1, text.len))))
            return true;
    }
    return false;
}

// Most texts hold none of the marks that something of interest needs: one look for each saves the walk.
static enum toc_finding look(const struct toc_scan_rules *rules, struct toc_slice text)
{
    uint8_t lower[TEXT_MAX];
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        lower[i] = (uint8_t)(c | ((c >= 'A' && c <= 'Z') << 5));
    }
    text = toc_slice(lower, text.len);
    if (toc_own_names_in(rules->names, text))
        return TOC_FINDING_OWN;
    if (toc_slice_has(text, '@') && has_mail(text))
        return TOC_FINDING_MAIL;
    if ((toc_slice_has(text, '-') && has_social_security(text)) ||
            ((toc_slice_has(text, '=') || toc_slice_has(text, ':')) && has_key(rules, text)))
        return TOC_FINDING_PERSON;
    return TOC_FINDING_NONE;
}

// ---- encodings -------------------------------------------------------------------------------

// One round, in place; false when there was nothing to decode.
static bool percent_decode(uint8_t *text, size_t *len)
{
    size_t to = 0;
    for (size_t i = 0; i < *len; i++, to++) {
        text[to] = text[i];
        if (text[i] == '%' && i + 2 < *len &&
                toc_parse_hex(toc_slice(text + i + 1, 2), &text[to], 1))
            i += 2;
    }
    bool changed = to != *len;
    *len = to;
    return changed;
}

// Value of a digit of either alphabet plus one; 0 for anything else.
static uint8_t base64_digit(uint8_t c)
{
    static const uint8_t digits[256] = {
#define D(c, n) [c] = (n) + 1, [(c) + 1] = (n) + 2
            D('A', 0),
            D('C', 2),
            D('E', 4),
            D('G', 6),
            D('I', 8),
            D('K', 10),
            D('M', 12),
            D('O', 14),
            D('Q', 16),
            D('S', 18),
            D('U', 20),
            D('W', 22),
            D('Y', 24),
            D('a', 26),
            D('c', 28),
            D('e', 30),
            D('g', 32),
            D('i', 34),
            D('k', 36),
            D('m', 38),
            D('o', 40),
            D('q', 42),
            D('s', 44),
            D('u', 46),
            D('w', 48),
            D('y', 50),
            D('0', 52),
            D('2', 54),
            D('4', 56),
            D('6', 58),
            D('8', 60),
            ['+'] = 63,
            ['-'] = 63,
            ['_'] = 64,
#undef D
    };
    return digits[c];
}

// Bytes of a run; 0 when they are not plain text. '/' ends a run: no plain lower-case text needs it.
static size_t base64_decode(struct toc_slice run, uint8_t *out)
{
    uint32_t bits = 0;
    size_t len = 0, have = 0;
    for (size_t i = 0; i < run.len; i++) {
        bits = bits << 6 | (uint32_t)(base64_digit(run.ptr[i]) - 1);
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        uint8_t byte = (uint8_t)(bits >> have);
        if (byte < 0x20 || byte > 0x7e)
            return 0;
        out[len++] = byte;
    }
    return len;
}

static enum toc_finding look_in_base64(const struct toc_scan_rules *rules, struct toc_slice text)
{
    uint8_t plain[TEXT_MAX];
    size_t pos = 0;
    while (pos < text.len) {
        size_t end = pos;
        while (end < text.len && base64_digit(text.ptr[end]) != 0)
            end++;
        size_t len = end - pos < BASE64_MIN
                             ? 0
                             : base64_decode(toc_slice_sub(text, pos, end - pos), plain);
        enum toc_finding finding = len == 0 ? TOC_FINDING_NONE : look(rules, toc_slice(plain, len));
        if (finding != TOC_FINDING_NONE)
            return finding;
        pos = end + 1;
    }
    return TOC_FINDING_NONE;
}

enum toc_finding toc_scan(const struct toc_scan_rules *rules, struct toc_slice text)
{
    uint8_t copy[TEXT_MAX];
    size_t len = text.len;
    if (len == 0)
        return TOC_FINDING_NONE;
    if (len > sizeof copy)
        return TOC_FINDING_PERSON;
    memcpy(copy, text.ptr, len);
    for (int round = 0; round < ROUNDS_MAX; round++) {
        struct toc_slice now = toc_slice(copy, len);
        enum toc_finding finding = look(rules, now);
        if (finding == TOC_FINDING_NONE)
            finding = look_in_base64(rules, now);
        if (finding != TOC_FINDING_NONE || !toc_slice_has(now, '%') || !percent_decode(copy, &len))
            return finding;
    }
    return TOC_FINDING_PERSON;
}
