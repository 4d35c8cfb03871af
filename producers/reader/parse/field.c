#include "producers/reader/parse/field.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/indicator/identity.h"
#include "lib/indicator/limits.h"

bool toc_field_unset(struct toc_slice text)
{
    static const char *const words[] = {"-", "n/a", "na", "null", "none", "(empty)"};
    if (text.len == 0)
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (toc_slice_eq_nocase(text, toc_slice_of(words[i])))
            return true;
    return false;
}

enum toc_refusal toc_field_number(struct toc_slice text, int32_t max, int32_t *out)
{
    uint64_t number;
    if (!toc_parse_u64(text, (uint64_t)max, &number))
        return TOC_REFUSAL_READ_NUMBER;
    *out = (int32_t)number;
    return TOC_REFUSAL_NONE;
}

enum toc_refusal toc_field_time(struct toc_slice text, int64_t *out_ms)
{
    if (toc_slice_ends(text, TOC_S(" UTC")))
        text.len -= 4;
    return toc_time_parse(text, out_ms) ? TOC_REFUSAL_NONE : TOC_REFUSAL_READ_TIME;
}

enum toc_refusal toc_field_action(struct toc_slice text, enum toc_action *out)
{
    enum toc_action action;
    if (!toc_action_parse(text, &action) || action == TOC_ACTION_UNKNOWN ||
            action == TOC_ACTION_PURGE)
        return TOC_REFUSAL_READ_ACTION;
    *out = action;
    return TOC_REFUSAL_NONE;
}

enum toc_refusal toc_field_severity(struct toc_slice text, enum toc_severity *out)
{
    return toc_severity_parse(text, out) ? TOC_REFUSAL_NONE : TOC_REFUSAL_READ_ENUM;
}

// One word of a cell as a tag in the arena.
static enum toc_refusal make_tag(
        struct toc_slice word, const char *prefix, struct toc_arena *arena, struct toc_slice *out)
{
    struct toc_slice head = toc_slice_of(prefix);
    if (head.len + word.len > TOC_ID_BYTES_MAX)
        return TOC_REFUSAL_READ_TAG;
    uint8_t *bytes = toc_arena_alloc(arena, head.len + word.len, 1);
    if (bytes == NULL)
        return TOC_REFUSAL_READ_TAG;
    memcpy(bytes, head.ptr, head.len);
    size_t len = head.len;
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.ptr[i];
        if (c >= 0x80)
            return TOC_REFUSAL_READ_TAG;
        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c + ('a' - 'A'));
        bool fits = toc_tag_valid((struct toc_slice){(const uint8_t[]){'a', c}, 2});
        if (fits || (len > head.len && bytes[len - 1] != '-'))
            bytes[len++] = fits ? c : '-';
    }
    while (len > head.len && bytes[len - 1] == '-')
        len--;
    *out = (struct toc_slice){bytes, len};
    if (len == head.len || !toc_tag_valid(*out))
        return TOC_REFUSAL_READ_TAG;
    return toc_identity_tags(*out) ? TOC_REFUSAL_READ_ECHO : TOC_REFUSAL_NONE;
}

static bool has_tag(const struct toc_slice *tags, size_t count, struct toc_slice tag)
{
    for (size_t i = 0; i < count; i++)
        if (toc_slice_eq(tags[i], tag))
            return true;
    return false;
}

// The next word up to a comma, semicolon or bar; *text moves behind it.
static struct toc_slice next_word(struct toc_slice *text)
{
    size_t end = 0;
    while (end < text->len && strchr(",;|", text->ptr[end]) == NULL)
        end++;
    struct toc_slice word = toc_slice_trim(toc_slice_sub(*text, 0, end));
    *text = toc_slice_sub(*text, end + 1, text->len);
    return word;
}

enum toc_refusal toc_field_tags(struct toc_slice text, const char *prefix, struct toc_arena *arena,
        struct toc_observation *obs)
{
    struct toc_slice *tags = toc_arena_alloc(arena, TOC_OBSERVATION_TAGS_MAX, sizeof *tags);
    if (tags == NULL)
        return TOC_REFUSAL_READ_TAG;
    size_t count = obs->tags_count;
    for (size_t i = 0; i < count; i++)
        tags[i] = obs->tags[i];
    while (text.len > 0 && count < TOC_OBSERVATION_TAGS_MAX) {
        struct toc_slice word = next_word(&text), tag;
        if (toc_field_unset(word))
            continue;
        enum toc_refusal refusal = make_tag(word, prefix, arena, &tag);
        if (refusal != TOC_REFUSAL_NONE)
            return refusal;
        if (!has_tag(tags, count, tag))
            tags[count++] = tag;
    }
    obs->tags = tags;
    obs->tags_count = count;
    return TOC_REFUSAL_NONE;
}

#define ONE(kind) TOC_CLAIM(TOC_KIND_##kind)

// clang-format off
static const struct toc_type_word type_words[] = {
        {"ip", TOC_CLAIM_ADDRESS, 0}, {"ipaddress", TOC_CLAIM_ADDRESS, 0}, {"ip_address", TOC_CLAIM_ADDRESS, 0},
        {"addr", TOC_CLAIM_ADDRESS, 0}, {"ip-src", TOC_CLAIM_ADDRESS, 0}, {"ip-dst", TOC_CLAIM_ADDRESS, 0},
        {"intel::addr", ONE(IPV4) | ONE(IPV6), 0}, {"ipv4", ONE(IPV4), 0}, {"ipv4-addr", ONE(IPV4), 0},
        {"ipv6", ONE(IPV6), 0}, {"ipv6-addr", ONE(IPV6), 0}, {"cidr", ONE(CIDR), 0}, {"subnet", ONE(CIDR), 0},
        {"network", ONE(CIDR), 0}, {"netblock", ONE(CIDR), 0}, {"intel::subnet", ONE(CIDR), 0},
        {"endpoint", ONE(ENDPOINT), 0}, {"ip:port", ONE(ENDPOINT), 0}, {"ip-dst|port", ONE(ENDPOINT), ':'},
        {"ip-src|port", ONE(ENDPOINT), ':'}, {"domain", ONE(DOMAIN), 0}, {"hostname", ONE(DOMAIN), 0},
        {"host", ONE(DOMAIN), 0}, {"fqdn", ONE(DOMAIN), 0}, {"domain-name", ONE(DOMAIN), 0},
        {"intel::domain", ONE(DOMAIN), 0}, {"url", ONE(URL), 0}, {"uri", ONE(URL), 0}, {"link", ONE(URL), 0},
        {"intel::url", ONE(URL), 0}, {"email", ONE(EMAIL), 0}, {"email-addr", ONE(EMAIL), 0},
        {"email-src", ONE(EMAIL), 0}, {"intel::email", ONE(EMAIL), 0}, {"hash", TOC_CLAIM_HASH, 0},
        {"file", TOC_CLAIM_HASH, 0}, {"file_hash", TOC_CLAIM_HASH, 0}, {"filehash", TOC_CLAIM_HASH, 0},
        {"intel::file_hash", TOC_CLAIM_HASH, 0}, {"md5", ONE(MD5), 0}, {"md5_hash", ONE(MD5), 0},
        {"filehash-md5", ONE(MD5), 0}, {"filename|md5", ONE(MD5), '|'}, {"sha1", ONE(SHA1), 0},
        {"sha-1", ONE(SHA1), 0}, {"sha1_hash", ONE(SHA1), 0}, {"filehash-sha1", ONE(SHA1), 0},
        {"filename|sha1", ONE(SHA1), '|'}, {"sha256", ONE(SHA256), 0}, {"sha-256", ONE(SHA256), 0},
        {"sha256_hash", ONE(SHA256), 0}, {"filehash-sha256", ONE(SHA256), 0},
        {"filename|sha256", ONE(SHA256), '|'}, {"sha512", ONE(SHA512), 0}, {"sha-512", ONE(SHA512), 0},
        {"filename|sha512", ONE(SHA512), '|'}, {"cve", ONE(CVE), 0}, {"vulnerability", ONE(CVE), 0},
};
// clang-format on

const struct toc_type_word *toc_type_word(struct toc_slice text)
{
    for (size_t i = 0; i < sizeof type_words / sizeof *type_words; i++)
        if (toc_slice_eq_nocase(text, toc_slice_of(type_words[i].word)))
            return &type_words[i];
    return NULL;
}
